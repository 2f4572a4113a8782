"""The panes that are connected to this process, agent by agent, and what each of them is told.

All panes of an agent must reach the same process: who leads is kept in its memory.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import structlog

from cti.background import Loop
from cti.pane.leadership import Leadership
from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.domain.fcc import PhoneCredentials
    from cti.events.event import LoggedEvent
    from cti.pane.ports import Database, Hub, Json
    from cti.ws.connection import WebSocket

_ANSWERS = 2048
_KEPT_S = 120.0
_REREAD_S = 60.0
_TICK_S = 0.25
_BACKOFF_S = 1.0
_FORGET_S = 120.0
_GONE_S = 20.0
_RETRY_S = 5.0
_EXPIRING_S = 120
_STALE_S = 30.0

Lead = Literal["present", "away", "over"]
"""How the lead stands under which a phone's socket was opened: the pane that leads is connected, it has been cut off
and may come back, or the lead is over."""

_log = structlog.get_logger("cti.pane")


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


@dataclass(frozen=True)
class Standing:
    """How a pane stands among its agent's: whether it leads, and under which fencing number the leader acts."""

    leader: bool
    fence: int

    def to_json(self) -> Json:
        """`{leader, fence}`."""
        return {"leader": self.leader, "fence": self.fence}


class AgentRoom:
    """One agent's panes; safe to share between threads."""

    def __init__(
        self,
        agent: AgentRef,
        clock: Clock,
        announce: Callable[[AgentRef, str, Json, str], None],
        present: Callable[[AgentRef, bool, bool], None],
        standing: Callable[[PaneSession], PaneSession | None],
    ) -> None:
        self.agent = agent
        self.line: PhoneCredentials | None = None
        self._clock = clock
        self._announce = announce
        self._present = present
        self._standing = standing
        self._present_told = False
        self._returned = False
        self._present_retry_at = float("-inf")
        self._present_lock = threading.Lock()
        self._lock = threading.RLock()
        # Fencing numbers must go on rising when the room or the process begins anew.
        self._leadership = Leadership(fence=int(clock.now().timestamp()))
        self._connections: dict[str, PaneConnection] = {}
        self._last: dict[str, PaneConnection] = {}
        self._answers: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._turns: dict[str, threading.Lock] = {}
        self._left: dict[str, float] = {}
        self._empty_since: float | None = clock.monotonic()
        self._popped = 0
        self._popped_at: PaneConnection | None = None
        self._check_sessions_at = float("-inf")
        # Each room at another moment of the minute, so that a thousand of them do not read at once.
        self._reread_at = clock.monotonic() + _REREAD_S * (zlib.crc32(agent.audience.encode()) / 2**32)

    def standing(self, pane: str) -> Standing:
        """How `pane` stands."""
        with self._lock:
            return Standing(self._leadership.leader == pane, self._leadership.fence)

    @property
    def leader(self) -> str | None:
        """The connected pane that holds the phone, None when there is none."""
        with self._lock:
            leader = self._leadership.leader
            return leader if leader in self._connections else None

    def lead(self, fence: int, session_id: str) -> Lead:
        """How the lead stands that a pane of this session had under that fencing number."""
        with self._lock:
            leader = self._leadership.leader
            last = None if leader is None else self._last.get(leader)
            if last is None or self._leadership.fence != fence or last.session.id != session_id:
                return "over"
            if self._clock.now() >= last.session.expires_at:
                return "over"
            return "present" if leader in self._connections else "away"

    def enter(self, connection: PaneConnection, *, focused: bool, returned: bool = False) -> Standing:
        """Add a connection; one that the same pane had before is closed. `returned`: its page is not new."""
        with self._lock:
            self._returned = returned
            before = self._connections.get(connection.pane)
            self._connections[connection.pane] = self._last[connection.pane] = connection
            self._empty_since = None
            self._left.pop(connection.pane, None)
            changed = self._leadership.join(connection.pane, self._clock.monotonic(), focused=focused)
            standing = self.standing(connection.pane)
        if before is not None and before is not connection:
            before.ws.close(CloseCode.NORMAL, "replaced")
        if changed:
            self._announce_leader(besides=connection.pane)
        self._tell_presence()
        return standing

    def depart(self, connection: PaneConnection, *, for_good: bool) -> bool:
        """Take a connection away; returns whether its pane is gone with it, which it isn't when it came again."""
        with self._lock:
            if self._connections.get(connection.pane) is not connection:
                return False
            del self._connections[connection.pane]
            self._left[connection.pane] = self._clock.monotonic()
            if not self._connections:
                self._empty_since = self._clock.monotonic()
            changed = self._leadership.leave(connection.pane, self._clock.monotonic(), for_good=for_good)
            if for_good:
                self._last.pop(connection.pane, None)
                self._forget_answers({connection.pane})
        if changed:
            self._announce_leader()
        return True

    def beat(self, pane: str) -> None:
        """The pane's script is alive."""
        self._change(lambda now: self._leadership.beat(pane, now))

    def focus(self, pane: str) -> None:
        """A person is in that pane."""
        self._change(lambda now: self._leadership.focus(pane, now))

    def take(self, pane: str) -> Standing:
        """Give the phone to that pane."""
        self._change(lambda now: self._leadership.take(pane, now))
        return self.standing(pane)

    def reported(self, pane: str, sip_call_id: str, *, up: bool) -> None:
        """The pane's phone reported a call."""
        with self._lock:
            self._leadership.reported(pane, sip_call_id, self._clock.monotonic(), up=up)

    def turn(self, pane: str) -> threading.Lock:
        """The lock under which that pane's commands are done, one after another."""
        with self._lock:
            return self._turns.setdefault(pane, threading.Lock())

    def answer(self, pane: str, command: str) -> str | None:
        """What that pane's command was answered before."""
        with self._lock:
            return self._answers.get((pane, command))

    def remember(self, pane: str, command: str, text: str) -> None:
        """Keep an answer in case the command is repeated: until the pane is closed, or has been away for two minutes.

        All panes of the agent together have so many answers kept; the oldest give way.
        """
        with self._lock:
            self._answers[pane, command] = text
            while len(self._answers) > _ANSWERS:
                self._answers.popitem(last=False)

    def _forget_answers(self, panes: set[str]) -> None:
        """Forget what was answered to panes that do not come back; called with the lock held."""
        for pane in panes:
            self._left.pop(pane, None)
            self._turns.pop(pane, None)
        for key in [key for key in self._answers if key[0] in panes]:
            del self._answers[key]

    def claim_pop(self, event: LoggedEvent, connection: PaneConnection) -> bool:
        """Whether a pane that catches up is to show that `pop` now: nobody did, and it is the pane focused last."""
        with self._lock:
            if event.seq == self._popped and self._popped_at is connection:
                return True  # it came in between and is held back, which drops what is older than the pane's arrival
            if event.seq <= self._popped or self._leadership.pop_target != connection.pane:
                return False
            self._popped, self._popped_at = event.seq, connection
            return True

    def deliver(self, events: Sequence[LoggedEvent]) -> None:
        """Hand committed events to the panes they are for."""
        for event in events:
            if event.type == "session.expiring":
                self._reread_at = float("-inf")
            for connection in self._audience_of(event):
                connection.deliver(event)

    def tick(self) -> bool:
        """Let time do its work; returns whether the room can be forgotten."""
        now = self._clock.monotonic()
        self._change(self._leadership.tick)
        if now >= self._check_sessions_at:
            self._check_sessions_at = now + 1.0
            self._check_sessions(now)
        self._tell_presence()
        with self._lock:
            if len(self._last) > len(self._connections):
                self._last = {pane: last for pane, last in self._last.items() if self._leadership.knows(pane)}
            if gone := {pane for pane, since in self._left.items() if now - since >= _KEPT_S}:
                self._forget_answers(gone)
            return self._empty_since is not None and now - self._empty_since >= _FORGET_S

    def _check_sessions(self, now: float) -> None:
        connections = self.connections()
        if now >= self._reread_at:
            self._reread_at = now + _REREAD_S
            for connection in connections:
                self._reread(connection)
        for connection in connections:
            left = (connection.session.expires_at - self._clock.now()).total_seconds()
            if left <= 0:
                connection.ws.close(CloseCode.SESSION_OVER, "session over")
            elif left <= _EXPIRING_S and not connection.warned:
                connection.warned = True
                self._announce(self.agent, "session.expiring", {"in": int(left)}, connection.pane)

    def _reread(self, connection: PaneConnection) -> None:
        """Look how the session stands: it may have been ended or shortened since, by whoever used its token."""
        before = connection.session
        standing = self._standing(before)
        if connection.session is not before:
            return  # it was renewed meanwhile
        if standing is None:
            connection.ws.close(CloseCode.SESSION_OVER, "session over")
        else:
            connection.session = standing

    def _tell_presence(self) -> None:
        """Tell when the first pane came and when the last one has been away for a while; once each, in order."""
        if not self._present_lock.acquire(blocking=False):
            return
        try:
            now = self._clock.monotonic()
            with self._lock:
                empty_for = None if self._empty_since is None else now - self._empty_since
            here = empty_for is None or (self._present_told and empty_for < _GONE_S)
            if here is not self._present_told and now >= self._present_retry_at:
                self._present_retry_at = now + _RETRY_S
                self._present(self.agent, here, self._returned)
                self._present_retry_at = float("-inf")
                self._present_told = here
        except Exception:  # noqa: BLE001 - a pane is served whether or not FCC could be told; the next tick tries again
            _log.exception("presence-not-told")
        finally:
            self._present_lock.release()

    def connections(self) -> list[PaneConnection]:
        """The connected panes."""
        with self._lock:
            return list(self._connections.values())

    def _change(self, change: Callable[[float], bool]) -> None:
        with self._lock:
            changed = change(self._clock.monotonic())
        if changed:
            self._announce_leader()

    def _announce_leader(self, besides: str | None = None) -> None:
        with self._lock:
            self.line = None
            told = [(pane, self.standing(pane).to_json()) for pane in self._connections if pane != besides]
        for pane, payload in told:
            self._announce(self.agent, "leader", payload, pane)

    def _audience_of(self, event: LoggedEvent) -> list[PaneConnection]:
        with self._lock:
            if event.type == "call":
                self._watch_call(event)
            if event.pane is not None:
                target: str | None = event.pane
            elif event.type == "pop":
                target = self._leadership.pop_target
                if target in self._connections:
                    self._popped, self._popped_at = event.seq, self._connections[target]
            elif event.type == "dial.request":
                target = self._leadership.leader
            else:
                return list(self._connections.values())
            connection = self._connections.get(target or "")
            return [] if connection is None else [connection]

    def _watch_call(self, event: LoggedEvent) -> None:
        call = event.fields.get("call", {})
        call_id = str(call.get("callId", ""))
        if call.get("state") == "ended":
            self._leadership.call_over(str(call.get("sipCallId")))
        if call.get("state") == "ringing" and call.get("direction") == "inbound":
            age = (self._clock.now() - event.at).total_seconds()
            if age < _STALE_S:
                self._leadership.ring(call_id, self._clock.monotonic())
        else:
            self._leadership.ring_over(call_id)


class AgentRooms:
    """All rooms of the process, and the `keeper` that lets time pass in them, which begins with the first.

    `present` is told when an agent's first pane comes and when the last one has been away for a while; `standing` gives
    a session as it is now, or None when it is over.
    """

    def __init__(
        self,
        database: Database,
        hub: Hub,
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

    def announce(self, agent: AgentRef, type: str, payload: Json, pane: str) -> None:  # noqa: A002 - the protocol's word
        """Log an event that only `pane` gets."""
        with self._database.write() as uow:
            uow.events.add(agent.audience, type, payload, pane=pane)
            uow.commit()

    def present(self) -> list[AgentRef]:
        """The agents that have a pane connected here."""
        with self._lock:
            rooms = list(self._rooms.values())
        return [room.agent for room in rooms if room.connections()]

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
