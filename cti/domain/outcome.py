"""How a call ended: the PBX's word where there is one, else read from the SIP side's causes.

Source: ITU-T Q.850, table 1 (cause values); RFC 3326 (the SIP Reason header); RFC 3261 section 21 (SIP responses).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The four ways a call ends, in FCC's own words. ANSWERED means: a conversation took place and is over."""

    ANSWERED = "ANSWERED"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    FAILED = "FAILED"


_Q850: Final = {
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,
    19: Outcome.NO_ANSWER,
    20: Outcome.NO_ANSWER,
    1: Outcome.FAILED,
    21: Outcome.FAILED,
    28: Outcome.FAILED,
    34: Outcome.FAILED,
    38: Outcome.FAILED,
}
_REASON = re.compile(r"Q\.?850\s*;(?:[^,]*?;)?\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_SPELLING = re.compile(r"[\s_\-]+")


def parse_status(value: object) -> Outcome | None:
    """Read FCC's final status of a call; letter case and `NO ANSWER`/`NO_ANSWER`/`NOANSWER` don't matter.

    Anything else gives None: an unknown status is no outcome, and the caller counts it.
    """
    if not isinstance(value, str):
        return None
    wanted = _SPELLING.sub("", value).upper()
    for outcome in Outcome:
        if outcome.value.replace(" ", "") == wanted:
            return outcome
    return None


def q850_cause(reason: str | int | None) -> int | None:
    """The Q.850 cause in a SIP Reason header's value (`Q.850;cause=17;text="User busy"`), or in a bare number.

    A Reason header may carry several protocols, separated by commas; only Q.850's counts (RFC 3326 section 2).
    """
    if isinstance(reason, bool) or reason is None:
        return None
    if isinstance(reason, int):
        return reason if 0 < reason < 128 else None  # noqa: PLR2004 - Q.850 causes are seven bits
    bare = reason.strip()
    if re.fullmatch(r"[0-9]{1,3}", bare):
        return q850_cause(int(bare))
    found = _REASON.search(reason)
    return q850_cause(int(found.group(1))) if found else None


def from_sip(*, sip_status: int | None, cause: str | int | None, rang: bool, answered: bool) -> Outcome | None:
    """The provisional outcome a SIP leg shows: Reason/Q.850 first, the final response's status else.

    `sip_status` is the final response's code (None where the leg ended by BYE or is only known by its cause), `cause` a
    Reason header's value or a Q.850 number, `rang` whether 180 or 183 came before, `answered` whether 2xx did.
    An answered leg is ANSWERED whatever its BYE says. None: nothing known decides it.
    """
    if answered:
        return Outcome.ANSWERED
    number = q850_cause(cause)
    if number is not None and number in _Q850:
        return _Q850[number]
    if sip_status is None:
        return None
    return _from_status(sip_status, rang=rang)


def _from_status(status: int, *, rang: bool) -> Outcome | None:
    if status in {486, 600}:
        return Outcome.BUSY
    if status in {408, 480, 487}:
        return Outcome.NO_ANSWER if rang else Outcome.FAILED
    if status in {603, 403}:
        return Outcome.BUSY if rang else Outcome.FAILED
    if status >= 400:  # noqa: PLR2004 - 404, 410, 484, 488, 5xx and every other refusal
        return Outcome.FAILED
    return None
