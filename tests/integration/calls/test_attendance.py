"""Nobody is rung without a phone, and nobody is put out of the queue by a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.domain.presence import Presence, PresenceClass
from cti.pbx.errors import FccRefusedError, FccUnreachableError
from tests.integration.calls.bench import ANNA, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.bench import Bench

NOT_READY = [("anna.nowak", 2)]


def come(bench: Bench) -> None:
    bench.service.panes_present(ANNA, True)
    bench.executor.run()


def go(bench: Bench) -> None:
    bench.clock.advance(20)
    bench.service.panes_present(ANNA, False)
    bench.executor.run()


def ready(bench: Bench) -> None:
    bench.service.set_presence(ANNA, 1)
    bench.exchange.told.clear()


@pytest.mark.req("R32")
def test_signing_in_starts_as_not_ready(bench: Bench) -> None:
    come(bench)
    assert bench.exchange.told == NOT_READY
    assert bench.events(ANNA, "presence")[-1]["presence"]["class"] == "notready"


def test_a_reload_keeps_what_fcc_says(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.clock.advance(10)
    bench.service.tick()
    bench.clock.advance(3)
    come(bench)
    assert bench.exchange.told == []


@pytest.mark.parametrize(("away", "told"), [(9, []), (11, NOT_READY)])
def test_thirty_seconds_without_a_pane_are_a_new_sitting(bench: Bench, away: int, told: list[tuple[str, int]]) -> None:
    come(bench)
    go(bench)
    bench.exchange.present.clear()
    bench.exchange.told.clear()
    bench.clock.advance(away)
    come(bench)
    assert bench.exchange.told == told


def test_a_busy_agent_is_left_busy_at_sign_in(bench: Bench) -> None:
    bench.exchange.present["anna.nowak"] = Presence(3, PresenceClass.BUSY, "Zajęty", bench.clock.now())
    come(bench)
    assert bench.exchange.told == []


def test_the_last_pane_gone_makes_not_ready(bench: Bench) -> None:
    come(bench)
    ready(bench)
    go(bench)
    assert bench.exchange.told == NOT_READY
    bench.service.tick()
    assert bench.exchange.told == NOT_READY


def test_a_pause_is_left_alone_when_the_panes_go(bench: Bench) -> None:
    come(bench)
    bench.service.set_presence(ANNA, 5)
    bench.exchange.told.clear()
    go(bench)
    assert bench.exchange.told == []


def test_while_a_call_is_up_the_agent_is_left_and_told_off_after_it(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.record(bench.fcc("answered", 1, users_id=101))
    go(bench)
    bench.service.tick()
    assert bench.exchange.told == []
    bench.record(bench.fcc("ended", 60, users_id=101, status="ANSWERED"))
    bench.service.tick()
    assert bench.exchange.told == NOT_READY


def test_an_agent_who_came_back_meanwhile_is_not_told_off(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.record(bench.fcc("answered", 1, users_id=101))
    go(bench)
    come(bench)
    bench.record(bench.fcc("ended", 60, users_id=101, status="ANSWERED"))
    bench.service.tick()
    assert bench.exchange.told == []


def test_fcc_being_away_is_tried_again_at_the_next_tick(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.exchange.failure = FccUnreachableError(function="x")
    go(bench)
    assert bench.exchange.told == []
    bench.exchange.failure = None
    bench.service.tick()
    assert bench.exchange.told == NOT_READY


def test_what_fcc_refuses_is_not_tried_for_ever(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.exchange.failure = FccRefusedError(function="x")
    go(bench)
    bench.exchange.failure = None
    bench.service.tick()
    assert bench.exchange.told == []


def test_agents_of_a_process_that_died_are_told_off(bench: Bench) -> None:
    come(bench)
    ready(bench)
    bench.restart()
    bench.clock.advance(30)
    bench.service.tick()
    assert bench.exchange.told == []
    bench.clock.advance(31)
    bench.service.tick()
    assert bench.exchange.told == NOT_READY


def test_agents_with_a_pane_stay_however_long_it_lasts(bench: Bench) -> None:
    come(bench)
    ready(bench)
    for _ in range(30):
        bench.clock.advance(10)
        bench.service.tick()
    assert bench.exchange.told == []
    assert bench.service.agents_present("acme") == [(101, "anna.nowak")]


def test_going_without_having_come_is_nothing(bench: Bench) -> None:
    bench.service.panes_present(PIOTR, False)
    bench.executor.run()
    assert bench.exchange.told == []
