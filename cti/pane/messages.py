"""The commands a pane may send. docs/pane-channel.schema.json describes both directions and is tested against this."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from cti.pane.errors import MessageUnreadableError

CommandId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PaneId = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
Short = Annotated[str, StringConstraints(max_length=80)]
Line = Annotated[str, StringConstraints(max_length=255)]
SipCallId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Fence = Annotated[int, Field(ge=0)]


class _Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)


class _Command(_Message):
    id: CommandId


class Record(_Message):
    """The Salesforce record a number was clicked on."""

    record_id: RecordId
    object_type: Short
    record_name: Line | None = None
    account_id: RecordId | None = None
    contact_id: RecordId | None = None
    person_account: bool = False


class Hello(_Command):
    """The first message of a connection."""

    type: Literal["hello"]
    pane: PaneId
    last_seq: Annotated[int, Field(ge=0)] | None
    focused: bool


class Beat(_Command):
    """The page's script is alive."""

    type: Literal["beat"]


class Focus(_Command):
    """A person is in this pane."""

    type: Literal["focus"]


class LeaderTake(_Command):
    """Bring the phone here."""

    type: Literal["leader.take"]


class PresenceSet(_Command):
    """Ask for a status."""

    type: Literal["presence.set"]
    status_id: Annotated[int, Field(ge=0)]


class PhoneCredentials(_Command):
    """Ask what the phone signs in with."""

    type: Literal["phone.credentials"]
    fence: Fence


class SipTicket(_Command):
    """Ask for a ticket for the phone's socket."""

    type: Literal["sip.ticket"]
    fence: Fence


class Dial(_Command):
    """Ring a number."""

    type: Literal["dial"]
    number: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    record: Record | None


class CallReport(_Command):
    """What the phone in this pane saw of a call."""

    type: Literal["call.report"]
    sip_call_id: SipCallId
    kind: Literal["dialled", "ringing", "answered", "held", "resumed", "ended"]
    direction: Literal["inbound", "outbound"]
    number: Annotated[str, StringConstraints(max_length=80)]
    at: Annotated[AwareDatetime, Field(strict=False)]
    dial_id: Short | None = None
    sip_status: Annotated[int, Field(ge=100, le=699)] | None = None
    cause: Line | None = None
    by: Literal["agent", "far"] | None = None


class CallPopped(_Command):
    """A record was shown for a call."""

    type: Literal["call.popped"]
    record_id: RecordId
    calls_id: int | None = None
    sip_call_id: SipCallId | None = None


class SessionRenew(_Command):
    """A fresh signed request, to prolong the session."""

    type: Literal["session.renew"]
    signed_request: Annotated[str, StringConstraints(min_length=1, max_length=48_000)]


Command = (
    Hello
    | Beat
    | Focus
    | LeaderTake
    | PresenceSet
    | PhoneCredentials
    | SipTicket
    | Dial
    | CallReport
    | CallPopped
    | SessionRenew
)

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])


def read_command(text: str | bytes) -> Command:
    """The command in a message; raises MessageUnreadableError when it is none."""
    try:
        return _COMMANDS.validate_json(text)
    except ValidationError:
        raise MessageUnreadableError from None
