"""The PBX itself: what can be done with calls that are up, however they began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.fcc import causes
from simulators.fcc.inbound import Inbound
from simulators.fcc.live import LiveCalls
from simulators.fcc.outbound import Outbound
from simulators.fcc.reporting import Reporting
from simulators.fcc.sip.leg import Ending

if TYPE_CHECKING:
    from simulators.fcc.calls import Call, Side
    from simulators.fcc.signals import Signal
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.tenant import Tenant

_ELSEWHERE = "40399"


class Exchange:
    """Puts together the ways in which calls begin: `outbound` and `inbound`. One event loop."""

    def __init__(self, tenant: Tenant, server: SipServer, changed: Signal) -> None:
        self._tenant = tenant
        self._server = server
        self._reporting = Reporting(tenant)
        self._live = LiveCalls(tenant, self._reporting)
        self.outbound = Outbound(tenant, self._reporting, self._live, server)
        self.inbound = Inbound(tenant, self._reporting, self._live, server, changed)

    def recover(self) -> None:
        """Calls that were up when the last process ended: they failed, and the system ended them."""
        for call in self._tenant.book:
            if not call.ended:
                for leg in call.legs:
                    leg.state = "ended"
                self._reporting.call_ended(call, Ending("system", causes.NETWORK_OUT_OF_ORDER), outcome="FAILED")

    def hang_up(self, calls_id: int, side: Side) -> bool:
        """End a call for one of its sides; False when it is not up."""
        live = self._live.get(calls_id)
        if live is None:
            return False
        if live.gone is not None and live.call.answered_at is None:
            if side == "agent" and live.leg is not None:
                self._server.spawn(live.leg.dismiss("agent", causes.REJECTED))
            elif not live.gone.done():
                live.gone.set_result(Ending(side, causes.NORMAL))
        elif live.leg is not None:
            self._server.spawn(live.leg.dismiss(side))
        return True

    async def ask_phone(self, calls_id: int, method: str, direction: str) -> dict[str, Any] | None:
        """Send a request inside the agent's dialog of a call; how the phone answered, None when no such call is up.

        INVITE and UPDATE offer `direction`, as the PBX sees it; REFER asks the phone to call somebody else.
        """
        live = self._live.get(calls_id)
        if live is None or live.leg is None or not live.leg.answered:
            return None
        if method in {"INVITE", "UPDATE"}:
            status, turned = await live.leg.turn(method, direction)
            return {"status": status, "direction": turned}
        target = f"<sip:{_ELSEWHERE}@{self._tenant.world.sip_domain}>"
        answer = await live.leg.request(method, headers=(("Refer-To", target),))
        return {"status": None if answer is None else answer.code, "direction": None}

    def describe(self, call: Call) -> dict[str, Any]:
        """A call for the control page: its row, what is heard and sent, and its legs."""
        live = self._live.get(call.calls_id)
        media = live.media if live is not None else None
        path = self._tenant.recording(call)
        return {
            **call.row(with_sip_call_id=True),
            "name": call.name,
            "state": call.state,
            "invited_at": None if call.invited_at is None else round(call.invited_at.timestamp() * 1000, 3),
            "heard_hz": media.listener.hz if media is not None else None,
            "level": round(media.listener.level) if media is not None else 0,
            "sent_hz": media.sent_hz if media is not None else None,
            "media": media.connection if media is not None else None,
            "recording": f"/_sim/recordings/{path.name}" if path.exists() else None,
            "legs": [leg.row() for leg in call.legs],
        }

    async def close(self) -> None:
        """Stop without a word, as a PBX that is switched off; calls that are up stay open in the call list."""
        await self._live.close()
