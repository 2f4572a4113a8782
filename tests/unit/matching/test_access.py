"""What is asked about a record that a pane names, and as whom."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from cti.accounts import AgentRef
from cti.domain.org_fields import NAMED, READ
from cti.matching.access import RecordAccess
from cti.matching.as_agent import AsAgent
from cti.salesforce.errors import (
    AccessRefusedError,
    AppUnknownError,
    RequestInvalidError,
    SalesforceError,
    SessionExpiredError,
    UnavailableError,
)
from tests.support import accounts

AGENT = AgentRef("acme-1", "005A", 101)


@dataclass
class FakeOrg:
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: set[str] = field(default_factory=set)
    errors: dict[str | None, SalesforceError] = field(default_factory=dict)
    nameless: bool = False
    account_fields: frozenset[str] = frozenset({"Id", "Name"})
    asked: list[Any] = field(default_factory=list)

    def find(self, table, fields, column, values, *, token=None, budget=30.0):
        self.asked.append((table, fields, token))
        assert column == "Id"
        assert 0 < budget <= 2.0
        if token in self.errors:
            raise self.errors[token]
        if self.nameless and "Name" in fields:
            raise RequestInvalidError(salesforce_code="INVALID_FIELD")
        return [self.rows[value] for value in values if value in self.rows]

    def readable(self, user_id, record_ids, *, budget=30.0):
        self.asked.append(("UserRecordAccess", user_id, frozenset(record_ids)))
        return frozenset(self.grants & set(record_ids))

    def fields_of(self, table):
        assert table == "Account"
        return self.account_fields


@dataclass
class World:
    clock: Any
    org: FakeOrg = field(default_factory=FakeOrg)
    sessions: list[Any] = field(default_factory=lambda: [session("005A", "agents-token")])
    pairing: Any = None
    refused: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.pairing = accounts.pairing(self.clock)
        orgs = SimpleNamespace(org=lambda _id: self.org)
        as_agent = AsAgent(self, orgs, token_refused=lambda session: self.refused.append(session.token))
        self.access = RecordAccess(as_agent, self.clock)

    @contextmanager
    def read(self):
        yield SimpleNamespace(
            pairings=SimpleNamespace(get=lambda _id: self.pairing),
            tenants=SimpleNamespace(get=lambda _id: accounts.tenant(self.clock)),
            sessions=SimpleNamespace(live_of=lambda _pairing, _user: self.sessions),
        )

    def check(self, record_id="003J", object_type="Contact"):
        return self.access.check(AGENT, record_id, object_type).record


def session(user, token):
    return SimpleNamespace(sf_user_id=user, token=token)


def row(record_id, kind, **fields):
    return {"attributes": {"type": kind}, "Id": record_id, **fields}


@pytest.fixture
def world(clock) -> World:
    made = World(clock)
    made.org.rows["003J"] = row("003J", "Contact", Name="Jan Kowalski")
    return made


def test_the_agents_own_token_needs_no_second_question(world):
    assert world.check().name == "Jan Kowalski"
    assert [token for _, _, token in world.org.asked] == ["agents-token"]
    assert world.check("003X") is None


@pytest.mark.parametrize("error", [SessionExpiredError(), AccessRefusedError()])
def test_without_a_usable_token_the_integration_user_asks_whether_the_agent_may(world, error):
    world.org.errors["agents-token"] = error
    assert world.check() is None
    assert world.org.asked[-1] == ("UserRecordAccess", "005A", frozenset({"003J"}))
    world.org.grants = {"003J"}
    assert world.check().name == "Jan Kowalski"
    assert bool(world.refused) is isinstance(error, SessionExpiredError)


def test_a_session_of_somebody_else_is_not_used(world):
    world.sessions = [session("005B", "other-token"), session("005A", None)]
    world.org.grants = {"003J"}
    world.check()
    assert [each[2] for each in world.org.asked if each[0] == "Contact"] == [None]


def test_a_person_account_comes_with_its_contact_whatever_the_pane_says(world):
    world.org.account_fields |= {"IsPersonAccount", "PersonContactId"}
    world.org.rows["001P"] = row("001P", "Account", Name="Olga Wilk", IsPersonAccount=True, PersonContactId="003P")
    record = world.check("001P", "Account")
    assert (record.person_account, record.contact_id, record.contact_hidden) == (True, "003P", False)


def test_the_person_behind_a_case_is_checked_like_the_case(world):
    world.org.rows["500A"] = row("500A", "Case", CaseNumber="00001234", ContactId="003J")
    record = world.check("500A", "Case")
    assert (record.name, record.contact_id, record.contact_hidden) == ("00001234", None, True)
    world.org.grants = {"003J"}
    record = world.check("500A", "Case")
    assert (record.contact_id, record.contact_hidden) == ("003J", False)


def test_an_object_without_a_name_is_told_without_one(world):
    world.org.nameless = True
    world.org.rows["800C"] = row("800C", "Contract")
    record = world.check("800C", "Contract")
    assert (record.object_type, record.name) == ("Contract", "")


def test_the_object_is_called_what_salesforce_calls_it(world):
    assert world.check("003J", "contact").object_type == "Contact"


def test_what_the_org_does_not_have_can_be_read_by_nobody(world):
    world.org.errors = dict.fromkeys(["agents-token", None], RequestInvalidError(salesforce_code="INVALID_TYPE"))
    assert world.check("a01X", "Nonsense__c") is None


@pytest.mark.parametrize("error", [UnavailableError(), AppUnknownError()])
def test_whoever_cannot_ask_does_not_know(world, error):
    world.org.errors = dict.fromkeys(["agents-token", None], error)
    with pytest.raises(type(error)):
        world.check()


def test_a_check_goes_on_when_a_refused_token_cannot_be_noted(world):
    world.refused = None
    world.org.errors["agents-token"] = SessionExpiredError()
    world.org.grants = {"003J"}
    assert world.check() is not None


def test_whatever_is_asked_is_granted_to_the_integration_user():
    for table, columns in NAMED.items():
        assert set(columns) <= READ[table]


def test_for_a_pairing_that_is_gone_nothing_can_be_read(world):
    world.pairing = None
    assert world.check() is None
