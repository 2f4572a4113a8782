"""What an event that is not understood looked like, without what it said.

Such an event may say anything about anybody (a transcript, a name, a number), and nothing in the connector would ever
forget that with its call. Its name and the names and types of its fields are enough to ask FCC what it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

HIDDEN: Final = "…"
"""Stands for what is left out: names that could be personal themselves, and everything beyond the bounds."""
MOST_FIELDS: Final = 100
DEEPEST: Final = 4
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_DIGITS: Final = re.compile(r"[0-9]{5}")


def name_of(name: str) -> str:
    """The event's or field's name where it is one a programmer gives: a word without a row of digits."""
    return name if _NAME.fullmatch(name) and not _DIGITS.search(name) else HIDDEN


def shape_of(data: dict[str, Any]) -> dict[str, Any]:
    """The names of the fields, each with the name of its type, of an object with its own shape, of a list with that of
    its first item; at most 100 fields in 4 levels. `{"id": 7, "who": {"name": "Jan"}, "tags": ["vip"]}` gives
    `{"id": "number", "who": {"name": "text"}, "tags": ["text"]}`.
    """  # noqa: D205 - one thought
    return _Shape().of_object(data, DEEPEST)


class _Shape:
    """One event's shape in the making; counts the fields down."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def of_object(self, data: dict[str, Any], levels: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in data.items():
            if self._left <= 0:
                made[HIDDEN] = HIDDEN
                break
            self._left -= 1
            name = name_of(key)
            made[name] = HIDDEN if name == HIDDEN else self._of(value, levels - 1)
        return made

    def _of(self, value: Any, levels: int) -> Any:
        if isinstance(value, dict):
            return self.of_object(value, levels) if levels > 0 else HIDDEN
        if isinstance(value, list):
            return [self._of(value[0], levels - 1)] if value and levels > 0 else []
        if value is None:
            return "none"
        if isinstance(value, bool):
            return "flag"
        return "text" if isinstance(value, str) else "number"
