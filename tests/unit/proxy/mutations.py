"""What a page that was tampered with might write, piece by piece, and messages changed with it at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

HEADERS = """
Route: <sip:evil.example;lr>
route : <sip:evil.example>
Path: <sip:evil.example;lr>
Service-Route: <sip:evil.example;lr>
Record-Route: <sip:evil.example;lr>
Join: other;to-tag=a;from-tag=b
Replaces: other;to-tag=a;from-tag=b
Replaces: other;to-tag=a;from-tag=b;early-only
Target-Dialog: other;local-tag=a;remote-tag=b
Answer-Mode: Auto
answer-mode: Auto;require
Priv-Answer-Mode: Auto
P-Asserted-Identity: <sip:40318@acme.fcc.example>
P-Asserted-Identity: <tel:+48700100100>
P-Preferred-Identity: <sip:40318@acme.fcc.example>
P-Charge-Info: <sip:40318@acme.fcc.example>
P-Served-User: <sip:40318@acme.fcc.example>
P-Called-Party-ID: <sip:40318@acme.fcc.example>
P-Associated-URI: <sip:40318@acme.fcc.example>
P-Access-Network-Info: 3GPP-UTRAN-TDD
P-Profile-Key: <sip:40318@acme.fcc.example>
Diversion: <sip:40318@acme.fcc.example>;reason=unconditional
History-Info: <sip:40318@acme.fcc.example>;index=1
Remote-Party-ID: <sip:40318@acme.fcc.example>;party=calling
Referred-By: <sip:40318@acme.fcc.example>
b: <sip:40318@acme.fcc.example>
Reply-To: <sip:40318@acme.fcc.example>
Call-Info: <sip:x>;answer-after=0
Alert-Info: <http://evil.example>;info=alert-autoanswer
Request-Disposition: proxy, no-fork
d: redirect
Accept-Contact: *;audio
a: *;audio
Reject-Contact: *;audio
j: *;audio
Identity: abc;info=<https://evil.example>
y: abc
Identity-Info: <https://evil.example>
n: <https://evil.example>
Geolocation: <sip:evil.example>
User-to-User: 00;encoding=hex
X-FCC-Account: 40318
X-Billing: 40318
Flow-Timer: 1
Trigger-Consent: <sip:evil.example>
Refer-To: <sip:+48700100100@acme.fcc.example>
r: <sip:+48700100100@evil.example>
Contact: <sip:+48700100100@evil.example>
m: <sip:+48700100100@evil.example>
CONTACT: *
From: <sip:40318@acme.fcc.example>;tag=x
f: <sip:40318@acme.fcc.example>;tag=x
To: <sip:+48700100100@acme.fcc.example>
t: <sip:+48700100100@acme.fcc.example>
Call-ID: other
i: other
CSeq: 9 INVITE
Via: SIP/2.0/UDP evil.example;branch=z9hG4bKevil
v: SIP/2.0/WS b.invalid;branch=z9hG4bKevil
Authorization: Digest username="40318", realm="acme.fcc.example", response="0"
Authorization: Digest username*=UTF-8''40318, realm="acme.fcc.example", response="0"
Authorization: Digest username="40312", username="40318"
Proxy-Authorization: Digest username="40318", realm="acme.fcc.example"
Proxy-Authorization: Basic NDAzMTg6eA==
Authorization: Digest realm="x, username=\\"40312\\"", username="40318"
""".strip().split("\n")

CONTACTS = """
<sip:x@evil.example>
<sip:+48700100100@acme.fcc.example>
<sip:40318@acme.fcc.example>
<sip:40318@acme.fcc.example;gr=urn:uuid:1>
<sip:40312@acme.fcc.example>
<sip:40312@evil.example;gr=urn:uuid:1>
<sip:40312@acme.fcc.example:5070;gr=urn:uuid:1>
<sip:40312@acme.fcc.example;gr=urn:uuid:1;maddr=192.0.2.66>
<sip:x@a.invalid;maddr=192.0.2.66>
<sip:x@a.invalid;MADDR=192.0.2.66>
<sip:x@a.invalid;%6daddr=192.0.2.66>
<sip:x@a.invalid;alias=192.0.2.66~5060~1>
<sip:x@a.invalid;received=192.0.2.66>
<sip:x@a.invalid;transport=udp>
<sip:x@a.invalid;lr>
<sip:x@a.invalid;method=BYE>
<sip:x@a.invalid:5060>
<sip:x@a.invalid?Route=%3Csip:evil.example%3E>
<sip:x@a.invalid>;received="sip:192.0.2.66"
<sip:x@a.invalid>;path="<sip:evil.example>"
<sip:x@a.invalid>;x="
<sip:x@a.invalid>, <sip:x@evil.example>
<sip:x@evil.example>, <sip:x@a.invalid>
sip:x@evil.example, <sip:x@a.invalid>
"a" <sip:x@evil.example>, "b" <sip:x@a.invalid>
"<sip:x@a.invalid>" <sip:x@evil.example>
<sip:x@evil.example>;y="<sip:x@a.invalid>"
<tel:+48700100100>
<sip:a.invalid@evil.example>
<sip:x@a.invalid.evil.example>
<sip:x@evil.example#.invalid>
<sip:x@evil.example%00.invalid>
<sip:x@evil.example;a.invalid>
<sip:x:y@a.invalid>
<http://a.invalid/>
""".strip().split("\n")

TARGETS = """
sip:+48700100100@acme.fcc.example
sip:0048700100100@acme.fcc.example
sip:+48600100200%2C%2C0700123456@acme.fcc.example
sip:+48600100200,,0700123456@acme.fcc.example
sip:0%23*72700123456@acme.fcc.example
sip:+48600100200x0700@acme.fcc.example
sip:+48600100200;ext=0700@acme.fcc.example
sip:+48600100200;phone-context=+48700@acme.fcc.example
sip:%2B48700100100@acme.fcc.example
sip:+48600100200:pw@acme.fcc.example
sip:+48600100200@acme.fcc.example:5060
sip:+48600100200@acme.fcc.example;maddr=192.0.2.66
sip:+48600100200@acme.fcc.example;transport=udp
sip:+48600100200@acme.fcc.example;lr
sip:+48600100200@acme.fcc.example;user=dialstring
sip:+48600100200@acme.fcc.example;x=y
sip:+48600100200@acme.fcc.example?Route=%3Csip:evil.example%3E
sip:+48600100200@acme.fcc.example?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc
sip:+48600100200@evil.example
sip:+48600100200@acme.fcc.example.evil.example
sip:+48600100200@192.0.2.66
sip:+48600100200@[2001:db8::1]
sip:+48700100100@evil.example@acme.fcc.example
sip:acme.fcc.example
sip:evil.example
tel:+48700100100
sips:+48700100100@acme.fcc.example
SIP:+48700100100@ACME.FCC.EXAMPLE
sip:+48700100100%40acme.fcc.example
urn:service:sos
""".strip().split("\n")

SENDERS = """
<sip:40318@acme.fcc.example>;tag=x
<sip:40312@evil.example>;tag=x
"40312" <sip:40318@acme.fcc.example>;tag=x
"<sip:40312@acme.fcc.example>" <sip:40318@acme.fcc.example>;tag=x
<sip:40318@acme.fcc.example>;x="<sip:40312@acme.fcc.example>";tag=x
<sip:40312%40@acme.fcc.example>;tag=x
<sip:40312:40318@acme.fcc.example>;tag=x
<sip:40312@acme.fcc.example;maddr=192.0.2.66>;tag=x
<sip:40312@acme.fcc.example>, <sip:40318@acme.fcc.example>;tag=x
sip:40318@acme.fcc.example;tag=x
<sip:anonymous@anonymous.invalid>;tag=x
<tel:40312>;tag=x
<sip:40312@acme.fcc.example>
""".strip().split("\n")

STARTS = """
SUBSCRIBE sip:40318@acme.fcc.example SIP/2.0
MESSAGE sip:40318@acme.fcc.example SIP/2.0
PUBLISH sip:40312@acme.fcc.example SIP/2.0
KDMQ sip:x@acme.fcc.example SIP/2.0
invite sip:+48700100100@acme.fcc.example SIP/2.0
BYE sip:40318@acme.fcc.example SIP/2.0
INFO sip:40318@acme.fcc.example SIP/2.0
UPDATE sip:40318@acme.fcc.example SIP/2.0
PRACK sip:40318@acme.fcc.example SIP/2.0
NOTIFY sip:40318@acme.fcc.example SIP/2.0
REFER sip:40318@acme.fcc.example SIP/2.0
CANCEL sip:+48700100100@acme.fcc.example SIP/2.0
OPTIONS sip:evil.example SIP/2.0
ACK sip:evil.example SIP/2.0
ACK sip:+48700100100@acme.fcc.example SIP/2.0
SIP/2.0 200 OK
SIP/2.0 180 Ringing
SIP/2.0 302 Moved Temporarily
SIP/2.0 199 Early
""".strip().split("\n")

CALLS = """
To: <sip:+48700100100@acme.fcc.example>;tag=made-up
To: <sip:+48600100200@acme.fcc.example>;tag=made-up
To: <sip:+48600100200@acme.fcc.example>; TAG = made-up
To: "x" <sip:+48600100200@acme.fcc.example>;x=y;tag=made-up
t: <sip:+48600100200@acme.fcc.example>;tag=made-up
To: sip:+48600100200@acme.fcc.example;tag=made-up
To: <sip:+48600100200@acme.fcc.example;tag=inside>;tag="made-up"
To: <sip:+48600100200@acme.fcc.example>;tag=a;tag=b
""".strip().split("\n")


def replaced(text: bytes, name: str, value: str) -> bytes:
    """The message with another value of a header, or another start line."""
    head, end, body = text.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not name:
        lines[0] = value.encode()
    else:
        kept = [line for line in lines if not line.lower().startswith(name.lower().encode() + b":")]
        lines = [*kept, f"{name}: {value}".encode()]
    return b"\r\n".join(lines) + end + body


def mutate(text: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """The message, changed in one to four ways."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        text = chance.choice(WAYS)(text, others, chance)
    return text


def _insert_line(text, _others, chance):
    line_ = chance.choice(HEADERS + CALLS + [f"Contact: {one}" for one in CONTACTS])
    name, colon, value = line_.partition(":")
    name = chance.choice((name, name.upper(), name.lower(), name + " ", name + "\t"))
    end = chance.choice(("\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "\x00\r\n", "\r\n\r\n", "\u2028"))
    return _at_a_line(text, (name + colon + value + end).encode(), chance)


def _at_a_line(text, piece, chance):
    lines = text.split(b"\r\n")
    at = chance.randrange(len(lines))
    before, after = b"\r\n".join(lines[:at]), b"\r\n".join(lines[at:])
    return before + (b"\r\n" if at else b"") + piece + after


def _change_value(text, _others, chance):
    name, values = chance.choice(
        (("Contact", CONTACTS), ("From", SENDERS), ("To", [call.partition(": ")[2] for call in CALLS]), ("", STARTS))
    )
    return replaced(text, name, chance.choice(values))


def _change_target(text, _others, chance):
    start, end, rest = text.partition(b"\r\n")
    words = start.split(b" ")
    if len(words) != 3 or start.startswith(b"SIP"):
        return text
    return b" ".join((words[0], chance.choice(TARGETS).encode(), words[2])) + end + rest


def _change_method(text, _others, chance):
    start = chance.choice(STARTS)
    words = text.split(b" ", 1)
    method = start.split(" ")[0]
    return text if len(words) < 2 else method.encode() + b" " + words[1]


def _drop_line(text, _others, chance):
    lines = text.split(b"\r\n")
    del lines[chance.randrange(len(lines))]
    return b"\r\n".join(lines)


def _double_line(text, _others, chance):
    lines = text.split(b"\r\n")
    at = chance.randrange(len(lines))
    lines.insert(chance.randrange(len(lines)), lines[at])
    return b"\r\n".join(lines)


def _line_of_another(text, others, chance):
    lines = chance.choice(others).split(b"\r\n")
    mine = text.split(b"\r\n")
    mine[chance.randrange(len(mine))] = chance.choice(lines)
    return b"\r\n".join(mine)


def _insert_characters(text, _others, chance):
    at = chance.randrange(len(text) + 1)
    piece = chance.choice(
        (
            b"%",
            b";",
            b",",
            b'"',
            b"<",
            b">",
            b"@",
            b":",
            b"?",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"\t",
            b"\\",
            b"\x00",
            b"%2C",
            b"%40",
            b";tag=x",
            b";maddr=192.0.2.66",
            b"\r\n\r\n",
            b"\xc0\x80",
            b"*",
            b"=",
            b"&",
            b"#",
        )
    )
    return text[:at] + piece + text[at:]


def _change_characters(text, _others, chance):
    at = chance.randrange(len(text) + 1)
    return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]


def _cut(text, _others, chance):
    a, b = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    return text[:a] + text[min(b, a + 40) :]


def _followed_by_another(text, others, chance):
    return text + chance.choice((b"", b"\r\n", b"\r\n\r\n")) + chance.choice(others)


def _within_the_body(text, others, chance):
    head, end, body = text.partition(b"\r\n\r\n")
    length = str(chance.choice((0, 1, len(body) // 2, len(body)))).encode()
    lines = [
        b"Content-Length: " + length if line_.startswith(b"Content-Length") else line_ for line_ in head.split(b"\r\n")
    ]
    return b"\r\n".join(lines) + end + body[: int(length)] + chance.choice(others)


def _case(text, _others, chance):
    head, end, body = text.partition(b"\r\n\r\n")
    return (chance.choice((head.lower(), head.upper(), head.swapcase()))) + end + body


WAYS = (
    _insert_line,
    _insert_line,
    _insert_line,
    _change_value,
    _change_value,
    _change_target,
    _change_target,
    _change_method,
    _drop_line,
    _double_line,
    _line_of_another,
    _line_of_another,
    _insert_characters,
    _insert_characters,
    _insert_characters,
    _change_characters,
    _cut,
    _followed_by_another,
    _within_the_body,
    _case,
)
