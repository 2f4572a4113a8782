"""The Salesforce simulator as a program of its own, for contract tests."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cti import outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Simulator:
    """A running simulator: `state` is what its control interface says of itself."""

    port: int
    http: Any
    state: dict[str, Any]

    @property
    def my_domain_url(self) -> str:
        return f"http://acme-my.localhost:{self.port}"

    @property
    def org_id(self) -> str:
        return str(self.state["org"]["id"])

    def user_id(self, username: str) -> str:
        return str(self.state["users"][username])

    def record_id(self, name: str) -> str:
        """The id of the record of the demo world with this name, or a case's number."""
        (found,) = [
            each["id"]
            for rows in self.state["records"].values()
            for each in rows
            if name in (each["name"], each["number"])
        ]
        return str(found)

    def get(self, path: str) -> Any:
        return self.http.get(f"{self.my_domain_url}/_sim/{path}").json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"{self.my_domain_url}/_sim/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tasks(self) -> list[dict[str, Any]]:
        return list(self.get("tasks")["tasks"])

    def org_row(self, **changes: Any) -> OrgRow:
        org = self.state["org"]
        values = {
            "id": org["id"],
            "my_domain_url": org["my_domain_url"],
            "client_id": org["client_id"],
            "client_secret": org["client_secret"],
        }
        return OrgRow(**values | changes)


@dataclass
class OrgRow:
    """As much of `cti.accounts.Org` as the Salesforce room reads."""

    id: str
    my_domain_url: str
    client_id: str
    client_secret: str
    api_version: str = "67.0"
    environment: str = "production"
    is_sandbox: bool = False


@contextmanager
def simulator(state: Path, connector_url: str = "http://connector.localhost:5000") -> Iterator[Simulator]:
    """A fresh simulator of the demo world until the block ends."""
    command = [sys.executable, "-m", "simulators.salesforce", "--port", "0", "--state", str(state)]
    command += ["--connector-url", connector_url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        port = urlsplit(ready["url"]).port
        assert port is not None
        with outgoing.session() as http:
            made = Simulator(port, http, {})
            made.state = made.get("state")
            yield made
    finally:
        process.terminate()
        process.wait(5)
        if process.stdout is not None:
            process.stdout.close()
