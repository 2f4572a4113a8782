"""Connections to SQLite and to PostgreSQL: the pool, and what each is told before it is used."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url

from cti.store.lease import SERVER_KEEPALIVE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS: Final = 50
LOCK_PATIENCE_S = 15.0
WRITING: Final = "fcc_writing"
"""The execution option of an engine whose transactions write; SQLite must be told when they begin."""


def make_engine(url: str) -> Engine:
    """The engine of this address: its pool, and what is said at the start of each connection and transaction.

    Raises ValueError for an address of another database, and for SQLite in memory.
    """
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
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    raise ValueError(f"the database must be SQLite or PostgreSQL, not {backend}")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, none by the driver itself
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _turn_wal_on(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{SERVER_KEEPALIVE}; SET lock_timeout = '{LOCK_PATIENCE_S:.0f}s'")
    connection.commit()


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
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
