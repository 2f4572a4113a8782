"""`make test`: set up what tests need, run every lane, print each lane's time and what was left out and why.

As root with apt, missing Debian packages are installed, and it says so; elsewhere it names the one command to run and
lists at the end what was skipped. With CI=true nothing may be skipped. After installation everything runs in a network
namespace that holds only loopback.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.isolated import INSIDE, wrapped
from tools.lint import NODE, NODE_HOME
from tools.packages import command, find, install, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
#: A lane that takes longer hangs.
LANE_WITHIN_S = 1500


def prepare() -> list[str]:
    """Install what is missing where that is possible; the names of what stays missing."""
    if missing() and not install():
        print(f"test: to run everything, first run: sudo apt-get update && sudo {command()}", flush=True)
    return missing()


@dataclass
class Lane:
    """One group of checks that runs as one command."""

    name: str
    command: list[str]
    needs: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    status: int = -1
    seconds: float = 0.0
    output: str = ""
    skipped: str = ""


#: Integration tests that start whole services; the others have lanes of their own.
SERVED = ("canvas", "composition", "demo", "tarball", "trouble")
#: How many lanes run side by side: most of them wait half of their time, those with a browser more.
SIDE_BY_SIDE = 4


def lanes() -> list[list[Lane]]:
    """The lanes: groups one after the other, those of a group side by side, the longest first.

    Benches come alone: they count on what they start to be answered soon.
    """
    python = sys.executable
    node_tests = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.mjs")))
    chromium = ("chromium", "chromedriver")
    return [
        [
            Lane("integration", [*PYTEST, *(f"tests/integration/{one}" for one in SERVED)]),
            Lane("trouble", [*PYTEST, "tests/browser/trouble"], needs=chromium),
            Lane("calls", [*PYTEST, "tests/browser/calls"], needs=chromium),
            Lane("restarts", [*PYTEST, "tests/browser/restarts"], needs=chromium),
            Lane("database", [*PYTEST, "tests/integration/store"]),
            Lane("call-service", [*PYTEST, "tests/integration/calls"]),
            Lane("simulators", [*PYTEST, "tests/simulators"], needs=chromium),
            Lane("unit", [*PYTEST, "tests/unit", "tests/structure"]),
            Lane("protocol", [*PYTEST, "tests/protocol"]),
            Lane("contract", [*PYTEST, "tests/contract"]),
            Lane("lint", [python, "-m", "tools.lint"]),
            Lane("javascript", [NODE, "--test", "--test-timeout=300000", *node_tests]),
            Lane("demo-check", [python, "-m", "tools.demo_check"], needs=chromium),
            Lane("metadata", [*PYTEST, "tests/metadata"], needs=chromium),
        ],
        [Lane("bench", [python, "-m", "tools.bench", "--quick"], needs=("nginx", *chromium))],
    ]


def run(lane: Lane, lacking: list[str], postgresql: str | None) -> Lane:
    """Run one lane, its output kept for the end."""
    needed = [name for name in lane.needs if name in lacking]
    if needed:
        lane.skipped = f"needs {', '.join(needed)}"
        return lane
    env = {
        **os.environ,
        **lane.env,
        "PATH": f"{NODE_HOME / 'bin'}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "",  # the same modules are loaded hundreds of times
    }
    if postgresql:
        env["FCC_TEST_POSTGRESQL_URL"] = postgresql
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            lane.command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            lane.status = process.wait(LANE_WITHIN_S)
        except subprocess.TimeoutExpired:
            lane.status = 1
            output.write(f"\nended after {LANE_WITHIN_S} s\n")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        lane.output = output.read()
    lane.seconds = time.monotonic() - start
    return lane


@contextlib.contextmanager
def postgresql_server(lacking: list[str]) -> Iterator[str | None]:
    """A PostgreSQL server of its own on loopback, its address; None where there is no PostgreSQL."""
    initdb, server = find("initdb"), find("postgres")
    if "initdb" in lacking or not (initdb and server):
        yield None
        return
    as_user: list[str] = []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fcc-pg-"))
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    data = str(folder / "data")
    make = [*as_user, initdb, "-D", data, "-U", "fcc", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder)
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F", "-c", "max_connections=60"]
    options += ["-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "autovacuum=off"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*as_user, server, "-D", data, *options], stdout=log, stderr=log, cwd=folder)
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield f"postgresql+psycopg://fcc@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(10)
            shutil.rmtree(folder, ignore_errors=True)


def counts(lane: Lane) -> tuple[int, int, int]:
    """Passed, failed and skipped, as the lane's runner counted them; a lane without a runner counts as one."""
    found = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", lane.output.rsplit("\n=", 1)[-1][-400:]):
        found["failed" if word.startswith("err") else word] += int(number)
    if lane.name == "javascript":
        for word, key in (("pass", "passed"), ("fail", "failed"), ("skipped", "skipped")):
            found[key] = sum(map(int, re.findall(rf"^(?:#|ℹ) {word} (\d+)$", lane.output, re.MULTILINE)))
    if not any(found.values()):
        found["passed" if lane.status == 0 else "failed"] = 1
    return found["passed"], found["failed"], found["skipped"]


def main() -> int:
    """Run everything; 0 only when every lane passed and, in CI, nothing was skipped."""
    if os.environ.get(INSIDE) is None:
        lacking = prepare()
        inner = wrapped([sys.executable, "-m", "tools.test"])
        os.environ["FCC_TEST_MISSING"] = ",".join(lacking)
        if inner:
            os.environ[INSIDE] = "1"
            return subprocess.run(inner, cwd=ROOT, check=False).returncode
        print("test: no network namespace here; running with this machine's own network", flush=True)
    return _run_all([name for name in os.environ.get("FCC_TEST_MISSING", "").split(",") if name])


def _run_all(lacking: list[str]) -> int:
    start = time.monotonic()
    done: list[Lane] = []
    said = threading.Lock()

    def one(lane: Lane, postgresql: str | None) -> None:
        run(lane, lacking, postgresql)
        with said:
            done.append(lane)
            state = "skipped" if lane.skipped else "ok" if lane.status == 0 else "FAILED"
            print(f"test: {lane.name:<12} {state:<8} {lane.seconds:6.1f} s", flush=True)
            if lane.status > 0:
                print(lane.output, flush=True)
            elif lane.name in {"bench", "demo-check"}:
                print(lane.output.rstrip(), flush=True)

    with postgresql_server(lacking) as postgresql, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for group in lanes():
            list(pool.map(lambda lane: one(lane, postgresql), group))
    ran = [lane for lane in done if not lane.skipped]
    passed, failed, skipped = (sum(column) for column in zip(*map(counts, ran), strict=True))
    bad = [lane.name for lane in ran if lane.status]
    left_out = [f"{lane.name}: {lane.skipped}" for lane in done if lane.skipped]
    left_out += [line.strip() for lane in ran for line in re.findall(r"^SKIPPED .*$", lane.output, re.MULTILINE)]
    if postgresql is None:
        left_out.append("PostgreSQL: no server here")
    print(f"\ntest: {time.monotonic() - start:.0f} s in all")
    for line in left_out:
        print(f"test: skipped — {line}")
    if bad:
        print(f"test: failed lanes: {', '.join(bad)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(bool(bad) or (CI and bool(left_out)))


if __name__ == "__main__":
    sys.exit(main())
