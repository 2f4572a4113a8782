"""A database that has been in use for months: what is asked of it does not grow, and nothing in it gets lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cti.domain.pane_call import PaneCall
from cti.domain.times import iso
from tests.integration.calls.rig import ANNA, CUSTOMER
from tests.support.postgresql import DATABASES
from tests.support.statements import heard

if TYPE_CHECKING:
    from cti.domain.facts import Fact
    from tests.integration.calls.rig import Rig

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)

DAY = 86_400.0


def never_settled(rig: Rig, count: int) -> None:
    """Dialogs of Anna's with this customer that FCC never told of, one a day."""
    with rig.database.write() as uow:
        for number in range(count):
            at = rig.clock.now() - timedelta(days=1 + number % 80, seconds=number)
            pane_call = PaneCall(f"old-{number}", "acme", 101, "inbound", CUSTOMER, at, at, sip_call_id=f"old-{number}")
            uow.pane_calls.save(pane_call)
        uow.commit()


def row(rig: Rig, seconds: float, **content: object) -> Fact:
    return replace(rig.fcc("row", seconds, **content), source="list")


def statements_of_a_call(rig: Rig) -> int:
    """How often the database is asked while a call rings, is answered, ends and is read once more."""
    with heard(rig.database.engine) as said:
        rig.store(rig.fcc("ringing", 1, users_id=101, sip="sip-1"))
        rig.report(ANNA, "ringing", 1.1)
        rig.store(rig.fcc("answered", 4, users_id=101, sip="sip-1"))
        rig.report(ANNA, "answered", 4.1)
        rig.store(rig.fcc("ended", 60, users_id=101, status="ANSWERED", sip="sip-1"))
        rig.report(ANNA, "ended", 60.1)
    return len(said)


@pytest.mark.parametrize("way", ["none", "call-id"])
def test_what_a_call_costs_does_not_grow_with_dialogs_that_were_never_settled(rig: Rig, way: str) -> None:
    rig.correlate_by(way)
    rig.attend(ANNA)
    never_settled(rig, 3)
    few = statements_of_a_call(rig)
    never_settled(rig, 120)
    rig.clock.advance(DAY)
    rig.start = rig.clock.now()
    rig.numbers += 1000
    assert statements_again(rig) <= few


def statements_again(rig: Rig) -> int:
    """The same for another call."""
    with heard(rig.database.engine) as said:
        rig.store(rig.fcc("ringing", 1, calls_id=8, users_id=101, sip="sip-2"))
        rig.report(ANNA, "ringing", 1.1, sip_call_id="sip-2")
        rig.store(rig.fcc("answered", 4, calls_id=8, users_id=101, sip="sip-2"))
        rig.report(ANNA, "answered", 4.1, sip_call_id="sip-2")
        rig.store(rig.fcc("ended", 60, calls_id=8, users_id=101, status="ANSWERED", sip="sip-2"))
        rig.report(ANNA, "ended", 60.1, sip_call_id="sip-2")
    return len(said)


def test_a_dialog_that_was_never_settled_takes_no_later_call(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 0, sip_call_id="sip-old")
    rig.report(ANNA, "ended", 9, sip_call_id="sip-old")
    rig.clock.advance(DAY)
    rig.start = rig.clock.now()
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.report(ANNA, "ringing", 1.1)
    (call,) = rig.calls(ANNA)
    assert (call["callsId"], call["sipCallId"]) == (7, "sip-1")


@pytest.mark.parametrize("hours", [0.2, 3, 70])
def test_a_list_that_is_read_hours_late_still_finds_the_panes_dialog(rig: Rig, hours: float) -> None:
    """FCC was away, and the agent went on to call the same customer."""
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 40)
    rig.report(ANNA, "answered", 44)
    rig.report(ANNA, "ended", 104, by="far")
    rig.clock.advance(300)
    later = (rig.clock.now() - rig.start).total_seconds()
    rig.report(ANNA, "ringing", later, sip_call_id="sip-2")
    rig.report(ANNA, "ended", later + 5, sip_call_id="sip-2", by="far")
    rig.clock.advance(hours * 3600)
    over = {"answered_at": iso(rig.at(44)), "ended_at": iso(rig.at(104)), "status": "ANSWERED"}
    rig.store(row(rig, hours * 3600 + 500, users_id=101, **over))
    call = rig.log.changes[-1]
    assert (call.calls_id, call.sip_call_ids, call.segments[0].on_pane) == (7, ("sip-1",), True)


@pytest.mark.parametrize("hours", [0.2, 3])
def test_a_pane_that_reports_hours_late_still_finds_fccs_call(rig: Rig, hours: float) -> None:
    """The connector was away from the pane while FCC's webhooks came."""
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 40, users_id=101), rig.fcc("answered", 44, users_id=101))
    rig.store(rig.fcc("ended", 104, users_id=101, status="ANSWERED"))
    rig.clock.advance(hours * 3600)
    rig.report(ANNA, "ringing", 40.2)
    rig.report(ANNA, "answered", 44.1)
    call = rig.log.changes[-1]
    assert (call.calls_id, call.sip_call_ids, call.segments[0].on_pane) == (7, ("sip-1",), True)


def test_two_dialogs_that_fit_one_late_call_are_not_guessed_between(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 40)
    rig.report(ANNA, "ringing", 42, sip_call_id="sip-2")
    rig.clock.advance(5 * 3600)
    rig.store(row(rig, 5 * 3600, users_id=101, answered_at=iso(rig.at(41)), status="ANSWERED"))
    call = rig.log.changes[-1]
    assert (call.calls_id, call.sip_call_ids) == (7, ())


def test_an_agent_with_thousands_of_calls_is_free_when_none_is_up(rig: Rig) -> None:
    rig.attend(ANNA)
    for number in range(60):
        rig.store(rig.fcc("ringing", number, calls_id=number + 1, users_id=101))
    rig.clock.advance(5 * 3600)
    assert rig.calls(ANNA) == []
    rig.store(rig.fcc("ringing", 5 * 3600, calls_id=99, users_id=101))
    assert [call["callsId"] for call in rig.calls(ANNA)] == [99]


def test_what_is_old_is_redacted_bit_by_bit(rig: Rig) -> None:
    for number in range(130):
        rig.store(rig.fcc("ended", number, calls_id=number + 1, users_id=101, status="ANSWERED"))
    rig.clock.advance(91 * DAY)
    assert rig.room.retention.redact(rig.clock.now() - timedelta(days=90)) == 130
    with rig.database.read() as uow:
        assert uow.calls.old(rig.clock.now(), limit=10) == []
        assert uow.facts.redact(rig.clock.now(), limit=10) == 0
