"""One instance serves from a database, as real processes: the next one is refused, or follows as soon as it is gone."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from cti import outgoing
from cti.store.lease import LEASE_KEY, MARK_KEY, SessionHold, UnreachableError
from tests.support.gunicorn import ROOT, Served, free_port, log_lines, serve
from tests.support.postgresql import DATABASES, ON_POSTGRESQL, POSTGRESQL, empty_database
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HASTY = "tests.support.hasty:app"
NOT_OUR_LEASE = f"pid <> pg_backend_pid() AND pid IN (SELECT pid FROM pg_locks WHERE objid = {LEASE_KEY})"
LEASE_ALONE = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {NOT_OUR_LEASE}"
EVERYBODY = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@dataclass
class Place:
    """A database and the settings with which an instance works on it."""

    environment: dict[str, str]
    url: str

    def cli(self, *arguments: str) -> str:
        """What a command says."""
        environment = {"PATH": os.environ["PATH"], "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost"}
        done = subprocess.run(
            [sys.executable, "-m", "cti.cli", *arguments],
            cwd=ROOT,
            env={**environment, **self.environment},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def refused(self) -> str:
        """What another instance writes until it ends by itself."""
        environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(free_port()),
            "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost",
            **self.environment,
        }
        done = subprocess.run(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", HASTY],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 3, done.stderr.decode()
        return done.stderr.decode()

    def ask(self, statement: str) -> list[Any]:
        """Rows of PostgreSQL's, asked from outside."""
        plain = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]  # no text from outside


@contextlib.contextmanager
def place(kind: str, directory: Path) -> Iterator[Place]:
    environment = {
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(directory),
    }
    if kind == "sqlite":
        yield Place(environment, "")
        return
    with empty_database(os.environ[POSTGRESQL]) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        made = Place({**environment, "FCC_CONNECTOR_DATABASE_URL": plain}, url)
        made.cli("migrate")
        yield made


@pytest.fixture(params=DATABASES)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Place]:
    with place("postgresql", tmp_path) as made:
        yield made


def readiness(served: Served) -> dict[str, Any]:
    """The checks of `/readyz`, nothing while the server does not answer."""
    with outgoing.session(timeout=(1, 10)) as http, contextlib.suppress(OSError):
        checks: dict[str, Any] = http.get(f"{served.url}/readyz", headers={"Connection": "close"}).json()["checks"]
        return checks
    return {}


def ready(served: Served) -> bool:
    checks = readiness(served)
    return bool(checks) and set(checks.values()) == {"ok"}


def workers_of(served: Served) -> list[int]:
    children = f"/proc/{served.process.pid}/task/{served.process.pid}/children"
    with open(children, encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel's
        return [int(pid) for pid in file.read().split()]


def test_a_second_instance_is_refused_with_advice_and_commands_are_not(somewhere: Place) -> None:
    with serve(somewhere.environment) as first:
        until(lambda: ready(first), 10, what="the first to be ready")
        said = somewhere.refused()
        assert '"event": "not-started"' in said
        assert "Another instance of the connector serves from this database" in said
        assert "Traceback" not in said
        assert somewhere.cli("status") == ""
        assert somewhere.cli("migrate") == "The database is up to date.\n"
        assert ready(first)
        assert first.stop() == 0
    with serve(somewhere.environment, app=HASTY) as next_one:
        until(lambda: ready(next_one), 10, what="the next to be ready")


def test_an_instance_with_other_keys_than_the_databases_is_refused_with_advice(somewhere: Place) -> None:
    somewhere.cli("status")
    keys = Fernet.generate_key().decode()
    said = dataclasses.replace(
        somewhere, environment={**somewhere.environment, "FCC_CONNECTOR_ENCRYPTION_KEYS": keys}
    ).refused()
    assert '"event": "not-started"' in said
    assert "are not those of its database, or one of them is missing" in said
    assert "Traceback" not in said
    with serve(somewhere.environment) as right:
        until(lambda: ready(right), 10, what="the one with the right keys to be ready")


def test_whoever_is_killed_leaves_its_place_as_soon_as_the_last_process_is_gone(somewhere: Place) -> None:
    with contextlib.ExitStack() as running:
        first = running.enter_context(serve(somewhere.environment))
        until(lambda: ready(first), 10, what="the first to be ready")
        os.kill(first.process.pid, signal.SIGKILL)  # its worker notices within a second
        second = running.enter_context(serve(somewhere.environment))
        until(lambda: ready(second), 25, what="the second to be ready")
        for each in (*workers_of(second), second.process.pid):
            os.kill(each, signal.SIGKILL)
        third = running.enter_context(serve(somewhere.environment, app=HASTY))
        until(lambda: ready(third), 10, what="the third to be ready")


def test_a_worker_that_gunicorn_replaces_is_followed_by_the_next(somewhere: Place) -> None:
    with serve(somewhere.environment) as served:
        until(lambda: ready(served), 10, what="the first worker to be ready")
        for number in (signal.SIGHUP, signal.SIGKILL):
            (before,) = workers_of(served)
            os.kill(served.process.pid if number is signal.SIGHUP else before, number)
            until(partial(followed, served, before), 30, what=f"the next worker after {number.name}")
        assert served.stop() == 0


def followed(served: Served, before: int) -> bool:
    return before not in workers_of(served) and ready(served)


@pytest.mark.parametrize("on_postgresql", [pytest.param(None, marks=ON_POSTGRESQL)], indirect=True)
def test_connections_that_break_are_made_again_and_the_lease_with_them(on_postgresql: Place) -> None:
    """Where only the lease's own broke, another instance finds the marks of those that are at work."""
    other = SessionHold(make_url(on_postgresql.url), instance=4711)
    with serve(on_postgresql.environment) as served:
        until(lambda: ready(served), 10, what="readiness")
        before = workers_of(served)
        for cut in (LEASE_ALONE, EVERYBODY):
            on_postgresql.ask(cut)
            assert cut == EVERYBODY or not other.try_take()
            until(lambda: lease_is_held(on_postgresql) and ready(served), 20, what="readiness again")
        assert workers_of(served) == before
        with contextlib.suppress(UnreachableError):  # it was cut as well
            assert not other.try_take()
    other.release()


def lease_is_held(there: Place) -> bool:
    return bool(there.ask(f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {LEASE_KEY} AND objsubid = 1"))


@pytest.mark.parametrize("on_postgresql", [pytest.param(None, marks=ON_POSTGRESQL)], indirect=True)
def test_whoever_lost_the_lease_to_another_stops_and_says_so(on_postgresql: Place) -> None:
    other = SessionHold(make_url(on_postgresql.url), instance=4711)
    with serve(on_postgresql.environment, app=HASTY) as served:
        until(lambda: ready(served), 10, what="readiness")

        def robbed() -> bool:
            on_postgresql.ask(EVERYBODY)
            with contextlib.suppress(UnreachableError):  # its own connection was cut as well
                return other.try_take()
            return False

        until(robbed, 20, every=0.0, what="the other to have the lease")
        until(lambda: served.process.poll() is not None, 40, what="the first to end")
        assert served.process.returncode == 3
        events = [line["event"] for line in log_lines(served)]
        assert {"lease-lost", "stopped", "not-started"} <= set(events)
        marks = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {MARK_KEY}"
        assert on_postgresql.ask(marks) == []
    other.release()
