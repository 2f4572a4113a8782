"""Reading the heads of SIP messages that a phone sends, as far as the relay must understand them.

What a phone may write is a list: headers that nobody has to look at, headers whose value is judged, and nothing else.
Tolerant in what real phones write: folded lines, compact names, any case, white space, no Content-Length, keep-alive
line breaks. Strict where two readers could understand different things: a head that says twice
what may be said once, breaks its lines with anything but CRLF or holds control characters is refused.
Source: RFC 3261, sections 7.3 and 25.1; RFC 7118, section 5.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEADERS = 100

COMPACT = {
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
_SPACE = r"[ \t]"
_COLON = rf"{_SPACE}*+:"
#: What may stand in a head once: its names, and its form with the part that is kept.
_ONCE = (
    ("from|f", rf"({_TEXT})"),
    ("to|t", rf"({_TEXT})"),
    ("call-id|i", rf"{_SPACE}*+([!-~]++){_SPACE}*+"),
    ("cseq", rf"{_SPACE}*+[0-9]{{1,10}}{_SPACE}++({_WORD}){_SPACE}*+"),
    ("content-length|l", rf"{_SPACE}*+([0-9]{{1,7}}){_SPACE}*+"),
    ("via|v", rf"({_TEXT})"),
    ("contact|m", rf"({_TEXT})"),
    ("max-forwards", rf"{_SPACE}*+([0-9]{{1,3}}){_SPACE}*+"),
    ("content-type|c", rf"({_TEXT})"),
    ("session-expires|x", rf"({_TEXT})"),
    ("min-se", rf"({_TEXT})"),
    ("event|o", rf"({_TEXT})"),
    ("rack", rf"({_TEXT})"),
    ("rseq", rf"({_TEXT})"),
)
#: What says who somebody is or where something goes, or what may be said once only where that is said: each is judged.
WEIGHED = frozenset(
    {
        "authorization",
        "expires",
        "p-preferred-identity",
        "proxy-authorization",
        "record-route",
        "refer-to",
        "referred-by",
        "replaces",
        "route",
    }
)
#: What tells the other side how to go on with what it was asked, and neither who asks nor where it goes.
PASSIVE = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "allow",
        "allow-events",
        "content-disposition",
        "content-encoding",
        "content-language",
        "date",
        "info-package",
        "mime-version",
        "min-expires",
        "organization",
        "reason",
        "recv-info",
        "refer-sub",
        "require",
        "retry-after",
        "server",
        "subject",
        "subscription-state",
        "supported",
        "timestamp",
        "unsupported",
        "user-agent",
        "warning",
    }
)
_SEVERAL = WEIGHED | {"via", "contact"}


def _names(names: frozenset[str]) -> str:
    """Them and their compact forms, each behind a look at its first letter, which tells most of them apart."""
    short = [letter for letter, name in COMPACT.items() if name in names]
    firsts: dict[str, list[str]] = {}
    for name in sorted([*names, *short], reverse=True):
        firsts.setdefault(name[0], []).append(name[1:])
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in firsts.items())


def _once(group: int, names: str, form: str) -> str:
    return rf"(?({group})(?!)|(?:{names}){_COLON}{form})"


_MORE = 4 + len(_ONCE)
_HEADERS = (
    *(_once(group, names, form) for group, (names, form) in enumerate(_ONCE, 4)),
    rf"(?:{_names(PASSIVE)}){_COLON}{_TEXT}",
    rf"((?:{_names(_SEVERAL)}){_COLON}{_TEXT})",
)
#: Whoever sends it must write it so, and a reader may go by that. Source: RFC 3261, section 7.1.
_VERSION = r"(?-i:SIP/2\.0)"
_START = rf"(?:({_WORD}) ([!#-;=?-~]++) {_VERSION}|{_VERSION} ([1-6][0-9][0-9])(?: {_TEXT})?)"
#: A whole head in one step, its headers in any order. Nothing in it can match in two ways, so it takes linear time.
_HEAD = re.compile(rf"{_START}(?:\r\n(?:{'|'.join(_HEADERS)}))*+", re.IGNORECASE | re.ASCII)
_KEPT = (0, *range(1, 9), 9, 10, _MORE)
#: Where in a body another message could begin.
_ANOTHER = re.compile(rb"SIP/2\.0", re.IGNORECASE)
_HEADER = re.compile(rf"\r\n({_WORD}){_COLON}({_TEXT})")
_FOLD = re.compile(rf"{_SPACE}*+\r\n{_SPACE}++")
#: A head with any headers, to tell a header that is not on the list from what is no SIP at all.
_ANY_HEAD = re.compile(rf"({_START}(?:\r\n{_WORD}{_COLON}{_TEXT})*+)", re.IGNORECASE | re.ASCII)
_MUST_BE_CLEAR = frozenset({"from", "to", "call-id", "cseq", "content-length", "via", "contact"})
_LISTED = PASSIVE | WEIGHED | {names.split("|")[0] for names, _ in _ONCE}


class SipUnreadableError(Exception):
    """Bytes that are no SIP message, or one that could be read in two ways."""


class SipHead(NamedTuple):
    """The start line of one message, and what the relay asks each message for: values as they were written.

    `contact` and `via` are the first of their kind, `weighed` says that there are more of them or other headers whose
    value has to be judged, `unlisted` names a header that a phone may not write, or not twice. `text` is the whole
    head, unfolded.
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
    via: str | None
    contact: str | None
    weighed: str | None
    unlisted: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        """All headers in their order: names in small letters and in full, and values."""
        return read_headers(self.text)

    def all(self, *names: str) -> list[str]:
        """The values of the headers with these names, in small letters and in full, in their order."""
        return [value for name, value in self.headers() if name in names]

    def one(self, name: str) -> str | None:
        """The value of a header that stands there at most once."""
        return next(iter(self.all(name)), None)


def read_message(data: bytes) -> SipHead | None:
    """The head of the SIP message that is one WebSocket message; None for a keep-alive.

    Raises SipUnreadableError when it is not understood, and when a PBX that reads it as a stream could find another
    message in it. Source: RFC 7118, section 5 (one in each, Content-Length optional); RFC 3261, section 18.3.
    """
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not head:
        return None
    if not end:
        raise SipUnreadableError("the head has no end")
    read = _read_head(head)
    if read.length is None:
        if _ANOTHER.search(body):
            raise SipUnreadableError("another message without a content-length before it")
    elif len(body) < int(read.length) or body[int(read.length) :].strip(b"\r\n"):
        raise SipUnreadableError("wrong content-length")
    return read


def read_headers(text: str) -> list[tuple[str, str]]:
    """The headers of a head that has been read, in their order: names in small letters and in full, and values."""
    found = ((name.lower(), value.strip(" \t")) for name, value in _HEADER.findall(text))
    return [(COMPACT.get(name, name), value) for name, value in found]


def unfold(text: str) -> str:
    """A head with each header on one line. Source: RFC 3261, section 7.3.1."""
    start, end, lines = text.partition("\r\n")
    return start + end + _FOLD.sub(" ", lines)


def _read_head(data: bytes) -> SipHead:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SipUnreadableError("not UTF-8") from None
    match = _HEAD.fullmatch(text)
    if match is None:
        text = unfold(text)
        match = _HEAD.fullmatch(text)
    if text.count("\n") > MAX_HEADERS:
        raise SipUnreadableError("too many headers")
    if match is None:
        return _with_unlisted(text)
    return SipHead._make((*match.group(*_KEPT), None))


def _with_unlisted(text: str) -> SipHead:
    """A head that is SIP, but holds a header that a phone may not write, or twice what may be there once."""
    match = _ANY_HEAD.fullmatch(text)
    if match is None:
        raise SipUnreadableError("no head")
    unlisted, seen, kept = None, set[str](), list[str]()
    for line in text.split("\r\n")[1:]:
        name = line.partition(":")[0].rstrip(" \t").lower()
        name = COMPACT.get(name, name)
        if name not in _LISTED or (name in seen and name not in _SEVERAL | PASSIVE):
            unlisted = name
            if name in seen and name in _MUST_BE_CLEAR:
                raise SipUnreadableError("said twice")
        else:
            kept.append(line)
        seen.add(name)
    clean = _HEAD.fullmatch("\r\n".join([text.partition("\r\n")[0], *kept]))
    if clean is None or unlisted is None:
        raise SipUnreadableError("a header has not its form")
    return SipHead._make((*clean.group(*_KEPT), unlisted))
