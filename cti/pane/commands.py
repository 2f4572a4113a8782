"""The commands a pane may send: each is one model, what it is answered with, and what is done at it.

docs/pane-channel.schema.json and the pane's types are made from these by tools/channel_contract.py.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from cti.domain.pane_call import CallName, PaneReport
from cti.domain.record import Record
from cti.pane.command import (
    CallId,
    Command,
    CommandId,
    DialId,
    LeaderCommand,
    Moment,
    Nothing,
    Number,
    PaneId,
    RoomCommand,
    SipCallId,
)
from cti.pane.errors import MessageUnreadableError, PhoneNotReadyError, SessionOfAnotherError
from cti.pane.leadership import call_names
from cti.pane_events import (
    ClickedRecord,
    Count,
    DialRequest,
    Line,
    ObjectType,
    PresenceShown,
    RecordId,
    Shape,
    Text,
    Time,
    Whole,
)

if TYPE_CHECKING:
    from cti.pane.command import Sender


@dataclass(frozen=True, slots=True)
class Greeting(Shape):
    """Where the event log stands, how the pane stands, and how often its script is to say that it lives, in seconds."""

    seq: Count
    leader: bool
    fence: Whole
    heartbeat: Annotated[int, Field(ge=1)]


class Hello(Command):
    """First message of a connection."""

    answer = Greeting
    type: Literal["hello"]
    pane: PaneId
    last_seq: Whole | None
    focused: bool


class Beat(RoomCommand):
    """The page's script is alive; every `heartbeat` seconds."""

    repeated_safely = True
    type: Literal["beat"]

    def perform(self, sender: Sender) -> Nothing:
        """Prolong the pane's lease."""
        sender.room.beat(sender.pane)
        return Nothing()


class Focus(RoomCommand):
    """A person is in this pane."""

    repeated_safely = True
    type: Literal["focus"]

    def perform(self, sender: Sender) -> Nothing:
        """Remember the pane as the one focused last."""
        sender.room.focus(sender.pane)
        return Nothing()


@dataclass(frozen=True, slots=True)
class Taken(Shape):
    """The fencing number of the new lead."""

    fence: Whole


class LeaderTake(RoomCommand):
    """Bring the phone into this pane."""

    answer = Taken
    repeated_safely = True
    type: Literal["leader.take"]

    def perform(self, sender: Sender) -> Taken:
        """Give the pane the lead."""
        return Taken(sender.room.take(sender.pane).fence)


@dataclass(frozen=True, slots=True)
class PresenceSetTo(Shape):
    """What FCC made of it."""

    presence: PresenceShown


class PresenceSet(RoomCommand):
    """Ask FCC for a status."""

    answer = PresenceSetTo
    type: Literal["presence.set"]
    status_id: Whole

    def perform(self, sender: Sender) -> PresenceSetTo:
        """Put the agent into the status."""
        presence = sender.calls.set_presence(sender.room.agent, self.status_id)
        return PresenceSetTo(PresenceShown.of(presence))


@dataclass(frozen=True, slots=True)
class Credentials(Shape):
    """What the phone signs in to FCC with; `kind`: of phone, as the pane names it."""

    kind: Literal["sip"]
    uri: Annotated[str, StringConstraints(pattern="^sips?:")]
    username: str
    password: str
    expires_at: Time | None
    ice_servers: list[Any]


class PhoneCredentials(LeaderCommand):
    """What the phone signs in with; the leader only."""

    answer = Credentials
    repeated_safely = True
    type: Literal["phone.credentials"]

    def lead(self, sender: Sender) -> Credentials:
        """Fetch them from FCC."""
        line = sender.calls.phone_credentials(sender.room.agent)
        sender.require_lead(self.fence)  # FCC may have taken its time
        sender.room.line = line
        expires_at = None if line.expires_at is None else line.expires_at.isoformat()
        return Credentials("sip", line.uri, line.username, line.password, expires_at, [])


class PhoneRegistered(RoomCommand):
    """The phone of this pane is signed in to FCC again, after it was not."""

    repeated_safely = True
    type: Literal["phone.registered"]

    def perform(self, sender: Sender) -> Nothing:
        """Have FCC asked for the agent's status, a change of which may have been missed."""
        sender.calls.presence_missed(sender.room.agent)
        return Nothing()


@dataclass(frozen=True, slots=True)
class Ticket(Shape):
    """What opens the phone's socket once, within so many seconds."""

    ticket: Annotated[str, StringConstraints(min_length=16)]
    expires_in: Annotated[int, Field(ge=1, le=30)]


class SipTicket(LeaderCommand):
    """A ticket for the phone's socket; the leader only."""

    answer = Ticket
    repeated_safely = True
    type: Literal["sip.ticket"]

    def lead(self, sender: Sender) -> Ticket:
        """Issue one for what the phone signs in with."""
        room = sender.room
        line = room.line
        if line is None:
            line = room.line = sender.calls.phone_credentials(room.agent)
        issued = sender.tickets.issue(sender.connection.session, fence=self.fence, line=line)
        return Ticket(issued.ticket, issued.expires_in)


@dataclass(frozen=True, slots=True)
class Dialled(Shape):
    """The dial's name, the number as the phone rings it, and as a person reads it."""

    dial_id: Text
    number: Text
    display: Text


class Dial(RoomCommand):
    """Ring a number, as it was clicked or typed."""

    answer = Dialled
    type: Literal["dial"]
    number: Annotated[Number, StringConstraints(min_length=1)]
    record: ClickedRecord | None

    def perform(self, sender: Sender) -> Dialled:
        """Have the number checked, and give it to the leader where that is another pane."""
        room = sender.room
        if room.leader is None:
            raise PhoneNotReadyError
        record = None if self.record is None else Record(self.record.record_id, self.record.object_type)
        permit = sender.control.dial(room.agent, self.number, record, dial_id=self._dial_id(sender.pane))
        leader = room.leader
        if leader is None:
            raise PhoneNotReadyError
        if leader != sender.pane:
            sender.rooms.announce(room.agent, DialRequest(permit.dial_id, permit.number, self.record), leader)
        return Dialled(permit.dial_id, permit.number, permit.display)

    def _dial_id(self, pane: str) -> str:
        """The same for the same command of the same pane, also after a restart."""
        return hashlib.sha256(f"{pane}:{self.id}".encode()).hexdigest()[:32]


class CallDrop(RoomCommand):
    """End a call that the phone in this pane cannot end by itself."""

    type: Literal["call.drop"]
    calls_id: Whole

    def perform(self, sender: Sender) -> Nothing:
        """Have FCC end it."""
        sender.control.drop(sender.room.agent, self.calls_id)
        return Nothing()


class CallReport(RoomCommand):
    """What the phone in this pane saw of a call: named by its SIP dialog, or by FCC's id where it was told that."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": kind}, other: {"type": "null"}}}
                for name, kind, other in (("sipCallId", "string", "callsId"), ("callsId", "integer", "sipCallId"))
            ]
        }
    )
    type: Literal["call.report"]
    sip_call_id: SipCallId | None = None
    calls_id: Whole | None = None
    kind: Literal["dialled", "ringing", "answered", "held", "resumed", "ended"]
    direction: Literal["inbound", "outbound"]
    number: Number
    at: Moment
    dial_id: DialId | None = None
    sip_status: Annotated[int, Field(ge=100, le=699)] | None = None
    cause: Line | None = None
    by: Literal["agent", "far"] | None = None

    @model_validator(mode="after")
    def _names_one_call(self) -> Self:
        if (self.sip_call_id is None) is (self.calls_id is None):
            raise ValueError("a call is named in one way")
        return self

    def perform(self, sender: Sender) -> Nothing:
        """Tell the room and the call service."""
        (call,) = call_names(self.sip_call_id, self.calls_id)
        sender.room.reported(sender.pane, call, up=self.kind != "ended")
        sender.calls.report(sender.room.agent, PaneReport(**self.model_dump(exclude={"id", "type"})))
        return Nothing()


class CallPopped(RoomCommand):
    """A record was shown for a call."""

    type: Literal["call.popped"]
    record_id: RecordId
    calls_id: Whole | None = None
    sip_call_id: SipCallId | None = None

    def perform(self, sender: Sender) -> Nothing:
        """Tell the call service."""
        call = CallName(calls_id=self.calls_id, sip_call_id=self.sip_call_id)
        sender.calls.popped(sender.room.agent, call, self.record_id)
        return Nothing()


@dataclass(frozen=True, slots=True)
class NamedRecord(Shape):
    """A Salesforce record, by what it takes to ask for it."""

    record_id: RecordId
    object_type: ObjectType


class CallRelate(RoomCommand):
    """Tie a call to a record, or to none."""

    type: Literal["call.relate"]
    call_id: CallId
    sip_call_id: SipCallId | None = None
    record: NamedRecord | None

    def perform(self, sender: Sender) -> Nothing:
        """Tell the call service."""
        call = CallName(call_id=self.call_id, sip_call_id=self.sip_call_id)
        record = None if self.record is None else Record(self.record.record_id, self.record.object_type)
        sender.calls.relate(sender.room.agent, call, record)
        return Nothing()


@dataclass(frozen=True, slots=True)
class Renewed(Shape):
    """The session's new token, and for how many seconds it opens it."""

    session: Text
    expires_in: Count


class SessionRenew(RoomCommand):
    """Prolong the session with a fresh signed request."""

    answer = Renewed
    type: Literal["session.renew"]
    signed_request: Annotated[str, StringConstraints(min_length=1, max_length=48_000)]

    def perform(self, sender: Sender) -> Renewed:
        """Have the signed request checked; it must be the same person's."""
        connection = sender.connection
        renewed = sender.sign_in.renew(connection.session, self.signed_request)
        if renewed.session.agent != connection.session.agent:
            raise SessionOfAnotherError
        connection.session = renewed.session
        connection.warned = False
        return Renewed(renewed.token, renewed.expires_in)


COMMANDS: Final[tuple[type[Command], ...]] = (
    Hello,
    Beat,
    Focus,
    LeaderTake,
    PresenceSet,
    PhoneCredentials,
    PhoneRegistered,
    SipTicket,
    Dial,
    CallDrop,
    CallReport,
    CallPopped,
    CallRelate,
    SessionRenew,
)

_by_type: Any = Annotated[reduce(or_, COMMANDS), Field(discriminator="type")]
_ANY: Final = TypeAdapter[Command](_by_type)
_ID: Final[TypeAdapter[str]] = TypeAdapter(CommandId)


def read_command(text: str | bytes) -> Command:
    """The command in a message; raises MessageUnreadableError when it is none."""
    try:
        return _ANY.validate_json(text)
    except ValidationError:
        raise MessageUnreadableError from None


def read_id(text: str | bytes) -> str | None:
    """The id of a message that is no command, None where it has none that could be told back."""
    try:
        return _ID.validate_python(json.loads(text)["id"], strict=True)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
