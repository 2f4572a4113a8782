"""What panes are told: a model for each event, and for each value that stands in one.

docs/pane-channel.schema.json and the pane's types are made from these by tools/channel_contract.py. What is told was
checked where it came in, so the models are plain values: nothing is looked at again when one is made, and the JSON of
an event is written once, whatever number of panes get it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic.alias_generators import to_camel

from cti.domain.call import Direction, State  # noqa: TC001 - read by the models when the program runs
from cti.domain.outcome import Outcome  # noqa: TC001
from cti.domain.presence import PresenceClass  # noqa: TC001
from cti.domain.text import LARGEST_INTEGER, storable
from cti.domain.times import iso
from cti.events.event import encode

if TYPE_CHECKING:
    from cti.domain.capabilities import Capabilities
    from cti.domain.presence import Presence, Status
    from cti.domain.record import Record
    from cti.errors import ConnectorError


def as_it_is(text: str) -> str:
    """The same text; raises ValueError where no database keeps it, for what names something is not cleaned."""
    if storable(text) != text:
        raise ValueError("no database keeps this text")
    return text


def _is_none(value: object) -> bool:
    return value is None


NAMES: dict[str, Any] = {"pattern": "^[^\\u0000]*$"}
"""What the schema can say of `as_it_is`."""

RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
ObjectType = Annotated[str, StringConstraints(max_length=80), AfterValidator(as_it_is), Field(json_schema_extra=NAMES)]
Line = Annotated[str, StringConstraints(max_length=255), AfterValidator(storable)]
Whole = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Count = Annotated[int, Field(ge=0)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Text = Annotated[str, StringConstraints(min_length=1)]


@cache
def _adapter(shape: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


class Shape:
    """A value of the pane's channel: a dataclass whose fields are written in camelCase."""

    __slots__ = ()
    __pydantic_config__: ClassVar = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, serialize_by_alias=True
    )

    def to_json(self) -> dict[str, Any]:
        """Its fields, as JSON values by the names they have on the wire."""
        shape: Any = type(self)
        fields: dict[str, Any] = _adapter(shape).dump_python(self)
        return fields

    def body(self) -> str:
        """The text of its JSON object, in UTF-8 letters; of a lone surrogate, which has none, U+FFFD."""
        shape: Any = type(self)
        try:
            return _adapter(shape).dump_json(self).decode()
        except ValueError:  # a lone surrogate
            return encode(self.to_json())


@dataclass(frozen=True, slots=True)
class ClickedRecord(Shape):
    """The Salesforce record a number was clicked on."""

    record_id: RecordId
    object_type: ObjectType
    record_name: Annotated[Line | None, Field(exclude_if=_is_none)] = None
    account_id: Annotated[RecordId | None, Field(exclude_if=_is_none)] = None
    contact_id: Annotated[RecordId | None, Field(exclude_if=_is_none)] = None
    person_account: bool = False


@dataclass(frozen=True, slots=True)
class StatusShown(Shape):
    """One status that an agent may have; `name` is the tenant's own word."""

    id: int
    presence_class: Annotated[PresenceClass, Field(alias="class")]
    name: str

    @classmethod
    def of(cls, status: Status) -> Self:
        """That status."""
        return cls(status.id, status.presence_class, status.name)


@dataclass(frozen=True, slots=True)
class PresenceShown(Shape):
    """What an agent is doing, since when, and until when where FCC ends it by itself."""

    id: int
    presence_class: Annotated[PresenceClass, Field(alias="class")]
    name: str
    since: Time
    until: Time | None

    @classmethod
    def of(cls, presence: Presence) -> Self:
        """That presence."""
        until = None if presence.until is None else iso(presence.until)
        return cls(presence.id, presence.presence_class, presence.name, iso(presence.since), until)


@dataclass(frozen=True, slots=True)
class Problem(Shape):
    """Why something can't be done: a stable code, and a sentence in the agent's language."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    message: Text

    @classmethod
    def of(cls, error: ConnectorError, language: str) -> Self:
        """That error as it is shown."""
        return cls(error.code, error.message(language))


@dataclass(frozen=True, slots=True)
class RecordShown(Shape):
    """A Salesforce record and why it was found."""

    record_id: RecordId
    object_type: str
    name: str
    reason: str | None

    @classmethod
    def of(cls, record: Record, reason: str | None = None) -> Self:
        """That record, found for its own reason or for the one that is given."""
        return cls(record.record_id, record.object_type, record.name, record.reason if reason is None else reason)


@dataclass(frozen=True, slots=True)
class RelatedShown(Shape):
    """Whom and what a call's Task points at."""

    who_id: RecordId | None
    what_id: RecordId | None
    name: str | None


@dataclass(frozen=True, slots=True)
class LogShown(Shape):
    """How a call's Task stands."""

    state: Literal["none", "waiting", "saved", "failed"]
    task_id: RecordId | None
    code: str | None


@dataclass(frozen=True, slots=True)
class CallShown(Shape):
    """A call as one agent's panes show it."""

    call_id: Text
    calls_id: int | None
    sip_call_id: str | None
    direction: Direction
    number: str
    display_number: str
    withheld: bool
    state: State
    started_at: Time | None
    answered_at: Time | None
    ended_at: Time | None
    outcome: Outcome | None
    disconnected_by: str | None
    campaign: str | None
    ivr: str | None
    party: RecordShown | None
    searching: bool
    candidates: list[RecordShown]
    related: RelatedShown | None
    log: LogShown


class PaneEvent(Shape):
    """Something that panes are told, by its `type`; the event log adds its number and time."""

    __slots__ = ()
    type: ClassVar[str]


@dataclass(frozen=True, slots=True)
class CapabilitiesShown(PaneEvent):
    """What the agent can do changed."""

    type: ClassVar = "capabilities"

    can_dial: bool
    missing: list[Problem]

    @classmethod
    def of(cls, capabilities: Capabilities, language: str) -> Self:
        """Those capabilities; an agent can dial where nothing is missing."""
        missing = [Problem.of(error, language) for error in capabilities.missing]
        return cls(can_dial=not missing, missing=missing)


@dataclass(frozen=True, slots=True)
class AgentState(Shape):
    """Everything about an agent as it is now."""

    presence: PresenceShown | None
    statuses: list[StatusShown]
    calls: list[CallShown]
    capabilities: CapabilitiesShown


@dataclass(frozen=True, slots=True)
class Snapshot(AgentState, PaneEvent):
    """Everything as it is now; replaces what the pane knew."""

    type: ClassVar = "snapshot"

    leader: bool
    fence: Whole

    @classmethod
    def of(cls, state: AgentState, *, leader: bool, fence: int) -> Self:
        """That state, as a pane sees it that leads or does not."""
        return cls(state.presence, state.statuses, state.calls, state.capabilities, leader, fence)


@dataclass(frozen=True, slots=True)
class PresenceChanged(PaneEvent):
    """The agent's status changed."""

    type: ClassVar = "presence"

    presence: PresenceShown


@dataclass(frozen=True, slots=True)
class StatusesChanged(PaneEvent):
    """The tenant's statuses, where they are others than the pane was given."""

    type: ClassVar = "statuses"

    statuses: list[StatusShown]


@dataclass(frozen=True, slots=True)
class CallChanged(PaneEvent):
    """A call is new or changed."""

    type: ClassVar = "call"

    call: CallShown


@dataclass(frozen=True, slots=True)
class Pop(PaneEvent):
    """Show this record; sent to the pane focused last, and to no other."""

    type: ClassVar = "pop"

    call_id: str
    record_id: RecordId
    object_type: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DialRequest(PaneEvent):
    """Ring this number for another pane; sent to the leader."""

    type: ClassVar = "dial.request"

    dial_id: str
    number: str
    record: ClickedRecord | None


@dataclass(frozen=True, slots=True)
class LeaderChanged(PaneEvent):
    """Who holds the phone changed: whether this pane does now."""

    type: ClassVar = "leader"

    leader: bool
    fence: Whole


@dataclass(frozen=True, slots=True)
class SessionExpiring(PaneEvent):
    """The session ends in so many seconds."""

    type: ClassVar = "session.expiring"

    seconds: Annotated[Count, Field(alias="in")]


@dataclass(frozen=True, slots=True)
class Notice(PaneEvent):
    """Something the agent should know."""

    type: ClassVar = "notice"

    code: str
    message: str

    @classmethod
    def of(cls, error: ConnectorError, language: str) -> Self:
        """That error in words."""
        return cls(error.code, error.message(language))


EVENTS: tuple[type[PaneEvent], ...] = (
    Snapshot,
    PresenceChanged,
    StatusesChanged,
    CallChanged,
    Pop,
    DialRequest,
    LeaderChanged,
    CapabilitiesShown,
    SessionExpiring,
    Notice,
)
