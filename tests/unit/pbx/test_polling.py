"""When the call list and the agents' statuses are read."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from cti.domain.facts import Fact
from cti.domain.fcc import CallPage
from cti.domain.presence import Presence, PresenceClass
from cti.pbx.errors import FccRefusedError, FccUnreachableError
from cti.pbx.polling import Poller, loop, pause
from tests.support import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tests.support.clock import DrivenClock


class World:
    """Everything the poller talks to."""

    def __init__(self, clock: DrivenClock, **pairing: Any) -> None:
        self.clock = clock
        self.pairing = accounts.pairing(clock, **pairing)
        self.tenant = accounts.tenant(clock)
        self.up = 0
        self.pages: list[CallPage] = []
        self.asked: list[str | None] = []
        self.asked_presence: list[str] = []
        self.stored: list[tuple[Sequence[Fact], str | None]] = []
        self.present: list[tuple[int, str]] = []
        self.heard: dict[int, datetime] = {}
        self.kept_cursor: str | None = None
        self.polled_at: datetime | None = None
        self.refused_cursors: set[str] = set()
        self.takes_times = True
        self.asked_since: list[datetime | None] = []
        self.failure: Exception | None = None
        self.presence_told: float | None = None
        self.poller = Poller(
            database=self,
            exchange=lambda _: self,  # type: ignore[arg-type, return-value]  # only what is asked of it is here
            sink=self,
            activity=self,
            clock=clock,
            presence_told_at=lambda _: self.presence_told,
        )

    @contextmanager
    def read(self) -> Iterator[Any]:
        yield SimpleNamespace(
            tenants=SimpleNamespace(all=lambda: [self.tenant]),
            pairings=SimpleNamespace(of_tenant=lambda _: [self.pairing]),
            agents=SimpleNamespace(cursor=lambda _: self.kept_cursor, polled_at=lambda _: self.polled_at),
        )

    def calls_since(self, cursor: str | None, *, since: datetime | None = None, limit: int) -> CallPage:
        assert limit > 0
        self.asked.append(cursor)
        self.asked_since.append(since)
        if self.failure is not None:
            raise self.failure
        if cursor in self.refused_cursors or (since is not None and not self.takes_times):
            raise FccRefusedError(function="fcc-calls-list", reason="Invalid cursor")
        return self.pages.pop(0) if self.pages else CallPage((), cursor)

    def presence(self, login: str) -> Presence:
        self.asked_presence.append(login)
        if self.failure is not None:
            raise self.failure
        return Presence(1, PresenceClass.READY, "W kolejce", self.clock.now())

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        assert tenant_id == "acme"
        self.stored.append((facts, cursor))
        self.kept_cursor = cursor
        self.polled_at = self.clock.now()

    def presence_reported(
        self, _tenant_id: str, users_id: int, presence: Presence, *, asked_at: datetime | None = None
    ) -> None:
        assert asked_at is not None
        self.heard[users_id] = presence.since

    def calls_up(self, _tenant_id: str) -> int:
        return self.up

    def agents_present(self, _tenant_id: str) -> list[tuple[int, str]]:
        return self.present

    def last_presence_at(self, _tenant_id: str, users_id: int) -> datetime | None:
        return self.heard.get(users_id)

    def run(self, seconds: float) -> None:
        """Let that long pass, a second at a time."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            self.poller.step()


@pytest.fixture
def world(clock: DrivenClock) -> World:
    return World(clock)


def fact(world: World, seconds: float = 1) -> Fact:
    return Fact("list", "row", world.tenant.created_at + timedelta(seconds=seconds), 7, content={"status": "BUSY"})


@pytest.mark.parametrize(
    ("up", "failures", "seconds"),
    [(0, 0, 60), (1, 0, 15), (9, 0, 15), (0, 1, 30), (1, 2, 60), (0, 3, 120), (0, 9, 300)],
)
def test_the_pause_follows_the_calls_and_the_failures(up: int, failures: int, seconds: float) -> None:
    assert pause(calls_up=up, failures=failures) == seconds


def test_the_first_reading_comes_soon_and_then_every_minute(world: World) -> None:
    world.run(2)
    assert len(world.asked) == 1
    world.run(58)
    assert len(world.asked) == 1
    world.run(3)
    assert len(world.asked) == 2


def test_while_calls_are_up_the_list_is_read_every_fifteen_seconds(world: World) -> None:
    world.up = 1
    world.run(61)
    assert len(world.asked) == 5


def test_a_call_that_begins_in_a_quiet_minute_is_read_of_within_fifteen_seconds(world: World) -> None:
    world.run(2)
    assert len(world.asked) == 1
    world.run(30)
    world.up = 1
    world.run(1)
    assert len(world.asked) == 2
    world.up = 0
    world.run(20)
    assert len(world.asked) == 3
    world.run(5)
    world.up = 1
    world.run(4)
    assert len(world.asked) == 3
    world.run(2)
    assert len(world.asked) == 4


def test_facts_and_their_cursor_are_stored_together(world: World) -> None:
    world.pages = [CallPage((fact(world),), "c-1")]
    world.run(2)
    assert world.stored == [([fact(world)], "c-1")]


def test_a_full_page_is_followed_by_the_next(world: World) -> None:
    world.pages = [CallPage((fact(world),), "c-1", more=True), CallPage((fact(world, 2),), "c-2", more=False)]
    world.run(2)
    assert world.asked == [None, "c-1"]
    assert world.kept_cursor == "c-2"


def test_a_page_that_never_moves_on_ends_the_reading(world: World) -> None:
    world.pages = [CallPage((fact(world),), None, more=True)] * 50
    world.run(2)
    assert len(world.asked) == 1


def test_what_changed_before_the_tenant_was_added_is_left_alone(world: World) -> None:
    world.pages = [CallPage((fact(world, -5), fact(world, 5)), "c-1")]
    world.run(2)
    assert [each.at for each in world.stored[0][0]] == [fact(world, 5).at]


def test_a_row_that_cannot_be_stored_costs_no_other_call_and_stops_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = fact(world), fact(world, 2)
    store = world.store_facts

    def store_facts(tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        if bad in facts:
            raise OverflowError
        store(tenant_id, facts, cursor=cursor)

    monkeypatch.setattr(world, "store_facts", store_facts)
    monkeypatch.setattr(world, "calls_since", lambda cursor, limit: CallPage((bad, good), "c-1"))
    with capture_logs() as logs:
        world.run(2)
        assert world.poller.health()[0].code == "internal"
        world.run(95)
        assert world.stored == []
        world.run(120)
    assert world.stored[:2] == [([good], None), ([], "c-1")]
    assert [line["event"] for line in logs].count("call-row-lost") == 1
    (health,) = world.poller.health()
    assert (health.failures, health.unread) == (0, 1)


def test_nothing_new_writes_nothing(world: World) -> None:
    world.run(130)
    assert world.stored == []


def test_a_quiet_list_is_noted_every_five_minutes(world: World) -> None:
    world.kept_cursor = "c-1"
    world.run(1000)
    assert [facts for facts, _ in world.stored] == [[], [], []]
    assert {cursor for _, cursor in world.stored} == {"c-1"}


@pytest.mark.assumed("A65")
def test_a_cursor_that_is_not_known_any_more_is_replaced_by_a_time_before_it_was_stored(world: World) -> None:
    world.kept_cursor, world.polled_at = "old", world.tenant.created_at + timedelta(hours=5)
    world.refused_cursors = {"old"}
    world.pages = [CallPage((fact(world),), "new-1", more=True), CallPage((fact(world, 2),), "new-2")]
    with capture_logs() as logs:
        world.run(2)
    assert world.asked == ["old", None, "new-1"]
    assert world.asked_since == [None, world.tenant.created_at + timedelta(hours=4), None]
    assert world.stored == [([fact(world)], "new-1"), ([fact(world, 2)], "new-2")]
    assert [line["event"] for line in logs].count("call-list-begun-anew") == 1
    (health,) = world.poller.health()
    assert (health.failures, health.code) == (0, None)


def test_nothing_from_before_the_tenant_is_asked_for_anew(world: World) -> None:
    world.kept_cursor, world.polled_at = "old", world.tenant.created_at + timedelta(minutes=1)
    world.refused_cursors = {"old"}
    world.run(2)
    assert world.asked_since == [None, world.tenant.created_at]


def test_an_exchange_that_takes_no_time_is_read_from_its_beginning(world: World) -> None:
    world.kept_cursor, world.polled_at, world.takes_times = "old", world.clock.now(), False
    world.refused_cursors = {"old"}
    world.pages = [CallPage((fact(world),), "new")]
    world.run(2)
    assert world.asked == ["old", None, None]
    assert world.kept_cursor == "new"


def test_where_everything_is_refused_the_cursor_is_kept(world: World) -> None:
    world.kept_cursor = "good"
    world.failure = FccRefusedError(function="fcc-calls-list")
    world.run(200)
    assert (world.kept_cursor, world.stored) == ("good", [])
    (health,) = world.poller.health()
    assert health.code == "fcc-refused"


def test_a_cursor_on_which_fcc_breaks_down_is_suspected_after_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.kept_cursor, world.polled_at = "bad", world.clock.now()
    read = world.calls_since

    def breaks(cursor: str | None, *, since: datetime | None = None, limit: int) -> CallPage:
        if cursor == "bad":
            raise FccUnreachableError(function="fcc-calls-list", reason="HTTP 500")
        return read(cursor, since=since, limit=limit)

    monkeypatch.setattr(world, "calls_since", breaks)
    monkeypatch.setattr(world, "pages", [CallPage((fact(world),), "new")])
    world.run(100)
    assert world.kept_cursor == "bad"
    world.run(1200)
    assert world.kept_cursor == "new"


def test_failures_wait_longer_each_time_and_are_told(world: World) -> None:
    world.failure = FccUnreachableError(function="fcc-calls-list")
    world.run(2)
    (health,) = world.poller.health()
    assert (health.failures, health.code, health.last_success_at) == (1, "fcc-unreachable", None)
    world.run(100)
    assert len(world.asked) == 3
    world.failure = None
    world.run(120)
    (health,) = world.poller.health()
    assert (health.failures, health.code) == (0, None)
    assert health.last_success_at is not None


def test_a_tenant_that_wants_no_polling_is_left_alone(clock: DrivenClock) -> None:
    world = World(clock, poll_enabled=False)
    world.run(120)
    assert world.asked == []


def test_presence_is_asked_for_agents_with_a_pane_every_half_minute(world: World) -> None:
    world.present = [(101, "anna.nowak")]
    world.run(62)
    assert len(world.asked_presence) in {2, 3}
    assert 101 in world.heard


def test_presence_that_webhooks_tell_is_asked_for_seldom(world: World) -> None:
    world.present = [(101, "anna.nowak")]
    world.heard[101] = world.clock.now()
    world.presence_told = world.clock.monotonic()
    world.run(290)
    assert world.asked_presence == []
    world.run(20)
    assert world.asked_presence == ["anna.nowak"]


def test_after_a_start_presence_is_asked_for_however_lately_it_was_told(world: World) -> None:
    world.present = [(101, "anna.nowak")]
    world.heard[101] = world.clock.now() - timedelta(seconds=1)
    world.presence_told = world.clock.monotonic()
    world.run(3)
    assert world.asked_presence == ["anna.nowak"]


def test_when_fcc_is_back_the_presence_that_it_told_before_is_asked_for_again(world: World) -> None:
    world.present = [(101, "anna.nowak")]
    world.presence_told = world.clock.monotonic()
    world.run(3)
    assert world.asked_presence == ["anna.nowak"]
    world.failure = FccUnreachableError(function="fcc-calls-list")
    world.run(70)
    assert world.asked_presence == ["anna.nowak"]
    world.failure = None
    world.run(60)
    assert world.asked_presence == ["anna.nowak", "anna.nowak"]


def test_an_agent_fcc_refuses_does_not_stop_the_others(world: World) -> None:
    world.present = [(101, "anna.nowak"), (102, "piotr")]
    world.failure = FccRefusedError(function="fcc-staff-status")
    world.run(2)
    assert world.asked_presence == ["anna.nowak", "piotr"]


def test_fcc_being_away_is_not_asked_agent_by_agent(world: World) -> None:
    world.present = [(101, "anna.nowak"), (102, "piotr")]
    world.failure = FccUnreachableError(function="fcc-staff-status")
    world.run(2)
    assert world.asked_presence == ["anna.nowak"]


def test_many_agents_of_a_slow_fcc_do_not_keep_the_call_list_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.up = 1
    world.present = [(number, f"agent-{number}") for number in range(20)]
    ask, read = world.presence, world.calls_since
    times: list[float] = []

    def slow(login: str) -> Presence:
        world.clock.advance(1)
        return ask(login)

    def timed(cursor: str | None, *, limit: int) -> CallPage:
        times.append(world.clock.monotonic())
        return read(cursor, limit=limit)

    monkeypatch.setattr(world, "presence", slow)
    monkeypatch.setattr(world, "calls_since", timed)
    world.run(60)
    assert max(later - earlier for earlier, later in pairwise(times)) <= 22
    assert set(world.asked_presence) == {f"agent-{number}" for number in range(20)}


def test_polling_goes_on_after_a_round_that_breaks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = world.read
    monkeypatch.setattr(world, "read", lambda: 1 / 0)
    polling = loop(world.poller, world.clock)
    assert polling.turn() == 1.0
    monkeypatch.setattr(world, "read", tenants)
    world.clock.advance(1)
    assert polling.turn() == 0.5
    assert world.poller.health()[0].last_success_at == world.clock.now()
