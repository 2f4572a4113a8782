"""Times as text: ISO 8601, always with an offset, always UTC inside; and which of them can be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours before its times are taken for wrong.

Machines that set their clocks by NTP agree within a second; a virtual machine that slept, or one that nobody looks
after, is minutes off. Kerberos draws the line at five minutes too (RFC 4120, section 8.2).
"""
FIRST_DATE: Final = datetime(2000, 1, 2, tzinfo=UTC)
"""Before this nothing of FCC's happened: programs that have no empty date write their zero instead.

0001-01-01, 1899-12-30, 1900-01-01, 1970-01-01, 1980-01-01 and 2000-01-01 are such zeros, in any time zone.
"""
LAST_YEAR: Final = 9999
"""The year of the other end of the calendar, which means "no end" where a program has no empty date."""


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a trailing Z, microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(value: object) -> datetime | None:
    """An ISO 8601 time with an offset, in UTC.

    None for anything else: a time without an offset could mean any hour, and one at the edge of the calendar
    (0001-01-01T00:00:00+01:00) lies outside it in UTC.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_empty_date(moment: datetime) -> bool:
    """Whether the time is one that programs write for "none"; any aware datetime may be asked about."""
    # Compared without a conversion, which would fail at the edges of the calendar.
    return moment < FIRST_DATE or moment.year >= LAST_YEAR


def meant_time(value: object) -> datetime | None:
    """What `parse_time` gives, and None too for a date that stands for none."""
    moment = parse_time(value)
    return None if moment is None or is_empty_date(moment) else moment


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether the time lies in the future by more than clocks may differ."""
    return moment > now + CLOCKS_APART
