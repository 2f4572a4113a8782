"""Reading JSON from outside: tolerant in what it accepts, and never silent about what it could not read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.text import LARGEST_INTEGER, storable
from cti.domain.times import is_ahead, is_empty_date, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")

_log = structlog.get_logger("cti.pbx")


class Reader:
    """Reads fields of FCC's answers and events. What is there but can't be read is logged (its place and its type, not
    its value: it may be personal) and told to `count(where, field)`. `now` says what time it is, where times that lie
    in the future are to be found out. Threads may share one.
    """  # noqa: D205 - one thought

    def __init__(
        self, count: Callable[[str, str], None] | None = None, *, now: Callable[[], datetime] | None = None
    ) -> None:
        self._count = count or (lambda _where, _field: None)
        self._now = now

    def unreadable(self, where: str, field: str, value: object) -> None:
        """Say that `field` of `where` could not be read."""
        self._count(where, field)
        _log.warning("fcc-unreadable", where=where, field=field, type=type(value).__name__)

    def integer(self, data: Mapping[str, Any], field: str, where: str, *, least: int = -LARGEST_INTEGER) -> int | None:
        """A whole number from `least` to 63 bits, also as text ("136") or as a float without a fraction."""
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
        if number is None or not least <= number <= LARGEST_INTEGER:
            self.unreadable(where, field, value)
            return None
        return number

    def text(self, data: Mapping[str, Any], field: str, where: str, *, longest: int | None = None) -> str | None:
        """Text as both databases keep it, trimmed; numbers become text; empty is None, and so is beyond `longest`."""
        value = data.get(field)
        if value is None:
            return None
        text: str | None = None
        if isinstance(value, str):
            text = storable(value).strip()
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER:
            text = str(value)
        if text is None or (longest is not None and len(text) > longest):
            self.unreadable(where, field, value)
            return None
        return text or None

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

    def time(self, data: Mapping[str, Any], field: str, where: str, *, may_be_ahead: bool = False) -> datetime | None:
        """An ISO 8601 time with an offset, in UTC.

        A date that stands for none is none. A time in the future is told and none as well, unless it `may_be_ahead`,
        as the end of WRAP is.
        """
        value = data.get(field)
        if value is None or value == "":
            return None
        moment = parse_time(value)
        if moment is None or (not may_be_ahead and self._is_ahead(moment) and not is_empty_date(moment)):
            self.unreadable(where, field, value)
            return None
        return None if is_empty_date(moment) else moment

    def undated(self, data: Mapping[str, Any], field: str) -> datetime | None:
        """An ISO 8601 time without an offset, as it is told: for `placed`, to which it only is what was said."""
        try:
            moment = datetime.fromisoformat(str(data.get(field)))
        except ValueError:
            return None
        return moment if moment.tzinfo is None else None

    def placed(self, told: datetime, field: str, where: str) -> tuple[datetime, dict[str, Any]]:
        """When a report was made, and what its content keeps of that.

        A report is never lost for the time it is told with: where that cannot be (in the future, a date that stands for
        none, or a time without an offset, which could mean any hour), it was made now, and `told_at` keeps what was
        said, by which a repetition is known.
        """
        if self._now is None:
            return told.replace(tzinfo=told.tzinfo or UTC), {}
        if told.tzinfo is not None and not (is_empty_date(told) or self._is_ahead(told)):
            return told, {}
        self.unreadable(where, field, told)
        return self._now(), {"told_at": told.isoformat()}

    def _is_ahead(self, moment: datetime) -> bool:
        return self._now is not None and is_ahead(moment, self._now())

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
