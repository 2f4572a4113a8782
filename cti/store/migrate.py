"""Bringing the database's tables up to this version of the code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cti.store.database import Database

LOCK_KEY = 0x46434331
"""The number of PostgreSQL's advisory lock under which one process at a time migrates."""


class SchemaOutdatedError(Exception):
    """The database's tables are not those of this version; the text says what to run."""


def migrate(database: Database, *, to: str = "head") -> None:
    """Bring the tables up to date, or to the revision `to`; nothing happens when they are.

    Safe to be run by several processes at once.
    """
    with database.schema_change() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_KEY})")
        command.upgrade(_config(connection), to)


def check(database: Database) -> None:
    """Raise SchemaOutdatedError when the tables are not those of this version.

    Raises DatabaseUnavailableError where the database does not answer.
    """
    with database.connection() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    wanted = ScriptDirectory.from_config(_config(None)).get_heads()
    if set(present) != set(wanted):
        raise SchemaOutdatedError("the database is not up to date; run `fcc-connector migrate`")


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
