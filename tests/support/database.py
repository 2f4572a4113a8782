"""A database for tests, empty but for the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.store.database import Database
from cti.store.models import metadata
from cti.store.secrets import SecretBox

if TYPE_CHECKING:
    from pathlib import Path

    from cti.clock import Clock


def make_database(directory: Path, clock: Clock, *, url: str = "") -> Database:
    """A database in a file under `directory`, or the one at `url`, which has its tables; close it when done."""
    made = Database(url or f"sqlite:///{directory / 'test.db'}", secrets=SecretBox([SecretBox.new_key()]), clock=clock)
    if not url:
        with made.schema_change() as connection:
            metadata.create_all(connection)
    return made
