"""FCC's external-api: POST /external-api/<function>, JSON both ways, refusals as success:false under HTTP 200."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.fcc.presence import PresenceBoard, StatusRefused
from simulators.fcc.tickets import NotAuthorised, PhonePasswords, agent_token, authenticate
from simulators.fcc.timekeeping import WallClock, iso

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from simulators.fcc.calls import CallBook
    from simulators.fcc.exchange import Exchange
    from simulators.fcc.settings import Settings
    from simulators.fcc.world import User, World

Answer = dict[str, Any]
_MAX_LIMIT = 500


class Refused(Exception):  # noqa: N818 - a refusal, told to the client in these words
    """The function refuses; the text is FCC's message."""


class ExternalApi:
    """Every function the connector calls: some want an administrator's signature, the others the agent's own."""

    def __init__(
        self,
        world: World,
        settings: Settings,
        clock: WallClock,
        book: CallBook,
        presence: PresenceBoard,
        exchange: Exchange,
        passwords: PhonePasswords,
        ws_url: str,
        closing: asyncio.Event,
    ) -> None:
        self._world = world
        self._settings = settings
        self._clock = clock
        self._book = book
        self._presence = presence
        self._exchange = exchange
        self._passwords = passwords
        self._ws_url = ws_url
        self._closing = closing
        self.counts: dict[str, int] = {}
        self._admin: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "fcc-campaigns-list": lambda _: {
                "campaigns": [{**one.row(), "wrap_seconds": settings.wrap_seconds[one.id]} for one in world.campaigns]
            },
            "fcc-users-list": lambda _: {"users": [one.row() for one in world.users]},
            "fcc-staff-statuses-list": lambda _: {"statuses": [one.row() for one in world.statuses]},
            "fcc-calls-list": self._calls_list,
        }
        self._agent: dict[str, Callable[[User, dict[str, Any]], Awaitable[Answer]]] = {
            "fcc-staff-status": self._staff_status,
            "fcc-set-staff-status": self._set_staff_status,
            "fcc-sip-credentials": self._sip_credentials,
            "fcc-drop-call": self._drop_call,
            "fcc-create-jwt-token": self._create_jwt_token,
        }

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

    def _calls_list(self, body: dict[str, Any]) -> Answer:
        cursor, limit = body.get("cursor"), body.get("limit", 100)
        if cursor is not None and not isinstance(cursor, str):
            raise Refused("Invalid cursor")
        moment = _moment(body.get("updated_since"))
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MAX_LIMIT:
            raise Refused("Invalid limit")
        try:
            calls, after = self._book.since(cursor, limit, updated_since=moment)
        except ValueError as error:
            raise Refused(str(error)) from error
        with_id = self._settings.correlation == "call-id"
        return {"calls": [call.row(with_sip_call_id=with_id) for call in calls], "cursor": after}

    async def _staff_status(self, user: User, _: dict[str, Any]) -> Answer:
        presence = self._presence.of(user)
        if presence is None:
            raise Refused("User has no status")
        return {"status": presence.row()}

    async def _set_staff_status(self, user: User, body: dict[str, Any]) -> Answer:
        return {"status": self._presence.request(user, body.get("statuses_id")).row()}

    async def _sip_credentials(self, user: User, _: dict[str, Any]) -> Answer:
        if not user.has_phone or user.extension is None:
            raise Refused("User is not a PBX user")
        issued = self._passwords.issue(user.extension)
        return {
            "sip": {
                "uri": f"sip:{user.extension}@{self._world.sip_domain}",
                "username": user.extension,
                "password": issued.password,
                "ws_url": self._ws_url,
                "expires_at": iso(issued.expires_at),
            }
        }

    async def _drop_call(self, user: User, body: dict[str, Any]) -> Answer:
        calls_id = body.get("calls_id")
        if isinstance(calls_id, bool) or not isinstance(calls_id, int):
            raise Refused("Invalid calls_id")
        call = self._book.get(calls_id)
        if call is None or call.ended or call.users_id != user.id:
            raise Refused("Call not found")
        self._exchange.hang_up(calls_id, "agent")
        return {}

    async def _create_jwt_token(self, user: User, _: dict[str, Any]) -> Answer:
        return {"token": agent_token(self._world, user, self._clock)}


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("Invalid updated_since")
    return moment


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
