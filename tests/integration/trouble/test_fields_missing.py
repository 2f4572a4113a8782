"""An org that hides fields from the integration user: calls are logged all the same, and it is said what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trouble.test_salesforce_away import calls_nobody_takes, tasks_of
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.stack import Stack

QUEUE = {"object": "Task", "field": "FCC_Queue__c"}


@pytest.fixture
def hidden(stack: Stack) -> Iterator[None]:
    """The org hides a field of the package while the test lasts."""
    stack.salesforce("/_sim/fields", {**QUEUE, "how": "hidden"})
    yield
    stack.salesforce("/_sim/fields", {**QUEUE, "how": "shown"})


def told(stack: Stack) -> dict[str, Any]:
    """What readiness says of the orgs."""
    status, body = stack.connector("/readyz")
    assert status == 200, body
    return dict(json.loads(body).get("sides", {}).get("salesforce", {}))


@pytest.mark.req("R38")
@pytest.mark.usefixtures("hidden")
def test_a_hidden_field_costs_no_call_and_is_named(stack: Stack) -> None:
    org_id = stack.salesforce("/_sim/state")["org"]["id"]
    calls = calls_nobody_takes(stack, 2)
    until(lambda: len(tasks_of(stack, calls)) == 2, 40, every=0.2, what="the Tasks")
    keys = {f"acme:{calls_id}:0" for calls_id in calls}
    rows = [row for row in stack.tasks() if row["FCC_Call_Id__c"] in keys]
    assert [(row["FCC_Queue__c"], row["FCC_Outcome__c"]) for row in rows] == [(None, "NO ANSWER")] * 2
    until(
        lambda: any("fields_missing" in each for each in told(stack).values()),
        10,
        every=0.2,
        what="readiness to name the field",
    )
    trouble = told(stack)[org_id]
    assert (trouble["fields_missing"], trouble["code"]) == (["FCC_Queue__c"], "call-log-fields-missing")
    assert trouble["reachable"] is True
    numbers = stack.connector("/metrics")[1]
    assert f'fcc_salesforce_fields_missing{{field="FCC_Queue__c",org="{org_id}"}} 1.0' in numbers
    assert 'fcc_call_log_left_out_total{field="FCC_Queue__c",why="missing"}' in numbers


@pytest.mark.req("R38")
@pytest.mark.parametrize("fault", ["trigger-lock", "flow-lock"])
def test_a_lock_inside_the_orgs_automation_costs_no_call(stack: Stack, fault: str) -> None:
    stack.salesforce("/_sim/fail", {"kind": fault, "count": 2})
    calls = calls_nobody_takes(stack, 2)
    until(lambda: len(tasks_of(stack, calls)) == 2, 40, every=0.2, what=f"the Tasks; {stack.tasks()}")
    stack.salesforce("/_sim/fail", {"kind": "none"})
