from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from tests.support.gunicorn import ROOT

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
