"""A call is a fold over facts: any order, any repetition of the same facts gives the same call.

docs/facts.md says which words are not believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.domain.call import Call, State
from cti.domain.facts import in_order
from cti.domain.fold.believed import Believed, text_of
from cti.domain.fold.legs import STEP
from cti.domain.fold.relations import Relations
from cti.domain.fold.segments import Segments
from cti.domain.outcome import Outcome
from cti.domain.record import records_from

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cti.domain.call import Segment
    from cti.domain.facts import Fact


def fold(facts: Iterable[Fact]) -> Call:
    """The call these facts tell of. Pure; facts of one call only, in any order, repeated as you like."""
    believed = Believed(in_order(facts))
    relations = Relations(believed)
    segments = Segments(believed, relations).all()
    ended = believed.ended
    talked = [s for s in segments if s.answered_at is not None]
    final = believed.final_outcome()
    over = ended is not None or segments[-1].ended_at is not None
    outcome = final or (segments[-1].outcome if over else None)
    if over and outcome is None and talked:
        outcome = Outcome.ANSWERED
    matched = relations.best(relations.searches)
    return Call(
        calls_id=next((fact.calls_id for fact in believed.facts if fact.calls_id is not None), None),
        sip_call_ids=tuple(dict.fromkeys(fact.sip_call_id for fact in believed.facts if fact.sip_call_id)),
        dial_id=believed.first("dial_id"),
        direction=believed.direction(),
        number=believed.first("number") or "",
        own_number=believed.first("own_number") or "",
        withheld=bool(believed.first("withheld")) and not believed.first("number"),
        campaign_id=believed.first("campaign_id"),
        queue=believed.first("queue"),
        ivr=believed.first("ivr"),
        state=State.ENDED if over else _state(segments[-1]),
        started_at=believed.started_at(),
        answered_at=talked[0].answered_at if talked else None,
        ended_at=_ended_at(believed, segments[-1]) if over else None,
        outcome=outcome if over else None,
        outcome_final=final is not None,
        cause=(text_of(ended, "cause") or segments[-1].cause) if over else None,
        disconnected_by=(text_of(ended, "disconnected_by") or segments[-1].disconnected_by) if over else None,
        talk_seconds=_talk_seconds(believed, segments) if over else None,
        recording=any(fact.content.get("recording") is True for fact in believed.pbx),
        segments=segments,
        clicked=relations.clicked(),
        unchecked=tuple(relations.unchecked.values()),
        candidates=records_from(matched.content.get("candidates")) if matched else (),
        matched=matched is not None,
        match_complete=matched is None or matched.content.get("complete") is not False,
        forgotten=any(fact.kind == "forgotten" for fact in believed.agent),
    )


def _ended_at(believed: Believed, last: Segment) -> datetime | None:
    return last.ended_at if believed.ended is None else believed.end_of(believed.ended)


def _talk_seconds(believed: Believed, segments: tuple[Segment, ...]) -> int | None:
    ended = believed.ended
    told = None if ended is None else believed.seconds(ended, believed.end_of(ended))
    if told is not None and len(segments) == 1:
        return told
    known = [s.talk_seconds for s in segments if s.talk_seconds is not None]
    return max(sum(known), told or 0) if known else told


def _state(last: Segment) -> State:
    up = [leg for leg in last.legs if leg.state is not State.ENDED]
    if not up:
        return State.TALKING if last.answered_at is not None else State.RINGING
    return max((leg.state for leg in up), key=lambda state: (STEP[state], state is State.TALKING))
