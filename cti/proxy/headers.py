"""What a phone's headers may say, wherever they stand: who it is, where it can be reached, which calls are its own.

Source: RFC 3261, sections 8.1.1, 10.2.1 and 22; RFC 3891; RFC 5627.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cti.proxy.sip_address import read_one, read_parties, read_uri, same_uri

if TYPE_CHECKING:
    from cti.domain.sip_dialog import Dialog
    from cti.proxy.phones import AgentPhone
    from cti.proxy.sip_address import Party, SipUri
    from cti.proxy.sip_head import SipHead

CREDENTIALS = ("authorization", "proxy-authorization")
_MOST_CREDENTIALS = 4
_OWN_VIA = re.compile(
    r"[ \t]*+SIP/2\.0/(?:WSS?|TCP|TLS|UDP)[ \t]++(?:[A-Za-z0-9\-]++\.)++invalid"
    r"(?:[ \t]*+;[ \t]*+(?:branch=[^\s;,=]++|rport|keep))++[ \t]*+",
    re.IGNORECASE | re.ASCII,
)
_DIGEST = re.compile(r"Digest[ \t]+(.*)", re.IGNORECASE | re.DOTALL)
_DIGEST_PARAM = re.compile(r'[ \t]*+([A-Za-z0-9*\-]++)[ \t]*+=[ \t]*+("(?:[^"\\]|\\.)*+"|[^\s",;=]++)[ \t]*+(?:,|\Z)')
_DIGEST_PARAMS = frozenset(
    {"username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "opaque", "qop", "nc", "userhash"}
)
_CONTACT_USER = re.compile(r"[A-Za-z0-9._\-~]{0,64}", re.ASCII)
_URI_PARAMS = frozenset({("transport", "ws"), ("transport", "wss"), ("user", "phone")})
_CONTACT_URI_PARAMS = frozenset({("transport", "ws"), ("transport", "wss"), ("ob", "")})
_GR = re.compile(r"[A-Za-z0-9.:+~=\-_]*", re.ASCII)
_CONTACT_PARAMS = frozenset({"+sip.ice", "+sip.instance", "expires", "q", "reg-id"})
_REPLACES = re.compile(r"([^\s;,]+)((?:;(?:to-tag|from-tag)=[^\s;,]+|;early-only)+)", re.IGNORECASE)
_TAGS = re.compile(r";(?:to|from)-tag=([^;]+)", re.IGNORECASE)
#: These stand in a head once; those in the head's own form are counted there.
_SAID_ONCE = ("expires", "refer-to", "referred-by", "replaces")
#: Where else than in any request or answer they may stand.
_BELONGS = {"replaces": "INVITE", "refer-to": "REFER", "referred-by": "REFER"}


class RefusedError(Exception):
    """What a phone may not say; `reason` is a word of the metric's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HeaderRules:
    """The rules for one phone's headers: whose it is does not change, which calls and addresses it has does.

    `uri` is the phone's own address, `username` the one it signs in with. The checks raise RefusedError, or
    AddressError for what cannot be read.
    """

    __slots__ = ("_phone", "_username", "own")

    def __init__(self, uri: str, username: str, phone: AgentPhone) -> None:
        self.own = read_uri(uri.partition("?")[0])
        self._username = f'"{username}"'
        self._phone = phone

    def check(self, head: SipHead) -> None:
        """Judge all headers but From, To and those that a request's own rules are about."""
        if head.unlisted is not None:
            raise RefusedError("header")
        if head.status is None:
            self.check_via(head)
        if head.contact is not None:
            self._check_contact(head, head.contact)
        if head.weighed is not None:
            self._check_weighed(head)

    @staticmethod
    def check_via(head: SipHead) -> None:
        """An answer to a request comes back to the phone and goes nowhere else."""
        if not _OWN_VIA.fullmatch(head.via or ""):
            raise RefusedError("via")

    def is_own(self, party: Party) -> bool:
        """Whether an address is the phone's own user's."""
        uri = read_uri(party.uri)
        return self.is_at_home(uri) and uri.address == self.own.address

    def is_at_home(self, uri: SipUri) -> bool:
        """Whether an address is in the phone's own domain, with nothing in it that would lead elsewhere."""
        return (
            uri.host == self.own.host
            and uri.port in {"", self.own.port}
            and uri.plain
            and set(uri.params) <= _URI_PARAMS
        )

    def replaced(self, value: str) -> Dialog:
        """The call that a Replaces names: only one of the agent's own. Source: RFC 3891, section 3."""
        match = _REPLACES.fullmatch(value.strip())
        tags = _TAGS.findall(match[2]) if match else []
        found = self._phone.dialogs.own(match[1], *tags) if match and len(tags) == len(("to-tag", "from-tag")) else None
        if found is None:
            raise RefusedError("replaces")
        return found

    def _check_weighed(self, head: SipHead) -> None:
        given: dict[str, list[str]] = {}
        for name, value in head.headers():
            given.setdefault(name, []).append(value)
        if any(len(given.get(name, ())) > 1 for name in _SAID_ONCE):
            raise RefusedError("header")
        if any(name in given and head.method != method for name, method in _BELONGS.items()):
            raise RefusedError("header")
        if any(not value.isdecimal() for value in given.get("expires", ())):
            raise RefusedError("header")
        if head.status is None:
            self._check_several(head, given)
        elif given.keys() & {"route", *CREDENTIALS} or len(given.get("contact", ())) > 1:
            raise RefusedError("header")
        for value in (*given.get("referred-by", ()), *given.get("p-preferred-identity", ())):
            if not self.is_own(read_one(value)):
                raise RefusedError("identity")
        for value in given.get("replaces", ()):
            self.replaced(value)

    def _check_several(self, head: SipHead, given: dict[str, list[str]]) -> None:
        """What a request may say more than once, and what only an answer says."""
        contacts = given.get("contact", [])
        if (
            len(given.get("via", ())) > 1
            or "record-route" in given
            or (len(contacts) > 1 and head.method != "REGISTER")
        ):
            raise RefusedError("header")
        for value in contacts[1:]:
            self._check_contact(head, value)
        credentials = [value for name in CREDENTIALS for value in given.get(name, ())]
        if len(credentials) > _MOST_CREDENTIALS or not all(self._are_own(value) for value in credentials):
            raise RefusedError("credentials")

    def _are_own(self, credentials: str) -> bool:
        """Whether credentials are for the phone's own user, in every reading. Source: RFC 3261, section 25.1."""
        digest = _DIGEST.fullmatch(credentials)
        pairs: list[tuple[str, str]] = []
        at = 0
        while digest is not None and at < len(digest[1]):
            pair = _DIGEST_PARAM.match(digest[1], at)
            if pair is None or len(pairs) == len(_DIGEST_PARAMS):
                return False
            pairs.append((pair[1].lower(), pair[2]))
            at = pair.end()
        params = dict(pairs)
        clear = len(params) == len(pairs) and _DIGEST_PARAMS.issuperset(params)
        return clear and params.get("username") == self._username and params.get("userhash", "false") == "false"

    def _check_contact(self, head: SipHead, value: str) -> None:
        """A phone on a WebSocket cannot be reached at an address of its own: anything else would divert calls."""
        if head.method == "REGISTER":
            if value.strip() == "*":
                if head.one("expires") != "0":
                    raise RefusedError("contact")
                return
            parties = read_parties(value)
        else:
            parties = (read_one(value),)
        for party in parties:
            params = dict(party.params)
            if not _CONTACT_PARAMS.issuperset(params) or not params.get("expires", "0").isdecimal():
                raise RefusedError("contact")
            if not self._is_own_contact(party.uri, head.method):
                raise RefusedError("contact")

    def _is_own_contact(self, text: str, method: str | None) -> bool:
        if "%" in text and not any(text == one for one in self._phone.gruus):
            return False
        uri = read_uri(text)
        if not uri.plain or uri.port:
            return False
        if uri.host.endswith(".invalid"):
            return bool(_CONTACT_USER.fullmatch(uri.user)) and set(uri.params) <= _CONTACT_URI_PARAMS
        if method == "REGISTER":
            # What the registrar gave out is not what it is told.
            return False
        if any(same_uri(text, one) for one in self._phone.gruus):
            return True
        others = {pair for pair in uri.params if pair[0] != "gr"}
        given = dict(uri.params).get("gr")
        clear = given is not None and _GR.fullmatch(given) and others <= _CONTACT_URI_PARAMS
        return bool(clear) and uri.address == self.own.address
