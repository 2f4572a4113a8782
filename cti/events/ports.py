"""What the event hub needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.events.event import LoggedEvent


class Subscriber(Protocol):
    """Somebody who is told an audience's events, in order."""

    def deliver(self, events: Sequence[LoggedEvent]) -> None:
        """Take them; must not wait for anything slow."""
        ...
