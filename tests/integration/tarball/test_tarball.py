"""What `make dist` packs runs by itself: unpacked, without Node, simulators or tests."""

from __future__ import annotations

import http.client
import os
import pathlib
import socket
import subprocess
import sys

import pytest

from tests.support.wait import until

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> pathlib.Path:
    done = subprocess.run([sys.executable, "-m", "tools.dist"], cwd=ROOT, capture_output=True, text=True, check=True)
    packed = ROOT / done.stdout.split(":")[0]
    folder = tmp_path_factory.mktemp("dist")
    # With tar, as production.md says; Python's own asks for a filter that its first releases of 3.11 do not know.
    subprocess.run(["tar", "-xzf", packed, "-C", folder], check=True)
    return next(folder.iterdir())


def environment(folder: pathlib.Path, port: int) -> dict[str, str]:
    """Nothing of the checkout: only what production.md says."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "cti.cli", "secret", "new"]
    secrets = [
        subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=True).stdout.split()[-1]
        for _ in range(2)
    ]
    return {
        **kept,
        "FCC_CONNECTOR_PUBLIC_URL": f"http://connector.localhost:{port}",
        "FCC_CONNECTOR_SECRET_KEY": secrets[0],
        "FCC_CONNECTOR_ENCRYPTION_KEYS": secrets[1],
        "FCC_CONNECTOR_DATA_DIR": str(folder / "var"),
        "PORT": str(port),
    }


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"connector.localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def test_the_tarball_starts_as_production_says_and_serves_the_pane(unpacked):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    env = environment(unpacked, port)
    log = (unpacked / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "wsgi:app"], cwd=unpacked, env=env, stdout=log, stderr=log
    )
    try:
        until(lambda: get(port, "/readyz")[0] == 200, 30, what="the service to be ready")
        manifest = (unpacked / "static" / "dist" / "manifest.json").read_text()
        script = manifest.split('"pane.js": "')[1].split('"')[0]
        assert get(port, f"/static/dist/{script}")[0] == 200
        assert get(port, "/canvas?_sfdc_canvas_auth=user_approval_required")[0] == 403
    finally:
        process.terminate()
        process.wait(15)
        log.close()


def test_the_tarball_holds_nothing_of_simulators_tests_or_node(unpacked):
    names = {path.relative_to(unpacked).parts[0] for path in unpacked.rglob("*") if path.is_file()}
    assert not names & {"simulators", "tests", "node_modules"}
    assert {"cti", "templates", "static", "sf_metadata", "docs", "LICENSE", "requirements"} <= names
