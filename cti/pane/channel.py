"""The pane's channel: commands in, answers and events out. docs/pane-channel.md describes it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import structlog

from cti.errors import ConnectorError, InternalError
from cti.events.event import LoggedEvent, encode
from cti.pane import messages
from cti.pane.connection import PaneConnection
from cti.pane.errors import (
    HelloFirstError,
    MessageUnreadableError,
    NotLeaderError,
    PhoneNotReadyError,
    SessionOfAnotherError,
    TooManyCommandsError,
)
from cti.pane.leadership import HEARTBEAT_S
from cti.ws.allowance import Allowance
from cti.ws.connection import SocketClosedError
from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.pane.ports import Calls, Json, Sessions, Tickets
    from cti.pane.room import AgentRoom
    from cti.pane.rooms import AgentRooms
    from cti.store.database import Database
    from cti.ws.connection import WebSocket

SUBPROTOCOL = "fcc-pane.v1"
_RATE = 150
_RATE_WINDOW_S = 10.0
_AGENT_BURST = 300
_AGENT_RATE = 10.0
_TARGETED_STALE_S = 30.0

_REPEATED_SAFELY = (
    messages.Beat,
    messages.Focus,
    messages.LeaderTake,
    messages.PhoneCredentials,
    messages.PhoneRegistered,
    messages.SipTicket,
)
"""Commands that are simply done again: their answers are not kept, some of them must not be."""

_log = structlog.get_logger("cti.pane")


class PaneChannel:
    """Serves the panes' sockets; one object for the process, safe to share between threads."""

    def __init__(
        self,
        *,
        database: Database,
        rooms: AgentRooms,
        sessions: Sessions,
        calls: Calls,
        tickets: Tickets,
        clock: Clock,
        count_error: Callable[[str], None],
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._sessions = sessions
        self._calls = calls
        self._tickets = tickets
        self._clock = clock
        self._count_error = count_error
        self._commands = Allowance(burst=_AGENT_BURST, per_second=_AGENT_RATE, monotonic=clock.monotonic)

    def verify(self, token: str) -> PaneSession:
        """The session behind a token; raises ConnectorError."""
        return self._sessions.verify(token)

    def serve(self, ws: WebSocket, session: PaneSession) -> None:
        """Talk to one pane until its socket ends."""
        _Talk(self, ws, session).run()

    # What one conversation uses.

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.monotonic()

    def allows(self, agent: AgentRef) -> bool:
        """Whether the agent's panes, taken together and over all their connections, may send another command."""
        return self._commands.take(agent.audience)

    def refuse(self, error: ConnectorError, language: str) -> Json:
        """The error as it is shown, counted."""
        self._count_error(error.code)
        return error.to_json(language)

    def perform(self, room: AgentRoom, connection: PaneConnection, command: messages.Command) -> Mapping[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one case a command
        """Do a command of a pane that has said hello; returns what stands under `ok`."""
        agent, pane = room.agent, connection.pane
        match command:
            case messages.Beat():
                room.beat(pane)
                return {}
            case messages.Focus():
                room.focus(pane)
                return {}
            case messages.LeaderTake():
                return {"fence": room.take(pane).fence}
            case messages.PresenceSet():
                return {"presence": self._calls.set_presence(agent, command.status_id)}
            case messages.PhoneCredentials():
                return self._credentials(room, pane, command.fence)
            case messages.PhoneRegistered():
                self._calls.presence_missed(agent)
                return {}
            case messages.SipTicket():
                return self._ticket(room, connection, command.fence)
            case messages.Dial():
                return self._dial(room, pane, command)
            case messages.CallReport():
                room.reported(pane, command.call, up=command.kind != "ended")
                self._calls.report(agent, command.report)
                return {}
            case messages.CallPopped():
                self._calls.popped(agent, _fields(command))
                return {}
            case messages.CallRelate():
                call = _fields(command)
                self._calls.relate(agent, call, call.pop("record", None))
                return {}
            case messages.SessionRenew():
                return self._renew(connection, command.signed_request)
            case messages.Hello():
                raise MessageUnreadableError
        raise AssertionError(command)

    def arrive(self, connection: PaneConnection, hello: messages.Hello) -> tuple[AgentRoom, Json, Callable[[], None]]:
        """Let a pane in; returns its room, the answer, and what to do once the answer is sent."""
        agent = connection.session.agent
        room = self._rooms.of(agent)
        try:
            standing = room.enter(connection, focused=hello.focused, returned=hello.last_seq is not None)
            with self._database.read() as uow:
                head: int = uow.events.head(agent.audience)
                missed: list[LoggedEvent] | None = None
                if hello.last_seq is not None:
                    missed = uow.events.missed(agent.audience, hello.last_seq)
        except BaseException:
            # A pane that never came in must not be taken for one that is there.
            room.depart(connection, for_good=False)
            raise
        answer = {"seq": head, **standing.to_json(), "heartbeat": HEARTBEAT_S}

        def then() -> None:
            if missed is None:
                connection.catch_up(self._snapshot(room, connection, head), seq=head)
            else:
                connection.catch_up(self._still_wanted(missed, room, connection), seq=head)
            if hello.last_seq is not None:
                self._calls.presence_missed(agent)

        return room, answer, then

    def depart(self, room: AgentRoom, connection: PaneConnection, close_code: int) -> None:
        """Let a pane go."""
        for_good = close_code in {CloseCode.NORMAL, CloseCode.GOING_AWAY, CloseCode.SESSION_OVER}
        room.depart(connection, for_good=for_good)

    def _snapshot(self, room: AgentRoom, connection: PaneConnection, head: int) -> list[LoggedEvent]:
        language = connection.session.language
        notices: list[LoggedEvent] = []
        try:
            state = self._calls.snapshot(room.agent)
        except Exception as error:  # noqa: BLE001 - a pane without a snapshot must still be told why
            known = error if isinstance(error, ConnectorError) else InternalError()
            if known is not error:
                _log.exception("snapshot-failed")
            shown = self.refuse(known, language)
            state = {
                "presence": None,
                "statuses": [],
                "calls": [],
                "capabilities": {"canDial": False, "missing": [shown]},
            }
            notices = [self._loose(room, "notice", shown, head)]
        payload = {**state, **room.standing(connection.pane).to_json()}
        for event in (self._loose(room, "snapshot", payload, head), *notices):
            connection.ws.offer(event.frame)
        return []

    def _loose(self, room: AgentRoom, type_: str, payload: Json, seq: int) -> LoggedEvent:
        return LoggedEvent(0, room.agent.audience, seq, type_, self._clock.now(), encode(payload))

    def _still_wanted(
        self, missed: Sequence[LoggedEvent], room: AgentRoom, connection: PaneConnection
    ) -> list[LoggedEvent]:
        """Of what a pane missed, what is for it: what is for one pane only is no use after half a minute."""
        now = self._clock.now()

        def wanted(event: LoggedEvent) -> bool:
            fresh = (now - event.at).total_seconds() < _TARGETED_STALE_S
            if event.pane is not None:
                return event.pane == connection.pane and fresh
            if event.type == "pop":
                return fresh and room.claim_pop(event, connection)
            return event.type != "dial.request"

        return [event for event in missed if wanted(event)]

    def _require_leader(self, room: AgentRoom, pane: str, fence: int) -> None:
        standing = room.standing(pane)
        if not standing.leader or standing.fence != fence:
            raise NotLeaderError

    def _credentials(self, room: AgentRoom, pane: str, fence: int) -> Json:
        self._require_leader(room, pane, fence)
        line = self._calls.phone_credentials(room.agent)
        self._require_leader(room, pane, fence)
        room.line = line
        return {
            "uri": line.uri,
            "username": line.username,
            "password": line.password,
            "expiresAt": None if line.expires_at is None else line.expires_at.isoformat(),
            "iceServers": [],
        }

    def _ticket(self, room: AgentRoom, connection: PaneConnection, fence: int) -> Json:
        self._require_leader(room, connection.pane, fence)
        line = room.line
        if line is None:
            line = room.line = self._calls.phone_credentials(room.agent)
        ticket = self._tickets.issue(connection.session, fence=fence, line=line)
        return {"ticket": ticket.ticket, "expiresIn": ticket.expires_in}

    def _dial(self, room: AgentRoom, pane: str, command: messages.Dial) -> Mapping[str, Any]:
        if room.leader is None:
            raise PhoneNotReadyError
        record = None if command.record is None else command.record.model_dump(by_alias=True, exclude_none=True)
        permit = self._calls.dial(room.agent, command.number, record, dial_id=_dial_id(pane, command.id))
        leader = room.leader
        if leader is None:
            raise PhoneNotReadyError
        if leader != pane:
            request = {"dialId": permit.dial_id, "number": permit.number, "record": record}
            self._rooms.announce(room.agent, "dial.request", request, leader)
        return {"dialId": permit.dial_id, "number": permit.number, "display": permit.display}

    def _renew(self, connection: PaneConnection, signed_request: str) -> Json:
        before = connection.session
        renewed = self._sessions.renew(before, signed_request)
        if renewed.session.agent != before.agent:
            raise SessionOfAnotherError
        connection.session = renewed.session
        connection.warned = False
        return {"session": renewed.token, "expiresIn": renewed.expires_in}


class _Talk:
    """One conversation, in the thread of its request."""

    def __init__(self, channel: PaneChannel, ws: WebSocket, session: PaneSession) -> None:
        self._channel = channel
        self._ws = ws
        self._session = session
        self._connection: PaneConnection | None = None
        self._room: AgentRoom | None = None
        self._window: list[float] = [0.0, 0.0]

    def run(self) -> None:
        code: int = CloseCode.ABNORMAL
        try:
            while True:
                text = self._ws.receive()
                if self._ws.is_open:
                    self._take(text)
        except SocketClosedError as end:
            code = end.code
        finally:
            if self._room is not None and self._connection is not None:
                self._channel.depart(self._room, self._connection, code)

    def _take(self, text: str | bytes) -> None:
        if self._too_many():
            self._say(None, {"error": self._channel.refuse(TooManyCommandsError(), self._language)})
            self._ws.close(CloseCode.POLICY, "too many commands")
            return
        try:
            command = messages.read_command(text)
        except MessageUnreadableError as error:
            self._say(messages.read_id(text), {"error": self._channel.refuse(error, self._language)})
            return
        if isinstance(command, messages.Hello):
            self._hello(command)
        elif self._room is None or self._connection is None:
            self._say(command.id, {"error": self._channel.refuse(HelloFirstError(), self._language)})
        else:
            self._obey(self._room, self._connection, command)

    def _hello(self, hello: messages.Hello) -> None:
        if self._connection is not None:
            self._say(hello.id, {"error": self._channel.refuse(MessageUnreadableError(), self._language)})
            return
        connection = PaneConnection(self._ws, self._session, hello.pane)
        try:
            room, answer, then = self._channel.arrive(connection, hello)
        except Exception as error:  # noqa: BLE001 - whatever failed, the pane gets an answer and may try again
            self._say(hello.id, {"error": self._refused(error, hello)})
            return
        self._room, self._connection = room, connection
        self._say(hello.id, {"ok": answer})
        then()

    def _obey(self, room: AgentRoom, connection: PaneConnection, command: messages.Command) -> None:
        kept = not isinstance(command, _REPEATED_SAFELY)
        with room.answers.turn(connection.pane):
            text = room.answers.of(connection.pane, command.id) if kept else None
            if text is None:
                text = self._answer(command.id, self._outcome(room, connection, command))
                if kept:
                    room.answers.remember(connection.pane, command.id, text)
        self._ws.send(text)

    def _outcome(self, room: AgentRoom, connection: PaneConnection, command: messages.Command) -> Json:
        try:
            return {"ok": self._channel.perform(room, connection, command)}
        except Exception as error:  # noqa: BLE001 - whatever failed, the pane gets an answer
            return {"error": self._refused(error, command)}

    def _refused(self, error: Exception, command: messages.Command) -> Json:
        """The error as it is shown; called while it is handled."""
        if isinstance(error, ConnectorError):
            return self._channel.refuse(error, self._language)
        _log.exception("command-failed", command=command.type)
        return self._channel.refuse(InternalError(), self._language)

    @property
    def _language(self) -> str:
        return self._session.language

    def _say(self, command: str | None, content: Json) -> None:
        self._ws.send(self._answer(command, content))

    @staticmethod
    def _answer(command: str | None, content: Json) -> str:
        return encode({"re": command, **content})

    def _too_many(self) -> bool:
        now = self._channel.now()
        if now - self._window[0] > _RATE_WINDOW_S:
            self._window = [now, 0]
        self._window[1] += 1
        return self._window[1] > _RATE or not self._channel.allows(self._session.agent)


def _fields(command: messages.Command) -> Json:
    return command.model_dump(by_alias=True, exclude={"id", "type"}, exclude_none=True)


def _dial_id(pane: str, command: str) -> str:
    """The same for the same command of the same pane, also after a restart."""
    return hashlib.sha256(f"{pane}:{command}".encode()).hexdigest()[:32]
