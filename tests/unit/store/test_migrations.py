from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, insert, select
from sqlalchemy.orm import Session

from cti.store import migrate
from cti.store.database import Database
from cti.store.facts import FactRow
from cti.store.migrate import SchemaOutdatedError
from cti.store.models import metadata
from cti.store.secrets import SecretBox
from tests.support import accounts
from tests.support.postgresql import DATABASES, POSTGRESQL, empty_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: DrivenClock) -> Iterator[Database]:
    def opened(url: str) -> Database:
        return Database(url, secrets=SecretBox([SecretBox.new_key()]), clock=clock)

    if request.param == "sqlite":
        made = opened(f"sqlite:///{tmp_path / 'test.db'}")
        yield made
        made.close()
    else:
        with empty_database(os.environ[POSTGRESQL]) as url:
            made = opened(url)
            yield made
            made.close()


def differences(database: Database) -> list[Any]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [each for each in compare_metadata(context, metadata) if "alembic_version" not in str(each)]


def test_the_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    assert differences(database)
    migrate.migrate(database)
    assert differences(database) == []


def test_what_unknown_events_said_is_forgotten_by_the_update(database: Database, clock: DrivenClock) -> None:
    migrate.migrate(database, to="0001")
    with database.schema_change() as connection:
        for number, kind in enumerate(("unknown", "created")):
            connection.execute(
                insert(cast("Table", FactRow.__table__)).values(
                    tenant_id="acme",
                    identity=str(number) * 64,
                    source="fcc",
                    kind=kind,
                    at=clock.now(),
                    content={"data": {"who": "Jan Kowalski"}},
                    received_at=clock.now(),
                )
            )
    migrate.migrate(database)
    with Session(database.engine) as session:
        kept = {row.kind: row.content for row in session.scalars(select(FactRow))}
    assert kept == {"unknown": None, "created": {"data": {"who": "Jan Kowalski"}}}


def test_whether_other_phones_are_logged_stays_as_it_was_under_its_new_name(
    database: Database, clock: DrivenClock
) -> None:
    migrate.migrate(database, to="0007")
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock))
        for org_id in ("00D1", "00D2"):
            uow.orgs.save(accounts.org(clock, id=org_id))
        uow.commit()
    with database.schema_change() as connection:
        table = Table("pairings", MetaData(), autoload_with=connection)
        for org_id, wanted in (("00D1", True), ("00D2", False)):
            values = {**vars(accounts.pairing(clock, id=org_id, org_id=org_id)), "record_other_phones": wanted}
            connection.execute(insert(table).values(**{n: v for n, v in values.items() if n in table.columns}))
    migrate.migrate(database)
    with database.read() as uow:
        assert {each.id: each.log_other_phones for each in uow.pairings.all()} == {"00D1": True, "00D2": False}


def test_a_database_is_migrated_once(database: Database, clock: DrivenClock) -> None:
    with pytest.raises(SchemaOutdatedError, match="fcc-connector migrate"):
        migrate.check(database)
    migrate.migrate(database)
    accounts.pair(database, clock)
    migrate.migrate(database)
    migrate.check(database)
    with database.read() as uow:
        assert [pairing.id for pairing in uow.pairings.all()] == ["acme-1"]
