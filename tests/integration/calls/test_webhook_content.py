"""Whatever an authentic event says, it is stored or refused, alike on both databases, and nothing breaks on it."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from cti.calllog.service import CallLogger
from cti.domain.presence import Presence, PresenceClass
from cti.domain.times import iso
from cti.pbx import assumed
from cti.pbx.shape import HIDDEN, MOST_FIELDS
from cti.store.facts import FactRow
from tests.integration.calls.rig import ANNA, Rig
from tests.integration.calls.test_webhooks import ENDED, NOW, STATUS, Door, event
from tests.support.postgresql import DATABASES
from tests.unit.domain.test_text import ANY_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cti.domain.call import Call
    from cti.domain.facts import Fact

pytestmark = [pytest.mark.assumed("A3"), pytest.mark.parametrize("rig", DATABASES, indirect=True)]


@pytest.fixture
def door(rig: Rig) -> Door:
    """The webhook's address where real logs are written."""
    rig.change_pairing(default_user_id="005000000000009AAA", log_other_phones=True)
    rig.log = CallLogger(rig.clock)  # type: ignore[assignment]  # the real one instead of a fake
    rig.restart()
    rig.attend(ANNA)
    return Door(rig)


def stored(door: Door) -> list[FactRow]:
    """Everything that is kept, oldest first."""
    with Session(door.rig.database.engine) as session:
        return list(session.scalars(select(FactRow).order_by(FactRow.id)))


def call_of(door: Door, calls_id: int = 136) -> Call:
    with door.rig.database.read() as uow:
        found = uow.calls.by_calls_id("acme", calls_id)
    assert found is not None
    return found.call


def moment(door: Door, seconds: float) -> str:
    return iso(door.rig.at(seconds))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sip_call_id", "x" * 256),
        ("sip_call_id", "x" * 60_000),
        ("dial_id", "d" * 65),
        ("queue", "Q" * 300),
        ("users_id", 2**63),
        ("users_id", -(2**63)),
        ("campaigns_id", float("inf")),
        ("campaigns_id", float("nan")),
        ("talk_seconds", -3),
        ("number_a", "6" * 300),
        ("ivr", {"code": 1}),
        ("answered_at", "0001-01-01T00:00:00+01:00"),
        ("answered_at", "9999-12-31T23:59:59-05:00"),
        ("ended_at", "2099-01-01T00:00:00Z"),
        ("direction", "sideways"),
    ],
)
def test_a_field_that_cannot_be_kept_is_left_out_and_told(door: Door, field: str, value: Any) -> None:
    assert door.send(event("CallEnded", {**ENDED, field: value})).status_code == 204
    (row,) = stored(door)
    assert row.content is not None
    kept = {**row.content, "sip_call_id": row.sip_call_id, "campaigns_id": row.content.get("campaign_id")}
    assert kept.get(field) is None
    assert kept["status"] == "ANSWERED"
    assert [name for _, name in door.unreadable if name == field] == [field]


@pytest.mark.parametrize(
    "raw", [b"1e400", b"-1e400", b"NaN", b"Infinity", b"9" * 5000, b'"\\ud800"', b'"a\\u0000b"', b'"Zaj\xeaty"']
)
def test_no_spelling_of_a_value_keeps_an_event_out(door: Door, raw: bytes) -> None:
    fields = ("queue", "ivr", "number_a", "campaigns_id", "sip_call_id", "users_id", "date_time", "other")
    for calls_id, field in enumerate(fields, 200):
        body = json.dumps(event("CallCreated", {"calls_id": calls_id, field: "PLACE"})).encode()
        assert door.send(body.replace(b'"PLACE"', raw)).status_code == 204
        assert call_of(door, calls_id).calls_id == calls_id


@pytest.mark.parametrize(
    "changes",
    [
        {"customerId": "7"},
        {"customerId": "seven"},
        {"customerId": None},
        {"version": "two"},
        {"version": 1e400},
        {"extra": [1]},
    ],
)
def test_what_is_not_used_of_the_envelope_keeps_no_event_out(door: Door, changes: dict[str, Any]) -> None:
    assert door.send(event("CallCreated", **changes)).status_code == 204
    assert call_of(door).calls_id == 136


@pytest.mark.parametrize("calls_id", [2**63, 1e400, "\0", "\ud800", -(2**63), [136]])
def test_a_call_without_a_usable_id_is_counted_as_unknown(door: Door, calls_id: Any) -> None:
    assert door.send(event("CallCreated", {"calls_id": calls_id})).status_code == 204
    assert door.counted == ["unknown"]


def test_an_answer_at_the_edge_of_the_calendar_costs_nothing_but_itself(door: Door) -> None:
    body = event("CallEnded", {**ENDED, "answered_at": "0001-01-01T00:00:00+01:00"})
    assert door.send(body).status_code == 204
    call = call_of(door)
    assert (call.answered_at, call.talk_seconds, call.segments[0].agent_users_id) == (None, 60, 101)
    assert door.unreadable == [("CallEnded", "answered_at")]


@pytest.mark.parametrize("empty", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00+01:24"])
def test_a_call_that_was_not_answered_has_no_answer_whatever_date_stands_for_none(door: Door, empty: str) -> None:
    assert door.send(event("CallCreated")).status_code == 204
    unanswered = {"status": "NO ANSWER", "talk_seconds": 0, "answered_at": empty, "users_id": None}
    assert door.send(event("CallEnded", {**ENDED, **unanswered}, createdAt=ENDED["ended_at"])).status_code == 204
    call = call_of(door)
    assert (call.answered_at, call.talk_seconds, call.segments[0].agent_users_id) == (None, 0, None)


def test_a_ring_sent_again_after_the_end_changes_nothing(door: Door) -> None:
    for name, second in (("CallCreated", 0), ("CallRinging", 1), ("CallAnswered", 4)):
        assert door.send(event(name, createdAt=moment(door, second))).status_code == 204
    end = {**ENDED, "answered_at": moment(door, 4), "ended_at": moment(door, 64)}
    assert door.send(event("CallEnded", end, createdAt=moment(door, 64))).status_code == 204
    before = call_of(door)
    assert (before.answered_at, before.talk_seconds) == (door.rig.at(4), 60)
    assert door.send(event("CallRinging", createdAt=moment(door, 90))).status_code == 204
    assert call_of(door) == before


# -- nothing is later than now -----------------------------------------------------------------------------------------


def status(door: Door, kind: str, since: str, *, status_id: int = 5, **envelope: Any) -> None:
    told = {**STATUS, "id": status_id, "class": kind, "name": kind, "since": since, "until": None}
    body = event("UserStatusChanged", **envelope) | {"data": {"users_id": 101, "date_time": since, "status": told}}
    assert door.send(body).status_code == 204


def shown(door: Door) -> str:
    return str(door.rig.snapshot(ANNA)["presence"]["class"])


@pytest.mark.parametrize("since", ["2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-22T10:00:00Z"])
def test_a_status_from_the_future_does_not_freeze_the_agents_status(door: Door, since: str) -> None:
    status(door, "pause", since)
    assert shown(door) == "pause"
    door.rig.clock.advance(10)
    status(door, "ready", moment(door, 10), createdAt=moment(door, 10))
    assert shown(door) == "ready"


def test_a_status_frozen_before_is_put_right_by_the_next_report(door: Door) -> None:
    frozen = Presence(5, PresenceClass.PAUSE, "Przerwa", door.rig.at(10**9))
    with door.rig.database.write() as uow:
        uow.agents.save_presence("acme", 101, frozen)
        uow.commit()
    status(door, "ready", NOW)
    assert shown(door) == "ready"


def test_a_clock_that_is_a_little_ahead_keeps_its_own_order(door: Door) -> None:
    status(door, "busy", moment(door, 120), createdAt=moment(door, 120))
    status(door, "pause", moment(door, 60), createdAt=moment(door, 60))
    assert shown(door) == "busy"


@pytest.mark.assumed("A83")
@pytest.mark.parametrize(
    "created_at",
    [
        "2099-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "1970-01-01T00:00:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00.5",
        "0001-01-01T00:00:00",
    ],
)
def test_an_event_dated_as_it_cannot_be_is_placed_when_it_came(door: Door, created_at: str) -> None:
    body = event("CallCreated", createdAt=created_at)
    for _ in range(3):
        assert door.send(body).status_code == 204
        door.rig.clock.advance(5)
    (row,) = stored(door)
    assert row.at.replace(tzinfo=None) == door.rig.start.replace(tzinfo=None)
    assert ("webhook", "createdAt") in door.unreadable
    assert call_of(door).started_at == door.rig.start


@pytest.mark.parametrize(
    "number", ["numer zastrzeżony", "Anonymous <sip:anonymous@anonymous.invalid>", "anonymous@anonymous.invalid"]
)
def test_a_caller_who_shows_no_number_is_withheld_however_that_is_said(door: Door, number: str) -> None:
    assert door.send(event("CallRinging", {"number_a": number})).status_code == 204
    call = call_of(door)
    assert (call.withheld, call.number) == (True, "")


# -- events that are not understood ------------------------------------------------------------------------------------


def test_of_an_unknown_event_nothing_personal_is_kept(door: Door) -> None:
    said = {
        "calls_id": 136,
        "text": "Dzień dobry, mówi Jan Kowalski, mój numer to 600 100 200",
        "speakers": [{"name": "Jan Kowalski", "phone": "+48600100200"}],
        "by_number": {"+48600100200": "Jan", "n48600100200": True},
        "long": "x" * 60_000,
    }
    body = event("TranscriptionCreated") | {"data": said}
    assert door.send(body).status_code == 204
    (row,) = stored(door)
    assert row.content == {
        "event_name": "TranscriptionCreated",
        "shape": {
            "calls_id": "number",
            "text": "text",
            "speakers": [{"name": "text", "phone": "text"}],
            "by_number": {HIDDEN: HIDDEN},
            "long": "text",
        },
    }


def test_an_unknown_event_takes_little_room_however_large_it_is(door: Door) -> None:
    wide = {f"field_{number}": {"a": [{"b": {"c": {"d": 1}}}]} for number in range(700)}
    body = event("+48600100200 Jan") | {"data": wide}
    assert door.send(body).status_code == 204
    (row,) = stored(door)
    assert row.content is not None
    assert row.content["event_name"] == HIDDEN
    assert len(row.content["shape"]) <= MOST_FIELDS
    assert len(json.dumps(row.content)) < 8000


def test_an_unknown_event_with_a_zero_character_is_taken_once(door: Door) -> None:
    body = event("Odd") | {"data": {"x": "a\0b", "y\0": "\ud800"}}
    assert [door.send(body).status_code for _ in range(2)] == [204, 204]
    assert [row.content for row in stored(door)] == [{"event_name": "Odd", "shape": {"x": "text", "y": "text"}}]


# -- whatever it is ----------------------------------------------------------------------------------------------------

NAMES = sorted(assumed.CALL_EVENTS)
FIELDS = [
    "calls_id",
    "date_time",
    "campaigns_id",
    "direction",
    "users_id",
    "queue",
    "number_a",
    "number_b",
    "ivr",
    "segment",
    "sip_call_id",
    "dial_id",
    *ENDED,
]
TIMES = st.one_of(
    st.sampled_from(
        ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00", "1970-01-01T00:00:00Z", "2099-01-01", NOW]
    ),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))])).map(lambda at: at.isoformat()),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT)
ODD = st.one_of(
    SCALARS,
    TIMES,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(ANY_TEXT, SCALARS, max_size=2),
    st.sampled_from([2**63, -(2**63), 1e400, "x" * 400, "\0", "\ud800", "1" * 25, "sip:+48600100200@x;\0"]),
)
CALL_DATA = st.dictionaries(st.sampled_from(FIELDS), ODD, min_size=1, max_size=6)
ENVELOPES = st.one_of(
    st.just({}),
    st.builds(lambda at: {"createdAt": at}, TIMES),
    st.dictionaries(st.sampled_from(["eventName", "customerId", "version", "createdAt"]), ODD, max_size=1),
)
STATUSES = st.dictionaries(st.sampled_from(sorted(STATUS)), ODD, min_size=1, max_size=4)
EVENTS = st.one_of(
    st.builds(lambda name, data, changes: event(name, data, **changes), st.sampled_from(NAMES), CALL_DATA, ENVELOPES),
    st.builds(
        lambda data, changes: {**event("Other", **changes), "data": data},
        st.dictionaries(ANY_TEXT, ODD, max_size=4),
        ENVELOPES,
    ),
    st.builds(
        lambda told, users_id, at: (
            event("UserStatusChanged") | {"data": {"users_id": users_id, "date_time": at, "status": {**STATUS, **told}}}
        ),
        STATUSES,
        st.one_of(st.just(101), ODD),
        TIMES,
    ),
)


class Kept:
    """The writer as the intake's sink, remembering what it was given."""

    def __init__(self, door: Door) -> None:
        self.facts: list[Fact] = []
        self._store = door.rig.room.facts.store_facts

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        self._store(tenant_id, facts, cursor=cursor)
        self.facts += facts


def as_stored(row: FactRow) -> tuple[Any, ...]:
    at: datetime = row.at
    return (row.identity, row.kind, iso(at), row.calls_id, row.sip_call_id, row.content)


def as_given(fact: Fact) -> tuple[Any, ...]:
    return (fact.identity, fact.kind, iso(fact.at), fact.calls_id, fact.sip_call_id, dict(fact.content))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(EVENTS)
def test_any_json_is_stored_as_it_was_taken_or_refused(door: Door, body: dict[str, Any]) -> None:
    kept = Kept(door)
    door.intake._sink = kept  # type: ignore[assignment]  # watched
    before = {row.identity for row in stored(door)}
    answer = door.send(json.dumps(body).encode())
    assert answer.status_code in {204, 400, 403}, answer.get_data(as_text=True)
    assert (answer.status_code == 204) == bool(kept.facts)
    door.rig.snapshot(ANNA)
    after = {row.identity: row for row in stored(door)}
    for fact in kept.facts:
        if fact.identity not in before:
            assert as_stored(after[fact.identity]) == as_given(fact)
