"""The application served by a real Gunicorn."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cti import outgoing
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Served:
    """A running server; `log` is everything it wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text(encoding="utf-8")

    def stop(self, timeout: float = 15) -> int:
        """End it with SIGTERM and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(environment: Mapping[str, str], *, app: str = "wsgi:app") -> Iterator[Served]:
    """Gunicorn with the project's own configuration, until the block ends; `environment` adds to a bare one."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        log_file = Path(directory) / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), app],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    "PATH": os.environ["PATH"],
                    "PORT": str(port),
                    "FCC_CONNECTOR_PUBLIC_URL": f"http://connector.localhost:{port}",
                    **environment,
                },
            )
        served = Served(f"http://connector.localhost:{port}", process, log_file)
        http = outgoing.session(timeout=(1, 5))

        def ready() -> bool:
            assert process.poll() is None, served.log
            try:
                # A connection left open would hold the server's stop for as long as it is kept alive.
                return http.get(f"{served.url}/healthz", headers={"Connection": "close"}).status_code == 200
            except OSError:
                return False

        try:
            until(ready, 30, what="the server to answer")
            yield served
        finally:
            http.close()
            if process.poll() is None:
                process.kill()
            process.wait(10)


def log_lines(served: Served) -> list[dict[str, object]]:
    """The JSON lines among what it wrote."""
    return [json.loads(line) for line in served.log.splitlines() if line.startswith("{")]
