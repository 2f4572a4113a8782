"""A stack, and browsers whose microphone plays 440 Hz."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.agent import Agent
from tests.support.browser import Browsers
from tests.support.tone import write_tone
from tools.processes import ROOT
from tools.stack import Stack

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

PICTURES = ROOT / "build" / "pictures"
NOTHING_WRONG = {
    "wrap_seconds": {"1": 30, "2": 30, "9": 30}, "ring_seconds": 6, "reoffer_seconds": 5, "correlation": "call-id",
    "webhooks_enabled": True,
}  # fmt: skip
#: Calls wait for others to share a request with; here each is alone (tests/unit/calllog shows the wait).
ALONE = {"FCC_CONNECTOR_OUTBOX_WAIT_SECONDS": "0.5"}


@pytest.fixture(scope="session")
def microphone(tmp_path_factory) -> pathlib.Path:
    return write_tone(tmp_path_factory.mktemp("tone") / "agent.wav", 440)


@pytest.fixture(scope="session")
def browsers(microphone) -> Iterator[Browsers]:
    made = Browsers(microphone)
    yield made
    made.close()


@pytest.fixture(scope="session")
def one_stack(tmp_path_factory) -> Iterator[Stack]:
    """One for all; a module may have one of its own instead."""
    with Stack(tmp_path_factory.mktemp("stack"), fresh=True, settings=ALONE) as started:
        yield started


@pytest.fixture
def stack(one_stack) -> Stack:
    """All of it running, its simulators set as before, whatever the test before did; calls that are up are ended."""
    for name, part in one_stack.parts.items():
        if not part.running:
            one_stack.restart(name)
    one_stack.fcc("/_sim/settings", NOTHING_WRONG)
    one_stack.salesforce("/_sim/fail", {"kind": "none"})
    for call in one_stack.calls():
        if call["state"] != "ended":
            one_stack.fcc(f"/_sim/calls/{call['calls_id']}/hangup", {})
    return one_stack


@pytest.fixture
def new_agent(stack, browsers, request) -> Iterator[Callable[..., Agent]]:
    """Makes agents with a browser each; a picture of every one's tab is kept when the test ends."""
    made: list[Agent] = []
    origins = [stack.connector_url, *map(stack.salesforce_url, ("lightning", "my", "vf"))]

    def make(user: str = "anna.nowak@acme.example") -> Agent:
        agent = Agent(browsers.take(), stack, user)
        made.append(agent)
        return agent

    yield make
    for number, agent in enumerate(made):
        try:
            agent.picture(PICTURES / f"{request.node.name.replace('/', '_')}-{number}.png")
        finally:
            browsers.give_back(agent.driver, origins)


@pytest.fixture
def anna(new_agent) -> Agent:
    """Anna Nowak with Lightning and the pane open."""
    return new_agent().open()
