"""How long a stop takes while many panes are open, how many of them are told to come back, and what they find then.

The whole stack; the panes are sockets that greet the connector and answer its farewell as a browser does. FCC's events
go on coming until the connector takes no more: each one that it took must reach its agent, before the stop or after.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from cti import outgoing
from cti.clock import SystemClock
from tests.bench.load import allow_many_files, close
from tests.bench.panes import FIRST_AGENT, Pane, open_panes, sign_in, worlds
from tools.installation import TENANT, WEBHOOK_PASSWORD, WEBHOOK_USER
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

RESTART = 1012
PANES_EACH = 10
GIVEN_UP_AFTER_S = 30.0
EVENTS_A_SECOND = 20
LEAD_S = 1.0


@dataclass(frozen=True)
class Stop:
    """One stop: seconds until no process was left, the share of panes told 1012, and events that nobody was told."""

    seconds: float
    told: float
    lost: int


class Ringing:
    """FCC, which tells of one call after another until nobody listens; `taken` are those the connector said 2xx to."""

    def __init__(self, http: requests.Session, stack: Stack, agents: int, first: int) -> None:
        self._http, self._stack, self._agents, self._next = http, stack, agents, first
        self._over = threading.Event()
        self.taken: list[int] = []

    def run(self) -> None:
        """Go on until `stop`."""
        url = f"{self._stack.connector_url}/fcc/{TENANT}/webhook"
        while not self._over.wait(1 / EVENTS_A_SECOND):
            calls_id, self._next = self._next, self._next + 1
            moment = SystemClock().now().isoformat(timespec="milliseconds")
            data = {
                "calls_id": calls_id, "date_time": moment, "direction": "inbound", "number_a": "anonymous",
                "number_b": "+48221110000", "campaigns_id": 1, "users_id": self.agent(calls_id), "segment": 0,
            }  # fmt: skip
            body = {"eventName": "CallRinging", "fccInstance": TENANT, "version": 1, "createdAt": moment, "data": data}
            with contextlib.suppress(requests.RequestException):
                self._http.post(url, json=body, auth=(WEBHOOK_USER, WEBHOOK_PASSWORD)).raise_for_status()
                self.taken.append(calls_id)

    def agent(self, calls_id: int) -> int:
        """Whose call it is."""
        return FIRST_AGENT + calls_id % self._agents

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        """Ring while the block lasts."""
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


async def stop_once(stack: Stack, sessions: list[str], ringing: Ringing) -> Stop:
    """Stop the connector under many panes, start it again, and look at what the agents know."""
    panes = await open_panes(stack, sessions * PANES_EACH)
    connector = stack.parts["connector"]
    assert connector.process is not None
    with ringing.going_on():
        await asyncio.sleep(LEAD_S)
        begun = time.monotonic()
        connector.process.send_signal(signal.SIGTERM)
        while connector.group_alive() and time.monotonic() - begun < GIVEN_UP_AFTER_S:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.01)
        gone_after = time.monotonic() - begun
    told = sum(pane.close_code == RESTART for pane in panes)
    close(panes)
    stack.start_connector()  # from the main thread: Linux ends the connector together with the thread that started it
    lost = await missing(stack, sessions, panes[: len(sessions)], ringing)
    return Stop(gone_after, told / len(panes), lost)


async def missing(stack: Stack, sessions: list[str], before: list[Pane], ringing: Ringing) -> int:
    """How many of the calls that FCC was thanked for their agents know nothing of, now that panes are back."""
    again = await open_panes(stack, sessions, [pane.seq for pane in before])

    def unknown() -> int:
        known = [one.calls | other.calls for one, other in zip(before, again, strict=True)]
        return sum(calls_id not in known[ringing.agent(calls_id) - FIRST_AGENT] for calls_id in ringing.taken)

    deadline = time.monotonic() + 5
    while unknown() and time.monotonic() < deadline:  # noqa: ASYNC110 - the end is a deadline
        await asyncio.sleep(0.05)
    close(again)
    return unknown()


def run(quick: bool) -> list[dict[str, Any]]:
    """Stops with 1,000 panes (100 in a quick run), each with its own start."""
    allow_many_files()
    panes, rounds = (100, 1) if quick else (1000, 5)
    agents = panes // PANES_EACH
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as held:
        http = held.enter_context(outgoing.session())
        stack = held.enter_context(Stack(Path(name) / "stack", fresh=True, worlds=worlds(Path(name), agents)))
        sessions = [sign_in(http, stack, number) for number in range(agents)]
        stops = []
        for number in range(rounds):
            ringing = Ringing(http, stack, agents, 1_000_000 * (number + 1))
            stops.append(asyncio.run(stop_once(stack, sessions, ringing)))
            assert ringing.taken, "no event was taken"
    return [
        _figure("stop-with-panes", statistics.median(stop.seconds for stop in stops), "s"),
        _figure("stop-with-panes-worst", max(stop.seconds for stop in stops), "s"),
        _figure("stop-panes-told", 100 * min(stop.told for stop in stops), f"% of {panes}"),
        _figure("stop-events-lost", sum(stop.lost for stop in stops), "events"),
    ]


def _figure(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit}
