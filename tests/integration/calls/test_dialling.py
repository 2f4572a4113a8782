"""The dial command, and what panes may do with calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cti.accounts import AgentRef
from cti.calls.errors import (
    AgentBusyError,
    CallUnknownError,
    NumberInvalidError,
    ReportInvalidError,
    StatusNotSettableError,
)
from cti.domain.fcc import CampaignMode
from cti.domain.phone_number import parse
from cti.domain.presence import Presence, PresenceClass
from cti.errors import ConnectorError
from cti.pbx.errors import FccUnreachableError
from tests.integration.calls.bench import ANNA, CASE, CUSTOMER, JAN, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.bench import Bench

EWA_AGENT = AgentRef("acme-1", "005000000000003AAA", 103)


@pytest.mark.req("R40")
def test_a_permitted_dial_gives_the_number_to_call_and_to_show(bench: Bench) -> None:
    permit = bench.service.dial(ANNA, "(60) 010-02-00", None)
    assert (permit.number, permit.display) == (CUSTOMER, "600 100 200")
    assert bench.service.dial(ANNA, "40318", None).number == "40318"


@pytest.mark.parametrize("text", ["", "brak", "anonymous", "+48 12", "sip:evil@elsewhere.example"])
def test_what_is_no_number_is_not_dialled(bench: Bench, text: str) -> None:
    with pytest.raises(NumberInvalidError):
        bench.service.dial(ANNA, text, None)


@pytest.mark.req("R6")
def test_without_a_presentation_nobody_dials(bench: Bench) -> None:
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(EWA_AGENT, CUSTOMER, None)
    assert refused.value.code == "dial-no-presentation"


@pytest.mark.req("R6")
def test_without_a_city_number_nobody_dials(bench: Bench) -> None:
    bench.exchange.people[2] = replace(bench.exchange.people[2], city_number=None, presentation="+48221234569")
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(EWA_AGENT, CUSTOMER, None)
    assert refused.value.code == "dial-no-city-number"


@pytest.mark.req("R13")
def test_while_the_integration_is_off_nobody_dials(bench: Bench) -> None:
    bench.change_pairing(active=False)
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(ANNA, CUSTOMER, None)
    assert refused.value.code == "dial-integration-inactive"


@pytest.mark.req("R7")
def test_through_a_campaign_of_another_mode_nobody_dials(bench: Bench) -> None:
    bench.exchange.campaign_list = [replace(bench.exchange.campaign_list[0], mode=CampaignMode.AUTOMATIC)]
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(ANNA, CUSTOMER, None)
    assert refused.value.code == "campaign-wrong-mode"


def test_an_agent_in_a_call_does_not_dial(bench: Bench) -> None:
    bench.record(bench.fcc("answered", 1, users_id=101))
    with pytest.raises(AgentBusyError):
        bench.service.dial(ANNA, CUSTOMER, None)
    bench.service.dial(PIOTR, CUSTOMER, None)
    bench.record(bench.fcc("leg-ended", 9, users_id=101))
    bench.service.dial(ANNA, CUSTOMER, None)


def test_an_agent_whom_fcc_calls_busy_does_not_dial_while_that_is_fresh(bench: Bench) -> None:
    busy = Presence(3, PresenceClass.BUSY, "Zajęty", bench.clock.now())
    bench.service.presence_reported("acme", 101, busy)
    with pytest.raises(AgentBusyError):
        bench.service.dial(ANNA, CUSTOMER, None)
    bench.clock.advance(120)
    bench.service.dial(ANNA, CUSTOMER, None)


def test_a_call_that_was_not_heard_of_for_hours_blocks_nobody(bench: Bench) -> None:
    bench.record(bench.fcc("answered", 1, users_id=101))
    bench.clock.advance(5 * 3600)
    bench.service.dial(ANNA, CUSTOMER, None)


def test_the_same_dial_twice_is_one_dial(bench: Bench) -> None:
    first = bench.service.dial(ANNA, "600 100 200", None, dial_id="d-1")
    bench.clock.advance(1)
    bench.record(bench.fcc("created", 1, direction="outbound", users_id=101))
    again = bench.service.dial(ANNA, "600 100 200", None, dial_id="d-1")
    assert (again.dial_id, again.number) == (first.dial_id, first.number)


@pytest.mark.req("R40")
def test_the_clicked_record_stays_with_the_call_even_if_the_pane_never_reports(bench: Bench) -> None:
    bench.service.dial(ANNA, CUSTOMER, {"recordId": JAN.record_id, "objectType": "Contact", "recordName": "Jan"})
    bench.executor.run()
    bench.record(bench.fcc("created", 1, direction="outbound", users_id=101))
    related = bench.log.changes[-1][2].related
    assert related is not None
    assert (related.source, related.record_id) == ("clicked", JAN.record_id)


def test_a_click_on_a_number_without_a_record_is_a_plain_dial(bench: Bench) -> None:
    bench.service.dial(ANNA, CUSTOMER, {"recordId": None, "objectType": "Contact"})
    bench.record(bench.fcc("created", 1, direction="outbound", users_id=101))
    assert bench.log.changes[-1][2].related is None


def test_while_fcc_is_away_the_refusal_says_so(bench: Bench) -> None:
    bench.exchange.failure = FccUnreachableError(function="fcc-users-list")
    with pytest.raises(FccUnreachableError):
        bench.service.dial(ANNA, CUSTOMER, None)


@pytest.mark.parametrize(
    "change",
    [
        {"sipCallId": ""},
        {"sipCallId": "x" * 300},
        {"sipCallId": None},
        {"kind": "exploded"},
        {"kind": "popped"},
        {"direction": "sideways"},
        {"at": "yesterday"},
        {"at": "2026-11-22T10:00:00"},
        {"at": None},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    good = {"sipCallId": "s", "kind": "ringing", "direction": "inbound", "number": CUSTOMER, "at": bench.clock.now()}
    with pytest.raises(ReportInvalidError):
        bench.service.report(ANNA, good | change)
    bench.service.report(ANNA, good)


def test_a_fast_browser_clock_does_not_put_a_report_into_the_future(bench: Bench) -> None:
    bench.service.report(
        ANNA, {"sipCallId": "s", "kind": "ringing", "direction": "inbound", "number": CUSTOMER, "at": bench.at(3600)}
    )
    assert bench.log.changes[-1][2].started_at == bench.clock.now()


def test_an_agent_links_a_call_to_a_case(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.record(bench.fcc("answered", 1, users_id=101))
    bench.access.records[CASE.record_id] = CASE
    bench.service.relate(ANNA, {"callsId": 7}, {"recordId": CASE.record_id, "objectType": "Case"})
    assert bench.calls(ANNA)[0]["related"] == {
        "whoId": JAN.record_id,
        "whatId": "500000000000001AAA",
        "name": "00001234",
    }
    bench.service.relate(ANNA, {"callId": bench.calls(ANNA)[0]["callId"]}, None)
    assert bench.calls(ANNA)[0]["related"] is None


def test_an_agent_writes_only_on_calls_of_their_own(bench: Bench) -> None:
    bench.record(bench.fcc("answered", 1, users_id=101))
    bench.service.note(ANNA, {"callsId": 7}, "moja")
    for act in (
        lambda: bench.service.note(PIOTR, {"callsId": 7}, "cudza"),
        lambda: bench.service.relate(PIOTR, {"callsId": 7}, None),
        lambda: bench.service.popped(PIOTR, {"callsId": 7, "recordId": JAN.record_id}),
        lambda: bench.service.drop(PIOTR, {"callsId": 7}),
        lambda: bench.service.note(ANNA, {"callsId": 8}, "brak"),
        lambda: bench.service.note(ANNA, {}, "brak"),
    ):
        with pytest.raises(CallUnknownError):
            act()
    assert bench.log.changes[-1][2].note == "moja"


def test_an_agent_ends_a_call_through_fcc(bench: Bench) -> None:
    bench.record(bench.fcc("answered", 1, users_id=101))
    bench.service.drop(ANNA, {"callsId": 7})
    assert bench.exchange.dropped == [("anna.nowak", 7)]


def test_a_shown_record_is_noted(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 1)
    bench.service.popped(ANNA, {"sipCallId": "sip-1", "recordId": JAN.record_id})
    found = bench.log.changes[-1][2].leg_of(101)
    assert found is not None
    assert found[1].popped


@pytest.mark.req("R32")
def test_an_agent_sets_a_status(bench: Bench) -> None:
    bench.attend(ANNA)
    presence = bench.service.set_presence(ANNA, 5)
    assert (presence["class"], presence["name"]) == ("pause", "Przerwa obiadowa")
    assert bench.exchange.told == [("anna.nowak", 5)]
    assert bench.events(ANNA, "presence")[-1]["presence"] == presence


@pytest.mark.assumed("A10")
@pytest.mark.parametrize("status_id", [3, 4, 99])
def test_busy_wrap_and_unknown_statuses_are_not_set(bench: Bench, status_id: int) -> None:
    with pytest.raises(StatusNotSettableError):
        bench.service.set_presence(ANNA, status_id)
    assert bench.exchange.told == []


def test_the_snapshot_survives_fcc_being_away(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.restart()
    bench.exchange.failure = FccUnreachableError(function="x")
    shown = bench.service.snapshot(ANNA)
    assert shown["presence"]["class"] == "notready"
    assert shown["statuses"] == []
    assert shown["capabilities"]["missing"][0]["code"] == "fcc-unreachable"


def test_phone_credentials_do_not_show_their_password(bench: Bench) -> None:
    credentials = bench.service.phone_credentials(ANNA)
    assert credentials.password == "secret-of-the-test"
    assert "secret-of-the-test" not in repr(credentials)


def test_an_agent_of_no_pairing_gets_nothing(bench: Bench) -> None:
    with pytest.raises(CallUnknownError):
        bench.service.snapshot(AgentRef("other", "005000000000001AAA", 101))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+380 44 123 45 67", "dial-country-not-allowed"),
        ("00 1 876 555 1234", "dial-country-not-allowed"),
        ("700 123 456", "dial-premium-not-allowed"),
        ("+49 900 1 123456", "dial-premium-not-allowed"),
        ("118 913", "dial-premium-not-allowed"),
        ("+881 6 1234 5678", "dial-satellite-not-allowed"),
    ],
)
def test_what_the_tenant_does_not_allow_is_neither_dialled_nor_rung(bench: Bench, number: str, code: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(ANNA, number, None)
    assert refused.value.code == code
    canonical = parse(number, "PL").value
    assert not bench.service.may_invite(ANNA, canonical)
    with bench.database.read() as uow:
        where = {"direction": "outbound", "number": canonical, "since": bench.at(-60), "until": bench.at(60)}
        assert uow.calls.open_dialogs("acme", ANNA.fcc_user_id, **where) == []
    bench.change_tenant(dial_countries=("ALL",), dial_premium=True, dial_satellite=True)
    assert bench.service.dial(ANNA, number, None).number == canonical
    assert bench.service.may_invite(ANNA, canonical)


def test_the_sentence_names_what_is_not_allowed_in_both_languages(bench: Bench) -> None:
    with pytest.raises(ConnectorError) as refused:
        bench.service.dial(ANNA, "+380441234567", None)
    assert "Ukraina (UA)" in refused.value.message("pl")
    assert "Ukraine (UA)" in refused.value.message("en_US")
    assert "44123" not in str(refused.value)


@pytest.mark.assumed("A55")
@pytest.mark.parametrize(
    "user",
    [
        "600100200",
        "48600100200",
        "0048600100200",
        "+48 600 100 200",
        "+48600100200%2C%2C0700123456",
        "600100200%2C%2C0700123456",
        "+48600100200,,0700123456",
        "+48600100200x0700123456",
        "600100200x0700123456",
        "+48600100200;ext=0700123456",
        "+48600100200#1",
        "+48600100200wew1",
        "%2B48600100200",
        "0%23*72700123456",
        "0#*72700123456",
        "*72700123456",
        "+48600100200\n",
        " +48600100200",
        "++48600100200",
        "sip:+48600100200",
        "tel:+48600100200",
        "sip:40318",
        "40318 ",
        "403-18",
        "403(1)8",
        "40318x5",
        "٤٠٣١٨",
        "+٤٨٦٠٠١٠٠٢٠٠",
        "11２",
        "+112",
        "",
        "anonymous",
    ],
)
def test_the_phone_rings_a_number_only_in_the_spelling_that_dial_gave_it(bench: Bench, user: str) -> None:
    assert bench.service.may_invite(ANNA, CUSTOMER)
    assert not bench.service.may_invite(ANNA, user)


@pytest.mark.parametrize(
    "text", ["600 100 200 wew. 7", "tel:600100200", "(60) 010-02-00", "112", "999", "40318", "801123456"]
)
def test_what_dial_gave_may_be_rung(bench: Bench, text: str) -> None:
    assert bench.service.may_invite(ANNA, bench.service.dial(ANNA, text, None).number)


@pytest.mark.req("R6", "R13")
def test_the_phone_rings_nobody_that_dial_would_refuse(bench: Bench) -> None:
    assert bench.service.may_invite(ANNA, CUSTOMER)
    assert bench.service.may_invite(ANNA, "40318")
    assert not bench.service.may_invite(ANNA, "anonymous")
    assert not bench.service.may_invite(EWA_AGENT, CUSTOMER)
    assert not bench.service.may_invite(AgentRef("other", "005", 101), CUSTOMER)
    bench.change_pairing(active=False)
    assert not bench.service.may_invite(ANNA, CUSTOMER)


def test_a_dial_that_never_reached_fcc_blocks_its_agent_for_a_minute_and_a_half(bench: Bench) -> None:
    bench.report(ANNA, "dialled", 0, direction="outbound")
    with pytest.raises(AgentBusyError):
        bench.service.dial(ANNA, CUSTOMER, None)
    assert len(bench.calls(ANNA)) == 1
    bench.clock.advance(91)
    assert bench.calls(ANNA) == []
    bench.service.dial(ANNA, CUSTOMER, None)
