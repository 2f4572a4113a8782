"""The lease of a database: one process serves from it at a time, and which one is not a matter of settings.

Who holds an agent's phone, which tickets and fences are valid and what is being read of FCC's list is in the memory of
the process that serves; two of them on one database would each do half of that and all of the polling. A lease is
something the operating system or PostgreSQL takes back by itself when its process dies, however it dies, so that a
restart never waits for a time to run out (docs/adr/0006-one-instance-holds-the-database.md).

On SQLite it is a lock on a file beside the database. On PostgreSQL it is an advisory lock that a connection of its own
holds; and since that one can be lost while others of the same process live on, each connection that the process works
with carries a mark, a second advisory lock with the process's number in it. Whoever takes the lease waits until there
are no marks but their own; a connection is marked first and let in only after the lease was then seen to be held. So
two processes never work at once, whichever connections break. Source: flock(2); PostgreSQL documentation, "Explicit
Locking", "System Views: pg_locks".
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from cti.background import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL, Connection

    from cti.clock import Clock
    from cti.store.database import Database

PATIENCE_S: Final = 20.0
"""So long a process waits for the one before it, which Gunicorn replaces: its stop lasts at most 13 s."""
RETRY_S: Final = 0.25
WATCH_S: Final = 2.0
GIVE_UP_S: Final = 6.0
"""So long a process that lost its lease to another one tries to have it back; then it ends."""
LEASE_KEY: Final = 0x46434332
"""The number of PostgreSQL's advisory lock that the process which serves has for itself."""
MARK_KEY: Final = 0x46434333
"""The first number of the locks that its connections carry; the second is the process's own."""
ADVICE: Final = (
    "One instance of the connector serves from a database at a time. Stop the other one (`systemctl stop "
    "fcc-connector`, or look for another Gunicorn with the same FCC_CONNECTOR_DATABASE_URL or FCC_CONNECTOR_DATA_DIR), "
    "or give this one a database of its own."
)
_KEEPALIVE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
SERVER_KEEPALIVE: Final = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
"""Has the server notice within half a minute that a whole machine is gone, and take its locks back."""

_log = structlog.get_logger("cti.store")


class LeaseError(Exception):
    """The database cannot be served from here; the text says why and what to do."""


class DatabaseInUseError(LeaseError):
    """Another instance serves from the database."""


class Hold(Protocol):
    """Something that one process has at a time and that nobody keeps beyond their process."""

    def try_take(self) -> bool:
        """Take it unless somebody else has it; True where it is this process's now. Raises UnreachableError."""
        ...

    def holds(self) -> bool:
        """Whether this process has it at this moment. Raises UnreachableError."""
        ...

    def release(self) -> None:
        """Give it back; nothing happens where it is not held."""
        ...


class UnreachableError(Exception):
    """Nobody can be asked at the moment who holds the lease."""


class FileHold:
    """A lock on the file at `path`, which stays when it is given back: who locks it counts, not that it is there.

    Raises LeaseError where the file cannot be made or its file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def try_take(self) -> bool:
        """See `Hold`."""
        self.release()
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LeaseError(f"{self._path} cannot be opened: {error.strerror}. {ADVICE}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have gone, and the file with it, between opening and locking.
            if not _same_file(file, self._path):
                os.close(file)
                return False
            with contextlib.suppress(
                OSError
            ):  # for people only, who may wonder; a full disk must not keep it from them
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()}\n".encode())
        except OSError as error:
            os.close(file)
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                return False
            raise LeaseError(
                f"{self._path} cannot be locked: {error.strerror}. The database must lie on a disk of this machine "
                "that has room and allows locks."
            ) from None
        self._file = file
        return True

    def holds(self) -> bool:
        """See `Hold`."""
        return self._file is not None and _same_file(self._file, self._path)

    def release(self) -> None:
        """See `Hold`."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


class SessionHold:
    """The lease on PostgreSQL, held by a connection of its own, and the marks on the process's other connections.

    `instance` is a number of 31 bits that no other process has.
    """

    def __init__(self, url: URL, instance: int) -> None:
        self._instance = instance
        self._engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_KEEPALIVE, hide_parameters=True
        )
        self._connection: Connection | None = None
        self._turn = threading.Lock()

    def try_take(self) -> bool:
        """See `Hold`."""
        with self._turn, self._reachable():
            if self._connection is None:
                self._connection = self._engine.connect()
                self._connection.exec_driver_sql(SERVER_KEEPALIVE)
            if self._holds(self._connection):
                return True
            if not self._ask(self._connection, f"SELECT pg_try_advisory_lock({LEASE_KEY})"):
                return False
            if self._ask(self._connection, f"SELECT NOT EXISTS ({_LOCKS} AND {_MARKS} AND objid <> {self._instance})"):
                return True
            self._ask(self._connection, f"SELECT pg_advisory_unlock({LEASE_KEY})")
            return False

    def holds(self) -> bool:
        """See `Hold`."""
        with self._turn, self._reachable():
            return self._connection is not None and self._holds(self._connection)

    def release(self) -> None:
        """See `Hold`."""
        with self._turn:
            self._drop()
            self._engine.dispose()

    def mark(self, connection: Any) -> None:
        """Mark a connection (of the driver) as one that this process works with, until it is closed."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock_shared({MARK_KEY}, {self._instance})")
        connection.commit()

    def _holds(self, connection: Connection) -> bool:
        return self._ask(connection, f"SELECT EXISTS ({_LOCKS} AND {_LEASE} AND pid = pg_backend_pid())")

    @staticmethod
    def _ask(connection: Connection, statement: str) -> bool:
        return bool(connection.exec_driver_sql(statement).scalar())

    def _drop(self) -> None:
        if self._connection is not None:
            # One whose server is gone cannot be given back, only thrown away.
            with contextlib.suppress(DBAPIError):
                self._connection.invalidate()
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            self._drop()
            raise UnreachableError(type(error.orig).__name__) from error


_LOCKS = (
    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_LEASE = f"classid = 0 AND objid = {LEASE_KEY} AND objsubid = 1 AND mode = 'ExclusiveLock'"
_MARKS = f"classid = {MARK_KEY} AND objsubid = 2"


class Lease:
    """The right to serve from a database. Safe to share between threads.

    `lost` is called once, by the thread that watches, when another process has taken over for good: the process must
    end then. It may not be called for a database that nobody reaches: that one comes back, and so does its lease.
    """

    def __init__(
        self,
        hold: Hold,
        *,
        lost: Callable[[], None],
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hold = hold
        self._lost = lost
        self._clock = clock
        self._sleep = sleep
        self._trouble: str | None = "it was not taken yet"
        self._others_since: float | None = None
        self.watcher: Final = Loop(
            "lease", self.look, clock=clock, interval=WATCH_S, first=WATCH_S, longest_backoff=WATCH_S
        )

    def take(self) -> None:
        """Take it, waiting up to `PATIENCE_S` for another process to end.

        Raises DatabaseInUseError when that one does not, LeaseError when it cannot be taken here at all. A database
        that does not answer is not waited for: `look` takes the lease as soon as it does.
        """
        deadline = self._clock.monotonic() + PATIENCE_S
        waited = False
        while True:
            try:
                taken = self._hold.try_take()
            except UnreachableError as error:
                self._in_trouble("the database does not answer", error)
                return
            if taken:
                self._fine()
                return
            if self._clock.monotonic() >= deadline:
                raise DatabaseInUseError(f"Another instance of the connector serves from this database. {ADVICE}")
            if not waited:
                waited = True
                _log.info("lease-waiting", seconds=PATIENCE_S)
            self._sleep(RETRY_S)

    def watch(self) -> None:
        """Look every two seconds, on the loop `watcher`, until `give_back`."""
        self.watcher.start()

    def look(self) -> None:
        """See whether it is held still; take it again where it got lost, and end the process where it cannot be."""
        try:
            taken = self._hold.holds() or self._hold.try_take()
        except (UnreachableError, LeaseError) as error:
            self._others_since = None
            self._in_trouble("nobody can be asked for it", error)
            return
        if taken:
            self._fine()
            return
        now = self._clock.monotonic()
        if self._others_since is None:
            self._others_since = now
            self._in_trouble("another instance has it", None)
        elif now - self._others_since >= GIVE_UP_S and not self.watcher.stopping:
            _log.critical("lease-lost", advice=f"Another instance of the connector took this database over. {ADVICE}")
            self.watcher.stop(timeout=0)
            self._lost()

    def check(self) -> None:
        """Raise LeaseError unless it was held at the last look."""
        trouble = self._trouble
        if trouble is not None:
            raise LeaseError(f"This process does not hold the lease of its database: {trouble}.")

    def confirm(self) -> None:
        """Raise LeaseError or UnreachableError unless it is held at this moment, or can be had."""
        if not (self._hold.holds() or self._hold.try_take()):
            self._trouble = "another instance has it"
            raise DatabaseInUseError(f"Another instance of the connector took this database over. {ADVICE}")
        self._fine()

    def give_back(self) -> None:
        """Let the next process have it; the last thing to do with the database."""
        self.watcher.stop(timeout=1.0)
        self._trouble = "it was given back"
        self._hold.release()

    def _fine(self) -> None:
        if self._trouble is not None:
            _log.info("lease-taken")
        self._trouble, self._others_since = None, None

    def _in_trouble(self, trouble: str, error: Exception | None) -> None:
        if self._trouble != trouble:
            _log.warning("lease-not-held", reason=trouble, error=str(error) if error is not None else None)
        self._trouble = trouble


def lease_of(database: Database, *, clock: Clock, instance: int, lost: Callable[[], None]) -> Lease:
    """The lease of this database; on PostgreSQL every connection made from now on is let in by it.

    `instance`: see `SessionHold`. To be made before anything is read or written.
    """
    if database.file is not None:
        return Lease(FileHold(database.file.with_name(f"{database.file.name}.lease")), clock=clock, lost=lost)
    hold = SessionHold(database.engine.url, instance)
    lease = Lease(hold, clock=clock, lost=lost)

    def admit(connection: Any) -> None:
        hold.mark(connection)
        lease.confirm()

    database.admit_by(admit)
    return lease
