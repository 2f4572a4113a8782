"""The commands a pane may send. docs/pane-channel.schema.json describes both directions and is tested against this.

Here is the edge: what has been read is text that every database keeps and UTF-8 can spell, numbers that fit a column,
and times that can be reckoned with. What names something must be so as it comes; words for people are cleaned.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from cti.domain.pane_call import PaneReport
from cti.domain.text import LARGEST_INTEGER, storable
from cti.pane.errors import MessageUnreadableError

_YEARS: Final = range(2000, 2100)


def _as_it_is(text: str) -> str:
    if storable(text) != text:
        raise ValueError("no database keeps this text")
    return text


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is told as text")  # noqa: TRY004 - what pydantic takes for a refusal
    return value


def _moment(value: datetime) -> datetime:
    """The time in UTC. Calls have none near the edges of the calendar, where times cannot be reckoned with."""
    if value.year not in _YEARS:
        raise ValueError("not the time of a call")
    return value.astimezone(UTC)


CommandId = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_as_it_is)]
CallId = CommandId
PaneId = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
Name = Annotated[str, StringConstraints(max_length=80), AfterValidator(_as_it_is)]
Line = Annotated[str, StringConstraints(max_length=255), AfterValidator(storable)]
Number = Annotated[str, StringConstraints(max_length=80), AfterValidator(storable)]
SipCallId = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_as_it_is)]
Whole = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written), AfterValidator(_moment)]


class _Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)


class _Command(_Message):
    id: CommandId


class Record(_Message):
    """The Salesforce record a number was clicked on."""

    record_id: RecordId
    object_type: Name
    record_name: Line | None = None
    account_id: RecordId | None = None
    contact_id: RecordId | None = None
    person_account: bool = False


class RecordName(_Message):
    """A Salesforce record, by what it takes to ask for it."""

    record_id: RecordId
    object_type: Name


class Hello(_Command):
    """The first message of a connection."""

    type: Literal["hello"]
    pane: PaneId
    last_seq: Whole | None
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
    status_id: Whole


class PhoneCredentials(_Command):
    """Ask what the phone signs in with."""

    type: Literal["phone.credentials"]
    fence: Whole


class PhoneRegistered(_Command):
    """The phone in this pane is signed in to FCC again, after it was not."""

    type: Literal["phone.registered"]


class SipTicket(_Command):
    """Ask for a ticket for the phone's socket."""

    type: Literal["sip.ticket"]
    fence: Whole


class Dial(_Command):
    """Ring a number."""

    type: Literal["dial"]
    number: Annotated[Number, StringConstraints(min_length=1)]
    record: Record | None


class CallReport(_Command):
    """What the phone in this pane saw of a call: named by its SIP dialog, or by FCC's id where it was told that."""

    type: Literal["call.report"]
    sip_call_id: SipCallId | None = None
    calls_id: Whole | None = None
    kind: Literal["dialled", "ringing", "answered", "held", "resumed", "ended"]
    direction: Literal["inbound", "outbound"]
    number: Number
    at: Moment
    dial_id: Name | None = None
    sip_status: Annotated[int, Field(ge=100, le=699)] | None = None
    cause: Line | None = None
    by: Literal["agent", "far"] | None = None

    @model_validator(mode="after")
    def _names_one_call(self) -> Self:
        if (self.sip_call_id is None) is (self.calls_id is None):
            raise ValueError("a call is named in one way")
        return self

    @property
    def call(self) -> str:
        """What tells the call from the phone's others."""
        return self.sip_call_id if self.sip_call_id is not None else f"fcc:{self.calls_id}"

    @property
    def report(self) -> PaneReport:
        """The same as others of the connector read it."""
        return PaneReport(
            kind=self.kind,
            direction=self.direction,
            number=self.number,
            at=self.at,
            sip_call_id=self.sip_call_id,
            calls_id=self.calls_id,
            dial_id=self.dial_id,
            sip_status=self.sip_status,
            cause=self.cause,
            by=self.by,
        )


class CallPopped(_Command):
    """A record was shown for a call."""

    type: Literal["call.popped"]
    record_id: RecordId
    calls_id: Whole | None = None
    sip_call_id: SipCallId | None = None


class CallRelate(_Command):
    """Tie a call to a record, or to none."""

    type: Literal["call.relate"]
    call_id: CallId
    sip_call_id: SipCallId | None = None
    record: RecordName | None


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
    | PhoneRegistered
    | SipTicket
    | Dial
    | CallReport
    | CallPopped
    | CallRelate
    | SessionRenew
)

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])
_ID: TypeAdapter[str] = TypeAdapter(CommandId)


def read_command(text: str | bytes) -> Command:
    """The command in a message; raises MessageUnreadableError when it is none."""
    try:
        return _COMMANDS.validate_json(text)
    except ValidationError:
        raise MessageUnreadableError from None


def read_id(text: str | bytes) -> str | None:
    """The id of a message that is no command, None where it has none that could be told back."""
    try:
        return _ID.validate_python(json.loads(text)["id"], strict=True)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
