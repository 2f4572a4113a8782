"""A database that has been in use for months: what is asked of it does not grow, and nothing in it gets lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cti.domain.pane_call import PaneCall
from cti.domain.times import iso
from tests.integration.calls.bench import ANNA, CUSTOMER, DATABASES
from tests.support.statements import heard

if TYPE_CHECKING:
    from cti.domain.facts import Fact
    from tests.integration.calls.bench import Bench

pytestmark = pytest.mark.parametrize("bench", DATABASES, indirect=True)

DAY = 86_400.0


def never_settled(bench: Bench, count: int) -> None:
    """Dialogs of Anna's with this customer that FCC never told of, one a day."""
    with bench.database.write() as uow:
        for number in range(count):
            at = bench.clock.now() - timedelta(days=1 + number % 80, seconds=number)
            dialog = PaneCall(f"old-{number}", "acme", 101, "inbound", CUSTOMER, at, at, sip_call_id=f"old-{number}")
            uow.calls.save_dialog(dialog)
        uow.commit()


def row(bench: Bench, seconds: float, **content: object) -> Fact:
    return replace(bench.fcc("row", seconds, **content), source="list")


def statements_of_a_call(bench: Bench) -> int:
    """How often the database is asked while a call rings, is answered, ends and is read once more."""
    with heard(bench.database.engine) as said:
        bench.record(bench.fcc("ringing", 1, users_id=101, sip="sip-1"))
        bench.report(ANNA, "ringing", 1.1)
        bench.record(bench.fcc("answered", 4, users_id=101, sip="sip-1"))
        bench.report(ANNA, "answered", 4.1)
        bench.record(bench.fcc("ended", 60, users_id=101, status="ANSWERED", sip="sip-1"))
        bench.report(ANNA, "ended", 60.1)
    return len(said)


@pytest.mark.parametrize("way", ["none", "call-id"])
def test_what_a_call_costs_does_not_grow_with_dialogs_that_were_never_settled(bench: Bench, way: str) -> None:
    bench.correlate_by(way)
    bench.attend(ANNA)
    never_settled(bench, 3)
    few = statements_of_a_call(bench)
    never_settled(bench, 120)
    bench.clock.advance(DAY)
    bench.start = bench.clock.now()
    bench.numbers += 1000
    assert statements_again(bench) <= few


def statements_again(bench: Bench) -> int:
    """The same for another call."""
    with heard(bench.database.engine) as said:
        bench.record(bench.fcc("ringing", 1, calls_id=8, users_id=101, sip="sip-2"))
        bench.report(ANNA, "ringing", 1.1, sipCallId="sip-2")
        bench.record(bench.fcc("answered", 4, calls_id=8, users_id=101, sip="sip-2"))
        bench.report(ANNA, "answered", 4.1, sipCallId="sip-2")
        bench.record(bench.fcc("ended", 60, calls_id=8, users_id=101, status="ANSWERED", sip="sip-2"))
        bench.report(ANNA, "ended", 60.1, sipCallId="sip-2")
    return len(said)


def test_a_dialog_that_was_never_settled_takes_no_later_call(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 0, sipCallId="sip-old")
    bench.report(ANNA, "ended", 9, sipCallId="sip-old")
    bench.clock.advance(DAY)
    bench.start = bench.clock.now()
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.report(ANNA, "ringing", 1.1)
    (call,) = bench.calls(ANNA)
    assert (call["callsId"], call["sipCallId"]) == (7, "sip-1")


@pytest.mark.parametrize("hours", [0.2, 3, 70])
def test_a_list_that_is_read_hours_late_still_finds_the_panes_dialog(bench: Bench, hours: float) -> None:
    """FCC was away, and the agent went on to call the same customer."""
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 40)
    bench.report(ANNA, "answered", 44)
    bench.report(ANNA, "ended", 104, by="far")
    bench.clock.advance(300)
    later = (bench.clock.now() - bench.start).total_seconds()
    bench.report(ANNA, "ringing", later, sipCallId="sip-2")
    bench.report(ANNA, "ended", later + 5, sipCallId="sip-2", by="far")
    bench.clock.advance(hours * 3600)
    over = {"answered_at": iso(bench.at(44)), "ended_at": iso(bench.at(104)), "status": "ANSWERED"}
    bench.record(row(bench, hours * 3600 + 500, users_id=101, **over))
    call = bench.log.changes[-1][2]
    assert (call.calls_id, call.sip_call_ids, call.segments[0].on_pane) == (7, ("sip-1",), True)


@pytest.mark.parametrize("hours", [0.2, 3])
def test_a_pane_that_reports_hours_late_still_finds_fccs_call(bench: Bench, hours: float) -> None:
    """The connector was away from the pane while FCC's webhooks came."""
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 40, users_id=101), bench.fcc("answered", 44, users_id=101))
    bench.record(bench.fcc("ended", 104, users_id=101, status="ANSWERED"))
    bench.clock.advance(hours * 3600)
    bench.report(ANNA, "ringing", 40.2)
    bench.report(ANNA, "answered", 44.1)
    call = bench.log.changes[-1][2]
    assert (call.calls_id, call.sip_call_ids, call.segments[0].on_pane) == (7, ("sip-1",), True)


def test_two_dialogs_that_fit_one_late_call_are_not_guessed_between(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 40)
    bench.report(ANNA, "ringing", 42, sipCallId="sip-2")
    bench.clock.advance(5 * 3600)
    bench.record(row(bench, 5 * 3600, users_id=101, answered_at=iso(bench.at(41)), status="ANSWERED"))
    call = bench.log.changes[-1][2]
    assert (call.calls_id, call.sip_call_ids) == (7, ())


def test_an_agent_with_thousands_of_calls_is_free_when_none_is_up(bench: Bench) -> None:
    bench.attend(ANNA)
    for number in range(60):
        bench.record(bench.fcc("ringing", number, calls_id=number + 1, users_id=101))
    bench.clock.advance(5 * 3600)
    assert bench.calls(ANNA) == []
    bench.record(bench.fcc("ringing", 5 * 3600, calls_id=99, users_id=101))
    assert [call["callsId"] for call in bench.calls(ANNA)] == [99]


def test_what_is_old_shrinks_bit_by_bit(bench: Bench) -> None:
    for number in range(130):
        bench.record(bench.fcc("ended", number, calls_id=number + 1, users_id=101, status="ANSWERED"))
    bench.clock.advance(91 * DAY)
    assert bench.service.shrink(bench.clock.now() - timedelta(days=90)) == 130
    with bench.database.read() as uow:
        assert uow.calls.old(bench.clock.now(), limit=10) == []
        assert uow.facts.shrink(bench.clock.now(), limit=10) == 0
