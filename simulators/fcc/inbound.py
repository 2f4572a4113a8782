"""Calls of customers through a queue: whom they are offered, and when they are given up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from simulators.fcc import causes
from simulators.fcc.agent_leg import AgentLeg
from simulators.fcc.calls import Call
from simulators.fcc.live import Live
from simulators.fcc.media.endpoint import MediaEndpoint
from simulators.fcc.sip.leg import Ending
from simulators.fcc.sip.outgoing_leg import OutgoingLeg

if TYPE_CHECKING:
    from simulators.fcc.customers import Calling
    from simulators.fcc.live import LiveCalls
    from simulators.fcc.reporting import Reporting
    from simulators.fcc.signals import Signal
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import Campaign, User


class Inbound:
    """Offers each call to one agent at a time, the longest ready first; `changed` says when to look again.

    One event loop.
    """

    def __init__(
        self, tenant: Tenant, reporting: Reporting, live: LiveCalls, server: SipServer, changed: Signal
    ) -> None:
        self._tenant = tenant
        self._reporting = reporting
        self._live = live
        self._server = server
        self._changed = changed

    def incoming(self, number: str, *, name: str | None, ivr: str | None, behaviour: Calling, queue: Campaign) -> Call:
        """A customer calls a queue. `number` is E.164, or "anonymous" for one who withholds it."""
        call = self._tenant.book.create(
            lambda calls_id, now: Call(
                calls_id,
                now,
                "inbound",
                number,
                queue.queue_number or "",
                campaigns_id=queue.id,
                queue=queue.name,
                ivr=ivr,
                name=name,
                state="queued",
            )
        )
        live = Live(call, gone=asyncio.get_running_loop().create_future())
        self._live.add(live)
        self._reporting.tell("CallCreated", call)
        live.task = asyncio.create_task(self._carry(live, behaviour))
        return call

    async def _carry(self, live: Live, behaviour: Calling) -> None:
        assert live.gone is not None
        if behaviour.patience is not None:
            patience = asyncio.get_running_loop().call_later(behaviour.patience, self._loses_patience, live)
            live.gone.add_done_callback(lambda _: patience.cancel())
        while not live.gone.done():
            waiter = self._changed.waiter()
            user = self._tenant.presence.longest_ready(lambda one: self._may_be_offered(live, one))
            if user is None:
                pause = self._tenant.settings.reoffer_seconds if live.refused_at else None
                either: set[asyncio.Future[Any]] = {waiter, live.gone}
                await asyncio.wait(either, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                continue
            if await self._offer(live, user, behaviour):
                return
        self._live.end(live, live.gone.result())

    async def _offer(self, live: Live, user: User, behaviour: Calling) -> bool:
        """Ring one agent; True when the agent took the call and it has ended since."""
        assert live.gone is not None
        assert user.extension is not None
        call = live.call
        phone = self._server.registrar.find(user.extension)
        assert phone is not None
        media = MediaEndpoint(behaviour.hz, self._tenant.clock.monotonic)
        leg = OutgoingLeg(self._server, phone.connection, user.extension, media, phone.contact, self._caller(call))
        self._server.adopt(leg)
        live.leg, live.media = leg, media
        self._tenant.presence.engage(user, call.calls_id)
        agent = AgentLeg(self._tenant, self._reporting, self._server, call, user, leg)
        call.users_id, call.sip_call_id, call.state = user.id, leg.call_id, "ringing"
        self._tenant.book.changed(call)
        leg.on_ringing = lambda: agent.tell("CallRinging")
        gone = live.gone
        gone.add_done_callback(lambda _: self._server.spawn(leg.dismiss(gone.result().side, gone.result().cause)))
        if await leg.call(self._tenant.settings.ring_seconds):
            agent.answered()
            hang_up = None
            if behaviour.talks_for is not None:
                hang_up = asyncio.get_running_loop().call_later(behaviour.talks_for, lambda: leg.hang_up("customer"))
            ending = await leg.ended
            if hang_up is not None:
                hang_up.cancel()
            await self._live.finish(live, agent, ending)
            return True
        ending = await leg.ended
        await agent.close(ending)
        live.leg = live.media = None
        live.refused_at[user.id] = self._tenant.clock.monotonic()
        if leg.away:
            live.away_on[user.id] = phone.connection
        else:
            live.away_on.pop(user.id, None)
        call.users_id, call.sip_call_id, call.state = None, None, "queued"
        self._tenant.book.changed(call)
        agent.tell("CallLegEnded", ending.cause)
        self._tenant.presence.release(user)
        return False

    def _may_be_offered(self, live: Live, user: User) -> bool:
        phone = None if user.extension is None else self._server.registrar.find(user.extension)
        if phone is None:
            return False
        refused = live.refused_at.get(user.id)
        if refused is None or self._tenant.clock.monotonic() - refused >= self._tenant.settings.reoffer_seconds:
            return True
        # Who is away has not rejected the call: another phone of the same agent may be rung at once.
        return user.id in live.away_on and live.away_on[user.id] is not phone.connection

    def _caller(self, call: Call) -> tuple[str, str]:
        if call.number_a == "anonymous":
            return "Anonymous", "sip:anonymous@anonymous.invalid"
        return call.name or "", f"sip:{call.number_a}@{self._tenant.world.sip_domain}"

    def _loses_patience(self, live: Live) -> None:
        if live.gone is not None and not live.gone.done() and live.call.answered_at is None:
            live.gone.set_result(Ending("customer", causes.NORMAL))
