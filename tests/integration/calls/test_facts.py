"""What comes of facts: calls, events for panes, changes for the log."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from cti.domain.facts import Fact
from cti.domain.match import MatchResult
from cti.domain.outcome import Outcome
from cti.domain.presence import Presence, PresenceClass
from cti.domain.record import Record
from cti.domain.times import iso
from tests.integration.calls.rig import ANNA, CUSTOMER, EWA, JAN, PIOTR
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)


def test_a_call_is_shown_to_the_agent_it_rings_and_to_nobody_else(rig: Rig) -> None:
    rig.attend(ANNA, PIOTR)
    rig.store(rig.fcc("created", 0), rig.fcc("ringing", 1, users_id=101))
    (call,) = [event["call"] for event in rig.events(ANNA, "call")]
    assert (call["callsId"], call["state"], call["number"]) == (7, "ringing", CUSTOMER)
    assert call["displayNumber"] == "600 100 200"
    assert rig.events(PIOTR, "call") == []
    assert rig.calls(PIOTR) == []


def test_the_same_webhook_twice_changes_nothing(rig: Rig) -> None:
    rig.attend(ANNA)
    fact = rig.fcc("ringing", 1, users_id=101)
    rig.store(fact)
    rig.store(fact, fact)
    assert len(rig.events(ANNA, "call")) == 1
    assert len(rig.log.changes) == 1


def test_facts_that_come_late_and_out_of_order_end_in_the_same_call(rig: Rig) -> None:
    facts = [
        rig.fcc("created", 0),
        rig.fcc("ringing", 1, users_id=101),
        rig.fcc("answered", 4, users_id=101),
        rig.fcc("ended", 64, users_id=101, status="ANSWERED", talk_seconds=60),
    ]
    for fact in reversed(facts):
        rig.store(fact)
    last = rig.log.changes[-1]
    assert (last.outcome, last.talk_seconds, last.answered_at) == (Outcome.ANSWERED, 60, rig.at(4))


def test_the_log_is_told_of_each_change(rig: Rig) -> None:
    rig.store(rig.fcc("created", 0))
    rig.store(rig.fcc("ended", 9, status="NO ANSWER"))
    assert [call.outcome for call in rig.log.changes] == [None, Outcome.NO_ANSWER]


def test_what_the_log_refuses_is_not_stored_either(rig: Rig) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    keep = rig.log.call_changed
    rig.log.call_changed = fail  # type: ignore[method-assign]  # a log that breaks
    with pytest.raises(RuntimeError):
        rig.store(rig.fcc("created", 0))
    rig.log.call_changed = keep  # type: ignore[method-assign]  # mended
    rig.store(rig.fcc("created", 0))
    assert len(rig.log.changes) == 1


def test_facts_sent_at_once_by_many_threads_are_all_stored(rig: Rig) -> None:
    rig.attend(ANNA)
    errors: list[Exception] = []

    def send(number: int) -> None:
        try:
            for kind, second in (("created", 0), ("ringing", 1), ("ended", 9)):
                content = {"users_id": 101, "status": "NO ANSWER"} if kind == "ended" else {"users_id": 101}
                rig.store(rig.fcc(kind, second, calls_id=number, **content))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ended = {after.calls_id for after in rig.log.changes if after.outcome is Outcome.NO_ANSWER}
    assert ended == set(range(1, 17))


def test_one_bad_parcel_does_not_spoil_its_neighbours(rig: Rig) -> None:
    with pytest.raises(Exception, match="call-unknown"):
        rig.room.facts.store_facts("nobody", [rig.fcc("created", 0)])
    rig.store(rig.fcc("created", 0))
    assert len(rig.log.changes) == 1


# -- the pane and the PBX ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["none", "call-id"])
@pytest.mark.parametrize("pane_first", [True, False])
def test_a_panes_dialog_and_fccs_call_become_one(rig: Rig, way: str, pane_first: bool) -> None:
    rig.correlate_by(way)
    rig.attend(ANNA)
    sip = "sip-1" if way == "call-id" else None
    created = rig.fcc("created", 0.4, sip=sip, direction="outbound", users_id=101)
    permit = rig.service.dial(ANNA, "600 100 200", Record(JAN.record_id, "Contact"))
    if not pane_first:
        rig.store(created)
    rig.report(ANNA, "dialled", 0.5, direction="outbound", dial_id=permit.dial_id)
    if pane_first:
        rig.store(created)
    rig.executor.run()
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["direction"]) == (7, "sip-1", "outbound")
    assert call["party"]["recordId"] == JAN.record_id
    rig.report(ANNA, "answered", 5, direction="outbound")
    (call,) = rig.calls(ANNA)
    assert (call["state"], call["callsId"]) == ("talking", 7)


def test_the_pane_knows_a_call_by_one_id_when_it_saw_it_first(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "dialled", 0, direction="outbound")
    (before,) = rig.calls(ANNA)
    rig.store(rig.fcc("created", 0.2, direction="outbound", users_id=101))
    (after,) = rig.calls(ANNA)
    assert after["callId"] == before["callId"]
    assert (before["callsId"], after["callsId"]) == (None, 7)


def test_the_pane_keeps_that_id_when_fcc_names_the_agent_later(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0))
    rig.report(ANNA, "ringing", 40)
    (before,) = rig.calls(ANNA)
    rig.store(rig.fcc("ringing", 40.2, users_id=101))
    (after,) = rig.calls(ANNA)
    assert (after["callId"], after["callsId"]) == (before["callId"], 7)
    assert rig.log.changes[-1].calls_id == 7
    rig.store(rig.fcc("ended", 50, status="NO ANSWER"))
    assert rig.events(ANNA, "call")[-1]["call"]["callId"] == before["callId"]


def test_a_call_fcc_showed_first_keeps_its_id(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    (before,) = rig.calls(ANNA)
    rig.report(ANNA, "ringing", 1.2)
    (after,) = rig.calls(ANNA)
    assert (after["callId"], after["sipCallId"]) == (before["callId"], "sip-1")


def test_no_call_is_handed_on_with_an_id_it_does_not_have(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "dialled", 0, direction="outbound")
    assert [after.calls_id for after in rig.log.changes] == [None]
    rig.store(rig.fcc("created", 0.2, direction="outbound", users_id=101))
    assert rig.log.changes[-1].calls_id == 7


def test_two_possible_calls_are_not_guessed_between(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0, calls_id=7, direction="outbound", users_id=101))
    rig.store(rig.fcc("created", 2, calls_id=8, direction="outbound", users_id=101))
    rig.report(ANNA, "dialled", 1, direction="outbound")
    assert {call["callsId"] for call in rig.calls(ANNA)} == {None, 7, 8}


def test_with_a_call_id_two_possible_calls_are_told_apart(rig: Rig) -> None:
    rig.correlate_by("call-id")
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0, calls_id=7, direction="outbound", users_id=101, sip="sip-0"))
    rig.store(rig.fcc("created", 2, calls_id=8, direction="outbound", users_id=101, sip="sip-1"))
    rig.report(ANNA, "dialled", 1, direction="outbound")
    assert {(call["callsId"], call["sipCallId"]) for call in rig.calls(ANNA)} == {(7, None), (8, "sip-1")}


def test_a_call_to_another_number_or_of_another_agent_is_not_taken(rig: Rig) -> None:
    rig.attend(ANNA, PIOTR)
    rig.store(rig.fcc("created", 0, calls_id=7, direction="outbound", users_id=102))
    rig.store(rig.fcc("created", 0, calls_id=8, direction="outbound", users_id=101, number="+48600100201"))
    rig.report(ANNA, "dialled", 1, direction="outbound")
    assert next(c for c in rig.calls(ANNA) if c["sipCallId"] == "sip-1")["callsId"] is None


def test_a_queue_call_joins_the_pane_by_the_moment_it_rang_there(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0))
    rig.report(ANNA, "ringing", 40)
    rig.store(rig.fcc("ringing", 40.2, users_id=101))
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"]) == (7, "sip-1")


@pytest.mark.parametrize("way", ["none", "call-id"])
@pytest.mark.parametrize("pane_first", [True, False])
@pytest.mark.parametrize("first_ring_lost", [True, False])
def test_a_call_that_rings_again_at_an_agent_is_still_one_call(
    rig: Rig, way: str, pane_first: bool, first_ring_lost: bool
) -> None:
    rig.correlate_by(way)
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0))
    if not first_ring_lost:
        rig.store(rig.fcc("ringing", 0.1, users_id=101, sip="sip-1"))
    rig.report(ANNA, "ringing", 0.2, sip_call_id="sip-1")
    rig.report(ANNA, "ended", 2, sip_call_id="sip-1", by="agent")
    rig.store(rig.fcc("leg-ended", 2, users_id=101, sip="sip-1"))
    again = rig.fcc("ringing", 7, users_id=101, sip="sip-2")
    if not pane_first:
        rig.store(again)
    rig.report(ANNA, "ringing", 7.1, sip_call_id="sip-2")
    if pane_first:
        rig.store(again)
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["state"]) == (7, "sip-2", "ringing")
    assert known_to_pane(rig) == [call]


def known_to_pane(rig: Rig) -> list[dict[str, Any]]:
    """The calls a pane knows by the events alone: one for each callId, and one only for a sipCallId, the newest."""
    known: list[dict[str, Any]] = []
    for event in rig.events(ANNA, "call"):
        call = event["call"]
        same = (call["callId"], call["sipCallId"])
        known = [one for one in known if one["callId"] != same[0] and (same[1] is None or one["sipCallId"] != same[1])]
        known.append(call)
    return known


def test_a_report_that_came_late_does_not_keep_the_next_ring_from_its_call(rig: Rig) -> None:
    """The connector was away: what the pane says of the first ring comes when the second is about to begin."""
    rig.attend(ANNA)
    rig.store(rig.fcc("created", 0))
    rig.store(rig.fcc("leg-ended", 0.2, users_id=101))
    rig.clock.advance(4)
    rig.report(ANNA, "ringing", 0.1, sip_call_id="sip-1")
    rig.report(ANNA, "ended", 0.2, sip_call_id="sip-1")
    rig.report(ANNA, "ringing", 7, sip_call_id="sip-2")
    rig.store(rig.fcc("ringing", 7.1, users_id=101))
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["state"]) == (7, "sip-2", "ringing")


def row(rig: Rig, seconds: float, **content: Any) -> Fact:
    return replace(rig.fcc("row", seconds, **content), source="list")


def test_the_list_and_the_pane_alone_make_one_call(rig: Rig) -> None:
    """Webhooks are off: the caller waited 40 s in the queue, and the list is read after the call."""
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 40)
    rig.report(ANNA, "answered", 44)
    rig.report(ANNA, "ended", 104, by="far")
    over = {"answered_at": iso(rig.at(44)), "ended_at": iso(rig.at(104)), "status": "ANSWERED"}
    rig.store(row(rig, 105, users_id=101, talk_seconds=60, **over))
    call = rig.log.changes[-1]
    assert (call.calls_id, call.outcome, call.outcome_final) == (7, Outcome.ANSWERED, True)
    assert call.segments[0].on_pane
    assert call.sip_call_ids == ("sip-1",)


@pytest.mark.req("R17")
def test_a_call_on_another_phone_is_told_from_one_on_the_pane(rig: Rig) -> None:
    rig.attend(ANNA)
    over = {"answered_at": iso(rig.at(4)), "ended_at": iso(rig.at(64)), "status": "ANSWERED"}
    rig.store(row(rig, 65, users_id=101, **over))
    assert not rig.log.changes[-1].segments[0].on_pane


def test_a_restart_between_pane_and_pbx_loses_nothing(rig: Rig) -> None:
    rig.attend(ANNA)
    permit = rig.service.dial(ANNA, CUSTOMER, Record(JAN.record_id, "Contact"))
    rig.report(ANNA, "dialled", 0.5, direction="outbound", dial_id=permit.dial_id)
    rig.restart()
    rig.store(rig.fcc("created", 0.6, direction="outbound", users_id=101))
    rig.executor.run()
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["party"]["recordId"]) == (7, "sip-1", JAN.record_id)


@pytest.mark.req("R38")
def test_after_busy_the_clicked_object_stays_related(rig: Rig) -> None:
    rig.attend(ANNA)
    record = Record("001000000000001AAA", "Account", "ACME")
    permit = rig.service.dial(ANNA, CUSTOMER, record)
    rig.report(ANNA, "dialled", 0, direction="outbound", dial_id=permit.dial_id)
    rig.executor.run()
    rig.report(ANNA, "ended", 3, direction="outbound", sip_status=486, cause="Q.850;cause=17", by="far")
    call = rig.events(ANNA, "call")[-1]["call"]
    assert (call["state"], call["outcome"]) == ("ended", "BUSY")
    assert call["related"] == {"whoId": None, "whatId": "001000000000001AAA", "name": "ACME"}


# -- who is calling ----------------------------------------------------------------------------------------------------


def test_one_caller_found_is_popped_once(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.matching.result = MatchResult((JAN,))
    rig.store(rig.fcc("created", 0, ivr="1234"), rig.fcc("ringing", 1, users_id=101))
    assert rig.events(ANNA, "pop") == []
    rig.executor.run()
    assert rig.matching.asked == [(101, CUSTOMER, None)]  # codes are not looked up by this pairing
    (pop,) = rig.events(ANNA, "pop")
    assert (pop["recordId"], pop["objectType"], pop["reason"]) == (JAN.record_id, "Contact", "mobile")
    rig.store(rig.fcc("answered", 3, users_id=101))
    rig.executor.run()
    assert len(rig.events(ANNA, "pop")) == 1
    assert len(rig.matching.asked) == 1
    assert rig.calls(ANNA)[0]["party"]["name"] == "Jan Kowalski"


@pytest.mark.parametrize(
    "result", [MatchResult(), MatchResult((JAN, EWA)), MatchResult((JAN,), complete=False)], ids=["none", "two", "part"]
)
def test_anything_but_one_certain_caller_is_not_popped(rig: Rig, result: MatchResult) -> None:
    rig.attend(ANNA)
    rig.matching.result = result
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    assert rig.events(ANNA, "pop") == []
    assert len(rig.calls(ANNA)[0]["candidates"]) == len(result.candidates)


@pytest.mark.req("R13")
def test_nothing_pops_while_the_integration_is_off(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.change_pairing(active=False)
    rig.matching.result = MatchResult((JAN,))
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    assert rig.events(ANNA, "pop") == []


@pytest.mark.parametrize("number", ["", "40312", "112"])
def test_withheld_internal_and_short_numbers_are_not_searched(rig: Rig, number: str) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101, number=number))
    assert rig.executor.waiting == []


def test_a_call_that_ended_before_the_search_did_is_not_popped(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.matching.result = MatchResult((JAN,))
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.store(rig.fcc("ended", 2, status="NO ANSWER"))
    rig.executor.run()
    assert rig.events(ANNA, "pop") == []


def test_a_search_that_fails_leaves_the_call_as_it_is(rig: Rig) -> None:
    rig.attend(ANNA)

    def fail(*_: Any, **__: Any) -> MatchResult:
        raise RuntimeError("away")

    rig.matching.find = fail  # type: ignore[method-assign]  # a search that breaks
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    assert rig.calls(ANNA)[0]["candidates"] == []


def test_a_restart_goes_on_with_the_searches_of_calls_that_are_up(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.restart()
    rig.matching.result = MatchResult((JAN,))
    rig.room.upkeep.tick()
    rig.executor.run()
    assert [pop["recordId"] for pop in rig.events(ANNA, "pop")] == [JAN.record_id]


# -- presence ----------------------------------------------------------------------------------------------------------


def presence_fact(rig: Rig, seconds: float, status_id: int, kind: PresenceClass, until: float | None = None) -> Fact:
    presence = Presence(status_id, kind, kind.value, rig.at(seconds), rig.at(until) if until else None)
    return Fact("fcc", "presence", rig.at(seconds), content={"users_id": 101, "presence": presence.to_json()})


@pytest.mark.req("R33")
def test_presence_follows_fcc_and_late_news_does_not_turn_it_back(rig: Rig) -> None:
    rig.attend(ANNA)
    count = len(rig.events(ANNA, "presence"))
    rig.store(presence_fact(rig, 10, 3, PresenceClass.BUSY))
    rig.store(presence_fact(rig, 5, 1, PresenceClass.READY))
    assert rig.snapshot(ANNA)["presence"]["class"] == "busy"
    assert len(rig.events(ANNA, "presence")) == count + 1


@pytest.mark.req("R39")
def test_wrap_comes_with_its_end_and_with_the_call_it_follows(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("answered", 1, users_id=101), rig.fcc("ended", 61, users_id=101, status="ANSWERED"))
    rig.clock.advance(61)
    assert rig.calls(ANNA) == []
    rig.store(presence_fact(rig, 61, 4, PresenceClass.WRAP, until=81))
    assert rig.events(ANNA, "presence")[-1]["presence"]["until"] == "2026-11-22T09:01:21Z"
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["state"], call["outcome"]) == (7, "ended", "ANSWERED")


def test_the_same_presence_asked_for_again_is_no_news(rig: Rig) -> None:
    rig.attend(ANNA)
    count = len(rig.events(ANNA, "presence"))
    rig.clock.advance(30)
    rig.room.facts.presence_reported("acme", 101, rig.exchange.presence("anna.nowak"))
    assert len(rig.events(ANNA, "presence")) == count
    assert rig.room.activity.last_presence_at("acme", 101) == rig.clock.now()


# -- retention ---------------------------------------------------------------------------------------------------------


def test_old_facts_are_redacted_to_tombstones_and_stay_known(rig: Rig) -> None:
    rig.attend(ANNA)
    old = rig.fcc("ended", 9, users_id=101, status="ANSWERED")
    note = Fact("agent", "note", rig.at(5), 7, content={"users_id": 101, "text": "prywatne"})
    rig.store(rig.fcc("answered", 1, users_id=101), note, old)
    rig.clock.advance(91 * 86400)
    assert rig.room.retention.redact(rig.clock.now()) >= 3
    with rig.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert uow.facts.of_call(stored.key) == []
    assert stored.redacted
    assert (stored.call.number, stored.call.note) == ("", None)
    assert stored.call.outcome is Outcome.ANSWERED
    changes = len(rig.log.changes)
    rig.store(old, rig.fcc("held", 5, users_id=101))
    assert len(rig.log.changes) == changes


def test_facts_are_redacted_by_themselves_after_ninety_days(rig: Rig) -> None:
    rig.store(rig.fcc("created", 0))
    for days, left in ((89, 1), (2, 0)):
        rig.clock.advance(days * 86400)
        rig.room.upkeep.tick()
        with rig.database.read() as uow:
            stored = uow.calls.by_calls_id("acme", 7)
            assert stored is not None
            assert len(uow.facts.of_call(stored.key)) == left


def test_younger_facts_are_left_alone(rig: Rig) -> None:
    rig.store(rig.fcc("created", 0))
    rig.room.retention.redact(rig.at(-1))
    with rig.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert len(uow.facts.of_call(stored.key)) == 1


def test_a_number_can_be_forgotten(rig: Rig) -> None:
    rig.store(rig.fcc("ended", 9, users_id=101, status="ANSWERED"))
    rig.store(rig.fcc("ended", 9, calls_id=8, users_id=101, status="ANSWERED", number="+48600100201"))
    assert rig.room.retention.erase_number("acme", "600 100 200") == 1
    with rig.database.read() as uow:
        forgotten, kept = uow.calls.by_calls_id("acme", 7), uow.calls.by_calls_id("acme", 8)
        assert forgotten is not None
        assert [fact.kind for fact in uow.facts.of_call(forgotten.key)] == ["forgotten"]
    assert kept is not None
    assert (forgotten.call.number, kept.call.number) == ("", "+48600100201")
    assert rig.log.changes[-1].forgotten
    changes = len(rig.log.changes)
    rig.store(rig.fcc("held", 5, users_id=101))
    assert len(rig.log.changes) == changes
    assert rig.room.retention.erase_number("acme", "600 100 200") == 0


# -- what panes are told is as documented ------------------------------------------------------------------------------

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "pane-channel.schema.json").read_text(encoding="utf-8"))


def valid(name: str, value: Any) -> None:
    Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).validate(value)


def test_calls_presence_and_snapshots_have_the_documented_shape(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.matching.result = MatchResult((JAN,))
    permit = rig.service.dial(ANNA, CUSTOMER, Record(JAN.record_id, "Contact"))
    rig.report(ANNA, "dialled", 0, direction="outbound", dial_id=permit.dial_id)
    rig.store(rig.fcc("created", 0.1, direction="outbound", users_id=101))
    rig.report(ANNA, "ended", 9, direction="outbound", sip_status=486, by="far")
    rig.store(rig.fcc("ringing", 20, calls_id=8, users_id=101, withheld=True, number=""))
    rig.store(rig.fcc("ringing", 30, calls_id=9, users_id=101, number="+48600100201", queue="Obsługa"))
    rig.executor.run()
    shown = [event["call"] for event in rig.events(ANNA, "call")]
    assert len(shown) >= 5
    for call in shown:
        valid("CallShown", call)
    for event in rig.events(ANNA, "presence"):
        valid("PresenceShown", event["presence"])
    snapshot = rig.snapshot(ANNA)
    assert snapshot["calls"]
    for call in snapshot["calls"]:
        valid("CallShown", call)
    for status in snapshot["statuses"]:
        valid("StatusShown", status)
    valid("PresenceShown", snapshot["presence"])
    valid("CapabilitiesShown", snapshot["capabilities"])
    assert rig.events(ANNA, "pop")[0]["callId"] in {call["callId"] for call in shown}
