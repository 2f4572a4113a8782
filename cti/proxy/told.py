"""What FCC tells the phone, as far as the relay learns from it.

FCC's messages are passed on whatever is in them; what cannot be read here teaches nothing, and that is counted.
Source: RFC 3261, section 7.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from cti.proxy.sip_address import AddressError, read_party
from cti.proxy.sip_head import COMPACT, unfold

_REQUEST = re.compile(r"([A-Z]+) [^ ]+ SIP/2\.0", re.IGNORECASE)
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: .*)?", re.IGNORECASE)
_ANSWERS_TO = re.compile(rb"\r\n(?:cseq)[ \t]*:\s*[0-9]+[ \t]+(INVITE|UPDATE|REGISTER)[ \t]*\r\n", re.IGNORECASE)
_GRUU = re.compile(rb"-gruu", re.IGNORECASE)
_TEACHING_REQUESTS = (b"INVITE ", b"BYE ", b"CANCEL ", b"UPDATE ")
#: One of several values between commas, of which those in quotes and in angle brackets separate nothing.
_ONE_OF = re.compile(r'(?:[^",<]++|"(?:[^"\\]|\\.)*+"|<[^<>]*+>|["<])++')
_LONGEST = 4000
_SPACES = re.compile(r"[ \t]+")


class Told(NamedTuple):
    """One message of FCC's: its start line, and its headers by their full names in small letters."""

    method: str | None
    status: int | None
    headers: dict[str, list[str]]

    def one(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.headers.get(name, ())), None)

    def tag(self, name: str) -> str:
        """The tag in From or To, empty without one or when the header is not clear."""
        try:
            return read_party(self.one(name)).tag or ""
        except AddressError:
            return ""

    @property
    def callee(self) -> str:
        """The address in To as it is written, empty when it is not clear."""
        return _uri(self.one("to"))

    @property
    def contact(self) -> str:
        """The address in Contact as it is written, empty when there is none that is clear."""
        return _uri(next(iter(split(self.headers.get("contact", ()))), None))

    @property
    def call_id(self) -> str:
        """The Call-ID, empty without one."""
        return self.one("call-id") or ""

    @property
    def cseq_method(self) -> str:
        """The method in CSeq."""
        return (self.one("cseq") or "").rpartition(" ")[2].rpartition("\t")[2].upper()

    @property
    def vias(self) -> str:
        """What an answer to this request has to carry, see `via_key`."""
        return via_key(self.headers.get("via", ()), self.call_id, self.cseq_method)

    @property
    def record_routes(self) -> tuple[str, ...]:
        """The addresses in Record-Route, in their order."""
        return routes_of(self.headers.get("record-route", ()))


def teaches(data: bytes) -> bool:
    """Whether there may be something to learn from a message of FCC's; told by looking at very little of it."""
    if data[:1] in {b"\r", b"\n"}:
        data = data.lstrip(b"\r\n")
    if data.startswith(b"SIP/2.0 "):
        found = _ANSWERS_TO.search(data)
        return found is not None and (found[1].upper() != b"REGISTER" or _GRUU.search(data) is not None)
    return data.startswith(_TEACHING_REQUESTS)


def read_told(data: bytes) -> Told | None:
    """One message of FCC's, None when it is none that can be read."""
    head = data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    start, _, lines = unfold(head.decode("utf-8", "replace")).partition("\r\n")
    request, status = _REQUEST.fullmatch(start), _STATUS.fullmatch(start)
    if request is None and status is None:
        return None
    headers: dict[str, list[str]] = {}
    for line in lines.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip(" \t").lower()
            headers.setdefault(COMPACT.get(name, name), []).append(value.strip(" \t"))
    return Told(request[1].upper() if request else None, int(status[1]) if status else None, headers)


def via_key(values: list[str] | tuple[str, ...], call_id: str, method: str) -> str:
    """A hash of what an answer repeats of its request, so that the two can be compared.

    That is Via, in one spelling, Call-ID and the method in CSeq: an answer that goes back where one request came from
    and speaks of another would end nothing at FCC and begin a call here. Source: RFC 3261, section 8.2.6.2.
    """
    text = ",".join(_SPACES.sub(" ", one).lower() for one in split(values))
    text = f"{call_id}\0{method}\0{text}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def routes_of(values: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The addresses in Route or Record-Route headers, in their order; one that is not clear stands as it is."""
    return tuple(_route(one) for one in split(values))


def split(values: list[str] | tuple[str, ...]) -> list[str]:
    """The single values of headers that may hold several, in their order.

    A value is left whole when all of them together are very long, or when its commas separate nothing.
    """
    found: list[str] = []
    short = sum(map(len, values)) <= _LONGEST
    for value in values:
        parts = _ONE_OF.findall(value) if short and "," in value else []
        whole = sum(map(len, parts)) + len(parts) - 1 == len(value)
        found += parts if whole else [value]
    return [one.strip(" \t") for one in found]


def _route(text: str) -> str:
    return _uri(text) or text


def _uri(value: str | None) -> str:
    try:
        return read_party(value).uri
    except AddressError:
        return ""
