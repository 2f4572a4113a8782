"""The project's metadata: which files there are, and what each kind of component means to the org."""
