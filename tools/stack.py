"""The connector and both simulators, started together on loopback.

The demo, its check, the browser tests and the bench run this very stack. The connector is installed as an operator
installs it: settings in the environment, the tenant, the org and their pairing made by `fcc-connector` commands.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from tools import installation, loopback
from tools.processes import READY_WITHIN_S, ROOT, Part, Ports, StackError, clean_environment, wait_for

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

STOP_WITHIN_S = 5.0
#: Longer than the connector gives what is under way when it is told to end.
RESTART_WITHIN_S = 15.0


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
        return loopback.control(self.ports.fcc, "fcc.localhost", path, body)

    def salesforce(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the Salesforce simulator's control interface; POST when there is a body."""
        return loopback.control(self.ports.salesforce, "acme-lightning.localhost", path, body)

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
        return loopback.get(self.ports.connector, f"connector.localhost:{self.ports.connector}", path)

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
            self.parts[name] = Part(name, command, self.state / f"{name}.log", clean_environment())
        for part in self.parts.values():
            part.start(ready_line=True)
        for part in self.parts.values():
            part.wait_for_line()

    def restart(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End one of fcc, salesforce, connector with a signal and start it again on its port."""
        part = self.parts[name]
        part.signal_group(number)
        wait_for(lambda: not part.group_alive(), RESTART_WITHIN_S, f"{name} to end")
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

        wait_for(ready, READY_WITHIN_S, f"the connector to be ready; see {part.log}")

    def environment(self) -> dict[str, str]:
        """The connector's settings, the way an operator gives them."""
        keys = self.state / "keys.json"
        if not keys.exists():
            encryption = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()  # as `secret new` makes it
            keys.write_text(json.dumps({"encryption": encryption, "secret": secrets.token_hex(32)}))
            keys.chmod(0o600)
        known = json.loads(keys.read_text())
        return {
            **clean_environment(),
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
        commands = installation.commands(org, self.fcc_url, self.salesforce_url)
        self._run("migrate, tenant add, org add, pair", ["-c", installation.COMMANDS], json.dumps(commands))
        (self.state / "paired").touch()

    def connect_webhooks(self) -> None:
        """What FCC's administrator does in the campaign's settings: the webhook's address and password."""
        url = f"{self.connector_url}/fcc/{installation.TENANT}/webhook"
        self.fcc(
            "/_sim/webhook",
            {"url": url, "user": installation.WEBHOOK_USER, "password": installation.WEBHOOK_PASSWORD, "enabled": True},
        )

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
