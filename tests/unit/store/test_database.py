from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from cti.accounts import salesforce_id
from cti.errors import DatabaseBusyError, DatabaseFullError, DatabaseGoneError, DatabaseUnavailableError
from cti.store import database as database_module
from cti.store import keys
from cti.store.accounts import TenantRow
from cti.store.database import Database
from cti.store.engine import make_engine
from cti.store.secrets import SecretBox, SecretUnreadableError
from tests.support import accounts
from tests.support.database import make_database
from tests.support.signed_request import ORG_ID, USER_ID
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock


@pytest.fixture
def database(tmp_path: Path, clock: DrivenClock) -> Iterator[Database]:
    made = make_database(tmp_path, clock)
    yield made
    made.close()


def count(database: Database) -> int:
    with database.read() as uow:
        return len(uow.tenants.all())


def test_what_is_committed_stays(database: Database, clock: DrivenClock) -> None:
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock))
        uow.commit()
    with database.read() as uow:
        assert uow.tenants.get("acme") == accounts.tenant(clock)


def test_what_is_not_committed_is_gone(database: Database, clock: DrivenClock) -> None:
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock))
        uow.flush()
    assert count(database) == 0


def test_what_fails_is_rolled_back_and_the_next_writer_gets_its_turn(database: Database, clock: DrivenClock) -> None:
    def fail() -> None:
        with database.write() as uow:
            uow.tenants.save(accounts.tenant(clock))
            uow.flush()
            raise KeyError("something else")

    with pytest.raises(KeyError):
        fail()
    assert count(database) == 0
    accounts.pair(database, clock)
    assert count(database) == 1


def test_a_unit_of_work_is_committed_once(database: Database) -> None:
    with database.write() as uow:
        uow.commit()
        with pytest.raises(RuntimeError, match="committed once"):
            uow.commit()


def test_a_reader_cannot_commit(database: Database) -> None:
    with database.read() as uow, pytest.raises(RuntimeError, match="only reads"):
        uow.commit()


def test_a_writer_inside_a_writer_is_a_mistake_and_not_a_deadlock(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="inside another"), database.write():
        pass


def test_a_reader_inside_a_writer_sees_what_was_there_before(database: Database, clock: DrivenClock) -> None:
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock))
        uow.flush()
        assert count(database) == 0
        uow.commit()
    assert count(database) == 1


def test_a_reader_keeps_its_view_while_others_write(database: Database, clock: DrivenClock) -> None:
    with database.read() as uow:
        assert uow.tenants.all() == []
        accounts.pair(database, clock)
        assert uow.tenants.all() == []
    assert count(database) == 1


def test_listeners_run_after_each_commit_and_outside_the_turn(database: Database, clock: DrivenClock) -> None:
    seen: list[int] = []

    def listener() -> None:
        seen.append(count(database))
        if len(seen) == 1:
            with database.write() as uow:
                uow.commit()

    database.on_commit(listener)
    accounts.pair(database, clock)
    with database.write():
        pass
    assert seen == [1, 1]


def test_a_listener_that_fails_disturbs_nobody(database: Database, clock: DrivenClock) -> None:
    called: list[str] = []

    def fail() -> None:
        called.append("first")
        raise RuntimeError("listener")

    database.on_commit(fail)
    database.on_commit(lambda: called.append("second"))
    accounts.pair(database, clock)
    assert called == ["first", "second"]


def test_writers_of_one_process_take_turns(database: Database, clock: DrivenClock) -> None:
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            with database.write() as uow:
                uow.tenants.save(accounts.tenant(clock, id=f"t{number}", domain=f"d{number}"))
                uow.commit()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failures == []
    assert count(database) == 30


def test_a_writer_waits_for_another_process(database: Database, clock: DrivenClock, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("ROLLBACK")

    database._sleep = sleep
    accounts.pair(database, clock)
    assert len(waits) == 3
    assert max(waits) <= 0.1
    other.close()


def test_a_writer_gives_up_in_the_end(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "LOCK_PATIENCE_S", 0.1)
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError), database.write():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.write() as uow:
        uow.commit()


def test_sqlite_is_durable_and_checks_references(database: Database, clock: DrivenClock) -> None:
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 50}

    def pair_nobody() -> None:
        with database.write() as uow:
            uow.pairings.save(accounts.pairing(clock))
            uow.flush()

    with pytest.raises(IntegrityError):
        pair_nobody()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://db/x"])
def test_another_kind_of_database_is_refused(url: str, clock: DrivenClock) -> None:
    with pytest.raises(ValueError, match="must be"):
        Database(url, secrets=SecretBox([SecretBox.new_key()]), clock=clock)


def test_moments_come_back_in_utc_whatever_zone_they_had(database: Database, clock: DrivenClock) -> None:
    warsaw = timezone(timedelta(hours=2))
    moment = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=warsaw)
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock, created_at=moment))
        uow.commit()
    with database.read() as uow:
        stored = uow.tenants.get("acme")
    assert stored is not None
    assert stored.created_at == moment
    assert stored.created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database, clock: DrivenClock) -> None:
    def save() -> None:
        with database.write() as uow:
            uow.tenants.save(accounts.tenant(clock, created_at=datetime(2026, 7, 1)))  # noqa: DTZ001 - the mistake
            uow.flush()

    with pytest.raises(Exception, match="without a time zone"):
        save()


def test_secrets_lie_encrypted_and_are_kept_out_of_sight(
    database: Database, clock: DrivenClock, tmp_path: Path
) -> None:
    accounts.pair(database, clock)
    assert "api-key-of-the-test" not in repr(accounts.tenant(clock))
    assert "pairing-secret-of-the-test" not in repr(accounts.org(clock))
    database.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (b"api-key-of-the-test", b"canvas-secret-of-the-test", b"pairing-secret-of-the-test"):
        assert secret not in stored


def test_a_new_key_reads_what_the_old_one_wrote(tmp_path: Path, clock: DrivenClock) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    url = f"sqlite:///{tmp_path / 'test.db'}"
    make_database(tmp_path, clock).close()

    def opened(*keys: str) -> Database:
        return Database(url, secrets=SecretBox(keys), clock=clock)

    first = opened(old)
    accounts.pair(first, clock)
    first.close()
    both = opened(new, old)
    with both.write() as uow:
        tenant = uow.tenants.get("acme")
        assert tenant is not None
        assert tenant.api_key == "api-key-of-the-test"
        uow.commit()
    assert keys.rotate(both) > 0
    both.close()
    only_new = opened(new)
    with only_new.read() as uow:
        assert uow.tenants.get("acme") == tenant
    only_new.close()
    only_old = opened(old)
    with pytest.raises(SecretUnreadableError), only_old.read() as uow:
        uow.tenants.get("acme")
    only_old.close()


def test_equal_secrets_look_different_in_the_database(database: Database, clock: DrivenClock) -> None:
    with database.write() as uow:
        uow.tenants.save(accounts.tenant(clock, id="a", domain="a"))
        uow.tenants.save(accounts.tenant(clock, id="b", domain="b"))
        uow.commit()
    with database.engine.connect() as connection:
        table = TenantRow.__table__
        stored = connection.exec_driver_sql(f"SELECT api_key FROM {table.name}").scalars().all()
    assert len(set(stored)) == 2
    with database.engine.connect() as connection:
        assert set(connection.scalars(select(TenantRow.api_key))) == {"api-key-of-the-test"}


def test_repositories_save_and_find(database: Database, clock: DrivenClock) -> None:
    accounts.pair(database, clock)
    changed = accounts.pairing(clock, active=False, campaigns=(2, 3), default_user_id=USER_ID)
    with database.write() as uow:
        uow.pairings.save(changed)
        uow.orgs.save(accounts.org(clock, name="Renamed"))
        uow.commit()
    with database.read() as uow:
        assert uow.pairings.get("acme-1") == changed
        assert list(uow.pairings.of_org(ORG_ID)) == [changed]
        assert list(uow.pairings.of_tenant("acme")) == [changed]
        assert list(uow.pairings.of_tenant("other")) == []
        assert [org.name for org in uow.orgs.all()] == ["Renamed"]
        assert uow.orgs.get("00D000000000002EAA") is None


def test_a_tenant_and_an_org_are_paired_once(database: Database, clock: DrivenClock) -> None:
    accounts.pair(database, clock)

    def pair_again() -> None:
        with database.write() as uow:
            uow.pairings.save(accounts.pairing(clock, id="acme-2"))
            uow.commit()

    with pytest.raises(IntegrityError):
        pair_again()


def test_a_used_request_is_known_until_it_is_forgotten(database: Database, clock: DrivenClock) -> None:
    def use() -> datetime | None:
        with database.write() as uow:
            first = uow.nonces.first_use(ORG_ID, USER_ID, "k")
            uow.commit()
        return first

    began = clock.now()
    assert use() is None
    clock.advance(10)
    assert use() == began
    with database.write() as uow:
        uow.nonces.forget(clock.now())
        uow.commit()
    assert use() is None


def test_a_process_that_closed_its_database_leaves_it_to_others(database: Database) -> None:
    with database.write() as uow:
        uow.commit()
    database.check()
    database.close()
    until(lambda: database.engine.pool.checkedin() == 0, what="the pool to empty")  # type: ignore[attr-defined]


@pytest.mark.parametrize("raw", ["", "005", "005000000000001AAB", "005000000000001AA", "00500000000000!", "0" * 19])
def test_what_is_no_salesforce_id_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="not a Salesforce id"):
        salesforce_id(raw)


@pytest.mark.parametrize(
    ("short", "full"), [("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("005xx000001SyyE", "005xx000001SyyEAAS")]
)
def test_ids_get_their_check_characters(short: str, full: str) -> None:
    assert salesforce_id(short) == salesforce_id(full) == full
    assert salesforce_id(full.lower()[:0] + full[:15] + full[15:].lower()) == full


@pytest.mark.parametrize("writing", [False, True])
def test_an_error_of_the_database_does_not_tell_what_was_being_written(database: Database, writing: bool) -> None:
    engine = database._write_engine if writing else database.engine
    with engine.connect() as connection, pytest.raises(IntegrityError) as failed:
        connection.execute(insert(TenantRow.__table__).values(id="acme", webhook_user="Jan Kowalski"))
    assert "tenants" in str(failed.value)
    assert "Kowalski" not in str(failed.value)


def test_neither_does_one_of_postgresql() -> None:
    engine = make_engine("postgresql://user@host/name")
    assert engine.hide_parameters
    engine.dispose()


# -- what waits, and what cannot be written ----------------------------------------------------------------------------


def test_whoever_waits_for_its_turn_gives_up_as_early_as_whoever_has_it(database: Database) -> None:
    database._write_lock.acquire()
    with pytest.raises(DatabaseBusyError), database.write(patience=0.01):
        pass
    database._write_lock.release()
    assert count(database) == 0


def test_what_was_waited_for_a_turn_is_not_waited_again_at_the_lock_of_another_process(
    database: Database, clock: DrivenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Queue:
        """A turn that comes after a wait of 14.9 s."""

        def acquire(self, timeout: float) -> bool:
            clock.advance(14.9)
            return timeout > 14.9

        def release(self) -> None:
            pass

    monkeypatch.setattr(database_module, "time", clock)
    monkeypatch.setattr(database, "_write_lock", Queue())
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = clock.monotonic()
    database._sleep = clock.advance
    with pytest.raises(DatabaseBusyError), database.write():
        pass
    assert 15 <= clock.monotonic() - began < 15.2
    other.execute("ROLLBACK")
    other.close()


def test_a_writer_that_has_waited_elsewhere_already_tries_once_and_no_more(
    database: Database, tmp_path: Path, clock: DrivenClock
) -> None:
    waits: list[float] = []
    database._sleep = waits.append
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError), database.write(patience=0.0):
        pass
    assert waits == []
    other.execute("ROLLBACK")
    other.close()
    with database.write(patience=0.0) as uow:
        uow.tenants.save(accounts.tenant(clock))
        uow.commit()
    assert count(database) == 1


def test_whoever_writes_again_and_again_lets_the_others_in_between(database: Database) -> None:
    paused: list[float] = []
    database._sleep = paused.append
    with database.write() as uow:
        uow.commit()
    assert paused == []
    with database.write() as uow:
        database._queued = 1
        uow.commit()
    assert paused == [0]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_database_whose_file_is_gone_takes_nothing_and_leaves_no_empty_one(
    database: Database, clock: DrivenClock, tmp_path: Path, replaced: bool
) -> None:
    accounts.pair(database, clock)
    (tmp_path / "test.db").rename(tmp_path / "moved.db")
    if replaced:
        (tmp_path / "test.db").write_bytes((tmp_path / "moved.db").read_bytes())
    with pytest.raises(DatabaseGoneError), database.write():
        pass
    for check in (database.check, database.check_writing):
        with pytest.raises(DatabaseGoneError):
            check()
    database.engine.dispose()
    with pytest.raises(DatabaseGoneError), database.read() as uow:
        uow.tenants.all()
    assert (tmp_path / "test.db").exists() is replaced


def test_a_disk_without_room_is_told_before_writing_fails(database: Database) -> None:
    database.check_writing()
    database._room = lambda _: 5_000_000
    with pytest.raises(DatabaseFullError, match="only 5 MB left"):
        database.check_writing()
    database._room = lambda _: 50_000_000
    database.check_writing()


def test_what_a_full_disk_refuses_is_an_error_that_can_be_answered(database: Database, clock: DrivenClock) -> None:
    def fill() -> None:
        with database.write() as uow:
            pages = uow._session.connection().exec_driver_sql("PRAGMA page_count").scalar()
            uow._session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            uow.tenants.save(accounts.tenant(clock, base_url="x" * 1_000_000))
            uow.commit()

    with pytest.raises(DatabaseUnavailableError) as refused:
        fill()
    assert (refused.value.http_status, refused.value.repeat_after) == (503, 10)


def test_a_write_that_went_through_is_believed_for_a_while(
    database: Database, clock: DrivenClock, tmp_path: Path
) -> None:
    database._sleep = lambda _: None
    database.check_writing()
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.check_writing()
    clock.advance(5)
    for _ in range(2):
        with pytest.raises(DatabaseBusyError):
            database.check_writing()
    other.execute("ROLLBACK")
    other.close()
    database.check_writing()


def test_a_fault_of_a_statement_is_no_trouble_of_the_database(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"), database.read() as uow:
        uow._session.connection().exec_driver_sql("SELECT * FROM nowhere")
