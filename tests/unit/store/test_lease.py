"""Who may serve from a database: one at a time, and the next one as soon as that one is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.store.lease import GIVE_UP_S, DatabaseInUseError, FileHold, Lease, LeaseError, UnreachableError
from tests.support.clock import DrivenClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class FakeHold:
    """Held by somebody else while `others`; nobody answers while `away`."""

    def __init__(self) -> None:
        self.others = False
        self.away = False
        self.held = False
        self.asked = 0

    def try_take(self) -> bool:
        self.asked += 1
        if self.away:
            raise UnreachableError("away")
        self.held = not self.others
        return self.held

    def holds(self) -> bool:
        if self.away:
            raise UnreachableError("away")
        return self.held

    def release(self) -> None:
        self.held = False


class Desk:
    """A lease by a clock that is driven: whoever waits lets it run."""

    def __init__(self) -> None:
        self.clock = DrivenClock()
        self.hold = FakeHold()
        self.lost = 0
        self.each_wait: Callable[[], None] = lambda: None
        self.lease = Lease(self.hold, lost=self._lost, clock=self.clock, sleep=self._sleep)

    def _lost(self) -> None:
        self.lost += 1

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.each_wait()

    @property
    def ready(self) -> bool:
        try:
            self.lease.check()
        except LeaseError:
            return False
        return True


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_free_lease_is_taken_at_once(desk: Desk) -> None:
    assert not desk.ready
    desk.lease.take()
    assert desk.ready
    assert desk.hold.asked == 1


def test_a_process_waits_for_the_one_before_it(desk: Desk) -> None:
    desk.hold.others = True

    def leave() -> None:
        desk.hold.others = desk.hold.asked < 9

    desk.each_wait = leave
    desk.lease.take()
    assert desk.ready
    assert desk.hold.asked == 10


def test_a_second_instance_is_refused_in_the_end_and_told_what_to_do(desk: Desk) -> None:
    desk.hold.others = True
    began = desk.clock.monotonic()
    with pytest.raises(DatabaseInUseError, match=r"Another instance .* Stop the other one .* database of its own"):
        desk.lease.take()
    assert 20 <= desk.clock.monotonic() - began < 21
    assert not desk.ready


def test_a_database_that_does_not_answer_yet_keeps_nobody_from_starting(desk: Desk) -> None:
    desk.hold.away = True
    desk.lease.take()
    assert not desk.ready
    with pytest.raises(UnreachableError):
        desk.lease.confirm()
    desk.hold.away = False
    desk.lease.look()
    assert desk.ready


def test_a_lease_that_got_lost_is_taken_again(desk: Desk) -> None:
    desk.lease.take()
    desk.hold.away, desk.hold.held = True, False
    for _ in range(100):
        desk.lease.look()
        desk.clock.advance(60)
    assert not desk.ready
    assert desk.lost == 0
    desk.hold.away = False
    desk.lease.look()
    assert desk.ready


def test_a_process_whose_lease_another_has_taken_ends(desk: Desk) -> None:
    desk.lease.take()
    desk.hold.held, desk.hold.others = False, True
    desk.lease.look()
    assert not desk.ready
    assert desk.lost == 0
    with pytest.raises(DatabaseInUseError):
        desk.lease.confirm()
    desk.clock.advance(GIVE_UP_S)
    desk.lease.look()
    desk.lease.look()
    assert desk.lost == 1


def test_one_who_only_looks_in_drives_nobody_out(desk: Desk) -> None:
    desk.lease.take()
    desk.hold.held, desk.hold.others = False, True
    desk.lease.look()
    desk.hold.others = False
    desk.clock.advance(GIVE_UP_S)
    desk.lease.look()
    assert desk.ready
    desk.hold.held, desk.hold.others = False, True
    desk.lease.look()
    assert desk.lost == 0


def test_what_was_given_back_is_not_held(desk: Desk) -> None:
    desk.lease.take()
    desk.lease.watch()
    desk.lease.give_back()
    assert not desk.ready
    assert not desk.hold.held


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_file_is_held_by_one_until_it_is_given_back(tmp_path: Path) -> None:
    first, second = FileHold(tmp_path / "lease"), FileHold(tmp_path / "lease")
    assert first.try_take()
    assert not second.try_take()
    assert (first.holds(), second.holds()) == (True, False)
    first.release()
    assert second.try_take()
    assert not first.try_take()
    second.release()


def test_a_file_that_nobody_holds_says_nothing_by_being_there(tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("4711\n")
    hold = FileHold(tmp_path / "lease")
    assert hold.try_take()
    hold.release()


def test_whoever_finds_the_file_deleted_must_take_it_again(tmp_path: Path) -> None:
    first, second = FileHold(tmp_path / "lease"), FileHold(tmp_path / "lease")
    assert first.try_take()
    (tmp_path / "lease").unlink()
    assert not first.holds()
    assert second.try_take()
    assert not first.try_take()
    assert second.holds()
    second.release()
    assert first.try_take()
    first.release()


def test_a_file_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LeaseError, match="cannot be opened: No such file or directory"):
        FileHold(tmp_path / "gone" / "lease").try_take()
