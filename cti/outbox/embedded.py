"""Delivers in the background of this process: guarded loops that take one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cti.background import OUTSIDE_PATIENCE_S, Loop, stop_together
from cti.outbox.deliverer import IDLE_S

if TYPE_CHECKING:
    from cti.clock import Clock
    from cti.outbox.deliverer import Deliverer
    from cti.store.database import Database

CONCURRENCY: Final = 2
"""While one loop waits for an org's answer, the other serves another org, or records and gets the next batch ready."""
DEBOUNCE_S: Final = 0.2
"""So long a burst of commits, or of deliveries that fall due, has until it leads to one look at the outbox."""


class EmbeddedDelivery:
    """Runs a deliverer's steps in `CONCURRENCY` loops, from `start` to `stop`; each commit of `database` wakes them.

    Safe to share between threads. What was stopped does not start again.
    """

    def __init__(self, deliverer: Deliverer, database: Database, clock: Clock) -> None:
        self._deliverer = deliverer
        self._clock = clock
        self.loops: Final = tuple(
            Loop(
                f"outbox-{number}",
                self._step,
                clock=clock,
                interval=IDLE_S,
                debounce=DEBOUNCE_S,
                longest_backoff=IDLE_S,
                patience=OUTSIDE_PATIENCE_S,
            )
            for number in range(1, CONCURRENCY + 1)
        )
        for loop in self.loops:
            database.on_commit(loop.wake)

    def start(self) -> None:
        """Begin to deliver in the background."""
        for loop in self.loops:
            loop.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Send nothing more and wait up to `timeout` seconds for what is under way; its lease covers the rest."""
        self._deliverer.stop()
        stop_together(self.loops, timeout, clock=self._clock)

    def _step(self) -> float:
        # Never for longer: what another process commits wakes nobody here.
        return min(self._deliverer.run_once(), IDLE_S)
