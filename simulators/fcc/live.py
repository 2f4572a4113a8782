"""The calls that are up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.fcc.agent_leg import AgentLeg
    from simulators.fcc.calls import Call
    from simulators.fcc.media.endpoint import MediaEndpoint
    from simulators.fcc.reporting import Reporting
    from simulators.fcc.sip import leg as sip
    from simulators.fcc.sip.transport import Connection
    from simulators.fcc.tenant import Tenant


@dataclass
class Live:
    """What exists only while a call is up.

    `gone` is set for a call from a queue, and resolves when it ends before an agent took it. `refused_at` says by
    users' id who rejected it when (monotonic seconds), `away_on` over which socket somebody was rung in vain.
    """

    call: Call
    leg: sip.Leg | None = None
    media: MediaEndpoint | None = None
    gone: asyncio.Future[sip.Ending] | None = None
    task: asyncio.Task[None] | None = None
    refused_at: dict[int, float] = field(default_factory=dict)
    away_on: dict[int, Connection] = field(default_factory=dict)


class LiveCalls:
    """Calls by number, from their first sign to their end. One event loop."""

    def __init__(self, tenant: Tenant, reporting: Reporting) -> None:
        self._tenant = tenant
        self._reporting = reporting
        self._calls: dict[int, Live] = {}

    def add(self, live: Live) -> None:
        """A call begins."""
        self._calls[live.call.calls_id] = live

    def get(self, calls_id: int) -> Live | None:
        """The call with this number while it is up."""
        return self._calls.get(calls_id)

    async def finish(self, live: Live, agent: AgentLeg, ending: sip.Ending) -> None:
        """The call of this agent is over: the leg, the call, then the agent's status."""
        call = live.call
        live.media = None
        await agent.close(ending)
        agent.tell("CallLegEnded", ending.cause)
        self.end(live, ending)
        if call.answered_at is None:
            self._tenant.presence.release(agent.user)
        else:
            self._tenant.presence.wrap_up(agent.user, call.calls_id, call.campaigns_id)

    def end(self, live: Live, ending: sip.Ending) -> None:
        """The call is over for everybody."""
        self._reporting.call_ended(live.call, ending)
        del self._calls[live.call.calls_id]

    async def close(self) -> None:
        """Stop without a word, as a PBX that is switched off; calls that are up stay open in the call list."""
        tasks = [live.task for live in self._calls.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for live in self._calls.values():
            if live.leg is not None:
                await live.leg.close()
