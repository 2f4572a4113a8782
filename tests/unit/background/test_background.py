"""The loops beside the requests: they go on whatever fails, wake when told, end when told, and say how they are."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from cti.background import Loop, Loops, stop_together
from cti.errors import BackgroundStalledError, DatabaseBusyError
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.clock import DrivenClock

FOR_EVER = 3600.0


class Work:
    """A step that can be told to fail, to take its time, and when it wants to come again."""

    def __init__(self) -> None:
        self.done = 0
        self.failure: Exception | None = None
        self.wait: float | None = None
        self.free = threading.Event()
        self.free.set()
        self.under_way = threading.Event()

    def step(self) -> float | None:
        self.under_way.set()
        assert self.free.wait(5)
        self.under_way.clear()
        self.done += 1
        if self.failure is not None:
            raise self.failure
        return self.wait


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def make(work: Work, clock: DrivenClock) -> Iterator[Callable[..., Loop]]:
    made: list[Loop] = []

    def loop(name: str = "work", *, interval: float = FOR_EVER, **how: Any) -> Loop:
        made.append(Loop(name, work.step, clock=clock, interval=interval, **how))
        return made[-1]

    yield loop
    work.free.set()
    stop_together(made, 5, clock=clock)


def test_a_step_comes_again_after_the_interval_or_when_it_wants_to(make: Callable[..., Loop], work: Work) -> None:
    loop = make(interval=10.0)
    assert loop.turn() == 10.0
    work.wait = 0.0
    assert loop.turn() == 0.0


def test_a_step_that_fails_is_logged_and_counted_and_comes_again_later_and_later(
    make: Callable[..., Loop], work: Work
) -> None:
    loop = make(interval=10.0)
    work.failure = DatabaseBusyError()
    with capture_logs() as logs:
        assert [loop.turn() for _ in range(5)] == [20.0, 40.0, 60.0, 60.0, 60.0]
    told = {key: logs[1][key] for key in ("event", "loop", "code", "failures")}
    assert told == {"event": "loop-failed", "loop": "work", "code": "database-busy", "failures": 2}
    assert (loop.health().restarts, loop.health().code) == (5, "database-busy")
    work.failure = None
    assert loop.turn() == 10.0
    assert (loop.health().restarts, loop.health().code) == (5, None)
    work.failure = ZeroDivisionError()
    assert loop.turn() == 20.0
    assert loop.health().code == "internal"


def test_the_thread_outlives_what_the_step_raises(make: Callable[..., Loop], work: Work) -> None:
    loop = make(interval=0.0)
    work.failure = ZeroDivisionError()
    loop.start()
    until(lambda: work.done >= 3)
    assert loop.health().sound
    assert loop.health().restarts >= 3


def test_a_loop_that_got_no_thread_has_not_begun(
    make: Callable[..., Loop], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    loop = make()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            loop.start()
    assert loop.health().state == "idle"
    loop.start()
    until(lambda: work.done)
    loop.stop()


def test_a_loop_that_nobody_began_is_idle_and_sound(make: Callable[..., Loop], work: Work) -> None:
    loop = make()
    assert (loop.health().state, loop.health().sound, work.done) == ("idle", True, 0)
    assert loop.health().to_json() == {
        "alive": False,
        "state": "idle",
        "lastRunAt": None,
        "secondsSince": None,
        "restarts": 0,
    }


def test_a_loop_tells_when_its_step_ended_last(make: Callable[..., Loop], clock: DrivenClock, work: Work) -> None:
    loop = make()
    loop.start()
    until(lambda: loop.health().last_run_at)
    clock.advance(2.5)
    assert loop.health().to_json() == {
        "alive": True,
        "state": "running",
        "lastRunAt": "2026-11-22T09:00:00Z",
        "secondsSince": 2.5,
        "restarts": 0,
    }
    assert work.done == 1


def test_a_wake_up_brings_the_next_step_and_none_is_lost_while_one_is_under_way(
    make: Callable[..., Loop], work: Work
) -> None:
    loop = make()
    work.free.clear()
    loop.start()
    assert work.under_way.wait(5)
    loop.wake()
    work.free.set()
    until(lambda: work.done == 2)
    loop.wake()
    until(lambda: work.done == 3)


def test_a_wake_up_does_not_cut_short_the_wait_after_a_failure(make: Callable[..., Loop], work: Work) -> None:
    loop = make(longest_backoff=FOR_EVER)
    work.failure = ZeroDivisionError()
    loop.start()
    until(lambda: loop.health().restarts)
    loop.wake()
    loop.stop(5)
    assert (work.done, loop.health().state) == (1, "ended")


def test_a_burst_of_wake_ups_leads_to_one_step(make: Callable[..., Loop], work: Work) -> None:
    loop = make(debounce=FOR_EVER)
    loop.start()
    until(lambda: loop.health().last_run_at)
    for _ in range(10):
        loop.wake()
    loop.stop(5)
    assert work.done == 1


def test_what_falls_due_in_a_burst_leads_to_one_step_too(make: Callable[..., Loop]) -> None:
    class Pauses(threading.Event):
        waited: ClassVar[list[float | None]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waited.append(timeout)
            return False

    loop = make(debounce=0.2)
    loop._stopping = Pauses()
    loop._rest(0.001)
    loop._rest(0.0)
    assert Pauses.waited == [0.2]


def test_the_first_step_can_wait(make: Callable[..., Loop], work: Work) -> None:
    loop = make(first=FOR_EVER)
    loop.start()
    assert loop.health().state == "running"
    loop.wake()
    until(lambda: work.done == 1)


def test_a_second_start_begins_nothing_and_what_was_stopped_does_not_begin_again(
    make: Callable[..., Loop], work: Work
) -> None:
    loop = make()
    loop.start()
    thread = loop._thread
    loop.start()
    assert loop._thread is thread
    loop.stop(5)
    loop.stop(5)
    done = work.done
    loop.start()
    assert (loop.stopping, loop.health().state, work.done) == (True, "ended", done)
    never = make("never")
    never.stop()
    never.start()
    assert never.health().state == "ended"


def test_a_loop_can_be_stopped_by_its_own_step(clock: DrivenClock) -> None:
    loop = Loop("own", lambda: loop.stop(FOR_EVER), clock=clock, interval=0.0)
    loop.start()
    until(lambda: loop.health().state == "ended")


def test_a_stop_waits_for_the_step_under_way_only_so_long(
    make: Callable[..., Loop], clock: DrivenClock, work: Work
) -> None:
    loops = [make("one"), make("two")]
    work.free.clear()
    for loop in loops:
        loop.start()
    assert work.under_way.wait(5)
    stop_together(loops, timeout=0.01, clock=clock)
    assert [loop.stopping for loop in loops] == [True, True]
    work.free.set()
    stop_together(loops, timeout=5, clock=clock)
    assert [loop.health().state for loop in loops] == ["ended", "ended"]


def test_a_loop_that_does_not_come_round_for_many_intervals_is_stalled(
    make: Callable[..., Loop], clock: DrivenClock, work: Work
) -> None:
    loop = make(interval=10.0)
    work.free.clear()
    loop.start()
    assert work.under_way.wait(5)
    clock.advance(200)
    assert loop.health().state == "running"
    clock.advance(1)
    assert (loop.health().state, loop.health().sound) == ("stalled", False)
    work.free.set()
    until(lambda: loop.health().sound)


def test_how_late_a_loop_may_be_can_be_said(make: Callable[..., Loop], clock: DrivenClock, work: Work) -> None:
    loop = make(interval=10.0, patience=900.0)
    work.free.clear()
    loop.start()
    assert work.under_way.wait(5)
    clock.advance(900)
    assert loop.health().sound
    clock.advance(1)
    assert not loop.health().sound


def test_a_step_that_is_not_due_yet_is_not_late(make: Callable[..., Loop], clock: DrivenClock) -> None:
    loop = make(interval=FOR_EVER, patience=60.0)
    loop.start()
    until(lambda: loop.health().last_run_at)
    until(lambda: loop._expected_at > clock.monotonic())
    clock.advance(FOR_EVER)
    assert loop.health().sound
    clock.advance(61)
    assert not loop.health().sound


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_process_whose_loop_died_is_not_ready(make: Callable[..., Loop], clock: DrivenClock) -> None:
    def die() -> None:
        raise SystemExit

    dead = Loop("dead", die, clock=clock, interval=1.0)
    registry = CollectorRegistry()
    loops = Loops([make("idle"), dead], registry)
    loops.check()
    dead.start()
    until(lambda: dead.health().state == "ended")
    with pytest.raises(BackgroundStalledError, match=r"stands still \(dead\)"):
        loops.check()
    assert {name: told["alive"] for name, told in loops.to_json().items()} == {"idle": False, "dead": False}


def test_failures_are_numbers_for_prometheus(make: Callable[..., Loop], work: Work) -> None:
    registry = CollectorRegistry()
    loop = make()
    Loops([loop, make("other")], registry)
    work.failure = ZeroDivisionError()
    loop.turn()
    loop.turn()
    text = generate_latest(registry).decode()
    assert 'fcc_background_failures_total{loop="work"} 2.0' in text
    assert 'fcc_background_failures_total{loop="other"} 0.0' in text


def test_no_two_loops_have_one_name(make: Callable[..., Loop]) -> None:
    with pytest.raises(ValueError, match="work"):
        Loops([make(), make()], CollectorRegistry())
