"""What the event hub needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cti.events.event import LoggedEvent


class EventLog(Protocol):
    """The event log inside a transaction."""

    def since(self, last_id: int, *, limit: int = 1000) -> list[LoggedEvent]:
        """Events above that id, oldest first."""
        ...

    def last_id(self) -> int:
        """The highest id."""
        ...

    def expire(self, before: datetime) -> int:
        """Delete what is older; how many that were."""
        ...


class Database(Protocol):
    """Where transactions come from; what they yield has an `events` of the kind above."""

    def read(self) -> AbstractContextManager[Any]:
        """A view of the data."""
        ...

    def write(self) -> AbstractContextManager[Any]:
        """A transaction, to be ended by its `commit()`."""
        ...


class Subscriber(Protocol):
    """Somebody who is told an audience's events, in order."""

    def deliver(self, events: Sequence[LoggedEvent]) -> None:
        """Take them; must not wait for anything slow."""
        ...
