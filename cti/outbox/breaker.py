"""Leaves an org alone while it is in trouble, so that one dead org holds nobody else up."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.clock import Clock

FIRST_S = 2.0
CAP_S = 300.0
RAMP = 4
"""By how much a batch may grow each time the org takes one, after trouble."""


def growing(failures: int, randomness: float, *, first: float = FIRST_S, cap: float = CAP_S) -> float:
    """The pause after `failures` failures in a row: doubling from `first` up to `cap` seconds, less up to a half.

    `randomness` in [0, 1) spreads those who failed together, so that they do not come back together.
    """
    return min(cap, first * 2.0 ** min(failures - 1, 30)) * (1.0 - randomness / 2.0)


@dataclass
class _Trouble:
    """`failures` in a row, left alone `until`, then given `most` deliveries at once."""

    failures: int
    until: float
    most: int = 1


class Breakers:
    """One breaker an org: open after trouble for a growing time, then one delivery is tried, then more. Thread-safe.

    An org that took one is given four times as many each time, up to `batch`: where it is one delivery that makes it
    fail, the others get through in batches that do not hold it.
    """

    def __init__(self, clock: Clock, random: Callable[[], float], *, batch: int) -> None:
        self._clock = clock
        self._batch = batch
        self._random = random
        self._lock = threading.Lock()
        self._troubled: dict[str, _Trouble] = {}

    def trouble(self, org_id: str, wait: float | None = None) -> float:
        """A whole request to the org failed; returns for how many seconds it is left alone now.

        `wait` is what the org itself asked for.
        """
        with self._lock:
            trouble = self._troubled.setdefault(org_id, _Trouble(0, 0.0))
            trouble.failures += 1
            trouble.most = 1
            pause = max(wait or 0.0, growing(trouble.failures, self._random()))
            trouble.until = self._clock.monotonic() + pause
            return pause

    def fine(self, org_id: str) -> None:
        """The org answered."""
        with self._lock:
            trouble = self._troubled.get(org_id)
            if trouble is None:
                return
            trouble.failures, trouble.most = 0, trouble.most * RAMP
            if trouble.most >= self._batch:
                del self._troubled[org_id]

    def open(self) -> frozenset[str]:
        """The orgs to leave alone now."""
        now = self._clock.monotonic()
        with self._lock:
            return frozenset(org_id for org_id, trouble in self._troubled.items() if trouble.until > now)

    def probing(self) -> dict[str, int]:
        """The orgs that may be tried again, carefully: with at most so many deliveries at once."""
        now = self._clock.monotonic()
        with self._lock:
            return {org_id: trouble.most for org_id, trouble in self._troubled.items() if trouble.until <= now}

    def next_probe(self) -> float | None:
        """Seconds until the next org may be tried again; None when none is left alone."""
        now = self._clock.monotonic()
        with self._lock:
            waits = [trouble.until - now for trouble in self._troubled.values() if trouble.until > now]
        return min(waits, default=None)
