"""The pane's channel: commands in, answers and events out. docs/pane-channel.md describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal

import structlog

from cti.errors import ConnectorError, InternalError
from cti.events.event import LoggedEvent
from cti.pane.command import RoomCommand, Sender
from cti.pane.commands import Greeting, Hello, read_command, read_id
from cti.pane.connection import PaneConnection
from cti.pane.errors import HelloFirstError, MessageUnreadableError, TooManyCommandsError
from cti.pane.leadership import HEARTBEAT_S
from cti.pane_events import AgentState, CapabilitiesShown, DialRequest, Notice, PaneEvent, Pop, Problem, Shape, Snapshot
from cti.ws.allowance import Allowance
from cti.ws.connection import SocketClosedError
from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.pane.command import Command
    from cti.pane.ports import CallControl, Calls, SignIn, Tickets
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

_log = structlog.get_logger("cti.pane")


class PaneChannel:
    """Serves the panes' sockets; one object for the process, safe to share between threads.

    `verify` gives the session behind a token, and raises ConnectorError when it is over, forged or withdrawn.
    """

    def __init__(
        self,
        *,
        database: Database,
        rooms: AgentRooms,
        verify: Callable[[str], PaneSession],
        sign_in: SignIn,
        calls: Calls,
        control: CallControl,
        tickets: Tickets,
        clock: Clock,
        count_error: Callable[[str], None],
    ) -> None:
        self._database = database
        self._rooms = rooms
        self.verify: Final = verify
        self._sign_in = sign_in
        self._calls = calls
        self._control = control
        self._tickets = tickets
        self._clock = clock
        self._count_error = count_error
        self._commands = Allowance(burst=_AGENT_BURST, per_second=_AGENT_RATE, monotonic=clock.monotonic)

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

    def refuse(self, error: ConnectorError, language: str) -> Problem:
        """The error as it is shown, counted."""
        self._count_error(error.code)
        return Problem.of(error, language)

    def perform(self, room: AgentRoom, connection: PaneConnection, command: RoomCommand) -> Shape:
        """Do a command of a pane that has said hello; returns what stands under `ok`."""
        return command.perform(
            Sender(
                room,
                connection,
                rooms=self._rooms,
                sign_in=self._sign_in,
                calls=self._calls,
                control=self._control,
                tickets=self._tickets,
            )
        )

    def arrive(self, connection: PaneConnection, hello: Hello) -> tuple[AgentRoom, Greeting, Callable[[], None]]:
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
        answer = Greeting(head, standing.leader, standing.fence, HEARTBEAT_S)

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
        notices: list[PaneEvent] = []
        try:
            state = self._calls.snapshot(room.agent)
        except Exception as error:  # noqa: BLE001 - a pane without a snapshot must still be told why
            known = error if isinstance(error, ConnectorError) else InternalError()
            if known is not error:
                _log.exception("snapshot-failed")
            shown = self.refuse(known, language)
            state = AgentState(None, [], [], CapabilitiesShown(can_dial=False, missing=[shown]))
            notices = [Notice.of(known, language)]
        standing = room.standing(connection.pane)
        for event in (Snapshot.of(state, leader=standing.leader, fence=standing.fence), *notices):
            connection.ws.offer(self._loose(room, event, head).frame)
        return []

    def _loose(self, room: AgentRoom, event: PaneEvent, seq: int) -> LoggedEvent:
        return LoggedEvent(0, room.agent.audience, seq, event.type, self._clock.now(), event.body())

    def _still_wanted(
        self, missed: Sequence[LoggedEvent], room: AgentRoom, connection: PaneConnection
    ) -> list[LoggedEvent]:
        """Of what a pane missed, what is for it: what is for one pane only is no use after half a minute."""
        now = self._clock.now()

        def wanted(event: LoggedEvent) -> bool:
            fresh = (now - event.at).total_seconds() < _TARGETED_STALE_S
            if event.pane is not None:
                return event.pane == connection.pane and fresh
            if event.type == Pop.type:
                return fresh and room.claim_pop(event, connection)
            return event.type != DialRequest.type

        return [event for event in missed if wanted(event)]


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
            self._refuse(None, TooManyCommandsError())
            self._ws.close(CloseCode.POLICY, "too many commands")
            return
        try:
            command = read_command(text)
        except MessageUnreadableError as error:
            self._refuse(read_id(text), error)
            return
        if isinstance(command, RoomCommand):
            if self._room is None or self._connection is None:
                self._refuse(command.id, HelloFirstError())
            else:
                self._obey(self._room, self._connection, command)
        elif isinstance(command, Hello):
            self._hello(command)

    def _hello(self, hello: Hello) -> None:
        if self._connection is not None:
            self._refuse(hello.id, MessageUnreadableError())
            return
        connection = PaneConnection(self._ws, self._session, hello.pane)
        try:
            room, answer, then = self._channel.arrive(connection, hello)
        except Exception as error:  # noqa: BLE001 - whatever failed, the pane gets an answer and may try again
            self._ws.send(_answer(hello.id, "error", self._refused(error, hello)))
            return
        self._room, self._connection = room, connection
        self._ws.send(_answer(hello.id, "ok", answer))
        then()

    def _obey(self, room: AgentRoom, connection: PaneConnection, command: RoomCommand) -> None:
        kept = not command.repeated_safely
        with room.answers.turn(connection.pane):
            text = room.answers.of(connection.pane, command.id) if kept else None
            if text is None:
                text = self._outcome(room, connection, command)
                if kept:
                    room.answers.remember(connection.pane, command.id, text)
        self._ws.send(text)

    def _outcome(self, room: AgentRoom, connection: PaneConnection, command: RoomCommand) -> str:
        try:
            return _answer(command.id, "ok", self._channel.perform(room, connection, command))
        except Exception as error:  # noqa: BLE001 - whatever failed, the pane gets an answer
            return _answer(command.id, "error", self._refused(error, command))

    def _refused(self, error: Exception, command: Command) -> Problem:
        """The error as it is shown; called while it is handled."""
        if isinstance(error, ConnectorError):
            return self._channel.refuse(error, self._language)
        _log.exception("command-failed", command=command.type)
        return self._channel.refuse(InternalError(), self._language)

    def _refuse(self, command_id: str | None, error: ConnectorError) -> None:
        self._ws.send(_answer(command_id, "error", self._channel.refuse(error, self._language)))

    @property
    def _language(self) -> str:
        return self._session.language

    def _too_many(self) -> bool:
        now = self._channel.now()
        if now - self._window[0] > _RATE_WINDOW_S:
            self._window = [now, 0]
        self._window[1] += 1
        return self._window[1] > _RATE or not self._channel.allows(self._session.agent)


def _answer(command_id: str | None, outcome: Literal["ok", "error"], content: Shape) -> str:
    return f'{{"re":{json.dumps(command_id, ensure_ascii=False)},"{outcome}":{content.body()}}}'
