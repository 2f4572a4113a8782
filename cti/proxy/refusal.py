"""What the relay answers in FCC's place. Source: RFC 3261, sections 8.2.6, 20.43 and 21.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cti.proxy.sip_head import SipHead

_ANSWERS = {
    "method": (405, "Method Not Allowed"),
    "no-dialog": (481, "Call/Transaction Does Not Exist"),
    "unclear": (400, "Bad Request"),
}


def refusal(head: SipHead, reason: str, *, tag: str, allowed: Iterable[str]) -> str:
    """The answer to a request that is refused; `tag` is the relay's own, `allowed` the methods that a phone may use."""
    code, phrase = _ANSWERS.get(reason, (403, "Forbidden"))
    to = head.one("to") or ""
    if ";tag=" not in to.lower().replace(" ", ""):
        to += f";tag={tag}"
    lines = [f"SIP/2.0 {code} {phrase}", *(f"Via: {via}" for via in head.all("via"))]
    lines += [f"From: {head.one('from')}", f"To: {to}", f"Call-ID: {head.call_id}", f"CSeq: {head.one('cseq')}"]
    if reason == "method":
        lines.append("Allow: " + ", ".join(sorted(allowed)))
    lines += [f'Warning: 399 fcc-connector "{reason}"', "Content-Length: 0", "", ""]
    return "\r\n".join(lines)
