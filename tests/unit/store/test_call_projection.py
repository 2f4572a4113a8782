"""A call is read as it was written: by this release and by those before it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from cti.domain.call import Call, Direction, Leg, Segment, State
from cti.domain.fold import fold
from cti.domain.outcome import Outcome
from cti.domain.record import Claim, Record, Related
from cti.store.calls import call_from_json, call_to_json
from tests.unit.domain.any_facts import any_facts
from tests.unit.domain.facts import ANNA, CUSTOMER, START

if TYPE_CHECKING:
    from cti.domain.facts import Fact

CONTACT = Record("003000000000001AAA", "Contact", "Jan Kowalski", account_id="001000000000001AAA", reason="mobile")
BEGAN, ANSWERED, ENDED = START, START + timedelta(seconds=5, microseconds=250_000), START + timedelta(seconds=65)
LEG = Leg(
    ANNA, State.ENDED, BEGAN, None, ANSWERED, ENDED, "16", True, "sip-1", True, (CONTACT,), True, True, CUSTOMER, "1234"
)
SEGMENT = Segment(
    index=0, agent_users_id=ANNA, started_at=BEGAN, answered_at=ANSWERED, ended_at=ENDED, outcome=Outcome.ANSWERED,
    outcome_final=True, cause="16", disconnected_by="customer", talk_seconds=60, recording=True, queue="Obsługa",
    legs=(LEG,), related=Related(CONTACT, "matched"), note="Oddzwonić", disposition="sale",
)  # fmt: skip
CALL = Call(
    calls_id=7, sip_call_ids=("sip-1",), dial_id="dial-1", direction=Direction.INBOUND, number=CUSTOMER,
    own_number="+48221110000", campaign_id=1, queue="Obsługa", ivr="1234", state=State.ENDED, started_at=BEGAN,
    answered_at=ANSWERED, ended_at=ENDED, outcome=Outcome.ANSWERED, outcome_final=True, cause="16",
    disconnected_by="customer", talk_seconds=60, recording=True, segments=(SEGMENT,),
    clicked=Related(CONTACT, "clicked"), unchecked=(Claim(ANNA, "500000000000001AAA", "Case", "acme-1"),),
    candidates=(CONTACT,), matched=True,
)  # fmt: skip
CONTACT_JSON = {
    "record_id": "003000000000001AAA", "object_type": "Contact", "name": "Jan Kowalski",
    "account_id": "001000000000001AAA", "contact_id": None, "person_account": False, "reason": "mobile",
    "contact_hidden": False,
}  # fmt: skip
LEG_JSON = {
    "users_id": 101, "state": "ended", "rang_at": "2026-11-22T09:00:00Z", "rang_again_at": None,
    "answered_at": "2026-11-22T09:00:05.250000Z", "ended_at": "2026-11-22T09:01:05Z", "cause": "16", "on_pane": True,
    "sip_call_id": "sip-1", "popped": True, "candidates": [CONTACT_JSON], "matched": True, "match_complete": True,
    "matched_number": "+48600100200", "matched_ivr": "1234",
}  # fmt: skip
SEGMENT_JSON = {
    "index": 0, "agent_users_id": 101, "started_at": "2026-11-22T09:00:00Z",
    "answered_at": "2026-11-22T09:00:05.250000Z", "ended_at": "2026-11-22T09:01:05Z", "outcome": "ANSWERED",
    "outcome_final": True, "cause": "16", "disconnected_by": "customer", "talk_seconds": 60, "recording": True,
    "queue": "Obsługa", "legs": [LEG_JSON], "related": {"record": CONTACT_JSON, "source": "matched"},
    "unlinked": False, "note": "Oddzwonić", "disposition": "sale",
}  # fmt: skip
CALL_JSON: dict[str, Any] = {
    "calls_id": 7, "sip_call_ids": ["sip-1"], "dial_id": "dial-1", "direction": "inbound", "number": "+48600100200",
    "own_number": "+48221110000", "withheld": False, "campaign_id": 1, "queue": "Obsługa", "ivr": "1234",
    "state": "ended", "started_at": "2026-11-22T09:00:00Z", "answered_at": "2026-11-22T09:00:05.250000Z",
    "ended_at": "2026-11-22T09:01:05Z", "outcome": "ANSWERED", "outcome_final": True, "cause": "16",
    "disconnected_by": "customer", "talk_seconds": 60, "recording": True, "segments": [SEGMENT_JSON],
    "clicked": {"record": CONTACT_JSON, "source": "clicked"},
    "unchecked": [
        {
            "users_id": 101, "record_id": "500000000000001AAA", "object_type": "Case", "pairing_id": "acme-1",
            "sf_user_id": None, "dial_id": None,
        }
    ],
    "candidates": [CONTACT_JSON], "matched": True, "match_complete": True, "forgotten": False,
}  # fmt: skip


def without(value: Any, *names: str) -> Any:
    """`value` with these keys in no object of it."""
    if isinstance(value, list):
        return [without(each, *names) for each in value]
    if isinstance(value, dict):
        return {key: without(each, *names) for key, each in value.items() if key not in names}
    return value


def with_more(value: Any) -> Any:
    """`value` with a key in each object of it that this release does not know."""
    if isinstance(value, list):
        return [with_more(each) for each in value]
    if isinstance(value, dict):
        return {**{key: with_more(each) for key, each in value.items()}, "of_a_later_release": {"x": [1]}}
    return value


def test_a_call_is_written_field_by_field() -> None:
    written = call_to_json(CALL)
    assert json.dumps(written) == json.dumps(CALL_JSON)


def test_what_was_written_is_read() -> None:
    assert call_from_json(CALL_JSON) == CALL


def test_what_a_later_release_wrote_too_is_left_out() -> None:
    assert call_from_json(with_more(CALL_JSON)) == CALL


def test_what_an_earlier_release_did_not_write_takes_its_default() -> None:
    new = ("rang_again_at", "matched_number", "matched_ivr", "unchecked", "unlinked", "contact_hidden", "dial_id")
    earlier = call_from_json(without(CALL_JSON, *new))
    leg = replace(LEG, matched_number=None, matched_ivr=None)
    assert earlier == replace(CALL, dial_id=None, unchecked=(), segments=(replace(SEGMENT, legs=(leg,)),))


@pytest.mark.parametrize("moment", ["2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00+00:00"])
def test_a_time_is_read_in_any_zone(moment: str) -> None:
    assert call_from_json({**CALL_JSON, "started_at": moment}) == CALL


@given(any_facts)
@settings(max_examples=100, deadline=None)
def test_a_call_is_kept_whole_whatever_its_facts(facts: list[Fact]) -> None:
    call = fold(facts)
    assert call_from_json(json.loads(json.dumps(call_to_json(call)))) == call
