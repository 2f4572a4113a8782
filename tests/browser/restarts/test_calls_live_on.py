"""The connector is killed in a call and comes back: the call lives, and everything can be done in it as before."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.calls import call_of, customer_hears, notice, notices, talk, the_only_task, until_silent
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.agent import Agent
    from tools.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def killed_and_back(anna: Agent, stack: Stack) -> None:
    """Kill the connector, wait until the pane has noticed, start it again, wait until link and phone are back."""
    part = stack.parts["connector"]
    part.signal_group(signal.SIGKILL)
    until(lambda: not part.group_alive(), 5, what="the connector's end")
    until(lambda: notice(anna, "link-lost"), 15, what=lambda: f"the lost link; the pane says: {anna.pane_text()!r}")
    stack.restart("connector")
    until(lambda: not notice(anna, "link-lost"), 30, what=lambda: f"the link; the pane says: {anna.pane_text()!r}")
    anna.wait_data("phone", "registered", 30)


def taken(anna: Agent, stack: Stack) -> int:
    """A customer's call that both sides are heard in."""
    anna.go_in_queue()
    calls_id = int(stack.fcc("/_sim/inbound", {"number": "+48600100200"})["calls_id"])
    anna.wait_shown("answer")
    anna.press("answer")
    anna.hears(700)
    customer_hears(stack, calls_id)
    return calls_id


def hold_and_resume(anna: Agent, stack: Stack, calls_id: int, hertz: float) -> None:
    held(anna, stack, calls_id)
    resumed(anna, stack, calls_id, hertz)


def held(anna: Agent, stack: Stack, calls_id: int) -> None:
    anna.press("hold")
    until(lambda: stack.call(calls_id)["state"] == "held", 10, what=lambda: f"hold; notices: {notices(anna)}")


def resumed(anna: Agent, stack: Stack, calls_id: int, hertz: float) -> None:
    anna.press("hold")
    until(lambda: stack.call(calls_id)["state"] == "talking", 10, what=lambda: f"talking; notices: {notices(anna)}")
    anna.hears(hertz)
    customer_hears(stack, calls_id)


def mute_and_keys(anna: Agent, stack: Stack, calls_id: int) -> None:
    def customer() -> dict[str, Any]:
        return stack.call(calls_id)

    anna.press("mute")
    until_silent(customer)
    anna.press("mute")
    customer_hears(stack, calls_id)
    anna.press("keypad")
    for key in "15":
        anna.press(f"key-{key}")
    until(lambda: customer()["legs"][-1]["dtmf"] == "15", 5, what="the keys at the customer")
    anna.press("keypad")


@pytest.mark.req("R34")
@pytest.mark.parametrize(
    ("begun", "hertz", "last_word"), [(talk, 600, "customer"), (taken, 700, "agent")], ids=["outbound", "inbound"]
)
def test_a_call_lives_through_restarts_while_talking_and_while_held(
    anna, stack, begun: Callable[[Agent, Stack], int], hertz: float, last_word: str
):
    calls_id = begun(anna, stack)
    killed_and_back(anna, stack)
    anna.hears(hertz)
    customer_hears(stack, calls_id)
    hold_and_resume(anna, stack, calls_id, hertz)
    mute_and_keys(anna, stack, calls_id)

    held(anna, stack, calls_id)
    killed_and_back(anna, stack)
    assert stack.call(calls_id)["state"] == "held"
    resumed(anna, stack, calls_id, hertz)

    if last_word == "customer":
        stack.fcc(f"/_sim/calls/{calls_id}/hangup", {})
    else:
        anna.press("hangup")
    anna.wait_data("presence", "wrap")
    until(lambda: stack.call(calls_id)["state"] == "ended", 5, what="the end at FCC")
    the_only_task(stack, calls_id, 240, CallDisposition="ANSWERED", FCC_Disconnected_By__c=last_word)
    anna.set_status("ready")


@pytest.mark.req("R34")
def test_a_call_that_rings_through_a_restart_is_taken_held_and_hung_up_by_the_customer(anna, stack):
    anna.go_in_queue()
    calls_id = int(stack.fcc("/_sim/inbound", {"number": "+48600100205"})["calls_id"])
    anna.wait_shown("answer")
    killed_and_back(anna, stack)
    anna.wait_shown("answer", 30)
    anna.press("answer")
    anna.hears(700)
    customer_hears(stack, calls_id)
    hold_and_resume(anna, stack, calls_id, 700)
    mute_and_keys(anna, stack, calls_id)
    stack.fcc(f"/_sim/calls/{calls_id}/hangup", {})
    anna.wait_data("presence", "wrap")
    the_only_task(stack, calls_id, 240, CallDisposition="ANSWERED", FCC_Disconnected_By__c="customer")
    anna.set_status("ready")


@pytest.mark.assumed("A19")
def test_a_call_out_that_still_rings_ends_at_both_ends_with_a_word_and_can_be_made_again(anna, stack):
    """Nothing of SIP brings it back: an INVITE that is not answered yet lives and dies with its connection."""
    stack.fcc("/_sim/settings", {"ring_seconds": 60})
    anna.go_in_queue()
    anna.enter_text("dial-input", "600100202")
    anna.press("dial-button")
    until(lambda: (call_of(stack, "+48600100202") or {}).get("state") == "ringing", 10, what="the customer's phone")
    calls_id = call_of(stack, "+48600100202")["calls_id"]
    killed_and_back(anna, stack)
    until(lambda: stack.call(calls_id)["state"] == "ended", 5, what="the customer's phone to be still")
    until(lambda: anna.text("last-outcome"), 5, what=lambda: f"a word; the pane says: {anna.pane_text()!r}")
    again = talk(anna, stack)
    anna.press("hangup")
    the_only_task(stack, again, 240, CallDisposition="ANSWERED")
    the_only_task(stack, calls_id, 240, FCC_Disconnected_By__c="system")
