"""Reading JSON from outside: tolerant in what it accepts, and never silent about what it could not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_LARGEST: Final = 2**63 - 1

_log = structlog.get_logger("cti.pbx")


class Reader:
    """Reads fields of FCC's answers and events. What is there but can't be read is logged (its place and its type, not
    its value: it may be personal) and told to `count(where, field)`. Threads may share one.
    """  # noqa: D205 - one thought

    def __init__(self, count: Callable[[str, str], None] | None = None) -> None:
        self._count = count or (lambda _where, _field: None)

    def unreadable(self, where: str, field: str, value: object) -> None:
        """Say that `field` of `where` could not be read."""
        self._count(where, field)
        _log.warning("fcc-unreadable", where=where, field=field, type=type(value).__name__)

    def integer(self, data: Mapping[str, Any], field: str, where: str) -> int | None:
        """A whole number of at most 63 bits, also as text ("136") or as a float without a fraction."""
        value = data.get(field)
        if value is None or value == "":
            return None
        number: int | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif (isinstance(value, float) and value.is_integer()) or (
            isinstance(value, str) and _WHOLE.fullmatch(value.strip())
        ):
            number = int(value)
        if number is None or abs(number) > _LARGEST:
            self.unreadable(where, field, value)
            return None
        return number

    def text(self, data: Mapping[str, Any], field: str, where: str) -> str | None:
        """Text, trimmed and without zero bytes, which PostgreSQL keeps nowhere; numbers become text; empty is None."""
        value = data.get(field)
        if value is None:
            return None
        if isinstance(value, str):
            return value.replace("\0", "").strip() or None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.unreadable(where, field, value)
        return None

    def flag(self, data: Mapping[str, Any], field: str, where: str, *, default: bool = False) -> bool:
        """A boolean, also as 0/1 or "true"/"false"."""
        value = data.get(field)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in {"1", "true", "yes", "tak"}:
            return True
        if word in {"0", "false", "no", "nie", ""}:
            return False
        self.unreadable(where, field, value)
        return default

    def time(self, data: Mapping[str, Any], field: str, where: str) -> datetime | None:
        """An ISO 8601 time with an offset, in UTC."""
        value = data.get(field)
        if value is None or value == "":
            return None
        moment = parse_time(value)
        if moment is None:
            self.unreadable(where, field, value)
        return moment

    def objects(self, data: Mapping[str, Any], field: str, where: str) -> list[Mapping[str, Any]] | None:
        """A list of objects, leaving out (and telling of) what is none; None when there is no list at all."""
        value = data.get(field)
        if not isinstance(value, list):
            return None
        kept: list[Mapping[str, Any]] = []
        for item in value:
            if isinstance(item, dict):
                kept.append(item)
            else:
                self.unreadable(where, f"{field}[]", item)
        return kept
