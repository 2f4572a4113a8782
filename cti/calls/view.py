"""A call as one agent's panes show it, built here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cti.domain.call import Direction, State
from cti.domain.outcome import Outcome
from cti.domain.phone_number import display
from cti.domain.related_to import links, shown_as_related
from cti.domain.times import iso
from cti.pane_events import CallShown, LogShown, RecordShown, RelatedShown

if TYPE_CHECKING:
    from datetime import datetime

    from cti.domain.call import Leg, Segment, StoredCall

NO_LOG: Final = LogShown("none", None, None)


def call_view(
    stored: StoredCall, users_id: int, *, region: str, campaign: str | None, log: LogShown = NO_LOG
) -> CallShown:
    """The call for that agent; `campaign` is its campaign's name, `log` how its Task stands."""
    call = stored.call
    found = call.leg_of(users_id)
    segment, leg = found if found is not None else (call.last, None)
    state = State.ENDED if call.state is State.ENDED or leg is None else leg.state
    over = state is State.ENDED
    ended_at = ((leg.ended_at if leg is not None else None) or segment.ended_at or call.ended_at) if over else None
    related = segment.related
    candidates = leg.candidates if leg is not None else call.candidates
    party = None if related is None else RecordShown.of(related.record, related.record.reason or related.source)
    return CallShown(
        call_id=stored.key,
        calls_id=call.calls_id,
        sip_call_id=leg.sip_call_id if leg is not None else None,
        direction=call.direction or Direction.INTERNAL,
        number=call.number,
        display_number=display(call.number, region) if call.number else "",
        withheld=call.withheld,
        state=state,
        started_at=_text(_first(leg.rang_at if leg is not None else None, segment.started_at, call.started_at)),
        answered_at=_text((leg.answered_at if leg is not None else None) or segment.answered_at),
        ended_at=_text(ended_at),
        outcome=_outcome(segment, leg, stored) if over else None,
        disconnected_by=(segment.disconnected_by or call.disconnected_by) if over else None,
        campaign=campaign,
        ivr=call.ivr,
        party=party,
        searching=stored.searching,
        candidates=[RecordShown.of(record) for record in candidates],
        related=_related(segment),
        log=log,
    )


def _first(*moments: datetime | None) -> datetime | None:
    return next((moment for moment in moments if moment is not None), None)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _outcome(segment: Segment, leg: Leg | None, stored: StoredCall) -> Outcome | None:
    outcome = segment.outcome or stored.call.outcome
    if outcome is None and leg is not None:
        return Outcome.ANSWERED if leg.answered_at is not None else Outcome.NO_ANSWER
    return outcome


def _related(segment: Segment) -> RelatedShown | None:
    """Who and what the Task points at; after an outbound BUSY what the manual wants shown (R38)."""
    if segment.related is None:
        return None
    record = segment.related.record
    targets = links(record)
    what = shown_as_related(record, segment.outcome) if segment.outcome is not None else targets.what_id
    return RelatedShown(targets.who_id, what, record.name)
