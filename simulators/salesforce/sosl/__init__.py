"""SOSL: searches, the part of them that this simulator answers; everything else is refused aloud."""
