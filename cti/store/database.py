"""Transactions, on SQLite and on PostgreSQL alike.

SQLite is used by one web process and its worker. Its C library blocks a whole gevent worker while it waits for a
lock, so nobody may wait inside it: writers of one process queue at a lock of our own, the busy timeout is short, and a
writer that meets another process's transaction sleeps in Python and tries again. Source: SQLite documentation,
"Write-Ahead Logging" and "PRAGMA busy_timeout".

Whoever waits, at our lock, at another process's or at a row of PostgreSQL, waits `LOCK_PATIENCE_S` from its own arrival
and no longer: behind a database that stays locked, writers in a queue all give up in turn, not one after the other.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from cti.errors import DatabaseBusyError, DatabaseFullError, DatabaseGoneError, DatabaseUnavailableError
from cti.store.engine import LOCK_PATIENCE_S, WRITING, make_engine
from cti.store.lease import LeaseError, UnreachableError
from cti.store.secrets import SecretBox, give_secrets_to
from cti.store.unit_of_work import ReadUnitOfWork, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from cti.clock import Clock

LEAST_ROOM_BYTES = 32 * 1024 * 1024
"""With less room than this on the disk the process is not ready: a busy hour writes about as much."""
PROBE_S = 5.0
"""For so long a write that went through proves that writing is possible."""
_PROBE_PATIENCE_S = 2.0
_PROBE_STEPS = 1 << 31
# Primary result codes of SQLite (https://sqlite.org/rescode.html) that speak of the disk and not of the statement:
# BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB.
_SQLITE_TROUBLE = frozenset({5, 6, 8, 10, 11, 13, 14, 26})
_POSTGRESQL_LOCKED = "55P03"
_POSTGRESQL_READ_ONLY = "25006"

_log = structlog.get_logger("cti.store")
T = TypeVar("T")


class Database:
    """The application's database.

    `url` is an SQLAlchemy address: `sqlite:///path` or `postgresql://…` (driven by psycopg 3). Safe to share between
    threads and greenlets. Not to be made before a gevent worker has patched the standard library.
    """

    def __init__(
        self,
        url: str,
        *,
        secrets: SecretBox,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        room: Callable[[Path], int] | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._room = room or _room
        self._listeners: list[Callable[[], None]] = []
        self._write_lock = threading.Lock()
        self._writer: int | None = None
        self._queued = 0
        self._probed: float | None = None
        self._probes = 0
        self.engine: Engine = make_engine(url)
        self.is_sqlite: bool = self.engine.dialect.name == "sqlite"
        self._file: Path | None = None
        self._opened_file: tuple[int, int] | None = None
        if self.is_sqlite:
            event.listen(self.engine, "do_connect", self._before_opening)
            event.listen(self.engine, "connect", self._opened)
        self.secrets = secrets
        give_secrets_to(self.engine.dialect, secrets)
        self._write_engine: Engine = self.engine.execution_options(**{WRITING: True})

    @property
    def file(self) -> Path | None:
        """The file that an SQLite database lies in, links followed; None on PostgreSQL. Opens the database."""
        if self.is_sqlite and self._file is None:
            self.engine.connect().close()
        return self._file

    def admit_by(self, admit: Callable[[Any], None]) -> None:
        """Have `admit` see each new connection (of the driver) before it is used; what it raises keeps that one out."""

        def new(connection: Any, _record: object) -> None:
            try:
                admit(connection)
            except BaseException:
                connection.close()
                raise

        event.listen(self.engine, "connect", new)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit made through this object, outside the write lock.

        Listeners must be quick; what they raise is logged and goes no further.
        """
        self._listeners.append(listener)

    @contextlib.contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A consistent view of the data; nothing done in it is kept.

        Raises DatabaseUnavailableError where the database does not answer.
        """
        with _trouble_told(), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            try:
                yield ReadUnitOfWork(session, self._clock)
            finally:
                session.rollback()

    @contextlib.contextmanager
    def write(self, *, patience: float | None = None) -> Iterator[UnitOfWork]:
        """A transaction that may change data; left without `commit()` it is rolled back.

        On SQLite the writers of this process take turns, so nothing but SQL may be done inside. Raises
        DatabaseBusyError when others hold the database for more than `patience` seconds (15 unless given), the wait for
        one's turn included; its kin (DatabaseUnavailableError) when it cannot be written; RuntimeError when a writer
        opens a second transaction inside its own.
        """
        deadline = time.monotonic() + (LOCK_PATIENCE_S if patience is None else patience)
        with _trouble_told(), self._turn(deadline), Session(self._write_engine, expire_on_commit=False) as session:
            self._begun(session.connection, session.rollback, deadline)
            if patience is not None and patience < LOCK_PATIENCE_S - 1 and not self.is_sqlite:
                session.connection().exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(patience * 1000))}")
            uow = UnitOfWork(session, self._clock)
            try:
                yield uow
            finally:
                if not uow.committed:
                    session.rollback()
        if uow.committed:
            self._notify()

    @contextlib.contextmanager
    def schema_change(self) -> Iterator[Connection]:
        """A connection in a transaction that may change the tables; committed at the end."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        with _trouble_told(), self._turn(deadline), self._write_engine.connect() as connection:
            transaction = self._begun(connection.begin, lambda: None, deadline)
            with transaction:
                if not self.is_sqlite:
                    # Another process may be changing them, and that takes as long as it takes.
                    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                yield connection

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection to read with. Raises DatabaseUnavailableError where the database does not answer."""
        with _trouble_told(), self.engine.connect() as connection:
            yield connection

    def check(self) -> None:
        """Raise when the database does not answer, or its file is not the one that was opened."""
        self._check_file()
        with self.connection() as connection:
            connection.exec_driver_sql("SELECT 1")

    def check_writing(self) -> None:
        """Raise when nothing can be written: by the room that is left on the disk, and by writing.

        A write that went through is believed for `PROBE_S`. Room is looked at because a small write does not need any:
        SQLite's log is written over from its beginning until it has to grow. Raises DatabaseUnavailableError's kin.
        """
        if self.file is not None:
            left = self._room(self.file.parent)
            if left < LEAST_ROOM_BYTES:
                raise DatabaseFullError(left=str(left // 1_000_000))
        now = self._clock.monotonic()
        if self._probed is not None and now - self._probed < PROBE_S:
            return
        self._probed = None
        deadline = time.monotonic() + _PROBE_PATIENCE_S
        # Neither needs a table: a number in the file's head that nobody reads, a number of a transaction.
        self._probes = (self._probes + 1) % _PROBE_STEPS
        write = f"PRAGMA user_version = {self._probes}" if self.is_sqlite else "SELECT txid_current()"
        with (
            _trouble_told(),
            self._turn(deadline),
            self._write_engine.connect() as connection,
            self._begun(connection.begin, lambda: None, deadline),
        ):
            connection.exec_driver_sql(write)
        self._probed = now

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a write transaction was opened inside another one")
        self._queued += 1
        try:
            mine = self._write_lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
        finally:
            self._queued -= 1
        if not mine:
            raise DatabaseBusyError
        try:
            self._writer = me
            self._check_file()
            yield
        finally:
            self._writer = None
            self._write_lock.release()
        if self._queued:
            # In a gevent worker whoever asks again without a pause gets the lock again, before those who waited.
            self._sleep(0)

    def _begun(self, begin: Callable[[], T], undo: Callable[[], None], deadline: float) -> T:
        """What `begin` gives once no other process holds the database; tried once, however late it is."""
        pause = 0.005
        while True:
            try:
                return begin()
            except OperationalError as error:
                undo()
                if not _is_locked(error):
                    raise
                if time.monotonic() >= deadline:
                    raise DatabaseBusyError from error
            self._sleep(pause)
            pause = min(pause * 2, 0.1)

    def _before_opening(self, *_: object) -> None:
        """SQLite would make a file where there is none: a new, empty database beside the one that is open."""
        self._check_file()

    def _opened(self, connection: Any, _record: object) -> None:
        if self._file is None:
            self._file = Path(connection.execute("PRAGMA database_list").fetchone()[2])
            self._opened_file = _identity(self._file)

    def _check_file(self) -> None:
        if self._file is not None and _identity(self._file) != self._opened_file:
            raise DatabaseGoneError

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001 - the transaction stands whatever a listener does
                _log.exception("commit-listener-failed")


def _room(directory: Path) -> int:
    """The bytes that this process may still write on the disk under `directory`."""
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_locked(error: OperationalError) -> bool:
    return "locked" in str(error.orig) or "busy" in str(error.orig)


@contextlib.contextmanager
def _trouble_told() -> Iterator[None]:
    """Turn what says that the database cannot be used now into an error that can be answered; pass on the rest."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseBusyError from error
    except (LeaseError, UnreachableError) as error:
        raise DatabaseUnavailableError from error
    except DBAPIError as error:
        trouble = _trouble(error)
        if trouble is None:
            raise
        _log.warning("database-trouble", code=trouble.code, error=type(error.orig).__name__)
        raise trouble from error


def _trouble(error: DBAPIError) -> DatabaseUnavailableError | None:
    """The error to tell others of, for one that is the database's and not the statement's."""
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, OperationalError) and _is_locked(error):
            return DatabaseBusyError()
        return DatabaseUnavailableError() if code in _SQLITE_TROUBLE else None
    state = getattr(error.orig, "sqlstate", None)
    if state == _POSTGRESQL_LOCKED:
        return DatabaseBusyError()
    if isinstance(error, OperationalError) or error.connection_invalidated or state == _POSTGRESQL_READ_ONLY:
        return DatabaseUnavailableError()
    return None
