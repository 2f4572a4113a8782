"""What a command of a pane is, and what one is made of.

Here is the edge: what has been read is text that every database keeps and UTF-8 can spell, numbers that fit a column,
and times that can be reckoned with. What names something must be so as it comes; words for people are cleaned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from cti.domain.text import storable
from cti.pane.errors import NotLeaderError
from cti.pane_events import NAMES, Shape, Whole, as_it_is

if TYPE_CHECKING:
    from cti.pane.connection import PaneConnection
    from cti.pane.ports import CallControl, Calls, SignIn, Tickets
    from cti.pane.room import AgentRoom
    from cti.pane.rooms import AgentRooms

_YEARS: Final = range(2000, 2100)


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is told as text")  # noqa: TRY004 - what pydantic takes for a refusal
    return value


def _moment(value: datetime) -> datetime:
    """The time in UTC. Calls have none near the edges of the calendar, where times cannot be reckoned with."""
    if value.year not in _YEARS:
        raise ValueError("not the time of a call")
    return value.astimezone(UTC)


_Name = Field(json_schema_extra=NAMES)
CommandId = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(as_it_is), _Name]
CallId = CommandId
DialId = Annotated[str, StringConstraints(max_length=80), AfterValidator(as_it_is), _Name]
PaneId = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Number = Annotated[str, StringConstraints(max_length=80), AfterValidator(storable)]
SipCallId = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(as_it_is), _Name]
Moment = Annotated[
    AwareDatetime,
    Field(strict=False, description="The years 2000 to 2099.", json_schema_extra={"pattern": "^20"}),
    BeforeValidator(_written),
    AfterValidator(_moment),
]


@dataclass(frozen=True, slots=True)
class Sender:
    """The pane that sent a command, among the agent's others in their `room`, and what its command is done with."""

    room: AgentRoom
    connection: PaneConnection
    rooms: AgentRooms
    sign_in: SignIn
    calls: Calls
    control: CallControl
    tickets: Tickets

    @property
    def pane(self) -> str:
        """Its name."""
        return self.connection.pane

    def require_lead(self, fence: int) -> None:
        """Raise NotLeaderError unless the pane has the lead, under that fencing number."""
        standing = self.room.standing(self.pane)
        if not standing.leader or standing.fence != fence:
            raise NotLeaderError


@dataclass(frozen=True, slots=True)
class Nothing(Shape):
    """Done, and there is no more to say."""


_Answer = type[Shape]


class Command(BaseModel):
    """A command by its `type`. The same `id` from the same pane is the same command.

    `answer` is what stands under `ok`. `repeated_safely`: it is simply done again when it is repeated, for its answer
    is not kept, and some must not be.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)
    answer: ClassVar[_Answer] = Nothing
    repeated_safely: ClassVar[bool] = False

    id: CommandId
    type: str


class RoomCommand(Command, ABC):
    """A command of a pane that has said hello."""

    @abstractmethod
    def perform(self, sender: Sender) -> Shape:
        """Do it, and return what is answered; raises ConnectorError."""


class LeaderCommand(RoomCommand):
    """A command of the pane that leads, which names the fencing number it has the lead under."""

    fence: Whole

    def perform(self, sender: Sender) -> Shape:
        """Do it for the leader only; raises NotLeaderError."""
        sender.require_lead(self.fence)
        return self.lead(sender)

    @abstractmethod
    def lead(self, sender: Sender) -> Shape:
        """Do it for the leader."""
