"""The segments of a call: one agent's handling each, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from cti.domain.call import Direction, Segment, State
from cti.domain.facts import Source
from cti.domain.fold.believed import earliest, is_answered, segment_of, text_of, user_of
from cti.domain.fold.legs import legs_of
from cti.domain.fold.relations import named, related_by
from cti.domain.outcome import Outcome, from_sip, parse_status

if TYPE_CHECKING:
    from datetime import datetime

    from cti.domain.call import Leg
    from cti.domain.facts import Fact
    from cti.domain.fold.believed import Believed
    from cti.domain.fold.relations import Relations
    from cti.domain.record import Related


class Segments:
    """Makes the segments of one call out of what is believed of its facts."""

    def __init__(self, believed: Believed, relations: Relations) -> None:
        self._believed = believed
        self._relations = relations
        self._direction = believed.direction()

    def all(self) -> tuple[Segment, ...]:
        """Every segment, the first agent's first; never empty."""
        highest = max((segment_of(fact) for fact in self._believed.pbx), default=0)
        own = self._place_in_segments(highest)
        built: list[Segment] = []
        word: Related | None = None
        said = False
        for index in range(highest + 1):
            facts = [fact for fact in self._believed.pbx if segment_of(fact) == index]
            mine = own.get(index, [])
            open_word: Fact | None = None
            for fact in mine:
                if fact.kind != "related":
                    continue
                known, record = self._relations.checked(fact) if named(fact) is not None else (True, None)
                if not known:
                    open_word = fact
                elif record is not None or not fact.content.get("record"):
                    word, said, open_word = None if record is None else related_by(record, "linked"), True, None
            if open_word is not None:
                # Until it is known that the agent may read that record, things stay as they were.
                self._relations.note_unchecked(open_word)
            segment = self._segment(index, facts, mine, last=index == highest)
            built.append(replace(segment, related=word, unlinked=word is None) if said else segment)
        return tuple(built)

    def _place_in_segments(self, highest: int) -> dict[int, list[Fact]]:
        """Which segment the pane's and the agent's facts belong to: they know no segment, only who made them.

        An agent's SIP dialogs, in the order they began, are that agent's segments in order; the last takes the rest.
        """
        places: dict[int | None, list[int]] = {}
        for index in range(highest + 1):
            for users_id in {u for fact in self._believed.pbx if segment_of(fact) == index for u in [user_of(fact)]}:
                if users_id is not None:
                    places.setdefault(users_id, []).append(index)
        dialogs: dict[int | None, list[str]] = {}
        for fact in self._believed.pane:
            if fact.sip_call_id is not None:
                seen = dialogs.setdefault(user_of(fact), [])
                if fact.sip_call_id not in seen:
                    seen.append(fact.sip_call_id)
        own: dict[int, list[Fact]] = {}
        for fact in (*self._believed.pane, *self._believed.agent):
            told = fact.content.get("segment")
            user = user_of(fact)
            where = places.get(user) or [0 if fact.source == Source.PANE or fact.kind == "dialled" else highest]
            if isinstance(told, int) and 0 <= told <= highest:
                index = told
            elif fact.source == Source.PANE and fact.sip_call_id is not None:
                index = where[min(dialogs[user].index(fact.sip_call_id), len(where) - 1)]
            else:
                index = where[-1]
            own.setdefault(index, []).append(fact)
        return own

    def _segment(self, index: int, facts: list[Fact], own: list[Fact], *, last: bool) -> Segment:
        legs = legs_of(self._believed, self._relations, facts, own)
        rows = [fact for fact in facts if fact.source == Source.LIST]
        row = rows[-1] if rows else None
        ended = self._believed.ended if last else None
        closing = ended or (row if row is not None and row.content.get("status") else None)
        answered = earliest(
            [self._believed.moment(fact, "answered_at") for fact in facts if fact.kind in {"ended", "row"}]
            if not any(leg.answered_at for leg in legs)
            else [leg.answered_at for leg in legs]
        )
        talker = next((leg.users_id for leg in legs if leg.answered_at is not None), None)
        if talker is None and answered is not None:
            talker = next((u for u in (user_of(fact) for fact in reversed(facts)) if u is not None), None)
        elif talker is None and closing is not None and is_answered(closing):
            talker = user_of(closing)
        agent = talker if talker is not None else self._dialler(legs, facts)
        pane_end = next((fact for fact in reversed(own) if fact.source == Source.PANE and fact.kind == "ended"), None)
        ended_at = self._segment_end(closing, legs, pane_end, last=last, answered=answered)
        if answered is not None and ended_at is not None:
            # A pane's clock that is ahead must not have a call answered after its end.
            answered = min(answered, ended_at)
        outcome, final = self._segment_outcome(closing, own, answered=answered, over=ended_at is not None, last=last)
        by = text_of(closing, "disconnected_by") or _by_of(pane_end, self._direction)
        return Segment(
            index=index,
            agent_users_id=agent,
            started_at=earliest([fact.at.astimezone(UTC) for fact in facts] or [f.at.astimezone(UTC) for f in own]),
            answered_at=answered,
            ended_at=ended_at,
            outcome=outcome,
            outcome_final=final,
            cause=text_of(closing, "cause") or text_of(pane_end, "cause") if ended_at else None,
            disconnected_by=by if ended_at else None,
            talk_seconds=self._talk(closing if index == 0 and last else None, row, answered, ended_at),
            recording=any(fact.content.get("recording") is True for fact in facts),
            queue=next((fact.content["queue"] for fact in reversed(facts) if fact.content.get("queue")), None),
            legs=legs,
            related=self._relations.unsaid(agent),
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
            return self._believed.end_of(closing)
        if any(leg.state is not State.ENDED for leg in legs):
            return None
        ends = [leg.ended_at for leg in legs if leg.ended_at is not None]
        if not last:
            return max(ends) if ends else None
        # The newest segment, and the PBX hasn't said that the call is over: the pane's word, provisionally.
        if pane_end is not None and (answered is not None or self._direction is not Direction.INBOUND):
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
        rang = any(fact.kind == "ringing" for fact in own) or any(fact.kind == "ringing" for fact in self._believed.fcc)
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
            told = None if fact is None else self._believed.seconds(fact, ended)
            if told is not None:
                return told
        return max(0, round((ended - answered).total_seconds())) if answered is not None else 0

    def _dialler(self, legs: tuple[Leg, ...], facts: list[Fact]) -> int | None:
        """Who handles it though nobody talked: the caller of an outbound call. An inbound one belongs to nobody."""
        if self._direction is Direction.INBOUND:
            return None
        if legs:
            return legs[0].users_id
        return next((u for u in (user_of(fact) for fact in facts) if u is not None), None)


def _latest(own: list[Fact], kind: str) -> str | None:
    return next((str(fact.content.get("text", "")) for fact in reversed(own) if fact.kind == kind), None)


def _by_of(pane_end: Fact | None, direction: Direction | None) -> str | None:
    if pane_end is None:
        return None
    by = pane_end.content.get("by")
    if by == "agent":
        return "agent"
    return "customer" if by == "far" and direction is not Direction.INTERNAL else None
