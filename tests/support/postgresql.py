"""Databases on the PostgreSQL server that FCC_TEST_POSTGRESQL_URL names."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from cti.store.models import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTGRESQL = "FCC_TEST_POSTGRESQL_URL"
ON_POSTGRESQL = [
    pytest.mark.postgresql,
    pytest.mark.skipif(POSTGRESQL not in os.environ, reason=f"{POSTGRESQL} is not set"),
]
"""The marks of a test that needs the server."""
DATABASES = ["sqlite", pytest.param("postgresql", marks=ON_POSTGRESQL)]
"""Both databases, as the parameters of a fixture or a test."""


@contextlib.contextmanager
def empty_database(server: str) -> Iterator[str]:
    """The address of an empty database that is dropped when the block ends."""
    name = f"fcc_test_{secrets.token_hex(6)}"
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        engine.dispose()


class Tables:
    """One database with all tables, for one test after the other: to make and drop one takes a second."""

    def __init__(self, url: str) -> None:
        """`url` names an empty database."""
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._url = url
        with self._engine.connect() as connection:
            metadata.create_all(connection)

    def emptied(self) -> str:
        """The database's address, once every row is forgotten and whoever was still connected is cut off."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
        return self._url
