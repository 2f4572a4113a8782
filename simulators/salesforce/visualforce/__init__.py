"""Visualforce: a small renderer that knows what it knows and refuses the rest by name."""
