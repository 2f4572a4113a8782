"""A second reading of what a phone says, apart from the guard's and stupid: would a lenient PBX do harm with it?

It knows what the far side said by plain patterns, reads a message line by line and by another parser, and takes the
worse of both. Nothing of `cti` is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sipmessage import Message, Request

DOMAIN = "acme.fcc.example"
OWN = f"sip:40312@{DOMAIN}"
PERMITTED = ("+48600100200", "40318")
METHODS = {"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER"}
COMPACT = {
    "i": "call-id",
    "m": "contact",
    "f": "from",
    "t": "to",
    "v": "via",
    "r": "refer-to",
    "b": "referred-by",
    "a": "accept-contact",
    "j": "reject-contact",
    "d": "request-disposition",
    "y": "identity",
    "n": "identity-info",
}
LEADS_ELSEWHERE = {
    "accept-contact",
    "alert-info",
    "answer-mode",
    "call-info",
    "diversion",
    "flow-timer",
    "geolocation",
    "history-info",
    "identity",
    "identity-info",
    "join",
    "p-access-network-info",
    "p-asserted-identity",
    "p-associated-uri",
    "p-called-party-id",
    "p-charge-info",
    "p-profile-key",
    "p-served-user",
    "path",
    "priv-answer-mode",
    "reject-contact",
    "remote-party-id",
    "reply-to",
    "request-disposition",
    "service-route",
    "target-dialog",
    "trigger-consent",
    "user-to-user",
}
ONCE = ("from", "to", "call-id", "cseq", "refer-to", "replaces", "expires")
PARAMS_OF_CONTACT = {"+sip.ice", "+sip.instance", "expires", "q", "reg-id"}


@dataclass
class Heard:
    """What the far side and the phone have said so far."""

    calls: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    routes: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    offers: dict[tuple[str, str], tuple[set[str], list[str]]] = field(default_factory=dict)
    vias: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    gruus: set[str] = field(default_factory=set)

    def fcc(self, text: str) -> None:
        """FCC said so."""
        start, headers = _read(text)
        one = dict(headers)
        contact = {_spelled(uri) for name, value in headers if name == "contact" for uri in _uris(value)[:1]}
        routes = [_spelled(uri) for name, value in headers if name == "record-route" for uri in _uris(value)]
        self.recorded.update(routes)
        self.gruus.update(re.findall(r'-gruu="([^"]*)"', text.lower()))
        ids = (one.get("call-id", ""), _tag(one.get("from", "")), _tag(one.get("to", "")))
        if not start.startswith("SIP/2.0"):
            self.vias.add(_vias(headers))
            mine = (ids[0], ids[2], ids[1])
            if start.startswith("INVITE") and not ids[2]:
                self.offers[ids[0], ids[1]] = (contact, routes)
            elif mine in self.calls:
                self.calls[mine] |= contact
        elif one.get("cseq", "").endswith("INVITE") and re.match(r"SIP/2\.0 (1[1-9]|2)", start) and ids[2]:
            self.calls.setdefault(ids, set()).update(contact)
            self.routes.setdefault(ids, routes[::-1])

    def phone(self, text: str) -> None:
        """The phone said so, and might."""
        start, headers = _read(text)
        one = dict(headers)
        call_id, local, remote = one.get("call-id", ""), _tag(one.get("from", "")), _tag(one.get("to", ""))
        if start.startswith("INVITE") and not remote:
            self.asked.setdefault(call_id, set()).add(_spelled(start.split(" ")[1]))
        elif re.match(r"SIP/2\.0 (1[1-9]|2)", start) and (call_id, local) in self.offers and remote:
            contact, routes = self.offers[call_id, local]
            self.calls.setdefault((call_id, remote, local), set()).update(contact)
            self.routes.setdefault((call_id, remote, local), routes)


def harm(data: bytes, heard: Heard) -> str:
    """What could come of it, empty when nothing."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    head = text.lstrip("\n").partition("\n\n")[0]
    lengths = re.findall(r"(?mi)^(?:content-length|l)[ \t]*:[ \t]*(\d+)[ \t]*$", head)
    if lengths == [str(len(data.partition(b"\r\n\r\n")[2]))]:
        text = head
    starts = [found.start() for found in re.finditer(r"(?mi)^(?:[a-z]+ [^ \n]+ sip/2\.0|sip/2\.0 \d\d\d.*)$", text)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    found = [_harm(part, heard) for part in parts] or ([] if not text.strip() else ["no message"])
    return next((each for each in found if each), "") or _by_another_parser(data)


def _harm(text: str, heard: Heard) -> str:  # noqa: PLR0911 - one for each kind
    start, headers = _read(text)
    names = [name for name, _ in headers]
    one = dict(headers)
    for name in names:
        if name in LEADS_ELSEWHERE or name.startswith("x-"):
            return name
    if any(names.count(name) > 1 for name in ONCE):
        return "twice"
    for name, value in headers:
        why = _harm_of_header(name, value, start, heard)
        if why:
            return why
    if start.upper().startswith("SIP/2.0"):
        if start[8] == "3":
            return "redirect"
        return "" if _vias(headers) in heard.vias else "answer to nothing"
    method, target = start.split(" ")[:2]
    if method not in METHODS:
        return "method"
    call = (one.get("call-id", ""), _tag(one.get("from", "")), _tag(one.get("to", "")))
    target = _spelled(target)
    if call[2]:
        return _harm_inside(method, target, call, headers, heard)
    return _harm_outside(method, target, call[0], one, heard)


def _harm_of_header(name: str, value: str, start: str, heard: Heard) -> str:  # noqa: PLR0911 - one for each kind
    answer = start.upper().startswith("SIP/2.0")
    if name == "contact" and value != "*":
        uris = _uris(value)
        if not uris or not all(_is_own_contact(uri, heard) for uri in uris):
            return "contact"
        if len(uris) > 1 and not start.startswith("REGISTER"):
            return "contacts"
        behind = re.sub(r'"[^"]*"', "", value.rpartition(">")[2])
        if set(re.findall(r";\s*([^;=\s]+)", behind.lower())) - PARAMS_OF_CONTACT:
            return "contact parameter"
    if name in {"authorization", "proxy-authorization"}:
        plain = re.sub(r'(?i)(realm|nonce|opaque|cnonce|uri|response)\s*=\s*"[^"]*"', "", value)
        if re.findall(r'(?i)username\*?\s*=\s*"?([^",]*)', plain) != ["40312"] or "username*" in plain.lower():
            return "credentials"
    if (
        name == "via"
        and not answer
        and not re.fullmatch(r"(?i)SIP/2\.0/\w+\s+[\w.-]+\.invalid(\s*;\s*(branch=[^;,=]+|rport|keep))+", value)
    ):
        return "via"
    if name == "route" and not set(map(_spelled, _uris(value))) <= set().union(*map(set, heard.routes.values())):
        return "route"
    if name == "record-route" and not set(map(_spelled, _uris(value))) <= heard.recorded:
        return "record-route"
    if name in {"referred-by", "p-preferred-identity"} and [_spelled(uri) for uri in _uris(value)] != [OWN]:
        return name
    if name == "replaces":
        return _harm_of_replaces(value, heard)
    if name == "refer-to":
        found = re.fullmatch(r"(?:[^<]*<)?(sip:[^?;<>]*(?:;transport=wss?)*)(\?Replaces=([^&>]*))?>?", value)
        if found is None:
            return "refer-to"
        replaced = _unescaped(found[3] or "")
        near = {uri for call, uris in heard.calls.items() if call[0] == replaced.split(";")[0] for uri in uris}
        if _spelled(found[1]) not in {f"sip:{number}@{DOMAIN}" for number in PERMITTED} | near:
            return "refer-to"
        return _harm_of_replaces(replaced, heard) if replaced else ""
    return ""


def _harm_of_replaces(value: str, heard: Heard) -> str:
    call_id, *tags = value.split(";")
    of = sorted(tag.partition("=")[2] for tag in tags)
    return "" if any(call_id == known[0] and of == sorted(known[1:]) for known in heard.calls) else "replaces"


def _harm_inside(method, target, call, headers, heard: Heard) -> str:
    if method == "ACK" and target in heard.asked.get(call[0], ()):
        return ""
    if call not in heard.calls:
        return "unknown call"
    if target not in heard.calls[call]:
        return "elsewhere"
    routes = [_spelled(uri) for name, value in headers if name == "route" for uri in _uris(value)]
    return "route" if routes and routes != heard.routes[call] else ""


def _harm_outside(method, target, call_id, one, heard: Heard) -> str:
    plain = re.sub(r"(;transport=wss?|;user=phone)+$", "", target)
    if method == "CANCEL":
        return "" if target in heard.asked.get(call_id, ()) else "cancel"
    if method not in {"REGISTER", "INVITE", "OPTIONS"}:
        return "outside of calls"
    if [_spelled(uri) for uri in _uris(one.get("from", ""))] != [OWN]:
        return "from"
    if method == "INVITE":
        return "" if plain in {f"sip:{number}@{DOMAIN}" for number in PERMITTED} else "number"
    if method == "REGISTER" and [_spelled(uri) for uri in _uris(one.get("to", ""))] != [OWN]:
        return "to"
    return "" if plain in {f"sip:{DOMAIN}", OWN} else "domain"


def _by_another_parser(data: bytes) -> str:
    try:
        message = Message.parse(data.lstrip(b"\r\n"))
        if not isinstance(message, Request) or message.method != "INVITE" or message.to_address.parameters.get("tag"):
            return ""
        uri, sender = message.uri, message.from_address.uri
    except Exception:
        return ""
    if (uri.host.lower(), sender.host.lower()) != (DOMAIN, DOMAIN) or _unescaped(sender.user or "") != "40312":
        return "parsed: domain or from"
    if uri.user not in PERMITTED or uri.port:
        return "parsed: number"
    return "" if {*uri.parameters} <= {"transport", "user"} else "parsed: parameter"


def _is_own_contact(uri: str, heard: Heard) -> bool:
    if re.fullmatch(r"(?i)sips?:([\w.~-]*@)?[\w.-]+\.invalid(;transport=wss?|;ob)*", uri):
        return True
    own = re.fullmatch(rf"(?i){re.escape(OWN)}(;gr(=[\w:.-]*)?|;ob|;transport=wss?)+", uri)
    return (own is not None and ";gr" in uri.lower()) or uri.lower() in heard.gruus


def _read(text: str) -> tuple[str, list[tuple[str, str]]]:
    head = text.replace("\r\n", "\n").partition("\n\n")[0]
    start, _, lines = head.partition("\n")
    found = []
    for line in re.sub(r"\n[ \t]+", " ", lines).split("\n"):
        name, _, value = line.partition(":")
        name = name.strip().lower()
        found.append((COMPACT.get(name, name), value.strip()))
    return start.strip(), found


def _vias(headers: list[tuple[str, str]]) -> str:
    return re.sub(r"\s+", " ", ",".join(value for name, value in headers if name == "via").lower())


def _uris(value: str) -> list[str]:
    return re.findall(
        r"(?i)(?:sips?|tel):[^\s<>,\"]+",
        re.sub(r'^"(?:[^"\\]|\\.)*"|(?<=,)\s*"(?:[^"\\]|\\.)*"', "", value)
        if "<" in value
        else value.partition(";")[0],
    )


def _tag(value: str) -> str:
    behind = re.sub(r'"[^"]*"', "", value)
    behind = behind.rpartition(">")[2] if ">" in behind else behind
    found = re.findall(r"(?i);\s*tag\s*=\s*([^;,\s>]+)", behind)
    return found[0] if found else ""


def _spelled(uri: str) -> str:
    scheme, _, rest = uri.partition(":")
    user, at, host = rest.rpartition("@")
    return f"{scheme.lower()}:{_unescaped(user)}{at}{host.lower()}"


def _unescaped(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)
