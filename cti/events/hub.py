"""The one reader of the event log in a process, and the fan-out to everybody who listens here.

The log is the truth, a wake-up only says "look": one that is lost costs time, never an event. On SQLite the writers
are in this process, so the commit's own wake-up is enough, and a slow poll catches what a command line wrote. On
PostgreSQL other processes write too: there the log is polled every 200 ms.

Ids are given out before a commit, so on PostgreSQL a lower id may become visible after a higher one. Within an audience
that cannot happen (its head row is locked); over all of them the hub looks back once a second and skips what it has
delivered already, by the audience's seq.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.background import Loop

if TYPE_CHECKING:
    from cti.clock import Clock
    from cti.events.event import LoggedEvent
    from cti.events.ports import Subscriber
    from cti.store.database import Database

_BATCH = 1000
_LOOK_BACK_S = 5.0
_LOOK_BACK_EVERY_S = 1.0
_EXPIRE_EVERY_S = 60.0

_log = structlog.get_logger("cti.events")


class EventHub:
    """Reads what was committed and hands it to the subscribers of its audience.

    `poll_seconds` is how often the log is looked at without a wake-up; `many_writers` says that other processes write
    into it (PostgreSQL). Events older than `keep` are deleted. The reading `loop` begins with the first subscriber and
    ends with `stop`. Safe to share between threads.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        poll_seconds: float = 1.0,
        many_writers: bool = False,
        keep: timedelta = timedelta(minutes=15),
    ) -> None:
        self._database = database
        self._clock = clock
        self._many_writers = many_writers
        self._keep = keep
        self._lock = threading.Lock()
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._delivered: dict[str, int] = {}
        self._last_id = 0
        self._floor = 0
        self._floor_next = 0
        self._floor_at = 0.0
        self._looked_back_at = 0.0
        self._expired_at = clock.monotonic()
        self.loop: Final = Loop(
            "event-hub", self._step, clock=clock, interval=poll_seconds, longest_backoff=2 * poll_seconds
        )

    def wake(self) -> None:
        """Say that something was committed; fits `Database.on_commit`, never waits."""
        self.loop.wake()

    def join(self, audience: str, subscriber: Subscriber) -> None:
        """Give `subscriber` every event of `audience` that is committed from now on."""
        with self._lock:
            if self.loop.health().state == "idle":
                with self._database.read() as uow:
                    self._last_id = self._floor = self._floor_next = uow.events.last_id()
                self.loop.start()
            self._subscribers.setdefault(audience, []).append(subscriber)

    def leave(self, audience: str, subscriber: Subscriber) -> None:
        """Tell `subscriber` nothing more; nothing happens when it never joined."""
        with self._lock:
            left = [one for one in self._subscribers.get(audience, ()) if one is not subscriber]
            if left:
                self._subscribers[audience] = left
            else:
                self._subscribers.pop(audience, None)
                self._delivered.pop(audience, None)

    def stop(self, timeout: float = 5.0) -> None:
        """End the reading loop and wait for it, at most `timeout` seconds."""
        self.loop.stop(timeout)

    def _step(self) -> None:
        self._drain()
        if self._many_writers:
            self._look_back()
        self._expire()

    def _drain(self) -> None:
        while not self.loop.stopping:
            with self._database.read() as uow:
                events = uow.events.since(self._last_id, limit=_BATCH)
            if events:
                self._last_id = events[-1].id
                self._fan_out(events)
            if len(events) < _BATCH:
                return

    def _look_back(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked_back_at < _LOOK_BACK_EVERY_S:
            return
        self._looked_back_at = now
        with self._database.read() as uow:
            self._fan_out(uow.events.since(self._floor, limit=10 * _BATCH))
        if now - self._floor_at >= _LOOK_BACK_S:
            self._floor, self._floor_next, self._floor_at = self._floor_next, self._last_id, now

    def _fan_out(self, events: list[LoggedEvent]) -> None:
        by_audience: dict[str, list[LoggedEvent]] = {}
        with self._lock:
            for event in events:
                if event.audience in self._subscribers and event.seq > self._delivered.get(event.audience, 0):
                    self._delivered[event.audience] = event.seq
                    by_audience.setdefault(event.audience, []).append(event)
            told = [
                (subscriber, mine)
                for audience, mine in by_audience.items()
                for subscriber in self._subscribers[audience]
            ]
        for subscriber, mine in told:
            try:
                subscriber.deliver(mine)
            except Exception:  # noqa: BLE001 - one subscriber's fault is not the others'
                _log.exception("event-delivery-failed")

    def _expire(self) -> None:
        now = self._clock.monotonic()
        if now - self._expired_at < _EXPIRE_EVERY_S:
            return
        self._expired_at = now
        with self._database.write() as uow:
            uow.events.expire(self._clock.now() - self._keep)
            uow.commit()
