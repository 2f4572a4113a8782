"""The log lines of a call that FCC knows: it began, was answered, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from cti.domain.call import Call

_log = structlog.get_logger("cti.calls")


def milestones(call: Call | None) -> list[str]:
    """What a call has come to, nothing while FCC has not told of it."""
    if call is None or call.calls_id is None:
        return []
    later = {"call-answered": call.answered_at, "call-ended": call.ended_at}
    return ["call-begun", *(name for name, at in later.items() if at is not None)]


def tell_milestone(tenant_id: str, milestone: str, call: Call) -> None:
    """Log it with FCC's id of the call, and the agents whom it rang or who talked in it."""
    told = {"tenant": tenant_id, "calls_id": call.calls_id, "users_ids": sorted(call.agents)}
    if milestone == "call-ended":
        told |= {"outcome": call.outcome, "talk_seconds": call.talk_seconds}
    _log.info(milestone, direction=call.direction, **told)
