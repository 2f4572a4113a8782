"""Text and JSON as every database, every log and every socket can keep them.

PostgreSQL stores no zero character (U+0000), in text columns or in JSON; UTF-8 has no form for a lone surrogate; JSON
and PostgreSQL's `jsonb` have none for numbers that are not finite. SQLite takes all of them, so what comes from outside
is cleaned at the edge, once. Source: PostgreSQL documentation, "Character Types" and "JSON Types"; RFC 3629 section 3;
RFC 8259 sections 6 and 8.2.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

LARGEST_INTEGER: Final = 2**63 - 1
"""The largest whole number, and with a minus the smallest, that a column of either database keeps."""
DEEPEST: Final = 32
"""How many objects and lists may stand in one another."""
_MOST_DIGITS: Final = 20


def storable(text: str) -> str:
    """The same text without zero characters, and with U+FFFD in the place of each lone surrogate.

    Two surrogates that make a pair become the character they stand for. Text that both databases keep is given back
    as it is, so cleaning twice changes nothing.
    """
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def read_json(body: bytes) -> Any:
    """The value of a JSON text that came from outside, its texts and keys cleaned as `storable` does, all the way down.

    What is not UTF-8 is read with U+FFFD in its place, and a byte order mark in front is none of the text (RFC 8259,
    section 8.1). None stands for anything in more than `DEEPEST` objects and lists. Of two keys that are equal once
    cleaned, the last stands. Numbers stay as they are, so that whoever reads one can tell of it; one of more digits
    than any database keeps is infinite, and so may be `1e400` and the `Infinity` and `NaN` that other programs write
    though JSON has none. Raises ValueError for what is no JSON, or nests without end.
    """
    text = body.decode("utf-8-sig", "replace")
    try:
        return _cleaned(json.loads(text, parse_int=_whole), DEEPEST)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def _whole(digits: str) -> int | float:
    # Python refuses to read thousands of digits at all, by a ValueError that would spoil the rest of the text.
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _cleaned(value: Any, left: int) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _cleaned(item, left - 1) for key, item in value.items()} if left else None
    if isinstance(value, list):
        return [_cleaned(item, left - 1) for item in value] if left else None
    return value
