"""Facts that wait while somebody else keeps the database: all of them wait as long as one would."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine

from cti.calls.fact_writer import PATIENCE_S, _Parcel
from cti.calls.work import Entry
from cti.errors import DatabaseBusyError, DatabaseUnavailableError
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.calls.rig import Rig


def waiting(rig: Rig, calls_id: int, until: float) -> _Parcel:
    """A fact that somebody else came with, who waits until then."""
    parcel = _Parcel("acme", [Entry(rig.fcc("created", 1, calls_id=calls_id))], until=until)
    rig.room.facts._waiting.append(parcel)
    return parcel


@contextlib.contextmanager
def refused(rig: Rig, error: Callable[[], Exception], *, times: int = 99):
    """The database refuses so often; gives how long each writer would have waited."""
    patiences: list[float] = []
    write = rig.database.write

    def refuse(*, patience: float) -> Any:
        patiences.append(patience)
        if len(patiences) <= times:
            raise error()
        return write(patience=patience)

    rig.database.write = refuse  # type: ignore[method-assign]  # busy for a while
    try:
        yield patiences
    finally:
        rig.database.write = write  # type: ignore[method-assign]  # free again


def test_a_group_behind_a_busy_database_is_refused_together_and_once(rig: Rig) -> None:
    now = rig.clock.monotonic()
    others = [waiting(rig, number, now + 3) for number in (8, 9)]
    with refused(rig, DatabaseBusyError) as patiences:
        rig.room.facts._patience = 3.0
        with pytest.raises(DatabaseBusyError):
            rig.store(rig.fcc("created", 1))
    assert patiences == [3.0]
    assert [(each.done, type(each.error)) for each in others] == [(True, DatabaseBusyError)] * 2


def test_whoever_came_later_goes_on_waiting_for_the_rest_of_their_own_time(rig: Rig) -> None:
    now = rig.clock.monotonic()
    earlier = waiting(rig, 8, now + 1)
    with refused(rig, DatabaseBusyError, times=1) as patiences:
        rig.store(rig.fcc("created", 1))
    assert patiences == [1.0, PATIENCE_S]
    assert isinstance(earlier.error, DatabaseBusyError)
    assert [after.calls_id for after in rig.log.changes] == [7]


def test_a_database_that_cannot_be_written_is_not_tried_for_each(rig: Rig) -> None:
    others = [waiting(rig, number, rig.clock.monotonic() + 9) for number in (8, 9)]
    with refused(rig, DatabaseUnavailableError) as patiences, pytest.raises(DatabaseUnavailableError):
        rig.store(rig.fcc("created", 1))
    assert len(patiences) == 1
    assert all(each.done and each.error is not None for each in others)


def test_whoever_waited_in_the_queue_for_too_long_leaves_it(rig: Rig) -> None:
    rig.room.facts._patience = 0.01
    rig.room.facts._turn.acquire()
    with pytest.raises(DatabaseBusyError):
        rig.store(rig.fcc("created", 1))
    rig.room.facts._turn.release()
    assert not rig.room.facts._waiting
    rig.store(rig.fcc("created", 1, calls_id=8))
    assert [after.calls_id for after in rig.log.changes] == [8]


@pytest.mark.parametrize("rig", DATABASES[1:], indirect=True)
def test_on_postgresql_a_row_that_somebody_keeps_is_waited_for_as_long_and_no_longer(rig: Rig) -> None:
    rig.database.check_writing()
    engine = create_engine(rig.database.engine.url)
    with engine.connect() as other:
        other.exec_driver_sql("SELECT * FROM tenants FOR UPDATE")
        rig.room.facts._patience = 0.05
        with pytest.raises(DatabaseBusyError):
            rig.store(rig.fcc("created", 1))
        with rig.database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "15s"
        other.rollback()
    engine.dispose()
    rig.store(rig.fcc("created", 1))
    assert [after.calls_id for after in rig.log.changes] == [7]
