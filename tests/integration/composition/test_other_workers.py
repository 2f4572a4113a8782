"""A Gunicorn that was not started with the project's configuration does not serve the connector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tests.support.gunicorn import ROOT, free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("options", [[], ["-k", "gevent"], ["-k", "cti.web.worker.Worker"]])
def test_a_gunicorn_that_did_not_read_our_configuration_is_refused_with_advice(
    tmp_path: Path, options: list[str]
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORT": str(free_port()),  # Gunicorn alone would listen there on every address
        "FCC_CONNECTOR_PUBLIC_URL": "http://connector.localhost",
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", *options, "wsgi:app"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr.decode()
    said = [json.loads(line) for line in done.stderr.decode().splitlines() if line.startswith("{")]
    (refusal,) = [line for line in said if line["event"] == "not-started"]
    assert "own worker only" in refusal["reason"]
    assert "gunicorn.conf.py" in refusal["reason"]
    assert not (tmp_path / "data").exists()
