"""Whether the encryption keys are those of the database, and sealing everything in it with the first of them.

A database remembers each key that was ever the first, and so may have sealed something: a canary, a word of no meaning,
sealed with it. Keys that open every canary open every secret; those that leave one shut are another database's, or one
that is still needed was taken out. `rotate` leaves one key, and one canary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Text, and_, delete, insert, select, type_coerce, update
from sqlalchemy.orm import Mapped, mapped_column

from cti.errors import DatabaseUnavailableError, KeysWrongError
from cti.store import migrate
from cti.store.base import Base
from cti.store.migrate import SchemaOutdatedError
from cti.store.secrets import EncryptedText, SecretUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column, Connection

    from cti.store.database import Database

_WORD: Final = "canary"

_log = structlog.get_logger("cti.store")


class CanaryRow(Base):
    """What was sealed with a key when that one was first among the keys."""

    __tablename__ = "key_canaries"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)


def settle(database: Database) -> None:
    """Try the keys, and remember the first one in the database: from now on it may seal something.

    To be called before anything is sealed. A database without a canary is taken for the keys' own where they open
    every lasting secret. Nothing is tried where the tables are of another version or the database does not answer;
    `check` makes up for it. Raises KeysWrongError.
    """
    try:
        migrate.check(database)
        with database.connection() as connection:
            canaries = _tried(database, connection)
        if any(database.secrets.is_current(each) for each in canaries):
            return
        with database.schema_change() as connection:
            connection.execute(insert(CanaryRow).values(sealed=database.secrets.encrypt(_WORD)))
    except (SchemaOutdatedError, DatabaseUnavailableError) as error:
        _log.warning("keys-not-tried", reason=str(error), code=getattr(error, "code", None))


def check(database: Database) -> None:
    """Raise KeysWrongError where the keys do not open what is in the database."""
    with database.connection() as connection:
        _tried(database, connection)


def rotate(database: Database) -> int:
    """Seal every stored secret with the first key, which is the only one needed then; returns how many there are.

    Raises KeysWrongError, and then nothing is changed.
    """
    changed = 0
    try:
        with database.schema_change() as connection:
            for columns, keys in _sealed_columns():
                for row in connection.execute(select(*keys, *columns)).all():
                    identity, secrets = row[: len(keys)], row[len(keys) :]
                    condition = and_(*(key == value for key, value in zip(keys, identity, strict=True)))
                    values = dict(zip(columns, secrets, strict=True))
                    connection.execute(update(keys[0].table).where(condition).values(values))
                    changed += sum(secret is not None for secret in secrets)
            connection.execute(delete(CanaryRow))
            connection.execute(insert(CanaryRow).values(sealed=database.secrets.encrypt(_WORD)))
    except SecretUnreadableError:
        raise KeysWrongError from None
    return changed


def _tried(database: Database, connection: Connection) -> Sequence[str]:
    """The canaries; KeysWrongError unless all of them open, or, where there are none, all lasting secrets."""
    canaries = connection.execute(select(CanaryRow.sealed)).scalars().all()
    try:
        for sealed in canaries or _sealed(connection):
            database.secrets.decrypt(sealed)
    except SecretUnreadableError:
        raise KeysWrongError from None
    return canaries


def _sealed(connection: Connection) -> Iterator[str]:
    """What is sealed for good: a session ends by itself, and its token may be left behind by a key that is gone."""
    for columns, keys in _sealed_columns():
        if "expires_at" in keys[0].table.columns:
            continue
        for row in connection.execute(select(*(type_coerce(column, Text) for column in columns))):
            yield from (sealed for sealed in row if sealed is not None)


def _sealed_columns() -> Iterator[tuple[list[Column[str]], list[Column[str]]]]:
    """Of each table with secrets the columns that hold them and its primary key."""
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, EncryptedText)]
        if columns:
            yield columns, list(table.primary_key.columns)
