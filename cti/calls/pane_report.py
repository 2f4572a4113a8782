"""What a pane says its phone saw of a call, made a fact. What makes no sense was refused by the pane's channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.domain.facts import Fact
from cti.domain.phone_number import Kind, parse

if TYPE_CHECKING:
    from datetime import datetime

    from cti.accounts import AgentRef
    from cti.domain.pane_call import PaneReport


def pane_fact(agent: AgentRef, region: str, report: PaneReport, *, now: datetime) -> Fact:
    """The fact in a report of this agent's pane; `region` is the tenant's, for numbers as people write them."""
    number = parse(report.number, region)
    internal = number.kind is Kind.INTERNAL and report.direction == "outbound"
    content = {
        "users_id": agent.fcc_user_id,
        "direction": "internal" if internal else report.direction,
        "number": number.value[:64],
        "withheld": True if number.kind is Kind.WITHHELD else None,
        "dial_id": None if report.dial_id is None else report.dial_id[:64],
        "sip_status": report.sip_status,
        "cause": None if report.cause is None else report.cause[:200],
        "by": report.by,
    }
    return Fact(
        "pane",
        report.kind,
        min(report.at, now),  # a browser's clock may run ahead; nothing has happened later than now
        report.calls_id,
        report.sip_call_id,
        {key: value for key, value in content.items() if value is not None and value != ""},
    )
