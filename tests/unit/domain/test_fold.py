"""A call is what its facts say, in whatever order and however often they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain.call import Direction, State
from cti.domain.facts import Fact, in_order
from cti.domain.fold import fold
from cti.domain.outcome import Outcome
from cti.domain.record import Claim
from cti.domain.times import iso
from tests.unit.domain.any_facts import any_facts
from tests.unit.domain.facts import (
    ACCOUNT,
    ANNA,
    CASE,
    CUSTOMER,
    PIOTR,
    START,
    agent,
    at,
    checked,
    contact,
    fcc,
    match,
    pane,
    row,
)


def inbound_answered() -> list[Fact]:
    return [
        fcc("created", 0, queue="Obsługa", campaign_id=1, ivr="1234"),
        fcc("ringing", 2, users_id=ANNA),
        fcc("answered", 5, users_id=ANNA),
        fcc("held", 20, users_id=ANNA),
        fcc("resumed", 30, users_id=ANNA),
        fcc("ended", 65, users_id=ANNA, status="ANSWERED", disconnected_by="customer", talk_seconds=60, recording=True),
    ]


def test_an_answered_inbound_call_is_told_whole() -> None:
    call = fold(inbound_answered())
    assert (call.calls_id, call.direction, call.number) == (7, Direction.INBOUND, CUSTOMER)
    assert (call.state, call.outcome, call.outcome_final) == (State.ENDED, Outcome.ANSWERED, True)
    assert (call.started_at, call.answered_at, call.ended_at) == (START, at(5), at(65))
    assert (call.disconnected_by, call.talk_seconds, call.recording) == ("customer", 60, True)
    assert (call.campaign_id, call.queue, call.ivr) == (1, "Obsługa", "1234")
    assert [(s.index, s.agent_users_id) for s in call.segments] == [(0, ANNA)]


def test_the_state_follows_the_call_while_it_is_up() -> None:
    facts = inbound_answered()
    states = [fold(facts[:count]).state for count in range(1, len(facts) + 1)]
    assert states == [State.RINGING, State.RINGING, State.TALKING, State.HELD, State.TALKING, State.ENDED]
    assert fold(facts[:5]).outcome is None
    assert fold(facts[:5]).ended_at is None


def test_an_agents_refusal_ends_the_leg_and_not_the_call() -> None:
    facts = [
        fcc("created", 0),
        fcc("ringing", 1, users_id=ANNA),
        pane("ringing", 1.1),
        pane("ended", 4, sip_status=486, by="agent"),
        fcc("leg-ended", 4, users_id=ANNA, cause="17"),
        fcc("ringing", 6, users_id=PIOTR),
    ]
    call = fold(facts)
    assert call.state is State.RINGING
    assert call.outcome is None
    assert call.segments[0].agent_users_id is None
    anna, piotr = call.leg_of(ANNA), call.leg_of(PIOTR)
    assert anna is not None
    assert anna[1].state is State.ENDED
    assert piotr is not None
    assert piotr[1].state is State.RINGING
    answered = fold([*facts, fcc("answered", 8, users_id=PIOTR)])
    assert answered.segments[0].agent_users_id == PIOTR


def test_an_unanswered_call_belongs_to_nobody() -> None:
    facts = [fcc("created", 0), fcc("ringing", 1, users_id=ANNA), fcc("ended", 30, status="NO ANSWER")]
    call = fold(facts)
    assert call.outcome is Outcome.NO_ANSWER
    assert call.segments[0].agent_users_id is None
    assert call.talk_seconds == 0


def test_a_transfer_to_another_agent_makes_a_second_segment() -> None:
    facts = [
        fcc("created", 0),
        fcc("ringing", 1, users_id=ANNA),
        fcc("answered", 3, users_id=ANNA),
        fcc("leg-ended", 33, users_id=ANNA),
        fcc("ringing", 33, users_id=PIOTR, segment=1),
        fcc("answered", 35, users_id=PIOTR, segment=1),
        fcc("ended", 65, users_id=PIOTR, segment=1, status="ANSWERED", talk_seconds=60),
    ]
    call = fold(facts)
    assert [(s.index, s.agent_users_id, s.outcome) for s in call.segments] == [
        (0, ANNA, Outcome.ANSWERED),
        (1, PIOTR, Outcome.ANSWERED),
    ]
    assert [s.talk_seconds for s in call.segments] == [30, 30]
    assert call.segments[0].ended_at == at(33)
    middle = fold(facts[:5])
    assert middle.state is State.RINGING
    assert middle.segments[0].ended_at == at(33)


def test_the_panes_word_is_provisional_and_fccs_is_final() -> None:
    facts = [
        pane("dialled", 0, direction="outbound"),
        pane("ringing", 1, direction="outbound"),
        pane("ended", 9, direction="outbound", sip_status=486, cause="Q.850;cause=17", by="far"),
    ]
    call = fold(facts)
    assert (call.state, call.outcome, call.outcome_final) == (State.ENDED, Outcome.BUSY, False)
    assert call.calls_id is None
    final = fold([*facts, fcc("ended", 9, direction="outbound", users_id=ANNA, status="NO ANSWER")])
    assert (final.outcome, final.outcome_final) == (Outcome.NO_ANSWER, True)
    assert final.segments[0].agent_users_id == ANNA


def test_a_pane_with_a_slow_clock_does_not_bring_a_call_back() -> None:
    ended = [fcc("ringing", 1, users_id=ANNA), fcc("ended", 10, users_id=ANNA, status="ANSWERED")]
    assert fold([*ended, pane("answered", 300)]).state is State.ENDED


def test_a_pane_alone_moves_its_agents_call() -> None:
    facts = [fcc("created", 0), fcc("ringing", 1, users_id=ANNA), pane("ringing", 1.2), pane("answered", 3)]
    call = fold(facts)
    assert call.state is State.TALKING
    assert call.answered_at == at(3)
    assert call.segments[0].on_pane
    assert fold([*facts, pane("held", 5)]).state is State.HELD
    assert fold([*facts, pane("held", 5), pane("resumed", 7)]).state is State.TALKING
    assert fold([*facts, fcc("held", 5, users_id=ANNA), pane("resumed", 7)]).state is State.TALKING


def test_a_second_ring_of_the_same_agent_is_not_ended_by_the_first() -> None:
    facts = [
        fcc("created", 0),
        fcc("ringing", 1, users_id=ANNA),
        pane("ringing", 1),
        pane("ended", 5, sip_status=480),
        fcc("leg-ended", 5, users_id=ANNA),
        fcc("ringing", 20, users_id=ANNA),
    ]
    found = fold(facts).leg_of(ANNA)
    assert found is not None
    assert found[1].state is State.RINGING
    again = fold([*facts, pane("ringing", 20, sip="sip-2"), pane("answered", 22, sip="sip-2")]).leg_of(ANNA)
    assert again is not None
    assert (again[1].state, again[1].sip_call_id) == (State.TALKING, "sip-2")


def test_the_call_list_alone_is_enough() -> None:
    up = row(5, users_id=ANNA, answered_at=iso(at(4)))
    call = fold([up])
    assert (call.state, call.segments[0].agent_users_id) == (State.TALKING, ANNA)
    over = row(70, users_id=ANNA, answered_at=iso(at(4)), ended_at=iso(at(64)), status="ANSWERED", talk_seconds=60)
    call = fold([up, over])
    assert (call.state, call.outcome, call.talk_seconds) == (State.ENDED, Outcome.ANSWERED, 60)
    assert (call.answered_at, call.ended_at) == (at(4), at(64))
    assert not call.segments[0].on_pane


def test_the_list_changes_nothing_that_webhooks_told() -> None:
    told = inbound_answered()
    listed = row(
        67,
        users_id=ANNA,
        queue="Obsługa",
        campaign_id=1,
        ivr="1234",
        started_at=iso(at(0.001)),
        answered_at=iso(at(5.001)),
        ended_at=iso(at(65.001)),
        status="ANSWERED",
        disconnected_by="customer",
        talk_seconds=59,
        recording=True,
    )
    assert fold([*told, listed]) == fold(told)


def test_the_list_fills_in_for_an_event_that_was_lost() -> None:
    rung = [fcc("created", 0), fcc("ringing", 1, users_id=ANNA)]
    call = fold([*rung, row(15, users_id=ANNA, answered_at=iso(at(4)))])
    assert (call.state, call.answered_at, call.segments[0].agent_users_id) == (State.TALKING, at(4), ANNA)


def test_the_beginning_is_the_earliest_told_when_the_first_event_is_missing() -> None:
    ringing = fcc("ringing", 9, users_id=ANNA, started_at=iso(at(9)))
    assert fold([ringing, row(20, users_id=ANNA)]).started_at == START


def test_a_call_taken_on_a_desk_phone_is_not_on_a_pane() -> None:
    assert not fold(inbound_answered()).segments[0].on_pane


def test_the_clicked_record_beats_the_search_and_the_agents_link_beats_both() -> None:
    clicked = {"record_id": "001000000000001AAA", "object_type": "Account", "name": "ACME"}
    case = {"record_id": "500000000000001AAA", "object_type": "Case", "name": "00001234"}
    base = [fcc("created", 0, users_id=ANNA, direction="outbound"), match(1, contact())]
    related = fold(base).related
    assert related is not None
    assert (related.source, related.name) == ("matched", "Jan Kowalski")
    dialled = agent("dialled", -1, calls_id=None, record=clicked, direction="outbound", number=CUSTOMER)
    readable = [checked(0, clicked["record_id"], clicked), checked(9, case["record_id"], case)]
    related = fold([*base, dialled, *readable]).related
    assert related is not None
    assert (related.source, related.name) == ("clicked", "ACME")
    related = fold([*base, dialled, *readable, agent("related", 9, record=case)]).related
    assert related is not None
    assert (related.source, related.name) == ("linked", "00001234")


def clicked_call(record: dict[str, Any] = ACCOUNT) -> list[Fact]:
    claim = {"record": record, "pairing_id": "acme-1", "sf_user_id": "005A", "dial_id": "d"}
    return [
        agent("dialled", -1, calls_id=None, direction="outbound", number=CUSTOMER, **claim),
        fcc("created", 0, users_id=ANNA, direction="outbound"),
    ]


def test_a_clicked_record_relates_to_nothing_until_it_is_known_that_the_agent_may_read_it() -> None:
    call = fold([*clicked_call(), match(1, contact())])
    assert call.related is None
    assert call.clicked is not None
    assert (call.clicked.record_id, call.clicked.name) == (ACCOUNT["record_id"], "")
    assert call.unchecked == (Claim(ANNA, ACCOUNT["record_id"], "Account", "acme-1", "005A", "d"),)
    granted = fold([*clicked_call(), checked(2, ACCOUNT["record_id"], ACCOUNT | {"name": "ACME Polska"})])
    assert granted.related is not None
    assert granted.related.name == "ACME Polska"
    assert granted.unchecked == ()
    refused = fold([*clicked_call(), match(1, contact()), checked(2, ACCOUNT["record_id"], None)])
    assert (refused.related, refused.unchecked) == (None, ())


def test_what_was_found_out_for_one_agent_is_not_known_for_another() -> None:
    call = fold([*clicked_call(), checked(2, ACCOUNT["record_id"], ACCOUNT, user=PIOTR), match(1, ACCOUNT, user=PIOTR)])
    assert call.related is None
    assert len(call.unchecked) == 1


def test_a_record_that_was_found_as_the_agent_needs_no_check() -> None:
    two = [contact(), contact("003000000000002AAA", "Ewa Nowa")]
    ringing = [fcc("created", 0), fcc("ringing", 1, users_id=ANNA), match(2, *two)]
    word = agent("related", 3, record={"record_id": "003000000000002AAA", "object_type": "Contact"})
    call = fold([*ringing, word])
    assert call.unchecked == ()
    assert call.related is not None
    assert (call.related.source, call.related.name, call.related.record.reason) == ("linked", "Ewa Nowa", "linked")


def test_a_link_to_a_record_that_is_not_checked_or_not_readable_leaves_the_one_before() -> None:
    base = [*inbound_answered(), match(2, contact())]
    word = agent("related", 9, record=CASE, pairing_id="acme-1")
    for more in ([word], [word, checked(10, CASE["record_id"], None)]):
        related = fold([*base, *more]).related
        assert related is not None
        assert related.name == "Jan Kowalski"
    assert [claim.record_id for claim in fold([*base, word]).unchecked] == [CASE["record_id"]]
    granted = fold([*base, word, checked(10, CASE["record_id"], CASE)]).related
    assert granted is not None
    assert granted.name == "00001234"


def test_a_refusal_counts_for_what_was_named_before_it() -> None:
    refused = [*inbound_answered(), agent("related", 9, record=CASE), checked(10, CASE["record_id"], None)]
    assert fold(refused).unchecked == ()
    again = [*refused, agent("related", 20, record=CASE)]
    assert len(fold(again).unchecked) == 1
    assert fold([*again, checked(21, CASE["record_id"], CASE)]).related is not None


def test_only_the_newest_word_of_an_agent_waits_to_be_checked() -> None:
    words = [agent("related", 9 + n, record=CASE | {"record_id": f"50000000000000{n}AAA"}) for n in range(3)]
    assert [claim.record_id for claim in fold([*inbound_answered(), *words]).unchecked] == ["500000000000002AAA"]
    settled = [*inbound_answered(), *words, agent("related", 20, record=None)]
    assert fold(settled).unchecked == ()


def test_an_agent_ties_a_call_to_nothing_although_one_record_was_found() -> None:
    facts = [*inbound_answered(), match(2, contact())]
    assert not fold(facts).last.unlinked
    call = fold([*facts, agent("related", 9, record=None)])
    assert (call.related, call.last.unlinked) == (None, True)


def test_two_matches_are_a_choice_and_no_relation() -> None:
    two = [contact(), contact("003000000000002AAA", "Ewa Nowa")]
    call = fold([fcc("created", 0), fcc("ringing", 1, users_id=ANNA), match(2, *two)])
    assert [record.name for record in call.candidates] == ["Jan Kowalski", "Ewa Nowa"]
    assert call.matched
    assert call.related is None


def test_an_agent_sees_only_what_was_found_as_that_agent() -> None:
    call = fold(
        [
            fcc("created", 0),
            fcc("ringing", 1, users_id=ANNA),
            fcc("ringing", 1, users_id=PIOTR),
            match(2, contact(), user=ANNA),
        ]
    )
    anna, piotr = call.leg_of(ANNA), call.leg_of(PIOTR)
    assert anna is not None
    assert piotr is not None
    assert len(anna[1].candidates) == 1
    assert piotr[1].candidates == ()


def test_note_and_disposition_take_the_last_word() -> None:
    facts = [*inbound_answered(), agent("note", 70, text="stara"), agent("note", 80, text="nowa")]
    call = fold([*facts, agent("disposition", 75, text="Sprzedaż")])
    assert (call.note, call.disposition) == ("nowa", "Sprzedaż")


def test_the_last_settings_of_a_withheld_caller() -> None:
    call = fold([Fact("fcc", "created", START, 7, content={"direction": "inbound", "withheld": True})])
    assert call.withheld
    assert call.number == ""


@pytest.mark.parametrize("change", ["source", "kind", "at", "calls_id", "sip_call_id", "content"])
def test_a_facts_identity_depends_on_everything_it_says(change: str) -> None:
    fact = pane("ringing", 1)
    other = {
        "source": "agent",
        "kind": "answered",
        "at": at(2),
        "calls_id": 8,
        "sip_call_id": "sip-9",
        "content": {**fact.content, "x": 1},
    }[change]
    assert replace(fact, **{change: other}).identity != fact.identity


def test_a_facts_identity_ignores_the_order_of_keys_and_the_zone_of_its_time() -> None:
    from datetime import timedelta, timezone

    fact = fcc("created", 0, queue="Q")
    warsaw = fact.at.astimezone(timezone(timedelta(hours=1)))
    turned = replace(fact, at=warsaw, content=dict(reversed(list(fact.content.items()))))
    assert turned.identity == fact.identity


# -- what is not believed ---------------------------------------------------------------------------------------------


@pytest.mark.assumed("A64")
@pytest.mark.parametrize("kind", ["created", "ringing", "answered", "held", "resumed", "leg-ended"])
@pytest.mark.parametrize("user", [ANNA, PIOTR])
def test_what_is_dated_after_the_end_changes_nothing_of_what_was(kind: str, user: int) -> None:
    told = inbound_answered()
    again = fcc(kind, 70, users_id=user, segment=0 if user == ANNA else 1, cause="19", number="+48600100999")
    assert fold([*told, again]) == fold(told)


@pytest.mark.parametrize("ended_at", [{}, {"ended_at": iso(at(65))}])
def test_an_end_told_again_later_is_no_later_end(ended_at: dict[str, str]) -> None:
    ended = fcc("ended", 65, users_id=ANNA, status="ANSWERED", **ended_at)
    told = [*inbound_answered()[:-1], ended]
    ring = fcc("ringing", 70, users_id=ANNA)
    call = fold([*told, ring, replace(ended, at=at(300))])
    assert call == fold(told)
    assert (call.ended_at, call.talk_seconds, call.segments[0].agent_users_id) == (at(65), 60, ANNA)


def test_a_ring_after_the_end_that_only_the_list_told_changes_nothing() -> None:
    listed = row(66, users_id=ANNA, ended_at=iso(at(65)), status="ANSWERED", talk_seconds=60)
    told = [*inbound_answered()[:3], fcc("leg-ended", 65, users_id=ANNA), listed]
    assert fold([*told, fcc("ringing", 70, users_id=ANNA)]) == fold(told)


def test_a_late_event_still_fills_in_what_nobody_else_said() -> None:
    told = [fcc("created", 0), fcc("ended", 9, status="NO ANSWER")]
    assert fold([*told, fcc("ringing", 20, queue="Obsługa")]).queue == "Obsługa"


def test_an_agent_who_talked_keeps_the_call_though_it_rang_again_in_vain() -> None:
    told = [
        *inbound_answered()[:3],
        fcc("leg-ended", 20, users_id=ANNA, cause="38"),
        fcc("ringing", 25, users_id=ANNA),
    ]
    found = fold(told).leg_of(ANNA)
    assert found is not None
    assert (found[1].state, found[1].answered_at) == (State.RINGING, None)
    call = fold([*told, fcc("ended", 40, status="ANSWERED", disconnected_by="customer")])
    assert (call.segments[0].agent_users_id, call.answered_at) == (ANNA, at(5))


@pytest.mark.parametrize("empty", ["0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1970-01-01T01:00:00+01:00"])
def test_an_empty_date_spelled_as_a_date_is_none(empty: str) -> None:
    ended = fcc("ended", 30, status="NO ANSWER", answered_at=empty, ended_at=empty, started_at=empty)
    for facts in ([fcc("created", 0), ended], [row(30, status="NO ANSWER", answered_at=empty, ended_at=empty)]):
        call = fold(facts)
        assert (call.answered_at, call.ended_at, call.talk_seconds) == (None, at(30), 0)
        assert (call.started_at, call.segments[0].agent_users_id) == (START, None)


@pytest.mark.parametrize("wrong", [at(-60), at(-86400), at(4000)])
def test_a_time_before_the_call_or_after_the_report_is_none(wrong: object) -> None:
    told = {"answered_at": iso(wrong), "ended_at": iso(wrong)}  # type: ignore[arg-type]  # parametrize hides the type
    call = fold([fcc("created", 0), fcc("ended", 65, status="NO ANSWER", **told)])
    assert (call.answered_at, call.ended_at, call.talk_seconds) == (None, at(65), 0)


def test_times_in_whole_seconds_are_not_taken_for_earlier_than_the_beginning() -> None:
    created = fcc("created", 0.4, started_at=iso(at(0.4)))
    call = fold([created, fcc("ended", 10.3, status="ANSWERED", users_id=ANNA, answered_at=iso(at(0)))])
    assert call.answered_at == at(0)


def test_where_events_carry_their_own_time_an_earlier_answer_is_believed() -> None:
    ended = fcc("ended", 65, users_id=ANNA, status="ANSWERED", started_at=iso(at(65)), answered_at=iso(at(5)))
    call = fold([ended])
    assert (call.started_at, call.answered_at, call.talk_seconds) == (at(5), at(5), 60)


@pytest.mark.parametrize("told", [-3, -1, 63930934830, 68])
def test_a_talking_time_that_cannot_be_is_reckoned_instead(told: int) -> None:
    facts = [*inbound_answered()[:-1], fcc("ended", 65, users_id=ANNA, status="ANSWERED", talk_seconds=told)]
    assert fold(facts).talk_seconds == 60
    unanswered = [fcc("created", 0), fcc("ended", 65, status="NO ANSWER", talk_seconds=told)]
    assert fold(unanswered).talk_seconds == 0


def test_who_talked_is_known_though_the_time_of_the_answer_is_not() -> None:
    listed = row(70, users_id=ANNA, status="ANSWERED", answered_at="0001-01-01T00:00:00Z", talk_seconds=60)
    call = fold([listed])
    assert (call.segments[0].agent_users_id, call.talk_seconds, call.answered_at) == (ANNA, 60, None)


def test_a_panes_clock_that_is_ahead_has_no_call_answered_after_its_end() -> None:
    facts = [fcc("created", 0), pane("answered", 300), fcc("ended", 65, users_id=ANNA, status="ANSWERED")]
    call = fold(facts)
    assert (call.answered_at, call.talk_seconds, call.segments[0].agent_users_id) == (at(65), 0, ANNA)


def test_a_report_told_with_an_impossible_time_is_one_however_often_it_comes() -> None:
    first = fcc("held", 20, users_id=ANNA, told_at="2099-01-01T00:00:00+00:00")
    again = replace(first, at=at(40))
    assert first.identity == again.identity
    assert in_order([again, first]) == [first]
    assert fcc("held", 20, users_id=ANNA).identity != first.identity


# -- properties -------------------------------------------------------------------------------------------------------


@given(any_facts, st.randoms(use_true_random=False), st.data())
@settings(max_examples=150, deadline=None)
def test_any_order_and_any_repetition_give_the_same_call(
    facts: list[Fact], random: object, data: st.DataObject
) -> None:
    repeated = [*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=6))] if facts else []
    shuffled = list(repeated)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert fold(shuffled) == fold(facts)


@given(any_facts)
@settings(max_examples=100, deadline=None)
def test_a_call_makes_sense_whatever_the_facts(facts: list[Fact]) -> None:
    call = fold(facts)
    assert call.segments
    assert (call.ended_at is None) or call.state is State.ENDED
    assert (call.outcome is None) or call.state is State.ENDED
    assert [segment.index for segment in call.segments] == list(range(len(call.segments)))
    for segment in call.segments:
        assert segment.talk_seconds is None or 0 <= segment.talk_seconds <= 86400
        if segment.answered_at is not None and segment.ended_at is not None:
            assert segment.answered_at <= segment.ended_at


@given(any_facts)
@settings(max_examples=150, deadline=None)
def test_a_call_relates_only_to_what_salesforce_showed_to_an_agent(facts: list[Fact]) -> None:
    shown = {
        record["record_id"]
        for fact in facts
        for record in [*fact.content.get("candidates", ()), fact.content.get("record")]
        if fact.source == "match" and record is not None
    }
    call = fold(facts)
    for segment in call.segments:
        assert segment.related is None or segment.related.record_id in shown
        assert not (segment.related and segment.unlinked)


@given(any_facts)
@settings(max_examples=50, deadline=None)
def test_what_fcc_ended_stays_ended(facts: list[Fact]) -> None:
    assert fold([*facts, fcc("ended", 91, status="ANSWERED", segment=2)]).state is State.ENDED


@given(any_facts)
@settings(max_examples=50, deadline=None)
def test_the_order_is_total(facts: list[Fact]) -> None:
    ordered = in_order(facts)
    places = [fact.place for fact in ordered]
    assert places == sorted(places)
    assert len(set(places)) == len(ordered)


@given(any_facts, st.data())
@settings(max_examples=100, deadline=None)
def test_nothing_told_again_after_the_end_changes_the_call(facts: list[Fact], data: st.DataObject) -> None:
    """The call as it was when FCC said that it is over, whatever of it comes again with a later date."""
    over = [*facts, fcc("ended", 91, status="ANSWERED", segment=2, talk_seconds=20)]
    told = [fact for fact in over if fact.source == "fcc" and (fact.kind != "ended" or fact is over[-1])]
    again = data.draw(st.lists(st.tuples(st.sampled_from(told), st.integers(min_value=93, max_value=900)), max_size=6))
    assert fold([*over, *(replace(fact, at=at(second)) for fact, second in again)]) == fold(over)
