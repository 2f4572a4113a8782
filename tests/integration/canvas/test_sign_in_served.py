from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from cti import outgoing
from cti.clock import SystemClock
from cti.store import migrate
from cti.store.database import Database
from cti.store.secrets import SecretBox
from tests.support import accounts
from tests.support.gunicorn import ROOT, Served, free_port, log_lines, serve
from tests.support.outside import Outside, outside
from tests.support.postgresql import DATABASES, POSTGRESQL, empty_database
from tests.support.signed_request import TOKEN, signed_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests


@pytest.fixture(scope="module")
def world() -> Iterator[Outside]:
    with outside() as made:
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('data') / 'connector.db'}"
    else:
        with empty_database(os.environ[POSTGRESQL]) as url:
            yield url


@contextlib.contextmanager
def serving(database_url: str, world: Outside) -> Iterator[list[Served]]:
    """One service, on PostgreSQL two that share the database."""
    key = Fernet.generate_key().decode()
    clock = SystemClock()
    database = Database(database_url, secrets=SecretBox([key]), clock=clock)
    migrate.migrate(database)
    accounts.pair(database, clock, my_domain_url=world.my_domain_url, base_url=world.fcc_url)
    database.close()
    environment = {
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": key,
        "FCC_CONNECTOR_DATABASE_URL": database_url,
    }
    services = 1 if database_url.startswith("sqlite") else 2
    with contextlib.ExitStack() as held:
        yield [held.enter_context(serve(environment, app="tests.support.served:app")) for _ in range(services)]


@pytest.fixture(scope="module")
def served(database_url: str, world: Outside) -> Iterator[Callable[[], Served]]:
    """Each time the next of the services on the database: what one of them accepted, no other may accept again."""
    with serving(database_url, world) as made:
        yield itertools.cycle(made).__next__


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with outgoing.session() as made:
        yield made


def post(http: requests.Session, served: Callable[[], Served], **changes: Any) -> requests.Response:
    return http.post(f"{served().url}/canvas", data={"signed_request": signed_request(**changes)})


@pytest.mark.req("R1", "R5")
def test_a_served_connector_lets_an_agent_in_once_for_each_page_load(
    http: requests.Session, served: Callable[[], Served], world: Outside
) -> None:
    answer = post(http, served, n="load-1")
    assert answer.status_code == 200, answer.text
    assert '"channel": "ws://connector.localhost:' in answer.text
    assert answer.headers["Content-Security-Policy"].count("frame-ancestors") == 1
    assert "Set-Cookie" not in answer.headers
    assert post(http, served, n="load-1").status_code == 403
    assert post(http, served, secret="another", n="load-2").status_code == 403
    assert f"acme-my.localhost:{world.port}" in world.hosts


def test_of_many_equal_requests_at_once_one_is_accepted(http: requests.Session, served: Callable[[], Served]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(http, served, n="the-same").status_code, range(16)))
    assert sorted(answers) == [200] + [403] * 15


def test_many_tabs_at_once_all_get_in(http: requests.Session, served: Callable[[], Served]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda tab: post(http, served, n=f"tab-{tab}"), range(24)))
    assert [answer.status_code for answer in answers] == [200] * 24


def test_a_served_connector_is_ready_logs_json_and_ends_in_time(
    http: requests.Session, world: Outside, tmp_path: Path
) -> None:
    with serving(f"sqlite:///{tmp_path / 'own.db'}", world) as (served,):
        ready = http.get(f"{served.url}/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        post(http, lambda: served, n="load-1")
        http.get(f"{served.url}/canvas?signed_request={signed_request()}")
        assert served.stop(timeout=8) == 0
        requests_logged = [line for line in log_lines(served) if line["event"] == "request"]
        assert [line["route"] for line in requests_logged] == ["/canvas", "/canvas"]
        assert TOKEN not in served.log
        assert signed_request().partition(".")[2][:60] not in served.log


def test_two_workers_are_refused_with_advice(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(free_port()),
        "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost",
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "-w", "2", "wsgi:app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode  # 3, or 1 when the second worker gives up while Gunicorn ends because of the first
    assert b"FCC_CONNECTOR_WEB_PROCESSES: the connector is one web process" in done.stderr
