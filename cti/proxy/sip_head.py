"""Reading the heads of SIP messages, as far as the relay must understand them.

Tolerant in what real phones write: folded lines, compact names, any case, white space, no Content-Length, keep-alive
line breaks, several messages in one. Strict where two readers could understand different things: a head that says twice
what may be said once, breaks its lines with anything but CRLF or holds control characters is refused.
Source: RFC 3261, sections 7.3 and 25.1; RFC 7118, section 5.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

MAX_HEADERS = 100
MAX_MESSAGES = 8
_REMEMBERED = 4096

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
_WORD = r"[A-Za-z0-9\-.!%*_+`'~]++"
_TEXT = r"[^\x00-\x08\x0A-\x1F\x7F]*+"
#: Addresses are remembered, so they may not be of any length.
_NAMES_SOMEBODY = r"[^\x00-\x08\x0A-\x1F\x7F]{0,1000}+"
_SPACE = r"[ \t]"
_COLON = rf"{_SPACE}*+:"
#: What may stand in a head once: its names, and its form with the part that is kept.
_ONCE = (
    ("from|f", rf"({_NAMES_SOMEBODY})"),
    ("to|t", rf"({_NAMES_SOMEBODY})"),
    ("call-id|i", rf"{_SPACE}*+([!-~]++){_SPACE}*+"),
    ("cseq", rf"{_SPACE}*+[0-9]{{1,10}}{_SPACE}++({_WORD}){_SPACE}*+"),
    ("content-length|l", rf"{_SPACE}*+([0-9]{{1,7}}){_SPACE}*+"),
    ("refer-to|r", rf"({_TEXT})"),
    ("max-forwards", rf"({_TEXT})"),
    ("expires", rf"({_TEXT})"),
    ("replaces", rf"({_TEXT})"),
)
_CLAIMS = "authorization|proxy-authorization|p-asserted-identity|remote-party-id|diversion|history-info"
_TOLD_APART = "|".join([*(names for names, _ in _ONCE), "via|v|contact|m|p-preferred-identity", _CLAIMS])


def _once(group: int, names: str, form: str) -> str:
    return rf"(?({group})(?!)|(?:{names}){_COLON}{form})"


_CONTACT, _VIA, _CLAIM = range(4 + len(_ONCE), 7 + len(_ONCE))
_HEADERS = (
    *(_once(group, names, form) for group, (names, form) in enumerate(_ONCE, 4)),
    _once(_CONTACT, "contact|m", rf"({_NAMES_SOMEBODY})"),
    rf"(via|v){_COLON}{_TEXT}",
    rf"((?:contact|m|p-preferred-identity){_COLON}{_NAMES_SOMEBODY}|(?:{_CLAIMS}){_COLON}{_TEXT})",
    rf"(?!(?:{_TOLD_APART}){_COLON}){_WORD}{_COLON}{_TEXT}",
)
#: A whole head in one step, its headers in any order. Nothing in it can match in two ways, so it takes linear time.
_HEAD = re.compile(
    rf"(?:({_WORD}) ([!#-;=?-~]++) SIP/2\.0|SIP/2\.0 ([1-6][0-9][0-9])(?: {_TEXT})?)(?:\r\n(?:{'|'.join(_HEADERS)}))*",
    re.IGNORECASE | re.ASCII,
)
_KEPT = (0, *range(1, 9), _CONTACT, _VIA, _CLAIM)
_HEADER = re.compile(rf"\r\n({_WORD}){_COLON}({_TEXT})")
_FOLD = re.compile(rf"{_SPACE}*+\r\n{_SPACE}++")
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
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class SipUnreadableError(Exception):
    """Bytes that are no SIP message, or one that could be read in two ways."""


class SipUri(NamedTuple):
    """A `sip:` or `sips:` address; `host` in small letters, `user` with its escapes resolved, empty when absent.

    `address` is `user@host`, what two addresses of one person have in common.
    """

    scheme: str
    user: str
    host: str
    port: int | None
    params: str
    address: str

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
    """The start line of one message, and what the relay asks each message for: values as they were written.

    `claims` says that some header beyond From and one Contact says who somebody is. `text` is the whole head, unfolded.
    """

    text: str
    method: str | None
    target: str | None
    status: str | None
    from_: str | None
    to: str | None
    call_id: str | None
    cseq_method: str | None
    length: str | None
    contact: str | None
    via: str | None
    claims: str | None

    def all(self, *names: str) -> list[str]:
        """The values of the headers with these names, in small letters and in full, in their order."""
        return [value for name, value in read_headers(self.text) if name in names]

    def one(self, name: str) -> str | None:
        """The value of a header that stands there at most once."""
        return next(iter(self.all(name)), None)


def read_messages(data: bytes) -> list[SipHead]:
    """The heads of all SIP messages in one WebSocket message; an empty list for a keep-alive.

    Raises SipUnreadableError when anything in it is not understood.
    """
    heads: list[SipHead] = []
    rest = data
    while rest := rest.lstrip(b"\r\n"):
        if len(heads) == MAX_MESSAGES:
            raise SipUnreadableError("too many messages in one")
        head, end, body = rest.partition(b"\r\n\r\n")
        if not end:
            raise SipUnreadableError("the head has no end")
        read = _read_head(head)
        length = len(body) if read.length is None else int(read.length)
        if length > len(body):
            raise SipUnreadableError("wrong content-length")
        heads.append(read)
        rest = body[length:]
    return heads


def read_uri(text: str) -> SipUri:
    """A bare `sip:` or `sips:` address; raises SipUnreadableError."""
    match = _URI.fullmatch(text)
    if match is None:
        raise SipUnreadableError("no sip address")
    scheme, user, host, port, rest = match.groups(default="")
    if "%" in user:
        user = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), user)
    host = host.lower().rstrip(".")
    return SipUri(scheme.lower(), user, host, int(port) if port else None, rest, f"{user}@{host}")


@functools.lru_cache(_REMEMBERED)
def read_addresses(value: str) -> tuple[NameAddr, ...]:
    """The addresses of a header such as Contact; `*` gives none. Raises SipUnreadableError.

    A phone writes the same From and Contact into all it sends, hence the memory here and in `read_address`.
    """
    if value.strip() == "*":
        return ()
    found, at, more = [], 0, ","
    while more:
        match = _ADDRESS.match(value, at)
        if match is None:
            raise SipUnreadableError("broken address")
        within, bare, params, more = match.groups()
        tag = _TAG.search(params) if params else None
        found.append(NameAddr(read_uri((bare if within is None else within).strip()), tag[1] if tag else None, params))
        at = match.end()
    return tuple(found)


@functools.lru_cache(_REMEMBERED)
def read_address(value: str | None) -> NameAddr:
    """The one address of a header such as From; raises SipUnreadableError when there is no single good one."""
    found = () if value is None else read_addresses(value)
    if len(found) != 1:
        raise SipUnreadableError("not one address")
    return found[0]


def read_headers(text: str) -> list[tuple[str, str]]:
    """The headers of a head that has been read, in their order: names in small letters and in full, and values."""
    found = ((name.lower(), value.strip(" \t")) for name, value in _HEADER.findall(text))
    return [(_COMPACT.get(name, name), value) for name, value in found]


def _read_head(data: bytes) -> SipHead:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SipUnreadableError("not UTF-8") from None
    match = _HEAD.fullmatch(text)
    if match is None:
        start, end, lines = text.partition("\r\n")
        match = _HEAD.fullmatch(start + end + _FOLD.sub(" ", lines))
    if match is None:
        raise SipUnreadableError("no head")
    if text.count("\n") > MAX_HEADERS:
        raise SipUnreadableError("too many headers")
    return SipHead._make(match.group(*_KEPT))
