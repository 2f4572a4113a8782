"""Finding callers in the Salesforce simulator, as agents and as the integration user."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cti import outgoing
from cti.accounts import AgentRef, PaneSession
from cti.clock import SystemClock
from cti.matching.as_agent import AsAgent
from cti.matching.service import Matching
from cti.salesforce.org import SalesforceOrgs
from tests.support import accounts
from tests.support.database import make_database
from tests.support.salesforce_simulator import simulator

ANNA = "anna.nowak@acme.example"


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


class Office:
    """Anna's side of the integration."""

    def __init__(self, sim, database, http) -> None:
        self.sim = sim
        self.database = database
        self.clock = SystemClock()
        row = sim.org_row()
        orgs = SalesforceOrgs(lambda _id: row, http, self.clock)
        self.matching = Matching(AsAgent(database, orgs), self.clock)
        self.agent = AgentRef("acme-1", sim.user_id(ANNA), 101)
        with database.write() as uow:
            uow.tenants.save(accounts.tenant(self.clock))
            uow.orgs.save(accounts.org(self.clock, id=sim.org_id))
            uow.flush()
            uow.pairings.save(accounts.pairing(self.clock, org_id=sim.org_id))
            uow.commit()

    def sign_in(self) -> None:
        now = self.clock.now()
        token = self.sim.post("login", user=ANNA)["token"]
        with self.database.write() as uow:
            uow.sessions.add(
                PaneSession(
                    id="s1",
                    org_id=self.sim.org_id,
                    pairing_id="acme-1",
                    sf_user_id=self.agent.sf_user_id,
                    fcc_user_id=101,
                    language="pl",
                    name="Anna Nowak",
                    email=ANNA,
                    token=token,
                    token_at=now,
                    created_at=now,
                    expires_at=now + timedelta(hours=1),
                    revoked_at=None,
                )
            )
            uow.commit()

    def set(self, **changes) -> None:
        with self.database.write() as uow:
            uow.pairings.save(replace(uow.pairings.get("acme-1"), **changes))
            uow.commit()

    def names(self, number, ivr=None):
        result = self.matching.find(self.agent, number, ivr=ivr)
        assert result.complete
        return [(record.object_type, record.name, record.reason) for record in result.candidates]


@pytest.fixture
def office(sim, tmp_path):
    database = make_database(tmp_path, SystemClock())
    with outgoing.session() as http:
        yield Office(sim, database, http)
    database.close()


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
