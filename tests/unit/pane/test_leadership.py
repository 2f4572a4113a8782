"""Which pane holds the phone."""

from __future__ import annotations

import pytest

from cti.pane.leadership import AWAY_S, LEASE_S, RING_S, TAKEN_S, Leadership


@pytest.fixture
def lead() -> Leadership:
    return Leadership(fence=10)


def two(lead: Leadership) -> Leadership:
    lead.join("one", 0, focused=True)
    lead.join("two", 1, focused=True)
    return lead


def test_the_first_pane_leads(lead):
    assert lead.join("one", 0, focused=False)
    assert (lead.leader, lead.fence) == ("one", 11)


def test_a_second_pane_changes_nothing_but_gets_the_pops(lead):
    two(lead)
    assert (lead.leader, lead.fence, lead.pop_target) == ("one", 11, "two")


def test_a_pop_goes_to_the_pane_focused_last(lead):
    two(lead)
    lead.focus("one", 5)
    assert lead.pop_target == "one"
    lead.leave("one", 6, for_good=False)
    assert lead.pop_target == "two"


def test_any_pane_takes_the_phone_over(lead):
    two(lead)
    assert lead.take("two", 5)
    assert (lead.leader, lead.fence) == ("two", 12)
    assert not lead.take("two", 6)
    assert lead.fence == 12


def test_a_stranger_cannot_take_it(lead):
    two(lead)
    assert not lead.take("three", 5)


def test_a_lease_that_is_not_renewed_ends(lead):
    two(lead)
    lead.beat("two", LEASE_S - 1)
    assert not lead.tick(LEASE_S - 0.1)
    assert lead.tick(LEASE_S)
    assert (lead.leader, lead.fence) == ("two", 12)


def test_of_one_pane_so_many_calls_are_followed_and_no_more(lead):
    two(lead)
    for number in range(1000):
        lead.reported("one", f"call {number}", 1, up=True)
    assert len(lead._panes["one"].calls) == 32
    for number in range(1000):
        lead.reported("one", f"call {number}", 1, up=False)
    assert not lead._panes["one"].calls


def test_a_beat_renews_the_lease(lead):
    two(lead)
    lead.beat("one", 20)
    lead.beat("two", 20)
    assert not lead.tick(LEASE_S + 15)
    assert lead.leader == "one"


def test_a_lone_pane_keeps_the_phone_however_slow_it_is(lead):
    lead.join("one", 0, focused=True)
    assert not lead.tick(10 * LEASE_S)
    assert (lead.leader, lead.fence) == ("one", 11)


def test_a_closed_page_loses_the_phone_at_once(lead):
    two(lead)
    assert lead.leave("one", 5, for_good=True)
    assert lead.leader == "two"


def test_a_broken_socket_may_come_back(lead):
    two(lead)
    assert not lead.leave("one", 5, for_good=False)
    assert not lead.join("one", 5 + AWAY_S - 1, focused=False)
    assert not lead.tick(20)
    assert (lead.leader, lead.fence) == ("one", 11)


def test_a_broken_socket_that_stays_away_loses_the_phone(lead):
    two(lead)
    lead.leave("one", 5, for_good=False)
    assert lead.tick(5 + AWAY_S)
    assert lead.leader == "two"


def test_a_pane_with_a_call_is_given_the_whole_lease(lead):
    two(lead)
    lead.reported("one", "call", 4, up=True)
    lead.leave("one", 5, for_good=False)
    lead.beat("two", 20)
    assert not lead.tick(5 + AWAY_S)
    assert lead.tick(4 + LEASE_S)
    assert lead.leader == "two"


def test_a_pane_whose_call_ends_while_it_is_away_is_not_waited_for_any_longer(lead):
    two(lead)
    lead.reported("one", "call", 4, up=True)
    lead.reported("one", "another", 4, up=True)
    lead.leave("one", 5, for_good=False)
    lead.call_over("another")
    assert not lead.tick(5 + AWAY_S)
    lead.call_over("call")
    assert lead.due == 5 + AWAY_S
    assert lead.tick(5 + AWAY_S + 1)
    assert lead.leader == "two"


def test_a_pane_whose_call_ends_as_soon_as_it_is_away_has_the_time_of_any_to_come_back(lead):
    two(lead)
    lead.reported("one", "call", 4, up=True)
    lead.leave("one", 5, for_good=False)
    lead.call_over("call")
    assert not lead.tick(5 + AWAY_S - 0.1)
    assert not lead.join("one", 5 + AWAY_S - 0.1, focused=False)
    assert lead.leader == "one"


def test_a_ring_that_the_leader_does_not_hear_moves_the_phone(lead):
    two(lead)
    lead.ring("call", 10)
    assert not lead.tick(10 + RING_S - 0.1)
    assert lead.tick(10 + RING_S)
    assert lead.leader == "two"


def test_a_ring_that_is_not_heard_yet_leaves_the_phone_where_a_person_just_took_it(lead):
    two(lead)
    lead.reported("one", "sip", 1, up=True)
    lead.ring("call", 8)
    lead.take("two", 8.2)
    lead.focus("one", 8.4)
    lead.ring("call", 8.5)
    assert not lead.tick(8.5 + RING_S)
    lead.ring("call", 12)
    assert not lead.tick(12 + RING_S)
    assert lead.leader == "two"


def test_a_phone_that_hears_nothing_long_after_it_was_taken_is_not_kept(lead):
    two(lead)
    lead.take("two", 8)
    lead.beat("one", 8 + TAKEN_S)
    lead.ring("call", 8 + TAKEN_S)
    assert lead.tick(8 + TAKEN_S + RING_S)
    assert lead.leader == "one"


def test_a_ring_that_is_heard_moves_nothing(lead):
    two(lead)
    lead.ring("call", 10)
    lead.reported("one", "sip", 10.4, up=True)
    assert not lead.tick(12)
    assert lead.leader == "one"


def test_a_ring_heard_before_the_server_knew_of_it_moves_nothing(lead):
    two(lead)
    lead.reported("one", "sip", 9.8, up=True)
    lead.ring("call", 10)
    assert not lead.tick(12)


def test_a_ring_that_is_over_in_time_moves_nothing(lead):
    two(lead)
    lead.ring("call", 10)
    lead.ring_over("call")
    assert not lead.tick(12)


def test_a_leader_in_a_call_keeps_the_phone_when_another_call_rings(lead):
    two(lead)
    lead.reported("one", "sip", 1, up=True)
    lead.ring("second", 20)
    assert not lead.tick(22)
    assert lead.leader == "one"


def test_a_report_of_another_pane_is_no_sign_of_the_leader(lead):
    two(lead)
    lead.ring("call", 10)
    lead.reported("two", "sip", 10.4, up=True)
    assert lead.tick(11)


def test_due_names_the_next_moment(lead):
    assert lead.due is None
    two(lead)
    assert lead.due == LEASE_S
    lead.ring("call", 10)
    assert lead.due == 10 + RING_S


def test_the_lead_goes_to_a_pane_that_is_alive(lead):
    lead.join("one", 0, focused=True)
    lead.join("frozen", 1, focused=True)
    lead.join("alive", 2, focused=False)
    lead.beat("one", 31)
    lead.beat("alive", 40)
    lead.leave("one", 41, for_good=True)
    assert lead.leader == "alive"
