"""One pane's socket, and the order in which events go down it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.accounts import PaneSession
    from cti.events.event import LoggedEvent
    from cti.ws.connection import WebSocket


class PaneConnection:
    """One pane's socket. Events that come while it catches up are held back, and none is sent twice."""

    def __init__(self, ws: WebSocket, session: PaneSession, pane: str) -> None:
        self.ws = ws
        self.session = session
        self.pane = pane
        self.warned = False
        self._sent = 0
        self._held: list[LoggedEvent] | None = []
        self._lock = threading.Lock()

    def deliver(self, event: LoggedEvent) -> None:
        """Send the event, or hold it back while the pane catches up; never waits."""
        with self._lock:
            if self._held is not None:
                self._held.append(event)
            else:
                self._send(event)

    def catch_up(self, past: Sequence[LoggedEvent], *, seq: int) -> None:
        """Send `past`, then what came meanwhile above `seq`, and from now on everything at once."""
        with self._lock:
            for event in past:
                self._send(event)
            self._sent = max(self._sent, seq)
            for event in self._held or ():
                self._send(event)
            self._held = None

    def _send(self, event: LoggedEvent) -> None:
        if event.seq > self._sent:
            self._sent = event.seq
            self.ws.offer(event.frame)
