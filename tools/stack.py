"""The connector and both simulators, started together on loopback.

The demo, its check, the browser tests and the bench run this very stack. The connector is installed as an operator
installs it: settings in the environment, the tenant, the org and their pairing made by `fcc-connector` commands.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import pathlib
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = pathlib.Path(__file__).resolve().parent.parent
STOP_WITHIN_S = 5.0
#: Longer than the connector gives what is under way when it is told to end.
RESTART_WITHIN_S = 15.0
READY_WITHIN_S = 30.0

TENANT = "acme"
#: The demo tenant as its FCC administrator knows it (simulators/fcc/world.py); not a secret of anybody's.
TENANT_API_KEY = "demo-api-key-3f9c1e7a"
TENANT_ADMIN = "admin"
WEBHOOK_USER = "fcc"
WEBHOOK_PASSWORD = "demo-webhook-secret"  # noqa: S105 - the demo's
OFF_CAMPAIGN = 9
#: Runs commands of `fcc-connector` in one process: to start one takes longer than any of them.
COMMANDS = """
import io, json, sys
from cti.cli.main import main
from cti.web.logs import configure_logging
configure_logging("WARNING")
for arguments, text in json.load(sys.stdin):
    sys.stdin = io.StringIO(text)
    main(arguments, standalone_mode=False)
"""


class StackError(Exception):
    """A part of the stack did not start, or ended by itself; the text says which and where its log is."""


@dataclass(frozen=True)
class Ports:
    """The three listening ports on 127.0.0.1."""

    connector: int
    fcc: int
    salesforce: int

    @classmethod
    def free(cls, fixed: Mapping[str, int] | None = None) -> Ports:
        """Ports nothing listens on now; `fixed` names those that must be what they are."""
        fixed = fixed or {}
        with contextlib.ExitStack() as held:
            chosen = {}
            for name in ("connector", "fcc", "salesforce"):
                sock = held.enter_context(socket.socket())
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    sock.bind(("127.0.0.1", fixed.get(name, 0)))
                except OSError as error:
                    raise StackError(f"port {fixed.get(name)} for {name} is taken: choose another one") from error
                chosen[name] = sock.getsockname()[1]
        return cls(**chosen)


def _die_with_parent() -> None:
    """Ask Linux to end the child with the thread that started it; elsewhere the runner's own clean-up has to do."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@dataclass
class Part:
    """One process in a group of its own, its output in a log file."""

    name: str
    command: list[str]
    log: pathlib.Path
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    def start(self, *, ready_line: bool) -> None:
        """Start; when `ready_line`, `wait_for_line` has to follow."""
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdout=subprocess.PIPE if ready_line else log,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - prctl is the one call that must run in the child
            )

    def wait_for_line(self) -> None:
        """Wait for the one line of JSON with which it says on standard output that it is ready."""
        assert self.process is not None
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(READY_WITHIN_S):
                raise StackError(f"{self.name} was not ready within {READY_WITHIN_S:.0f} s; see {self.log}")
        line = self.process.stdout.readline()
        if not line.strip():
            raise StackError(f"{self.name} ended before it was ready; see {self.log}")
        self.ready = dict(json.loads(line))

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the part's whole group, if anything of it is left."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def group_alive(self) -> bool:
        """Whether any process of the group is left (zombies reaped first)."""
        if self.process is None:
            return False
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Stack:
    """Connector, FCC simulator and Salesforce simulator; a context manager that leaves no process behind."""

    def __init__(
        self,
        state: pathlib.Path,
        *,
        ports: Ports | None = None,
        fresh: bool = False,
        settings: Mapping[str, str] | None = None,
        worlds: Mapping[str, pathlib.Path] | None = None,
    ) -> None:
        """State, logs and secrets go under `state`; `settings` are further environment variables of the connector."""
        if fresh and state.exists():
            shutil.rmtree(state)
        state.mkdir(parents=True, exist_ok=True)
        self.state = state
        self.ports = ports or Ports.free()
        self._settings = dict(settings or {})
        self._worlds = dict(worlds or {})
        self.parts: dict[str, Part] = {}

    # where things are

    @property
    def connector_url(self) -> str:
        """The connector as the browser names it."""
        return f"http://connector.localhost:{self.ports.connector}"

    @property
    def fcc_url(self) -> str:
        """The FCC simulator."""
        return f"http://fcc.localhost:{self.ports.fcc}"

    def salesforce_url(self, kind: str = "lightning") -> str:
        """One of the org's hosts: lightning, my or vf."""
        return f"http://acme-{kind}.localhost:{self.ports.salesforce}"

    def lightning_url(self, user: str) -> str:
        """The Lightning page, signed in as the user with this e-mail."""
        return f"{self.salesforce_url()}/?as={user}"

    # talking to the simulators' control interfaces (from Python *.localhost is 127.0.0.1)

    def fcc(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the FCC simulator's control interface; POST when there is a body."""
        return _control(self.ports.fcc, "fcc.localhost", path, body)

    def salesforce(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the Salesforce simulator's control interface; POST when there is a body."""
        return _control(self.ports.salesforce, "acme-lightning.localhost", path, body)

    def calls(self) -> list[dict[str, Any]]:
        """The calls at the FCC simulator, oldest first."""
        return list(self.fcc("/_sim/calls")["calls"])

    def call(self, calls_id: int) -> dict[str, Any]:
        """One call at the FCC simulator."""
        return dict(self.fcc(f"/_sim/calls/{calls_id}"))

    def tasks(self) -> list[dict[str, Any]]:
        """The Tasks that the Salesforce simulator holds."""
        return list(self.salesforce("/_sim/tasks")["tasks"])

    def record(self, name: str) -> tuple[str, str]:
        """The object and the id of the record with this name in the Salesforce simulator."""
        for kind, records in self.salesforce("/_sim/state")["records"].items():
            for record in records:
                if name in (record["name"], record["number"]):
                    return kind, record["id"]
        raise LookupError(name)

    def user(self, email: str) -> str:
        """The Salesforce id of the user with this e-mail."""
        return str(self.salesforce("/_sim/state")["users"][email])

    def connector(self, path: str) -> tuple[int, str]:
        """GET a page of the connector: status and text."""
        return _get(self.ports.connector, f"connector.localhost:{self.ports.connector}", path)

    # life

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all three, pair them, and wait until the connector says it is ready."""
        self._start_simulators()
        self._install()
        self.start_connector()
        self.connect_webhooks()

    def _start_simulators(self) -> None:
        python = sys.executable
        fcc = [python, "-m", "simulators.fcc", "--port", str(self.ports.fcc), "--state", str(self.state / "fcc")]
        salesforce = [
            python, "-m", "simulators.salesforce", "--port", str(self.ports.salesforce),
            "--state", str(self.state / "salesforce"), "--connector-url", self.connector_url, "--fcc-url", self.fcc_url,
        ]  # fmt: skip
        for name, command in (("fcc", fcc), ("salesforce", salesforce)):
            if name in self._worlds:
                command += ["--world", str(self._worlds[name])]
            self.parts[name] = Part(name, command, self.state / f"{name}.log", _clean_environment())
        for part in self.parts.values():
            part.start(ready_line=True)
        for part in self.parts.values():
            part.wait_for_line()

    def restart(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End one of fcc, salesforce, connector with a signal and start it again on its port."""
        part = self.parts[name]
        part.signal_group(number)
        _wait(lambda: not part.group_alive(), RESTART_WITHIN_S, f"{name} to end")
        part.start(ready_line=name != "connector")
        if name == "connector":
            self._wait_for_connector()
        else:
            part.wait_for_line()

    def start_connector(self) -> None:
        """Start the connector as its Procfile does and wait for /readyz."""
        command = [
            sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py",
            "--bind", f"127.0.0.1:{self.ports.connector}", "wsgi:app",
        ]  # fmt: skip
        part = Part("connector", command, self.state / "connector.log", self.environment())
        self.parts["connector"] = part
        part.start(ready_line=False)
        self._wait_for_connector()

    def _wait_for_connector(self) -> None:
        part = self.parts["connector"]

        def ready() -> bool:
            if not part.running:
                raise StackError(f"the connector ended before it was ready; see {part.log}")
            with contextlib.suppress(OSError):
                return self.connector("/readyz")[0] == 200  # noqa: PLR2004 - HTTP's OK
            return False

        _wait(ready, READY_WITHIN_S, f"the connector to be ready; see {part.log}")

    def environment(self) -> dict[str, str]:
        """The connector's settings, the way an operator gives them."""
        keys = self.state / "keys.json"
        if not keys.exists():
            encryption = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()  # as `secret new` makes it
            keys.write_text(json.dumps({"encryption": encryption, "secret": secrets.token_hex(32)}))
            keys.chmod(0o600)
        known = json.loads(keys.read_text())
        return {
            **_clean_environment(),
            "FCC_CONNECTOR_PUBLIC_URL": self.connector_url,
            "FCC_CONNECTOR_DATABASE_URL": f"sqlite:///{self.state / 'connector.sqlite3'}",
            "FCC_CONNECTOR_SECRET_KEY": known["secret"],
            "FCC_CONNECTOR_ENCRYPTION_KEYS": known["encryption"],
            **self._settings,
        }

    def run(self, *arguments: str, secret: str = "") -> str:
        """Run a `fcc-connector` command; secrets go in by standard input."""
        return self._run(" ".join(arguments[:2]), ["-m", "cti.cli", *arguments], secret)

    def _run(self, name: str, command: list[str], text: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT, env=self.environment(), input=text, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise StackError(f"fcc-connector {name} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _install(self) -> None:
        if (self.state / "paired").exists():
            self.run("migrate")
            return
        org = self.salesforce("/_sim/state")["org"]
        commands = [
            (["migrate"], ""),
            ([
                "tenant", "add", TENANT, "--domain", TENANT, "--base-url", f"{self.fcc_url}/external-api",
                "--admin-login", TENANT_ADMIN, "--api-key", "-", "--webhook-user", WEBHOOK_USER,
                "--webhook-password", WEBHOOK_PASSWORD,
            ], TENANT_API_KEY),
            ([
                "org", "add", org["id"], "--name", org["name"], "--my-domain-url", self.salesforce_url("my"),
                "--lightning-origin", self.salesforce_url("lightning"), "--vf-origin", self.salesforce_url("vf"),
                "--canvas-key", org["canvas_key"], "--canvas-secret", org["canvas_secret"],
                "--client-id", org["client_id"], "--client-secret", org["client_secret"],
            ], ""),
            (["pair", TENANT, org["id"], "--off-campaign", str(OFF_CAMPAIGN)], ""),
        ]  # fmt: skip
        self._run("migrate, tenant add, org add, pair", ["-c", COMMANDS], json.dumps(commands))
        (self.state / "paired").touch()

    def connect_webhooks(self) -> None:
        """What FCC's administrator does in the campaign's settings: the webhook's address and password."""
        url = f"{self.connector_url}/fcc/{TENANT}/webhook"
        self.fcc("/_sim/webhook", {"url": url, "user": WEBHOOK_USER, "password": WEBHOOK_PASSWORD, "enabled": True})

    def stop(self) -> None:
        """End every process within five seconds: SIGTERM to each group, SIGKILL to what is left after four."""
        deadline = time.monotonic() + STOP_WITHIN_S - 1.0
        parts = list(self.parts.values())
        for part in parts:
            part.signal_group(signal.SIGTERM)
        while any(part.group_alive() for part in parts) and time.monotonic() < deadline:
            time.sleep(0.05)
        for part in parts:
            part.signal_group(signal.SIGKILL)
        for part in parts:
            if part.process is not None:
                part.process.wait(timeout=1.0)
                if part.process.stdout is not None:
                    part.process.stdout.close()

    def check(self) -> None:
        """Raise StackError when a part ended by itself."""
        for name, part in self.parts.items():
            if not part.running:
                raise StackError(f"{name} ended by itself; see {part.log}")


def _clean_environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FCC_CONNECTOR_", "GUNICORN_"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _wait(condition: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


def _request(port: int, host: str, path: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
    return urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Host": host, "Content-Type": "application/json"},
    )


def _control(port: int, host: str, path: str, body: Mapping[str, Any] | None) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(_request(port, f"{host}:{port}", path, body), timeout=10) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.strip() else None


def _get(port: int, host: str, path: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(_request(port, host, path, None), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
