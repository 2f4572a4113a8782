"""The adapter and what stands on it, against the Salesforce simulator."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from cti import outgoing
from cti.clock import SystemClock
from cti.domain.phone_number import spellings
from cti.matching.candidates import candidates, wanted_fields
from cti.salesforce import errors
from cti.salesforce.identity import Identities
from cti.salesforce.org import SalesforceOrgs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def http() -> Iterator[object]:
    with outgoing.session() as session:
        yield session


@pytest.fixture
def connect(sim, http):
    def made(**changes):
        row = sim.org_row(**changes)
        return SalesforceOrgs(lambda _id: row, http, SystemClock()).org(row.id)

    return made


@pytest.mark.req("R22")
def test_the_pairing_app_signs_in_and_sees_the_packages_fields(connect):
    assert "FCC_Call_Id__c" in connect().fields_of("Task")


@pytest.mark.req("R22")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"client_secret": "wrong"}, errors.AppUnknownError),
        ({"client_id": "wrong"}, errors.AppUnknownError),
    ],
)
def test_a_wrong_app_is_named(connect, changes, kind):
    with pytest.raises(kind):
        connect(**changes).closed_task_status()


@pytest.mark.req("R5")
def test_users_are_found_by_email_in_any_case(connect, sim):
    found = connect().users_by_email(["John.Smith@ACME.example", "nieznany@poza.example"])
    assert {email: [user.id for user in users] for email, users in found.items()} == {
        "john.smith@acme.example": [sim.user_id("john.smith@acme.example")]
    }


@pytest.mark.assumed("A29")
@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("+48600100200", ["Jan Kowalski"]),
        ("+48221112234", ["Jan Kowalski"]),
        ("+48221112233", ["ACME Polska"]),
        ("+48225550199", ["Browar Źródło"]),
        ("+48600100205", ["Maria Lewandowska"]),
        ("+48600100400", ["Krzysztof Zając"]),
        ("+48600100300", ["Adam Nowy", "Ewa Nowa"]),
        ("+48600100999", []),
        ("+49600100200", []),
    ],
)
def test_a_caller_is_found_however_the_number_was_typed(connect, number, names):
    rows = connect().search_phones(spellings(number, "PL"), wanted_fields(person_accounts=False))
    assert sorted(record.name for record in candidates(rows, number, region="PL", language="pl")) == names


def test_the_agents_own_token_searches_and_says_who_it_belongs_to(connect, http, sim):
    token = sim.post("login", user="anna.nowak@acme.example")["token"]
    info = Identities(http, SystemClock()).identify(sim.org_row(), token)
    assert (info.user_id, info.org_id) == (sim.user_id("anna.nowak@acme.example"), sim.org_id)
    assert (info.email, info.language) == ("anna.nowak@acme.example", "pl")
    assert connect().search_phones(["600100200"], {"Contact": ("Id", "Name")}, token=token)


def test_what_is_hidden_from_an_agent_is_neither_found_nor_readable(connect, sim):
    jan, anna = sim.record_id("Jan Kowalski"), "anna.nowak@acme.example"
    maria = sim.record_id("Maria Lewandowska")
    sim.post("hide", recordId=jan, user=anna, hidden=True)
    token = sim.post("login", user=anna)["token"]
    org = connect()
    assert org.search_phones(["600100200"], {"Contact": ("Id", "MobilePhone")}, token=token) == []
    assert org.readable(sim.user_id(anna), [jan, maria]) == {maria}


def test_the_org_tells_its_versions(connect):
    assert "67.0" in connect().versions()


def test_an_expired_token_is_replaced(connect, sim):
    org = connect()
    org.closed_task_status()
    sim.post("expire-tokens")
    assert "FCC_Call_Id__c" in org.fields_of("Task")


def test_rows_answer_each_for_itself(connect, sim):
    org = connect()
    row = {"TaskSubtype": "Call", "Subject": "a", "FCC_Call_Id__c": "acme:1:0"}
    first, second, third = org.create("Task", [row, {**row, "Subject": "b"}, {**row, "FCC_Call_Id__c": "acme:2:0"}])
    assert second.error.code == "salesforce-duplicate-value"
    assert second.error.record_id == first.record_id
    assert third.error is None
    bad = org.update("Task", [{"Id": first.record_id, "WhatId": sim.record_id("Krzysztof Zając")}])
    assert bad[0].error.verdict == "never"
    assert [row["Subject"] for row in sim.tasks()] == ["a", "a"]


def test_a_deleted_task_is_told_from_one_that_never_was(connect, sim):
    org = connect()
    (made,) = org.create("Task", [{"Subject": "a", "FCC_Call_Id__c": "acme:1:0"}])
    sim.post("records", Id=made.record_id, delete=True)
    (row,) = org.find("Task", ("Id", "IsDeleted"), "FCC_Call_Id__c", ["acme:1:0"], include_deleted=True)
    assert row["IsDeleted"] is True
    assert org.find("Task", ("Id",), "FCC_Call_Id__c", ["acme:1:0"]) == []
    (result,) = org.update("Task", [{"Id": made.record_id, "Subject": "b"}])
    assert result.error.verdict == "gone"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("daily-limit", errors.DailyLimitReachedError),
        ("unavailable", errors.UnavailableError),
    ],
)
def test_an_org_in_trouble_is_named(connect, sim, fault, kind):
    org = connect()
    org.closed_task_status()
    sim.post("fail", kind=fault, count=1)
    with pytest.raises(kind):
        org.query("SELECT Id FROM Task")


def test_a_locked_row_may_be_tried_again(connect, sim):
    org = connect()
    sim.post("fail", kind="row-lock", count=1)
    (result,) = org.create("Task", [{"Subject": "a", "FCC_Call_Id__c": "acme:1:0"}])
    assert result.error.verdict == "again"


def test_a_question_to_a_slow_org_ends_in_its_budget(connect, sim):
    org = connect()
    org.closed_task_status()
    sim.post("fail", kind="slow", count=1, seconds=2.0)
    with pytest.raises(errors.TimedOutError):
        org.query("SELECT Id FROM Task", budget=0.3)


def test_the_limit_header_is_read(sim, http):
    usage = []
    watch = SimpleNamespace(request=lambda *_: None, api_usage=lambda *args: usage.append(args))
    row = sim.org_row()
    SalesforceOrgs(lambda _id: row, http, SystemClock(), watch).org(row.id).closed_task_status()
    ((org_id, used, allowed),) = usage
    assert org_id == sim.org_id
    assert 0 < used < allowed
