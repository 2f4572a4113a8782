"""Several panes of one agent, the microphone's way through the frames, and a session that is renewed."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.agent import Agent
from tests.support.browser import chromium
from tests.support.calls import customer_hears, talk, until_silent
from tests.support.wait import until
from tools.stack import Stack

pytestmark = pytest.mark.browser


def test_one_tab_holds_the_phone_and_another_takes_it_over(anna):
    anna.wait_data("phone", "registered")
    first = anna.driver.current_window_handle
    anna.driver.switch_to.new_window("tab")
    anna.open()
    anna.wait_data("phone", "other-pane")
    anna.press("takeover")
    anna.wait_data("phone", "registered")
    anna.driver.switch_to.window(first)
    anna.wait_data("phone", "other-pane")


@pytest.mark.assumed("A81")
def test_who_takes_the_phone_over_while_it_rings_can_answer_at_once_and_keeps_it(anna, stack):
    anna.go_in_queue()
    first = anna.driver.current_window_handle
    anna.driver.switch_to.new_window("tab")
    second = anna.driver.current_window_handle
    anna.open()
    anna.wait_data("phone", "other-pane")
    stack.fcc("/_sim/settings", {"ring_seconds": 30, "reoffer_seconds": 30})
    anna.driver.switch_to.window(first)
    calls_id = stack.fcc("/_sim/inbound", {"number": "+48600100200"})["calls_id"]
    anna.wait_shown("answer")
    anna.driver.switch_to.window(second)
    anna.press("takeover")
    anna.wait_shown("answer", 5)
    anna.press("answer")
    anna.hears(700)
    customer_hears(stack, calls_id)
    anna.driver.switch_to.window(first)
    anna.wait_data("phone", "other-pane")
    assert not anna.shows("hangup")
    anna.driver.switch_to.window(second)
    assert anna.data("phone") == "registered"
    anna.press("hangup")
    anna.wait_data("presence", "wrap")


def test_the_pane_that_carries_a_call_keeps_its_controls_when_another_takes_the_phone(anna, stack):
    calls_id = talk(anna, stack)
    first = anna.driver.current_window_handle
    anna.driver.switch_to.new_window("tab")
    anna.open()
    anna.wait_shown("takeover")
    anna.press("takeover")
    anna.wait_data("phone", "registered")
    assert not anna.shows("hangup")
    anna.driver.switch_to.window(first)
    anna.wait_data("phone", "call-here")
    assert "innym oknie" not in anna.pane_text()
    anna.hears(600)
    anna.press("mute")
    until_silent(lambda: stack.call(calls_id))
    anna.press("mute")
    customer_hears(stack, calls_id)
    anna.press("keypad")
    anna.press("key-7")
    until(lambda: stack.call(calls_id)["legs"][0]["dtmf"] == "7", 10, what="the digit")
    assert anna.shows("ask-why")

    anna.press("takeover")
    anna.wait_data("phone", "registered", 30)
    assert not anna.shows("ask-why")
    anna.press("hold")
    until(lambda: stack.call(calls_id)["state"] == "held", 10, what=f"hold; the pane says: {anna.pane_text()!r}")
    anna.press("hold")
    anna.hears(600)
    customer_hears(stack, calls_id)
    anna.press("hangup")
    until(lambda: stack.call(calls_id)["status"] == "ANSWERED", 5)


def test_a_number_clicked_beside_the_leader_is_called_by_the_leader(anna, stack):
    anna.go_in_queue()
    first = anna.driver.current_window_handle
    anna.driver.switch_to.new_window("tab")
    anna.open()
    anna.wait_data("phone", "other-pane")
    anna.open_record("Jan Kowalski")
    anna.click_number("600 100 200")
    call = until(lambda: next((c for c in stack.calls() if c["state"] == "talking"), None), 10, what="the call")
    until(lambda: "Jan Kowalski" in anna.text("call-party"), 5, what="the call in the second tab")
    anna.driver.switch_to.window(first)
    anna.hears(600)
    anna.press("hangup")
    until(lambda: stack.call(call["calls_id"])["status"] == "ANSWERED", 5)


def test_the_phone_of_a_closed_tab_goes_to_the_one_that_is_left(anna):
    anna.wait_data("phone", "registered")
    first = anna.driver.current_window_handle
    anna.driver.switch_to.new_window("tab")
    second = anna.driver.current_window_handle
    anna.open()
    anna.wait_data("phone", "other-pane")
    anna.driver.switch_to.window(first)
    anna.driver.close()
    anna.driver.switch_to.window(second)
    anna.wait_data("phone", "registered", 30)


@pytest.mark.assumed("A7")
@pytest.mark.parametrize(
    ("allow", "words"), [("bare", None), ("explicit", None), ("none", "Salesforce nie przekazuje mikrofonu")]
)
def test_the_pane_names_the_frame_that_withholds_the_microphone(new_agent, stack, allow, words):
    stack.salesforce("/_sim/settings", {"softphone_allow": allow})
    try:
        agent: Agent = new_agent().open()
        agent.wait_data("phone", "registered")
        if words is None:
            assert "mikrofon" not in agent.pane_text().lower()
        else:
            until(lambda: words in agent.pane_text(), 5, what=lambda: f"{words}; {agent.pane_text()!r}")
    finally:
        stack.salesforce("/_sim/settings", {"softphone_allow": "bare"})


def test_a_session_is_renewed_through_canvas_before_it_ends(tmp_path, microphone):
    """With the shortest session the pane is asked at once, and gets its fresh signed request from Canvas."""
    with Stack(tmp_path / "stack", settings={"FCC_CONNECTOR_SESSION_SECONDS": "120"}) as stack:
        agent = Agent(chromium(microphone=microphone), stack)
        try:
            agent.open()
            agent.wait_data("presence", "notready")

            def ends() -> str:
                with sqlite3.connect(f"file:{stack.state / 'connector.sqlite3'}?mode=ro", uri=True) as database:
                    return str(database.execute("SELECT MAX(expires_at) FROM sessions").fetchone()[0])

            before = ends()
            until(lambda: ends() > before, 30, every=0.2, what="a later end of the session")
            agent.go_in_queue()
        finally:
            agent.driver.quit()
