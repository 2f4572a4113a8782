"""Salesforce fails while calls are made: each call is one Task once it answers again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.wait import until
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.trouble.conftest import Door


def calls_nobody_takes(stack: Stack, count: int) -> list[int]:
    """Customers who call the queue and give up."""
    made = [int(stack.fcc("/_sim/inbound", {"number": f"+4860020030{one}"})["calls_id"]) for one in range(count)]
    for calls_id in made:
        stack.fcc(f"/_sim/calls/{calls_id}/hangup", {})
    return made


def tasks_of(stack: Stack, calls: list[int]) -> Counter[int]:
    """How many finished Tasks there are of each call."""
    keys = {f"acme:{calls_id}:0": calls_id for calls_id in calls}
    rows = [row for row in stack.tasks() if row["FCC_Call_Id__c"] in keys and row["CallDisposition"] == "NO ANSWER"]
    return Counter(keys[row["FCC_Call_Id__c"]] for row in rows)


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "session-expired", "count": 3},
        {"kind": "row-lock", "count": 3},
        {"kind": "unavailable", "count": 3},
        {"kind": "slow", "count": 1, "seconds": 8},
    ],
    ids=lambda fault: fault["kind"],
)
def test_each_call_is_one_task_once_salesforce_is_well(stack: Stack, fault: dict[str, object]) -> None:
    stack.salesforce("/_sim/fail", fault)
    calls = calls_nobody_takes(stack, 3)
    until(lambda: stack.salesforce("/_sim/state")["fault"]["left"] == 0, 40, every=0.2, what="the fault to be felt")
    stack.salesforce("/_sim/fail", {"kind": "none"})
    until(lambda: len(tasks_of(stack, calls)) == 3, 40, every=0.2, what=f"the Tasks; {stack.tasks()}")
    later = calls_nobody_takes(stack, 1)
    until(lambda: len(tasks_of(stack, later)) == 1, 40, every=0.2, what="the Task of a later call")
    assert tasks_of(stack, calls + later) == Counter(calls + later)


def test_who_signs_in_meanwhile_is_told_and_gets_in_afterwards(
    stack: Stack, door: Door, counted: Callable[..., float]
) -> None:
    before = counted("fcc_errors_total", code="canvas-salesforce-unavailable")
    raw = door.request()
    stack.salesforce("/_sim/fail", {"kind": "unavailable", "count": None})
    try:
        page = door.knock(raw)
    finally:
        stack.salesforce("/_sim/fail", {"kind": "none"})
    assert (page.status, page.boot) == (503, None)
    assert "canvas-salesforce-unavailable" in page.words
    assert "Salesforce chwilowo nie odpowiada" in page.words
    assert counted("fcc_errors_total", code="canvas-salesforce-unavailable") == before + 1
    assert door.knock(raw).boot is not None


@pytest.mark.req("R38")
def test_past_the_daily_limit_calls_wait_and_are_not_thrown_away(
    tmp_path_factory: pytest.TempPathFactory, counted_of: Callable[[Stack, str], float]
) -> None:
    wait = {"FCC_CONNECTOR_OUTBOX_WAIT_SECONDS": "1"}
    with Stack(tmp_path_factory.mktemp("limit"), fresh=True, settings=wait) as stack:
        stack.salesforce("/_sim/fail", {"kind": "daily-limit", "count": 1})
        calls = calls_nobody_takes(stack, 2)
        until(lambda: stack.salesforce("/_sim/state")["fault"]["left"] == 0, 20, every=0.2, what="the limit")
        asked = stack.salesforce("/_sim/counters")["services_data"]
        later = calls_nobody_takes(stack, 1)
        until(lambda: counted_of(stack, "fcc_outbox_rows") >= len(calls + later), 30, every=0.2, what="three that wait")
        assert stack.salesforce("/_sim/counters")["services_data"] == asked
        assert stack.tasks() == []


@pytest.fixture
def counted_of() -> Callable[[Stack, str], float]:
    """Reads a metric of a stack, summed."""

    def read(stack: Stack, name: str) -> float:
        lines = [line for line in stack.connector("/metrics")[1].splitlines() if line.startswith(name + "{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines if 'state="done"' not in line)

    return read
