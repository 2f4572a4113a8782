"""Records that panes name, asked for in the Salesforce simulator as agents and as the integration user."""

from __future__ import annotations

import pytest

from cti import outgoing
from cti.clock import SystemClock
from cti.matching.access import RecordAccess
from cti.matching.as_agent import AsAgent
from cti.salesforce.errors import SalesforceError
from cti.salesforce.org import SalesforceOrgs
from tests.contract.matching.test_simulator import ANNA, Office
from tests.support.database import make_database
from tests.support.salesforce_simulator import simulator


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("salesforce")) as made:
        yield made


@pytest.fixture
def sim(running):
    running.post("reset")
    running.post("fail", kind="none")
    running.state = running.get("state")
    yield running
    running.post("fail", kind="none")


class Desk(Office):
    """Anna's side of the integration, with what asks for single records."""

    def __init__(self, sim, database, http) -> None:
        super().__init__(sim, database, http)
        row = sim.org_row()
        self.access = RecordAccess(AsAgent(database, SalesforceOrgs(lambda _id: row, http, self.clock)), self.clock)

    def check(self, name, object_type):
        return self.access.check(self.agent, self.sim.record_id(name), object_type).record


@pytest.fixture(params=[True, False], ids=["own-token", "integration-user"])
def desk(sim, tmp_path, request):
    database = make_database(tmp_path, SystemClock())
    with outgoing.session() as http:
        made = Desk(sim, database, http)
        if request.param:
            made.sign_in()
        yield made
    database.close()


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
