"""SIP addresses as headers carry them. Source: RFC 3261, sections 19.1 and 25.1.

Two readings: `read_party` takes a header apart at what cannot be meant otherwise and leaves the address in it as it is,
since an address of the far side says nothing that the relay goes by. `read_uri` reads an address that is judged.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_REMEMBERED = 4096
_SHORT = 1000
"""Longer values are read anew each time, for what is remembered may not be of any length."""
_LONGEST = 4000
_MOST_ADDRESSES = 16
_MOST_PARAMS = 32
"""What is longer, or has more parts, is not taken apart: each costs time, and a message could hold ten thousand."""
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PARAM = rf"""[ \t]*+;[ \t]*+[A-Za-z0-9\-.!%*_+`'~]++[ \t]*+(?:=[ \t]*+(?:{_QUOTED}|[^\s"<>;,]++)[ \t]*+)?"""
_URI_AND_PARAMS = rf"""<(?P<within>[^<>"\s]*+)>(?P<params>(?:{_PARAM})*+)[ \t]*+"""
_ADDRESS = re.compile(
    # A display name without quotes holds nothing that could itself be an address.
    rf"""[ \t]*+(?:[^"<>,:;@=?]*+(?:{_QUOTED}[^"<>,:;@=?]*+)*+{_URI_AND_PARAMS}"""
    rf"""|(?P<bare>[^"<>,;?\s]++)(?P<behind>(?:{_PARAM})*+)[ \t]*+)""",
    re.DOTALL,
)
#: The same with a display name that is not quoted, or badly, and what is left when nothing but the end is clear.
_LOOSE = re.compile(rf"[^<>]*+{_URI_AND_PARAMS}", re.DOTALL)
_END = re.compile(rf"(?P<params>(?:{_PARAM})++)[ \t]*+", re.DOTALL)
_TAG = re.compile(r";[ \t]*+tag[ \t]*+=", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]++")
_NAMED = re.compile(
    rf"""[ \t]*+;[ \t]*+([^\s=;,"<>]++)[ \t]*+(?:=[ \t]*+({_QUOTED}|[^\s"<>;,]++)[ \t]*+)?""", re.DOTALL
)
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:<>\s\"]+)(?P<password>:[^@<>\s\"]*)?@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.\-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<params>(?:;[A-Za-z0-9\-_.!~*'()\[\]/:&+$%=]*)*)(?P<headers>\?[^@<>\s\"]*)?",
    re.IGNORECASE | re.ASCII,
)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class AddressError(ValueError):
    """What is no address, or one that two readers could understand differently."""


class Party(NamedTuple):
    """One address of a header: the URI, and the parameters behind it, names in small letters; values as written."""

    uri: str
    params: tuple[tuple[str, str], ...]

    @property
    def tag(self) -> str | None:
        """The tag, None without one."""
        return next((value for name, value in self.params if name == "tag"), None)


class SipUri(NamedTuple):
    """A `sip:` or `sips:` address; `user` and `password` as they were written, `host` in small letters.

    `params` and `headers` are pairs of names and values in small letters, in the order of the alphabet.
    """

    scheme: str
    user: str
    password: str
    host: str
    port: str
    params: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]

    @property
    def address(self) -> str:
        """`user@host`, escapes resolved: what two addresses of one person have in common."""
        return f"{unescape(self.user)}@{self.host}"

    @property
    def plain(self) -> bool:
        """Whether it has neither a password nor headers."""
        return not self.password and not self.headers


def unescape(text: str) -> str:
    """`text` with its `%` escapes resolved. Source: RFC 3261, section 19.1.2."""
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text) if "%" in text else text


def read_uri(text: str) -> SipUri:
    """A bare `sip:` or `sips:` address; raises AddressError."""
    if len(text) > _LONGEST:
        raise AddressError("too long")
    return _read_uri(text) if len(text) > _SHORT else _remembered_uri(text)


def read_parties(value: str) -> tuple[Party, ...]:
    """The addresses of a header such as Contact, in their order; raises AddressError.

    A phone writes the same From and Contact into all it sends, hence the memory in all of these.
    """
    return _read_parties(value) if len(value) > _SHORT else _remembered_parties(value)


def read_one(value: str | None) -> Party:
    """The one address of a header that is judged; raises AddressError when there is no single clear one."""
    found = () if value is None else read_parties(value)
    if len(found) != 1:
        raise AddressError("not one address")
    return found[0]


def read_party(value: str | None) -> Party:
    """The one address of From or To, however the far side writes what stands in front of the tag.

    `uri` is empty when that is not clear. Raises AddressError when not even the parameters behind it are.
    """
    if value is None:
        raise AddressError("no address")
    return _read_party(value) if len(value) > _SHORT else _remembered_party(value)


def same_uri(one: str, other: str) -> bool:
    """Whether two addresses are one: as they were written, or as they are read. Source: RFC 3261, section 19.1.4.

    Stricter than the RFC, in which a parameter that only one of them has does not always count.
    """
    if one == other:
        return True
    try:
        left, right = read_uri(one), read_uri(other)
    except AddressError:
        return False
    return left._replace(user=unescape(left.user)) == right._replace(user=unescape(right.user))


def unquote(text: str) -> str:
    """A parameter's value without its quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text.startswith('"') else text


def _read_uri(text: str) -> SipUri:
    match = _URI.fullmatch(text)
    if match is None:
        raise AddressError("no sip address")
    scheme, user, password, host, port, rest, headers = match.groups(default="")
    if rest.count(";") + headers.count("&") > _MOST_PARAMS:
        raise AddressError("too many parameters")
    params = tuple(sorted(_pair(one) for one in rest.lower().split(";")[1:]))
    if len({name for name, _ in params}) < len(params):
        raise AddressError("a parameter stands there twice")
    more = tuple(sorted(_pair(one) for one in headers[1:].lower().split("&"))) if headers else ()
    return SipUri(scheme.lower(), user, password, host.lower().rstrip("."), port.lstrip("0"), params, more)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return unescape(name), unescape(value)


def _read_parties(value: str) -> tuple[Party, ...]:
    found: list[Party] = []
    at = 0
    while len(found) < _MOST_ADDRESSES:
        match = _ADDRESS.match(value, at)
        if match is None:
            raise AddressError("broken address")
        found.append(_party(match["within"] or match["bare"], match["params"] or match["behind"]))
        at = match.end()
        if at == len(value):
            return tuple(found)
        if value[at] != ",":
            raise AddressError("broken address")
        at += 1
    raise AddressError("too many addresses")


def _read_party(value: str) -> Party:
    if match := _ADDRESS.fullmatch(value):
        return _party(match["within"] or match["bare"], match["params"] or match["behind"])
    if match := _LOOSE.fullmatch(value):
        return _party(match["within"], match["params"])
    unclear, _, end = value.rpartition(">")
    if (match := _END.fullmatch(end)) and not _TAG.search(unclear):
        return _party("", match["params"])
    raise AddressError("broken address")


def _party(uri: str | None, behind: str | None) -> Party:
    if behind and behind.count(";") > _MOST_PARAMS:
        raise AddressError("too many parameters")
    params = tuple((name.lower(), given) for name, given in _NAMED.findall(behind or ""))
    if uri is None or len({name for name, _ in params}) < len(params):
        raise AddressError("no address, or a parameter twice")
    if any(name == "tag" and not _TOKEN.fullmatch(given) for name, given in params):
        raise AddressError("a tag that is no token")
    return Party(uri, params)


_remembered_uri = functools.lru_cache(_REMEMBERED)(_read_uri)
_remembered_parties = functools.lru_cache(_REMEMBERED)(_read_parties)
_remembered_party = functools.lru_cache(_REMEMBERED)(_read_party)
