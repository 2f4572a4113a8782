"""SOQL: the part of it that this simulator answers; everything else is refused aloud."""
