"""What the SIP relay adds to a direct connection, beside what nginx adds.

Idle sockets are held open through every path at once, a few of them echo SIP messages at a steady rate, and the rounds
of the paths are interleaved, so that a busy machine slows all of them. Medians over the rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cti.ws.frames import Opcode, frame
from tests.bench.load import MASK, Client, allow_many_files, close, connect, cpu_us, memory_kb, percentile
from tests.protocol.wire import ORIGIN, ROOT, free_port, gunicorn
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

NGINX = "/usr/sbin/nginx"
BODY = "x" * 600


def message(phone: int, number: int) -> bytes:
    """The `number`th request of a phone, which keeps its tag and Contact, with a branch and CSeq nobody had before."""
    return (
        "OPTIONS sip:acme.fcc.example SIP/2.0\r\n"
        f"Via: SIP/2.0/WS p{phone:04}.invalid;branch=z9hG4bK{number:08}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:40312@acme.fcc.example>;tag=t{phone:04}\r\nTo: <sip:acme.fcc.example>\r\n"
        f"Call-ID: c{phone:04}\r\nCSeq: {number} OPTIONS\r\nContact: <sip:x@p{phone:04}.invalid;transport=ws>\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
    ).encode()


@dataclass
class Way:
    """One way to the echo server."""

    name: str
    port: int
    pid: int
    path: str = "/sip"
    clients: list[Client] = field(default_factory=list)
    kb_each: float = 0.0
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    lost: int = 0


@contextlib.contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    """The far side; yields its port and pid."""
    command = [sys.executable, "-m", "tests.bench.echo_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def nginx(directory: Path, upstream: int) -> Iterator[tuple[int, int]]:
    """nginx as a WebSocket proxy with one worker; yields its port and pid."""
    port = free_port()
    config = directory / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"worker_processes 1; pid {directory}/pid; error_log {directory}/error; worker_rlimit_nofile 20000; daemon off;"
        "events { worker_connections 16000; } http { access_log off; " + temporary + " server {"
        f"listen 127.0.0.1:{port} backlog=2048; location / {{ proxy_pass http://127.0.0.1:{upstream};"
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
        "proxy_set_header Host $host; proxy_read_timeout 3600s; proxy_send_timeout 3600s; } } }"
    )
    with subprocess.Popen([NGINX, "-c", str(config), "-p", str(directory)], stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _listens(port), 10)
            yield port, process.pid
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def fill(path: Way, count: int) -> None:
    """Open `count` sockets and note what they cost the process in the middle."""
    before = memory_kb(path.pid)
    targets = [path.path] * count
    if path.name == "relay":
        tickets = await asyncio.to_thread(_tickets, path.port, count)
        targets = [f"/pane/sip?ticket={ticket}" for ticket in tickets]
    waiting = asyncio.Semaphore(50)

    async def one(target: str) -> Client:
        async with waiting:
            return await connect(path.port, target, "sip", ORIGIN, lambda *_: None)

    path.clients = list(await asyncio.gather(*(one(target) for target in targets)))
    await echo_for(path, [], 0.5, count)
    path.kb_each = (memory_kb(path.pid) - before) / count


def _tickets(port: int, count: int) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/tickets/{count}", timeout=30) as answer:
        return answer.read().decode().split()


async def echo_for(path: Way, times: list[float], seconds: float, rate: float) -> int:
    """Send messages over random sockets of `path` at `rate` a second; returns how many never came back."""
    outstanding: set[Client] = set()

    def heard(client: Client, payload: bytes, now: float) -> None:
        assert len(payload) > len(BODY)
        times.append(now - client.sent_at)
        outstanding.discard(client)

    for client in path.clients:
        client._heard = heard
    begun = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - begun) < seconds:
        while sent < elapsed * rate:
            phone = random.randrange(len(path.clients))
            client = path.clients[phone]
            if client not in outstanding:
                outstanding.add(client)
                client.send(frame(Opcode.TEXT, message(phone, sent), mask=MASK))
            sent += 1
        await asyncio.sleep(0.001)
    deadline = time.monotonic() + 5
    while outstanding and time.monotonic() < deadline:  # noqa: ASYNC110 - the end is a deadline
        await asyncio.sleep(0.01)
    return len(outstanding)


async def measure(paths: list[Way], *, sockets: int, rounds: int, seconds: float, rate: float) -> None:
    """Fill all paths, then take turns."""
    for path in paths:
        await fill(path, sockets)
    for _ in range(rounds):
        for path in random.sample(paths, len(paths)):
            times: list[float] = []
            before = cpu_us(path.pid)
            path.lost += await echo_for(path, times, seconds, rate)
            path.p50.append(percentile(times, 0.5) * 1000)
            path.p99.append(percentile(times, 0.99) * 1000)
            path.cpu.append((cpu_us(path.pid) - before) / max(1, len(times)))
    for path in paths:
        path.lost += sum(1 for client in path.clients if client.lost)
        close(path.clients)


def run(quick: bool = False, *, sockets: int | None = None) -> list[dict[str, Any]]:
    """Figures `{name, value, unit, peer, ratio}`: latency the relay adds (ms), processor time a message costs it there
    and back (µs), memory a connection (kB)."""
    allow_many_files()
    sockets = sockets or (100 if quick else 1000)
    rounds, seconds = (3, 0.7) if quick else (7, 3.0)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        directory = Path(name)
        echo_port, echo_pid = stack.enter_context(echo_server())
        env = {"UPSTREAM": f"ws://fcc.localhost:{echo_port}/sip"}
        app = "tests.protocol.proxy.app:create_app()"
        server = stack.enter_context(gunicorn(app, "gevent", directory / "log", env=env))
        paths = [Way("direct", echo_port, echo_pid), Way("relay", server.port, server.process.pid)]
        if Path(NGINX).exists():
            port, pid = stack.enter_context(nginx(directory, echo_port))
            paths.append(Way("nginx", port, pid))
        asyncio.run(measure(paths, sockets=sockets, rounds=rounds, seconds=seconds, rate=200))
    return figures({path.name: path for path in paths}, sockets)


def figures(paths: dict[str, Way], sockets: int) -> list[dict[str, Any]]:
    """What was measured, the relay beside nginx."""
    direct, relay, peer = paths["direct"], paths["relay"], paths.get("nginx")

    def added(path: Way | None, which: str) -> float | None:
        if path is None:
            return None
        mine, base = getattr(path, which), getattr(direct, which)
        return statistics.median(a - b for a, b in zip(mine, base, strict=True))

    found = []
    for which in ("p50", "p99"):
        ours, theirs = added(relay, which), added(peer, which)
        found.append(_figure(f"sip-relay-added-{which}", ours, "ms", theirs))
    cpu = [None if path is None else statistics.median(path.cpu) for path in (relay, peer)]
    found.append(_figure("sip-relay-cpu", cpu[0], "µs/message", cpu[1]))
    found.append(_figure("sip-relay-memory", relay.kb_each, "kB/connection", None if peer is None else peer.kb_each))
    found.append(_figure("sip-relay-lost", float(relay.lost), f"messages or sockets of {sockets}", None))
    found.append(_figure("sip-direct-p50", statistics.median(direct.p50), "ms", None))
    return found


def _figure(name: str, value: float | None, unit: str, peer: float | None) -> dict[str, Any]:
    # On a busy machine the peer's way may come out quicker than no peer at all: then there is nothing to compare with.
    peer = peer if peer and peer > 0 else None
    ratio = round(value / peer, 2) if value is not None and peer else None
    return {
        "name": name,
        "value": None if value is None else round(value, 3),
        "unit": unit,
        "peer": None if peer is None else round(peer, 3),
        "ratio": ratio,
    }
