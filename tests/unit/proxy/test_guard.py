"""What a phone may say: a corpus of good and bad messages, and the rules one by one."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.accounts import AgentRef
from cti.proxy.guard import KnownDialogs, PhoneGuard
from cti.proxy.sip_head import SipUnreadableError, read_address, read_addresses, read_headers, read_messages, read_uri
from cti.proxy.tickets import Admission
from tests.support.clock import DrivenClock

CORPUS = Path(__file__).resolve().parents[2] / "protocol/proxy/corpus"
AGENT = AgentRef("p1", "005000000000001AAA", 101)
ADMISSION = Admission("s1", AGENT, 3, "sip:40312@acme.fcc.example", "40312", "ws://fcc.localhost:1/sip")


def corpus(kind: str) -> list:
    return [pytest.param(path.read_bytes(), id=path.stem) for path in sorted((CORPUS / kind).glob("*.sip"))]


class Rules:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def may_invite(self, agent, number):
        assert agent == AGENT
        self.asked.append(number)
        return not number.startswith("+48700")


class Fence:
    value: int | None = 3

    def fence_of(self, audience):
        assert audience == "p1:101"
        return self.value


@pytest.fixture
def fence() -> Fence:
    return Fence()


def make_guard(clock, fence, dialogs=None, **options) -> PhoneGuard:
    return PhoneGuard(
        ADMISSION,
        rules=Rules(),
        fences=fence,
        dialogs=dialogs or KnownDialogs(),
        clock=clock,
        new_id=lambda: "id",
        **options,
    )


@pytest.fixture
def guard(clock, fence) -> PhoneGuard:
    return make_guard(clock, fence)


def message(start: str, **headers: str | None) -> bytes:
    base = {
        "Via": "SIP/2.0/WS a.invalid;branch=z9hG4bK1",
        "From": "<sip:40312@acme.fcc.example>;tag=me",
        "To": "<sip:40312@acme.fcc.example>",
        "Call-ID": "call-1",
        "CSeq": f"1 {start.split(maxsplit=1)[0]}",
        "Contact": "<sip:x@a.invalid;transport=ws>",
    }
    base.update({name.replace("_", "-"): value for name, value in headers.items()})
    return (start + "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in base.items() if v is not None) + "\r\n").encode()


def invite(number: str = "+48600100200", **headers: str | None) -> bytes:
    headers.setdefault("To", f"<sip:{number}@acme.fcc.example>")
    return message(f"INVITE sip:{number}@acme.fcc.example SIP/2.0", **headers)


REGISTER = "REGISTER sip:acme.fcc.example SIP/2.0"


@pytest.mark.assumed("A38", "A39")
@pytest.mark.parametrize("data", corpus("allowed"))
def test_what_a_phone_rightly_says_goes_on(guard, data):
    verdict = guard.judge(data)
    assert (verdict.forward, verdict.reasons) == (True, ())


@pytest.mark.assumed("A38", "A39", "A41")
@pytest.mark.parametrize("data", corpus("refused"))
def test_what_a_phone_may_not_say_stays_here_and_is_answered(guard, data):
    verdict = guard.judge(data)
    assert not verdict.forward
    assert verdict.reasons
    assert not verdict.fatal
    requests = [head for head in read_messages(data) if head.method]
    assert len(verdict.answers) == (1 if requests else 0)
    for answer in verdict.answers:
        (read,) = read_messages(answer.encode())
        assert read.status in {"403", "405"}
        assert read.call_id == requests[-1].call_id
        assert read.one("cseq") == requests[-1].one("cseq")
        assert read.all("via") == requests[-1].all("via")
        assert read_address(read.to).tag


@pytest.mark.parametrize("data", corpus("unreadable"))
def test_what_cannot_be_read_ends_the_socket(guard, data):
    verdict = guard.judge(data)
    assert (verdict.forward, verdict.fatal, verdict.reasons) == (False, True, ("unreadable",))


def test_the_ack_for_our_own_refusal_is_swallowed(guard):
    (answer,) = guard.judge(invite("+48700100100")).answers
    (read,) = read_messages(answer.encode())
    ack = message("ACK sip:+48700100100@acme.fcc.example SIP/2.0", To=read.one("to"))
    verdict = guard.judge(ack)
    assert (verdict.forward, verdict.answers, verdict.reasons) == (False, (), ())


def test_a_call_in_a_known_dialog_may_be_held_without_being_permitted_again(guard):
    ring = message(
        "SIP/2.0 200 OK",
        CSeq="5 INVITE",
        From="<sip:+48600100400@acme.fcc.example>;tag=far",
        To="<sip:queue1@acme.fcc.example>;tag=me",
        Call_ID="in-1",
    )
    assert guard.judge(ring).forward
    hold = message(
        "INVITE sip:+48700100100@10.0.0.1 SIP/2.0",
        From="<sip:queue1@acme.fcc.example>;tag=me",
        To="<sip:+48600100400@acme.fcc.example>;tag=far",
        Call_ID="in-1",
    )
    assert guard.judge(hold).forward


def test_dialogs_outlive_a_socket(clock, fence):
    dialogs = KnownDialogs()
    assert make_guard(clock, fence, dialogs).judge(invite(Call_ID="out-1")).forward
    hold = message("INVITE sip:+48700100100@10.0.0.1 SIP/2.0", To="<sip:x@y.example>;tag=far", Call_ID="out-1")
    assert make_guard(clock, fence, dialogs).judge(hold).forward
    assert not make_guard(clock, fence).judge(hold).forward


def test_calls_a_minute_are_limited_and_the_minute_passes(clock, fence):
    guard = make_guard(clock, fence, calls_per_minute=2)
    verdicts = [guard.judge(invite(Call_ID=f"c{i}")) for i in range(3)]
    assert [verdict.forward for verdict in verdicts] == [True, True, False]
    assert verdicts[2].reasons == ("rate",)
    clock.advance(61)
    assert guard.judge(invite(Call_ID="c4")).forward


def test_an_invite_repeated_with_credentials_is_one_call(clock, fence):
    guard = make_guard(clock, fence, calls_per_minute=1)
    assert guard.judge(invite()).forward
    again = invite(Authorization='Digest username="40312", response="0"')
    assert guard.judge(again).forward
    assert guard.judge(again).reasons == ("rate",)


def test_a_phone_whose_pane_lost_the_lead_may_hang_up_and_sign_off_only(guard, fence):
    assert guard.judge(invite()).forward
    fence.value = 4
    assert guard.judge(invite(Call_ID="new")).reasons == ("fence",)
    assert guard.judge(message(REGISTER)).reasons == ("fence",)
    assert guard.judge(message(REGISTER, Contact="*", Expires="0")).forward
    assert guard.judge(message(REGISTER, Contact="<sip:x@a.invalid>;expires=0")).forward
    assert guard.judge(message(REGISTER, Contact="<sip:x@a.invalid>;expires=600", Expires="0")).reasons == ("fence",)
    assert guard.judge(message("BYE sip:x@10.0.0.1 SIP/2.0", To="<sip:x@y.example>;tag=far")).forward


def test_without_any_known_pane_nothing_new_is_begun(guard, fence):
    fence.value = None
    assert guard.judge(invite()).reasons == ("fence",)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    with contextlib.suppress(SipUnreadableError):
        read_messages(data)


ONCE = {"from": "from", "f": "from", "to": "to", "t": "to", "call-id": "call-id", "i": "call-id", "expires": "expires"}
FULL = {**ONCE, "s": "subject", "m": "contact", "v": "via"}
HEADER_NAMES = st.sampled_from(
    ["From", "from", "f", "F", "FROM", "To", "t", "Call-ID", "i", "Expires", "Subject", "s", "X-A", "m", "Contact", "v"]
)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@given(st.lists(st.tuples(HEADER_NAMES, st.just("a") | VALUES), max_size=6), st.sampled_from(["", " ", "\t"]))
def test_headers_are_read_as_they_were_written_or_refused(headers, space):
    text = "OPTIONS sip:a.example SIP/2.0\r\n" + "".join(f"{k}{space}:{space}{v}\r\n" for k, v in headers) + "\r\n"
    expected = [(FULL.get(name.lower(), name.lower()), value.strip(" \t")) for name, value in headers]
    said_once = [name for name, _ in expected if name in ONCE.values()]
    clean = all(ord(c) >= 0x20 and c != "\x7f" for _, value in headers for c in value)
    try:
        (head,) = read_messages(text.encode())
    except SipUnreadableError:
        no_call_id = any(name == "call-id" and not re.fullmatch("[!-~]+", value) for name, value in expected)
        assert len(set(said_once)) < len(said_once) or not clean or no_call_id
        return
    assert read_headers(head.text) == expected
    assert len(set(said_once)) == len(said_once)
    caught = {"from": head.from_, "to": head.to, "call-id": head.call_id, "contact": head.contact}
    for name, value in caught.items():
        assert (None if value is None else value.strip(" \t")) == next(iter(head.all(name)), None)
    assert (head.via is not None) is bool(head.all("via"))
    assert (head.claims is not None) is (len(head.all("contact")) > 1)


@pytest.mark.parametrize("line", ["A: b", "A : ", " \t", "From: x", "Contact: y", ":", "A"])
@pytest.mark.parametrize("end", ["", "\x00", "\r\n?"])
def test_no_head_takes_long_to_refuse(line, end):
    text = "OPTIONS sip:a.example SIP/2.0\r\n" + f"{line}{' ' * 30}\r\n" * 2000 + f"{end}\r\n"
    with pytest.raises(SipUnreadableError):
        read_messages(text.encode())


@pytest.mark.parametrize("header", ["From", "To", "Contact", "P_Preferred_Identity"])
def test_an_address_of_any_length_is_not_kept(guard, header):
    short, long = (f"<sip:40312@acme.fcc.example>;tag=me;x={'x' * size}" for size in (900, 1000))
    value = {"Contact": lambda text: text.replace("acme.fcc.example", "a.invalid")}.get(header, str)
    assert guard.judge(message(REGISTER, **{header: value(short)})).forward
    assert guard.judge(message(REGISTER, **{header: value(long)})).reasons == ("unreadable",)


@given(st.text('ab\r\n \t:;<>"\\,=@sipSIP/2.0', max_size=120))
def test_the_guard_says_something_about_every_text(text):
    guard = make_guard(DrivenClock(), Fence())
    verdict = guard.judge(text.encode())
    assert verdict.forward or verdict.reasons


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("*", []),
        ("sip:a@b.example;tag=1", ["a@b.example"]),
        (
            '"a, <sip:x@y>" <sip:a@b.example>;tag=1, <sips:c@D.example:5061;transport=wss>',
            ["a@b.example", "c@d.example"],
        ),
        ("<sip:a:pw@[2001:db8::1]:5060>", ["a@[2001:db8::1]"]),
    ],
)
def test_addresses_are_read(value, addresses):
    assert [one.uri.address for one in read_addresses(value)] == addresses


@pytest.mark.parametrize("value", ["", "<sip:a@b", '"x <sip:a@b>', "<sip:a@b> nonsense", "mailto:a@b", "<sip:a@b@c>"])
def test_broken_addresses_are_refused(value):
    with pytest.raises(SipUnreadableError):
        read_addresses(value)


def test_an_address_says_whether_it_is_a_websocket():
    assert read_uri("sip:a@b.invalid;transport=WS").is_websocket
    assert not read_uri("sip:a@b.invalid;transport=wsx").is_websocket
