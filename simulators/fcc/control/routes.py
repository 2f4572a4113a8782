"""The control page and its API: what a person or a test does to the simulated world. For this machine only."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.fcc.customers import calling_from

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.fcc.exchange import Exchange
    from simulators.fcc.external_api.api import ExternalApi
    from simulators.fcc.sip.registrar import Registrar
    from simulators.fcc.tenant import Tenant

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PAGE = Path(__file__).parent / "page"
_NUMBER = re.compile(r"\+[1-9]\d{6,14}|\d{2,15}|anonymous")
_RECORDING = re.compile(r"\d+\.wav")
_SHOWN = 100
_ASKED = ("INVITE", "UPDATE", "REFER")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_PAGE_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Control:
    """Routes under /_sim/."""

    def __init__(
        self,
        tenant: Tenant,
        registrar: Registrar,
        exchange: Exchange,
        api: ExternalApi,
        keep_subscription: Callable[[], None],
    ) -> None:
        self._tenant = tenant
        self._world = tenant.world
        self._settings = tenant.settings
        self._registrar = registrar
        self._exchange = exchange
        self._api = api
        self._keep_subscription = keep_subscription

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self._home)
        router.add_get("/favicon.ico", self._no_icon)
        for method, path, handler in (
            ("GET", "/_sim/", self._page),
            ("GET", "/_sim/page.js", self._page),
            ("GET", "/_sim/page.css", self._page),
            ("GET", "/_sim/state", self._state),
            ("GET", "/_sim/calls", self._calls),
            ("GET", "/_sim/calls/{calls_id:\\d+}", self._call),
            ("POST", "/_sim/calls/{calls_id:\\d+}/hangup", self._hang_up),
            ("POST", "/_sim/calls/{calls_id:\\d+}/request", self._ask_phone),
            ("POST", "/_sim/inbound", self._inbound),
            ("POST", "/_sim/webhook", self._webhook),
            ("GET", "/_sim/webhooks", self._deliveries),
            ("POST", "/_sim/settings", self._set),
            ("POST", "/_sim/cursors/forget", self._forget_cursors),
            ("GET", "/_sim/recordings", self._list_recordings),
            ("GET", "/_sim/recordings/{name}", self._recording),
        ):
            router.add_route(method, path, _local(handler))

    async def _home(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/_sim/")

    async def _no_icon(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2] or "index.html"
        return web.FileResponse(
            _PAGE / name,
            headers={"Cache-Control": "no-store", "Content-Security-Policy": _PAGE_POLICY},
        )

    async def _state(self, _: web.Request) -> web.StreamResponse:
        agents = []
        for user in self._world.users:
            presence = self._tenant.presence.of(user)
            agents.append(
                {
                    **user.row(),
                    "name": user.name,
                    "registered": user.extension is not None and self._registrar.find(user.extension) is not None,
                    "status": presence.row() if presence is not None else None,
                }
            )
        return web.json_response(
            {
                "tenant": {
                    "domain": self._world.domain,
                    "admin_login": next((one.login for one in self._world.users if one.type == "administrator"), None),
                    "api_key": self._world.api_key,
                    "webhook_user": self._world.webhook_user,
                    "webhook_password": self._world.webhook_password,
                    "off_campaign_id": self._world.off_campaign_id,
                },
                "agents": agents,
                "calls": [self._exchange.describe(call) for call in self._tenant.book if not call.ended],
                "queues": [
                    {"id": one.id, "name": one.name, "number": one.queue_number} for one in self._world.queues()
                ],
                "settings": self._settings.row(),
                "requests": self._api.counts,
            }
        )

    async def _calls(self, _: web.Request) -> web.StreamResponse:
        newest = list(self._tenant.book)[-_SHOWN:]
        return web.json_response({"calls": [self._exchange.describe(call) for call in newest]})

    async def _call(self, request: web.Request) -> web.StreamResponse:
        call = self._tenant.book.get(int(request.match_info["calls_id"]))
        if call is None:
            raise web.HTTPNotFound
        return web.json_response(self._exchange.describe(call))

    async def _hang_up(self, request: web.Request) -> web.StreamResponse:
        done = self._exchange.hang_up(int(request.match_info["calls_id"]), "customer")
        if not done:
            return web.json_response({"error": "this call is not up"}, status=404)
        return web.json_response({})

    async def _ask_phone(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        method, direction = body.get("method"), body.get("direction", "sendrecv")
        if method not in _ASKED or direction not in _DIRECTIONS:
            raise ValueError(f"method is one of {', '.join(_ASKED)}, direction one of {', '.join(_DIRECTIONS)}")
        answer = await self._exchange.ask_phone(int(request.match_info["calls_id"]), method, direction)
        if answer is None:
            return web.json_response({"error": "this call is not up"}, status=404)
        return web.json_response(answer)

    async def _inbound(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        number, name, ivr = body.get("number"), body.get("name"), body.get("ivr")
        if not isinstance(number, str) or not _NUMBER.fullmatch(number):
            raise ValueError('number is E.164, digits, or "anonymous"')
        if not (name is None or isinstance(name, str)) or not (ivr is None or isinstance(ivr, str)):
            raise ValueError("name and ivr are texts")
        queues = self._world.queues()
        queue = next((one for one in queues if body.get("campaigns_id", queues[0].id) == one.id), None)
        if queue is None:
            raise ValueError("no such queue")
        call = self._exchange.inbound.incoming(
            number, name=name or None, ivr=ivr or None, behaviour=calling_from(body.get("behaviour")), queue=queue
        )
        return web.json_response({"calls_id": call.calls_id})

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        url = body.get("url", self._settings.webhook_url)
        if not (url is None or (isinstance(url, str) and re.match(r"https?://[^/]+", url))):
            raise ValueError("url is an http address or null")
        self._settings.webhook_url = url
        self._settings.webhook_user = str(body.get("user", self._settings.webhook_user))
        self._settings.webhook_password = str(body.get("password", self._settings.webhook_password))
        self._settings.webhooks_enabled = bool(body.get("enabled", self._settings.webhooks_enabled))
        self._keep_subscription()
        return web.json_response({})

    async def _deliveries(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"deliveries": [one.row() for one in self._tenant.webhooks.deliveries]})

    async def _set(self, request: web.Request) -> web.StreamResponse:
        self._settings.change(await _object(request))
        return web.json_response(self._settings.row())

    async def _forget_cursors(self, _: web.Request) -> web.StreamResponse:
        self._tenant.book.forget_cursors()
        return web.json_response({})

    async def _list_recordings(self, _: web.Request) -> web.StreamResponse:
        files = sorted(self._tenant.recordings.glob("*.wav"), key=lambda path: int(path.stem))
        return web.json_response(
            {
                "recordings": [
                    {"calls_id": int(path.stem), "bytes": path.stat().st_size, "url": f"/_sim/recordings/{path.name}"}
                    for path in files
                ]
            }
        )

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = self._tenant.recordings / name
        if not _RECORDING.fullmatch(name) or not path.exists():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


def _local(handler: Handler) -> Handler:
    """Serve this machine only, and say what is wrong with a request as JSON under 400."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            local = ipaddress.ip_address(request.remote or "").is_loopback
        except ValueError:
            local = False
        if not local:
            raise web.HTTPForbidden
        try:
            return await handler(request)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return guarded


async def _object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise ValueError("Content-Type must be application/json")
    body = json.loads(await request.text())
    if not isinstance(body, dict):
        raise ValueError("an object is expected")  # noqa: TRY004 - told to the client as 400
    return body
