"""The calls' regular work: a part of it that fails keeps none of the others from theirs."""

from __future__ import annotations

from typing import Any

import pytest

from cti.calls.upkeep import Upkeep
from cti.errors import DatabaseBusyError

PARTS = ("attendance", "status_news", "capability_news", "checks", "retention")


class Part:
    """One that notes each time it works, and breaks while it has a `failure`."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.done = 0

    def tick(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.done += 1

    resume = tick


@pytest.fixture
def parts() -> dict[str, Any]:
    return {name: Part() for name in ("searches", *PARTS)}


@pytest.mark.parametrize("broken", PARTS)
def test_a_part_that_fails_each_time_is_told_and_the_others_go_on(parts: dict[str, Any], broken: str) -> None:
    upkeep = Upkeep(**parts)
    failure = parts[broken].failure = RuntimeError("it breaks")
    for _ in range(2):
        with pytest.raises(RuntimeError) as told:
            upkeep.tick()
        assert told.value is failure
    assert {name: parts[name].done for name in PARTS} == {name: 0 if name == broken else 2 for name in PARTS}


def test_all_parts_that_fail_are_told(parts: dict[str, Any]) -> None:
    upkeep = Upkeep(**parts)
    failures = [RuntimeError("it breaks"), DatabaseBusyError()]
    parts["attendance"].failure, parts["checks"].failure = failures
    with pytest.raises(ExceptionGroup) as told:
        upkeep.tick()
    assert list(told.value.exceptions) == failures
    assert parts["retention"].done == 1


def test_what_was_left_unfinished_is_taken_up_once_and_again_where_that_failed(parts: dict[str, Any]) -> None:
    upkeep = Upkeep(**parts)
    parts["searches"].failure = DatabaseBusyError()
    with pytest.raises(DatabaseBusyError):
        upkeep.tick()
    assert parts["attendance"].done == 1
    parts["searches"].failure = None
    upkeep.tick()
    upkeep.tick()
    assert (parts["searches"].done, parts["attendance"].done) == (1, 3)
