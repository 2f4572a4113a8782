from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tests.support.gunicorn import ROOT
from tests.support.postgresql import ON_POSTGRESQL, POSTGRESQL, empty_database

if TYPE_CHECKING:
    from pathlib import Path


def test_processes_that_start_together_on_a_new_database_all_get_their_tables(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost",
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(tmp_path),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "cti.cli", "migrate"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=60)[0].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], outputs
    assert outputs == ["The database is up to date.\n"] * 4


@pytest.mark.parametrize("server", [pytest.param(POSTGRESQL, marks=ON_POSTGRESQL)])
def test_a_command_on_a_database_without_tables_says_what_to_run(server: str) -> None:
    with empty_database(os.environ[server]) as url:
        environment = {
            "PATH": os.environ["PATH"],
            "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost",
            "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
            "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "FCC_CONNECTOR_DATABASE_URL": url,
        }

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "cti.cli", *arguments]
            return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

        told = "Error: The database is not up to date; run `fcc-connector migrate`.\n"
        assert (run("status").returncode, run("status").stderr) == (1, told)
        assert run("migrate").returncode == 0
        assert run("status").returncode == 0
