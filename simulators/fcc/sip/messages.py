"""Building and reading SIP messages on top of `sipmessage`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sipmessage import URI, Address, Request, Response, Via

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REGISTER"
SERVER = "FCC simulator"
SDP = "application/sdp"

_PHRASES = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    603: "Decline",
}
_REQUIRED = ("Via", "From", "To", "Call-ID", "CSeq")
_PARAMETER = re.compile(r';\s*([^\s;=<>"]+)(?:\s*=\s*("[^"]*"|[^\s;,<>"]+))?')


class MalformedError(ValueError):
    """A message lacks what every SIP message has; `answerable` when its headers suffice for a 400."""

    def __init__(self, text: str, *, answerable: bool) -> None:
        super().__init__(text)
        self.answerable = answerable


def check(message: Request | Response) -> None:
    """Raise MalformedError unless the message holds what RFC 3261 section 8.1.1 wants and a body as long as it says."""
    missing = [name for name in _REQUIRED if message.headers.get(name) is None]
    if missing:
        raise MalformedError(f"missing {', '.join(missing)}", answerable=False)
    try:
        addresses = (message.from_address, message.to_address)
        sequence = message.cseq
        via = message.via
    except (ValueError, KeyError) as error:
        raise MalformedError(f"not understood: {error}", answerable=False) from error
    if not addresses[0].parameters.get("tag"):
        raise MalformedError("From has no tag", answerable=True)
    if not via or not via[0].parameters.get("branch"):
        raise MalformedError("Via has no branch", answerable=False)
    if isinstance(message, Request) and sequence.method != message.method:
        raise MalformedError("CSeq names another method", answerable=True)
    length = message.headers.get("Content-Length")
    if length is not None and (not length.isdecimal() or int(length) != len(message.body)):
        raise MalformedError("Content-Length does not fit the body", answerable=True)


def branch_of(message: Request | Response) -> str:
    return str(message.via[0].parameters.get("branch"))


def tag_of(address: Address) -> str | None:
    return address.parameters.get("tag")


def uri_of(header: str) -> str:
    """The URI in a header such as Contact, as it was written."""
    found = re.search(r"<([^>]+)>", header)
    return found[1] if found else header.split(";", 1)[0].strip()


def is_callable(header: str) -> bool:
    """Whether a Contact names somebody a request can be sent to."""
    try:
        return URI.parse(uri_of(header)).scheme == "sip"
    except ValueError:
        return False


def parameters_of(header: str) -> dict[str, str]:
    """The parameters behind a header's URI; one without a value has an empty one."""
    behind = header[header.index(">") + 1 :] if ">" in header else header
    return {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(behind)}


def respond(
    request: Request,
    code: int,
    *,
    to_tag: str | None = None,
    peer: tuple[str, int] | None = None,
    contact: str | None = None,
    body: str = "",
    headers: Iterable[tuple[str, str]] = (),
    phrase: str | None = None,
) -> Response:
    """A response to a request. `peer` fills in `received` and `rport` where the phone asked for them (RFC 3581)."""
    payload = body.encode()
    answer = Response(code=code, phrase=phrase or _PHRASES.get(code, "Unknown"), body=payload)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.getlist(name):
            answer.headers.add(name, value)
    if peer is not None and "rport" in request.via[0].parameters:
        vias = request.via
        answer.via = [_seen_from(vias[0], peer), *vias[1:]]
    if to_tag is not None and tag_of(request.to_address) is None:
        answer.headers.set("To", f"{request.headers['To']};tag={to_tag}")
    if contact is not None:
        answer.headers.add("Contact", contact)
    for name, value in headers:
        answer.headers.add(name, value)
    _finish(answer, payload)
    return answer


def build(
    method: str,
    target: str,
    *,
    via: str,
    from_: str,
    to: str,
    call_id: str,
    cseq: int,
    contact: str | None = None,
    body: str = "",
    content_type: str = SDP,
    headers: Iterable[tuple[str, str]] = (),
) -> Request:
    """A request to a phone; `via` is the whole Via value with its branch."""
    payload = body.encode()
    request = Request(method=method, uri=URI.parse(target), body=payload)
    request.headers.add("Via", via)
    request.headers.add("Max-Forwards", "70")
    request.headers.add("From", from_)
    request.headers.add("To", to)
    request.headers.add("Call-ID", call_id)
    request.headers.add("CSeq", f"{cseq} {method}")
    if contact is not None:
        request.headers.add("Contact", contact)
    for name, value in headers:
        request.headers.add(name, value)
    _finish(request, payload, content_type)
    return request


def _finish(message: Request | Response, payload: bytes, content_type: str = SDP) -> None:
    message.headers.add("Allow", ALLOW)
    message.headers.add("Supported", "timer")
    message.headers.add("Server" if isinstance(message, Response) else "User-Agent", SERVER)
    if payload:
        message.headers.add("Content-Type", content_type)
    message.headers.add("Content-Length", str(len(payload)))


def _seen_from(via: Via, peer: tuple[str, int]) -> Via:
    return Via(via.transport, via.host, via.port, via.parameters.replace(received=peer[0], rport=str(peer[1])))
