"""Calls that agents dial: from a phone's INVITE to the customer and back to the end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from simulators.fcc import causes, customers, numbering
from simulators.fcc.agent_leg import AgentLeg
from simulators.fcc.calls import Call
from simulators.fcc.live import Live
from simulators.fcc.media.endpoint import MediaEndpoint
from simulators.fcc.world import BUSY

if TYPE_CHECKING:
    from simulators.fcc.live import LiveCalls
    from simulators.fcc.reporting import Reporting
    from simulators.fcc.sip.incoming_leg import IncomingLeg
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import User

_log = logging.getLogger(__name__)


class Outbound:
    """What the SIP side asks when a phone dials (`sip.server.Dialling`). One event loop."""

    def __init__(self, tenant: Tenant, reporting: Reporting, live: LiveCalls, server: SipServer) -> None:
        self._tenant = tenant
        self._reporting = reporting
        self._live = live
        self._server = server

    def refusal(self, user: User, number: str) -> tuple[int, int] | None:
        """The SIP status and Q.850 cause with which a call is refused at once; None when it may go on."""
        if user.city_number is None or user.presentation is None:
            return 403, causes.REJECTED
        if (refused := numbering.refusal(number, self._tenant.world.country_code)) is not None:
            return refused
        presence = self._tenant.presence.of(user)
        if presence is not None and presence.status.id == BUSY:
            return 486, causes.BUSY
        return None

    def new_media(self) -> MediaEndpoint:
        """An endpoint that is silent until the customer is heard."""
        return MediaEndpoint(None, self._tenant.clock.monotonic)

    def dialled(self, user: User, number: str, leg: IncomingLeg) -> None:
        """An agent's phone calls a number."""
        world = self._tenant.world
        callee = numbering.e164(number, world.country_code) or number
        call = self._tenant.book.create(
            lambda calls_id, now: Call(
                calls_id,
                now,
                "outbound",
                user.presentation or "",
                callee,
                campaigns_id=world.off_campaign_id,
                users_id=user.id,
                sip_call_id=leg.call_id,
                invited_at=leg.invited_at,
            )
        )
        live = Live(call, leg, leg.media)
        self._live.add(live)
        self._tenant.presence.engage(user, call.calls_id)
        agent = AgentLeg(self._tenant, self._reporting, self._server, call, user, leg)
        agent.tell("CallCreated")
        live.task = asyncio.create_task(self._carry(live, agent, leg))

    async def _carry(self, live: Live, agent: AgentLeg, leg: IncomingLeg) -> None:
        customer = customers.called(live.call.number_b, self._tenant.world.behaviours)
        line = OutboundLine(self._tenant, agent, leg)
        script = asyncio.create_task(customer.take(line, self._tenant.settings.ring_seconds))
        first: set[asyncio.Future[Any]] = {script, leg.ended}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if script.done() and (error := script.exception()) is not None:
            _log.warning("call %s: %s", live.call.calls_id, error)
            await leg.refuse("system", 488, causes.NETWORK_OUT_OF_ORDER)
        ending = await leg.ended
        script.cancel()
        with suppress(asyncio.CancelledError, ValueError):
            await script
        await self._live.finish(live, agent, ending)


class OutboundLine:
    """What a called customer can do with the call; it shows in the call as it happens."""

    def __init__(self, tenant: Tenant, agent: AgentLeg, leg: IncomingLeg) -> None:
        self._tenant = tenant
        self._agent = agent
        self._leg = leg

    async def ring(self, *, early_hz: float | None = None) -> None:
        """The customer's phone rings; `early_hz` is the network's ringback tone."""
        await self._leg.ring(early_hz=early_hz)
        self._ringing()

    async def announce(self, hz: float) -> None:
        """The network speaks."""
        await self._leg.announce(hz)
        self._ringing()

    async def answer(self, hz: float) -> None:
        """The customer picks up and sounds like `hz`."""
        await self._leg.answer(hz)
        if not self._leg.ended.done():
            self._agent.answered()

    async def refuse(self, side: Literal["customer", "system"], code: int, cause: int) -> None:
        """The call comes to nothing."""
        await self._leg.refuse(side, code, cause)

    def hang_up(self) -> None:
        """The customer ends the conversation."""
        self._leg.hang_up("customer")

    def _ringing(self) -> None:
        self._tenant.book.changed(self._agent.call)
        self._agent.tell("CallRinging")
