"""A call as it is known: its segments, the agents' legs in each. `cti.domain.fold` makes one of facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from cti.domain.outcome import Outcome
    from cti.domain.record import Claim, Record, Related


class State(StrEnum):
    """Where a call or one agent's leg of it stands."""

    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class Direction(StrEnum):
    """Seen from the call centre."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Leg:
    """One agent's part in one segment: from the ring to the end. `on_pane`: a pane handled it, not another phone.

    `candidates` are the records found as this agent, who may see others than a colleague; `matched`: it was done, for
    `matched_number` and `matched_ivr` (None as a number: nobody wrote down for which).
    `rang_again_at`: the newest ring, where the PBX offered the call to this agent more than once.
    """

    users_id: int
    state: State
    rang_at: datetime | None = None
    rang_again_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str | None = None
    on_pane: bool = False
    sip_call_id: str | None = None
    popped: bool = False
    candidates: tuple[Record, ...] = ()
    matched: bool = False
    match_complete: bool = True
    matched_number: str | None = None
    matched_ivr: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One agent's handling of a call; index 0 for the first agent or for nobody, 1 after a transfer, and so on.

    `agent_users_id` is who talked, or None while nobody did. `outcome` is FCC's when `outcome_final`, else provisional.
    `unlinked`: it is related to nothing because the agent said so.
    """

    index: int
    agent_users_id: int | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    outcome_final: bool = False
    cause: str | None = None
    disconnected_by: str | None = None
    talk_seconds: int | None = None
    recording: bool = False
    queue: str | None = None
    legs: tuple[Leg, ...] = ()
    related: Related | None = None
    unlinked: bool = False
    note: str | None = None
    disposition: str | None = None

    @property
    def on_pane(self) -> bool:
        """Whether a pane handled any leg of it."""
        return any(leg.on_pane for leg in self.legs)

    def leg(self, users_id: int) -> Leg | None:
        """That agent's leg."""
        return next((leg for leg in self.legs if leg.users_id == users_id), None)


@dataclass(frozen=True, slots=True)
class Call:
    """What is known about one call. `calls_id` None: only a pane has seen it yet, so it must not be logged.

    `number` is the other side's: E.164 where it parses, raw else, empty when `withheld`. Times are PBX times, UTC.
    `outcome` is one of FCC's four once the call ended; `outcome_final` says that FCC itself said so.
    `disconnected_by`: agent, customer, system. `segments` is never empty. `dial_id` ties it to a dial command.
    `clicked` is the record it was dialled from, as the pane named it as long as nobody checked: what may be told of a
    record is in `related` alone. `unchecked` are the records still to be checked.
    """

    calls_id: int | None = None
    sip_call_ids: tuple[str, ...] = ()
    dial_id: str | None = None
    direction: Direction | None = None
    number: str = ""
    own_number: str = ""
    withheld: bool = False
    campaign_id: int | None = None
    queue: str | None = None
    ivr: str | None = None
    state: State = State.RINGING
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    outcome_final: bool = False
    cause: str | None = None
    disconnected_by: str | None = None
    talk_seconds: int | None = None
    recording: bool = False
    segments: tuple[Segment, ...] = (Segment(0),)
    clicked: Related | None = None
    unchecked: tuple[Claim, ...] = ()
    candidates: tuple[Record, ...] = ()
    matched: bool = False
    match_complete: bool = True
    forgotten: bool = False

    @property
    def last(self) -> Segment:
        """The newest segment."""
        return self.segments[-1]

    @property
    def related(self) -> Related | None:
        """The newest segment's related record."""
        return self.last.related

    @property
    def note(self) -> str | None:
        """The newest segment's note."""
        return self.last.note

    @property
    def disposition(self) -> str | None:
        """The newest segment's disposition."""
        return self.last.disposition

    @property
    def agents(self) -> frozenset[int]:
        """Every FCC user the call rang or who talked in it."""
        legs = {leg.users_id for segment in self.segments for leg in segment.legs}
        return frozenset(legs | {s.agent_users_id for s in self.segments if s.agent_users_id is not None})

    def leg_of(self, users_id: int) -> tuple[Segment, Leg] | None:
        """That agent's newest leg, with its segment."""
        for segment in reversed(self.segments):
            leg = segment.leg(users_id)
            if leg is not None:
                return segment, leg
        return None


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call's projection. `key` is the connector's own id of it; `shown`: some pane was told of it under this key.

    `redacted`: it is past its retention, only ids, times and outcome are left, and nothing may be done with
    it any more. `searching`: who the other side is has not been found out yet; somebody still has to look.
    """

    key: str
    tenant_id: str
    call: Call
    shown: bool = False
    redacted: bool = False
    searching: bool = False
