"""Where the connector takes the time from."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time, passed to whatever needs it, so that tests can drive it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, for measuring how long something took."""
        ...


class SystemClock:
    """The machine's own clock; safe to share between threads."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place where the machine's clock is read

    def monotonic(self) -> float:
        """Seconds that only grow, from an arbitrary beginning."""
        return time.monotonic()
