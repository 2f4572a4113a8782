"""Runs migrations on the connection that `cti.store.migrate` gives; with Alembic's own command line it makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from alembic import context

from cti.store.base import UtcDateTime
from cti.store.models import metadata
from cti.store.secrets import EncryptedText

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import Connection


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our column types as the plain ones that they are in the database."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, EncryptedText):
        return "sa.Text()"
    if type(item).__name__ == "JSON":
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")'
    return False


def run(connection: Connection) -> None:
    """Run what was asked for on `connection`."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    from cti.clock import SystemClock
    from cti.settings import load
    from cti.store.database import Database
    from cti.store.secrets import SecretBox

    settings = load()
    keys = [key.get_secret_value() for key in settings.encryption_keys]
    database = Database(settings.database, secrets=SecretBox(keys), clock=SystemClock())
    with database.schema_change() as connection:
        run(connection)
else:
    run(given)
