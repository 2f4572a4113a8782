"""The fault that was ordered, as a client of REST meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.salesforce.http import api_error
from simulators.salesforce.refusal import Refused

if TYPE_CHECKING:
    from flask import Response

    from simulators.salesforce.org import Org


def before_request(org: Org) -> Response | None:
    """The answer that a request gets in the place of its own, None when it may go on; waits when it is to be slow."""
    kind = org.faults.strike("session-expired", "daily-limit", "unavailable", "slow")
    if kind == "session-expired":
        return api_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if kind == "daily-limit":
        return api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    if kind == "unavailable":
        return api_error(503, "SERVER_UNAVAILABLE", "The service is temporarily unavailable. Please try again later.")
    if kind == "slow":
        org.stopping.wait(org.faults.seconds)
    return None


def before_write(org: Org, record_id: str | None) -> None:
    """Raise Refused when this record (None: one that is to be created) cannot be written just now."""
    kind = org.faults.strike("row-lock", "trigger-lock", "flow-lock", "automation-limit")
    one = record_id or "001000000000000AAA"
    said = f"unable to obtain exclusive access to this record or 1 records: {one[:15]}"
    if kind == "row-lock":
        raise Refused("UNABLE_TO_LOCK_ROW", said)
    if kind == "trigger-lock":
        raise Refused(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "TaskTrigger: execution of AfterInsert\n\ncaused by: System.DmlException: Update failed. First exception "
            f"on row 0 with id {one}; first error: UNABLE_TO_LOCK_ROW, {said}: []\n\nTrigger.TaskTrigger: line 7",
        )
    if kind == "flow-lock":
        raise Refused(
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "The record couldn’t be saved because it failed to trigger a flow. A flow trigger failed to execute the "
            f"flow with version ID 301000000000001. This error occurred: UNABLE_TO_LOCK_ROW: {said}.",
        )
    if kind == "automation-limit":
        raise Refused(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "TaskTrigger: System.LimitException: Apex CPU time limit exceeded"
        )
