"""Events reach the subscriber, at least once, with its password."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.simulators.fcc.tenant import Options, eventually, subscriber, tenant

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Options(webhook_pauses=(0.02, 0.05))


def test_an_event_is_repeated_until_it_is_taken(tmp_path: Path) -> None:
    received: list[tuple[str, dict[str, Any]]] = []
    answers = [500, 302, 401]

    async def take(request: web.Request) -> web.Response:
        received.append((request.headers["Authorization"], await request.json()))
        return web.Response(status=answers.pop(0) if answers else 204)

    async def scenario() -> None:
        async with subscriber(take) as url, tenant(tmp_path, options=QUICK) as acme:
            await acme.control("webhook", url=url, user="fcc", password="secret", enabled=True)
            await acme.api("fcc-set-staff-status", "anna.nowak", statuses_id=1)

            async def delivered() -> dict[str, Any] | None:
                log = (await acme.look("webhooks"))["deliveries"]
                return log[0] if log[0]["delivered"] else None

            log = await eventually(delivered)
            assert log["attempts"] == [500, 302, 401, 204]

    asyncio.run(scenario())
    assert len(received) == 4
    assert received[0][0] == "Basic " + base64.b64encode(b"fcc:secret").decode()
    body = received[0][1]
    assert all(again == body for _, again in received)
    assert set(body) == {"eventName", "fccInstance", "customerId", "version", "createdAt", "data"}
    assert (body["eventName"], body["fccInstance"], body["version"]) == ("UserStatusChanged", "acme", 1)
    assert body["data"]["users_id"] == 101
    assert body["data"]["status"]["class"] == "ready"


def test_a_subscriber_that_is_down_gets_its_events_later(tmp_path: Path) -> None:
    received: list[str] = []

    async def take(request: web.Request) -> web.Response:
        received.append((await request.json())["eventName"])
        return web.Response()

    async def scenario() -> None:
        async with tenant(tmp_path, options=QUICK) as acme:
            async with subscriber(take) as url:
                pass
            await acme.control("webhook", url=url)
            await acme.control("inbound", number="+48600100200")
            await eventually(lambda: acme.simulator.webhooks.deliveries[0].attempts)
            async with subscriber(take) as url:
                await acme.control("webhook", url=url)
                await eventually(lambda: received == ["CallCreated"])

    asyncio.run(scenario())


def test_events_are_not_sent_while_webhooks_are_off(tmp_path: Path) -> None:
    received: list[str] = []

    async def take(request: web.Request) -> web.Response:
        received.append((await request.json())["data"]["number_a"])
        return web.Response()

    async def scenario() -> None:
        async with subscriber(take) as url, tenant(tmp_path, options=QUICK) as acme:
            await acme.control("webhook", url=url)
            await acme.control("settings", webhooks_enabled=False)
            await acme.control("inbound", number="+48600100200")
            await acme.control("settings", webhooks_enabled=True)
            await acme.control("inbound", number="+48600100300")
            await eventually(lambda: received)

    asyncio.run(scenario())
    assert received == ["+48600100300"]


def test_the_subscription_outlives_a_restart(tmp_path: Path) -> None:
    received: list[str] = []

    async def take(request: web.Request) -> web.Response:
        received.append((await request.json())["eventName"])
        return web.Response()

    async def scenario() -> None:
        async with subscriber(take) as url:
            async with tenant(tmp_path, options=QUICK) as acme:
                await acme.control("webhook", url=url)
            async with tenant(tmp_path, options=QUICK) as acme:
                await acme.control("inbound", number="+48600100200")
                await eventually(lambda: received)

    asyncio.run(scenario())
    assert received == ["CallCreated"]
