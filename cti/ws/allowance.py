"""How often somebody may do something, whatever sockets or processes of theirs it comes through."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Allowance:
    """For each name `burst` at once, and `per_second` more as time goes by; safe to share between threads.

    Names that have their whole allowance are forgotten, so what is kept is bounded by who did something just now.
    """

    def __init__(self, *, burst: int, per_second: float, monotonic: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Take one from the allowance of `name`; False when nothing is left, and then nothing is taken."""
        now = self._monotonic()
        with self._lock:
            left, at = self._left.pop(name, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._per_second)
            taken = left >= 1
            self._left[name] = (left - taken, now)
            self._forget(now)
        return taken

    def _forget(self, now: float) -> None:
        while self._left:
            left, at = next(iter(self._left.values()))
            if left + (now - at) * self._per_second < self._burst:
                return
            self._left.popitem(last=False)
