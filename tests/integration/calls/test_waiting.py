"""Facts that wait while somebody else keeps the database: all of them wait as long as one would."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine

from cti.calls.recording import Entry
from cti.calls.service import PATIENCE_S, _Parcel
from cti.errors import DatabaseBusyError, DatabaseUnavailableError
from tests.integration.calls.bench import DATABASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.calls.bench import Bench


def waiting(bench: Bench, calls_id: int, until: float) -> _Parcel:
    """A fact that somebody else came with, who waits until then."""
    parcel = _Parcel("acme", [Entry(bench.fcc("created", 1, calls_id=calls_id))], until=until)
    bench.service._waiting.append(parcel)
    return parcel


@contextlib.contextmanager
def refused(bench: Bench, error: Callable[[], Exception], *, times: int = 99):
    """The database refuses so often; gives how long each writer would have waited."""
    patiences: list[float] = []
    write = bench.database.write

    def refuse(*, patience: float) -> Any:
        patiences.append(patience)
        if len(patiences) <= times:
            raise error()
        return write(patience=patience)

    bench.database.write = refuse  # type: ignore[method-assign]  # busy for a while
    try:
        yield patiences
    finally:
        bench.database.write = write  # type: ignore[method-assign]  # free again


def test_a_group_behind_a_busy_database_is_refused_together_and_once(bench: Bench) -> None:
    now = bench.clock.monotonic()
    others = [waiting(bench, number, now + 3) for number in (8, 9)]
    with refused(bench, DatabaseBusyError) as patiences:
        bench.service._patience = 3.0
        with pytest.raises(DatabaseBusyError):
            bench.record(bench.fcc("created", 1))
    assert patiences == [3.0]
    assert [(each.done, type(each.error)) for each in others] == [(True, DatabaseBusyError)] * 2


def test_whoever_came_later_goes_on_waiting_for_the_rest_of_their_own_time(bench: Bench) -> None:
    now = bench.clock.monotonic()
    earlier = waiting(bench, 8, now + 1)
    with refused(bench, DatabaseBusyError, times=1) as patiences:
        bench.record(bench.fcc("created", 1))
    assert patiences == [1.0, PATIENCE_S]
    assert isinstance(earlier.error, DatabaseBusyError)
    assert [after.calls_id for _, _, after in bench.log.changes] == [7]


def test_a_database_that_cannot_be_written_is_not_tried_for_each(bench: Bench) -> None:
    others = [waiting(bench, number, bench.clock.monotonic() + 9) for number in (8, 9)]
    with refused(bench, DatabaseUnavailableError) as patiences, pytest.raises(DatabaseUnavailableError):
        bench.record(bench.fcc("created", 1))
    assert len(patiences) == 1
    assert all(each.done and each.error is not None for each in others)


def test_whoever_waited_in_the_queue_for_too_long_leaves_it(bench: Bench) -> None:
    bench.service._patience = 0.01
    bench.service._turn.acquire()
    with pytest.raises(DatabaseBusyError):
        bench.record(bench.fcc("created", 1))
    bench.service._turn.release()
    assert not bench.service._waiting
    bench.record(bench.fcc("created", 1, calls_id=8))
    assert [after.calls_id for _, _, after in bench.log.changes] == [8]


@pytest.mark.parametrize("bench", DATABASES[1:], indirect=True)
def test_on_postgresql_a_row_that_somebody_keeps_is_waited_for_as_long_and_no_longer(bench: Bench) -> None:
    bench.database.check_writing()
    engine = create_engine(bench.database.engine.url)
    with engine.connect() as other:
        other.exec_driver_sql("SELECT * FROM tenants FOR UPDATE")
        bench.service._patience = 0.05
        with pytest.raises(DatabaseBusyError):
            bench.record(bench.fcc("created", 1))
        with bench.database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "15s"
        other.rollback()
    engine.dispose()
    bench.record(bench.fcc("created", 1))
    assert [after.calls_id for _, _, after in bench.log.changes] == [7]
