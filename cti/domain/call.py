"""A call is a fold over facts: any order, any repetition of the same facts gives the same call.

A fact's identity is a hash over its source, kind, time, ids and canonical content; its place is (PBX time, source rank,
identity). When it was received never decides. docs/facts.md lists every kind, and says which words are not believed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cti.domain.outcome import Outcome, from_sip, parse_status
from cti.domain.times import is_ahead, iso, meant_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

CONTENT_VERSION: Final = 1
ROUNDING: Final = timedelta(seconds=1)
"""Times are told in whole seconds or finer, so that one may seem to lie so much before another that it follows."""
LONGEST_CALL: Final = timedelta(days=1)
"""What a call is taken to last at most where nothing tells when it began."""


class Source(StrEnum):
    """Who reported a fact."""

    FCC = "fcc"
    LIST = "list"
    PANE = "pane"
    AGENT = "agent"
    MATCH = "match"


_RANK: Final = {Source.FCC: 0, Source.LIST: 1, Source.PANE: 2, Source.AGENT: 3, Source.MATCH: 4}

KINDS: Final[Mapping[Source, frozenset[str]]] = {
    Source.FCC: frozenset(
        {"created", "ringing", "answered", "held", "resumed", "leg-ended", "ended", "presence", "unknown"}
    ),
    Source.LIST: frozenset({"row"}),
    Source.PANE: frozenset({"dialled", "ringing", "answered", "held", "resumed", "ended", "popped"}),
    Source.AGENT: frozenset({"dialled", "related", "note", "disposition", "settings", "forgotten"}),
    Source.MATCH: frozenset({"matched", "checked"}),
}
"""Every kind of fact, by its source. docs/facts.md says what each one carries."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One report about a call (or about an agent or the settings), as it was made. Never changed, never removed.

    `source` one of `Source`, `kind` one of `KINDS[source]`; `at` when it happened by the reporter's clock (aware);
    `calls_id` FCC's id of the call and `sip_call_id` the Call-ID of the pane's SIP dialog, where known; `content` JSON
    in the words of docs/facts.md, keys in snake_case, times as ISO text, numbers of phones in E.164 where they parse.
    """

    source: str
    kind: str
    at: datetime
    calls_id: int | None = None
    sip_call_id: str | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """64 hex digits; equal for equal reports however often and by whatever way they came."""
        # A time that cannot be was replaced by another each time the report came: the one told is its own.
        at = self.content.get("told_at") or iso(self.at)
        canonical = json.dumps(
            [CONTENT_VERSION, self.source, self.kind, at, self.calls_id, self.sip_call_id, self.content],
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def place(self) -> tuple[datetime, int, str]:
        """Where the fact stands in the total order."""
        return (self.at.astimezone(UTC), _RANK[Source(self.source)], self.identity)


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
class Record:
    """A Salesforce record by what the call needs of it.

    `account_id`/`contact_id`: the account of a contact, the contact of a case, or the person contact of a person
    account. `reason` says in a code why it was found (`clicked`, `linked`, `mobile`, `phone`, `case-code` …).
    `contact_hidden`: the agent may read the record, but not the person behind it, so nobody may be told who that is.
    """

    record_id: str
    object_type: str
    name: str = ""
    account_id: str | None = None
    contact_id: str | None = None
    person_account: bool = False
    reason: str = ""
    contact_hidden: bool = False

    def to_json(self) -> dict[str, Any]:
        """All fields by their names."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """What `to_json` wrote; unknown keys are ignored, missing ones take their defaults."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known and value is not None})


@dataclass(frozen=True, slots=True)
class Related:
    """The record a call belongs to, and by what: `linked` by the agent, `clicked` at dialling, `matched` by number."""

    record: Record
    source: str

    @property
    def record_id(self) -> str:
        """The record's id."""
        return self.record.record_id

    @property
    def object_type(self) -> str:
        """The record's object, by API name."""
        return self.record.object_type

    @property
    def name(self) -> str:
        """The record's name."""
        return self.record.name


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that an agent's pane named, of which nobody has found out yet whether that agent may read it.

    Only the id and the object are taken from the pane. `sf_user_id` and `pairing_id` say as whom and where Salesforce
    is to be asked; `dial_id` is the dial it came with.
    """

    users_id: int
    record_id: str
    object_type: str
    pairing_id: str
    sf_user_id: str | None = None
    dial_id: str | None = None


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


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Each fact once, the earliest of equal ones, in the total order."""
    kept: dict[str, Fact] = {}
    for fact in facts:
        known = kept.get(fact.identity)
        if known is None or fact.at < known.at:
            kept[fact.identity] = fact
    return sorted(kept.values(), key=lambda fact: fact.place)


def fold(facts: Iterable[Fact]) -> Call:
    """The call these facts tell of. Pure; facts of one call only, in any order, repeated as you like."""
    return _Fold(in_order(facts)).call()


_CALL_KINDS: Final = frozenset({"created", "ringing", "answered", "held", "resumed", "leg-ended", "ended", "row"})
_AGAIN: Final = _CALL_KINDS - {"ended", "row"}
"""What FCC tells of a call only while it is up: dated after its end it is a repetition, or a mistake."""
_STEP: Final = {State.RINGING: 0, State.TALKING: 1, State.HELD: 1, State.ENDED: 2}


class _Fold:
    """The work of one fold, over facts already in order."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        pbx = [fact for fact in facts if fact.source in {Source.FCC, Source.LIST} and fact.kind in _CALL_KINDS]
        self.fcc = [fact for fact in pbx if fact.source == Source.FCC]
        self.list = [fact for fact in pbx if fact.source == Source.LIST]
        self.began, self.began_for_sure = self._beginning(pbx)
        over = self._over_at()
        self.late = [fact for fact in self.fcc if over is not None and _is_late(fact, over)]
        if self.late:
            late = {id(fact) for fact in self.late}
            self.fcc = [fact for fact in self.fcc if id(fact) not in late]
            pbx = [fact for fact in pbx if id(fact) not in late]
        self.pbx = pbx
        self.ended = self._ended_fact()
        self.pane = [fact for fact in facts if fact.source == Source.PANE]
        self.agent = [fact for fact in facts if fact.source == Source.AGENT]
        self.match = [fact for fact in facts if fact.kind == "matched"]
        self.checks = [fact for fact in facts if fact.kind == "checked"]
        self.unchecked: dict[tuple[int, str], Claim] = {}
        # Highest authority first; within one source the newest word wins, and what is late tells only what is new.
        fcc = [*reversed(self.fcc), *reversed(self.late)]
        self.by_authority = [*fcc, *reversed(self.list), *reversed(self.pane), *reversed(self.agent)]

    # -- what is believed of what was told --------------------------------------------------------------------------

    @staticmethod
    def _beginning(pbx: Sequence[Fact]) -> tuple[datetime | None, bool]:
        """When the PBX says that the call began, and whether that is sure.

        An event may carry its own time instead of the call's: only the first one's is the call's for sure, and a row's.
        """
        for kinds, sure in (({"created"}, True), (_CALL_KINDS, any(fact.source == Source.LIST for fact in pbx))):
            told = [_told(fact, "started_at") for fact in pbx if fact.kind in kinds]
            known = [moment for moment in told if moment is not None]
            if known:
                return min(known), sure
        return None, False

    def _moment(self, fact: Fact, key: str) -> datetime | None:
        """A time within the call that a fact tells, None for one that cannot be: from before the call began."""
        told = _told(fact, key)
        if told is None or self.began is None:
            return told
        return told if told >= self.began - (ROUNDING if self.began_for_sure else LONGEST_CALL) else None

    def _over_at(self) -> datetime | None:
        """From when on FCC tells nothing new of the call: the first word of its end, or the end it names if earlier.

        An end that only the list knows counts where the events know of no later segment.
        """
        ends = [fact for fact in self.fcc if fact.kind == "ended"]
        row = self._closing_row()
        if not ends and row is not None and _segment_of(row) >= max(map(_segment_of, self.fcc), default=0):
            ends = [row]
        named = [
            moment + ROUNDING for moment in (self._moment(fact, "ended_at") for fact in ends) if moment is not None
        ]
        return min([*(fact.at for fact in ends), *named], default=None)

    def _end_of(self, closing: Fact) -> datetime:
        """When what `closing` closes was over: as the newest word names it, else when it was first told."""
        ends = [fact for fact in self.fcc if fact.kind == "ended"] if closing.source == Source.FCC else [closing]
        named = [moment for moment in (self._moment(fact, "ended_at") for fact in ends) if moment is not None]
        return named[-1] if named else min(fact.at for fact in ends).astimezone(UTC)

    def _seconds(self, fact: Fact, ended_at: datetime | None) -> int | None:
        """The talking time a fact tells, None for one that cannot be: negative, or longer than the call."""
        told = fact.content.get("talk_seconds")
        if not isinstance(told, int) or told < 0:
            return None
        longest = LONGEST_CALL
        if ended_at is not None and self.began is not None and self.began_for_sure:
            longest = ended_at - self.began + 2 * ROUNDING
        return told if told <= longest.total_seconds() else None

    # -- the call as a whole -------------------------------------------------------------------------------------

    def call(self) -> Call:
        direction = self._direction()
        segments = self._segments(direction)
        ended = self.ended
        talked = [s for s in segments if s.answered_at is not None]
        final = self._final_outcome()
        over = ended is not None or segments[-1].ended_at is not None
        outcome = final or (segments[-1].outcome if over else None)
        if over and outcome is None and talked:
            outcome = Outcome.ANSWERED
        matched = self._best(self.match)
        return Call(
            calls_id=next((fact.calls_id for fact in self.facts if fact.calls_id is not None), None),
            sip_call_ids=tuple(dict.fromkeys(fact.sip_call_id for fact in self.facts if fact.sip_call_id)),
            dial_id=self._first("dial_id"),
            direction=direction,
            number=self._first("number") or "",
            own_number=self._first("own_number") or "",
            withheld=bool(self._first("withheld")) and not self._first("number"),
            campaign_id=self._first("campaign_id"),
            queue=self._first("queue"),
            ivr=self._first("ivr"),
            state=State.ENDED if over else self._state(segments[-1]),
            started_at=self._started_at(),
            answered_at=talked[0].answered_at if talked else None,
            ended_at=self._ended_at(ended, segments[-1]) if over else None,
            outcome=outcome if over else None,
            outcome_final=final is not None,
            cause=(self._text(ended, "cause") or segments[-1].cause) if over else None,
            disconnected_by=(self._text(ended, "disconnected_by") or segments[-1].disconnected_by) if over else None,
            talk_seconds=self._talk_seconds(ended, segments) if over else None,
            recording=any(fact.content.get("recording") is True for fact in self.pbx),
            segments=segments,
            clicked=self._clicked(),
            unchecked=tuple(self.unchecked.values()),
            candidates=_records(matched.content.get("candidates")) if matched else (),
            matched=matched is not None,
            match_complete=matched is None or matched.content.get("complete") is not False,
            forgotten=any(fact.kind == "forgotten" for fact in self.agent),
        )

    def _first(self, key: str) -> Any:
        """The word of the highest authority that has one."""
        for fact in self.by_authority:
            value = fact.content.get(key)
            if value is not None and value != "":
                return value
        return None

    @staticmethod
    def _text(fact: Fact | None, key: str) -> str | None:
        value = None if fact is None else fact.content.get(key)
        return None if value is None else str(value)

    def _direction(self) -> Direction | None:
        word = self._first("direction")
        return Direction(word) if word in set(Direction) else None

    def _ended_fact(self) -> Fact | None:
        """The PBX's word that the whole call is over."""
        told = next((fact for fact in reversed(self.fcc) if fact.kind == "ended"), None)
        return told or self._closing_row()

    def _closing_row(self) -> Fact | None:
        """The list's word of it: the newest row of the newest segment, once it has a status."""
        rows = [fact for fact in self.list if fact.content.get("status") and fact.content.get("up") is not True]
        if not rows:
            return None
        last = max(rows, key=lambda fact: (_segment_of(fact), fact.place))
        highest = max((_segment_of(fact) for fact in self.list), default=0)
        return last if _segment_of(last) == highest else None

    def _final_outcome(self) -> Outcome | None:
        return parse_status(self.ended.content.get("status")) if self.ended else None

    def _started_at(self) -> datetime | None:
        if self.began is None:
            times = [fact.at for fact in (*self.pbx, *self.pane)] or [fact.at for fact in self.agent]
            return min(times).astimezone(UTC) if times else None
        if self.began_for_sure:
            return self.began
        return _earliest([self.began, *(self._moment(fact, "answered_at") for fact in self.pbx)])

    def _ended_at(self, ended: Fact | None, last: Segment) -> datetime | None:
        return last.ended_at if ended is None else self._end_of(ended)

    def _talk_seconds(self, ended: Fact | None, segments: tuple[Segment, ...]) -> int | None:
        told = None if ended is None else self._seconds(ended, self._end_of(ended))
        if told is not None and len(segments) == 1:
            return told
        known = [s.talk_seconds for s in segments if s.talk_seconds is not None]
        return max(sum(known), told or 0) if known else told

    # -- records that panes named --------------------------------------------------------------------------------

    def _clicked(self) -> Related | None:
        """The record the call was dialled from; before it is checked, the pane's word for its id and its object."""
        fact = self._click()
        if fact is None:
            return None
        told = fact.content["record"]
        record = self._checked(fact)[1] or Record(told["record_id"], told["object_type"])
        return _by(record, "clicked")

    def _click(self) -> Fact | None:
        return next((fact for fact in self.agent if fact.kind == "dialled" and _named(fact) is not None), None)

    def _checked(self, fact: Fact) -> tuple[bool, Record | None]:
        """Whether it is known if the agent may read the record that their fact names, and if so, the record.

        The record is as Salesforce holds it. One that was found as that agent needs no check. Of several checks the
        newest counts; a refusal counts for what was named before it, for the agent may have been given access since.
        """
        record_id, user = _named(fact), _user_of(fact)
        for match in reversed(self.match):
            if _user_of(match) == user:
                found = next((r for r in _records(match.content.get("candidates")) if r.record_id == record_id), None)
                if found is not None:
                    return True, found
        check = next(
            (c for c in reversed(self.checks) if _user_of(c) == user and c.content.get("record_id") == record_id), None
        )
        if check is not None and check.content.get("record"):
            return True, Record.from_json(check.content["record"])
        return check is not None and check.at >= fact.at, None

    def _note_unchecked(self, fact: Fact) -> None:
        told, user = fact.content["record"], _user_of(fact)
        if user is not None:
            self.unchecked[user, told["record_id"]] = Claim(
                users_id=user,
                record_id=told["record_id"],
                object_type=told["object_type"],
                pairing_id=str(fact.content.get("pairing_id") or ""),
                sf_user_id=fact.content.get("sf_user_id"),
                dial_id=fact.content.get("dial_id"),
            )

    # -- segments -------------------------------------------------------------------------------------------------

    def _segments(self, direction: Direction | None) -> tuple[Segment, ...]:
        highest = max((_segment_of(fact) for fact in self.pbx), default=0)
        own = self._place_in_segments(highest)
        built: list[Segment] = []
        word: Related | None = None
        said = False
        for index in range(highest + 1):
            facts = [fact for fact in self.pbx if _segment_of(fact) == index]
            mine = own.get(index, [])
            open_word: Fact | None = None
            for fact in mine:
                if fact.kind != "related":
                    continue
                known, record = self._checked(fact) if _named(fact) is not None else (True, None)
                if not known:
                    open_word = fact
                elif record is not None or not fact.content.get("record"):
                    word, said, open_word = None if record is None else _by(record, "linked"), True, None
            if open_word is not None:
                # Until it is known that the agent may read that record, things stay as they were.
                self._note_unchecked(open_word)
            segment = self._segment(index, facts, mine, last=index == highest, direction=direction)
            built.append(replace(segment, related=word, unlinked=word is None) if said else segment)
        return tuple(built)

    def _base_link(self, agent: int | None) -> Related | None:
        """What a segment relates to when nobody linked it: the clicked record, else the only one found as its agent."""
        click = self._click()
        if click is not None:
            known, record = self._checked(click)
            if not known:
                self._note_unchecked(click)
            return None if record is None else _by(record, "clicked")
        found = self._match_of(agent) or (self._best(self.match) if agent is None else None)
        if found is None:
            return None
        candidates = _records(found.content.get("candidates"))
        return Related(candidates[0], "matched") if len(candidates) == 1 else None

    def _match_of(self, user: int | None) -> Fact | None:
        return self._best([fact for fact in self.match if user is not None and _user_of(fact) == user])

    def _best(self, found: Sequence[Fact]) -> Fact | None:
        """Which of several searches counts.

        One for the call's number, then one that was finished, then one for its code, then the newest: a search that
        began earlier may end later, and one that failed takes nothing back.
        """
        number, ivr = self._first("number") or "", self._first("ivr")

        def worth(fact: Fact) -> tuple[Any, ...]:
            told = fact.content
            return (
                told.get("number", number) == number,
                told.get("complete") is not False,
                told.get("ivr") == ivr,
                fact.place,
            )

        return max(found, key=worth, default=None)

    def _place_in_segments(self, highest: int) -> dict[int, list[Fact]]:
        """Which segment the pane's and the agent's facts belong to: they know no segment, only who made them.

        An agent's SIP dialogs, in the order they began, are that agent's segments in order; the last takes the rest.
        """
        places: dict[int | None, list[int]] = {}
        for index in range(highest + 1):
            for users_id in {u for fact in self.pbx if _segment_of(fact) == index for u in [_user_of(fact)]}:
                if users_id is not None:
                    places.setdefault(users_id, []).append(index)
        dialogs: dict[int | None, list[str]] = {}
        for fact in self.pane:
            if fact.sip_call_id is not None:
                seen = dialogs.setdefault(_user_of(fact), [])
                if fact.sip_call_id not in seen:
                    seen.append(fact.sip_call_id)
        own: dict[int, list[Fact]] = {}
        for fact in (*self.pane, *self.agent):
            told = fact.content.get("segment")
            user = _user_of(fact)
            where = places.get(user) or [0 if fact.source == Source.PANE or fact.kind == "dialled" else highest]
            if isinstance(told, int) and 0 <= told <= highest:
                index = told
            elif fact.source == Source.PANE and fact.sip_call_id is not None:
                index = where[min(dialogs[user].index(fact.sip_call_id), len(where) - 1)]
            else:
                index = where[-1]
            own.setdefault(index, []).append(fact)
        return own

    def _segment(
        self,
        index: int,
        facts: list[Fact],
        own: list[Fact],
        *,
        last: bool,
        direction: Direction | None,
    ) -> Segment:
        legs = self._legs(facts, own)
        rows = [fact for fact in facts if fact.source == Source.LIST]
        row = rows[-1] if rows else None
        ended = self.ended if last else None
        closing = ended or (row if row is not None and row.content.get("status") else None)
        answered = _earliest(
            [self._moment(fact, "answered_at") for fact in facts if fact.kind in {"ended", "row"}]
            if not any(leg.answered_at for leg in legs)
            else [leg.answered_at for leg in legs]
        )
        talker = next((leg.users_id for leg in legs if leg.answered_at is not None), None)
        if talker is None and answered is not None:
            talker = next((u for u in (_user_of(fact) for fact in reversed(facts)) if u is not None), None)
        elif talker is None and closing is not None and _is_answered(closing):
            talker = _user_of(closing)
        agent = talker if talker is not None else self._dialler(direction, legs, facts)
        pane_end = next((fact for fact in reversed(own) if fact.source == Source.PANE and fact.kind == "ended"), None)
        ended_at = self._segment_end(closing, legs, pane_end, last=last, answered=answered)
        if answered is not None and ended_at is not None:
            # A pane's clock that is ahead must not have a call answered after its end.
            answered = min(answered, ended_at)
        outcome, final = self._segment_outcome(closing, own, answered=answered, over=ended_at is not None, last=last)
        by = self._text(closing, "disconnected_by") or _by_of(pane_end, direction)
        return Segment(
            index=index,
            agent_users_id=agent,
            started_at=_earliest([fact.at.astimezone(UTC) for fact in facts] or [f.at.astimezone(UTC) for f in own]),
            answered_at=answered,
            ended_at=ended_at,
            outcome=outcome,
            outcome_final=final,
            cause=self._text(closing, "cause") or self._text(pane_end, "cause") if ended_at else None,
            disconnected_by=by if ended_at else None,
            talk_seconds=self._talk(closing if index == 0 and last else None, row, answered, ended_at),
            recording=any(fact.content.get("recording") is True for fact in facts),
            queue=next((fact.content["queue"] for fact in reversed(facts) if fact.content.get("queue")), None),
            legs=legs,
            related=self._base_link(agent),
            note=_latest(own, "note"),
            disposition=_latest(own, "disposition"),
        )

    def _segment_end(
        self,
        closing: Fact | None,
        legs: tuple[Leg, ...],
        pane_end: Fact | None,
        *,
        last: bool,
        answered: datetime | None,
    ) -> datetime | None:
        if closing is not None:
            return self._end_of(closing)
        if any(leg.state is not State.ENDED for leg in legs):
            return None
        ends = [leg.ended_at for leg in legs if leg.ended_at is not None]
        if not last:
            return max(ends) if ends else None
        # The newest segment, and the PBX hasn't said that the call is over: the pane's word, provisionally.
        if pane_end is not None and (answered is not None or self._direction() is not Direction.INBOUND):
            return pane_end.at.astimezone(UTC)
        return None

    def _segment_outcome(
        self, closing: Fact | None, own: list[Fact], *, answered: datetime | None, over: bool, last: bool
    ) -> tuple[Outcome | None, bool]:
        if not over:
            return None, False
        final = parse_status(closing.content.get("status")) if closing is not None else None
        if final is not None:
            return final, True
        if answered is not None:
            return Outcome.ANSWERED, False
        end = next((fact for fact in reversed(own) if fact.source == Source.PANE and fact.kind == "ended"), None)
        if end is None:
            cause = None if closing is None else closing.content.get("cause")
            return from_sip(sip_status=None, cause=cause, rang=True, answered=False) or Outcome.NO_ANSWER, False
        rang = any(fact.kind == "ringing" for fact in own) or any(fact.kind == "ringing" for fact in self.fcc)
        told = from_sip(
            sip_status=end.content.get("sip_status"), cause=end.content.get("cause"), rang=rang, answered=False
        )
        return told or (Outcome.NO_ANSWER if rang and last else Outcome.FAILED), False

    def _talk(
        self, whole: Fact | None, row: Fact | None, answered: datetime | None, ended: datetime | None
    ) -> int | None:
        """How long was talked: by the end of the whole call if this segment is all of it, by its row, else reckoned."""
        if ended is None:
            return None
        for fact in (whole, row):
            told = None if fact is None else self._seconds(fact, ended)
            if told is not None:
                return told
        return max(0, round((ended - answered).total_seconds())) if answered is not None else 0

    @staticmethod
    def _dialler(direction: Direction | None, legs: tuple[Leg, ...], facts: list[Fact]) -> int | None:
        """Who handles it though nobody talked: the caller of an outbound call. An inbound one belongs to nobody."""
        if direction is Direction.INBOUND:
            return None
        if legs:
            return legs[0].users_id
        return next((u for u in (_user_of(fact) for fact in facts) if u is not None), None)

    @staticmethod
    def _state(last: Segment) -> State:
        up = [leg for leg in last.legs if leg.state is not State.ENDED]
        if not up:
            return State.TALKING if last.answered_at is not None else State.RINGING
        return max((leg.state for leg in up), key=lambda state: (_STEP[state], state is State.TALKING))

    # -- legs -----------------------------------------------------------------------------------------------------

    def _legs(self, facts: list[Fact], own: list[Fact]) -> tuple[Leg, ...]:
        users: list[int] = []
        for fact in (*facts, *own):
            user = _user_of(fact)
            if user is not None and user not in users and (fact.source != Source.AGENT):
                users.append(user)
        return tuple(
            self._leg(user, [f for f in facts if _user_of(f) == user], _newest_dialog(own, user)) for user in users
        )

    def _leg(self, user: int, facts: list[Fact], dialog: tuple[int, list[Fact]]) -> Leg:
        dialogs, pane = dialog
        # FCC's events first, then the list's rows: they fill in what an event that was lost would have said.
        told = [fact for fact in facts if fact.source == Source.FCC]
        leg = _Steps(self._moment)
        rings = sum(1 for fact in told if fact.kind == "ringing")
        for fact in (*told, *(fact for fact in facts if fact.source == Source.LIST)):
            leg.step(fact)
        if self.ended is not None:
            over = self._end_of(self.ended)
            leg.end(over, None)
            leg.ended_at = min(leg.ended_at or over, over)
        stale = rings > dialogs > 0 and leg.state is not State.ENDED
        mine = _Steps(self._moment)
        for fact in () if stale else pane:
            mine.step(fact)
        state = leg.state
        if mine.seen and not stale and state is not State.ENDED:
            if _STEP[mine.state] > _STEP[state] or not leg.seen:
                state = mine.state
            elif _STEP[mine.state] == _STEP[state] == _STEP[State.HELD]:
                state = max((leg, mine), key=lambda steps: steps.changed_at or _NEVER).state
        talked_before = leg.talked_before if self.ended is not None else None
        match = self._match_of(user)
        return Leg(
            users_id=user,
            state=state,
            rang_at=leg.rang_at or mine.rang_at,
            rang_again_at=leg.rang_again_at,
            answered_at=leg.answered_at or talked_before or mine.answered_at,
            ended_at=(leg.ended_at or mine.ended_at) if state is State.ENDED else None,
            cause=leg.cause or mine.cause,
            on_pane=bool(pane),
            sip_call_id=next((fact.sip_call_id for fact in reversed(pane) if fact.sip_call_id), None),
            popped=any(fact.kind == "popped" for fact in pane),
            candidates=_records(match.content.get("candidates")) if match else (),
            matched=match is not None,
            match_complete=match is None or match.content.get("complete") is not False,
            matched_number=match.content.get("number") if match else None,
            matched_ivr=match.content.get("ivr") if match else None,
        )


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class _Steps:
    """A leg's way through its states, as one source tells it in order.

    `moment(fact, key)` reads a time of the list's; `talked_before` is when the agent answered an earlier ring.
    """

    def __init__(self, moment: Callable[[Fact, str], datetime | None]) -> None:
        self._moment = moment
        self.talked_before: datetime | None = None
        self.seen = False
        self.state = State.RINGING
        self.rang_at: datetime | None = None
        self.rang_again_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.changed_at: datetime | None = None
        self.cause: str | None = None

    def step(self, fact: Fact) -> None:
        at = fact.at.astimezone(UTC)
        match fact.kind:
            case "dialled" | "created":
                self.seen = True
            case "ringing":
                self._again(at)
            case "answered":
                self.answered_at = self.answered_at or at
                self._to(State.TALKING, at)
            case "held":
                self._to(State.HELD, at)
            case "resumed":
                self._to(State.TALKING, at)
            case "leg-ended" | "ended":
                cause = fact.content.get("cause")
                self.end(at, None if cause is None else str(cause))
            case "row":
                self._row(fact, at)

    def end(self, at: datetime, cause: str | None) -> None:
        self.seen = True
        self.state, self.ended_at, self.cause = State.ENDED, self.ended_at or at, self.cause or cause

    def _to(self, state: State, at: datetime) -> None:
        self.seen = True
        if self.state is not State.ENDED:
            self.state, self.changed_at = state, at

    def _again(self, at: datetime) -> None:
        self.seen = True
        if self.state is State.ENDED:
            self.talked_before = self.talked_before or self.answered_at
            self.state, self.ended_at, self.answered_at, self.cause = State.RINGING, None, None, None
        if self.rang_at is None:
            self.rang_at = at
        else:
            self.rang_again_at = at

    def _row(self, fact: Fact, at: datetime) -> None:
        self.seen = True
        self.answered_at = self.answered_at or self._moment(fact, "answered_at")
        if fact.content.get("status"):
            cause = fact.content.get("cause")
            self.end(self._moment(fact, "ended_at") or at, None if cause is None else str(cause))
        elif self.answered_at is not None and self.state is State.RINGING:
            self._to(State.TALKING, self.answered_at)


def _newest_dialog(own: list[Fact], user: int) -> tuple[int, list[Fact]]:
    """How many SIP dialogs that agent's panes had here, and the facts of the newest."""
    groups: dict[str | None, list[Fact]] = {}
    for fact in own:
        if fact.source == Source.PANE and _user_of(fact) == user:
            groups.setdefault(fact.sip_call_id, []).append(fact)
    if not groups:
        return 0, []
    named = [key for key in groups if key is not None]
    newest = groups[named[-1]] if named else []
    return max(1, len(named)), newest + groups.get(None, [])


def _segment_of(fact: Fact) -> int:
    value = fact.content.get("segment")
    return value if isinstance(value, int) and 0 <= value < 100 else 0  # noqa: PLR2004 - a sane bound on transfers


def _user_of(fact: Fact) -> int | None:
    value = fact.content.get("users_id")
    return value if isinstance(value, int) else None


def _by(record: Record, source: str) -> Related:
    """A relation by the agent's own word, which is then the reason for the record as well."""
    return Related(replace(record, reason=source), source)


def _named(fact: Fact) -> str | None:
    """The id of the record that an agent's fact names."""
    record = fact.content.get("record")
    if not isinstance(record, dict) or not record.get("record_id") or not record.get("object_type"):
        return None
    return str(record["record_id"])


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    known = [moment for moment in times if moment is not None]
    return min(known) if known else None


def _latest(own: list[Fact], kind: str) -> str | None:
    return next((str(fact.content.get("text", "")) for fact in reversed(own) if fact.kind == kind), None)


def _by_of(pane_end: Fact | None, direction: Direction | None) -> str | None:
    if pane_end is None:
        return None
    by = pane_end.content.get("by")
    if by == "agent":
        return "agent"
    return "customer" if by == "far" and direction is not Direction.INTERNAL else None


def _told(fact: Fact, key: str) -> datetime | None:
    """A time that a fact tells; None where it means none, or lies later than the report itself."""
    told = meant_time(fact.content.get(key))
    return None if told is None or is_ahead(told, fact.at) else told


def _is_late(fact: Fact, over: datetime) -> bool:
    """Whether the event is dated after the end of its call. A leg's end may be written down with the call's own."""
    return fact.kind in _AGAIN and fact.at > (over + ROUNDING if fact.kind == "leg-ended" else over)


def _is_answered(closing: Fact) -> bool:
    return parse_status(closing.content.get("status")) is Outcome.ANSWERED


def _records(value: Any) -> tuple[Record, ...]:
    return tuple(Record.from_json(item) for item in value) if isinstance(value, list | tuple) else ()
