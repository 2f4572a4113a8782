"""A customer calls: the pane rings, their record pops, the agent answers, talks, hangs up, and the call is logged."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.support.calls import task_of, the_only_task
from tests.support.wait import until
from tools.installation import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser


def ring(stack, agent, number: str, **more) -> int:
    agent.go_in_queue()
    agent.open_record("Browar Źródło")
    calls_id = stack.fcc("/_sim/inbound", {"number": number, **more})["calls_id"]
    agent.wait_shown("answer")
    return calls_id


@pytest.mark.req("R1", "R2", "R33", "R34", "R39")
def test_the_callers_record_pops_before_the_call_is_taken(anna, stack):
    calls_id = ring(stack, anna, "+48600100200", ivr="00001234")
    until(lambda: "Jan Kowalski" in anna.page_text(), 5, what="Jan's record")
    until(lambda: "Jan Kowalski" in anna.text("call-party"), 5)
    anna.press("answer")
    anna.hears(700)
    until(lambda: abs((stack.call(calls_id)["heard_hz"] or 0) - 440) < 15, 10)
    stack.fcc(f"/_sim/calls/{calls_id}/hangup", {})
    anna.wait_data("presence", "wrap")
    task = until(lambda: task_of(stack, calls_id, CallDisposition="ANSWERED"), 20)
    assert task["WhoId"] == stack.record("Jan Kowalski")[1]
    assert task["CallType"] == "Inbound"
    assert task["FCC_Disconnected_By__c"] == "customer"


def test_a_double_click_takes_the_call_and_does_not_end_it(anna, stack):
    calls_id = ring(stack, anna, "+48600100200")
    with anna.pane() as driver:
        answer = driver.find_element(By.CSS_SELECTOR, "[data-testid=answer]")
        ActionChains(driver).double_click(answer).pause(0.3).click().perform()
    anna.hears(700)
    assert stack.call(calls_id)["state"] == "talking"
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.set_status("ready")

    with anna.pane() as driver:
        driver.find_element(By.CSS_SELECTOR, "[data-testid=dial-input]").send_keys("600100200")
        dial = driver.find_element(By.CSS_SELECTOR, "[data-testid=dial-button]")
        ActionChains(driver).double_click(dial).pause(0.3).click().perform()
    anna.hears(600)
    anna.press("hangup")


@pytest.mark.parametrize("number", ["+48600100300", "+48799999999", "anonymous"], ids=["several", "none", "withheld"])
def test_nothing_pops_unless_exactly_one_record_agrees(anna, stack, number):
    calls_id = ring(stack, anna, number)
    anna.press("answer")
    anna.hears(700)
    assert "Browar Źródło" in anna.page_text()
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    assert until(lambda: task_of(stack, calls_id, CallDisposition="ANSWERED"), 20).get("WhoId") is None


def pops(stack) -> list[str]:
    """The records that panes were told to open, the oldest first."""
    with sqlite3.connect(f"file:{stack.state / 'connector.sqlite3'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT body FROM events WHERE type = 'pop' ORDER BY id").fetchall()
    return [json.loads(body)["recordId"] for (body,) in rows]


@pytest.fixture
def codes(stack) -> Iterator[None]:
    """For a while cases are found by the code keyed in the IVR."""
    org = stack.salesforce("/_sim/state")["org"]["id"]
    stack.run("pair", TENANT, org, "--case-by-ivr-code")
    yield
    stack.run("pair", TENANT, org, "--no-ivr-code")


@pytest.mark.req("R19")
@pytest.mark.parametrize("number", ["+48600100205", "anonymous", "40399"], ids=["known", "withheld", "internal"])
@pytest.mark.usefixtures("codes")
def test_the_card_of_the_case_keyed_in_the_ivr_pops_and_no_other(anna, stack, number):
    before = len(pops(stack))
    calls_id = ring(stack, anna, number, ivr="00001234")
    until(lambda: "Reklamacja faktury" in anna.text("call-party"), 5, what=lambda: f"the case; {anna.pane_text()!r}")
    until(lambda: "Reklamacja faktury" in anna.page_text(), 5, what="the case's card")
    anna.press("answer")
    anna.hears(700)
    anna.press("hangup")
    task = until(lambda: task_of(stack, calls_id, CallDisposition="ANSWERED"), 20)
    case_id = stack.record("00001234")[1]
    assert task["WhatId"] == case_id
    assert pops(stack)[before:] == [case_id]


def test_the_record_that_is_chosen_among_several_opens_and_the_call_is_logged_for_it(anna, stack):
    calls_id = ring(stack, anna, "+48600100300")
    anna.press("answer")
    anna.hears(700)
    anna.choose("Ewa Nowa")
    until(lambda: "Ewa Nowa" in anna.page_text(), 5, what="Ewa's record")
    until(lambda: "Ewa Nowa" in anna.text("call-party"), 5, what="her name on the pane")
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    ewa = stack.record("Ewa Nowa")[1]
    task = the_only_task(stack, calls_id, CallDisposition="ANSWERED", WhoId=ewa)
    assert task["FCC_Contact_Name__c"] == "Ewa Nowa"


def test_a_caller_whom_salesforce_could_not_name_is_named_when_it_is_back(anna, stack):
    """Nobody else rings from this number: an answer is remembered for half a minute."""
    anna.go_in_queue()
    stack.salesforce("/_sim/fail", {"kind": "unavailable", "count": None})
    try:
        calls_id = stack.fcc("/_sim/inbound", {"number": "+48600100400"})["calls_id"]
        anna.wait_shown("answer")
        anna.press("answer")
        anna.hears(700)
        until(lambda: anna.text("call-party") == "Szukam w Salesforce…", 5, what=anna.pane_text)
    finally:
        stack.salesforce("/_sim/fail", {"kind": "none"})
    until(lambda: "Krzysztof Zając" in anna.text("call-party"), 15, what=lambda: f"the name; {anna.pane_text()!r}")
    until(lambda: "Krzysztof Zając" in anna.page_text(), 5, what="the lead's record")
    anna.press("hangup")
    until(
        lambda: task_of(stack, calls_id, WhoId=stack.record("Krzysztof Zając")[1]), 60, what="the Task with the caller"
    )


@pytest.mark.req("R39")
def test_wrap_ends_by_itself_or_early_by_a_change_of_status(anna, stack):
    stack.fcc("/_sim/settings", {"wrap_seconds": {"1": 3}})
    calls_id = ring(stack, anna, "+48600100200")
    anna.press("answer")
    anna.wait_shown("call-duration")
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.wait_data("presence", "ready", 8)
    stack.fcc("/_sim/settings", {"wrap_seconds": {"1": 30}})
    assert until(lambda: task_of(stack, calls_id), 20)["FCC_Disconnected_By__c"] == "agent"

    ring(stack, anna, "+48600100200")
    anna.press("answer")
    anna.wait_shown("call-duration")
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.set_status("notready")


def test_a_rejected_call_goes_on_in_the_queue(anna, stack, new_agent):
    stack.fcc("/_sim/settings", {"reoffer_seconds": 60})  # who rejected it has the time to leave the queue
    calls_id = ring(stack, anna, "+48600100200")
    anna.press("reject")
    piotr = new_agent("piotr.wisniewski@acme.example").open()
    anna.set_status("notready")
    piotr.wait_data("phone", "registered")
    piotr.choose_status("ready")
    piotr.wait_shown("answer")
    piotr.press("answer")
    piotr.hears(700)
    piotr.press("hangup")
    task = until(lambda: task_of(stack, calls_id, CallDisposition="ANSWERED"), 20)
    assert task["OwnerId"] == stack.user("piotr.wisniewski@acme.example")
