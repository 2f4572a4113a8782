"""What objects and fields the org has."""
