"""Filling in what only the org knows, with few questions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from cti.calllog.mapping import task_fields
from cti.calllog.resolve import Resolver
from cti.salesforce.errors import AccessRefusedError, UnavailableError
from tests.support.fake_org import FakeOrg, user
from tests.unit.calllog import support
from tests.unit.calllog.support import CASE, JAN, LEAD, ORG, PERSON, paired

ANNA, DEFAULT = user(1, "anna@acme.example"), user(9, "default@acme.example")
PAIRING = paired(default_user_id=DEFAULT.id)


@pytest.fixture
def org():
    return FakeOrg(users=[ANNA, DEFAULT])


@pytest.fixture
def resolver(clock):
    return Resolver(
        lambda _tenant, users_id: {101: " ANNA@acme.example", 102: "nobody@acme.example"}.get(users_id), clock
    )


def fields(call, pairing=PAIRING):
    return task_fields(call, call.segments[0], pairing, language="pl")


def about(record, source="clicked"):
    return fields(support.related(support.outbound(), record, source))


def test_no_placeholder_is_left(org, resolver):
    (filled,) = resolver.resolve(ORG, org, [about(CASE) | fields(support.ended(support.outbound()))])
    assert not [name for name, value in filled.items() if isinstance(value, dict)]


@pytest.mark.req("R16")
@pytest.mark.parametrize(
    ("agent", "default", "owner"),
    [(101, DEFAULT.id, ANNA.id), (102, DEFAULT.id, DEFAULT.id), (150, DEFAULT.id, DEFAULT.id), (102, None, None)],
)
def test_the_owner_is_the_agents_user_else_the_default_one(org, resolver, agent, default, owner):
    call = support.answered(support.inbound(), agent=agent)
    (filled,) = resolver.resolve(ORG, org, [fields(call, paired(default_user_id=default))])
    assert filled.get("OwnerId") == owner


def test_an_agent_whom_salesforce_does_not_know_is_told_of_once(org, clock):
    counted = []
    emails = {101: "anna@acme.example", 102: "nobody@acme.example", 103: ""}
    resolver = Resolver(lambda _tenant, users_id: emails.get(users_id), clock, count_error=counted.append)

    def called(*agents):
        calls = [support.answered(support.inbound(), agent=agent) for agent in agents]
        with capture_logs() as logs:
            resolver.resolve(ORG, org, [fields(call) for call in calls])
        return [(line["event"], line["code"], line["users_id"]) for line in logs]

    told = ("agent-not-in-salesforce", "salesforce-user-unknown")
    assert called(101, 102) == [(*told, 102)]
    assert called(102, 103) == [(*told, 103)]
    org.users.append(user(2, "nobody@acme.example"))
    assert called(102) == []
    org.users.pop()
    assert called(102) == [(*told, 102)]
    assert counted == ["salesforce-user-unknown"] * 3


def test_a_call_that_nobody_took_tells_of_no_agent(org, clock):
    counted = []
    resolver = Resolver(lambda *_: None, clock, count_error=counted.append)
    resolver.resolve(ORG, org, [fields(support.ended(support.inbound()))])
    assert counted == []


def test_an_address_that_two_people_share_names_nobody(org, resolver):
    org.users.append(user(5, "anna@acme.example"))
    (filled,) = resolver.resolve(ORG, org, [fields(support.outbound())])
    assert filled["OwnerId"] == DEFAULT.id


def test_a_portal_users_equal_address_does_not_count(org, resolver):
    org.users.append(replace(user(5, "anna@acme.example"), user_type="CspLitePortal"))
    (filled,) = resolver.resolve(ORG, org, [fields(support.outbound())])
    assert filled["OwnerId"] == ANNA.id


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "Połączenie wychodzące +48600100200"),
        ("en_US", "Outbound call +48600100200"),
        ("de", "Outbound call +48600100200"),
        ("", "Połączenie wychodzące +48600100200"),
    ],
)
def test_the_subject_is_in_the_owners_language_and_costs_no_question(org, resolver, language, text):
    org.users[0] = replace(ANNA, language=language)
    (filled,) = resolver.resolve(ORG, org, [fields(support.outbound())])
    assert filled["Subject"] == text
    asked = len(org.calls)
    without = {name: value for name, value in fields(support.outbound()).items() if name != "Subject"}
    resolver.resolve(ORG, org, [without])
    assert len(org.calls) - asked == asked


def test_each_owners_subject_is_in_their_own_language(org, resolver):
    org.users[1] = replace(DEFAULT, language="en_US")
    missed = support.ended(support.inbound())
    anna, default = resolver.resolve(ORG, org, [fields(support.answered(support.inbound())), fields(missed)])
    assert anna["Subject"] == "Połączenie przychodzące +48600100200"
    assert default["Subject"] == "Inbound call +48600100200"


def test_a_task_without_an_owner_speaks_the_tenants_language(org, resolver):
    missed, nobodys = support.ended(support.inbound()), paired(default_user_id=None)
    spoken = [task_fields(missed, missed.segments[0], nobodys, language=language) for language in ("pl", "en")]
    told = resolver.resolve(ORG, org, spoken)
    assert [each["Subject"] for each in told] == ["Połączenie przychodzące +48600100200", "Inbound call +48600100200"]


@pytest.mark.assumed("A33")
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Warsaw", "2026-11-23"),
        ("America/New_York", "2026-11-22"),
        ("No/Such_Zone", "2026-11-23"),
        ("", "2026-11-23"),
    ],
)
def test_the_date_is_the_owners(org, resolver, zone, day):
    org.users[0] = replace(ANNA, zone=zone)
    late = support.with_segment(support.outbound(), started_at=support.at(14.5 * 3600))
    (filled,) = resolver.resolve(ORG, org, [fields(late)])
    assert filled["ActivityDate"] == day


@pytest.mark.req("R38")
def test_the_contact_of_a_person_account_and_of_a_case_are_looked_up(org, resolver):
    org.people[PERSON.record_id] = {"Id": PERSON.record_id, "PersonContactId": "003P", "PersonEmail": "p@x.example"}
    org.people[CASE.record_id] = {"Id": CASE.record_id, "ContactId": None, "Contact": None}
    person, case = resolver.resolve(ORG, org, [about(PERSON), about(CASE)])
    assert (person["WhoId"], person["WhatId"], person["FCC_Contact_Email__c"]) == (
        "003P",
        PERSON.record_id,
        "p@x.example",
    )
    assert "WhoId" not in case
    assert case["WhatId"] == CASE.record_id


def test_one_question_for_all_people_of_a_kind_and_none_for_those_known(org, resolver, clock):
    batch = [about(JAN), about(LEAD), about(JAN)]
    resolver.resolve(ORG, org, batch)
    resolver.resolve(ORG, org, batch)
    assert [name for name, _ in org.calls] == ["find Contact", "find Lead"]
    clock.advance(901)
    resolver.resolve(ORG, org, [about(JAN)])
    assert [name for name, _ in org.calls][2:] == ["find Contact"]


def test_an_org_that_hides_people_gets_its_logs_without_them(org, resolver):
    def refuse():
        raise AccessRefusedError

    org.before = refuse
    (filled,) = resolver.resolve(ORG, org, [about(JAN)])
    assert filled["WhoId"] == JAN.record_id
    assert filled["FCC_Contact_Name__c"] == "Jan Kowalski"
    assert "FCC_Contact_Email__c" not in filled


def test_an_org_that_cannot_be_asked_holds_the_logs_up(org, resolver):
    def away():
        raise UnavailableError

    org.before = away
    with pytest.raises(UnavailableError):
        resolver.resolve(ORG, org, [about(JAN)])


def test_an_exchange_that_does_not_know_the_agent_does_not_hold_the_logs_up(org, clock):
    class UnknownError(AccessRefusedError):
        retryable = False

    def unknown(_tenant, _users_id):
        raise UnknownError

    (filled,) = Resolver(unknown, clock).resolve(ORG, org, [fields(support.outbound())])
    assert filled["OwnerId"] == DEFAULT.id


def test_an_exchange_that_is_away_holds_the_logs_up(org, clock):
    def away(_tenant, _users_id):
        raise UnavailableError

    with pytest.raises(UnavailableError):
        Resolver(away, clock).resolve(ORG, org, [fields(support.outbound())])


def test_a_default_user_who_is_no_longer_active_owns_nothing(org, resolver):
    org.users[1] = replace(DEFAULT, active=False)
    (filled,) = resolver.resolve(ORG, org, [fields(support.answered(support.inbound(), agent=150))])
    assert "OwnerId" not in filled
