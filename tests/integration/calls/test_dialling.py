"""The dial command, and what panes may do with calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cti.accounts import AgentRef
from cti.calls.errors import (
    AgentBusyError,
    CallUnknownError,
    NumberInvalidError,
    StatusNotSettableError,
)
from cti.domain.fcc import CampaignMode
from cti.domain.pane_call import CallName, PaneReport
from cti.domain.phone_number import parse
from cti.domain.presence import Presence, PresenceClass
from cti.domain.record import Record
from cti.errors import ConnectorError
from cti.pane_events import PresenceShown
from cti.pbx.errors import FccUnreachableError
from tests.integration.calls.rig import ANNA, CASE, CUSTOMER, JAN, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig

EWA_AGENT = AgentRef("acme-1", "005000000000003AAA", 103)


@pytest.mark.req("R40")
def test_a_permitted_dial_gives_the_number_to_call_and_to_show(rig: Rig) -> None:
    permit = rig.service.dial(ANNA, "(60) 010-02-00", None)
    assert (permit.number, permit.display) == (CUSTOMER, "600 100 200")
    assert rig.service.dial(ANNA, "40318", None).number == "40318"


@pytest.mark.req("R40")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("\u202a+48 600 100 200\u202c", CUSTOMER),
        ("600\u2009100\u2009200", CUSTOMER),
        ("callto:+48600100200", CUSTOMER),
        ("tel. 600 100 200 (Anna)", CUSTOMER),
        ("600 100 200, 601 200 300", CUSTOMER),
        ("+48 (0) 22 123 45 67", "+48221234567"),
        ("22 123 45 67 wewn. 15", "+48221234567"),
        ("\u0664\u0660\u0663\u0661\u0668", "40318"),
    ],
)
def test_a_number_is_dialled_however_people_write_it(rig: Rig, text: str, number: str) -> None:
    assert rig.service.dial(ANNA, text, None).number == number
    assert rig.service.may_invite(ANNA, number)
    assert text == number or not rig.service.may_invite(ANNA, text)


@pytest.mark.parametrize(
    "text",
    ["pokój 112", "600 100 200abc", "*72600100200", "", "brak", "anonymous", "+48 12", "sip:evil@elsewhere.example"],
)
def test_what_is_no_number_is_not_dialled(rig: Rig, text: str) -> None:
    with pytest.raises(NumberInvalidError):
        rig.service.dial(ANNA, text, None)


@pytest.mark.req("R6")
def test_without_a_presentation_nobody_dials(rig: Rig) -> None:
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(EWA_AGENT, CUSTOMER, None)
    assert refused.value.code == "dial-no-presentation"


@pytest.mark.req("R6")
def test_without_a_city_number_nobody_dials(rig: Rig) -> None:
    rig.exchange.people[2] = replace(rig.exchange.people[2], city_number=None, presentation="+48221234569")
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(EWA_AGENT, CUSTOMER, None)
    assert refused.value.code == "dial-no-city-number"


@pytest.mark.req("R13")
def test_while_the_integration_is_off_nobody_dials(rig: Rig) -> None:
    rig.change_pairing(active=False)
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(ANNA, CUSTOMER, None)
    assert refused.value.code == "dial-integration-inactive"


@pytest.mark.req("R7")
def test_through_a_campaign_of_another_mode_nobody_dials(rig: Rig) -> None:
    rig.exchange.campaign_list = [replace(rig.exchange.campaign_list[0], mode=CampaignMode.AUTOMATIC)]
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(ANNA, CUSTOMER, None)
    assert refused.value.code == "campaign-wrong-mode"


def test_an_agent_in_a_call_does_not_dial(rig: Rig) -> None:
    rig.store(rig.fcc("answered", 1, users_id=101))
    with pytest.raises(AgentBusyError):
        rig.service.dial(ANNA, CUSTOMER, None)
    rig.service.dial(PIOTR, CUSTOMER, None)
    rig.store(rig.fcc("leg-ended", 9, users_id=101))
    rig.service.dial(ANNA, CUSTOMER, None)


def test_an_agent_whom_fcc_calls_busy_does_not_dial_while_that_is_fresh(rig: Rig) -> None:
    busy = Presence(3, PresenceClass.BUSY, "Zajęty", rig.clock.now())
    rig.room.facts.presence_reported("acme", 101, busy)
    with pytest.raises(AgentBusyError):
        rig.service.dial(ANNA, CUSTOMER, None)
    rig.clock.advance(120)
    rig.service.dial(ANNA, CUSTOMER, None)


def test_a_call_that_was_not_heard_of_for_hours_blocks_nobody(rig: Rig) -> None:
    rig.store(rig.fcc("answered", 1, users_id=101))
    rig.clock.advance(5 * 3600)
    rig.service.dial(ANNA, CUSTOMER, None)


def test_the_same_dial_twice_is_one_dial(rig: Rig) -> None:
    first = rig.service.dial(ANNA, "600 100 200", None, dial_id="d-1")
    rig.clock.advance(1)
    rig.store(rig.fcc("created", 1, direction="outbound", users_id=101))
    again = rig.service.dial(ANNA, "600 100 200", None, dial_id="d-1")
    assert (again.dial_id, again.number) == (first.dial_id, first.number)


@pytest.mark.req("R40")
def test_the_clicked_record_stays_with_the_call_even_if_the_pane_never_reports(rig: Rig) -> None:
    rig.service.dial(ANNA, CUSTOMER, Record(JAN.record_id, "Contact", "Jan"))
    rig.executor.run()
    rig.store(rig.fcc("created", 1, direction="outbound", users_id=101))
    related = rig.log.changes[-1].related
    assert related is not None
    assert (related.source, related.record_id) == ("clicked", JAN.record_id)


def test_a_click_on_a_number_without_a_record_is_a_plain_dial(rig: Rig) -> None:
    rig.service.dial(ANNA, CUSTOMER, None)
    rig.store(rig.fcc("created", 1, direction="outbound", users_id=101))
    assert rig.log.changes[-1].related is None


def test_while_fcc_is_away_the_refusal_says_so(rig: Rig) -> None:
    rig.exchange.failure = FccUnreachableError(function="fcc-users-list")
    with pytest.raises(FccUnreachableError):
        rig.service.dial(ANNA, CUSTOMER, None)


def test_a_fast_browser_clock_does_not_put_a_report_into_the_future(rig: Rig) -> None:
    rig.service.report(ANNA, PaneReport("ringing", "inbound", CUSTOMER, rig.at(3600), sip_call_id="s"))
    assert rig.log.changes[-1].started_at == rig.clock.now()


def test_a_phone_that_was_told_fccs_id_reports_a_call_by_it(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.report(ANNA, "answered", 2, sip_call_id=None, calls_id=7)
    (call,) = rig.calls(ANNA)
    assert (call["state"], call["callsId"], call["sipCallId"]) == ("talking", 7, None)
    rig.report(ANNA, "held", 5, sip_call_id=None, calls_id=7)
    assert rig.calls(ANNA)[0]["state"] == "held"


def test_an_agent_links_a_call_to_a_case(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.store(rig.fcc("answered", 1, users_id=101))
    rig.access.records[CASE.record_id] = CASE
    rig.service.relate(ANNA, CallName(calls_id=7), Record(CASE.record_id, "Case"))
    assert rig.calls(ANNA)[0]["related"] == {
        "whoId": JAN.record_id,
        "whatId": "500000000000001AAA",
        "name": "00001234",
    }
    rig.service.relate(ANNA, CallName(call_id=rig.calls(ANNA)[0]["callId"]), None)
    assert rig.calls(ANNA)[0]["related"] is None


def test_an_agent_speaks_only_of_calls_of_their_own(rig: Rig) -> None:
    rig.store(rig.fcc("answered", 1, users_id=101))
    changes = len(rig.log.changes)
    for act in (
        lambda: rig.service.relate(PIOTR, CallName(calls_id=7), None),
        lambda: rig.service.popped(PIOTR, CallName(calls_id=7), JAN.record_id),
        lambda: rig.service.relate(ANNA, CallName(calls_id=8), None),
        lambda: rig.service.relate(ANNA, CallName(), None),
    ):
        with pytest.raises(CallUnknownError):
            act()
    assert len(rig.log.changes) == changes


def test_a_shown_record_is_noted(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 1)
    rig.service.popped(ANNA, CallName(sip_call_id="sip-1"), JAN.record_id)
    found = rig.log.changes[-1].leg_of(101)
    assert found is not None
    assert found[1].popped


@pytest.mark.req("R32")
def test_an_agent_sets_a_status(rig: Rig) -> None:
    rig.attend(ANNA)
    presence = rig.service.set_presence(ANNA, 5)
    assert (presence.presence_class, presence.name) == ("pause", "Przerwa obiadowa")
    assert rig.exchange.told == [("anna.nowak", 5)]
    assert rig.events(ANNA, "presence")[-1]["presence"] == PresenceShown.of(presence).to_json()


@pytest.mark.assumed("A10")
@pytest.mark.parametrize("status_id", [3, 4, 99])
def test_busy_wrap_and_unknown_statuses_are_not_set(rig: Rig, status_id: int) -> None:
    with pytest.raises(StatusNotSettableError):
        rig.service.set_presence(ANNA, status_id)
    assert rig.exchange.told == []


def test_the_snapshot_survives_fcc_being_away(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.restart()
    rig.exchange.failure = FccUnreachableError(function="x")
    shown = rig.snapshot(ANNA)
    assert shown["presence"]["class"] == "notready"
    assert shown["statuses"] == []
    assert shown["capabilities"]["missing"][0]["code"] == "fcc-unreachable"


def test_phone_credentials_do_not_show_their_password(rig: Rig) -> None:
    credentials = rig.service.phone_credentials(ANNA)
    assert credentials.password == "secret-of-the-test"
    assert "secret-of-the-test" not in repr(credentials)


def test_an_agent_of_no_pairing_gets_nothing(rig: Rig) -> None:
    with pytest.raises(CallUnknownError):
        rig.snapshot(AgentRef("other", "005000000000001AAA", 101))


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
def test_what_the_tenant_does_not_allow_is_neither_dialled_nor_rung(rig: Rig, number: str, code: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(ANNA, number, None)
    assert refused.value.code == code
    canonical = parse(number, "PL").value
    assert not rig.service.may_invite(ANNA, canonical)
    with rig.database.read() as uow:
        where = {"direction": "outbound", "number": canonical, "since": rig.at(-60), "until": rig.at(60)}
        assert uow.pane_calls.open_at("acme", ANNA.fcc_user_id, **where) == []
    rig.change_tenant(dial_countries=("ALL",), dial_premium=True, dial_satellite=True)
    assert rig.service.dial(ANNA, number, None).number == canonical
    assert rig.service.may_invite(ANNA, canonical)


def test_the_sentence_names_what_is_not_allowed_in_both_languages(rig: Rig) -> None:
    with pytest.raises(ConnectorError) as refused:
        rig.service.dial(ANNA, "+380441234567", None)
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
        "\u202a+48600100200\u202c",
        "+48600\u200b100200",
        "\uff0b48600100200",
        "+48600100200,601200300",
        "+48600100200/+48601200300",
        "+48600100200+48700123456",
        "+48600100200@elsewhere.example",
        "callto:+48600100200",
        "tel.+48600100200",
        "+480600100200",
        "+0048600100200",
        "+112",
        "",
        "anonymous",
    ],
)
def test_the_phone_rings_a_number_only_in_the_spelling_that_dial_gave_it(rig: Rig, user: str) -> None:
    assert rig.service.may_invite(ANNA, CUSTOMER)
    assert not rig.service.may_invite(ANNA, user)


@pytest.mark.parametrize(
    "text", ["600 100 200 wew. 7", "tel:600100200", "(60) 010-02-00", "112", "999", "40318", "801123456"]
)
def test_what_dial_gave_may_be_rung(rig: Rig, text: str) -> None:
    assert rig.service.may_invite(ANNA, rig.service.dial(ANNA, text, None).number)


@pytest.mark.req("R6", "R13")
def test_the_phone_rings_nobody_that_dial_would_refuse(rig: Rig) -> None:
    assert rig.service.may_invite(ANNA, CUSTOMER)
    assert rig.service.may_invite(ANNA, "40318")
    assert not rig.service.may_invite(ANNA, "anonymous")
    assert not rig.service.may_invite(EWA_AGENT, CUSTOMER)
    assert not rig.service.may_invite(AgentRef("other", "005", 101), CUSTOMER)
    rig.change_pairing(active=False)
    assert not rig.service.may_invite(ANNA, CUSTOMER)


def test_a_dial_that_never_reached_fcc_blocks_its_agent_for_a_minute_and_a_half(rig: Rig) -> None:
    rig.report(ANNA, "dialled", 0, direction="outbound")
    with pytest.raises(AgentBusyError):
        rig.service.dial(ANNA, CUSTOMER, None)
    assert len(rig.calls(ANNA)) == 1
    rig.clock.advance(91)
    assert rig.calls(ANNA) == []
    rig.service.dial(ANNA, CUSTOMER, None)
