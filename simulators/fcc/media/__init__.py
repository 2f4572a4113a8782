"""Audio: tones that are played, what is heard, recordings, and their connection to a phone."""
