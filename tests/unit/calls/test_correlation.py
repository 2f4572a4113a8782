"""Which of FCC's calls a pane call is: decided, or waiting; never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.calls.correlation import CallStart, PbxCall, correlate, meeting_places, place_of_pane_call, places_of_call
from cti.domain.pane_call import PaneCall

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NUMBER = "+48600100200"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pane_call(name: str = "d", seconds: float = 0, **changes: object) -> PaneCall:
    made = PaneCall(name, "acme", 101, "outbound", NUMBER, at(seconds), at(seconds), sip_call_id=f"sip-{name}")
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def call(calls_id: int = 7, seconds: float = 0, **changes: object) -> PbxCall:
    made = PbxCall(calls_id, "outbound", NUMBER, (CallStart(101, at(seconds)),))
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(("seconds", "decided"), [(0, True), (5, True), (-5, True), (5.1, False), (-5.1, False)])
def test_the_start_must_lie_within_five_seconds(seconds: float, decided: bool) -> None:
    assert (correlate([pane_call()], [call(seconds=seconds)], by_call_id=False) == {"d": 7}) is decided


@pytest.mark.parametrize(
    "other",
    [
        call(number="+48600100201"),
        call(direction="inbound"),
        call(starts=(CallStart(102, START),)),
        call(starts=()),
    ],
    ids=["number", "direction", "user", "no moment"],
)
def test_another_number_direction_or_user_is_another_call(other: PbxCall) -> None:
    assert correlate([pane_call()], [other], by_call_id=False) == {}


def test_a_browser_whose_clock_is_wrong_is_matched_by_when_it_was_heard() -> None:
    assert correlate([pane_call(at=at(-300))], [call()], by_call_id=False) == {"d": 7}


def test_a_moment_belongs_to_the_pane_call_nearest_to_it() -> None:
    near, far = (call(starts=(CallStart(101, START, claimed=timedelta(seconds=off)),)) for off in (0.5, 3))
    assert correlate([pane_call(seconds=2)], [near], by_call_id=False) == {}
    assert correlate([pane_call(seconds=2)], [far], by_call_id=False) == {"d": 7}


def test_two_candidates_on_either_side_wait() -> None:
    assert correlate([pane_call()], [call(7), call(8, 2)], by_call_id=False) == {}
    assert correlate([pane_call("a"), pane_call("b", 2)], [call()], by_call_id=False) == {}


def test_a_call_id_decides_where_fcc_names_it() -> None:
    named = call(8, 200, sip_call_ids=frozenset({"sip-d"}))
    assert correlate([pane_call()], [call(7), named], by_call_id=True) == {"d": 8}
    assert correlate([pane_call()], [call(7), named], by_call_id=False) == {"d": 7}


def test_a_dial_command_fcc_names_decides() -> None:
    assert correlate([pane_call(dial_id="x")], [call(7), call(8, 2, dial_id="x")], by_call_id=False) == {"d": 8}


def test_what_is_named_for_one_pane_call_is_nobody_elses() -> None:
    calls = [call(7, sip_call_ids=frozenset({"sip-a"})), call(8)]
    assert correlate([pane_call("a"), pane_call("b")], calls, by_call_id=True) == {"a": 7, "b": 8}


def test_a_click_without_a_dialog_gives_way_to_one() -> None:
    click = pane_call("click", sip_call_id=None, dial_id="x")
    assert correlate([click, pane_call("d")], [call()], by_call_id=False) == {"d": 7}
    assert correlate([click], [call()], by_call_id=False) == {"click": 7}


pane_calls = st.lists(
    st.builds(
        lambda n, s, user, named: pane_call(
            f"d{n}", s, users_id=user, sip_call_id=f"sip-{n}" if named else None, dial_id=None if named else f"dial-{n}"
        ),
        st.integers(0, 50),
        st.integers(0, 20),
        st.sampled_from([101, 102]),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
calls = st.lists(
    st.builds(
        lambda n, s, user, sip: call(
            n, starts=(CallStart(user, at(s)),), sip_call_ids=frozenset({f"sip-{sip}"} if sip is not None else ())
        ),
        st.integers(1, 50),
        st.integers(0, 20),
        st.sampled_from([101, 102]),
        st.none() | st.integers(0, 50),
    ),
    max_size=6,
    unique_by=lambda each: each.calls_id,
)


@given(pane_calls, calls, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_facts_does_not_decide(
    some: list[PaneCall], others: list[PbxCall], by_call_id: bool, random: object
) -> None:
    decided = correlate(some, others, by_call_id=by_call_id)
    shuffled, mixed = list(some), list(others)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    random.shuffle(mixed)  # type: ignore[attr-defined]  # as above
    assert correlate(shuffled, mixed, by_call_id=by_call_id) == decided


@given(pane_calls, calls)
@settings(max_examples=150, deadline=None)
def test_without_ids_no_call_goes_to_two_pane_calls(some: list[PaneCall], others: list[PbxCall]) -> None:
    decided = list(correlate(some, others, by_call_id=False).values())
    assert len(decided) == len(set(decided))


# -- where to look -----------------------------------------------------------------------------------------------------


def test_pane_calls_of_a_call_are_looked_for_round_its_own_moments() -> None:
    (place,) = places_of_call(call(starts=(CallStart(101, at(40)), CallStart(101, at(44)))))
    assert (place.users_id, place.direction, place.number) == (101, "outbound", NUMBER)
    assert place.seen == (at(40) - timedelta(minutes=5), at(44) + timedelta(hours=4))


def test_each_agent_of_a_call_is_a_place_of_its_own() -> None:
    found = places_of_call(call(starts=(CallStart(101, at(0)), CallStart(102, at(600)))))
    assert {place.users_id: place.since for place in found} == {101: at(0), 102: at(600)}


def test_calls_of_a_pane_call_are_those_that_were_up_when_the_pane_saw_it_and_not_when_it_told() -> None:
    place = place_of_pane_call(pane_call(seen_at=at(7200)))
    assert place.started == (at(0) - timedelta(hours=12), at(7200) + timedelta(hours=4))


def test_a_browser_with_a_calendar_of_its_own_widens_nothing() -> None:
    for wrong in (datetime(1, 1, 1, tzinfo=UTC), START - timedelta(days=4000)):
        assert place_of_pane_call(pane_call(at=wrong, seen_at=START)).since == START - timedelta(hours=4)


def test_moments_at_the_calendars_edge_are_places_too() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)
    (place,) = places_of_call(call(starts=(CallStart(101, first), CallStart(101, last))))
    assert place.since == last - timedelta(hours=12)
    assert place.seen[1] == last
    (alone,) = places_of_call(call(starts=(CallStart(101, first),)))
    assert (alone.seen[0], alone.started[0]) == (first, first)


def test_places_that_touch_are_one_and_places_days_apart_are_not() -> None:
    places = [place_of_pane_call(pane_call(seconds=seconds)) for seconds in (3 * 86_400, 60, 0)]
    assert [(place.since, place.until) for place in meeting_places(places)] == [
        (at(0), at(60)),
        (at(3 * 86_400), at(3 * 86_400)),
    ]
