"""Reading the heads of SIP messages, as far as the relay must understand them.

Tolerant in what real phones write: folded lines, compact names, any case, white space, no Content-Length, keep-alive
line breaks, several messages in one. Strict where two readers could understand different things: a head that says twice
what may be said once, breaks its lines with anything but CRLF or holds control characters is refused.
Source: RFC 3261, sections 7.3 and 25.1; RFC 7118, section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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
_HEADER = re.compile(rf"({_WORD})[ \t]*:[ \t]*(.*)", re.DOTALL)
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:;?<>\s\"]+)(?::[^@<>\s\"]*)?@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.\-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<rest>[;?][^<>\s\"]*)?",
    re.IGNORECASE,
)
_TAG = re.compile(r";\s*tag\s*=\s*([^;,\s>]+)", re.IGNORECASE)
_CSEQ = re.compile(rf"(\d{{1,10}})\s+({_WORD})")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class SipUnreadableError(Exception):
    """Bytes that are no SIP message, or one that could be read in two ways."""


@dataclass(frozen=True)
class SipUri:
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


@dataclass(frozen=True)
class NameAddr:
    """An address in a header, with the parameters behind it."""

    uri: SipUri
    tag: str | None
    params: str


@dataclass(frozen=True)
class SipHead:
    """The start line and the headers of one message, names in small letters and in full, in their order."""

    method: str | None
    target: str
    status: int | None
    headers: tuple[tuple[str, str], ...]
    by_name: dict[str, list[str]] = field(compare=False, repr=False)

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
    user = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), match["user"] or "")
    port = int(match["port"]) if match["port"] else None
    return SipUri(match["scheme"].lower(), user, match["host"].lower().rstrip("."), port, match["rest"] or "")


def read_addresses(value: str) -> list[NameAddr]:
    """The addresses of a header such as Contact; `*` gives none. Raises SipUnreadableError."""
    if value.strip() == "*":
        return []
    found = []
    for part in _split_outside(value, ","):
        text = part.strip()
        opened = _find_outside_quotes(text, "<")
        if opened >= 0:
            closed = text.find(">", opened)
            if closed < 0 or (text[closed + 1 :].strip() and not text[closed + 1 :].lstrip().startswith(";")):
                raise SipUnreadableError("broken address")
            uri, params = text[opened + 1 : closed].strip(), text[closed + 1 :]
        else:
            uri, semicolon, after = text.partition(";")
            uri, params = uri.strip(), semicolon + after
        tag = _TAG.search(params)
        found.append(NameAddr(read_uri(uri), tag[1] if tag else None, params))
    return found


def _split(data: bytes) -> tuple[bytes, bytes]:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise SipUnreadableError("the head has no end")
    return head, body


def _read_head(data: bytes) -> SipHead:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SipUnreadableError("not UTF-8") from None
    lines = text.split("\r\n")
    if _CONTROL.search(text.replace("\r\n", "")):
        raise SipUnreadableError("control character")
    request = _REQUEST.fullmatch(lines[0])
    status = _STATUS.fullmatch(lines[0]) if request is None else None
    if request is None and status is None:
        raise SipUnreadableError("no start line")
    headers = tuple([_header(line) for line in _unfold(lines[1:])])
    by_name: dict[str, list[str]] = {}
    for name, value in headers:
        known = by_name.setdefault(name, [])
        if known and name in _ONCE:
            raise SipUnreadableError("a header that stands once stands twice")
        known.append(value)
    if request is not None:
        return SipHead(request[1].upper(), request[2], None, headers, by_name)
    assert status is not None
    return SipHead(None, "", int(status[1]), headers, by_name)


def _unfold(lines: list[str]) -> list[str]:
    unfolded: list[str] = []
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if not unfolded:
                raise SipUnreadableError("folding without a header")
            unfolded[-1] += " " + line.strip()
        else:
            unfolded.append(line)
    if len(unfolded) > MAX_HEADERS:
        raise SipUnreadableError("too many headers")
    return unfolded


def _header(line: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise SipUnreadableError("broken header")
    name = match[1].lower()
    return _COMPACT.get(name, name), match[2].strip()


def _content_length(head: SipHead, available: int) -> int:
    value = head.one("content-length")
    if value is None:
        return available
    if not re.fullmatch(r"[0-9]{1,7}", value) or int(value) > available:
        raise SipUnreadableError("wrong content-length")
    return int(value)


def _split_outside(text: str, separator: str) -> list[str]:
    """Split at separators that stand neither in quotes nor in angle brackets."""
    if '"' not in text and separator not in text and text.count("<") == text.count(">"):
        return [text]
    parts, start, quoted, bracketed, escaped = [], 0, False, False, False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == "<":
            bracketed = True
        elif letter == ">":
            bracketed = False
        elif letter == separator and not bracketed:
            parts.append(text[start:at])
            start = at + 1
    if quoted or bracketed:
        raise SipUnreadableError("unended quotes or brackets")
    return [*parts, text[start:]]


def _find_outside_quotes(text: str, wanted: str) -> int:
    quoted = escaped = False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == wanted:
            return at
    return -1
