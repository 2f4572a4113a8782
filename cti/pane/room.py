"""One agent's panes, as far as they are connected to this process, and what each of them is told."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from cti.pane.answers import Answers
from cti.pane.leadership import Leadership, call_names
from cti.pane_events import CallChanged, DialRequest, LeaderChanged, Pop, SessionExpiring
from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.domain.fcc import PhoneCredentials
    from cti.domain.lead import Lead
    from cti.events.event import LoggedEvent
    from cti.pane.connection import PaneConnection
    from cti.pane_events import PaneEvent

_REREAD_S = 60.0
_FORGET_S = 120.0
_GONE_S = 20.0
_RETRY_S = 5.0
_EXPIRING_S = 120
_STALE_S = 30.0

_log = structlog.get_logger("cti.pane")


@dataclass(frozen=True)
class Standing:
    """How a pane stands among its agent's: whether it leads, and under which fencing number the leader acts."""

    leader: bool
    fence: int


class AgentRoom:
    """One agent's panes; safe to share between threads."""

    def __init__(
        self,
        agent: AgentRef,
        clock: Clock,
        announce: Callable[[AgentRef, PaneEvent, str], None],
        present: Callable[[AgentRef, bool, bool], None],
        standing: Callable[[PaneSession], PaneSession | None],
    ) -> None:
        self.agent = agent
        self.line: PhoneCredentials | None = None
        self.answers: Final = Answers()
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
            self.answers.came(connection.pane)
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
            self.answers.went(connection.pane, self._clock.monotonic())
            if not self._connections:
                self._empty_since = self._clock.monotonic()
            changed = self._leadership.leave(connection.pane, self._clock.monotonic(), for_good=for_good)
            if for_good:
                self._last.pop(connection.pane, None)
                self.answers.closed(connection.pane)
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

    def reported(self, pane: str, call: str, *, up: bool) -> None:
        """The pane's phone reported a call, by one of `call_names`."""
        with self._lock:
            self._leadership.reported(pane, call, self._clock.monotonic(), up=up)

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
            if event.type == SessionExpiring.type:
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
        self.answers.tick(now)
        with self._lock:
            if len(self._last) > len(self._connections):
                self._last = {pane: last for pane, last in self._last.items() if self._leadership.knows(pane)}
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
                self._announce(self.agent, SessionExpiring(int(left)), connection.pane)

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
            told = [(pane, self.standing(pane)) for pane in self._connections if pane != besides]
        for pane, standing in told:
            self._announce(self.agent, LeaderChanged(standing.leader, standing.fence), pane)

    def _audience_of(self, event: LoggedEvent) -> list[PaneConnection]:
        with self._lock:
            if event.type == CallChanged.type:
                self._watch_call(event)
            if event.pane is not None:
                target: str | None = event.pane
            elif event.type == Pop.type:
                target = self._leadership.pop_target
                if target in self._connections:
                    self._popped, self._popped_at = event.seq, self._connections[target]
            elif event.type == DialRequest.type:
                target = self._leadership.leader
            else:
                return list(self._connections.values())
            connection = self._connections.get(target or "")
            return [] if connection is None else [connection]

    def _watch_call(self, event: LoggedEvent) -> None:
        call = event.fields.get("call", {})
        call_id = str(call.get("callId", ""))
        if call.get("state") == "ended":
            for name in call_names(call.get("sipCallId"), call.get("callsId")):
                self._leadership.call_over(name)
        if call.get("state") == "ringing" and call.get("direction") == "inbound":
            age = (self._clock.now() - event.at).total_seconds()
            if age < _STALE_S:
                self._leadership.ring(call_id, self._clock.monotonic())
        else:
            self._leadership.ring_over(call_id)
