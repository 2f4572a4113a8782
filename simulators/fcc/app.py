"""The composition root: builds the simulator from a world and serves it on one port."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.fcc.calls import CallBook
from simulators.fcc.control.routes import Control
from simulators.fcc.exchange import Exchange
from simulators.fcc.external_api.api import ExternalApi
from simulators.fcc.presence import PresenceBoard
from simulators.fcc.settings import Settings
from simulators.fcc.signals import Signal
from simulators.fcc.sip.digest import Digest
from simulators.fcc.sip.registrar import Registrar
from simulators.fcc.sip.server import SipServer
from simulators.fcc.tenant import Tenant
from simulators.fcc.tickets import PhonePasswords
from simulators.fcc.timekeeping import WallClock
from simulators.fcc.webhooks import Webhooks

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from simulators.fcc.world import World

HOST = "fcc.localhost"
_HOSTS = (HOST, "127.0.0.1", "localhost")


@dataclass(frozen=True)
class Options:
    """What a start may choose beside the world."""

    webhook_pauses: tuple[float, ...] = (0.5, 1, 2, 4, 8, 16, 30)
    min_expires: int = 10


class Simulator:
    """One FCC tenant on one socket. Start and stop it in one event loop.

    `state` is the directory of the call list and the recordings; what is in it survives a restart.
    """

    def __init__(self, world: World, state: Path, listening: socket.socket, options: Options | None = None) -> None:
        options = options or Options()
        self.port: int = listening.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._socket = listening
        self._state = state
        state.mkdir(parents=True, exist_ok=True)
        clock = WallClock(world.time_zone)
        self._closing = asyncio.Event()
        changed = Signal()
        self.settings = Settings.of(world)
        self._restore_subscription()
        self.webhooks = Webhooks(world, self.settings, clock, options.webhook_pauses)
        self.book = CallBook(clock, state / "calls.jsonl")
        self.presence = PresenceBoard(world, self.settings, clock, self.webhooks, changed)
        passwords = PhonePasswords(world, clock)
        self.registrar = Registrar(changed, options.min_expires)

        def good_passwords(extension: str) -> list[str]:
            return passwords.valid(extension) if world.user_by_extension(extension) else []

        digest = Digest(world.sip_domain, good_passwords, clock.monotonic, world.nonce_seconds)
        self.sip = SipServer(
            world,
            digest,
            self.registrar,
            lambda: secrets.token_hex(8),
            f"{HOST}:{self.port}",
            clock.now,
            gives_gruus=lambda: self.settings.gruus,
        )
        tenant = Tenant(world, self.settings, clock, self.book, self.presence, self.webhooks, state / "recordings")
        self.exchange = Exchange(tenant, self.sip, changed)
        self.sip.dialling = self.exchange.outbound
        self.sip.refuse_reinvite = self.settings.take_reinvite_refusal
        self.api = ExternalApi(tenant, self.exchange, passwords, f"ws://{HOST}:{self.port}/sip", self._closing)
        control = Control(tenant, self.registrar, self.exchange, self.api, self._keep_subscription)
        self._app = web.Application(middlewares=[_own_host], client_max_size=1024 * 1024)
        self._app.router.add_post("/external-api/{function}", self.api.handle)
        self._app.router.add_get("/sip", self.sip.accept)
        control.add_routes(self._app.router)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        self.exchange.recover()
        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def stop(self) -> None:
        """End within two seconds, whatever is up."""
        self._closing.set()
        await self.exchange.close()
        await self.sip.close()
        self.presence.close()
        self.registrar.close()
        await self.webhooks.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _keep_subscription(self) -> None:
        kept = {
            "url": self.settings.webhook_url,
            "user": self.settings.webhook_user,
            "password": self.settings.webhook_password,
            "enabled": self.settings.webhooks_enabled,
        }
        (self._state / "webhook.json").write_text(json.dumps(kept), encoding="utf-8")

    def _restore_subscription(self) -> None:
        path = self._state / "webhook.json"
        if path.exists():
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            self.settings.webhook_url = kept["url"]
            self.settings.webhook_user = kept["user"]
            self.settings.webhook_password = kept["password"]
            self.settings.webhooks_enabled = kept["enabled"]


@web.middleware
async def _own_host(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer for our own names only."""
    if (request.url.host or "") not in _HOSTS:
        return web.Response(status=421, text="this host is not served here")
    return await handler(request)
