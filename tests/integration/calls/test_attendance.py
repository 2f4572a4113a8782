"""Nobody is rung without a phone, and nobody is put out of the queue by a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.domain.presence import Presence, PresenceClass
from cti.pbx.errors import FccRefusedError, FccUnreachableError
from tests.integration.calls.rig import ANNA, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig

NOT_READY = [("anna.nowak", 2)]


def come(rig: Rig) -> None:
    rig.service.panes_present(ANNA, True)
    rig.executor.run()


def go(rig: Rig) -> None:
    rig.clock.advance(20)
    rig.service.panes_present(ANNA, False)
    rig.executor.run()


def ready(rig: Rig) -> None:
    rig.service.set_presence(ANNA, 1)
    rig.exchange.told.clear()


@pytest.mark.req("R32")
def test_signing_in_starts_as_not_ready(rig: Rig) -> None:
    come(rig)
    assert rig.exchange.told == NOT_READY
    assert rig.events(ANNA, "presence")[-1]["presence"]["class"] == "notready"


def test_a_reload_keeps_what_fcc_says(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.clock.advance(10)
    rig.room.upkeep.tick()
    rig.clock.advance(3)
    come(rig)
    assert rig.exchange.told == []


@pytest.mark.parametrize(("away", "told"), [(9, []), (11, NOT_READY)])
def test_thirty_seconds_without_a_pane_are_a_new_sitting(rig: Rig, away: int, told: list[tuple[str, int]]) -> None:
    come(rig)
    go(rig)
    rig.exchange.present.clear()
    rig.exchange.told.clear()
    rig.clock.advance(away)
    come(rig)
    assert rig.exchange.told == told


def test_a_busy_agent_is_left_busy_at_sign_in(rig: Rig) -> None:
    rig.exchange.present["anna.nowak"] = Presence(3, PresenceClass.BUSY, "Zajęty", rig.clock.now())
    come(rig)
    assert rig.exchange.told == []


def test_the_last_pane_gone_makes_not_ready(rig: Rig) -> None:
    come(rig)
    ready(rig)
    go(rig)
    assert rig.exchange.told == NOT_READY
    rig.room.upkeep.tick()
    assert rig.exchange.told == NOT_READY


def test_a_pause_is_left_alone_when_the_panes_go(rig: Rig) -> None:
    come(rig)
    rig.service.set_presence(ANNA, 5)
    rig.exchange.told.clear()
    go(rig)
    assert rig.exchange.told == []


def test_while_a_call_is_up_the_agent_is_left_and_told_off_after_it(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.store(rig.fcc("answered", 1, users_id=101))
    go(rig)
    rig.room.upkeep.tick()
    assert rig.exchange.told == []
    rig.store(rig.fcc("ended", 60, users_id=101, status="ANSWERED"))
    rig.room.upkeep.tick()
    assert rig.exchange.told == NOT_READY


def test_an_agent_who_came_back_meanwhile_is_not_told_off(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.store(rig.fcc("answered", 1, users_id=101))
    go(rig)
    come(rig)
    rig.store(rig.fcc("ended", 60, users_id=101, status="ANSWERED"))
    rig.room.upkeep.tick()
    assert rig.exchange.told == []


def test_fcc_being_away_is_tried_again_at_the_next_tick(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.exchange.failure = FccUnreachableError(function="x")
    go(rig)
    assert rig.exchange.told == []
    rig.exchange.failure = None
    rig.room.upkeep.tick()
    assert rig.exchange.told == NOT_READY


def test_what_fcc_refuses_is_not_tried_for_ever(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.exchange.failure = FccRefusedError(function="x")
    go(rig)
    rig.exchange.failure = None
    rig.room.upkeep.tick()
    assert rig.exchange.told == []


def test_agents_of_a_process_that_died_are_told_off(rig: Rig) -> None:
    come(rig)
    ready(rig)
    rig.restart()
    rig.clock.advance(30)
    rig.room.upkeep.tick()
    assert rig.exchange.told == []
    rig.clock.advance(31)
    rig.room.upkeep.tick()
    assert rig.exchange.told == NOT_READY


def test_agents_with_a_pane_stay_however_long_it_lasts(rig: Rig) -> None:
    come(rig)
    ready(rig)
    for _ in range(30):
        rig.clock.advance(10)
        rig.room.upkeep.tick()
    assert rig.exchange.told == []
    assert rig.room.activity.agents_present("acme") == [(101, "anna.nowak")]


def test_going_without_having_come_is_nothing(rig: Rig) -> None:
    rig.service.panes_present(PIOTR, False)
    rig.executor.run()
    assert rig.exchange.told == []
