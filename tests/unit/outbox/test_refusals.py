"""What Salesforce refuses costs as little of a log as may be, and nothing of another's.

On SQLite alone: the database is asked for nothing here that the other modules do not ask of both.
"""

from __future__ import annotations

import pytest

from cti.domain.outcome import Outcome
from cti.outbox.deliverer import ATTEMPTS
from cti.salesforce.classify import from_answer, from_code
from cti.salesforce.errors import OutcomeUnknownError, UnavailableError
from tests.support.fake_org import user
from tests.unit.calllog import support
from tests.unit.calllog.support import CASE, JAN, LEAD
from tests.unit.outbox.conftest import ORG

pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)

ONE = "acme:1017:0"
LOCK_IN_TRIGGER = from_code(
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "TaskTrigger: execution of AfterInsert\n\ncaused by: System.DmlException: Update failed. First exception on row 0; "
    "first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []",
)
TOO_MANY = from_code(
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "TaskTrigger: System.LimitException: Too many SOQL queries: 101"
)
UNREADABLE = from_answer(
    400, [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize instance of datetime from VALUE_STRING"}]
)


def poison(*numbers):
    """Refuse every request in which one of these calls is."""
    keys = {f"acme:{number}:0" for number in numbers}
    return lambda rows: UNREADABLE if any(row.get("FCC_Call_Id__c") in keys for row in rows) else None


def attempts(world, number):
    with world.database.read() as uow:
        return uow.outbox.get(f"{ORG}/acme:{number}:0").attempts


def run(world, deliverer, steps):
    """Let a deliverer take so many steps, time passing as it asks for."""
    for _ in range(steps):
        world.clock.advance(max(deliverer.run_once(), 0.01))


# -- causes that pass -------------------------------------------------------------------------------------------------


@pytest.mark.assumed("A68")
def test_a_lock_inside_a_trigger_is_tried_again_like_any_other_lock(world):
    refused = iter([LOCK_IN_TRIGGER, LOCK_IN_TRIGGER])
    world.org.refuse = lambda _row: next(refused, None)
    world.change(support.outbound())
    world.settle()
    assert world.org.named(ONE)
    assert len(world.org.sent("create")) == 3


def test_what_the_orgs_automation_could_not_cope_with_is_sent_in_smaller_portions(world):
    world.org.refuse = lambda _row: TOO_MANY if len(world.org.calls[-1][1]) > 30 else None
    for number in range(60):
        world.change(support.outbound(calls_id=number))
    world.settle()
    assert len(world.org.tasks) == 60
    assert [len(rows) for rows in world.org.sent("create")] == [60, 25, 25, 10]


# -- references -------------------------------------------------------------------------------------------------------


@pytest.mark.req("R38")
def test_a_bad_customer_does_not_take_the_owner_away(world):
    world.org.refuse = lambda row: (
        from_code("FIELD_INTEGRITY_EXCEPTION", "bad", fields=["WhoId"]) if "WhoId" in row else None
    )
    call = support.related(support.outbound(), JAN, "clicked")
    world.change(call)
    world.settle()
    task = world.org.named(ONE)
    assert "WhoId" not in task
    assert task["OwnerId"] == user(1, "").id
    assert world.state(call) == {"state": "saved", "taskId": task["Id"], "code": "call-log-without-references"}
    assert ("WhoId", "refused") in world.told


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    "code",
    [
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "INVALID_CROSS_REFERENCE_KEY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "ENTITY_IS_DELETED",
        "FIELD_INTEGRITY_EXCEPTION",
    ],
)
def test_a_customer_who_is_not_named_in_the_refusal_is_left_out_and_the_owner_stays(world, code):
    world.org.refuse = lambda row: from_code(code, "cannot be used") if "WhoId" in row else None
    world.change(support.related(support.outbound(), LEAD, "clicked"))
    world.settle()
    task = world.org.named(ONE)
    assert ("WhoId" in task, task["OwnerId"]) == (False, user(1, "").id)


@pytest.mark.parametrize(
    "code", ["OP_WITH_INVALID_USER_TYPE_EXCEPTION", "TRANSFER_REQUIRES_READ", "INACTIVE_OWNER_OR_USER"]
)
def test_an_owner_who_cannot_own_a_task_does_not_take_the_customer_away(world, code):
    world.org.refuse = lambda row: from_code(code, "no", fields=["OwnerId"]) if "OwnerId" in row else None
    world.change(support.related(support.outbound(), JAN, "clicked"))
    world.settle()
    task = world.org.named(ONE)
    assert ("OwnerId" in task, task["WhoId"]) == (False, JAN.record_id)


def test_an_owner_who_is_not_named_in_the_refusal_is_found_and_the_customer_stays(world):
    world.org.refuse = lambda row: from_code("INVALID_CROSS_REFERENCE_KEY", "no") if "OwnerId" in row else None
    world.change(support.related(support.outbound(), JAN, "clicked"))
    world.settle()
    task = world.org.named(ONE)
    assert ("OwnerId" in task, task["WhoId"]) == (False, JAN.record_id)
    assert len(world.org.sent("create")) == 3


def ended_with(call, record):
    return support.related(support.ended(support.answered(call), Outcome.ANSWERED), record, "matched")


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    "code",
    ["INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "NOT_FOUND", "CANNOT_UPDATE_CONVERTED_LEAD"],
)
def test_a_customer_who_cannot_be_referred_to_does_not_leave_the_task_open(world, code):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.org.refuse = lambda row: from_code(code, "invalid cross reference id") if "WhoId" in row else None
    world.change(ended_with(call, JAN))
    world.settle()
    task = world.org.named(ONE)
    assert (task["Status"], task["FCC_Outcome__c"], "WhoId" in task) == ("Zakończone", "ANSWERED", False)
    assert world.state(call) == {"state": "saved", "taskId": task["Id"], "code": "call-log-without-references"}


@pytest.mark.parametrize("code", ["INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED"])
def test_a_task_that_is_gone_is_told_from_a_customer_who_is(world, code):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.org.delete(world.org.named(ONE)["Id"])
    world.org.refuse = lambda _row: from_code(code, "entity is deleted")
    world.change(ended_with(call, JAN))
    world.settle()
    assert world.row(call).state == "done"
    assert [len(rows) for rows in world.org.sent("update")] == [1]
    with world.database.read() as uow:
        assert uow.call_logs.get(f"{ORG}/{ONE}").deleted


def test_a_change_that_is_nothing_but_a_bad_reference_is_done_without_it(world):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.org.refuse = lambda row: from_code("INVALID_CROSS_REFERENCE_KEY", "no") if "WhatId" in row else None
    world.change(support.related(call, CASE, "linked"))
    world.settle()
    assert world.row(call).state == "done"
    assert "WhatId" not in world.org.named(ONE)


def test_a_value_that_the_org_does_not_take_does_not_cost_the_log(world):
    world.org.refuse = lambda row: (
        from_code("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", fields=["FCC_Outcome__c"])
        if "FCC_Outcome__c" in row
        else None
    )
    call = support.ended(support.outbound(), Outcome.BUSY)
    world.change(call)
    world.settle()
    task = world.org.named(ONE)
    assert (task["Status"], "FCC_Outcome__c" in task) == ("Zakończone", False)
    assert world.state(call)["code"] == "call-log-without-values"


# -- requests that are refused whole ----------------------------------------------------------------------------------


def test_one_log_for_which_whole_requests_are_refused_holds_no_other_up(world):
    for number in range(100):
        world.change(support.outbound(calls_id=number))
    world.org.refuse_all = poison(42)
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    assert len(world.org.tasks) == 99
    assert len(world.org.sent("create")) <= 17
    assert (world.counts(), attempts(world, 42)) == ({"done": 99, "retry": 1}, 1)


@pytest.mark.parametrize("others", [0, 3])
def test_it_dies_visibly_after_as_many_attempts_as_any_other(world, others):
    for number in range(others + 1):
        world.change(support.outbound(calls_id=number))
    world.org.refuse_all = poison(0)
    deliverer = world.deliverer()
    run(world, deliverer, 120)
    row = world.row(support.outbound(calls_id=0))
    assert (row.state, row.code) == ("dead", "call-log-request-refused")
    assert row.detail == "JSON_PARSER_ERROR: Cannot deserialize instance of datetime from VALUE_STRING"
    assert len(world.org.tasks) == others
    with world.database.read() as uow:
        assert len(uow.outbox.attempts(f"{ORG}/acme:0:0")) == ATTEMPTS
    # Alone from the second attempt on: it costs nobody a halved batch again.
    assert len(world.org.sent("create")) <= ATTEMPTS + 2 * others


def test_meanwhile_new_logs_are_delivered_as_ever(world):
    world.change(support.outbound(calls_id=0))
    world.change(support.outbound(calls_id=1))
    world.org.refuse_all = poison(0)
    deliverer = world.deliverer()
    run(world, deliverer, 8)
    for number in range(2, 6):
        world.change(support.outbound(calls_id=number))
        world.clock.advance(10)
        run(world, deliverer, 3)
        assert world.org.named(f"acme:{number}:0")


@pytest.mark.parametrize("count", [2, 12])
def test_where_everything_is_refused_nothing_is_given_up(world, count):
    for number in range(count):
        world.change(support.outbound(calls_id=number))
    world.org.refuse_all = lambda _rows: UNREADABLE
    deliverer = world.deliverer()
    begun = world.clock.monotonic()
    while world.clock.monotonic() - begun < 1800:
        run(world, deliverer, 1)
    assert world.counts() == {"retry": count}
    assert {attempts(world, number) for number in range(count)} == {0}
    assert len(world.org.sent("create")) <= 50
    world.org.refuse_all = lambda _rows: None
    world.clock.advance(301)
    world.settle(deliverer)
    assert len(world.org.tasks) == count


def test_two_such_logs_side_by_side_before_many_good_ones_hold_none_up(world):
    for number in range(40):
        world.change(support.outbound(calls_id=number))
    world.org.refuse_all = poison(0, 1)
    deliverer = world.deliverer()
    world.clock.advance(10)
    for _ in range(4):
        deliverer.run_once()
    assert len(world.org.tasks) == 38
    assert (attempts(world, 0), attempts(world, 1)) == (1, 1)


def test_one_log_at_which_salesforce_stumbles_lets_the_others_through(world):
    # No refusal: whether anything of such a request was done is not known, so it is asked before it is repeated.
    stumbles = poison(3)
    world.org.refuse_all = lambda rows: OutcomeUnknownError() if stumbles(rows) else None
    for number in range(60):
        world.change(support.outbound(calls_id=number))
    deliverer = world.deliverer()
    begun = world.clock.monotonic()
    while len(world.org.tasks) < 59 and world.clock.monotonic() - begun < 300:
        run(world, deliverer, 1)
    assert len(world.org.tasks) == 59
    assert len(world.org.sent("create")) <= 40


def test_an_org_that_stumbles_at_every_request_has_no_log_given_up(world):
    world.org.refuse_all = lambda _rows: OutcomeUnknownError()
    world.change(support.outbound(calls_id=0))
    world.change(support.outbound(calls_id=1))
    deliverer = world.deliverer()
    begun = world.clock.monotonic()
    while world.clock.monotonic() - begun < 2 * 3600:
        run(world, deliverer, 1)
    assert world.counts() == {"retry": 2}
    world.org.refuse_all = lambda _rows: None
    world.clock.advance(301)
    world.settle(deliverer)
    assert len(world.org.tasks) == 2


def test_a_change_for_which_whole_requests_are_refused_holds_no_other_up(world):
    calls = [support.outbound(calls_id=number) for number in range(20)]
    for call in calls:
        world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    bad = world.org.named("acme:7:0")["Id"]
    world.org.refuse_all = lambda rows: UNREADABLE if any(row.get("Id") == bad for row in rows) else None
    for call in calls:
        world.change(support.ended(support.answered(call)))
    world.clock.advance(10)
    deliverer.run_once()
    closed = [task for task in world.org.tasks.values() if task["Status"] == "Zakończone"]
    assert len(closed) == 19
    assert world.counts() == {"done": 19, "retry": 1}


def test_what_was_taken_before_the_org_went_away_is_not_sent_again(world):
    for number in range(8):
        world.change(support.outbound(calls_id=number))
    taken = poison(7)

    def gone_after_three(rows):
        if len(world.org.sent("create")) > 3:
            raise UnavailableError
        return taken(rows)

    world.org.refuse_all = gone_after_three
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    before = len(world.org.tasks)
    assert before > 0
    assert world.counts() == {"done": before, "retry": 8 - before}
    world.org.refuse_all = lambda _rows: None
    world.settle(deliverer)
    assert len(world.org.tasks) == 8
