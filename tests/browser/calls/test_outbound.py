"""A number is clicked in Lightning: the pane calls, both hear each other, the call is in the contact's history."""

from __future__ import annotations

import pytest

from tests.support.calls import call_of, task_of, the_only_task, until_silent
from tests.support.wait import until

pytestmark = pytest.mark.browser


@pytest.mark.req("R1", "R2", "R33", "R34", "R39", "R40")
@pytest.mark.assumed("A1", "A3", "A5", "A6", "A7")
def test_a_click_calls_the_customer_and_the_call_is_logged(anna, stack):
    anna.go_in_queue()
    anna.open_record("Jan Kowalski")
    anna.click_number("600 100 200")
    anna.wait_shown("call-duration")
    until(lambda: "Jan Kowalski" in anna.text("call-party"), 5)
    assert "600 100 200" in anna.text("call-number")
    anna.wait_data("presence", "busy")
    anna.hears(600)
    call = call_of(stack, "+48600100200")
    until(lambda: abs((stack.call(call["calls_id"])["heard_hz"] or 0) - 440) < 15, 10)

    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.wait_shown("wrap-countdown")
    task = until(lambda: task_of(stack, call["calls_id"], CallDisposition="ANSWERED"), 20, what="the Task")
    assert task["WhoId"] == stack.record("Jan Kowalski")[1]
    assert task["CallType"] == "Outbound"
    assert task["TaskSubtype"] == "Call"
    assert task["CallDurationInSeconds"] > 0
    anna.open_record("Jan Kowalski")
    until(lambda: task["Subject"] in anna.page_text(), 5)
    anna.set_status("ready")


def test_a_click_on_a_record_that_is_hidden_from_the_agent_is_logged_for_nobody(anna, stack):
    anna.go_in_queue()
    anna.open_record("Jan Kowalski")
    jan = {"recordId": stack.record("Jan Kowalski")[1], "user": "anna.nowak@acme.example"}
    stack.salesforce("/_sim/hide", {**jan, "hidden": True})
    try:
        anna.click_number("600 100 200")
        anna.wait_shown("call-duration")
        anna.hears(600)
        call = call_of(stack, "+48600100200")
        anna.press("hangup")
        task = the_only_task(stack, call["calls_id"], CallDisposition="ANSWERED")
    finally:
        stack.salesforce("/_sim/hide", {**jan, "hidden": False})
    told = {name: task.get(name) for name in ("WhoId", "WhatId", "FCC_Contact_Name__c", "FCC_Contact_Email__c")}
    assert told == dict.fromkeys(told)


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    ("name", "shown", "outcome"),
    [
        ("Zajęty Klient", "600100201", "BUSY"),
        ("Nie Odbiera", "600100202", "NO ANSWER"),
        ("Nieosiągalny Numer", "600100203", "FAILED"),
        ("Zapowiedź Operatora", "600100204", "NO ANSWER"),
    ],
)
def test_calls_that_end_without_a_talk_are_logged_with_their_outcome(anna, stack, name, shown, outcome):
    anna.go_in_queue()
    anna.open_record(name)
    anna.click_number(shown)
    call = until(lambda: call_of(stack, f"+48{shown}"), 10, what="the call at FCC")
    if shown == "600100204":
        anna.hears(800)
    task = until(lambda: task_of(stack, call["calls_id"], CallDisposition=outcome), 30, what=f"{outcome}")
    assert task["WhoId"] == stack.record(name)[1]
    until(lambda: anna.data("presence") in {"ready", "wrap"}, 10)


@pytest.mark.req("R40")
def test_numbers_are_blue_only_while_a_call_could_be_made(anna):
    anna.wait_data("phone", "registered")
    anna.open_record("Jan Kowalski")
    anna.set_status("notready")
    until(lambda: anna.blue_numbers() == 0, 5, what="black numbers")
    anna.set_status("ready")
    until(anna.blue_numbers, 5, what="blue numbers")


def test_a_customer_who_hangs_up_ends_the_call(anna, stack):
    anna.go_in_queue()
    anna.open_record("Maria Lewandowska")
    anna.click_number("+48600100205")
    anna.wait_shown("call-duration")
    anna.wait_data("presence", "wrap", 15)
    call = call_of(stack, "+48600100205")
    task = until(lambda: task_of(stack, call["calls_id"], CallDisposition="ANSWERED"), 20)
    assert task["FCC_Disconnected_By__c"] == "customer"


@pytest.mark.req("R34")
def test_mute_hold_and_keys_reach_the_customer(anna, stack):
    anna.go_in_queue()
    anna.open_record("ACME Polska")
    anna.click_number("22 111 22 33")
    anna.wait_shown("call-duration")
    calls_id = until(lambda: call_of(stack, "+48221112233"), 5)["calls_id"]

    def customer() -> dict:
        return stack.call(calls_id)

    until(lambda: abs((customer()["heard_hz"] or 0) - 440) < 15, 10, what="the agent's tone")
    anna.press("mute")
    until_silent(customer)
    anna.press("mute")
    until(lambda: abs((customer()["heard_hz"] or 0) - 440) < 15, 10, what="the tone again")
    anna.press("hold")
    until(lambda: customer()["state"] == "held", 5, what="held")
    anna.press("hold")
    until(lambda: customer()["state"] == "talking", 5, what="talking")
    anna.press("keypad")
    for key in "12":
        anna.press(f"key-{key}")
    until(lambda: customer()["legs"][-1]["dtmf"] == "12", 5, what="the keys")
    anna.press("keypad")
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
