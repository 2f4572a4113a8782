"""The encryption keys are tried against what lies in the database."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select

from cti.errors import DatabaseUnavailableError, KeysWrongError
from cti.store import keys, migrate
from cti.store.database import Database
from cti.store.keys import CanaryRow
from cti.store.secrets import SecretBox
from tests.support import accounts
from tests.support.postgresql import DATABASES, POSTGRESQL, empty_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock

FIRST, SECOND, FOREIGN = SecretBox.new_key(), SecretBox.new_key(), SecretBox.new_key()


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: DrivenClock) -> Iterator[Callable[..., Database]]:
    """Opens the same database with other keys each time."""
    with contextlib.ExitStack() as held:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'test.db'}"
        else:
            url = held.enter_context(empty_database(os.environ[POSTGRESQL]))

        def open_with(*with_keys: str) -> Database:
            made = Database(url, secrets=SecretBox(with_keys), clock=clock)
            held.callback(made.close)
            return made

        yield open_with


@pytest.fixture
def used(opened: Callable[..., Database]) -> Database:
    """A database that the first key has been used with."""
    made = opened(FIRST)
    migrate.migrate(made)
    keys.settle(made)
    return made


def canaries(database: Database) -> int:
    with database.connection() as connection:
        return connection.execute(select(func.count()).select_from(CanaryRow)).scalar_one()


@pytest.mark.usefixtures("used")
def test_keys_of_another_database_are_refused_also_where_nothing_is_stored_yet(opened: Callable[..., Database]) -> None:
    for each in (keys.settle, keys.check):
        with pytest.raises(KeysWrongError):
            each(opened(FOREIGN))
        each(opened(FIRST))
    keys.check(opened(FOREIGN, FIRST))


def test_a_key_that_was_first_once_is_needed_until_the_secrets_are_sealed_anew(
    used: Database, opened: Callable[..., Database], clock: DrivenClock
) -> None:
    accounts.pair(used, clock)
    both = opened(SECOND, FIRST)
    keys.settle(both)
    for alone in (FIRST, SECOND):
        with pytest.raises(KeysWrongError):
            keys.settle(opened(alone))
    assert keys.rotate(both) == 3
    keys.settle(opened(SECOND))
    with pytest.raises(KeysWrongError):
        keys.check(used)


def test_keys_are_settled_once(used: Database) -> None:
    keys.settle(used)
    keys.settle(used)
    assert canaries(used) == 1


def test_secrets_are_not_sealed_anew_with_keys_that_do_not_open_them(
    used: Database, opened: Callable[..., Database], clock: DrivenClock
) -> None:
    accounts.pair(used, clock)
    with pytest.raises(KeysWrongError):
        keys.rotate(opened(FOREIGN))
    keys.check(used)


def test_a_database_from_before_is_taken_for_the_keys_that_open_every_secret_in_it(
    used: Database, opened: Callable[..., Database], clock: DrivenClock
) -> None:
    accounts.pair(used, clock)
    with opened(SECOND).write() as uow:
        uow.tenants.save(accounts.tenant(clock, id="b", domain="b"))
        uow.commit()
    with used.schema_change() as connection:
        connection.execute(delete(CanaryRow))
    for wrong in ((FOREIGN,), (FIRST,), (SECOND,)):
        for each in (keys.settle, keys.check):
            with pytest.raises(KeysWrongError):
                each(opened(*wrong))
    assert canaries(used) == 0
    keys.settle(opened(SECOND, FIRST))
    assert canaries(used) == 1


def test_a_session_that_a_key_long_gone_sealed_keeps_no_database_from_its_keys(
    used: Database, opened: Callable[..., Database], clock: DrivenClock
) -> None:
    accounts.pair(used, clock)
    with opened(SECOND).write() as uow:
        uow.sessions.add(accounts.session(clock))
        uow.commit()
    with used.schema_change() as connection:
        connection.execute(delete(CanaryRow))
    keys.settle(used)
    keys.check(used)


def test_tables_of_another_version_are_left_to_those_who_migrate_them(opened: Callable[..., Database]) -> None:
    database = opened(FIRST)
    migrate.migrate(database, to="0008")
    keys.settle(database)
    migrate.migrate(database)
    assert canaries(database) == 0
    keys.check(database)


def test_a_database_that_does_not_answer_says_nothing_about_the_keys(tmp_path: Path, clock: DrivenClock) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}", secrets=SecretBox([FIRST]), clock=clock)
    migrate.migrate(database)
    database.close()
    (tmp_path / "test.db").unlink()
    keys.settle(database)
    with pytest.raises(DatabaseUnavailableError):
        keys.check(database)
