"""FCC's trouble is told, by tenant and by function, and goes away when FCC is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from cti.pbx.errors import FccNonsenseError, FccRefusedError, FccUnreachableError
from cti.pbx.health import STALE_SECONDS, FccHealth, Reach
from cti.pbx.metrics import FccMetrics
from cti.pbx.polling import PollHealth

if TYPE_CHECKING:
    from typing import Any

    from cti.pbx.errors import FccError
    from tests.support.clock import DrivenClock

USERS, CALLS, STATUS, DROP = "fcc-users-list", "fcc-calls-list", "fcc-staff-status", "fcc-drop-call"


class World:
    def __init__(self, clock: DrivenClock) -> None:
        self.clock = clock
        self.registry = CollectorRegistry()
        self.reach = Reach(clock, FccMetrics(self.registry))
        self.lists: list[PollHealth] = []
        self.health = FccHealth(self.reach, lambda: self.lists)

    def fails(self, function: str, error: type[FccError]) -> None:
        self.reach.failed("acme", function, error(function=function))

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = self.health.to_json()["acme"]
        return told

    def failing(self) -> dict[str, str]:
        failing: dict[str, str] = self.told()["failing"]
        return failing

    def failures(self, function: str, kind: str) -> float | None:
        return self.registry.get_sample_value("fcc_external_api_failures_total", {"function": function, "kind": kind})


@pytest.fixture
def world(clock: DrivenClock) -> World:
    return World(clock)


def test_failures_are_counted_by_function_and_kind_and_the_last_success_is_kept(world: World) -> None:
    for _ in range(3):
        world.fails(CALLS, FccUnreachableError)
    world.fails(CALLS, FccRefusedError)
    world.fails(USERS, FccNonsenseError)
    world.reach.answered("acme", USERS)
    assert world.failures(CALLS, "unreachable") == 3
    assert world.failures(CALLS, "refused") == 1
    assert world.failures(USERS, "nonsense") == 1
    last = world.registry.get_sample_value("fcc_external_api_last_success_timestamp_seconds", {"tenant": "acme"})
    assert last == world.clock.now().timestamp()


def test_a_function_that_fails_is_named_until_it_works(world: World) -> None:
    world.reach.answered("acme", USERS)
    assert (world.told()["state"], world.told()["lastSuccessAt"]) == ("ok", "2026-11-22T09:00:00Z")
    world.fails(CALLS, FccRefusedError)
    world.reach.answered("acme", USERS)
    assert (world.told()["state"], world.failing()) == ("failing", {CALLS: "fcc-refused"})
    world.reach.answered("acme", CALLS)
    assert (world.told()["state"], world.failing()) == ("ok", {})


def test_whoever_answers_anything_can_be_reached(world: World) -> None:
    world.fails(USERS, FccUnreachableError)
    world.fails(STATUS, FccUnreachableError)
    assert world.failing() == {USERS: "fcc-unreachable", STATUS: "fcc-unreachable"}
    world.fails(DROP, FccRefusedError)
    assert world.failing() == {}


def test_what_an_agent_may_not_do_is_no_trouble_of_fccs(world: World) -> None:
    world.fails(STATUS, FccRefusedError)
    assert world.failing() == {}
    assert world.failures(STATUS, "refused") == 1
    world.fails(STATUS, FccNonsenseError)
    assert world.failing() == {STATUS: "fcc-nonsense"}


def test_a_failure_that_does_not_come_again_is_forgotten(world: World) -> None:
    world.fails(USERS, FccRefusedError)
    world.clock.advance(STALE_SECONDS - 1)
    assert world.failing() == {USERS: "fcc-refused"}
    world.clock.advance(1)
    assert world.failing() == {}


def test_a_call_list_that_cannot_be_stored_is_told_too(world: World) -> None:
    world.reach.answered("acme", CALLS)
    world.lists = [PollHealth("acme", last_success_at=world.clock.now(), failures=3, code="internal")]
    told = world.told()
    assert (told["state"], told["callListCode"], told["callListReadAt"]) == (
        "failing",
        "internal",
        "2026-11-22T09:00:00Z",
    )


def test_before_anything_was_asked_nothing_is_known(world: World) -> None:
    assert world.health.to_json() == {}
    world.lists = [PollHealth("acme")]
    assert world.told()["state"] == "unknown"


def test_tenants_are_told_apart(world: World) -> None:
    world.reach.answered("beta", USERS)
    world.fails(USERS, FccUnreachableError)
    told = world.health.to_json()
    assert [(name, told[name]["state"]) for name in sorted(told)] == [("acme", "failing"), ("beta", "ok")]
