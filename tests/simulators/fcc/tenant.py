"""A running simulator for a test, its external-api signed the way clients sign it, and a subscriber to its events."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from simulators.fcc.app import Options, Simulator
from simulators.fcc.world import demo_world, world_from
from tests.simulators.fcc.phone import Phone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

KEY = "demo-api-key-3f9c1e7a"
QUICK: dict[str, Any] = {
    "ring_seconds": 0.6,
    "reoffer_seconds": 0.4,
    "behaviours": {
        "+48600100204": {"is": "announcement", "speaks_for": 1.5},
        "+48600100205": {"is": "hangs-up", "talks_for": 0.3},
        "+48600100206": {"is": "declines", "rings_for": 0.2},
        "+48600100207": {"is": "ringback", "rings_for": 1.2},
        "+48600100200": {"is": "answers", "rings_for": 0.05},
        "+48600100299": {"is": "answers", "rings_for": 30},
    },
}


async def eventually(condition: Callable[[], Any], *, within: float = 5.0, what: str = "") -> Any:
    """Poll a condition, or one that is awaited, until it gives something true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert loop.time() < deadline, f"waited {within} s for {what or condition}; last value {value!r}"
        await asyncio.sleep(0.02)


class Tenant:
    """The simulator as its clients see it."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = session
        self.url = f"http://127.0.0.1:{simulator.port}"
        self.events: list[dict[str, Any]] = []

    async def api(self, function: str, login: str = "admin", **body: Any) -> dict[str, Any]:
        """A signed external-api call; gives the body."""
        change = secrets.token_hex(25)
        digest = hashlib.sha1(f"{login}{change}{KEY}".encode()).hexdigest()
        signed = {"login": f"{login}@acme", "change": change, "hash": digest, "method": "sha1", **body}
        async with self.http.post(f"{self.url}/external-api/{function}", json=signed) as response:
            assert response.status == 200
            return await response.json()

    async def phone(self, login: str, *, hz: float = 440.0) -> Phone:
        """A phone with fresh credentials, not connected yet."""
        sip = (await self.api("fcc-sip-credentials", login))["sip"]
        return Phone(f"ws://127.0.0.1:{self.simulator.port}/sip", sip["username"], sip["password"], hz=hz)

    async def status(self, login: str) -> dict[str, Any]:
        return (await self.api("fcc-staff-status", login))["status"]

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/_sim/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def look(self, path: str) -> Any:
        async with self.http.get(f"{self.url}/_sim/{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def call(self, calls_id: int) -> dict[str, Any]:
        return await self.look(f"calls/{calls_id}")

    async def only_call(self) -> dict[str, Any]:
        calls = (await self.look("calls"))["calls"]
        assert len(calls) == 1
        return calls[0]

    def told(self, name: str) -> list[dict[str, Any]]:
        """Data of the events of a name, as they were logged for delivery."""
        return [one.body["data"] for one in self.simulator.webhooks.deliveries if one.body["eventName"] == name]


@asynccontextmanager
async def tenant(state: Path, *, options: Options | None = None, **world: Any) -> AsyncIterator[Tenant]:
    """A simulator of the demo world with short times; `world` overrides."""
    listening = socket.create_server(("127.0.0.1", 0))
    simulator = Simulator(world_from({**QUICK, **world}), state, listening, options)
    await simulator.start()
    session = aiohttp.ClientSession()
    try:
        yield Tenant(simulator, session)
    finally:
        await session.close()
        await simulator.stop()


@asynccontextmanager
async def subscriber(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A web server that takes webhooks; gives its address."""
    app = web.Application()
    app.router.add_post("/hook", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://connector.localhost:{port}/hook"
    finally:
        await runner.cleanup()


__all__ = ["KEY", "QUICK", "Tenant", "demo_world", "eventually", "subscriber", "tenant"]
