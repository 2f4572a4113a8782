"""The one place where the simulator reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class WallClock:
    """The PBX's clock: aware times in the tenant's own zone, and a monotonic count of seconds.

    An unknown zone (a machine without a zone database) means UTC; every time carries its offset, so nobody is misled.
    """

    def __init__(self, zone: str = "Europe/Warsaw") -> None:
        self._zone: tzinfo
        try:
            self._zone = ZoneInfo(zone)
        except ZoneInfoNotFoundError:
            self._zone = UTC

    def now(self) -> datetime:
        """The present moment, aware, in the tenant's zone."""
        return datetime.fromtimestamp(time.time(), self._zone)

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean anything."""
        return time.monotonic()


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and offset, the way FCC's own webhook sample writes it; None stays None."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")
