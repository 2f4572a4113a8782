"""What a phone may say: a corpus of good and bad messages, and the rules one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.proxy import sip_address
from cti.proxy.sip_address import read_party
from cti.proxy.sip_head import read_message
from cti.proxy.tickets import Admission
from tests.support.clock import DrivenClock
from tests.unit.proxy.speaking import (
    AGENT,
    FCC_VIA,
    PREMIUM,
    Line,
    fcc_answer,
    fcc_invite,
    fcc_request,
    invite,
    message,
    phone_answer,
    within,
)

CORPUS = Path(__file__).resolve().parents[2] / "protocol/proxy/corpus"


def corpus(kind: str) -> list:
    return [pytest.param(path.read_bytes(), id=path.stem) for path in sorted((CORPUS / kind).glob("*.sip"))]


@pytest.fixture
def line(clock) -> Line:
    return Line(clock)


REGISTER = "REGISTER sip:acme.fcc.example SIP/2.0"


@pytest.mark.assumed("A38", "A39")
@pytest.mark.parametrize("data", corpus("allowed"))
def test_what_a_phone_rightly_says_goes_on(line, data):
    assert line.why(data) == ""


@pytest.mark.assumed("A38", "A39", "A41")
@pytest.mark.parametrize("data", corpus("refused"))
def test_what_a_phone_may_not_say_stays_here_and_is_answered(line, data):
    line.hears(fcc_invite(call_id="asidkj3ss"))
    verdict = line.says(data)
    assert not verdict.forward
    assert verdict.reason
    assert not verdict.fatal
    refused = read_message(data)
    assert bool(verdict.answer) is (refused.method is not None)
    if verdict.answer:
        read = read_message(verdict.answer.encode())
        assert read.status in {"400", "403", "405", "481"}
        assert read.call_id == refused.call_id
        assert read.one("cseq") == refused.one("cseq")
        assert read.all("via") == refused.all("via")
        assert read_party(read.to).tag


@pytest.mark.parametrize("data", corpus("unreadable"))
def test_what_cannot_be_read_ends_the_socket(line, data):
    verdict = line.says(data)
    assert (verdict.forward, verdict.fatal, verdict.reason) == (False, True, "unreadable")


def test_the_ack_for_our_own_refusal_is_swallowed(line):
    read = read_message(line.says(invite(PREMIUM)).answer.encode())
    verdict = line.says(message(f"ACK sip:{PREMIUM}@acme.fcc.example SIP/2.0", To=read.one("to")))
    assert (verdict.forward, verdict.answer, verdict.reason) == (False, "", "")


# Whom the phone rings


@pytest.mark.parametrize(
    "user",
    [
        "600100200%2C%2C0700123456",
        "0%23*72700123456",
        "%2B48600100200",
        "600100200;ext=1",
        "600100200;phone-context=+48",
        "600100200,0700123456",
        "600100200?x",
        "600100200/1",
        "600100200&1",
        "(600)100200",
        "600!100",
        "",
        "6" * 65,
    ],
)
@pytest.mark.parametrize("way", ["INVITE", "REFER"])
def test_a_number_that_two_readers_could_read_differently_is_no_number(line, user, way):
    line.calls()
    asked = list(line.rules.asked)
    at = "@" if user else ""
    target = f"sip:{user}{at}acme.fcc.example"
    if way == "INVITE":
        assert line.why(message(f"INVITE {target} SIP/2.0", To=f"<{target}>")) in {"dial", "unclear"}
    else:
        assert line.why(within("REFER", Refer_To=f"<{target}>")) in {"dial", "unclear", "refer-to"}
    assert line.rules.asked == asked


@pytest.mark.assumed("A52")
def test_the_rules_are_asked_exactly_what_the_phone_wrote(line):
    line.calls("600100200x0700")
    assert line.why(within("REFER", Refer_To="<sip:+48(0)22@acme.fcc.example>")) == "dial"
    assert line.why(within("REFER", Refer_To="<sip:*97#@acme.fcc.example>")) == ""
    assert line.rules.asked == ["600100200x0700", "*97#"]


def test_to_names_whom_the_phone_rings(line):
    assert line.why(invite(To="<sip:+48600100201@acme.fcc.example>")) == "to"
    assert line.why(invite(To="<sip:+48600100200@other.example>")) == "to"
    assert line.why(invite(To='"Jan" <sip:+48600100200@ACME.fcc.example;user=phone>')) == ""


@pytest.mark.parametrize(
    "target",
    [
        "sip:+48600100200@other.example",
        "sip:+48600100200@acme.fcc.example:5060",
        "sip:+48600100200@acme.fcc.example;maddr=10.0.0.9",
        "sip:+48600100200@acme.fcc.example;transport=udp",
        "sip:+48600100200@acme.fcc.example;lr",
        "sip:+48600100200@acme.fcc.example;user=ip",
        "sip:+48600100200@acme.fcc.example?Route=%3Csip:evil.example%3E",
        "sip:+48600100200:secret@acme.fcc.example",
        "tel:+48600100200",
        "sip:+48600100200@acme.fcc.example;x;x",
    ],
)
def test_a_call_goes_to_the_phones_own_domain_and_nowhere_else(line, target):
    to = "<sip:+48600100200@acme.fcc.example>"
    assert line.why(message(f"INVITE {target} SIP/2.0", To=to)) in {"domain", "unclear", "to"}
    assert line.rules.asked == []
    line.calls()
    assert line.why(within("REFER", Refer_To=f"<{target}>")) in {"domain", "unclear", "refer-to", "replaces"}
    assert line.rules.asked == ["+48600100200"]


# How many


def test_calls_a_minute_are_limited_and_the_minute_passes(clock):
    line = Line(clock, calls_per_minute=2)
    assert [line.why(invite(Call_ID=f"c{i}")) for i in range(3)] == ["", "", "rate"]
    clock.advance(61)
    assert line.passes(invite(Call_ID="c4"))


def test_the_minute_is_the_agents_whatever_sockets_there_are(clock):
    line = Line(clock, calls_per_minute=30)
    sockets = [line.another_socket() for _ in range(8)]
    passed = [one.passes(invite(Call_ID=f"c{i}-{j}")) for j, one in enumerate(sockets) for i in range(30)]
    assert sum(passed) == 30


def test_what_changes_a_call_or_hands_it_on_counts_as_a_call(clock):
    line = Line(clock, calls_per_minute=4)
    line.calls()
    assert line.why(within("REFER", Refer_To="<sip:40318@acme.fcc.example>")) == ""
    assert line.why(within("INVITE")) == ""
    assert line.why(within("UPDATE")) == ""
    assert line.why(within("UPDATE")) == "rate"
    assert line.why(within("INVITE")) == "rate"
    assert line.why(within("REFER", Refer_To="<sip:40318@acme.fcc.example>")) == "rate"
    assert line.why(invite(Call_ID="another")) == "rate"
    assert line.why(within("INFO")) == ""
    assert line.why(within("BYE")) == ""


def test_numbers_that_may_not_be_rung_count_too(clock):
    line = Line(clock, calls_per_minute=2)
    assert [line.why(invite(PREMIUM, Call_ID=f"c{i}")) for i in range(3)] == ["dial", "dial", "rate"]
    assert len(line.rules.asked) == 2


def test_an_invite_repeated_because_fcc_asked_for_credentials_is_one_call(clock):
    line = Line(clock, calls_per_minute=1)
    again = invite(Call_ID="out-1", Authorization='Digest username="40312", response="0"')
    assert line.passes(invite(Call_ID="out-1"))
    assert line.why(again) == "rate"
    line.hears(fcc_answer("401 Unauthorized", Contact=None))
    assert line.why(again) == ""
    assert line.why(again) == "rate"


def test_wrong_credentials_do_not_ask_fcc_without_end(clock):
    line = Line(clock, calls_per_minute=2)
    again = invite(Call_ID="out-1", Authorization='Digest username="40312", response="0"')
    assert line.passes(invite(Call_ID="out-1"))
    passed = 0
    for _ in range(10):
        line.hears(fcc_answer("401 Unauthorized", Contact=None))
        passed += line.passes(again)
    assert passed == 4


# Whose phone it is


def test_a_phone_whose_pane_lost_the_lead_may_hang_up_and_sign_off_only(line):
    line.calls()
    line.fence.value = 4
    refused = [
        invite(Call_ID="new"),
        within("INVITE"),
        within("UPDATE"),
        within("REFER", Refer_To="<sip:40318@acme.fcc.example>"),
        message(REGISTER),
        message(REGISTER, Contact="*", Expires="0"),
        message(REGISTER, Contact=["*", "<sip:x@a.invalid>;expires=0"], Expires="0"),
        message(REGISTER, Contact=None),
        message(REGISTER, Contact=None, Expires="0"),
        message(REGISTER, Contact="<sip:x@a.invalid>;expires=600", Expires="0"),
        message(REGISTER, Contact="<sip:x@a.invalid>;expires=0, <sip:y@a.invalid>;expires=60"),
    ]
    assert [line.why(data) for data in refused] == ["fence"] * len(refused)
    allowed = [
        within("INFO"),
        within("BYE"),
        message(REGISTER, Contact="<sip:x@a.invalid>;expires=0"),
        message(REGISTER, Contact="<sip:x@a.invalid>", Expires="0"),
    ]
    assert [line.why(data) for data in allowed] == [""] * len(allowed)


def test_a_phone_whose_pane_lost_the_lead_keeps_its_call_going(line):
    line.calls()
    line.fence.lead = "over"
    refresh = {"Session_Expires": "90;refresher=uac", "Supported": "timer"}
    assert [line.why(within("UPDATE", Content_Length="0", **refresh)) for _ in range(40)] == [""] * 40
    assert line.why(within("UPDATE", Content_Length="4", **refresh) + b"v=0\n") == "fence"
    assert line.why(within("UPDATE", **refresh) + b"v=0\n") == "fence"


def test_a_phone_whose_pane_lost_the_lead_takes_no_call_any_more(line):
    line.is_called(call_id="up")
    line.hears(fcc_invite())
    line.fence.lead = "over"
    assert line.why(phone_answer("180 Ringing")) == ""
    assert line.why(phone_answer("200 OK")) == "fence"
    assert line.why(phone_answer("480 Temporarily Unavailable")) == ""
    line.hears(fcc_request("INVITE", call_id="up"))
    assert line.why(phone_answer("200 OK", call_id="up")) == ""


def test_a_phone_whose_pane_was_cut_off_while_it_rang_takes_the_call(line):
    line.hears(fcc_invite())
    line.fence.lead = "away"
    assert line.why(phone_answer("200 OK")) == ""


def test_a_pane_that_is_cut_off_begins_nothing_but_goes_on_with_its_call(line):
    line.calls()
    line.fence.lead = "away"
    assert line.why(invite(Call_ID="new")) == "fence"
    assert line.why(within("REFER", Refer_To="<sip:40318@acme.fcc.example>")) == "fence"
    assert line.why(within("INVITE")) == ""
    assert line.why(message(REGISTER)) == ""


def test_a_socket_stays_while_its_pane_leads_or_a_call_is_up_on_it(line):
    assert line.guard.stays
    line.fence.value = 4
    assert not line.guard.stays
    line.fence.value = 3
    line.calls(answered=False)
    line.fence.value = 4
    assert not line.guard.stays
    line.hears(fcc_answer("200 OK"))
    assert line.guard.stays
    assert line.why(within("BYE")) == ""
    assert not line.guard.stays


def test_a_call_that_another_socket_carries_keeps_only_that_one_open(line):
    line.calls()
    other = line.another_socket()
    line.fence.value = 4
    assert (line.guard.stays, other.guard.stays) == (True, False)
    assert other.why(within("INFO")) == ""
    assert (line.guard.stays, other.guard.stays) == (False, True)


def test_after_a_restart_a_call_keeps_the_socket_open_that_may_carry_it(line):
    line.calls()
    after = line.restart()
    after.fence.value = 4
    assert after.guard.stays


# Where the phone can be reached


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:x@a.invalid;transport=ws>",
        "<sips:x@a.invalid;transport=wss;ob>",
        "<sip:a.invalid>",
        '<sip:x@a.invalid;transport=ws>;+sip.ice;reg-id=1;+sip.instance="<urn:uuid:0>";expires=600',
        "sip:x@a.invalid",
    ],
)
def test_a_contact_of_a_phone_on_a_websocket_is_its_own(line, contact):
    assert line.why(invite(Contact=contact)) == ""
    assert line.why(message(REGISTER, Contact=contact)) == ""


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:x@a.example>",
        "<sip:x@a.invalid:5060>",
        "<sip:x@a.invalid;maddr=10.0.0.9>",
        "<sip:x@a.invalid;alias=10.0.0.9~5060~1>",
        "<sip:x@a.invalid;received=10.0.0.9>",
        "<sip:x@a.invalid;transport=udp>",
        "<sip:x@a.invalid;lr>",
        "<sip:x@a.invalid?Route=%3Csip:evil.example%3E>",
        "<sip:x:y@a.invalid>",
        "<sip:x%40evil.example@a.invalid>",
        '<sip:x@a.invalid>;received="sip:10.0.0.9"',
        '<sip:x@a.invalid>;expires="600"',
        "<sip:x@a.invalid>;x=y",
        "<sip:x@a.invalid>;expires=1;expires=2",
        "sip:x@evil.example, <sip:x@a.invalid>",
        "<sip:x@a.invalid>, <sip:x@evil.example>",
        "<sip:40312@acme.fcc.example>",
        "<sip:40312@acme.fcc.example;transport=ws>",
        "<sip:40318@acme.fcc.example;gr=urn:uuid:1>",
        "<sip:40312@acme.fcc.example;gr=urn:uuid:1;maddr=10.0.0.9>",
        "<sip:40312@acme.fcc.example:5070;gr=urn:uuid:1>",
        "<tel:+48600100200>",
        "*",
        "",
    ],
)
def test_any_other_contact_would_divert_calls(line, contact):
    assert line.why(invite(Contact=contact)) in {"contact", "unclear"}
    if contact != "*":
        assert line.why(message(REGISTER, Contact=contact)) in {"contact", "unclear"}
    line.hears(fcc_invite())
    assert line.why(phone_answer("200 OK", Contact=contact)) in {"contact", "unclear"}


def test_an_address_that_the_registrar_gave_the_phone_is_its_own(line):
    public, temporary = "sip:40312@acme.fcc.example;gr=urn:uuid:f81d4fae", "sip:tgruu.7hs==@acme.fcc.example;gr"
    assert line.why(invite(Contact=f"<{public}>", Call_ID="a")) == ""
    assert line.why(invite(Contact=f"<{public};ob>", Call_ID="b")) == ""
    assert line.why(invite(Contact=f"<{temporary}>", Call_ID="c")) == "contact"
    given = f'<sip:x@a.invalid;transport=ws>;pub-gruu="{public}";temp-gruu="{temporary}";expires=600'
    line.hears(fcc_answer("200 OK", method="REGISTER", Contact=given))
    assert line.why(invite(Contact=f"<{temporary}>", Call_ID="d")) == ""
    assert line.another_socket().why(invite(Contact=f"<{temporary}>", Call_ID="e")) == ""
    # What the registrar gave out is not what it is told.
    assert line.why(message(REGISTER, Contact=f"<{temporary}>")) == "contact"
    assert line.why(message(REGISTER, Contact=f"<{public}>")) == "contact"


# Headers


@pytest.mark.parametrize(
    "header",
    [
        "Answer-Mode: Auto",
        "Priv-Answer-Mode: Auto",
        "P-Asserted-Identity: <sip:40312@acme.fcc.example>",
        "P-Charge-Info: <sip:40318@acme.fcc.example>",
        "P-Access-Network-Info: x",
        "Remote-Party-ID: <sip:40312@acme.fcc.example>",
        "Diversion: <sip:40312@acme.fcc.example>",
        "History-Info: <sip:40312@acme.fcc.example>",
        "Path: <sip:evil.example;lr>",
        "Service-Route: <sip:evil.example;lr>",
        "Join: x;to-tag=a;from-tag=b",
        "Target-Dialog: x;local-tag=a;remote-tag=b",
        "Alert-Info: <http://evil.example/auto-answer>",
        "Call-Info: <http://evil.example>;answer-after=0",
        "Request-Disposition: proxy",
        "d: proxy",
        "Accept-Contact: *",
        "Identity: x",
        "y: x",
        "Reply-To: <sip:x@evil.example>",
        "Geolocation: <sip:x@evil.example>",
        "X-FCC-Bill-To: 40318",
        "Contact : <sip:x@evil.example>",
        "m: <sip:x@evil.example>",
        "Route: <sip:evil.example;lr>",
        "Record-Route: <sip:evil.example;lr>",
        "Via: SIP/2.0/WS b.invalid;branch=z9hG4bK2",
        "Referred-By: <sip:40318@acme.fcc.example>",
        "b: <sip:40318@acme.fcc.example>",
        "Refer-To: <sip:+48600100200@acme.fcc.example>",
        "Replaces: other;to-tag=a;from-tag=b",
        "P-Preferred-Identity: <sip:40318@acme.fcc.example>",
        "Expires: 0\r\nExpires: 1",
        "Content-Type: application/sdp\r\nc: application/x",
        "Max-Forwards: 1",
    ],
)
@pytest.mark.assumed("A49")
@pytest.mark.parametrize("start", ["INVITE", "REGISTER", "within"])
def test_a_header_that_leads_elsewhere_or_names_another_is_refused(line, header, start):
    line.calls()
    made = {
        "INVITE": invite(Call_ID="new"),
        "REGISTER": message(REGISTER),
        "within": within("INVITE"),
    }[start]
    assert line.passes(made.replace(b"call-1", b"call-2").replace(b": new", b": newer"))
    spoiled = made[:-2] + header.encode() + b"\r\n\r\n"
    verdict = line.says(spoiled)
    assert not verdict.forward
    assert verdict.reason in {"header", "route", "identity", "replaces", "contact"}


@pytest.mark.parametrize(
    "credentials",
    [
        'Digest username="40312", realm="a", nonce="b", uri="sip:c", response="d", algorithm=MD5, qop=auth, nc=1',
        'Digest cnonce="e", opaque="f", username="40312"',
        'digest USERNAME = "40312" , realm="a, username=\\"40318\\""',
        'Digest username="40312",realm="a",userhash=false',
    ],
)
def test_credentials_of_the_phones_own_user_are_good(line, credentials):
    assert line.why(message(REGISTER, Authorization=credentials)) == ""
    assert line.why(message(REGISTER, Proxy_Authorization=credentials)) == ""


@pytest.mark.parametrize(
    "credentials",
    [
        'Digest username="40318"',
        'Digest username="40312", username="40318"',
        "Digest username=40312",
        "Digest username*=UTF-8''40318",
        "Digest username=\"40312\", username*=UTF-8''40318",
        'Digest username="40312", userhash=true',
        'Digest username="40312" username="40318"',
        'Digest username="40312", x="y"',
        'Digest username="4\\0312"',
        "Basic NDAzMTg6eA==",
        "Bearer x",
        "Digest",
        "",
        'Digest username="40312',
    ],
)
def test_credentials_of_anybody_else_are_not(line, credentials):
    assert line.why(message(REGISTER, Authorization=credentials)) == "credentials"
    assert line.why(message(REGISTER, Authorization=['Digest username="40312"', credentials])) == "credentials"


def test_a_call_may_be_handed_to_another_of_the_agents_own_calls_only(line):
    line.calls(call_id="a")
    line.hears(fcc_invite(call_id="b"), fcc_invite(call_id="c"))
    assert line.passes(phone_answer("200 OK", call_id="b"))
    for replaces, good in {"b%3Bto-tag%3Dfar%3Bfrom-tag%3Dme": True, "b%3Bfrom-tag%3Dfar%3Bto-tag%3Dme": True}.items():
        refer_to = f"<sip:40318@acme.fcc.example?Replaces={replaces}>"
        assert (line.why(within("REFER", call_id="a", Refer_To=refer_to)) == "") is good
    for replaces in ("c%3Bto-tag%3Dfar%3Bfrom-tag%3Dme", "x%3Bto-tag%3Da%3Bfrom-tag%3Db", "b", "b%3Bto-tag%3Dfar"):
        refer_to = f"<sip:40318@acme.fcc.example?Replaces={replaces}>"
        assert line.why(within("REFER", call_id="a", Refer_To=refer_to)) == "replaces"
    for more in ("?Route=x", "?Replaces=b%3Bto-tag%3Dfar%3Bfrom-tag%3Dme&Route=x", ";method=BYE"):
        refer_to = f"<sip:40318@acme.fcc.example{more}>"
        assert line.why(within("REFER", call_id="a", Refer_To=refer_to)) in {"refer-to", "replaces", "domain"}
    assert line.why(invite(Call_ID="n", Replaces="b;to-tag=far;from-tag=me")) == ""
    assert line.why(within("INVITE", call_id="a", Replaces="b;to-tag=far;from-tag=me")) == "header"


def test_a_call_id_of_the_phones_own_choice_brings_no_header_into_a_call_that_is_handed_on(line):
    line.calls(call_id="a")
    line.calls(call_id="b&P-Asserted-Identity=sip:40318@acme.fcc.example")
    for call_id in ("b&P-Asserted-Identity=sip:40318@acme.fcc.example", "b%26c"):
        replaces = f"{call_id}%3Bto-tag%3Dfar%3Bfrom-tag%3Dme"
        refer_to = f"<sip:40318@acme.fcc.example?Replaces={replaces}>"
        assert line.why(within("REFER", call_id="a", Refer_To=refer_to)) in {"refer-to", "replaces"}


def test_who_hands_a_call_on_says_so_in_its_own_name(line):
    line.calls()
    refer = {"Refer_To": "<sip:40318@acme.fcc.example>"}
    assert line.why(within("REFER", Referred_By="<sip:40312@acme.fcc.example>", **refer)) == ""
    assert line.why(within("REFER", Referred_By="<sip:40318@acme.fcc.example>", **refer)) == "identity"
    assert line.why(within("REFER")) == "refer-to"
    assert line.why(within("REFER", Refer_To=["<sip:1@acme.fcc.example>", "<sip:2@acme.fcc.example>"])) == "header"
    assert line.why(within("REFER", Refer_To="<sip:1@acme.fcc.example>, <sip:2@acme.fcc.example>")) == "unclear"


# Everything else


@pytest.mark.parametrize(
    "target", ["sip:evil.example", "sip:40318@acme.fcc.example", "sip:acme.fcc.example;maddr=10.0.0.9", "sip:10.0.0.1"]
)
def test_nobody_elses_host_is_asked_how_it_is(line, target):
    assert line.why(message(f"OPTIONS {target} SIP/2.0")) in {"domain", "to"}
    assert line.why(message(f"ACK {target} SIP/2.0")) == "no-dialog"
    assert line.why(message("OPTIONS sip:acme.fcc.example SIP/2.0", To="<sip:acme.fcc.example>")) == ""
    assert line.why(message("OPTIONS sip:40312@acme.fcc.example SIP/2.0")) == ""


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER", "CANCEL", "ACK"])
def test_what_belongs_into_a_call_is_nothing_without_one(line, method):
    assert line.why(message(f"{method} sip:fcc@10.0.0.1 SIP/2.0")) == "no-dialog"


@pytest.mark.assumed("A48")
@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/WS evil.example;branch=z9hG4bK1",
        "SIP/2.0/WS a.invalid;branch=z9hG4bK1;maddr=10.0.0.9",
        "SIP/2.0/WS a.invalid;branch=z9hG4bK1;received=10.0.0.9",
        "SIP/2.0/WS a.invalid:5060;branch=z9hG4bK1",
        "SIP/2.0/WS a.invalid;branch=z9hG4bK1, SIP/2.0/WS b.invalid;branch=z9hG4bK2",
        "SIP/2.0/WS a.invalid",
        "",
    ],
)
def test_answers_come_back_to_the_phone(line, via):
    assert line.why(message(REGISTER, Via=via)) == "via"


def test_a_phone_that_answers_in_another_calls_place_is_not_heard(line):
    line.hears(fcc_request("OPTIONS", call_id="o", local=""))
    assert line.why(phone_answer("200 OK", call_id="stolen")) == "stray"
    assert line.why(within("INVITE", call_id="stolen")) == "no-dialog"


def test_a_call_that_rings_is_not_taken_by_the_answer_to_another_request(line):
    elsewhere = FCC_VIA.replace("fcc1", "fcc2")
    line.hears(fcc_invite(), fcc_request("OPTIONS", call_id="in-1", local="", Via=elsewhere))
    for method in ("INVITE", "invite"):
        assert line.why(phone_answer("200 OK", method=method, Via=elsewhere)) == "stray"
    assert line.why(within("INVITE", call_id="in-1")) == "no-dialog"
    line.fence.lead = "over"
    assert not line.guard.stays


def test_addresses_may_have_the_port_of_the_credentials(clock):
    line = Line(
        clock, admission=Admission("s1", AGENT, 3, "sip:40312@acme.fcc.example:5070;transport=ws", "40312", "ws://x")
    )
    own = "<sip:40312@acme.fcc.example:5070>"
    assert line.why(message("REGISTER sip:acme.fcc.example:5070 SIP/2.0", From=f"{own};tag=1", To=own)) == ""
    assert line.why(message("REGISTER sip:acme.fcc.example:5071 SIP/2.0", From=f"{own};tag=1", To=own)) == "domain"


def test_what_needs_no_waiting_passes_at_once_and_teaches_nothing(line):
    line.calls()
    assert line.guard.passes(within("INFO"))
    assert line.guard.passes(within("ACK"))
    assert line.guard.passes(b"\r\n\r\n")
    for data in (invite(Call_ID="n"), within("INVITE"), within("BYE"), message(REGISTER), within("INFO", "sip:x@y")):
        assert not line.guard.passes(data)
    line.hears(fcc_invite())
    assert not line.guard.passes(phone_answer("200 OK"))


def test_the_text_of_a_message_may_be_of_any_length_and_is_not_kept(line):
    before = sip_address._remembered_party.cache_info().currsize
    long = "x" * 60_000
    assert line.why(message(REGISTER, From=f'"{long}" <sip:40312@acme.fcc.example>;tag=1')) == ""
    assert sip_address._remembered_party.cache_info().currsize <= before + 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Contact": ", ".join(["<sip:x@a.invalid>"] * 17)},
        {"Contact": "<sip:x@a.invalid>;q=1" + ";q=1" * 32},
        {"Contact": f"<sip:x@a.invalid{';p' * 33}>"},
        {"Contact": f"<sip:{'x' * 4000}@a.invalid>"},
        {"From": "<sip:40312@acme.fcc.example>;tag=1" + "".join(f";p{i}" for i in range(32))},
        {"Authorization": "Digest " + ", ".join(f"p{i}=1" for i in range(12))},
    ],
    ids=["addresses", "parameters", "in an address", "long", "behind From", "credentials"],
)
def test_what_has_more_parts_than_a_phone_writes_is_not_taken_apart(line, headers, monkeypatch):
    taken_apart = []
    monkeypatch.setattr(sip_address, "_pair", lambda text: taken_apart.append(text) or (text, ""))
    assert line.why(message(REGISTER, **headers)) in {"unclear", "credentials"}
    assert len(taken_apart) < 32


@given(st.text('ab\r\n \t:;<>"\\,=@sipSIP/2.0', max_size=120))
def test_the_guard_says_something_about_every_text(text):
    line = Line(DrivenClock())
    verdict = line.says(text.encode())
    assert verdict.forward or verdict.reason
    line.hears(text.encode())


@given(st.binary(max_size=300))
def test_nothing_that_fcc_sends_breaks_the_guard(data):
    line = Line(DrivenClock())
    for start in (b"INVITE sip:x SIP/2.0\r\n", b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n", b""):
        line.hears(start + data)
