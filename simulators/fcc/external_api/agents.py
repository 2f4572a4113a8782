"""What an agent asks for: the own status, credentials for the phone, a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.fcc.external_api.functions import Answer, Refused
from simulators.fcc.tickets import PhonePasswords, agent_token
from simulators.fcc.timekeeping import iso

if TYPE_CHECKING:
    from simulators.fcc.external_api.functions import AgentFunction
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import User


class AgentFunctions:
    """Functions of one agent. `ws_url` is where phones connect."""

    def __init__(self, tenant: Tenant, passwords: PhonePasswords, ws_url: str) -> None:
        self._tenant = tenant
        self._passwords = passwords
        self._ws_url = ws_url

    def agent_functions(self) -> dict[str, AgentFunction]:
        """By the functions' names."""
        return {
            "fcc-staff-status": self._staff_status,
            "fcc-set-staff-status": self._set_staff_status,
            "fcc-sip-credentials": self._sip_credentials,
            "fcc-create-jwt-token": self._create_jwt_token,
        }

    async def _staff_status(self, user: User, _: dict[str, Any]) -> Answer:
        presence = self._tenant.presence.of(user)
        if presence is None:
            raise Refused("User has no status")
        return {"status": presence.row()}

    async def _set_staff_status(self, user: User, body: dict[str, Any]) -> Answer:
        return {"status": self._tenant.presence.request(user, body.get("statuses_id")).row()}

    async def _sip_credentials(self, user: User, _: dict[str, Any]) -> Answer:
        if not user.has_phone or user.extension is None:
            raise Refused("User is not a PBX user")
        issued = self._passwords.issue(user.extension)
        return {
            "sip": {
                "uri": f"sip:{user.extension}@{self._tenant.world.sip_domain}",
                "username": user.extension,
                "password": issued.password,
                "ws_url": self._ws_url,
                "expires_at": iso(issued.expires_at),
            }
        }

    async def _create_jwt_token(self, user: User, _: dict[str, Any]) -> Answer:
        return {"token": agent_token(self._tenant.world, user, self._tenant.clock)}
