"""Reading the heads of SIP messages, as far as the relay must understand them.

Tolerant in what real phones write: folded lines, compact names, any case, white space, no Content-Length, keep-alive
line breaks, several messages in one. Strict where two readers could understand different things: a head that says twice
what may be said once, breaks its lines with anything but CRLF or holds control characters is refused.
Source: RFC 3261, sections 7.3 and 25.1; RFC 7118, section 5.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEADERS = 100
MAX_MESSAGES = 8

_COMPACT = {
    "i": "call-id",
    "m": "contact",
    "f": "from",
    "t": "to",
    "v": "via",
    "l": "content-length",
    "e": "content-encoding",
    "c": "content-type",
    "k": "supported",
    "s": "subject",
    "o": "event",
    "u": "allow-events",
    "r": "refer-to",
    "b": "referred-by",
    "x": "session-expires",
    "a": "accept-contact",
    "j": "reject-contact",
    "d": "request-disposition",
    "y": "identity",
    "n": "identity-info",
}
_ONCE = frozenset(
    {"from", "to", "call-id", "cseq", "content-length", "refer-to", "max-forwards", "expires", "replaces"}
)
_WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_REQUEST = re.compile(rf"({_WORD}) ([^\s<>\"]+) SIP/2\.0", re.IGNORECASE)
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.IGNORECASE)
_HEADERS = re.compile(rf"^({_WORD})[ \t]*:[ \t]*(.*)", re.MULTILINE)
_LENGTH = re.compile(r"[0-9]{1,7}")
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:;?<>\s\"]+)(?::[^@<>\s\"]*)?@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.\-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<rest>[;?][^<>\s\"]*)?",
    re.IGNORECASE,
)
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_ADDRESS = re.compile(
    rf"""(?:[^"<>,]*+(?:{_QUOTED}[^"<>,]*+)*+<(?P<within>[^<>]*+)>\s*+|(?P<bare>[^"<>,;]*+))"""
    rf"""(?P<params>(?:;[^"<>,]*+(?:{_QUOTED}[^"<>,]*+)*+)?)(?P<more>,|\Z)""",
    re.DOTALL,
)
_TAG = re.compile(r";\s*tag\s*=\s*([^;,\s>]+)", re.IGNORECASE)
_CSEQ = re.compile(rf"(\d{{1,10}})\s+({_WORD})")
_CONTROL = bytes({*range(0x20), 0x7F} - set(b"\t\r\n"))
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class SipUnreadableError(Exception):
    """Bytes that are no SIP message, or one that could be read in two ways."""


class SipUri(NamedTuple):
    """A `sip:` or `sips:` address; `host` in small letters, `user` with its escapes resolved, empty when absent."""

    scheme: str
    user: str
    host: str
    port: int | None
    params: str

    @property
    def address(self) -> str:
        """`user@host`, what two addresses of one person have in common."""
        return f"{self.user}@{self.host}"

    @property
    def is_websocket(self) -> bool:
        """Whether it says that it is reached over WebSocket."""
        return bool(re.search(r";transport=wss?(?:[;?]|$)", self.params, re.IGNORECASE))


class NameAddr(NamedTuple):
    """An address in a header, with the parameters behind it."""

    uri: SipUri
    tag: str | None
    params: str


class SipHead(NamedTuple):
    """The start line and the headers of one message: values in their order by names in small letters and in full."""

    method: str | None
    target: str
    status: int | None
    by_name: dict[str, list[str]]

    @property
    def is_request(self) -> bool:
        """Whether it asks for something, rather than answers."""
        return self.method is not None

    def all(self, name: str) -> list[str]:
        """The values of that header, in their order."""
        return self.by_name.get(name, [])

    def one(self, name: str) -> str | None:
        """The value of a header that stands there at most once."""
        values = self.by_name.get(name)
        return values[0] if values else None

    def address(self, name: str) -> NameAddr:
        """The address in a header like From or To; raises SipUnreadableError when there is no single good one."""
        value = self.one(name)
        if value is None:
            raise SipUnreadableError(f"no {name}")
        found = read_addresses(value)
        if len(found) != 1:
            raise SipUnreadableError(f"not one address in {name}")
        return found[0]

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        value = self.one("call-id")
        if not value:
            raise SipUnreadableError("no call-id")
        return value

    @property
    def cseq_method(self) -> str:
        """The method named in CSeq."""
        match = _CSEQ.fullmatch(self.one("cseq") or "")
        if match is None:
            raise SipUnreadableError("no cseq")
        return match[2].upper()


def read_messages(data: bytes) -> list[SipHead]:
    """The heads of all SIP messages in one WebSocket message; an empty list for a keep-alive.

    Raises SipUnreadableError when anything in it is not understood.
    """
    heads: list[SipHead] = []
    rest = data
    while rest := rest.lstrip(b"\r\n"):
        if len(heads) == MAX_MESSAGES:
            raise SipUnreadableError("too many messages in one")
        head, body = _split(rest)
        read = _read_head(head)
        heads.append(read)
        rest = body[_content_length(read, len(body)) :]
    return heads


def read_uri(text: str) -> SipUri:
    """A bare `sip:` or `sips:` address; raises SipUnreadableError."""
    match = _URI.fullmatch(text)
    if match is None:
        raise SipUnreadableError("no sip address")
    scheme, user, host, port, rest = match.groups(default="")
    if "%" in user:
        user = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), user)
    return SipUri(scheme.lower(), user, host.lower().rstrip("."), int(port) if port else None, rest)


def read_addresses(value: str) -> list[NameAddr]:
    """The addresses of a header such as Contact; `*` gives none. Raises SipUnreadableError."""
    if value.strip() == "*":
        return []
    found, at, more = [], 0, ","
    while more:
        match = _ADDRESS.match(value, at)
        if match is None:
            raise SipUnreadableError("broken address")
        within, bare, params, more = match.groups()
        tag = _TAG.search(params) if params else None
        found.append(NameAddr(read_uri((bare if within is None else within).strip()), tag[1] if tag else None, params))
        at = match.end()
    return found


def _split(data: bytes) -> tuple[bytes, bytes]:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise SipUnreadableError("the head has no end")
    return head, body


def _read_head(data: bytes) -> SipHead:
    if data.translate(None, _CONTROL) != data or not data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n"):
        raise SipUnreadableError("control character")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SipUnreadableError("not UTF-8") from None
    if "\r\n " in text or "\r\n\t" in text:
        text = _unfold(text)
    start, _, lines = text.partition("\r\n")
    request = _REQUEST.fullmatch(start)
    status = _STATUS.fullmatch(start) if request is None else None
    if request is None and status is None:
        raise SipUnreadableError("no start line")
    by_name = _read_headers(lines)
    if request is not None:
        return SipHead(request[1].upper(), request[2], None, by_name)
    assert status is not None
    return SipHead(None, "", int(status[1]), by_name)


def _unfold(text: str) -> str:
    start, *lines = text.split("\r\n")
    unfolded: list[str] = []
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if not unfolded:
                raise SipUnreadableError("folding without a header")
            unfolded[-1] += " " + line.strip()
        else:
            unfolded.append(line)
    return "\r\n".join([start, *unfolded])


def _read_headers(lines: str) -> dict[str, list[str]]:
    found = _HEADERS.findall(lines)
    if lines and len(found) != lines.count("\n") + 1:
        raise SipUnreadableError("broken header")
    if len(found) > MAX_HEADERS:
        raise SipUnreadableError("too many headers")
    by_name: dict[str, list[str]] = {}
    for written, value in found:
        name = written.lower()
        name = _COMPACT.get(name, name)
        if name not in by_name:
            by_name[name] = [value.strip()]
        elif name in _ONCE:
            raise SipUnreadableError("a header that stands once stands twice")
        else:
            by_name[name].append(value.strip())
    return by_name


def _content_length(head: SipHead, available: int) -> int:
    value = head.one("content-length")
    if value is None:
        return available
    if not _LENGTH.fullmatch(value) or int(value) > available:
        raise SipUnreadableError("wrong content-length")
    return int(value)
