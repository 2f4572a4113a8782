"""A call as one agent's pane sees it: the CALL object of the pane's channel, built here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cti.domain.call import State
from cti.domain.phone_number import display
from cti.domain.related_to import links, shown_as_related
from cti.domain.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cti.domain.call import Leg, Segment, StoredCall
    from cti.domain.record import Record

NO_LOG: Mapping[str, Any] = {"state": "none", "taskId": None, "code": None}


def call_view(
    stored: StoredCall, users_id: int, *, region: str, campaign: str | None, log: Mapping[str, Any] = NO_LOG
) -> dict[str, Any]:
    """The CALL object for that agent; `campaign` is its campaign's name, `log` how its Task stands."""
    call = stored.call
    found = call.leg_of(users_id)
    segment, leg = found if found is not None else (call.last, None)
    state = State.ENDED if call.state is State.ENDED or leg is None else leg.state
    over = state is State.ENDED
    ended_at = ((leg.ended_at if leg is not None else None) or segment.ended_at or call.ended_at) if over else None
    related = segment.related
    candidates = leg.candidates if leg is not None else call.candidates
    return {
        "callId": stored.key,
        "callsId": call.calls_id,
        "sipCallId": leg.sip_call_id if leg is not None else None,
        "direction": call.direction.value if call.direction else "internal",
        "number": call.number,
        "displayNumber": display(call.number, region) if call.number else "",
        "withheld": call.withheld,
        "state": state.value,
        "startedAt": _text(_first(leg.rang_at if leg is not None else None, segment.started_at, call.started_at)),
        "answeredAt": _text((leg.answered_at if leg is not None else None) or segment.answered_at),
        "endedAt": _text(ended_at),
        "outcome": _outcome(segment, leg, stored) if over else None,
        "disconnectedBy": (segment.disconnected_by or call.disconnected_by) if over else None,
        "campaign": campaign,
        "ivr": call.ivr,
        "party": _record(related.record) | {"reason": related.record.reason or related.source} if related else None,
        "searching": stored.searching,
        "candidates": [_record(record) for record in candidates],
        "related": _related(segment),
        "log": dict(log),
    }


def _first(*moments: datetime | None) -> datetime | None:
    return next((moment for moment in moments if moment is not None), None)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _outcome(segment: Segment, leg: Leg | None, stored: StoredCall) -> str | None:
    outcome = segment.outcome or stored.call.outcome
    if outcome is None and leg is not None:
        return "ANSWERED" if leg.answered_at is not None else "NO ANSWER"
    return outcome.value if outcome is not None else None


def _record(record: Record) -> dict[str, Any]:
    return {
        "recordId": record.record_id,
        "objectType": record.object_type,
        "name": record.name,
        "reason": record.reason,
    }


def _related(segment: Segment) -> dict[str, Any] | None:
    """Who and what the Task points at; after an outbound BUSY what the manual wants shown (R38)."""
    if segment.related is None:
        return None
    record = segment.related.record
    targets = links(record)
    what = shown_as_related(record, segment.outcome) if segment.outcome is not None else targets.what_id
    return {"whoId": targets.who_id, "whatId": what, "name": record.name}
