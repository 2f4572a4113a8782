"""How long an event needs from the moment it happens to all panes of its agent, the commit included.

One gevent worker holds all panes, five to an agent, and writes the events itself: once with its database in memory,
once on the disk.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.load import Client, allow_many_files, close, connect, memory_kb, percentile
from tests.protocol.wire import ORIGIN, Server, encode, gunicorn

PANES_EACH = 5


def _get(server: Server, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=30) as answer:
        return answer.read().decode()


async def measure(server: Server, *, panes: int, rate: int, seconds: int) -> tuple[list[float], int, float]:
    """Latencies (s) of all deliveries, how many never came, kB a pane."""
    agents = panes // PANES_EACH
    times: list[float] = []
    greeted = 0

    def heard(_client: Client, payload: bytes, now: float) -> None:
        nonlocal greeted
        message = json.loads(payload)
        if message.get("type") == "notice":
            times.append(now - float(message["message"]))
        elif message.get("type") == "snapshot":
            greeted += 1

    before = memory_kb(server.process.pid)
    waiting = asyncio.Semaphore(20)

    async def one(number: int) -> Client:
        async with waiting:
            protocols = f"fcc-pane.v1, bearer.{number % agents}"
            client = await connect(server.port, "/pane/channel", protocols, ORIGIN, heard)
            hello = {"id": "c1", "type": "hello", "pane": f"pane-{number:08d}", "lastSeq": None, "focused": False}
            client.send(encode(1, json.dumps(hello).encode()))
            return client

    clients = list(await asyncio.gather(*(one(number) for number in range(panes))))
    deadline = time.monotonic() + 60
    while greeted < panes and time.monotonic() < deadline:  # noqa: ASYNC110 - the end is a deadline
        await asyncio.sleep(0.05)
    kb_each = (memory_kb(server.process.pid) - before) / panes
    await asyncio.to_thread(_get, server, f"/write/{agents}/{rate}/{seconds}")
    await asyncio.sleep(seconds + 0.5)
    written = json.loads(await asyncio.to_thread(_get, server, "/written"))["written"]
    deadline = time.monotonic() + 5
    while len(times) < written * PANES_EACH and time.monotonic() < deadline:  # noqa: ASYNC110 - the end is a deadline
        await asyncio.sleep(0.05)
    close(clients)
    return times, written * PANES_EACH - len(times), kb_each


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Figures `{name, value, unit, peer, ratio}`; the target is 50 ms at 1,000 panes and 200 events a second."""
    allow_many_files()
    panes, seconds = (100, 2) if quick else (1000, 10)
    named: list[tuple[str, float, str]] = []
    # Each commit is flushed to the disk: on a busy one that is all there is to measure, so memory comes first.
    for suffix, place in (("", "/dev/shm"), ("-on-disk", None)):
        if place is not None and not Path(place).is_dir():
            continue
        with tempfile.TemporaryDirectory(dir=place) as name:
            directory = Path(name)
            env = {"STATE": name}
            with gunicorn("tests.bench.fanout_app:create_app()", "gevent", directory / "log", env=env) as server:
                times, missing, kb_each = asyncio.run(measure(server, panes=panes, rate=200, seconds=seconds))
        named += [
            (f"event-to-pane-p50{suffix}", percentile(times, 0.5) * 1000, "ms"),
            (f"event-to-pane-p99{suffix}", percentile(times, 0.99) * 1000, "ms"),
            (f"event-to-pane-missing{suffix}", float(missing), f"of {len(times) + missing} deliveries"),
        ]
        memory = kb_each
    named.append(("pane-channel-memory", memory, "kB/pane"))
    return [{"name": n, "value": round(v, 3), "unit": u, "peer": None, "ratio": None} for n, v, u in named]
