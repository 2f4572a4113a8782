"""An agent's part in a call: what the agent's phone does, written into the call and told to subscribers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.fcc import causes
from simulators.fcc.calls import Leg
from simulators.fcc.media.recorder import Recorder
from simulators.fcc.timekeeping import iso

if TYPE_CHECKING:
    from simulators.fcc.calls import Call
    from simulators.fcc.reporting import Reporting
    from simulators.fcc.sip import leg as sip
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import User

BYE_GRACE_S = 2.0


class AgentLeg:
    """Ties one leg of a call to the agent whose phone it is. Adds its row to the call. One event loop."""

    def __init__(
        self, tenant: Tenant, reporting: Reporting, server: SipServer, call: Call, user: User, leg: sip.Leg
    ) -> None:
        self._tenant = tenant
        self._reporting = reporting
        self._server = server
        self.call = call
        self.user = user
        self._leg = leg
        self._row = Leg(user.id, leg.call_id, iso(tenant.clock.now()))
        call.legs.append(self._row)
        leg.on_hold = self._held
        leg.on_dtmf = self._pressed
        leg.media.on_lost = lambda: server.spawn(self._audio_lost())

    def tell(self, event: str, cause: int | None = None) -> None:
        """Send an event of this leg."""
        more = {} if cause is None else {"cause": cause}
        self._reporting.tell(event, self.call, user=self.user, sip_call_id=self._leg.call_id, **more)

    def answered(self) -> None:
        """Agent and customer talk from now on, and are recorded."""
        call, row = self.call, self._row
        call.answered_at = self._tenant.clock.now()
        call.state = row.state = "talking"
        row.answered_at = iso(call.answered_at)
        call.recording = True
        self._leg.media.record(Recorder(self._tenant.recording(call), self._tenant.clock.monotonic))
        self._tenant.book.changed(call)
        self.tell("CallAnswered")

    async def close(self, ending: sip.Ending) -> None:
        """Write down how the leg ended, and give back what it held."""
        self._row.state = "ended"
        self._row.ended_at = iso(self._tenant.clock.now())
        self._row.cause = ending.cause
        self._server.release(self._leg)
        await self._leg.close()

    def _held(self, holding: bool) -> None:
        self._row.state = self.call.state = "held" if holding else "talking"
        self._tenant.book.changed(self.call)
        self.tell("CallHeld" if holding else "CallResumed")

    def _pressed(self, digit: str) -> None:
        self._row.dtmf += digit

    async def _audio_lost(self) -> None:
        """End a leg without audio, unless its BYE is on the way: a browser closes its audio before it says BYE."""
        await asyncio.sleep(BYE_GRACE_S)
        if not self._leg.ended.done():
            await self._leg.dismiss("system", causes.NETWORK_OUT_OF_ORDER)
