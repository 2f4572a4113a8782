"""A part of the system dies in the middle of a call and comes back: who talks goes on talking, no call is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from cti.outbox.deliverer import LEASE
from tests.support.calls import customer_hears, notice, talk, task_of, the_only_task, until_silent
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.agent import Agent
    from tools.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: A connector that is killed while it delivers leaves a lease; only when that has run out is the delivery tried again.
AFTER_A_LEASE_S = LEASE.total_seconds() + 30

#: The controls of a call that are off now.
OFF = "return [...document.querySelectorAll('.control')].filter(one => one.disabled).map(one => one.dataset.testid)"


def kill(stack: Stack, name: str) -> None:
    """End a part at once, and leave it ended."""
    part = stack.parts[name]
    part.signal_group(signal.SIGKILL)
    until(lambda: not part.group_alive(), 5, what=f"the end of {name}")


def restart_connector(anna: Agent, stack: Stack) -> None:
    """Kill it, see what the pane says can't be done now, start it again, and wait for link and phone."""
    kill(stack, "connector")
    until(lambda: anna.shows("ask-why"), 15, what=lambda: f"why hold is off; the pane says: {anna.pane_text()!r}")
    assert anna.read(OFF) == ["hold", "keypad"]
    until(lambda: notice(anna, "link-lost"), 15, what=lambda: f"the lost link; the pane says: {anna.pane_text()!r}")
    stack.restart("connector")
    until(lambda: not notice(anna, "link-lost"), 30, what=lambda: f"the link; the pane says: {anna.pane_text()!r}")
    anna.wait_data("phone", "registered", 45)
    assert anna.read(OFF) == []


def taken(anna: Agent, stack: Stack) -> int:
    """A customer's call that both sides are heard in; gives its number at FCC."""
    anna.go_in_queue()
    calls_id = int(stack.fcc("/_sim/inbound", {"number": "+48600100200"})["calls_id"])
    anna.press("answer")
    anna.hears(700)
    customer_hears(stack, calls_id)
    return calls_id


def hung_up(anna: Agent, stack: Stack, calls_id: int, by: str) -> dict[str, Any]:
    """Have the agent or the customer hang up; the call's one Task, which says so."""
    if by == "customer":
        stack.fcc(f"/_sim/calls/{calls_id}/hangup", {})
    else:
        anna.press("hangup")
    anna.wait_data("presence", "wrap")
    until(lambda: stack.call(calls_id)["state"] == "ended", 5, what="the end at FCC")
    task = the_only_task(stack, calls_id, AFTER_A_LEASE_S, CallDisposition="ANSWERED", FCC_Disconnected_By__c=by)
    anna.set_status("ready")
    return task


BOTH_WAYS = pytest.mark.parametrize(
    ("begun", "hertz", "ends"), [(talk, 600, "agent"), (taken, 700, "customer")], ids=["outbound", "inbound"]
)


def every_control_works(anna: Agent, stack: Stack, calls_id: int, hertz: float) -> None:
    """Hold, resume, mute and digits of a call that talks; at the end it talks again."""
    anna.press("hold")
    until(
        lambda: stack.call(calls_id)["state"] == "held", 10, what=lambda: f"hold; the pane says: {anna.pane_text()!r}"
    )
    until_silent(lambda: stack.call(calls_id))
    anna.press("hold")
    until(lambda: stack.call(calls_id)["state"] == "talking", 10, what=lambda: f"the call back: {anna.pane_text()!r}")
    anna.hears(hertz)
    customer_hears(stack, calls_id)
    anna.press("mute")
    until_silent(lambda: stack.call(calls_id))
    anna.press("mute")
    anna.press("keypad")
    anna.press("key-5")
    until(lambda: stack.call(calls_id)["legs"][-1]["dtmf"] == "5", 10, what=lambda: f"the digit: {anna.pane_text()!r}")
    anna.press("keypad")
    customer_hears(stack, calls_id)


@pytest.mark.req("R34")
@BOTH_WAYS
def test_a_talk_goes_on_over_a_restart_with_all_its_controls(
    anna, stack, begun: Callable[[Agent, Stack], int], hertz: float, ends: str
):
    calls_id = begun(anna, stack)
    restart_connector(anna, stack)
    assert not notice(anna, "media-lost")
    anna.hears(hertz)
    customer_hears(stack, calls_id)
    every_control_works(anna, stack, calls_id, hertz)
    task = hung_up(anna, stack, calls_id, ends)
    assert task["WhoId"] == stack.record("Jan Kowalski")[1]


@pytest.mark.req("R34")
@BOTH_WAYS
def test_a_held_call_stays_held_over_a_restart_and_is_taken_back(
    anna, stack, begun: Callable[[Agent, Stack], int], hertz: float, ends: str
):
    calls_id = begun(anna, stack)
    anna.press("hold")
    until(lambda: anna.text("call-state") == "Rozmowa wstrzymana", 10, what="hold")
    restart_connector(anna, stack)
    assert stack.call(calls_id)["state"] == "held"
    assert anna.heard(0.6)[1] < -75
    anna.press("hold")
    until(lambda: stack.call(calls_id)["state"] == "talking", 10, what=lambda: f"the call back: {anna.pane_text()!r}")
    anna.hears(hertz)
    every_control_works(anna, stack, calls_id, hertz)
    hung_up(anna, stack, calls_id, "customer" if ends == "agent" else "agent")


def test_a_call_that_rings_out_when_the_connector_is_killed_ends_with_a_word_and_can_be_made_again(anna, stack):
    anna.go_in_queue()
    anna.enter_text("dial-input", "+48600100202")
    anna.press("dial-button")
    anna.wait_shown("hangup")
    until(lambda: any(call["state"] != "ended" for call in stack.calls()), 10, what="the call at FCC")
    kill(stack, "connector")
    until(lambda: notice(anna, "call-no-connection"), 15, what=lambda: f"a word; the pane says: {anna.pane_text()!r}")
    until(lambda: stack.calls()[-1]["state"] == "ended", 10, what="the end at FCC")
    stack.restart("connector")
    anna.wait_data("phone", "registered", 45)
    again = talk(anna, stack)
    anna.press("hangup")
    until(lambda: stack.call(again)["status"] == "ANSWERED", 10, what="the end")


def test_a_call_hung_up_while_the_connector_is_away_ends_and_is_logged(anna, stack):
    calls_id = talk(anna, stack)
    kill(stack, "connector")
    anna.press("hangup")
    until(lambda: not anna.shows("call-duration"), 10, what="the end in the pane")
    stack.restart("connector")
    until(lambda: stack.call(calls_id)["state"] == "ended", 30, what="the end at FCC")
    the_only_task(stack, calls_id, AFTER_A_LEASE_S, CallDisposition="ANSWERED")
    anna.wait_data("phone", "registered", 30)


def test_a_call_that_rings_while_the_connector_is_killed_rings_again_and_can_be_taken(anna, stack):
    anna.go_in_queue()
    calls_id = stack.fcc("/_sim/inbound", {"number": "+48600100205"})["calls_id"]
    anna.wait_shown("answer")
    kill(stack, "connector")
    until(lambda: notice(anna, "link-lost"), 15, what=f"the lost link; the pane says: {anna.pane_text()!r}")
    stack.restart("connector")
    until(lambda: not notice(anna, "link-lost"), 30, what="the link again")
    anna.wait_data("phone", "registered", 30)
    anna.wait_shown("answer", 30)
    anna.press("answer")
    anna.hears(700)
    customer_hears(stack, calls_id)
    every_control_works(anna, stack, calls_id, 700)
    task = hung_up(anna, stack, calls_id, "customer")
    assert task["WhoId"] == stack.record("Maria Lewandowska")[1]


@pytest.mark.req("R33", "R38")
def test_a_call_ends_with_a_word_when_fcc_is_killed_and_the_phone_comes_back_by_itself(anna, stack):
    calls_id = talk(anna, stack)
    kill(stack, "fcc")
    until(lambda: anna.text("call-state") == "Nie słychać rozmówcy", 15, every=0.2, what="that nobody is heard")
    until(lambda: not anna.shows("call-duration"), 45, every=0.2, what="the end of the call in the pane")
    until(lambda: notice(anna, "media-lost"), 10, what=lambda: f"a sentence; the pane says: {anna.pane_text()!r}")
    stack.restart("fcc")
    anna.wait_data("phone", "registered", 45)
    anna.wait_data("presence", "notready", 20)
    until(lambda: notice(anna, "status-moved"), 5, what=f"a word about it; the pane says: {anna.pane_text()!r}")
    the_only_task(stack, calls_id, 60, CallDisposition="FAILED", FCC_Disconnected_By__c="system")
    anna.set_status("ready")
    again = talk(anna, stack)
    anna.press("hangup")
    the_only_task(stack, again, CallDisposition="ANSWERED")


@pytest.mark.req("R38")
def test_nothing_is_lost_when_salesforce_is_killed_in_a_call(anna, stack):
    calls_id = talk(anna, stack)
    kill(stack, "salesforce")
    anna.hears(600)
    customer_hears(stack, calls_id)
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    stack.restart("salesforce")
    task = the_only_task(stack, calls_id, 60, CallDisposition="ANSWERED")
    assert task["WhoId"] == stack.record("Jan Kowalski")[1]
    anna.set_status("ready")


def test_a_task_made_before_salesforce_was_killed_is_the_one_that_is_finished(anna, stack):
    calls_id = talk(anna, stack)
    made = until(lambda: task_of(stack, calls_id), 15, what="the Task of the call that is up")
    stack.restart("salesforce")
    anna.press("hangup")
    assert the_only_task(stack, calls_id, 60, CallDisposition="ANSWERED")["Id"] == made["Id"]
