"""Answers that are remembered: for how long, how many, and that nobody is asked the same thing twice at once."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cti.remembered import Remembered
from tests.support.wait import until

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.clock import DrivenClock


class Asked:
    """Answers with how often it was asked, or fails."""

    def __init__(self) -> None:
        self.times = 0
        self.failure: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    def __call__(self) -> int:
        self.times += 1
        assert self.free.wait(5)
        if self.failure is not None:
            raise self.failure
        return self.times


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def kept(clock: DrivenClock) -> Remembered[str, int]:
    return Remembered(clock, 60.0, most=3)


def test_an_answer_is_good_for_its_time(kept: Remembered[str, int], asked: Asked, clock: DrivenClock) -> None:
    assert kept.get("a") is None
    assert kept.load("a", asked) == 1
    clock.advance(59.9)
    assert (kept.load("a", asked), kept.get("a")) == (1, 1)
    clock.advance(0.1)
    assert kept.get("a") is None
    assert kept.load("a", asked) == 2
    assert kept.load("b", asked) == 3


def test_who_reads_may_want_a_younger_answer_or_take_an_older_one(
    kept: Remembered[str, int], asked: Asked, clock: DrivenClock
) -> None:
    kept.put("a", 7)
    clock.advance(10)
    assert kept.load("a", asked, within=10.1) == 7
    assert kept.load("a", asked, within=10) == 1
    clock.advance(3000)
    assert (kept.get("a"), kept.get("a", within=3600)) == (None, 1)


def test_the_most_are_kept_that_were_put_last(kept: Remembered[str, int]) -> None:
    for key in "abca":
        kept.put(key, 1)
    kept.put("d", 1)
    assert [key for key in "abcd" if kept.get(key)] == ["a", "c", "d"]


def test_what_is_forgotten_is_asked_again(kept: Remembered[str, int], asked: Asked) -> None:
    kept.put("a", 7)
    kept.put("b", 8)
    kept.forget("a")
    kept.forget("never known")
    assert (kept.get("a"), kept.get("b")) == (None, 8)
    kept.forget()
    assert kept.get("b") is None


@pytest.mark.parametrize("key", ["a", None])
def test_what_was_asked_before_it_was_forgotten_is_given_and_not_kept(
    kept: Remembered[str, int], asked: Asked, key: str | None
) -> None:
    asked.free.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(kept.load, "a", asked)
        until(lambda: asked.times == 1)
        kept.forget(key)
        assert kept.load("a", lambda: 99) == 99
        asked.free.set()
        assert answer.result(5) == 1
    assert kept.get("a") == 99


def test_what_was_put_is_newer_than_what_was_asked_before(kept: Remembered[str, int], asked: Asked) -> None:
    asked.free.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(kept.load, "a", asked)
        until(lambda: asked.times == 1)
        kept.put("a", 99)
        asked.free.set()
        assert answer.result(5) == 1
    assert kept.get("a") == 99


def waiting_on(kept: Remembered[str, int], asked: Asked, pool: ThreadPoolExecutor, *, many: int) -> list[Future[int]]:
    """So many want one key; the first of them asks until `asked.free`, the others have looked and wait."""
    arrived = threading.Semaphore(0)
    clock = kept._clock

    class Noted:
        def now(self) -> datetime:
            return clock.now()

        def monotonic(self) -> float:
            arrived.release()
            return clock.monotonic()

    kept._clock = Noted()
    clock.advance(60)  # type: ignore[attr-defined]  # the clock is driven
    answers = [pool.submit(kept.load, "a", asked) for _ in range(many)]
    for _ in answers:
        assert arrived.acquire(timeout=5)
    kept._clock = clock
    until(lambda: asked.times == 1)
    return answers


def test_one_asks_for_a_key_and_the_others_wait_for_its_answer(kept: Remembered[str, int], asked: Asked) -> None:
    kept.put("a", -1)
    asked.free.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = waiting_on(kept, asked, pool, many=8)
        assert kept.load("b", lambda: 99) == 99
        asked.free.set()
        assert [answer.result(5) for answer in answers] == [1] * 8


def test_a_failure_is_everybodys_who_waited_and_the_next_one_asks_again(
    kept: Remembered[str, int], asked: Asked
) -> None:
    kept.put("a", -1)
    asked.free.clear()
    asked.failure = ZeroDivisionError()
    with ThreadPoolExecutor(8) as pool:
        answers = waiting_on(kept, asked, pool, many=8)
        asked.free.set()
        assert [type(answer.exception(5)) for answer in answers] == [ZeroDivisionError] * 8
    assert (asked.times, kept.get("a", within=math.inf)) == (1, -1)
    asked.failure = None
    assert kept.load("a", asked) == 2
