"""What browser tests ask of a call: at FCC, in Salesforce, in the connector's numbers, on the pane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.support.wait import until

if TYPE_CHECKING:
    from tests.support.agent import Agent
    from tools.stack import Stack


def call_of(stack, number: str) -> dict | None:
    """The newest call with that number."""
    return next((call for call in reversed(stack.calls()) if number in (call["number_a"], call["number_b"])), None)


def task_of(stack, calls_id: int, **fields) -> dict | None:
    for task in stack.tasks():
        if task.get("FCC_Call_Id__c") == f"acme:{calls_id}:0" and all(task.get(k) == v for k, v in fields.items()):
            return task
    return None


def until_silent(customer, seconds: float = 1.5) -> None:
    """Wait until the customer has heard nothing for longer than the agent's tone pauses."""
    last_heard = time.monotonic()

    def silent() -> bool:
        nonlocal last_heard
        if customer()["heard_hz"]:
            last_heard = time.monotonic()
        return time.monotonic() - last_heard > seconds

    until(silent, 10, what="silence while muted")


def talk(anna: Agent, stack: Stack, name: str = "Jan Kowalski", shown: str = "600 100 200") -> int:
    """A call that both sides are heard in; gives its number at FCC."""
    before = len(stack.calls())
    anna.go_in_queue()
    anna.open_record(name)
    anna.click_number(shown)
    anna.wait_shown("call-duration")
    anna.hears(600)
    calls_id = int(stack.calls()[before]["calls_id"])
    customer_hears(stack, calls_id)
    return calls_id


def customer_hears(stack: Stack, calls_id: int) -> None:
    until(lambda: abs((stack.call(calls_id)["heard_hz"] or 0) - 440) < 15, 10, what="the agent's tone at the customer")


def the_only_task(stack: Stack, calls_id: int, timeout: float = 30, **fields: Any) -> dict[str, Any]:
    """Wait for the call's Task with these fields, and see that there is no other one of that call."""
    task = until(
        lambda: task_of(stack, calls_id, **fields), timeout, every=0.2, what=f"{fields}; there are {stack.tasks()}"
    )
    of_call = [one for one in stack.tasks() if str(one.get("FCC_Call_Id__c")).startswith(f"acme:{calls_id}:")]
    assert [one["Id"] for one in of_call] == [task["Id"]]
    return task


def errors(stack: Stack, code: str) -> float:
    """How often the connector has counted that error since its start."""
    lines = stack.connector("/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith("fcc_errors_total{") and f'code="{code}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def notices(agent: Agent) -> list[str]:
    """The codes of the sentences that the pane shows."""
    found = agent.read("return [...document.querySelectorAll('[data-testid=notice]')].map(n => n.dataset.code)")
    return [str(code) for code in found]


def notice(agent: Agent, code: str) -> bool:
    return code in notices(agent)
