"""What subscribers and the call list are told of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from simulators.fcc import causes
from simulators.fcc.timekeeping import iso

if TYPE_CHECKING:
    from simulators.fcc.calls import Call
    from simulators.fcc.sip.leg import Ending
    from simulators.fcc.tenant import Tenant
    from simulators.fcc.world import User


class Reporting:
    """Sends the events of calls, and closes a call's row. One event loop."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def tell(
        self, event: str, call: Call, *, user: User | None = None, sip_call_id: str | None = None, **more: Any
    ) -> None:
        """Send an event: what every event says of its call, and `more` of its own."""
        data: dict[str, Any] = {
            "calls_id": call.calls_id,
            "date_time": iso(self._tenant.clock.now()),
            "campaigns_id": call.campaigns_id,
            "direction": call.direction,
            "users_id": user.id if user is not None else None,
            "queue": call.queue,
            "number_a": call.number_a,
            "number_b": call.number_b,
            "ivr": call.ivr,
            "segment": call.segment,
            **more,
        }
        if sip_call_id is not None and self._tenant.settings.correlation == "call-id":
            data["sip_call_id"] = sip_call_id
        self._tenant.webhooks.send(event, data)

    def call_ended(self, call: Call, ending: Ending, outcome: Literal["FAILED"] | None = None) -> None:
        """Write down how a call ended and tell it; `outcome` where that does not follow from the cause."""
        call.ended_at = self._tenant.clock.now()
        call.state = "ended"
        call.cause = ending.cause
        call.disconnecting_side = ending.side
        answered = call.answered_at is not None
        call.status = outcome or ("ANSWERED" if answered else causes.unanswered_outcome(ending.cause))
        self._tenant.book.changed(call)
        self.tell(
            "CallEnded",
            call,
            user=self._tenant.world.user(call.users_id) if call.users_id is not None else None,
            sip_call_id=call.sip_call_id,
            status=call.status,
            cause=call.cause,
            disconnecting_side=call.disconnecting_side,
            talk_seconds=call.talk_seconds,
            answered_at=iso(call.answered_at),
            ended_at=iso(call.ended_at),
            recording=call.recording,
        )
