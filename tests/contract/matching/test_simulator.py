"""Finding callers in the Salesforce simulator, as agents and as the integration user."""

from __future__ import annotations

import pytest

from tests.contract.matching.office import ANNA


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_caller_is_found_with_the_reason(office, signed_in):
    if signed_in:
        office.sign_in()
    assert office.names("+48600100200") == [("Contact", "Jan Kowalski", "Telefon komórkowy")]
    assert office.names("600 100 400") == [("Lead", "Krzysztof Zając", "Telefon")]
    assert [name for _, name, _ in office.names("+48600100300")] == ["Adam Nowy", "Ewa Nowa"]
    assert office.names("+48600100999") == []


@pytest.mark.parametrize(
    "written",
    [
        "601 200 300, 602 300 400",
        "602 300 400 lub 601 200 300",
        "601\u2009200\u2009300",
        "tel. 601 200 300 (Anna)",
        "+48 (0) 601 200 300 w. 3",
    ],
)
def test_a_caller_is_found_by_each_number_however_it_is_written(office, sim, written):
    sim.post("records", type="Lead", LastName="Maj", Company="Maj", Phone=written)
    office.sign_in()
    assert office.names("+48601200300") == [("Lead", "Maj", "Telefon")]


@pytest.mark.parametrize("signed_in", [True, False])
def test_nobody_finds_a_record_they_may_not_see(office, sim, signed_in):
    sim.post("hide", recordId=sim.record_id("Jan Kowalski"), user=ANNA, hidden=True)
    if signed_in:
        office.sign_in()
    assert office.names("+48600100200") == []


def test_an_agents_token_that_is_over_does_not_stop_the_search(office, sim):
    office.sign_in()
    sim.post("expire-tokens")
    assert office.names("+48600100200")


@pytest.mark.req("R19")
@pytest.mark.assumed("A30")
def test_the_case_keyed_in_the_ivr_is_found(office):
    office.sign_in()
    office.set(case_by_ivr_code=True)
    assert office.names("+48600100200", ivr="1234") == [
        ("Case", "00001234 Reklamacja faktury", "Numer sprawy podany w IVR")
    ]


@pytest.mark.req("R20")
def test_an_org_without_person_accounts_is_searched_all_the_same(office):
    office.sign_in()
    office.set(person_accounts=True)
    assert office.names("+48600100200")


def test_a_slow_org_gives_an_unfinished_answer_in_time(office, sim):
    office.sign_in()
    assert office.names("+48600100205")
    sim.post("fail", kind="slow", count=1, seconds=5.0)
    result = office.matching.find(office.agent, "+48600100200", ivr=None)
    assert not result.complete
