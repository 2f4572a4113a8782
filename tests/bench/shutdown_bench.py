"""How long a stop takes while many panes are open, and how many of them are told to come back.

The whole stack; the panes are sockets that greet the connector and answer its farewell as a browser does.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from cti import outgoing
from tests.bench.load import allow_many_files, close
from tests.bench.panes import open_panes, sign_in, worlds
from tools.stack import Stack

RESTART = 1012
PANES_EACH = 10
GIVEN_UP_AFTER_S = 30.0


async def stop_with(stack: Stack, sessions: list[str]) -> tuple[float, float]:
    """Seconds until no process of the connector is left, and the share of panes that were told 1012."""
    panes = await open_panes(stack, sessions)
    connector = stack.parts["connector"]
    assert connector.process is not None
    begun = time.monotonic()
    connector.process.send_signal(signal.SIGTERM)
    while connector.group_alive() and time.monotonic() - begun < GIVEN_UP_AFTER_S:  # noqa: ASYNC110 - a process's end
        await asyncio.sleep(0.01)
    gone_after = time.monotonic() - begun
    told = sum(pane.close_code == RESTART for pane in panes)
    close(panes)
    return gone_after, told / len(panes)


def run(quick: bool) -> list[dict[str, Any]]:
    """One stop with 1,000 panes (100 in a quick run)."""
    allow_many_files()
    count = 100 if quick else 1000
    agents = count // PANES_EACH
    with tempfile.TemporaryDirectory() as name, outgoing.session() as http:
        stack = Stack(Path(name) / "stack", fresh=True, worlds=worlds(Path(name), agents))
        with stack:
            sessions = [sign_in(http, stack, number) for number in range(agents)] * PANES_EACH
            seconds, told = asyncio.run(stop_with(stack, sessions))
    return [
        {"name": "stop-with-panes", "value": round(seconds, 3), "unit": "s"},
        {"name": "stop-panes-told", "value": round(100 * told, 2), "unit": f"% of {count}"},
    ]
