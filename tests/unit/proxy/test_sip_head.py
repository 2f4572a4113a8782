"""Reading what a phone writes: heads, and the addresses in them."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.proxy.sip_address import AddressError, read_one, read_parties, read_party, read_uri, same_uri
from cti.proxy.sip_head import SipUnreadableError, read_headers, read_message
from cti.proxy.told import read_told, split, via_key


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    with contextlib.suppress(SipUnreadableError):
        read_message(data)
    read_told(data)


ONCE = {"from": "from", "f": "from", "to": "to", "t": "to", "call-id": "call-id", "i": "call-id"}
FULL = {**ONCE, "s": "subject", "m": "contact", "v": "via"}
HEADER_NAMES = st.sampled_from(
    [
        "From",
        "from",
        "f",
        "F",
        "FROM",
        "To",
        "t",
        "Call-ID",
        "i",
        "Expires",
        "Subject",
        "s",
        "Allow",
        "m",
        "Contact",
        "v",
    ]
)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@given(st.lists(st.tuples(HEADER_NAMES, st.just("a") | VALUES), max_size=6), st.sampled_from(["", " ", "\t"]))
def test_headers_are_read_as_they_were_written_or_refused(headers, space):
    text = "OPTIONS sip:a.example SIP/2.0\r\n" + "".join(f"{k}{space}:{space}{v}\r\n" for k, v in headers) + "\r\n"
    expected = [(FULL.get(name.lower(), name.lower()), value.strip(" \t")) for name, value in headers]
    said_once = [name for name, _ in expected if name in ONCE.values()]
    clean = all(ord(c) >= 0x20 and c != "\x7f" for _, value in headers for c in value)
    try:
        head = read_message(text.encode())
    except SipUnreadableError:
        no_call_id = any(name == "call-id" and not re.fullmatch("[!-~]+", value) for name, value in expected)
        assert len(set(said_once)) < len(said_once) or not clean or no_call_id
        return
    assert read_headers(head.text) == expected
    assert len(set(said_once)) == len(said_once)
    assert head.unlisted is None
    caught = {"from": head.from_, "to": head.to, "call-id": head.call_id, "contact": head.contact, "via": head.via}
    for name, value in caught.items():
        assert (None if value is None else value.strip(" \t")) == head.one(name)
    weighed = any(name == "expires" for name, _ in expected) or any(
        len(head.all(one)) > 1 for one in ("contact", "via")
    )
    assert (head.weighed is not None) is weighed


@pytest.mark.parametrize(
    ("header", "unlisted"),
    [
        ("Path: <sip:a>", "path"),
        ("X-Y: z", "x-y"),
        ("j: x", "reject-contact"),
        ("Event: a\r\nEvent: b", "event"),
        ("x: 90\r\nSession-Expires: 80", "session-expires"),
        ("max-forwards: 9\r\nMax-Forwards: 10", "max-forwards"),
    ],
)
def test_what_is_not_on_the_list_is_named(header, unlisted):
    text = f"OPTIONS sip:a.example SIP/2.0\r\nFrom: <sip:a@b>\r\n{header}\r\nTo: <sip:c@d>\r\n\r\n"
    head = read_message(text.encode())
    assert (head.unlisted, head.from_, head.to) == (unlisted, " <sip:a@b>", " <sip:c@d>")


@pytest.mark.parametrize(
    "header",
    ["From: <sip:x@y>", "f: <sip:x@y>", "X-Y: z\r\nfrom: <sip:x@y>", "Call-ID: a b", "CSeq: 1", "CSeq: 1x A", "bad"],
)
def test_a_head_that_can_be_read_in_two_ways_is_none(header):
    text = f"OPTIONS sip:a.example SIP/2.0\r\nFrom: <sip:a@b>\r\n{header}\r\nTo: <sip:c@d>\r\n\r\n"
    with pytest.raises(SipUnreadableError):
        read_message(text.encode())


@pytest.mark.parametrize("body", [b"", b"\r\n", b"v=0\r\n"])
def test_a_message_may_leave_out_how_long_its_body_is(body):
    assert read_message(b"OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n" + body).method == "OPTIONS"


@pytest.mark.parametrize(
    ("length", "body"),
    [
        (b"", b"INVITE sip:b SIP/2.0\r\n\r\n"),
        (b"", b"v=0\r\n\r\ninvite sip:b sip/2.0\r\n\r\n"),
        (b"Content-Length: 0\r\n", b"INVITE sip:b SIP/2.0\r\n\r\n"),
        (b"Content-Length: 0\r\n", b"v=0"),
        (b"l: 3\r\n", b"v=0INVITE sip:b SIP/2.0\r\n\r\n"),
        (b"Content-Length: 9\r\n", b"v=0"),
    ],
)
def test_no_message_hides_behind_another(length, body):
    with pytest.raises(SipUnreadableError):
        read_message(b"OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n" + length + b"\r\n" + body)


def test_a_body_may_speak_of_sip_where_its_length_is_told():
    fragment = b"SIP/2.0 200 OK\r\n"
    text = b"NOTIFY sip:a SIP/2.0\r\nTo: <sip:a>\r\nContent-Length: %d\r\n\r\n%s" % (len(fragment), fragment)
    assert read_message(text).method == "NOTIFY"


@pytest.mark.parametrize("line", ["A: b", "A : ", " \t", "From: x", "Contact: y", ":", "A", 'Via: ,"', "Subject: x"])
@pytest.mark.parametrize("end", ["", "\x00", "\r\n?"])
def test_no_head_takes_long_to_refuse(line, end):
    text = "OPTIONS sip:a.example SIP/2.0\r\n" + f"{line}{' ' * 30}\r\n" * 2000 + f"{end}\r\n"
    with pytest.raises(SipUnreadableError):
        read_message(text.encode())


@pytest.mark.parametrize(
    "piece", ['"', '"<', "<", '\\"', ";a=", ';a="', ",", "<sip:a@b>,", "%41", " ", "?a=b&", "sip:"]
)
def test_no_address_takes_long_to_read(piece):
    value = piece * (60_000 // len(piece))
    for read in (read_parties, read_party, read_uri):
        with contextlib.suppress(AddressError):
            read(value)
    split([value])
    via_key([value], "c", "INVITE")


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("sip:a@b.example;tag=1", ["a@b.example"]),
        ("Łukasz Żak <sip:a@b.example>", ["a@b.example"]),
        (
            '"a, <sip:x@y>" <sip:a@b.example>;tag=1, <sips:c@D.example:5061;transport=wss>',
            ["a@b.example", "c@d.example"],
        ),
        ("<sip:a:pw@[2001:db8::1]:5060>", ["a@[2001:db8::1]"]),
        ("<sip:%61;b=c@d.example.>", ["a;b=c@d.example"]),
    ],
)
def test_addresses_are_read(value, addresses):
    assert [read_uri(one.uri).address for one in read_parties(value)] == addresses


@pytest.mark.parametrize(
    "value",
    [
        "",
        "*",
        "<sip:a@b",
        '"x <sip:a@b>',
        "<sip:a@b> nonsense",
        "mailto:a@b",
        "<sip:a@b@c>",
        "sip:a@b, Jan <sip:a@b>",
        "Kowalski, Jan <sip:a@b>",
        "sip:x@y;tag=1 <sip:a@b>",
        "sip:x@y To: <sip:a@b>",
        "<sip:a@b>;x=1;X=2",
        "<sip:a@b;x;x>",
        "<sip:a@b>,",
        "<sip:a @b>",
        None,
    ],
)
def test_broken_addresses_are_refused(value):
    with pytest.raises(AddressError):
        read_uri(read_one(value).uri)


@pytest.mark.parametrize(
    ("value", "uri", "tag"),
    [
        ("Kowalski, Jan <sip:a@b>;tag=t", "sip:a@b", "t"),
        ('"Jan "K"" <sip:a@b> ; Tag = t', "sip:a@b", "t"),
        ('"x;tag=no" <sip:a;tag=no@b;tag=no>;y="z;tag=no";tag=t', "sip:a;tag=no@b;tag=no", "t"),
        ("<<sip:a@b>>;tag=t", "", "t"),
        ("sip:a@b;tag=t", "sip:a@b", "t"),
        ("<sip:a@b>", "sip:a@b", None),
    ],
)
def test_of_what_the_far_side_writes_the_tag_is_read(value, uri, tag):
    party = read_party(value)
    assert (party.uri, party.tag) == (uri, tag)


@pytest.mark.parametrize("value", ["<sip:a@b>;tag=1;tag=2", "<sip:a@b>;tag=1, <sip:c@d>;tag=2", "<sip:a@b", "", None])
def test_a_tag_that_is_not_clear_is_refused(value):
    with pytest.raises(AddressError):
        read_party(value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:a@b.example", "SIP:a@B.example", True),
        ("sip:%61@b.example;x=Y;lr", "sip:a@b.example;LR;x=y", True),
        ("sip:a@b.example?x=1&y=2", "sip:a@b.example?Y=2&x=1", True),
        ("nonsense", "nonsense", True),
        ("sip:a@b.example", "sips:a@b.example", False),
        ("sip:a@b.example", "sip:A@b.example", False),
        ("sip:a@b.example", "sip:a@b.example:5060", False),
        ("sip:a@b.example", "sip:a:x@b.example", False),
        ("sip:a@b.example", "sip:a@b.example;maddr=c", False),
        ("sip:a@b.example", "sip:a@b.example?x=1", False),
        ("nonsense", "other nonsense", False),
    ],
)
def test_addresses_are_compared_as_they_are_read(one, other, same):
    assert same_uri(one, other) is same
