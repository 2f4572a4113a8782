"""Transactions, on SQLite and on PostgreSQL alike.

SQLite is used by one web process and its worker. Its C library blocks a whole gevent worker while it waits for a
lock, so nobody may wait inside it: writers of one process queue at a lock of our own, the busy timeout is short, and a
writer that meets another process's transaction sleeps in Python and tries again. Source: SQLite documentation,
"Write-Ahead Logging" and "PRAGMA busy_timeout".
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import and_, create_engine, event, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cti.store.accounts import (
    NonceRepository,
    OrgRepository,
    PairingRepository,
    SessionRepository,
    TenantRepository,
)
from cti.store.calls import AgentRepository, CallRepository, FactRepository
from cti.store.events import EventRepository
from cti.store.outbox import CallLogRepository, OutboxRepository
from cti.store.secrets import EncryptedText, SecretBox, give_secrets_to
from cti.store.sip_dialogs import SipDialogRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from cti.clock import Clock

BUSY_TIMEOUT_MS = 50
LOCK_PATIENCE_S = 15.0
_WRITING = "fcc_writing"

_log = structlog.get_logger("cti.store")
T = TypeVar("T")


class DatabaseBusyError(Exception):
    """Another process kept the database for longer than a writer waits."""


class UnitOfWork:
    """One transaction and the repositories that work in it; made by `Database`, never kept beyond its `with` block."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._committed = False

    @cached_property
    def tenants(self) -> TenantRepository:
        """FCC tenants."""
        return TenantRepository(self._session, self._clock)

    @cached_property
    def orgs(self) -> OrgRepository:
        """Salesforce orgs."""
        return OrgRepository(self._session, self._clock)

    @cached_property
    def pairings(self) -> PairingRepository:
        """Which tenant works with which org."""
        return PairingRepository(self._session, self._clock)

    @cached_property
    def sessions(self) -> SessionRepository:
        """Signed-in panes."""
        return SessionRepository(self._session, self._clock)

    @cached_property
    def nonces(self) -> NonceRepository:
        """Canvas requests that were accepted."""
        return NonceRepository(self._session, self._clock)

    @cached_property
    def events(self) -> EventRepository:
        """What panes are told."""
        return EventRepository(self._session, self._clock)

    @cached_property
    def facts(self) -> FactRepository:
        """Everything that was reported about calls."""
        return FactRepository(self._session, self._clock)

    @cached_property
    def calls(self) -> CallRepository:
        """Calls as their facts make them."""
        return CallRepository(self._session, self._clock)

    @cached_property
    def agents(self) -> AgentRepository:
        """Agents' presence and where polling stands."""
        return AgentRepository(self._session, self._clock)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """What is to be delivered to Salesforce."""
        return OutboxRepository(self._session, self._clock)

    @cached_property
    def call_logs(self) -> CallLogRepository:
        """What Salesforce already has of each call."""
        return CallLogRepository(self._session, self._clock)

    @cached_property
    def sip_dialogs(self) -> SipDialogRepository:
        """The dialogs of agents' phones."""
        return SipDialogRepository(self._session, self._clock)

    @property
    def committed(self) -> bool:
        """Whether `commit` was called and went through."""
        return self._committed

    def flush(self) -> None:
        """Send what is pending to the database, still inside the transaction."""
        self._session.flush()
        if "outbox" in vars(self):
            self.outbox.flush()
        if "call_logs" in vars(self):
            self.call_logs.flush()

    def commit(self) -> None:
        """Make the transaction permanent; the unit of work can do nothing after it."""
        if self._committed:
            raise RuntimeError("a unit of work is committed once")
        self.flush()
        self._session.commit()
        self._committed = True
        self._session.close()


class _ReadUnitOfWork(UnitOfWork):
    def commit(self) -> None:
        raise RuntimeError("this unit of work only reads")


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
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._listeners: list[Callable[[], None]] = []
        self._write_lock = threading.Lock()
        self._writer: int | None = None
        self.engine: Engine = _make_engine(url)
        self.is_sqlite: bool = self.engine.dialect.name == "sqlite"
        give_secrets_to(self.engine.dialect, secrets)
        self._write_engine: Engine = self.engine.execution_options(**{_WRITING: True})

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit made through this object, outside the write lock.

        Listeners must be quick; what they raise is logged and goes no further.
        """
        self._listeners.append(listener)

    @contextlib.contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A consistent view of the data; nothing done in it is kept."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            try:
                yield _ReadUnitOfWork(session, self._clock)
            finally:
                session.rollback()

    @contextlib.contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A transaction that may change data; left without `commit()` it is rolled back.

        On SQLite the writers of this process take turns, so nothing but SQL may be done inside. Raises
        DatabaseBusyError when another process holds the database for more than 15 s, RuntimeError when a writer
        opens a second transaction inside its own.
        """
        with self._turn(), Session(self._write_engine, expire_on_commit=False) as session:
            self._begun(session.connection, session.rollback)
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
        with self._turn(), self._write_engine.connect() as connection:
            transaction = self._begun(connection.begin)
            with transaction:
                yield connection

    def rotate_secrets(self) -> int:
        """Encrypt every stored secret with the first key; returns how many there are."""
        from cti.store.models import metadata

        changed = 0
        with self.schema_change() as connection:
            for table in metadata.sorted_tables:
                columns = [column for column in table.columns if isinstance(column.type, EncryptedText)]
                keys = list(table.primary_key.columns)
                if not columns:
                    continue
                for row in connection.execute(select(*keys, *columns)).all():
                    identity, secrets = row[: len(keys)], row[len(keys) :]
                    condition = and_(*(key == value for key, value in zip(keys, identity, strict=True)))
                    values = dict(zip(columns, secrets, strict=True))
                    connection.execute(update(table).where(condition).values(values))
                    changed += sum(secret is not None for secret in secrets)
        return changed

    def check(self) -> None:
        """Raise when the database does not answer."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a write transaction was opened inside another one")
        with self._write_lock:
            self._writer = me
            try:
                yield
            finally:
                self._writer = None

    def _begun(self, begin: Callable[[], T], undo: Callable[[], None] = lambda: None) -> T:
        """What `begin` gives once no other process holds the database."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        pause = 0.005
        while True:
            try:
                return begin()
            except OperationalError as error:
                undo()
                if not _is_locked(error):
                    raise
                if time.monotonic() >= deadline:
                    raise DatabaseBusyError("the database stayed locked by another process") from error
            self._sleep(pause)
            pause = min(pause * 2, 0.1)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001 - the transaction stands whatever a listener does
                _log.exception("commit-listener-failed")


def _is_locked(error: OperationalError) -> bool:
    return "locked" in str(error.orig) or "busy" in str(error.orig)


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("an SQLite database must be a file")
        engine = create_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
            pool_size=20,
            max_overflow=40,
            hide_parameters=True,  # names, notes and tokens would stand in the text of every error
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    raise ValueError(f"the database must be SQLite or PostgreSQL, not {backend}")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, none by the driver itself
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _turn_wal_on(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _turn_wal_on(cursor: Any) -> None:
    # The first connection ever changes the file, which another process may be doing at the same moment.
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
