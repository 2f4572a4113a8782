"""The PBX refuses hold, changes the sound's direction itself, or asks for a transfer: the call goes on as it was."""

from __future__ import annotations

import pytest

from tests.support.calls import customer_hears, notice, talk, until_silent
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def held(anna) -> bool:
    return anna.read("return document.querySelector('[data-testid=call-state]')?.dataset.state") == "held"


def ask_phone(stack, calls_id: int, method: str, direction: str = "sendrecv") -> dict:
    """What the phone answers to a request of the PBX inside the call."""
    return dict(stack.fcc(f"/_sim/calls/{calls_id}/request", {"method": method, "direction": direction}))


def hang_up(anna) -> None:
    anna.press("hangup")
    anna.wait_data("presence", "wrap")
    anna.set_status("ready")


def silent(anna) -> bool:
    """Whether the pane plays nothing for a moment."""
    return anna.heard(0.6)[1] < -75


@pytest.mark.assumed("A82")
def test_a_hold_that_the_pbx_refuses_leaves_the_call_up_and_says_so(anna, stack):
    calls_id = talk(anna, stack)
    for status in (403, 488, 500, 481):
        stack.fcc("/_sim/settings", {"reinvite": {"status": status}})
        anna.press("hold")
        until(lambda: notice(anna, "hold-refused"), 10, what=f"a sentence after {status}; it says {anna.pane_text()!r}")
        assert not held(anna), status
        customer_hears(stack, calls_id)
        anna.hears(600)
        anna.read("document.querySelector('[data-code=hold-refused] .notice-close').click(); return true")
    assert stack.call(calls_id)["state"] == "talking"

    stack.fcc("/_sim/settings", {"reinvite": {"status": 491}})
    anna.press("hold")
    until(lambda: held(anna), 12, what=f"hold after the second offer; the pane says {anna.pane_text()!r}")
    until_silent(lambda: stack.call(calls_id))
    assert stack.call(calls_id)["state"] == "held"

    stack.fcc("/_sim/settings", {"reinvite": {"status": 500}})
    anna.press("hold")
    until(lambda: notice(anna, "resume-refused"), 10, what=f"a sentence; the pane says {anna.pane_text()!r}")
    assert held(anna)
    anna.press("hold")
    until(lambda: not held(anna), 10, what="the call taken back")
    anna.hears(600)
    customer_hears(stack, calls_id)
    hang_up(anna)


def test_a_held_call_stays_held_whatever_direction_the_pbx_offers(anna, stack):
    calls_id = talk(anna, stack)
    assert ask_phone(stack, calls_id, "INVITE") == {"status": 200, "direction": "sendrecv"}
    anna.press("hold")
    until(lambda: held(anna), 10, what="hold")
    for method in ("INVITE", "UPDATE"):
        for offered, answered in (
            ("sendrecv", "sendonly"),
            ("recvonly", "sendonly"),
            ("sendonly", "inactive"),
            ("inactive", "inactive"),
            ("sendrecv", "sendonly"),
        ):
            answer = ask_phone(stack, calls_id, method, offered)
            assert answer == {"status": 200, "direction": answered}, (method, offered)
    assert held(anna)
    until_silent(lambda: stack.call(calls_id))
    assert silent(anna)

    anna.press("hold")
    until(lambda: not held(anna), 10, what="the call taken back")
    anna.hears(600)
    customer_hears(stack, calls_id)
    hang_up(anna)


def test_a_transfer_nobody_asked_for_is_declined_and_the_call_goes_on(anna, stack):
    calls_id = talk(anna, stack)
    assert ask_phone(stack, calls_id, "REFER")["status"] == 603
    anna.hears(600)
    customer_hears(stack, calls_id)
    hang_up(anna)
