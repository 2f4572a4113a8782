"""As whom Salesforce is asked about a caller, for how long, and what is remembered."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from cti.accounts import AgentRef
from cti.matching.as_agent import AsAgent
from cti.matching.service import Matching
from cti.salesforce.errors import AccessRefusedError, SessionExpiredError, TimedOutError, UnavailableError
from tests.support import accounts

NUMBER = "+48600100200"
AGENT = AgentRef("acme-1", "005A", 101)
JAN = {"attributes": {"type": "Contact"}, "Id": "003J", "Name": "Jan Kowalski", "MobilePhone": "600 100 200"}
EWA = {"attributes": {"type": "Contact"}, "Id": "003E", "Name": "Ewa", "MobilePhone": "600 100 200"}
CASE = {"Id": "500A", "CaseNumber": "00001234", "Subject": "Reklamacja", "ContactId": "003J"}


@dataclass
class FakeOrg:
    clock: Any
    found: list[Any] = field(default_factory=lambda: [JAN])
    cases: list[Any] = field(default_factory=list)
    grants: set[str] = field(default_factory=lambda: {"003J", "003E", "500A"})
    errors: dict[str | None, Exception] = field(default_factory=dict)
    takes: float = 0.0
    asked: list[Any] = field(default_factory=list)
    account_fields: frozenset[str] = frozenset({"Id", "Name", "Phone"})

    def _answer(self, token, budget):
        self.clock.advance(min(self.takes, budget))
        if self.takes > budget:
            raise TimedOutError
        if token in self.errors:
            raise self.errors[token]

    def search_phones(self, spellings, returning, *, limit=50, token=None, budget=30.0):
        self.asked.append(("search", tuple(spellings), returning, token, budget))
        self._answer(token, budget)
        return self.found

    def find(self, table, fields, column, values, *, include_deleted=False, token=None, budget=30.0):
        self.asked.append(("find", table, tuple(values), token))
        self._answer(token, budget)
        return [row for row in self.cases if row[column] in values]

    def readable(self, user_id, record_ids, *, budget=30.0):
        self.asked.append(("readable", user_id, tuple(record_ids)))
        self._answer(None, budget)
        return frozenset(self.grants & set(record_ids))

    def fields_of(self, table):
        return self.account_fields


@dataclass
class World:
    clock: Any
    org: FakeOrg
    pairing: Any
    tokens: list[str | None] = field(default_factory=lambda: ["agents-token"])
    language: str = "pl"
    refused: list[str] = field(default_factory=list)

    def __post_init__(self):
        orgs = SimpleNamespace(org=lambda _org_id: self.org)
        as_agent = AsAgent(self, orgs, token_refused=lambda session: self.refused.append(session.token))
        self.matching = Matching(as_agent, self.clock)

    @contextmanager
    def read(self):
        sessions = [SimpleNamespace(sf_user_id="005A", token=token, language=self.language) for token in self.tokens]
        yield SimpleNamespace(
            pairings=SimpleNamespace(get=lambda _id: self.pairing),
            tenants=SimpleNamespace(get=lambda _id: accounts.tenant(self.clock)),
            sessions=SimpleNamespace(live_of=lambda _pairing, _user: sessions),
        )

    def find(self, number=NUMBER, ivr=None):
        return self.matching.find(AGENT, number, ivr=ivr)

    def verbs(self):
        return [each[0] for each in self.org.asked]


@pytest.fixture
def world(clock) -> World:
    return World(clock, FakeOrg(clock), accounts.pairing(clock))


def test_one_record_pops_and_several_do_not(world, clock):
    assert world.find().pop.record_id == "003J"
    clock.advance(31)
    world.org.found = [JAN, EWA]
    result = world.find()
    assert result.pop is None
    assert [record.record_id for record in result.candidates] == ["003E", "003J"]
    clock.advance(31)
    world.org.found = []
    assert world.find().pop is None
    assert world.find().complete


def test_salesforce_is_asked_as_the_agent(world):
    world.find()
    ((_, spellings, returning, token, _),) = world.org.asked
    assert token == "agents-token"
    assert {"600100200", "+48600100200", "600 100 200"} <= set(spellings)
    assert set(returning) == {"Contact", "Lead", "Account"}


@pytest.mark.parametrize("error", [SessionExpiredError(), AccessRefusedError()])
def test_without_a_usable_token_only_what_the_agent_may_read_is_kept(world, error):
    world.org.errors["agents-token"] = error
    world.org.found = [JAN, EWA]
    world.org.grants = {"003J"}
    result = world.find()
    assert [record.record_id for record in result.candidates] == ["003J"]
    assert world.verbs() == ["search", "search", "readable"]
    assert world.org.asked[-1][1] == "005A"


def test_a_token_that_the_org_no_longer_accepts_is_told_and_one_that_may_not_do_this_is_not(world):
    world.org.errors["agents-token"] = AccessRefusedError()
    world.find()
    assert world.refused == []
    world.org.errors["agents-token"] = SessionExpiredError()
    world.find("+48600100201")
    assert world.refused == ["agents-token"]


def test_a_search_goes_on_when_the_refusal_cannot_be_noted(world):
    world.refused = None
    world.org.errors["agents-token"] = SessionExpiredError()
    assert world.find().complete
    assert world.verbs() == ["search", "search", "readable"]


def test_an_agent_without_a_token_is_asked_for_as_the_integration_user(world):
    world.tokens = [None]
    world.org.grants = set()
    assert world.find().candidates == ()
    assert world.verbs() == ["search", "readable"]


@pytest.mark.parametrize("number", ["", "anonymous", "112", "40312", "+4", "abc", "19115"])
def test_withheld_internal_and_short_numbers_are_never_searched(world, number):
    assert world.find(number).complete
    assert world.org.asked == []


@pytest.mark.req("R13")
def test_nothing_is_searched_while_the_integration_is_off(world):
    world.pairing = replace(world.pairing, active=False)
    assert world.find().candidates == ()
    assert world.org.asked == []


def test_an_answer_is_remembered_for_half_a_minute_for_that_agent(world, clock):
    world.find()
    clock.advance(29)
    world.find()
    assert len(world.org.asked) == 1
    clock.advance(2)
    world.find()
    assert len(world.org.asked) == 2


def test_a_slow_salesforce_costs_two_seconds_and_no_more(world, clock):
    world.org.takes = 5
    started = clock.monotonic()
    result = world.find()
    assert clock.monotonic() - started <= 2.0
    assert not result.complete
    assert result.candidates == ()


def test_time_spent_on_the_agents_token_is_not_spent_twice(world, clock):
    world.org.takes = 1.5
    world.org.errors["agents-token"] = SessionExpiredError()
    started = clock.monotonic()
    assert not world.find().complete
    assert clock.monotonic() - started <= 2.0


def test_an_unfinished_search_is_not_remembered(world):
    world.org.errors["agents-token"] = UnavailableError()
    assert not world.find().complete
    world.org.errors.clear()
    assert world.find().pop.record_id == "003J"


@pytest.mark.req("R19")
def test_a_case_keyed_in_the_ivr_comes_before_anybody_with_the_number(world):
    world.pairing = replace(world.pairing, case_by_ivr_code=True)
    world.org.cases = [CASE]
    assert world.find(ivr="1234").pop.record_id == "500A"
    assert world.org.asked == [("find", "Case", ("00001234", "1234"), "agents-token")]
    assert world.find("anonymous", ivr="1234").pop.record_id == "500A"


@pytest.mark.req("R19")
def test_a_code_that_is_no_case_leads_to_the_search_by_number(world):
    world.pairing = replace(world.pairing, case_by_ivr_code=True)
    assert world.find(ivr="99").pop.record_id == "003J"


def test_a_code_is_not_looked_up_where_that_is_not_wanted(world):
    world.org.cases = [CASE]
    assert world.find(ivr="1234").pop.record_id == "003J"


@pytest.mark.req("R20")
def test_person_accounts_are_asked_for_where_both_sides_have_them(world, clock):
    world.find()
    assert "IsPersonAccount" not in world.org.asked[-1][2]["Account"]
    world.pairing = replace(world.pairing, person_accounts=True)
    clock.advance(31)
    world.find()
    assert "IsPersonAccount" not in world.org.asked[-1][2]["Account"]
    world.org.account_fields |= {"IsPersonAccount", "PersonContactId", "PersonMobilePhone"}
    clock.advance(31)
    world.find()
    assert "IsPersonAccount" in world.org.asked[-1][2]["Account"]


def test_reasons_speak_the_agents_language(world):
    world.language = "en"
    assert world.find().pop.reason == "Mobile"
