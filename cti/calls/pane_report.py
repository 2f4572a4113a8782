"""What a pane says its phone saw of a call, made a fact, or refused where it makes no sense."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cti.calls.errors import ReportInvalidError
from cti.domain.call import Direction
from cti.domain.facts import KINDS, Fact, Source
from cti.domain.phone_number import Kind, parse
from cti.domain.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.accounts import AgentRef

REPORT_KINDS: Final = KINDS[Source.PANE] - {"popped"}
LONGEST_CALL_ID: Final = 255


def pane_fact(agent: AgentRef, region: str, report: Mapping[str, Any], *, now: datetime) -> Fact:
    """The fact in a report of this agent's pane: the fields of `call.report`, `at` aware or ISO text.

    `region` is the tenant's, for numbers as people write them. Raises ReportInvalidError when it makes no sense.
    """
    sip_call_id, kind, direction = report.get("sipCallId"), report.get("kind"), report.get("direction")
    at = report.get("at")
    moment = at if isinstance(at, datetime) else parse_time(at)
    if not isinstance(sip_call_id, str) or not 0 < len(sip_call_id) <= LONGEST_CALL_ID:
        raise ReportInvalidError
    if kind not in REPORT_KINDS or direction not in set(Direction) or moment is None or moment.tzinfo is None:
        raise ReportInvalidError
    number = parse(str(report.get("number") or ""), region)
    if number.kind is Kind.INTERNAL:
        direction = "internal" if direction == "outbound" else direction
    content = {
        "users_id": agent.fcc_user_id,
        "direction": str(direction),
        "number": number.value[:64],
        "withheld": True if number.kind is Kind.WITHHELD else None,
        "dial_id": _short(report.get("dialId"), 64),
        "sip_status": report.get("sipStatus") if isinstance(report.get("sipStatus"), int) else None,
        "cause": _short(report.get("cause"), 200),
        "by": report.get("by") if report.get("by") in {"agent", "far"} else None,
    }
    # A browser's clock may run ahead; nothing has happened later than now.
    return Fact(
        "pane",
        str(kind),
        min(moment, now),
        sip_call_id=sip_call_id,
        content={key: value for key, value in content.items() if value is not None and value != ""},
    )


def _short(value: object, longest: int) -> str | None:
    return None if value is None else str(value)[:longest]
