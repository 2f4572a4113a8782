"""What goes wrong is said on the screen in a sentence with a code, is counted, and loses nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.support.calls import errors, notice, notices, talk, task_of, the_only_task
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.agent import Agent
    from tools.stack import Stack

pytestmark = pytest.mark.browser


@contextlib.contextmanager
def failing(stack: Stack, function: str, mode: str) -> Iterator[None]:
    """One function of FCC's fails for a while."""
    stack.fcc("/_sim/settings", {"fail": {function: {"mode": mode, "count": None}}})
    try:
        yield
    finally:
        stack.fcc("/_sim/settings", {"fail": {function: {"mode": "none", "count": None}}})


def told(agent: Agent, code: str, words: str) -> None:
    """Wait for the sentence with that code."""
    until(lambda: notice(agent, code), 20, what=f"{code}; the pane says: {agent.pane_text()!r}")
    assert words in agent.pane_text()


def test_a_record_whose_phone_is_no_number_says_so_when_clicked(anna, stack):
    before = errors(stack, "number-invalid")
    calls = len(stack.calls())
    anna.go_in_queue()
    for count, (name, number) in enumerate((("Bez Numeru", "brak"), ("Za Długi", "112233445566778899")), start=1):
        first, _, last = name.partition(" ")
        stack.salesforce("/_sim/records", {"type": "Contact", "FirstName": first, "LastName": last, "Phone": number})
        anna.open_record(name)
        anna.click_number(number)
        until(lambda n=count: errors(stack, "number-invalid") == before + n, 10, what="the refusal")
        told(anna, "number-invalid", "numer")
    assert len(stack.calls()) == calls
    talk(anna, stack)
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.set_status("ready")


def test_what_is_typed_and_no_number_is_refused_with_a_sentence(anna, stack):
    before = errors(stack, "number-invalid")
    calls = len(stack.calls())
    anna.go_in_queue()
    anna.enter_text("dial-input", "112233445566778899")
    anna.press("dial-button")
    told(anna, "number-invalid", "numer")
    assert errors(stack, "number-invalid") == before + 1
    assert len(stack.calls()) == calls


def test_a_number_that_the_tenant_does_not_allow_is_refused_in_the_same_words_typed_or_clicked(anna, stack):
    calls = len(stack.calls())
    stack.salesforce(
        "/_sim/records", {"type": "Contact", "FirstName": "Drogi", "LastName": "Numer", "Phone": "+48 700 123 456"}
    )
    anna.go_in_queue()
    anna.open_record("Drogi Numer")
    anna.click_number("+48 700 123 456")
    told(anna, "dial-premium-not-allowed", "podwyższonej opłacie")
    anna.enter_text("dial-input", "+380 44 123 45 67")
    anna.press("dial-button")
    told(anna, "dial-country-not-allowed", "Ukraina (UA)")
    assert len(stack.calls()) == calls


@pytest.mark.parametrize(("mode", "code"), [("http500", "fcc-unreachable"), ("nonsense", "fcc-nonsense")])
def test_who_clicks_phone_while_fcc_fails_reads_why_and_gets_in_afterwards(new_agent, stack, mode, code):
    with failing(stack, "fcc-users-list", mode):
        stack.restart("connector")
        anna = new_agent().open()
        until(lambda: code in anna.pane_text(), 15, what=f"{code}; the pane says: {anna.pane_text()!r}")
        assert "FCC" in anna.pane_text()
        assert errors(stack, code) >= 1
    anna.open()
    anna.wait_data("phone", "registered")


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("http500", "fcc-unreachable"),
        ("nonsense", "fcc-nonsense"),
        ("refuse", "fcc-refused"),
        ("timeout", "fcc-unreachable"),
    ],
)
def test_a_status_that_fcc_does_not_take_stays_what_it_was(anna, stack, mode, code):
    anna.go_in_queue()
    before = errors(stack, code)
    with failing(stack, "fcc-set-staff-status", mode):
        anna.press("status-button")
        anna.press("status-item-notready")
        told(anna, code, "FCC")
        assert errors(stack, code) > before
        anna.wait_data("presence", "ready")
    anna.set_status("notready")


@pytest.mark.assumed("A1")
@pytest.mark.parametrize(("mode", "code"), [("http500", "fcc-unreachable"), ("refuse", "fcc-refused")])
def test_a_phone_without_credentials_says_why_and_registers_by_itself_later(new_agent, stack, mode, code):
    with failing(stack, "fcc-sip-credentials", mode):
        anna = new_agent().open()
        told(anna, code, "FCC")
        anna.open_record("Jan Kowalski")
        until(lambda: "600 100 200" in anna.page_text(), 5)
        assert anna.blue_numbers() == 0
    anna.wait_data("phone", "registered", 45)
    until(lambda: not notice(anna, code), 10, what=f"that {code} is gone; there are {notices(anna)}")


@pytest.mark.req("R38")
@pytest.mark.parametrize("kind", ["session-expired", "unavailable", "row-lock"])
def test_a_call_made_while_salesforce_fails_is_one_task_afterwards(anna, stack, kind):
    anna.wait_data("phone", "registered")
    anna.open_record("Jan Kowalski")
    stack.salesforce("/_sim/fail", {"kind": kind, "count": None})
    try:
        calls_id = talk(anna, stack)
        anna.press("hangup")
        anna.wait_data("presence", "wrap")
        asked = stack.salesforce("/_sim/counters")["requests"]
        until(lambda: stack.salesforce("/_sim/counters")["requests"] != asked, 20, every=0.2, what="a delivery")
        assert task_of(stack, calls_id, CallDisposition="ANSWERED") is None
    finally:
        stack.salesforce("/_sim/fail", {"kind": "none"})
    # Whether she may see the record is asked again with pauses that grow, so whom it is about may come after the end.
    the_only_task(stack, calls_id, 90, CallDisposition="ANSWERED", WhoId=stack.record("Jan Kowalski")[1])
    anna.set_status("ready")
