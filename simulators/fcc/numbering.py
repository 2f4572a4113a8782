"""Which numbers a phone may dial, and what they mean."""

from __future__ import annotations

import re

from simulators.fcc import causes

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NATIONAL_DIGITS = 9
_SHORTEST = 3
_EXTENSION_DIGITS = 5


def e164(number: str, country_code: str) -> str | None:
    """A dialled number in E.164: international with +, or nine national digits; None for anything else."""
    if _E164.fullmatch(number):
        return number
    if number.isdecimal() and len(number) == _NATIONAL_DIGITS and not number.startswith("0"):
        return f"+{country_code}{number}"
    return None


def refusal(number: str, country_code: str) -> tuple[int, int] | None:
    """The SIP status and Q.850 cause with which a number is refused, None when it can be called."""
    if not re.fullmatch(r"\+?[\d*#]+", number):
        return 404, causes.UNALLOCATED
    if e164(number, country_code) is not None:
        return None
    return (404, causes.UNALLOCATED) if _SHORTEST <= len(number) <= _EXTENSION_DIGITS else (484, 28)
