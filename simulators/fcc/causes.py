"""How SIP answers and Q.850 causes become an outcome of a call.

Source: ITU-T Q.850 (cause values), RFC 3326 (Reason header), RFC 6432 (Q.850 in responses).
"""

from __future__ import annotations

import re
from typing import Literal

Outcome = Literal["ANSWERED", "BUSY", "NO ANSWER", "FAILED"]

NORMAL, BUSY, NO_RESPONSE, NO_ANSWER, REJECTED = 16, 17, 18, 19, 21
UNALLOCATED, SUBSCRIBER_ABSENT, NETWORK_OUT_OF_ORDER = 1, 20, 38

_TEXT = {
    1: "Unallocated number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user",
    20: "Subscriber absent",
    21: "Call rejected",
    28: "Invalid number format",
    34: "No circuit available",
    38: "Network out of order",
}
_OUTCOMES: dict[int, Outcome] = {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER", 20: "NO ANSWER"}
_OUTCOMES |= dict.fromkeys((1, 21, 28, 34, 38), "FAILED")
_FROM_SIP = {404: 1, 408: 18, 410: 1, 480: 19, 484: 28, 486: 17, 487: 16, 488: 38, 600: 17, 603: 21, 604: 1}


def reason(cause: int) -> str:
    """A Reason header's value for a Q.850 cause."""
    return f'Q.850;cause={cause};text="{_TEXT.get(cause, "Interworking")}"'


def cause_of(code: int, reasons: list[str]) -> int:
    """The Q.850 cause of a final answer: from its Reason header if it has one, else from its status."""
    for value in reasons:
        if found := re.match(r"\s*Q\.850\s*;.*?cause\s*=\s*(\d+)", value, re.IGNORECASE):
            return int(found[1])
    return _FROM_SIP.get(code, NETWORK_OUT_OF_ORDER if code >= 500 else REJECTED)  # noqa: PLR2004 - SIP's 5xx


def unanswered_outcome(cause: int) -> Outcome:
    """The outcome of a call nobody answered; a caller who gave up (16) had no answer."""
    return "NO ANSWER" if cause == NORMAL else _OUTCOMES.get(cause, "FAILED")
