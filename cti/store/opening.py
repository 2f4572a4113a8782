"""Opening the database that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.store.database import Database
from cti.store.secrets import SecretBox

if TYPE_CHECKING:
    from cti.clock import Clock
    from cti.settings import Settings


def open_database(settings: Settings, clock: Clock) -> Database:
    """The database of these settings; the directory of the default SQLite file is made when it is missing."""
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = [key.get_secret_value() for key in settings.encryption_keys]
    return Database(settings.database, secrets=SecretBox(keys), clock=clock)
