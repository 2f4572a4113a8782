"""What an org lacks, hides or refuses, in Salesforce's own words, and what becomes of the call logs."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from cti import outgoing
from cti.admin.check import Finding, check
from cti.admin.service import Draft
from cti.calllog.carrier import TaskCarrier
from cti.calllog.guard import FieldGuard
from cti.calllog.resolve import Resolver
from cti.domain.org_fields import READ, WRITTEN
from cti.domain.phone_number import spellings
from cti.matching.candidates import candidates, wanted_fields
from cti.outbox.deliverer import Deliverer
from cti.salesforce.org import SalesforceOrgs
from tests.contract.outbox.support import change
from tests.support import accounts
from tests.support.database import make_database
from tests.unit.calllog import support
from tests.unit.calllog.support import JAN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clock import DrivenClock

RECHECK = 301
TASK = frozenset(WRITTEN["Task"])


class Desk:
    """A deliverer that delivers to the simulator's org, with a clock that the test drives."""

    def __init__(self, directory: Path, clock: DrivenClock, sim, http) -> None:
        self.sim, self.clock = sim, clock
        self.row = SimpleNamespace(**asdict(sim.org_row()))
        self.database = make_database(directory, clock)
        accounts.pair(self.database, clock, org_id=self.row.id, my_domain_url=self.row.my_domain_url)
        self.orgs = SalesforceOrgs(lambda _org_id: self.row, http, clock)
        self.guard = FieldGuard(clock)
        resolver = Resolver(lambda _tenant, _user: "anna.nowak@acme.example", clock)
        self.deliverer = Deliverer(
            self.database,
            {"call": TaskCarrier(self.orgs, resolver, self.guard, clock)},
            clock,
            owner="here",
            random=lambda: 0.0,
        )

    @property
    def org(self):
        return self.orgs.org(self.row.id)

    def change(self, *calls) -> None:
        change(self.database, self.clock, *calls)

    def put(self, number: int, **fields) -> None:
        """Have something delivered that no mapping would make."""
        key = f"acme:{number}:0"
        with self.database.write() as uow:
            uow.outbox.put(
                f"{self.row.id}/{key}",
                {"FCC_Call_Id__c": key, "TaskSubtype": "Call", **fields},
                kind="call",
                org_id=self.row.id,
                pairing_id="acme-1",
                run_after=self.clock.now(),
            )
            uow.commit()

    def deliver(self, seconds: float = 120.0) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            pause = self.deliverer.run_once()
            if pause:
                self.clock.advance(min(pause, end - self.clock.monotonic()) + 0.01)

    def state(self, number: int) -> str:
        with self.database.read() as uow:
            return uow.outbox.get(f"{self.row.id}/acme:{number}:0").state

    def tasks(self):
        return {task["FCC_Call_Id__c"]: task for task in self.sim.tasks() if not task.get("IsDeleted")}

    def withhold(self, how: str, *names: str) -> None:
        for name in names:
            table, _, field = name.rpartition(".")
            self.sim.post("fields", object=table or "Task", field=field, how=how)


@pytest.fixture
def desk(tmp_path, clock, sim):
    with outgoing.session() as http:
        made = Desk(tmp_path, clock, sim, http)
        yield made
        made.database.close()


def jan(sim):
    return replace(JAN, record_id=sim.record_id("Jan Kowalski"))


@pytest.mark.assumed("A69", "A73")
def test_the_permission_set_of_the_package_is_enough_for_all_that_is_read_and_written(desk, sim):
    assert desk.guard.takes(desk.row.id, desk.org).missing == ()
    for table, names in READ.items():
        assert names <= desk.org.access(table).readable, table
    call = support.related(support.ended(support.answered(support.outbound())), jan(sim), "clicked")
    desk.change(support.with_segment(call, note="oddzwoni", disposition="umówiony"))
    desk.deliver()
    task = desk.tasks()["acme:1017:0"]
    assert (task["WhoId"], task["ActivityDate"], task["Description"]) == (jan(sim).record_id, "2026-11-22", "oddzwoni")
    assert (task["FCC_Contact_Name__c"], task["FCC_Contact_Email__c"]) == (
        "Jan Kowalski",
        "jan.kowalski@klient.example",
    )
    assert task["OwnerId"] == sim.user_id("anna.nowak@acme.example")
    found = desk.org.search_phones(spellings("+48600100200", "PL"), wanted_fields(person_accounts=False))
    assert [each.name for each in candidates(found, "+48600100200", region="PL", language="pl")] == ["Jan Kowalski"]


def test_without_the_permission_set_standard_fields_are_hidden_and_nothing_is_written(desk, sim):
    sim.post("permission-sets", user="fcc.integration@acme.example", name="Fcc_Integration", assigned=False)
    access = desk.org.access("Task")
    assert not {"WhoId", "WhatId", "ActivityDate"} & access.readable
    assert "FCC_Call_Id__c" not in access.createable
    desk.change(support.outbound())
    desk.deliver()
    assert desk.state(1017) == "retry"
    assert sim.tasks() == []
    sim.post("permission-sets", user="fcc.integration@acme.example", name="Fcc_Integration", assigned=True)
    desk.deliver(RECHECK)
    assert desk.tasks()["acme:1017:0"]["Subject"] == "Połączenie wychodzące +48600100200"


@pytest.mark.assumed("A25")
@pytest.mark.parametrize("how", ["missing", "hidden", "read-only"])
def test_fields_that_the_org_does_not_take_are_filled_in_once_it_does(desk, sim, how):
    desk.withhold(how, "WhoId", "FCC_Queue__c", "FCC_Outcome__c")
    call = support.related(support.ended(support.answered(support.inbound())), jan(sim), "matched")
    desk.change(call)
    desk.deliver()
    task = desk.tasks()["acme:2001:0"]
    assert (task["Status"], task["WhoId"], task["FCC_Queue__c"], task["FCC_Outcome__c"]) == ("Completed", *[None] * 3)
    assert desk.state(2001) == "held"
    desk.withhold("shown", "WhoId", "FCC_Outcome__c")
    desk.deliver(RECHECK)
    task = desk.tasks()["acme:2001:0"]
    assert (task["WhoId"], task["FCC_Queue__c"], task["FCC_Outcome__c"]) == (jan(sim).record_id, None, "ANSWERED")
    desk.withhold("shown", "FCC_Queue__c")
    desk.deliver(RECHECK)
    assert desk.tasks()["acme:2001:0"]["FCC_Queue__c"] == "Obsługa klienta"
    assert desk.state(2001) == "done"


@pytest.mark.parametrize("how", ["hidden", "read-only"])
def test_a_field_that_is_taken_away_between_two_deliveries_costs_no_log(desk, how):
    desk.change(support.inbound(calls_id=1))
    desk.deliver()
    desk.withhold(how, "FCC_Queue__c")
    desk.change(*(support.inbound(calls_id=number) for number in range(2, 6)))
    desk.deliver()
    assert [task["FCC_Queue__c"] for task in desk.tasks().values()] == ["Obsługa klienta", *[None] * 4]
    assert {desk.state(number) for number in range(2, 6)} == {"held"}


@pytest.mark.assumed("A71")
@pytest.mark.parametrize(
    "bad",
    [
        {"FCC_Answered_At__c": "1-01-01T00:00:00.000+0000"},
        {"CallDurationInSeconds": 63930934830},
        {"Subject": {"not": "text"}, "$": "?"},
    ],
    ids=["a time in no calendar", "a length beyond all", "what is no text"],
)
def test_one_log_that_salesforce_cannot_read_holds_no_other_up(desk, sim, bad):
    for number in range(30):
        desk.put(number, **(bad if number == 17 and "$" not in bad else {"Subject": "x"}))
    if "$" in bad:
        desk.put(17, Subject=["no", "text"])
    desk.deliver(60)
    assert len(desk.tasks()) == 29
    assert {desk.state(number) for number in range(30) if number != 17} == {"done"}
    posts = sim.get("counters")["requests"]["POST composite/sobjects"]
    assert posts <= 20
    desk.deliver(2 * 3600)
    assert desk.state(17) == "dead"
    with desk.database.read() as uow:
        row = uow.outbox.get(f"{desk.row.id}/acme:17:0")
    assert row.code == "call-log-request-refused"
    assert row.detail.startswith("JSON_PARSER_ERROR: Cannot deserialize instance of")


@pytest.mark.assumed("A68")
@pytest.mark.parametrize("fault", ["trigger-lock", "flow-lock", "automation-limit", "row-lock"])
def test_what_passes_inside_the_orgs_automation_costs_nothing_but_time(desk, sim, fault):
    sim.post("fail", kind=fault, count=3)
    desk.change(*(support.outbound(calls_id=number) for number in range(5)))
    desk.deliver()
    sim.post("fail", kind="none")
    assert len(desk.tasks()) == 5


def test_a_customer_and_an_owner_who_cannot_be_referred_to_cost_no_log(desk, sim):
    lead = replace(JAN, record_id=sim.record_id("Krzysztof Zając"), object_type="Lead")
    sim.post("records", Id=lead.record_id, IsConverted=True)
    desk.change(support.related(support.outbound(), lead, "clicked"))
    desk.deliver()
    task = desk.tasks()["acme:1017:0"]
    assert (task["WhoId"], task["OwnerId"]) == (None, sim.user_id("anna.nowak@acme.example"))
    sim.post("records", Id=sim.user_id("anna.nowak@acme.example"), UserType="AutomatedProcess")
    desk.clock.advance(RECHECK)
    desk.change(support.related(support.outbound(calls_id=1018), jan(sim), "clicked"))
    desk.deliver()
    task = desk.tasks()["acme:1018:0"]
    assert (task["WhoId"], task["OwnerId"]) == (jan(sim).record_id, sim.user_id("fcc.integration@acme.example"))


def test_a_customer_who_is_gone_does_not_leave_the_task_open_and_a_task_that_is_gone_stays_so(desk, sim):
    calls = [support.outbound(calls_id=number) for number in (1, 2)]
    desk.change(*calls)
    desk.deliver()
    sim.post("records", Id=desk.tasks()["acme:2:0"]["Id"], delete=True)
    sim.post("records", Id=jan(sim).record_id, delete=True)
    desk.change(*(support.related(support.ended(support.answered(call)), jan(sim), "matched") for call in calls))
    desk.deliver()
    assert {key: (task["Status"], task["WhoId"]) for key, task in desk.tasks().items()} == {
        "acme:1:0": ("Completed", None)
    }
    assert (desk.state(1), desk.state(2)) == ("done", "done")


def test_a_phone_field_that_is_hidden_from_the_integration_user_does_not_cost_the_whole_search(desk):
    desk.withhold("hidden", "Contact.HomePhone", "Contact.Email")
    for _ in range(2):
        found = desk.org.search_phones(spellings("+48600100200", "PL"), wanted_fields(person_accounts=False))
        assert [each.name for each in candidates(found, "+48600100200", region="PL", language="pl")] == ["Jan Kowalski"]


def test_an_email_that_is_hidden_from_the_integration_user_does_not_cost_the_name(desk, sim):
    desk.withhold("hidden", "Contact.Email")
    desk.change(support.related(support.outbound(), jan(sim), "clicked"))
    desk.deliver()
    task = desk.tasks()["acme:1017:0"]
    assert (task["FCC_Contact_Name__c"], task["FCC_Contact_Email__c"]) == ("Jan Kowalski", None)


class Side:
    """The org as the pairing's check asks it."""

    def __init__(self, org, org_id) -> None:
        self.org, self.org_id = org, org_id

    def integration_user(self):
        return SimpleNamespace(org_id=self.org_id, name="FCC", email="fcc@acme.example")

    def active_users(self):
        return self.org.active_users()

    def versions(self):
        return self.org.versions()

    def access(self, table):
        return self.org.access(table)


def test_the_pairings_check_names_what_is_missing(desk):
    def lines() -> list[Finding]:
        row = accounts.org(desk.clock, id=desk.row.id, my_domain_url=desk.row.my_domain_url)
        side = Side(desk.orgs.connect(desk.row), desk.row.id)
        draft = Draft(accounts.tenant(desk.clock), row, accounts.pairing(desk.clock, off_campaign_id=None))
        fcc = SimpleNamespace(users=list, campaigns=list)
        return [line for line in check(draft, side, fcc) if "integration user" in line.text]

    assert [line.level for line in lines()] == ["ok"]
    desk.withhold("hidden", "Task.WhoId", "Lead.MobilePhone")
    written, read = lines()
    assert (written.level, read.level) == ("warning", "warning")
    assert "Task.WhoId" in written.text
    assert "Lead.MobilePhone" in read.text
