"""The panes that are connected to this process, agent by agent.

All panes of an agent must reach the same process: who leads is kept in its memory.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from cti.background import Loop
from cti.pane.room import AgentRoom

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.domain.lead import Lead
    from cti.events.hub import EventHub
    from cti.pane_events import PaneEvent
    from cti.store.database import Database

_TICK_S = 0.25
_BACKOFF_S = 1.0

_log = structlog.get_logger("cti.pane")


class AgentRooms:
    """All rooms of the process, and the `keeper` that lets time pass in them, which begins with the first.

    `present` is told when an agent's first pane comes and when the last one has been away for a while; `standing` gives
    a session as it is now, or None when it is over.
    """

    def __init__(
        self,
        database: Database,
        hub: EventHub,
        clock: Clock,
        *,
        present: Callable[[AgentRef, bool, bool], None],
        standing: Callable[[PaneSession], PaneSession | None],
    ) -> None:
        self._database = database
        self._present = present
        self._standing = standing
        self._hub = hub
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: dict[str, AgentRoom] = {}
        self.keeper: Final = Loop(
            "pane-keeper", self.tick, clock=clock, interval=_TICK_S, first=_TICK_S, longest_backoff=_BACKOFF_S
        )

    def of(self, agent: AgentRef) -> AgentRoom:
        """The agent's room, opened when it is not yet."""
        with self._lock:
            room = self._rooms.get(agent.audience)
            if room is None:
                room = AgentRoom(agent, self._clock, self.announce, self._present, self._standing)
                self._hub.join(agent.audience, room)
                self._rooms[agent.audience] = room
            self.keeper.start()
            return room

    def lead_of(self, audience: str, fence: int, session_id: str) -> Lead:
        """How the lead stands under which that session's phone was let in; never waits, for any thread.

        `present` is the only answer under which a phone may begin something. `away`: the pane's socket broke without a
        farewell and it may come back within the lease (30 s; another pane takes over after 5 s unless there is a call),
        so what is up goes on. `over`: the page was closed, the lead passed on, the session ended, or nobody is known.
        """
        with self._lock:
            room = self._rooms.get(audience)
        return "over" if room is None else room.lead(fence, session_id)

    def announce(self, agent: AgentRef, event: PaneEvent, pane: str) -> None:
        """Log an event that only `pane` gets."""
        with self._database.write() as uow:
            uow.events.add(agent.audience, event, pane=pane)
            uow.commit()

    def tick(self) -> None:
        """Let time pass in every room once."""
        with self._lock:
            rooms = list(self._rooms.items())
        for audience, room in rooms:
            try:
                over = room.tick()
            except Exception:  # noqa: BLE001 - one room's fault is not the others'
                _log.exception("pane-room-failed")
                continue
            if over:
                self._forget(audience, room)

    def stop(self) -> None:
        """End the keeper."""
        self.keeper.stop(5)

    def _forget(self, audience: str, room: AgentRoom) -> None:
        with self._lock:
            if not room.connections():
                self._rooms.pop(audience, None)
                self._hub.leave(audience, room)
