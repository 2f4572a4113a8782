"""The call list, and what can be done with calls from outside."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulators.fcc.external_api.functions import Answer, Refused

if TYPE_CHECKING:
    from simulators.fcc.exchange import Exchange
    from simulators.fcc.external_api.functions import AdminFunction, AgentFunction
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import User

_MAX_LIMIT = 500


class CallFunctions:
    """Functions that read and end calls."""

    def __init__(self, tenant: Tenant, exchange: Exchange) -> None:
        self._tenant = tenant
        self._exchange = exchange

    def admin_functions(self) -> dict[str, AdminFunction]:
        """By the functions' names."""
        return {"fcc-calls-list": self._calls_list}

    def agent_functions(self) -> dict[str, AgentFunction]:
        """By the functions' names."""
        return {"fcc-drop-call": self._drop_call}

    def _calls_list(self, body: dict[str, Any]) -> Answer:
        cursor, limit = body.get("cursor"), body.get("limit", 100)
        if cursor is not None and not isinstance(cursor, str):
            raise Refused("Invalid cursor")
        moment = _moment(body.get("updated_since"))
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MAX_LIMIT:
            raise Refused("Invalid limit")
        try:
            calls, after = self._tenant.book.since(cursor, limit, updated_since=moment)
        except ValueError as error:
            raise Refused(str(error)) from error
        with_id = self._tenant.settings.correlation == "call-id"
        return {"calls": [call.row(with_sip_call_id=with_id) for call in calls], "cursor": after}

    async def _drop_call(self, user: User, body: dict[str, Any]) -> Answer:
        calls_id = body.get("calls_id")
        if isinstance(calls_id, bool) or not isinstance(calls_id, int):
            raise Refused("Invalid calls_id")
        call = self._tenant.book.get(calls_id)
        if call is None or call.ended or call.users_id != user.id:
            raise Refused("Call not found")
        self._exchange.hang_up(calls_id, "agent")
        return {}


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
