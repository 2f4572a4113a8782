"""POST /external-api/<function>: JSON both ways, signed, refusals as success:false under HTTP 200."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.fcc.external_api.agents import AgentFunctions
from simulators.fcc.external_api.calls import CallFunctions
from simulators.fcc.external_api.directory import admin_functions
from simulators.fcc.external_api.functions import Answer, Refused
from simulators.fcc.presence import StatusRefused
from simulators.fcc.tickets import NotAuthorised, authenticate

if TYPE_CHECKING:
    import asyncio

    from simulators.fcc.exchange import Exchange
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.tickets import PhonePasswords


class ExternalApi:
    """Every function the connector calls: some want an administrator's signature, the others the agent's own.

    `closing` ends requests that are kept waiting. `counts` says how often each function was asked.
    """

    def __init__(
        self, tenant: Tenant, exchange: Exchange, passwords: PhonePasswords, ws_url: str, closing: asyncio.Event
    ) -> None:
        self._world = tenant.world
        self._settings = tenant.settings
        self._closing = closing
        self.counts: dict[str, int] = {}
        calls = CallFunctions(tenant, exchange)
        agents = AgentFunctions(tenant, passwords, ws_url)
        self._admin = {**admin_functions(tenant), **calls.admin_functions()}
        self._agent = {**agents.agent_functions(), **calls.agent_functions()}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of /external-api/{function}."""
        function = request.match_info["function"]
        self.counts[function] = self.counts.get(function, 0) + 1
        mode = self._settings.take_failure(function)
        if mode == "http500":
            return web.Response(status=500, text="Internal Server Error")
        if mode == "nonsense":
            return web.Response(text="<html><body>Fatal error: out of sense</body></html>", content_type="text/html")
        if mode == "timeout":
            await self._closing.wait()
            return web.Response(status=503)
        if mode == "refuse":
            return _refusal("Function is temporarily unavailable")
        try:
            answer = await self._run(function, await _body(request))
        except (Refused, NotAuthorised, StatusRefused) as refusal:
            return _refusal(str(refusal))
        return web.json_response({"success": True, **answer})

    async def _run(self, function: str, body: dict[str, Any]) -> Answer:
        user = authenticate(self._world, body)
        if (for_admin := self._admin.get(function)) is not None:
            if user.type != "administrator":
                raise Refused("Access denied")
            return for_admin(body)
        if (for_agent := self._agent.get(function)) is not None:
            if user.type == "administrator" and function != "fcc-create-jwt-token":
                raise Refused("Access denied")
            return await for_agent(user, body)
        raise Refused("Unknown function")


def _refusal(message: str) -> web.Response:
    return web.json_response({"success": False, "message": message})


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise Refused("Content-Type must be application/json")
    try:
        body = json.loads(await request.text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused("Invalid JSON") from error
    if not isinstance(body, dict):
        raise Refused("Invalid JSON")
    return body
