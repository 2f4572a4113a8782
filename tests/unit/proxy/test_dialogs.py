"""Which calls the relay knows: those that FCC made known, and what may be said in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.proxy.phones import Phones
from tests.unit.proxy.speaking import (
    ADMISSION,
    FCC,
    FCC_VIA,
    PREMIUM,
    VIA,
    Line,
    Stored,
    fcc_answer,
    fcc_invite,
    fcc_request,
    invite,
    message,
    phone_answer,
    within,
)

IN_CALL = ("INVITE", "BYE", "INFO", "UPDATE", "ACK", "PRACK", "OPTIONS", "NOTIFY")


@pytest.fixture
def line(clock) -> Line:
    return Line(clock)


@pytest.mark.parametrize("answer", ["200 OK", "180 Ringing"])
@pytest.mark.parametrize("method", IN_CALL)
def test_in_a_call_that_fcc_answered_the_phone_goes_on(line, answer, method):
    assert line.passes(invite(Call_ID="out-1"))
    line.hears(fcc_answer(answer))
    assert line.why(within(method)) == ""


@pytest.mark.parametrize("method", IN_CALL)
def test_in_a_call_that_the_phone_took_it_goes_on(line, method):
    line.is_called()
    assert line.why(within(method, call_id="in-1")) == ""


@pytest.mark.parametrize("method", [*IN_CALL, "REFER"])
@pytest.mark.parametrize("number", ["+48600100200", PREMIUM])
def test_a_call_that_nobody_knows_is_answered_481(line, method, number):
    expected = "" if method == "ACK" else "SIP/2.0 481 Call/Transaction Does Not Exist"
    verdict = line.says(
        within(
            method,
            f"sip:{number}@acme.fcc.example",
            Refer_To="<sip:40318@acme.fcc.example>" if method == "REFER" else None,
        )
    )
    assert not verdict.forward
    assert verdict.reason == "no-dialog"
    assert verdict.answer.split("\r\n")[0] == expected
    assert line.rules.asked == []


def test_a_message_behind_a_keep_alive_teaches_as_well(line):
    assert line.passes(invite(Call_ID="out-1"))
    line.hears(b"\r\n\r\n" + fcc_answer("200 OK"), b"\r\n" + fcc_request("OPTIONS", call_id="o", local=""))
    assert line.why(within("BYE")) == ""
    assert line.why(phone_answer("200 OK", call_id="o", method="OPTIONS")) == ""


def test_the_phone_teaches_no_call(line):
    answer = phone_answer("200 OK", call_id="made-up")
    assert line.why(answer) == "stray"
    assert line.why(within("INVITE", f"sip:{PREMIUM}@acme.fcc.example", call_id="made-up")) == "no-dialog"


def test_an_invite_alone_makes_no_call(line):
    assert line.passes(invite(Call_ID="out-1"))
    assert line.why(within("INVITE", remote="made-up")) == "no-dialog"
    assert line.why(within("BYE", remote="made-up")) == "no-dialog"


@pytest.mark.parametrize("status", ["100 Trying", "403 Forbidden", "407 Proxy Authentication Required", "302 Moved"])
def test_only_a_ring_or_an_answer_of_fccs_makes_a_call(line, status):
    assert line.passes(invite(Call_ID="out-1"))
    line.hears(fcc_answer(status))
    assert line.why(within("INVITE")) == "no-dialog"


def test_an_invite_that_was_refused_here_is_no_call_whatever_fcc_answers(line):
    assert line.why(invite(PREMIUM, Call_ID="out-1")) == "dial"
    line.hears(fcc_answer("200 OK"))
    assert line.why(within("INVITE")) == "no-dialog"


@pytest.mark.parametrize("changed", [{"remote": "other"}, {"local": "other"}, {"call_id": "other"}])
def test_call_id_and_both_tags_have_to_fit(line, changed):
    line.calls()
    assert line.why(within("INVITE", **changed)) == "no-dialog"


def test_calls_are_told_apart_by_agent(clock):
    line = Line(clock)
    line.calls()
    agent = replace(ADMISSION.agent, fcc_user_id=102)
    other = Line(clock, phones=line.phones)
    other.guard._phone = other.guard._dialogs = None
    stranger = line.phones.of(agent.audience)
    assert stranger.dialogs.find("out-1", "me", "far") is None


@pytest.mark.assumed("A50")
def test_in_a_call_the_request_goes_where_fcc_said(line):
    line.calls()
    for target in (
        f"sip:{PREMIUM}@10.0.0.1:5060;transport=ws",
        "sip:fcc@10.0.0.2:5060;transport=ws",
        "sip:fcc@10.0.0.1",
    ):
        assert line.why(within("INVITE", target)) == "target"
        assert line.why(within("BYE", target)) == "target"


def test_an_address_that_is_spelled_otherwise_is_the_same(line):
    line.calls(contact="<sip:%66cc@PBX.example;Transport=WS;lr>")
    assert line.why(within("INVITE", "sip:fcc@pbx.example;lr;transport=ws")) == ""


@pytest.mark.parametrize(
    "teaching",
    [
        fcc_request("INVITE", Contact="<sip:moved@10.0.0.9>"),
        fcc_request("UPDATE", Contact="<sip:moved@10.0.0.9>"),
        fcc_answer("200 OK", Contact="<sip:moved@10.0.0.9>"),
        fcc_answer("200 OK", method="UPDATE", Contact="<sip:moved@10.0.0.9>"),
    ],
    ids=["re-INVITE", "UPDATE", "answer to re-INVITE", "answer to UPDATE"],
)
def test_fcc_may_name_another_address_in_a_call(line, teaching):
    line.calls()
    assert line.why(within("BYE", "sip:moved@10.0.0.9")) == "target"
    line.hears(teaching)
    assert line.why(within("INFO", "sip:moved@10.0.0.9")) == ""
    # What was on its way meanwhile may still go to the old one.
    assert line.why(within("INFO")) == ""


def test_a_call_of_another_tag_moves_nothing(line):
    line.calls()
    line.hears(fcc_request("INVITE", remote="other", Contact="<sip:moved@10.0.0.9>"))
    assert line.why(within("BYE", "sip:moved@10.0.0.9")) == "target"


def test_each_fork_of_a_call_is_known_by_its_own_tag(line):
    line.calls(answered=False)
    line.hears(fcc_answer("200 OK", remote="fork", Contact="<sip:fork@10.0.0.3>"))
    assert line.why(within("BYE", "sip:fork@10.0.0.3", remote="fork")) == ""
    assert line.why(within("PRACK")) == ""
    assert line.why(within("PRACK", "sip:fork@10.0.0.3")) == "target"


def test_the_route_of_a_call_is_the_one_fcc_recorded(line):
    routes = ["<sip:edge.fcc.example;lr>", "<sip:core.fcc.example;lr;ftag=me>"]
    line.calls(Record_Route=routes)
    line.is_called(Record_Route=routes)
    assert line.why(within("BYE", Route=["<sip:evil.example;lr>"])) == "route"
    assert line.why(within("BYE", Route=routes)) == "route"
    assert line.why(within("BYE", Route=[*routes[::-1], "<sip:evil.example;lr>"])) == "route"
    assert line.why(within("INFO", call_id="in-1", Route=", ".join(routes))) == ""
    assert line.why(within("BYE", Route=routes[::-1])) == ""


def test_the_phone_answers_with_fccs_own_route(line):
    line.hears(fcc_invite(Record_Route="<sip:edge.fcc.example;lr>"))
    assert line.why(phone_answer("200 OK", Record_Route="<sip:evil.example;lr>")) == "route"
    assert line.why(phone_answer("200 OK", Record_Route="<sip:edge.fcc.example;lr>")) == ""


def test_who_speaks_in_a_call_stays_who_it_was(line):
    line.calls()
    assert line.why(within("INVITE", From="<sip:40318@acme.fcc.example>;tag=me")) == "from"
    assert line.why(within("BYE", From="<sip:40318@acme.fcc.example>;tag=me")) == "from"


def test_a_call_to_a_queue_is_spoken_in_as_the_queue(line):
    line.is_called(To="<sip:queue1@acme.fcc.example;user=phone>")
    hold = within("INVITE", call_id="in-1", From="<sip:queue1@acme.fcc.example;user=phone>;tag=me")
    assert line.why(hold) == ""


FAR = (
    "<sip:+48600100200;cpc=ordinary@acme.fcc.example;user=phone>",
    '"Jan "Kowalski"" <sip:+48600100200@acme.fcc.example>',
    "Kowalski, Jan <sip:anonymous@anonymous.invalid>",
    "<tel:+48600100200;phone-context=+48>",
    '"<<>>" <sip:x y@z>',
    "<sip:" + "9" * 2000 + "@acme.fcc.example>",
    "sip:+48600100200@acme.fcc.example",
)


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_how_fcc_writes_the_far_side_decides_nothing(line, far, method):
    line.is_called(From=f"{far};tag=far")
    assert line.why(within(method, call_id="in-1", To=f"{far};tag=far")) == ""


@pytest.mark.parametrize(
    ("fcc", "phone"),
    [
        ("Kowalski, Jan <sip:+48600100200@acme.fcc.example>", '"Kowalski, Jan" <sip:+48600100200@acme.fcc.example>'),
        ('"Jan "Kowalski"" <sip:+48600100200@acme.fcc.example>', '"Jan Kowalski" <sip:+48600100200@acme.fcc.example>'),
        ("<tel:+48600100200;phone-context=+48>", "<sip:%2B48600100200@unreadable.invalid>"),
        ("Ż <sip:+48600100200@acme.fcc.example>", '"Ż" <sip:+48600100200@acme.fcc.example>'),
    ],
)
def test_a_phone_may_write_the_far_side_as_it_can_read_it(line, fcc, phone):
    line.hears(fcc_invite(From=f"{fcc};tag=far"))
    assert line.why(phone_answer("200 OK", From=f"{phone};tag=far")) == ""
    assert line.why(within("BYE", call_id="in-1", To=f"{phone};tag=far")) == ""


@pytest.mark.parametrize("own", FAR)
def test_how_fcc_writes_the_phones_own_side_decides_nothing(line, own):
    line.is_called(To=own)
    assert line.why(within("BYE", call_id="in-1", From=f"{own};tag=me")) == ""


def test_after_a_call_only_its_end_may_be_repeated(line, clock):
    line.calls()
    assert line.why(within("BYE")) == ""
    assert line.why(within("INVITE")) == "no-dialog"
    assert line.why(within("UPDATE")) == "no-dialog"
    assert line.why(within("BYE", Proxy_Authorization='Digest username="40312", response="0"')) == ""
    clock.advance(65)
    assert line.why(within("BYE")) == "no-dialog"


def test_fccs_bye_ends_a_call_too(line):
    line.calls()
    line.hears(fcc_request("BYE"))
    assert line.why(within("INVITE")) == "no-dialog"


def test_a_call_that_fcc_withdrew_is_no_call(line):
    line.is_called(answered=False)
    line.hears(fcc_request("CANCEL", call_id="in-1", local=""))
    assert line.why(within("INVITE", call_id="in-1")) == "no-dialog"


def test_a_refused_change_leaves_a_call_as_it_is(line):
    line.calls()
    for status in ("488 Not Acceptable Here", "491 Request Pending", "401 Unauthorized", "500 Server Error"):
        line.hears(fcc_answer(status))
    assert line.why(within("INVITE")) == ""


def test_the_end_of_a_refused_invite_goes_where_the_invite_went(line):
    assert line.passes(invite(Call_ID="out-1"))
    line.hears(fcc_answer("486 Busy Here"))
    assert line.why(within("ACK", "sip:+48600100200@acme.fcc.example")) == ""
    assert line.why(within("ACK", f"sip:{PREMIUM}@acme.fcc.example")) == "target"
    assert line.why(within("ACK", "sip:x@evil.example")) == "target"
    assert line.why(within("BYE", "sip:+48600100200@acme.fcc.example")) == "no-dialog"


def test_a_call_is_given_up_where_it_went(line):
    assert line.passes(invite(Call_ID="out-1"))

    def cancel(number="+48600100200", **headers):
        headers.setdefault("Call_ID", "out-1")
        return message(
            f"CANCEL sip:{number}@acme.fcc.example SIP/2.0", To=f"<sip:{number}@acme.fcc.example>", **headers
        )

    assert line.why(cancel()) == ""
    assert line.why(cancel(PREMIUM)) == "target"
    assert line.why(cancel(Call_ID="other")) == "no-dialog"
    assert line.why(cancel(From="<sip:40312@acme.fcc.example>;tag=other")) == "no-dialog"
    assert line.why(cancel(Route="<sip:evil.example;lr>")) == "route"


def test_calls_outlive_a_socket(line):
    line.calls()
    assert line.another_socket().why(within("INVITE")) == ""


@pytest.mark.parametrize("way", ["out", "in"])
@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("method", [*IN_CALL, "REFER"])
def test_a_connector_that_was_restarted_knows_the_calls(line, way, answered, method):
    if way == "out":
        line.calls(answered=answered)
    else:
        line.is_called(answered=answered)
    refer_to = "<sip:40318@acme.fcc.example>" if method == "REFER" else None
    assert line.restart().why(within(method, call_id=f"{way}-1", Refer_To=refer_to)) == ""


@pytest.mark.parametrize("lead", ["present", "away", "over"])
def test_an_ack_that_is_said_again_after_a_restart_passes_where_the_call_is_known(line, lead):
    line.calls()
    line.calls(call_id="out-2")
    assert line.why(within("BYE", call_id="out-2")) == ""
    after = line.restart()
    after.fence.lead = lead
    for _ in range(3):
        again = within("ACK", Via=f"{VIA}-ack7")
        assert after.guard.passes(again)
        assert after.why(again) == ""
        after.hears(fcc_answer("200 OK"))
    assert after.why(within("ACK", f"sip:{PREMIUM}@acme.fcc.example")) == "target"
    assert after.why(within("ACK", From="<sip:40318@acme.fcc.example>;tag=me")) == "from"
    assert after.why(within("ACK", call_id="out-2")) == "no-dialog"
    assert after.why(within("ACK", call_id="out-3")) == "no-dialog"


def test_a_restart_while_it_rings_leaves_the_answer_to_the_phone(line):
    line.hears(fcc_invite())
    after = line.restart()
    assert after.why(phone_answer("200 OK", Via="SIP/2.0/WS 10.0.0.1:5060;branch=z9hG4bKother")) == "stray"
    assert after.why(phone_answer("200 OK")) == ""
    assert after.why(within("INVITE", call_id="in-1")) == ""


def test_a_restart_while_the_far_side_rings_leaves_the_end_to_the_phone(line):
    assert line.passes(invite(Call_ID="out-1"))
    after = line.restart()
    to = "<sip:+48600100200@acme.fcc.example>"
    assert after.why(message("CANCEL sip:+48600100200@acme.fcc.example SIP/2.0", Call_ID="out-1", To=to)) == ""
    after.hears(fcc_answer("200 OK"))
    assert after.why(within("ACK")) == ""


def test_what_is_over_is_forgotten_in_the_database_too(line):
    line.calls()
    line.is_called()
    assert {dialog.stage for dialog in line.stored.of("p1:101")} == {"asked", "offered", "confirmed"}
    assert line.why(within("BYE")) == ""
    line.hears(fcc_request("BYE", call_id="in-1"))
    assert line.stored.rows == {}
    assert line.restart().why(within("INVITE")) == "no-dialog"


@pytest.mark.assumed("A51")
def test_a_call_is_forgotten_after_a_day(line, clock):
    line.calls()
    clock.advance(24 * 3600 - 1)
    assert line.restart().why(within("INVITE")) == ""
    clock.advance(2)
    assert line.why(within("INVITE")) == "no-dialog"
    assert line.restart().why(within("INVITE")) == "no-dialog"


def test_no_agent_is_remembered_without_end(line):
    line.calls(call_id="up")
    for number in range(200):
        line.hears(fcc_invite(call_id=f"in-{number}"))
    assert len(line.guard._dialogs._known) == 64
    assert len(line.stored.rows) == 64
    # What is up is forgotten last.
    assert line.why(within("INVITE", call_id="up")) == ""


@pytest.mark.parametrize(
    "broken",
    [
        fcc_invite(From="<sip:x@y>"),
        fcc_invite(Contact=f"<sip:{'x' * 2000}@10.0.0.1>"),
        fcc_invite(call_id="x\x00y"),
        b"INVITE \r\n\r\n",
        b"SIP/2.0 nonsense\r\nCSeq: 1 INVITE\r\n\r\n",
    ],
)
def test_what_cannot_be_learned_is_counted_and_nothing_breaks(line, broken):
    line.hears(broken)
    assert line.unread == 1
    assert line.stored.rows == {}


def test_a_database_that_is_away_stops_no_call(line):
    line.stored.down = OSError("away")
    line.calls()
    assert line.why(within("INVITE")) == ""
    assert line.stored.rows == {}
    line.stored.down = None
    line.phones.save_soon()
    assert line.restart().why(within("INVITE")) == ""


def test_calls_that_change_while_the_service_ends_are_written_at_its_end(clock):
    def refuse(_save):
        raise RuntimeError("cannot schedule new futures after shutdown")

    stored = Stored()
    line = Line(clock, phones=Phones(stored, clock, run_soon=refuse), stored=stored)
    line.calls()
    assert stored.rows == {}
    line.phones.save()
    assert line.restart().why(within("INVITE")) == ""


def test_old_rows_are_deleted_once_an_hour(line, clock):
    line.calls()
    first = line.stored.forgotten_before
    assert first is not None
    line.calls(call_id="out-2")
    assert line.stored.forgotten_before == first
    clock.advance(3601)
    line.calls(call_id="out-3")
    assert line.stored.forgotten_before > first


def test_calls_that_change_nothing_are_not_written_again(line):
    line.calls()
    before = line.stored.writes
    line.hears(fcc_answer("200 OK"), fcc_answer("200 OK"), fcc_request("INVITE"))
    assert line.why(within("INVITE")) == ""
    assert line.stored.writes == before


def test_fcc_is_listened_to_without_reading_all_it_says(line):
    teaches = line.guard.learner.teaches
    assert teaches(fcc_answer("200 OK"))
    assert teaches(fcc_invite())
    assert teaches(fcc_request("BYE"))
    assert not teaches(fcc_answer("200 OK", method="OPTIONS"))
    assert not teaches(fcc_answer("200 OK", method="REGISTER"))
    assert not teaches(fcc_request("OPTIONS"))
    assert teaches(b"\r\n" + fcc_invite())
    assert teaches(fcc_answer("200 OK", method="REGISTER", Contact='<sip:a@b>;pub-gruu="sip:a@b;gr=1"'))


def test_answers_are_only_given_to_what_fcc_asked(line):
    line.hears(fcc_request("OPTIONS", call_id="o-1", local=""))
    answer = phone_answer("200 OK", call_id="o-1", method="OPTIONS")
    assert line.why(answer) == ""
    elsewhere = phone_answer("200 OK", call_id="o-1", method="OPTIONS", Via="SIP/2.0/WS 10.0.0.1;branch=z9hG4bKx")
    assert line.why(elsewhere) == "stray"
    longer = phone_answer(
        "200 OK",
        call_id="o-1",
        method="OPTIONS",
        Via=["SIP/2.0/WS 10.0.0.1:5060;branch=z9hG4bKfcc1", "SIP/2.0/UDP evil.example;branch=z9hG4bKe"],
    )
    assert line.why(longer) == "stray"


def test_each_of_many_requests_that_came_at_once_is_answered(line):
    vias = [f"{FCC_VIA}{number}" for number in range(40)]
    line.hears(*[fcc_request("OPTIONS", call_id="o-1", local="", Via=via) for via in vias])
    assert {line.why(phone_answer("200 OK", call_id="o-1", method="OPTIONS", Via=via)) for via in vias} == {""}


@pytest.mark.parametrize("length", [10, 5000])
def test_a_request_is_answered_whatever_fcc_asked_since(line, length):
    line.hears(fcc_request("OPTIONS", call_id="o-1", local="", Subject="x" * length))
    line.hears(*[fcc_request("OPTIONS", call_id=f"p-{number}", local="") for number in range(63)])
    for call_id in ("p-62", "o-1", "p-0", "o-1"):
        assert line.why(phone_answer("200 OK", call_id=call_id, method="OPTIONS")) == ""


def test_what_fcc_asks_is_not_remembered_without_end(line):
    line.hears(*[fcc_request("OPTIONS", call_id=f"p-{number}", local="") for number in range(200)])
    assert line.why(phone_answer("200 OK", call_id="p-0", method="OPTIONS")) == "stray"
    assert line.why(phone_answer("200 OK", call_id="p-199", method="OPTIONS")) == ""
    assert len(line.phones.of("p1:101").heard._unread) == 63


def test_a_request_is_answered_however_fcc_spaces_its_cseq(line):
    for spaced in (b"CSeq:\t11  INVITE", b"CSeq: 11\tINVITE", b"CSeq: 11\r\n INVITE"):
        line.hears(fcc_invite().replace(b"CSeq: 11 INVITE", spaced))
        assert line.why(phone_answer("180 Ringing")) == ""


def test_fcc_stays_where_it_was_asked(line):
    line.calls()
    assert line.why(within("INFO", FCC)) == ""
