"""What administrators do: pairing and its checks."""
