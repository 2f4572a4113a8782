"""What a Task says about a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.calllog.mapping import UNTIL_IDENTIFIED, changes, is_logged, subject, task_fields
from cti.calllog.placeholders import Closed, Day, Owner, Words
from cti.domain.call import Direction, Leg, Segment, State
from cti.domain.outcome import Outcome
from tests.unit.calllog import support
from tests.unit.calllog.support import ACME, CASE, DEFAULT_USER, JAN, LEAD, PERSON, at, paired


def fields(call, segment=0, pairing=None, language="pl", **more):
    return task_fields(call, call.segments[segment], pairing or paired(), language=language, **more)


@pytest.mark.req("R2")
def test_a_call_that_begins_names_itself_its_agent_and_the_number():
    owner = Owner(tenant="acme", agent=101, default=DEFAULT_USER)
    assert fields(support.outbound(), campaign="Poza kampaniami") == {
        "FCC_Call_Id__c": "acme:1017:0",
        "FCC_Conversation_Id__c": "acme:1017",
        "TaskSubtype": "Call",
        "CallType": "Outbound",
        "CallObject": "1017",
        "Subject": Words(
            words={"pl": "Połączenie wychodzące +48600100200", "en": "Outbound call +48600100200"},
            otherwise="pl",
            owner=owner,
        ),
        "FCC_Started_At__c": "2026-11-22T09:00:00.000+0000",
        "FCC_Number__c": "+48600100200",
        "FCC_Campaign__c": "Poza kampaniami",
        "OwnerId": owner,
        "ActivityDate": Day(at="2026-11-22T09:00:00Z", owner=owner),
    }


@pytest.mark.req("R2")
def test_a_call_that_ended_says_how_and_for_how_long():
    call = support.ended(support.answered(support.inbound()), disconnected_by="customer", cause="16")
    ending = fields(call)
    assert ending["CallDurationInSeconds"] == 60
    assert ending["FCC_Outcome__c"] == ending["CallDisposition"] == "ANSWERED"
    assert ending["FCC_Answered_At__c"] == "2026-11-22T09:00:05.000+0000"
    assert ending["FCC_Ended_At__c"] == "2026-11-22T09:01:05.000+0000"
    assert ending["FCC_Disconnected_By__c"] == "customer"
    assert ending["FCC_Cause__c"] == 16
    assert ending["FCC_Ivr__c"] == "1234"
    assert ending["FCC_Queue__c"] == "Obsługa klienta"
    assert ending["Status"] == Closed()


def test_a_call_that_goes_on_is_not_closed():
    going_on = fields(support.answered(support.outbound()))
    assert not {"Status", "FCC_Outcome__c", "CallDurationInSeconds", "FCC_Ended_At__c", "CallDisposition"} & set(
        going_on
    )


def test_a_call_that_nobody_answered_lasted_no_time():
    assert fields(support.ended(support.outbound(), Outcome.BUSY, talk=None))["CallDurationInSeconds"] == 0


def test_a_call_without_the_exchanges_id_has_no_task():
    with pytest.raises(ValueError):
        fields(support.outbound(calls_id=None))


@pytest.mark.parametrize(
    ("language", "direction", "text"),
    [
        ("pl", Direction.INBOUND, "Połączenie przychodzące +48600100200"),
        ("pl", Direction.INTERNAL, "Połączenie wewnętrzne +48600100200"),
        ("pl", None, "Połączenie +48600100200"),
        ("en_US", Direction.INBOUND, "Inbound call +48600100200"),
        ("en_US", Direction.OUTBOUND, "Outbound call +48600100200"),
    ],
)
def test_the_subject_speaks_polish_or_else_english(language, direction, text):
    assert subject(support.outbound(direction=direction), language) == text


def test_the_subject_waits_until_it_is_known_whose_task_it_is():
    ringing = support.inbound()
    assert "Subject" not in fields(ringing)
    assert fields(support.answered(ringing))["Subject"].owner.agent == 101
    nobody = fields(support.ended(ringing, Outcome.NO_ANSWER), pairing=paired(default_user_id=None), language="en_US")
    assert (nobody["Subject"].otherwise, nobody["Subject"].owner) == ("en", None)


def test_a_withheld_number_is_said_to_be_withheld():
    call = support.answered(support.inbound(number="", withheld=True))
    assert fields(call)["Subject"].words == {
        "pl": "Połączenie przychodzące numer zastrzeżony",
        "en": "Inbound call number withheld",
    }
    assert "FCC_Number__c" not in fields(call)


@pytest.mark.req("R16")
def test_the_owner_of_an_inbound_call_is_open_until_somebody_answers_or_it_ends():
    ringing = support.inbound()
    assert "OwnerId" not in fields(ringing)
    assert fields(support.answered(ringing, agent=103))["OwnerId"].agent == 103
    nobody = fields(support.ended(ringing, Outcome.NO_ANSWER))["OwnerId"]
    assert (nobody.agent, nobody.default) == (None, DEFAULT_USER)
    without_default = fields(support.ended(ringing, Outcome.NO_ANSWER), pairing=paired(default_user_id=None))
    assert "OwnerId" not in without_default


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    ("record", "who", "what"),
    [
        (JAN, JAN.record_id, None),
        (LEAD, LEAD.record_id, None),
        (ACME, None, ACME.record_id),
        (replace(PERSON, contact_id="003P"), "003P", PERSON.record_id),
        (replace(CASE, contact_id="003C"), "003C", CASE.record_id),
    ],
)
def test_who_and_what_follow_the_kind_of_record(record, who, what):
    found = fields(support.related(support.outbound(), record, "clicked"))
    assert (found.get("WhoId"), found.get("WhatId")) == (who, what)


@pytest.mark.parametrize("record", [PERSON, CASE])
def test_a_person_who_is_not_known_yet_is_looked_up_at_delivery(record):
    found = fields(support.related(support.outbound(), record, "clicked"))
    assert found["WhoId"].kind == "who"
    assert found["WhoId"].about.id == record.record_id
    assert found["WhatId"] == record.record_id


def test_nobody_is_named_who_is_hidden_from_the_agent():
    found = fields(support.related(support.outbound(), replace(CASE, contact_hidden=True), "clicked"))
    assert found["WhatId"] == CASE.record_id
    assert not {"WhoId", "FCC_Contact_Name__c", "FCC_Contact_Email__c"} & found.keys()


@pytest.mark.req("R17")
def test_calls_on_other_phones_are_logged_only_where_wanted():
    call = support.ended(support.answered(support.outbound()))
    desk = support.with_segment(call, legs=(replace(call.segments[0].legs[0], on_pane=False),))
    assert is_logged(call, call.segments[0], paired())
    assert not is_logged(desk, desk.segments[0], paired())
    assert is_logged(desk, desk.segments[0], paired(log_other_phones=True))


@pytest.mark.req("R16")
@pytest.mark.assumed("A32")
def test_a_call_that_nobody_took_is_logged_once_it_is_over():
    call = support.with_segment(support.inbound(), legs=())
    assert not is_logged(call, call.segments[0], paired())
    over = support.ended(call, Outcome.NO_ANSWER)
    assert is_logged(over, over.segments[0], paired())


@pytest.mark.req("R13")
def test_nothing_is_logged_while_the_integration_is_off():
    call = support.outbound()
    assert not is_logged(call, call.segments[0], paired(active=False))


@pytest.mark.req("R21")
@pytest.mark.assumed("A31")
def test_only_campaigns_that_are_gathered_are_logged_and_calls_outside_campaigns():
    pairing = paired(campaigns=(2,))
    for campaign, logged in ((2, True), (1, False), (9, True), (None, True)):
        call = support.outbound(campaign_id=campaign)
        assert is_logged(call, call.segments[0], pairing) is logged


def test_a_forgotten_call_is_not_logged():
    call = support.outbound(forgotten=True)
    assert not is_logged(call, call.segments[0], paired())


def test_the_second_segment_is_a_task_of_its_own():
    first = support.ended(support.answered(support.inbound()))
    leg = Leg(users_id=102, state=State.TALKING, on_pane=True)
    second = Segment(index=1, agent_users_id=102, started_at=at(65), answered_at=at(66), legs=(leg,))
    call = replace(first, segments=(*first.segments, second))
    one, two = fields(call, 0), fields(call, 1)
    assert (one["FCC_Call_Id__c"], two["FCC_Call_Id__c"]) == ("acme:2001:0", "acme:2001:1")
    assert one["FCC_Conversation_Id__c"] == two["FCC_Conversation_Id__c"]
    assert (one["OwnerId"].agent, two["OwnerId"].agent) == (101, 102)


def test_long_texts_are_cut_to_what_the_fields_hold():
    call = support.with_segment(support.ended(support.outbound()), disposition="x" * 300)
    assert len(fields(call)["CallDisposition"]) == 255
    assert len(subject(replace(call, number="5" * 400), "pl")) == 255


def test_only_what_changed_is_sent():
    base = fields(support.outbound())
    wanted = fields(support.ended(support.answered(support.outbound())))
    delta = changes(wanted, base, nothing_sent=False)
    assert set(delta) == {
        "FCC_Answered_At__c",
        "FCC_Ended_At__c",
        "FCC_Outcome__c",
        "CallDurationInSeconds",
        "CallDisposition",
        "Status",
    }


def test_what_belongs_to_people_is_not_sent_again_by_itself():
    base = {"Subject": "a", "WhoId": "003A", "OwnerId": "x", "ActivityDate": "2026-11-22", "FCC_Outcome__c": "BUSY"}
    wanted = {"Subject": "b", "WhoId": "003B", "OwnerId": "y", "ActivityDate": "2026-11-23", "FCC_Outcome__c": "FAILED"}
    assert changes(wanted, base, nothing_sent=False) == {"FCC_Outcome__c": "FAILED"}


def test_what_belongs_to_people_is_sent_when_first_known():
    assert changes({"OwnerId": "x", "WhoId": "003A"}, {"Subject": "a"}, nothing_sent=False) == {
        "OwnerId": "x",
        "WhoId": "003A",
    }


def test_the_agents_own_link_is_sent_and_empties_what_it_does_not_fill():
    delta = changes({"WhoId": "003B"}, {"WhatId": "500A"}, nothing_sent=False, by_agent=frozenset({"WhoId", "WhatId"}))
    assert delta == {"WhoId": "003B", "WhatId": None}


def test_the_default_user_gives_way_to_the_agent_who_took_the_call_after_all():
    nobody = Owner(tenant="acme", agent=None, default="005")
    agent = Owner(tenant="acme", agent=101, default="005")
    assert changes({"OwnerId": agent}, {"OwnerId": nobody}, nothing_sent=False) == {"OwnerId": agent}
    assert changes({"OwnerId": nobody}, {"OwnerId": agent}, nothing_sent=False) == {}


def test_the_subtype_is_never_sent_twice():
    assert changes({"TaskSubtype": "Task"}, {"TaskSubtype": "Call"}, nothing_sent=False) == {}


def test_a_recording_is_named_only_where_there_is_one():
    call = support.ended(support.answered(support.outbound()))
    assert "FCC_Recording_Url__c" not in fields(call, recording_url="https://c.example/r/1")
    recorded = support.with_segment(call, recording=True)
    assert fields(recorded, recording_url="https://c.example/r/1")["FCC_Recording_Url__c"] == "https://c.example/r/1"


def test_texts_longer_than_their_fields_are_cut():
    call = support.inbound(ivr="1" * 300, queue="q" * 300)
    told = fields(support.with_segment(call, queue="k" * 300), campaign="c" * 300)
    assert [len(told[name]) for name in ("FCC_Ivr__c", "FCC_Queue__c", "FCC_Campaign__c")] == [255, 255, 255]


UNKNOWN = [
    {"direction": None},
    {"number": ""},
    {"direction": None, "number": "", "own_number": ""},
]


@pytest.mark.parametrize("unknown", UNKNOWN, ids=str)
def test_nothing_that_is_given_once_is_given_before_direction_and_number_are_known(unknown):
    call = support.related(support.answered(support.inbound(**unknown)), JAN, "matched")
    call = support.with_segment(call, note="oddzwoni")
    told = fields(call)
    assert not UNTIL_IDENTIFIED & told.keys()
    assert told["FCC_Call_Id__c"] == "acme:2001:0"
    assert told["FCC_Queue__c"] == "Obsługa klienta"


def test_a_withheld_number_is_as_good_as_a_known_one():
    call = support.answered(support.inbound(number="", withheld=True))
    assert {"Subject", "OwnerId", "ActivityDate"} <= fields(call).keys()


@pytest.mark.parametrize("unknown", UNKNOWN, ids=str)
def test_a_call_that_is_over_says_what_is_known_of_it(unknown):
    told = fields(support.ended(support.answered(support.inbound(**unknown))))
    assert told["Subject"].words["pl"].startswith("Połączenie")
    assert told["OwnerId"].agent == 101


def test_what_waits_and_was_never_sent_may_still_be_another():
    wanted, base = {"Subject": "b", "OwnerId": "y"}, {"Subject": "a", "OwnerId": "x"}
    assert changes(wanted, base, nothing_sent=False, unsent=frozenset({"Subject"})) == {"Subject": "b"}


EDGES = [
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1699, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(4000, 12, 31, 12, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=1))),
]


@pytest.mark.assumed("A70")
@pytest.mark.parametrize("moment", EDGES, ids=lambda moment: moment.isoformat())
def test_a_time_that_is_in_no_calendar_of_salesforces_is_left_out(moment):
    unfit = []
    call = support.with_segment(
        support.ended(support.answered(support.outbound())), started_at=moment, answered_at=moment, ended_at=moment
    )
    told = fields(call, unfit=unfit.append)
    times = {"FCC_Started_At__c", "FCC_Answered_At__c", "FCC_Ended_At__c"}
    assert not times & told.keys()
    assert "ActivityDate" not in told
    assert set(unfit) == times
    assert told["Status"] == Closed()


@pytest.mark.assumed("A70")
def test_the_first_and_the_last_year_of_salesforces_calendar_are_told():
    for year in (1700, 3999):
        call = support.with_segment(support.outbound(), started_at=datetime(year, 1, 1, tzinfo=UTC))
        assert fields(call)["FCC_Started_At__c"] == f"{year}-01-01T00:00:00.000+0000"


@pytest.mark.parametrize(
    ("talk", "told"), [(-3, 0), (0, 0), (2**31 - 1, 2**31 - 1), (2**31, None), (63930934830, None)]
)
def test_a_length_is_one_that_salesforce_can_hold(talk, told):
    unfit = []
    call = support.with_segment(support.ended(support.answered(support.outbound())), talk_seconds=talk)
    assert fields(call, unfit=unfit.append).get("CallDurationInSeconds") == told
    assert unfit == ([] if talk == told else ["CallDurationInSeconds"])


def test_an_address_that_is_too_long_is_left_out_and_a_note_is_cut():
    unfit = []
    call = support.with_segment(support.ended(support.answered(support.outbound())), recording=True, note="n" * 40_000)
    told = fields(call, recording_url="https://c.example/" + "r" * 300, unfit=unfit.append)
    assert "FCC_Recording_Url__c" not in told
    assert len(told["Description"]) == 32_000
    assert set(unfit) == {"FCC_Recording_Url__c", "Description"}


def test_what_no_text_can_carry_is_left_out_of_it():
    call = support.with_segment(support.inbound(ivr="1\x002\ud8003"), queue="Obsługa\u0007 klienta", note="a\nb\tc\x1b")
    told = fields(support.answered(replace(call, number="\0+48600100200")))
    assert (told["FCC_Ivr__c"], told["FCC_Queue__c"], told["Description"]) == (
        "12\ufffd3",
        "Obsługa klienta",
        "a\nb\tc",
    )
    assert told["Subject"].words["pl"] == "Połączenie przychodzące +48600100200"


LENGTHS = {"Description": 32_000, "FCC_Number__c": 40, "FCC_Call_Id__c": 80, "FCC_Conversation_Id__c": 80}
anything = st.text(st.characters(), max_size=300)


@given(
    st.datetimes(timezones=st.timezones()) | st.sampled_from(EDGES),
    st.integers(-(2**70), 2**70) | st.none(),
    anything,
    anything,
)
def test_no_value_leaves_here_that_a_field_would_refuse(moment, talk, text, number):
    call = support.inbound(number=number, ivr=text, queue=text, started_at=moment)
    call = support.with_segment(
        support.ended(support.answered(call)),
        started_at=moment,
        answered_at=moment,
        ended_at=moment,
        talk_seconds=talk,
        queue=text,
        note=text,
        disposition=text,
        disconnected_by=text,
        cause=text,
        recording=True,
    )
    for name, value in fields(call, campaign=text, recording_url=text).items():
        if isinstance(value, str):
            assert len(value) <= LENGTHS.get(name, 255)
            assert value
            value.encode()
            assert "\0" not in value
            if name.endswith("_At__c"):
                assert 1700 <= datetime.fromisoformat(value).year < 4001
        elif isinstance(value, int):
            assert 0 <= value < 2**31
