"""What is believed of what was told about a call: times that can be, words by their source's authority."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from cti.domain.call import Direction
from cti.domain.facts import Source
from cti.domain.outcome import Outcome, parse_status
from cti.domain.times import is_ahead, meant_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cti.domain.facts import Fact

ROUNDING: Final = timedelta(seconds=1)
"""Times are told in whole seconds or finer, so that one may seem to lie so much before another that it follows."""
LONGEST_CALL: Final = timedelta(days=1)
"""What a call is taken to last at most where nothing tells when it began."""
_CALL_KINDS: Final = frozenset({"created", "ringing", "answered", "held", "resumed", "leg-ended", "ended", "row"})
_AGAIN: Final = _CALL_KINDS - {"ended", "row"}
"""What FCC tells of a call only while it is up: dated after its end it is a repetition, or a mistake."""


class Believed:
    """One call's facts by their source, and what of them counts.

    `began` is when the PBX says that the call began, where it does, and `began_for_sure` whether that is sure. `late`
    is what FCC dated after the call's end: it tells only what is new. `ended` is the PBX's word that the whole call is
    over. `pbx` holds `fcc` and `list` in order.
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        pbx = [fact for fact in facts if fact.source in {Source.FCC, Source.LIST} and fact.kind in _CALL_KINDS]
        self.fcc = [fact for fact in pbx if fact.source == Source.FCC]
        self.list = [fact for fact in pbx if fact.source == Source.LIST]
        self.began, self.began_for_sure = _beginning(pbx)
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
        # Highest authority first; within one source the newest word wins, and what is late tells only what is new.
        fcc = [*reversed(self.fcc), *reversed(self.late)]
        self.by_authority = [*fcc, *reversed(self.list), *reversed(self.pane), *reversed(self.agent)]

    def moment(self, fact: Fact, key: str) -> datetime | None:
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
        if not ends and row is not None and segment_of(row) >= max(map(segment_of, self.fcc), default=0):
            ends = [row]
        named = [moment + ROUNDING for moment in (self.moment(fact, "ended_at") for fact in ends) if moment is not None]
        return min([*(fact.at for fact in ends), *named], default=None)

    def end_of(self, closing: Fact) -> datetime:
        """When what `closing` closes was over: as the newest word names it, else when it was first told."""
        ends = [fact for fact in self.fcc if fact.kind == "ended"] if closing.source == Source.FCC else [closing]
        named = [moment for moment in (self.moment(fact, "ended_at") for fact in ends) if moment is not None]
        return named[-1] if named else min(fact.at for fact in ends).astimezone(UTC)

    def seconds(self, fact: Fact, ended_at: datetime | None) -> int | None:
        """The talking time a fact tells, None for one that cannot be: negative, or longer than the call."""
        told = fact.content.get("talk_seconds")
        if not isinstance(told, int) or told < 0:
            return None
        longest = LONGEST_CALL
        if ended_at is not None and self.began is not None and self.began_for_sure:
            longest = ended_at - self.began + 2 * ROUNDING
        return told if told <= longest.total_seconds() else None

    def first(self, key: str) -> Any:
        """The word of the highest authority that has one."""
        for fact in self.by_authority:
            value = fact.content.get(key)
            if value is not None and value != "":
                return value
        return None

    def direction(self) -> Direction | None:
        """Which way the call went, seen from the call centre."""
        word = self.first("direction")
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
        last = max(rows, key=lambda fact: (segment_of(fact), fact.place))
        highest = max((segment_of(fact) for fact in self.list), default=0)
        return last if segment_of(last) == highest else None

    def final_outcome(self) -> Outcome | None:
        """The outcome that the PBX gave the call."""
        return parse_status(self.ended.content.get("status")) if self.ended else None

    def started_at(self) -> datetime | None:
        """When the call began: as the PBX says it, else by the first word of it."""
        if self.began is None:
            times = [fact.at for fact in (*self.pbx, *self.pane)] or [fact.at for fact in self.agent]
            return min(times).astimezone(UTC) if times else None
        if self.began_for_sure:
            return self.began
        return earliest([self.began, *(self.moment(fact, "answered_at") for fact in self.pbx)])


def segment_of(fact: Fact) -> int:
    """Which of the call's segments it tells of, from 0."""
    value = fact.content.get("segment")
    return value if isinstance(value, int) and 0 <= value < 100 else 0  # noqa: PLR2004 - a sane bound on transfers


def user_of(fact: Fact) -> int | None:
    """The FCC user whom it tells of, or who made it."""
    value = fact.content.get("users_id")
    return value if isinstance(value, int) else None


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """The earliest known."""
    known = [moment for moment in times if moment is not None]
    return min(known) if known else None


def _told(fact: Fact, key: str) -> datetime | None:
    """A time that a fact tells; None where it means none, or lies later than the report itself."""
    told = meant_time(fact.content.get(key))
    return None if told is None or is_ahead(told, fact.at) else told


def _is_late(fact: Fact, over: datetime) -> bool:
    """Whether the event is dated after the end of its call. A leg's end may be written down with the call's own."""
    return fact.kind in _AGAIN and fact.at > (over + ROUNDING if fact.kind == "leg-ended" else over)


def is_answered(closing: Fact) -> bool:
    """Whether the fact says that the call was answered."""
    return parse_status(closing.content.get("status")) is Outcome.ANSWERED


def text_of(fact: Fact | None, key: str) -> str | None:
    """A word that the fact tells, as text."""
    value = None if fact is None else fact.content.get(key)
    return None if value is None else str(value)


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
