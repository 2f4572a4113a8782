"""Telling the subscriber what happens: FCC's envelope, Basic Auth, delivered at least once.

Source of the envelope: Welyo help, "Webhooki dla transkrypcji lub podsumowania". The call and user events are assumed.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from simulators.fcc.timekeeping import WallClock, iso

if TYPE_CHECKING:
    from simulators.fcc.settings import Settings
    from simulators.fcc.world import World

_PAUSES = (0.5, 1, 2, 4, 8, 16, 30)
_KEPT = 1000


class LoopbackResolver(AbstractResolver):
    """Every `*.localhost` name is this machine; other names go the usual way. Source: RFC 6761, section 6.3."""

    def __init__(self) -> None:
        self._other = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host == "localhost" or host.endswith(".localhost"):
            return [
                ResolveResult(
                    hostname=host,
                    host="127.0.0.1",
                    port=port,
                    family=socket.AF_INET,
                    proto=0,
                    flags=socket.AI_NUMERICHOST,
                )
            ]
        return await self._other.resolve(host, port, family)

    async def close(self) -> None:
        await self._other.close()


@dataclass
class Delivery:
    """One event on its way: every attempt's answer (an HTTP status or an error's name) is kept."""

    number: int
    body: dict[str, Any]
    attempts: list[int | str] = field(default_factory=list)
    delivered: bool = False

    def row(self) -> dict[str, Any]:
        return {"number": self.number, "delivered": self.delivered, "attempts": self.attempts, "body": self.body}


class Webhooks:
    """Delivers events until they are taken with 2xx. Each event runs by itself, so their order is not promised."""

    def __init__(self, world: World, settings: Settings, clock: WallClock, pauses: tuple[float, ...] = _PAUSES) -> None:
        self._world = world
        self._settings = settings
        self._clock = clock
        self._pauses = pauses
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self.deliveries: deque[Delivery] = deque(maxlen=_KEPT)

    def send(self, event: str, data: dict[str, Any]) -> None:
        """Take an event; without a subscriber, or with webhooks off, it is only written to the log of deliveries."""
        self._count += 1
        delivery = Delivery(
            self._count,
            {
                "eventName": event,
                "fccInstance": self._world.domain,
                "customerId": self._world.customer_id,
                "version": 1,
                "createdAt": iso(self._clock.now()),
                "data": data,
            },
        )
        self.deliveries.append(delivery)
        if self._settings.webhooks_enabled and self._settings.webhook_url:
            task = asyncio.create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=LoopbackResolver()),
                timeout=aiohttp.ClientTimeout(total=10),
                trust_env=False,
            )
        while self._settings.webhooks_enabled and self._settings.webhook_url:
            answer: int | str
            try:
                async with self._session.post(
                    self._settings.webhook_url,
                    json=delivery.body,
                    headers={
                        "Authorization": aiohttp.encode_basic_auth(
                            self._settings.webhook_user, self._settings.webhook_password, "utf-8"
                        )
                    },
                    allow_redirects=False,
                ) as response:
                    answer = response.status
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                answer = type(error).__name__
            delivery.attempts.append(answer)
            if isinstance(answer, int) and answer // 100 == 2:  # noqa: PLR2004 - HTTP's 2xx
                delivery.delivered = True
                return
            await asyncio.sleep(self._pauses[min(len(delivery.attempts), len(self._pauses)) - 1])

    async def close(self) -> None:
        """Stop delivering; what was not taken yet is lost with the process."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()
