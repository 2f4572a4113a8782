"""Calls are logged rightly by the call list alone, and where FCC's reports name no SIP call."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.support.calls import notices, talk, task_of, the_only_task
from tests.support.wait import until
from tools.installation import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.agent import Agent
    from tools.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def lasts(anna: Agent) -> None:
    """Talk on until the pane has counted two seconds: a shorter call may be one of no seconds at FCC."""
    until(lambda: anna.text("call-duration")[-1:] not in {"", "0", "1"}, 15, what="two seconds of talk")


@contextlib.contextmanager
def reported(stack: Stack, correlation: str) -> Iterator[None]:
    """For a while FCC's reports name the SIP call, or don't, and the connector knows."""
    stack.fcc("/_sim/settings", {"correlation": correlation})
    stack.run("tenant", "add", TENANT, "--correlation", correlation)
    try:
        yield
    finally:
        stack.run("tenant", "add", TENANT, "--correlation", "call-id")


def takes(anna: Agent, stack: Stack, calls_id: int) -> None:
    """The ringing call is taken, talked in, hung up, and logged once, with Jan."""
    anna.press("answer")
    anna.hears(700)
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    task = the_only_task(stack, calls_id, CallDisposition="ANSWERED")
    assert task["WhoId"] == stack.record("Jan Kowalski")[1]


@pytest.mark.req("R33", "R38")
@pytest.mark.parametrize("correlation", ["call-id", "none"])
def test_the_call_list_alone_logs_calls_both_ways(anna, stack, correlation):
    stack.fcc("/_sim/settings", {"webhooks_enabled": False, "wrap_seconds": {"1": 1, "9": 1}})
    with reported(stack, correlation):
        outbound = talk(anna, stack)
        lasts(anna)
        anna.press("hangup")
        until(lambda: not anna.shows("call-duration"), 10, what="the end of the first call")
        inbound = stack.fcc("/_sim/inbound", {"number": "+48600100205"})["calls_id"]
        anna.wait_shown("answer", 15)
        anna.press("answer")
        anna.hears(700)
        lasts(anna)
        anna.press("hangup")
        until(lambda: (task_of(stack, outbound) or {}).get("CallDurationInSeconds"), 100, every=0.2, what="its length")
        task = the_only_task(stack, outbound, CallDisposition="ANSWERED")
        assert task["CallType"] == "Outbound"
        assert task["WhoId"] == stack.record("Jan Kowalski")[1]
        assert task["OwnerId"] == stack.user("anna.nowak@acme.example")
        assert task["FCC_Disconnected_By__c"] == "agent"
        until(lambda: (task_of(stack, inbound) or {}).get("CallDurationInSeconds"), 100, every=0.2, what="its length")
        task = the_only_task(stack, inbound, CallDisposition="ANSWERED")
        assert task["CallType"] == "Inbound"
        assert task["WhoId"] == stack.record("Maria Lewandowska")[1]
        assert task["OwnerId"] == stack.user("anna.nowak@acme.example")


@pytest.mark.req("R38")
def test_a_call_from_a_record_keeps_it_where_reports_name_no_sip_call(anna, stack):
    with reported(stack, "none"):
        calls_id = talk(anna, stack, "ACME Polska", "22 111 22 33")
        until(lambda: "ACME Polska" in anna.text("call-party"), 5)
        anna.press("hangup")
        anna.wait_data("presence", "wrap")
        task = the_only_task(stack, calls_id, CallDisposition="ANSWERED")
        assert task["WhatId"] == stack.record("ACME Polska")[1]
        assert task["FCC_Disconnected_By__c"] == "agent"
        anna.set_status("ready")


@pytest.mark.req("R33", "R34", "R38")
def test_a_call_taken_pops_once_where_reports_name_no_sip_call(anna, stack):
    with reported(stack, "none"):
        anna.go_in_queue()
        calls_id = stack.fcc("/_sim/inbound", {"number": "+48600100200"})["calls_id"]
        anna.wait_shown("answer")
        until(lambda: "Jan Kowalski" in anna.page_text(), 5, what="Jan's record")
        takes(anna, stack, calls_id)
        anna.set_status("ready")


@pytest.mark.req("R34", "R38")
def test_a_call_that_comes_back_to_who_rejected_it_is_one_call(anna, stack):
    # WRAP lasts longer than a pane takes its own word for the end of a call.
    stack.fcc("/_sim/settings", {"reoffer_seconds": 3, "wrap_seconds": {"1": 22}})
    with reported(stack, "none"):
        anna.go_in_queue()
        calls_id = stack.fcc("/_sim/inbound", {"number": "+48600100200"})["calls_id"]
        anna.wait_shown("answer")
        until(lambda: "Jan Kowalski" in anna.text("call-party"), 5)
        anna.press("reject")
        until(lambda: not anna.shows("answer"), 5, what="the end of the first ring")
        anna.wait_shown("answer", 10)
        until(lambda: "Jan Kowalski" in anna.text("call-party"), 5)
        takes(anna, stack, calls_id)
        anna.wait_data("presence", "ready", 30)
        anna.wait_shown("dial-input")
        assert not anna.shows("call-state")


@pytest.mark.req("R33", "R39")
def test_without_webhooks_the_pane_is_busy_in_a_call_and_shows_its_wrap_to_the_end(anna, stack):
    stack.fcc("/_sim/settings", {"webhooks_enabled": False, "wrap_seconds": {"1": 6, "9": 6}})
    talk(anna, stack)
    anna.wait_data("presence", "busy", 10)
    anna.press("hangup")
    anna.wait_data("presence", "wrap", 10)
    anna.wait_data("presence", "ready", 15)
    assert notices(anna) == []
