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
from cti.domain.times import iso
from tests.integration.calls.bench import ANNA, CUSTOMER, DATABASES, EWA, JAN, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.bench import Bench

pytestmark = pytest.mark.parametrize("bench", DATABASES, indirect=True)


def test_a_call_is_shown_to_the_agent_it_rings_and_to_nobody_else(bench: Bench) -> None:
    bench.attend(ANNA, PIOTR)
    bench.record(bench.fcc("created", 0), bench.fcc("ringing", 1, users_id=101))
    (call,) = [event["call"] for event in bench.events(ANNA, "call")]
    assert (call["callsId"], call["state"], call["number"]) == (7, "ringing", CUSTOMER)
    assert call["displayNumber"] == "600 100 200"
    assert bench.events(PIOTR, "call") == []
    assert bench.calls(PIOTR) == []


def test_the_same_webhook_twice_changes_nothing(bench: Bench) -> None:
    bench.attend(ANNA)
    fact = bench.fcc("ringing", 1, users_id=101)
    bench.record(fact)
    bench.record(fact, fact)
    assert len(bench.events(ANNA, "call")) == 1
    assert len(bench.log.changes) == 1


def test_facts_that_come_late_and_out_of_order_end_in_the_same_call(bench: Bench) -> None:
    facts = [
        bench.fcc("created", 0),
        bench.fcc("ringing", 1, users_id=101),
        bench.fcc("answered", 4, users_id=101),
        bench.fcc("ended", 64, users_id=101, status="ANSWERED", talk_seconds=60),
    ]
    for fact in reversed(facts):
        bench.record(fact)
    last = bench.log.changes[-1][2]
    assert (last.outcome, last.talk_seconds, last.answered_at) == (Outcome.ANSWERED, 60, bench.at(4))


def test_the_log_is_told_before_and_after(bench: Bench) -> None:
    bench.record(bench.fcc("created", 0))
    bench.record(bench.fcc("ended", 9, status="NO ANSWER"))
    (_, none, first), (_, before, after) = bench.log.changes
    assert none is None
    assert before == first
    assert after.outcome is Outcome.NO_ANSWER


def test_what_the_log_refuses_is_not_stored_either(bench: Bench) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    keep = bench.log.call_changed
    bench.log.call_changed = fail  # type: ignore[method-assign]  # a log that breaks
    with pytest.raises(RuntimeError):
        bench.record(bench.fcc("created", 0))
    bench.log.call_changed = keep  # type: ignore[method-assign]  # mended
    bench.record(bench.fcc("created", 0))
    assert len(bench.log.changes) == 1


def test_facts_sent_at_once_by_many_threads_are_all_stored(bench: Bench) -> None:
    bench.attend(ANNA)
    errors: list[Exception] = []

    def send(number: int) -> None:
        try:
            for kind, second in (("created", 0), ("ringing", 1), ("ended", 9)):
                content = {"users_id": 101, "status": "NO ANSWER"} if kind == "ended" else {"users_id": 101}
                bench.record(bench.fcc(kind, second, calls_id=number, **content))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ended = {after.calls_id for _, _, after in bench.log.changes if after.outcome is Outcome.NO_ANSWER}
    assert ended == set(range(1, 17))


def test_one_bad_parcel_does_not_spoil_its_neighbours(bench: Bench) -> None:
    with pytest.raises(Exception, match="call-unknown"):
        bench.service.record("nobody", [bench.fcc("created", 0)])
    bench.record(bench.fcc("created", 0))
    assert len(bench.log.changes) == 1


# -- the pane and the PBX ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["none", "call-id"])
@pytest.mark.parametrize("pane_first", [True, False])
def test_a_panes_dialog_and_fccs_call_become_one(bench: Bench, way: str, pane_first: bool) -> None:
    bench.correlate_by(way)
    bench.attend(ANNA)
    sip = "sip-1" if way == "call-id" else None
    created = bench.fcc("created", 0.4, sip=sip, direction="outbound", users_id=101)
    permit = bench.service.dial(ANNA, "600 100 200", {"recordId": JAN.record_id, "objectType": "Contact"})
    if not pane_first:
        bench.record(created)
    bench.report(ANNA, "dialled", 0.5, direction="outbound", dialId=permit.dial_id)
    if pane_first:
        bench.record(created)
    bench.executor.run()
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["direction"]) == (7, "sip-1", "outbound")
    assert call["party"]["recordId"] == JAN.record_id
    bench.report(ANNA, "answered", 5, direction="outbound")
    (call,) = bench.calls(ANNA)
    assert (call["state"], call["callsId"]) == ("talking", 7)


def test_the_pane_knows_a_call_by_one_id_when_it_saw_it_first(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "dialled", 0, direction="outbound")
    (before,) = bench.calls(ANNA)
    bench.record(bench.fcc("created", 0.2, direction="outbound", users_id=101))
    (after,) = bench.calls(ANNA)
    assert after["callId"] == before["callId"]
    assert (before["callsId"], after["callsId"]) == (None, 7)


def test_the_pane_keeps_that_id_when_fcc_names_the_agent_later(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0))
    bench.report(ANNA, "ringing", 40)
    (before,) = bench.calls(ANNA)
    bench.record(bench.fcc("ringing", 40.2, users_id=101))
    (after,) = bench.calls(ANNA)
    assert (after["callId"], after["callsId"]) == (before["callId"], 7)
    told_before, told_after = bench.log.changes[-1][1:]
    assert told_before is not None
    assert (told_before.calls_id, told_after.calls_id) == (7, 7)
    bench.record(bench.fcc("ended", 50, status="NO ANSWER"))
    assert bench.log.changes[-1][0] == before["callId"]


def test_a_call_fcc_showed_first_keeps_its_id(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    (before,) = bench.calls(ANNA)
    bench.report(ANNA, "ringing", 1.2)
    (after,) = bench.calls(ANNA)
    assert (after["callId"], after["sipCallId"]) == (before["callId"], "sip-1")


def test_no_call_is_handed_on_with_an_id_it_does_not_have(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "dialled", 0, direction="outbound")
    assert [after.calls_id for _, _, after in bench.log.changes] == [None]
    bench.record(bench.fcc("created", 0.2, direction="outbound", users_id=101))
    assert bench.log.changes[-1][2].calls_id == 7


def test_two_possible_calls_are_not_guessed_between(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0, calls_id=7, direction="outbound", users_id=101))
    bench.record(bench.fcc("created", 2, calls_id=8, direction="outbound", users_id=101))
    bench.report(ANNA, "dialled", 1, direction="outbound")
    assert {call["callsId"] for call in bench.calls(ANNA)} == {None, 7, 8}


def test_with_a_call_id_two_possible_calls_are_told_apart(bench: Bench) -> None:
    bench.correlate_by("call-id")
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0, calls_id=7, direction="outbound", users_id=101, sip="sip-0"))
    bench.record(bench.fcc("created", 2, calls_id=8, direction="outbound", users_id=101, sip="sip-1"))
    bench.report(ANNA, "dialled", 1, direction="outbound")
    assert {(call["callsId"], call["sipCallId"]) for call in bench.calls(ANNA)} == {(7, None), (8, "sip-1")}


def test_a_call_to_another_number_or_of_another_agent_is_not_taken(bench: Bench) -> None:
    bench.attend(ANNA, PIOTR)
    bench.record(bench.fcc("created", 0, calls_id=7, direction="outbound", users_id=102))
    bench.record(bench.fcc("created", 0, calls_id=8, direction="outbound", users_id=101, number="+48600100201"))
    bench.report(ANNA, "dialled", 1, direction="outbound")
    assert next(c for c in bench.calls(ANNA) if c["sipCallId"] == "sip-1")["callsId"] is None


def test_a_queue_call_joins_the_pane_by_the_moment_it_rang_there(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0))
    bench.report(ANNA, "ringing", 40)
    bench.record(bench.fcc("ringing", 40.2, users_id=101))
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"]) == (7, "sip-1")


@pytest.mark.parametrize("way", ["none", "call-id"])
@pytest.mark.parametrize("pane_first", [True, False])
@pytest.mark.parametrize("first_ring_lost", [True, False])
def test_a_call_that_rings_again_at_an_agent_is_still_one_call(
    bench: Bench, way: str, pane_first: bool, first_ring_lost: bool
) -> None:
    bench.correlate_by(way)
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0))
    if not first_ring_lost:
        bench.record(bench.fcc("ringing", 0.1, users_id=101, sip="sip-1"))
    bench.report(ANNA, "ringing", 0.2, sipCallId="sip-1")
    bench.report(ANNA, "ended", 2, sipCallId="sip-1", by="agent")
    bench.record(bench.fcc("leg-ended", 2, users_id=101, sip="sip-1"))
    again = bench.fcc("ringing", 7, users_id=101, sip="sip-2")
    if not pane_first:
        bench.record(again)
    bench.report(ANNA, "ringing", 7.1, sipCallId="sip-2")
    if pane_first:
        bench.record(again)
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["state"]) == (7, "sip-2", "ringing")
    assert known_to_pane(bench) == [call]


def known_to_pane(bench: Bench) -> list[dict[str, Any]]:
    """The calls a pane knows by the events alone: one for each callId, and one only for a sipCallId, the newest."""
    known: list[dict[str, Any]] = []
    for event in bench.events(ANNA, "call"):
        call = event["call"]
        same = (call["callId"], call["sipCallId"])
        known = [one for one in known if one["callId"] != same[0] and (same[1] is None or one["sipCallId"] != same[1])]
        known.append(call)
    return known


def test_a_report_that_came_late_does_not_keep_the_next_ring_from_its_call(bench: Bench) -> None:
    """The connector was away: what the pane says of the first ring comes when the second is about to begin."""
    bench.attend(ANNA)
    bench.record(bench.fcc("created", 0))
    bench.record(bench.fcc("leg-ended", 0.2, users_id=101))
    bench.clock.advance(4)
    bench.report(ANNA, "ringing", 0.1, sipCallId="sip-1")
    bench.report(ANNA, "ended", 0.2, sipCallId="sip-1")
    bench.report(ANNA, "ringing", 7, sipCallId="sip-2")
    bench.record(bench.fcc("ringing", 7.1, users_id=101))
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["state"]) == (7, "sip-2", "ringing")


def row(bench: Bench, seconds: float, **content: Any) -> Fact:
    return replace(bench.fcc("row", seconds, **content), source="list")


def test_the_list_and_the_pane_alone_make_one_call(bench: Bench) -> None:
    """Webhooks are off: the caller waited 40 s in the queue, and the list is read after the call."""
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 40)
    bench.report(ANNA, "answered", 44)
    bench.report(ANNA, "ended", 104, by="far")
    over = {"answered_at": iso(bench.at(44)), "ended_at": iso(bench.at(104)), "status": "ANSWERED"}
    bench.record(row(bench, 105, users_id=101, talk_seconds=60, **over))
    call = bench.log.changes[-1][2]
    assert (call.calls_id, call.outcome, call.outcome_final) == (7, Outcome.ANSWERED, True)
    assert call.segments[0].on_pane
    assert call.sip_call_ids == ("sip-1",)


@pytest.mark.req("R17")
def test_a_call_on_another_phone_is_told_from_one_on_the_pane(bench: Bench) -> None:
    bench.attend(ANNA)
    over = {"answered_at": iso(bench.at(4)), "ended_at": iso(bench.at(64)), "status": "ANSWERED"}
    bench.record(row(bench, 65, users_id=101, **over))
    assert not bench.log.changes[-1][2].segments[0].on_pane


def test_a_restart_between_pane_and_pbx_loses_nothing(bench: Bench) -> None:
    bench.attend(ANNA)
    permit = bench.service.dial(ANNA, CUSTOMER, {"recordId": JAN.record_id, "objectType": "Contact"})
    bench.report(ANNA, "dialled", 0.5, direction="outbound", dialId=permit.dial_id)
    bench.restart()
    bench.record(bench.fcc("created", 0.6, direction="outbound", users_id=101))
    bench.executor.run()
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"], call["party"]["recordId"]) == (7, "sip-1", JAN.record_id)


@pytest.mark.req("R38")
def test_after_busy_the_clicked_object_stays_related(bench: Bench) -> None:
    bench.attend(ANNA)
    record = {"recordId": "001000000000001AAA", "objectType": "Account", "recordName": "ACME"}
    permit = bench.service.dial(ANNA, CUSTOMER, record)
    bench.report(ANNA, "dialled", 0, direction="outbound", dialId=permit.dial_id)
    bench.executor.run()
    bench.report(ANNA, "ended", 3, direction="outbound", sipStatus=486, cause="Q.850;cause=17", by="far")
    call = bench.events(ANNA, "call")[-1]["call"]
    assert (call["state"], call["outcome"]) == ("ended", "BUSY")
    assert call["related"] == {"whoId": None, "whatId": "001000000000001AAA", "name": "ACME"}


# -- who is calling ----------------------------------------------------------------------------------------------------


def test_one_caller_found_is_popped_once(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.matching.result = MatchResult((JAN,))
    bench.record(bench.fcc("created", 0, ivr="1234"), bench.fcc("ringing", 1, users_id=101))
    assert bench.events(ANNA, "pop") == []
    bench.executor.run()
    assert bench.matching.asked == [(101, CUSTOMER, None)]  # codes are not looked up by this pairing
    (pop,) = bench.events(ANNA, "pop")
    assert (pop["recordId"], pop["objectType"], pop["reason"]) == (JAN.record_id, "Contact", "mobile")
    bench.record(bench.fcc("answered", 3, users_id=101))
    bench.executor.run()
    assert len(bench.events(ANNA, "pop")) == 1
    assert len(bench.matching.asked) == 1
    assert bench.calls(ANNA)[0]["party"]["name"] == "Jan Kowalski"


@pytest.mark.parametrize(
    "result", [MatchResult(), MatchResult((JAN, EWA)), MatchResult((JAN,), complete=False)], ids=["none", "two", "part"]
)
def test_anything_but_one_certain_caller_is_not_popped(bench: Bench, result: MatchResult) -> None:
    bench.attend(ANNA)
    bench.matching.result = result
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    assert bench.events(ANNA, "pop") == []
    assert len(bench.calls(ANNA)[0]["candidates"]) == len(result.candidates)


@pytest.mark.req("R13")
def test_nothing_pops_while_the_integration_is_off(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.change_pairing(active=False)
    bench.matching.result = MatchResult((JAN,))
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    assert bench.events(ANNA, "pop") == []


@pytest.mark.parametrize("number", ["", "40312", "112"])
def test_withheld_internal_and_short_numbers_are_not_searched(bench: Bench, number: str) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101, number=number))
    assert bench.executor.waiting == []


def test_a_call_that_ended_before_the_search_did_is_not_popped(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.matching.result = MatchResult((JAN,))
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.record(bench.fcc("ended", 2, status="NO ANSWER"))
    bench.executor.run()
    assert bench.events(ANNA, "pop") == []


def test_a_search_that_fails_leaves_the_call_as_it_is(bench: Bench) -> None:
    bench.attend(ANNA)

    def fail(*_: Any, **__: Any) -> MatchResult:
        raise RuntimeError("away")

    bench.matching.find = fail  # type: ignore[method-assign]  # a search that breaks
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    assert bench.calls(ANNA)[0]["candidates"] == []


def test_a_restart_goes_on_with_the_searches_of_calls_that_are_up(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.restart()
    bench.matching.result = MatchResult((JAN,))
    bench.service.tick()
    bench.executor.run()
    assert [pop["recordId"] for pop in bench.events(ANNA, "pop")] == [JAN.record_id]


# -- presence ----------------------------------------------------------------------------------------------------------


def presence_fact(
    bench: Bench, seconds: float, status_id: int, kind: PresenceClass, until: float | None = None
) -> Fact:
    presence = Presence(status_id, kind, kind.value, bench.at(seconds), bench.at(until) if until else None)
    return Fact("fcc", "presence", bench.at(seconds), content={"users_id": 101, "presence": presence.to_json()})


@pytest.mark.req("R33")
def test_presence_follows_fcc_and_late_news_does_not_turn_it_back(bench: Bench) -> None:
    bench.attend(ANNA)
    count = len(bench.events(ANNA, "presence"))
    bench.record(presence_fact(bench, 10, 3, PresenceClass.BUSY))
    bench.record(presence_fact(bench, 5, 1, PresenceClass.READY))
    assert bench.service.snapshot(ANNA)["presence"]["class"] == "busy"
    assert len(bench.events(ANNA, "presence")) == count + 1


@pytest.mark.req("R39")
def test_wrap_comes_with_its_end_and_with_the_call_it_follows(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("answered", 1, users_id=101), bench.fcc("ended", 61, users_id=101, status="ANSWERED"))
    bench.clock.advance(61)
    assert bench.calls(ANNA) == []
    bench.record(presence_fact(bench, 61, 4, PresenceClass.WRAP, until=81))
    assert bench.events(ANNA, "presence")[-1]["presence"]["until"] == "2026-11-22T09:01:21Z"
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["state"], call["outcome"]) == (7, "ended", "ANSWERED")


def test_the_same_presence_asked_for_again_is_no_news(bench: Bench) -> None:
    bench.attend(ANNA)
    count = len(bench.events(ANNA, "presence"))
    bench.clock.advance(30)
    bench.service.presence_reported("acme", 101, bench.exchange.presence("anna.nowak"))
    assert len(bench.events(ANNA, "presence")) == count
    assert bench.service.last_presence_at("acme", 101) == bench.clock.now()


# -- retention ---------------------------------------------------------------------------------------------------------


def test_old_facts_shrink_to_tombstones_and_stay_known(bench: Bench) -> None:
    bench.attend(ANNA)
    old = bench.fcc("ended", 9, users_id=101, status="ANSWERED")
    bench.record(bench.fcc("answered", 1, users_id=101), old)
    bench.service.note(ANNA, {"callsId": 7}, "prywatne")
    bench.clock.advance(91 * 86400)
    assert bench.service.shrink(bench.clock.now()) >= 3
    with bench.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert uow.facts.of_call(stored.key) == []
    assert stored.shrunk
    assert (stored.call.number, stored.call.note) == ("", None)
    assert stored.call.outcome is Outcome.ANSWERED
    changes = len(bench.log.changes)
    bench.record(old, bench.fcc("held", 5, users_id=101))
    assert len(bench.log.changes) == changes


def test_facts_shrink_by_themselves_after_ninety_days(bench: Bench) -> None:
    bench.record(bench.fcc("created", 0))
    for days, left in ((89, 1), (2, 0)):
        bench.clock.advance(days * 86400)
        bench.service.tick()
        with bench.database.read() as uow:
            stored = uow.calls.by_calls_id("acme", 7)
            assert stored is not None
            assert len(uow.facts.of_call(stored.key)) == left


def test_younger_facts_are_left_alone(bench: Bench) -> None:
    bench.record(bench.fcc("created", 0))
    bench.service.shrink(bench.at(-1))
    with bench.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert len(uow.facts.of_call(stored.key)) == 1


def test_a_number_can_be_forgotten(bench: Bench) -> None:
    bench.record(bench.fcc("ended", 9, users_id=101, status="ANSWERED"))
    bench.record(bench.fcc("ended", 9, calls_id=8, users_id=101, status="ANSWERED", number="+48600100201"))
    assert bench.service.forget_number("acme", "600 100 200") == 1
    with bench.database.read() as uow:
        forgotten, kept = uow.calls.by_calls_id("acme", 7), uow.calls.by_calls_id("acme", 8)
        assert forgotten is not None
        assert [fact.kind for fact in uow.facts.of_call(forgotten.key)] == ["forgotten"]
    assert kept is not None
    assert (forgotten.call.number, kept.call.number) == ("", "+48600100201")
    assert bench.log.changes[-1][2].forgotten
    changes = len(bench.log.changes)
    bench.record(bench.fcc("held", 5, users_id=101))
    assert len(bench.log.changes) == changes
    assert bench.service.forget_number("acme", "600 100 200") == 0


def test_settings_are_kept_with_their_time(bench: Bench) -> None:
    with bench.database.write() as uow:
        pairing = uow.pairings.get("acme-1")
        assert pairing is not None
        bench.service.settings_changed(uow, pairing, {"active": True})
        uow.commit()
    bench.clock.advance(60)
    with bench.database.write() as uow:
        bench.service.settings_changed(uow, pairing, {"active": False})
        uow.commit()
    with bench.database.read() as uow:
        assert uow.facts.settings_in_force("acme", "acme-1", bench.at(-1)) is None
        assert uow.facts.settings_in_force("acme", "acme-1", bench.at(30)) == {"active": True}
        assert uow.facts.settings_in_force("acme", "acme-1", bench.at(90)) == {"active": False}


# -- what panes are told is as documented ------------------------------------------------------------------------------

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "pane-channel.schema.json").read_text(encoding="utf-8"))


def valid(name: str, value: Any) -> None:
    Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).validate(value)


def test_calls_presence_and_snapshots_have_the_documented_shape(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.matching.result = MatchResult((JAN,))
    permit = bench.service.dial(ANNA, CUSTOMER, {"recordId": JAN.record_id, "objectType": "Contact"})
    bench.report(ANNA, "dialled", 0, direction="outbound", dialId=permit.dial_id)
    bench.record(bench.fcc("created", 0.1, direction="outbound", users_id=101))
    bench.report(ANNA, "ended", 9, direction="outbound", sipStatus=486, by="far")
    bench.record(bench.fcc("ringing", 20, calls_id=8, users_id=101, withheld=True, number=""))
    bench.record(bench.fcc("ringing", 30, calls_id=9, users_id=101, number="+48600100201", queue="Obsługa"))
    bench.executor.run()
    shown = [event["call"] for event in bench.events(ANNA, "call")]
    assert len(shown) >= 5
    for call in shown:
        valid("call", call)
    for event in bench.events(ANNA, "presence"):
        valid("presence", event["presence"])
    snapshot = bench.service.snapshot(ANNA)
    assert snapshot["calls"]
    for call in snapshot["calls"]:
        valid("call", call)
    for status in snapshot["statuses"]:
        valid("status", status)
    valid("presence", snapshot["presence"])
    valid("capabilities", snapshot["capabilities"])
    assert bench.events(ANNA, "pop")[0]["callId"] in {call["callId"] for call in shown}
