"""The log of a whole call, as a real Gunicorn writes it."""

from __future__ import annotations

import base64
import json
import signal
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.integration.calls.test_webhooks import ENDED, event
from tests.integration.trouble.conftest import ANNA, Door
from tests.support.wait import until
from tools import installation
from tools.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

CALLS_ID = 7001


def report(stack: Stack, body: dict[str, Any]) -> None:
    """As FCC does, to the webhook."""
    known = f"{installation.WEBHOOK_USER}:{installation.WEBHOOK_PASSWORD}".encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{stack.ports.connector}/fcc/{installation.TENANT}/webhook",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(known).decode()}",
            "Content-Type": "application/json",
            "Host": f"connector.localhost:{stack.ports.connector}",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=20) as answer:
        assert answer.status == 204


def test_each_line_of_a_calls_log_is_json_and_names_the_call_its_agent_and_its_task(tmp_path: Path) -> None:
    wait = {"FCC_CONNECTOR_OUTBOX_WAIT_SECONDS": "1"}
    with Stack(tmp_path / "stack", fresh=True, settings=wait) as stack:
        door = Door(stack)
        stack.run("pair", installation.TENANT, door.org["id"], "--log-other-phones", "--no-check")
        door.knock(door.request(ANNA))
        log = stack.parts["connector"].log

        def lines() -> list[dict[str, Any]]:
            return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

        def told(name: str) -> list[dict[str, Any]]:
            return [line for line in lines() if line["event"] == name]

        (signed_in,) = told("signed-in")
        agent = signed_in["users_id"]
        talked = {"calls_id": CALLS_ID, "users_id": agent}
        for name, data in (("CallCreated", {}), ("CallRinging", {}), ("CallAnswered", {}), ("CallEnded", ENDED)):
            report(stack, event(name, {**talked, **data}))
        tasks = until(
            lambda: [task for task in stack.tasks() if task["FCC_Call_Id__c"] == f"acme:{CALLS_ID}:0"],
            30,
            every=0.2,
            what="the call's Task",
        )
        until(lambda: told("task-delivered"), 10, every=0.2, what="the line of the Task")
        stack.parts["connector"].signal_group(signal.SIGTERM)
        until(lambda: not stack.parts["connector"].running, 15, what="the connector to end")

        (started,) = told("started")
        assert (started["address"], started["database"]) == (stack.connector_url, "SQLite")
        assert started["version"]
        for name in ("call-begun", "call-answered", "call-ended"):
            (line,) = told(name)
            assert (line["calls_id"], line["users_ids"], line["tenant"]) == (CALLS_ID, [agent], "acme"), name
        for line in told("task-delivered"):
            assert (line["calls_id"], line["users_id"], line["task"]) == (CALLS_ID, agent, tasks[0]["Id"])
        assert {"event", "level", "logger", "timestamp"} <= set.intersection(*(set(line) for line in lines()))
        assert {line["logger"] for line in lines()} >= {"gunicorn.error", "cti.app", "cti.web"}
        assert "stopped" in {line["event"] for line in lines()}
        written = log.read_text(encoding="utf-8")
        for secret in ("600100200", "600 100 200", installation.WEBHOOK_PASSWORD, installation.TENANT_API_KEY):
            assert secret not in written
