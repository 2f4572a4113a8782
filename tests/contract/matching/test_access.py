"""Records that panes name, asked for in the Salesforce simulator as agents and as the integration user."""

from __future__ import annotations

import pytest

from cti.salesforce.errors import SalesforceError
from tests.contract.matching.office import ANNA


@pytest.fixture(params=[True, False], ids=["own-token", "integration-user"])
def desk(office, request):
    if request.param:
        office.sign_in()
    return office


@pytest.mark.parametrize(
    ("name", "object_type"),
    [("Jan Kowalski", "Contact"), ("Krzysztof Zając", "Lead"), ("ACME Polska", "Account"), ("00001234", "Case")],
)
def test_a_record_is_told_as_salesforce_holds_it(desk, name, object_type):
    record = desk.check(name, object_type)
    assert (record.object_type, record.name, record.person_account) == (object_type, name, False)
    assert record.contact_id == (desk.sim.record_id("Jan Kowalski") if object_type == "Case" else None)
    assert not record.contact_hidden


def test_a_record_that_is_hidden_from_the_agent_is_none(desk, sim):
    sim.post("hide", recordId=sim.record_id("Jan Kowalski"), user=ANNA, hidden=True)
    assert desk.check("Jan Kowalski", "Contact") is None
    assert desk.check("ACME Polska", "Account") is not None


@pytest.mark.assumed("A54")
def test_of_a_case_whose_contact_is_hidden_only_the_case_is_told(desk, sim):
    sim.post("hide", recordId=sim.record_id("Jan Kowalski"), user=ANNA, hidden=True)
    record = desk.check("00001234", "Case")
    assert (record.name, record.contact_id, record.contact_hidden) == ("00001234", None, True)


@pytest.mark.parametrize(("name", "object_type"), [("Jan Kowalski", "Lead"), ("Jan Kowalski", "Nonsense__c")])
def test_a_record_is_none_under_the_name_of_another_object(desk, name, object_type):
    assert desk.check(name, object_type) is None


def test_while_the_org_is_away_nothing_is_known(desk, sim):
    desk.check("Jan Kowalski", "Contact")
    sim.post("fail", kind="unavailable", count=20)
    with pytest.raises(SalesforceError) as away:
        desk.check("Jan Kowalski", "Contact")
    assert away.value.retryable


def test_an_agents_token_that_is_over_does_not_stop_the_check(desk, sim):
    sim.post("expire-tokens")
    assert desk.check("Jan Kowalski", "Contact") is not None
    sim.post("hide", recordId=sim.record_id("Jan Kowalski"), user=ANNA, hidden=True)
    assert desk.check("Jan Kowalski", "Contact") is None
