"""From a click in Lightning to the INVITE at FCC, and from an event of FCC to the screens of an agent's panes.

The whole stack with a real browser: the click's moment is the page's own, the INVITE's is the simulator's when it comes
off the SIP socket, a screen's is a MutationObserver's in the pane. All of them are of one machine's clock.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cti import outgoing
from cti.clock import SystemClock
from tests.support.agent import Agent
from tests.support.browser import chromium
from tests.support.tone import write_tone
from tests.support.wait import until
from tools.installation import TENANT, WEBHOOK_PASSWORD, WEBHOOK_USER
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

NUMBER = "+48600100200"
#: A connection that waits for its next event may be closed just when that is sent; FCC would send it again.
ONCE = {"Connection": "close"}
#: The page notes when it was clicked: what the agent feels begins there.
CLICKS = """
window.clickedAt = 0;
addEventListener("click", () => { window.clickedAt = performance.timeOrigin + performance.now(); }, true);
"""
#: The pane notes when each of its screens was first drawn.
SCREENS = """
window.drawn = {};
const look = () => {
  const screen = document.documentElement.dataset.screen;
  const state = document.querySelector("[data-testid=call-state]")?.dataset.state ?? "";
  for (const name of [screen, `${screen} ${state}`]) {
    window.drawn[name] ??= performance.timeOrigin + performance.now();
  }
};
new MutationObserver(look).observe(document.documentElement, {subtree: true, childList: true, attributes: true});
"""


@contextlib.contextmanager
def working_agent() -> Iterator[tuple[Stack, Agent]]:
    """The stack, and one agent in the queue."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as held:
        stack = held.enter_context(Stack(Path(name) / "stack", fresh=True))
        stack.fcc("/_sim/settings", {"wrap_seconds": {"1": 0, "9": 0}})
        agent = Agent(chromium(microphone=write_tone(Path(name) / "agent.wav", 440)), stack)
        held.callback(agent.driver.quit)
        agent.open()
        until(lambda: agent.shows("status-button"), 20, what="the pane")
        agent.go_in_queue()
        with agent.pane() as driver:
            driver.execute_script(SCREENS)
        yield stack, agent


def watch(agent: Agent) -> None:
    """Forget what was drawn."""
    with agent.pane() as driver:
        driver.execute_script("window.drawn = {}")


def drawn(agent: Agent, name: str) -> float:
    """When the screen `name` was first drawn since (ms since 1970)."""
    script = "return window.drawn[arguments[0]] || 0"
    with agent.pane() as driver:
        return float(until(lambda: driver.execute_script(script, name), 10, what=f"{name} in the pane"))


def outbound(stack: Stack, agent: Agent) -> dict[str, float]:
    """One click on a number: ms until the INVITE came, and from the customer's answer to the pane's showing it."""
    known = {call["calls_id"] for call in stack.calls()}
    agent.wait_data("presence", "ready")
    until(agent.blue_numbers, 10, what="a number that can be clicked")
    watch(agent)
    agent.on_page().execute_script(CLICKS)
    agent.click_number("600 100 200")
    call = until(lambda: next((one for one in stack.calls() if one["calls_id"] not in known), None), 10)
    shown = drawn(agent, "talking talking")
    clicked = float(agent.on_page().execute_script("return window.clickedAt"))
    answered = until(lambda: stack.call(call["calls_id"])["answered_at"], 10)
    stack.fcc(f"/_sim/calls/{call['calls_id']}/hangup", {})
    agent.wait_data("screen", "idle")
    return {"invite": call["invited_at"] - clicked, "talk": shown - datetime.fromisoformat(answered).timestamp() * 1000}


def inbound(http: requests.Session, stack: Stack, agent: Agent, calls_id: int) -> float:
    """One call that rings for the agent, as FCC's events tell it: ms from the event to the pane's screen.

    No phone rings: a phone that did would tell the pane before FCC does.
    """
    watch(agent)
    tell(http, stack, "CallCreated", calls_id)
    sent = tell(http, stack, "CallRinging", calls_id, users_id=101)
    shown = drawn(agent, "ringing")
    ending = {"status": "NO ANSWER", "cause": 19, "disconnecting_side": "customer", "talk_seconds": 0}
    tell(http, stack, "CallEnded", calls_id, users_id=101, **ending)
    agent.wait_data("screen", "idle")
    return shown - sent


def tell(http: requests.Session, stack: Stack, event: str, calls_id: int, **more: Any) -> float:
    """Send one event as FCC does; the moment it was sent (ms since 1970)."""
    now = SystemClock().now()
    moment = now.isoformat(timespec="milliseconds")
    data = {
        "calls_id": calls_id, "date_time": moment, "campaigns_id": 1, "direction": "inbound", "users_id": None,
        "queue": "Obsługa klienta", "number_a": NUMBER, "number_b": "+48221110000", "ivr": None, "segment": 0, **more,
    }  # fmt: skip
    body = {"eventName": event, "fccInstance": TENANT, "customerId": 1, "version": 1, "createdAt": moment, "data": data}
    url = f"{stack.connector_url}/fcc/{TENANT}/webhook"
    http.post(url, json=body, auth=(WEBHOOK_USER, WEBHOOK_PASSWORD), headers=ONCE).raise_for_status()
    return now.timestamp() * 1000


def run(quick: bool) -> list[dict[str, Any]]:
    """Medians over the rounds; the first of each kind is left out, for it loads what stays loaded."""
    rounds = 3 if quick else 15
    with working_agent() as (stack, agent), outgoing.session() as http:
        agent.open_record("Jan Kowalski")
        clicks = [outbound(stack, agent) for _ in range(rounds + 1)][1:]
        rings = [inbound(http, stack, agent, 900_000 + number) for number in range(rounds + 1)][1:]
    invites = [each["invite"] for each in clicks]
    return [
        _figure("click-to-invite", statistics.median(invites)),
        _figure("click-to-invite-worst", max(invites)),
        _figure("answer-to-talking", statistics.median(each["talk"] for each in clicks)),
        _figure("ring-event-to-screen", statistics.median(rings)),
    ]


def _figure(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "value": round(value, 1), "unit": "ms"}
