"""How the served application ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from tests.support.gunicorn import log_lines, serve

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stop_ends_the_work_in_the_background_first_and_is_quick(tmp_path: Path) -> None:
    environment = {
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(tmp_path),
    }
    with serve(environment) as served:
        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 8  # Gunicorn would wait for 10; how long it takes is measured by the bench
        assert "stopped" in [line["event"] for line in log_lines(served)]
        assert "Traceback" not in served.log
