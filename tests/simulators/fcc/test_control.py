"""The control API and the program itself."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests
from aiohttp.test_utils import make_mocked_request

from simulators.fcc.control.routes import _local
from simulators.fcc.customers import called, called_from, calling_from
from simulators.fcc.media.listener import Listener
from simulators.fcc.media.samples import RATE
from simulators.fcc.world import read_world
from tests.simulators.fcc.tenant import Tenant, demo_world, tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


def test_the_page_and_its_parts_are_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            for path, kind in (("", "text/html"), ("page.js", "javascript"), ("page.css", "text/css")):
                async with acme.http.get(f"{acme.url}/_sim/{path}") as response:
                    assert response.status == 200
                    assert kind in response.headers["Content-Type"]
            async with acme.http.get(acme.url + "/") as response:
                assert response.url.path == "/_sim/"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("inbound", {}, "number"),
        ("inbound", {"number": "call me"}, "number"),
        ("inbound", {"number": "+48600100200", "behaviour": "odd"}, "unknown behaviour"),
        ("inbound", {"number": "+48600100200", "campaigns_id": 2}, "no such queue"),
        ("settings", {"volume": 11}, "unknown settings: volume"),
        ("settings", {"correlation": "maybe"}, "correlation"),
        ("settings", {"wrap_seconds": {"77": 1}}, "no such campaigns"),
        ("settings", {"ring_seconds": -1}, "ring_seconds"),
        ("settings", {"gruus": "yes"}, "gruus"),
        ("settings", {"fail": {"fcc-users-list": {"mode": "odd"}}}, "failure's mode"),
        ("settings", {"reinvite": {"status": 200}}, "status from 400 to 699"),
        ("settings", {"reinvite": {"status": 488, "count": -1}}, "count"),
        ("calls/1/request", {"method": "BYE"}, "method is one of"),
        ("calls/1/request", {"method": "INVITE", "direction": "up"}, "direction"),
        ("webhook", {"url": "gopher://x"}, "url"),
    ],
)
def test_what_is_wrong_with_a_control_request_is_said(
    tmp_path: Path, path: str, body: dict[str, Any], words: str
) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, acme.http.post(f"{acme.url}/_sim/{path}", json=body) as response:
            assert response.status == 400
            assert words in (await response.json())["error"]

    asyncio.run(scenario())


def test_a_call_that_is_over_or_unknown_cannot_be_hung_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, acme.http.post(f"{acme.url}/_sim/calls/7/hangup") as response:
            assert response.status == 404

    asyncio.run(scenario())


def test_control_is_for_this_machine_only() -> None:
    class Transport:
        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("192.0.2.7", 5000) if name == "peername" else default

    async def never(_: object) -> None:
        raise AssertionError("reached")

    async def scenario() -> None:
        request = make_mocked_request("GET", "/_sim/state", transport=Transport())  # type: ignore[arg-type]
        with pytest.raises(Exception, match="Forbidden"):
            await _local(never)(request)  # type: ignore[arg-type]

    asyncio.run(scenario())


def test_recordings_names_lead_nowhere_else(tmp_path: Path) -> None:
    async def scenario(acme: Tenant) -> None:
        for name in ("..%2Fcalls.jsonl", "1.wav", "%2e%2e/webhook.json"):
            async with acme.http.get(f"{acme.url}/_sim/recordings/{name}") as response:
                assert response.status == 404

    async def run() -> None:
        async with tenant(tmp_path) as acme:
            await acme.control("webhook", url=None)
            await scenario(acme)

    asyncio.run(run())


def test_a_world_file_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"ring_seconds": 3, "behaviours": {"+48500000000": "busy"}}), encoding="utf-8")
    world = read_world(path)
    assert (world.ring_seconds, world.users) == (3, demo_world().users)
    assert called("+48500000000", world.behaviours).kind == "busy"
    assert called("+48600100202", world.behaviours).kind == "no-answer"
    assert called("+48999999999", world.behaviours).kind == "answers"


@pytest.mark.parametrize("text", ["[]", "{", '{"colour": 1}', '{"users": [{"id": 1}]}'])
def test_a_world_file_that_is_not_understood_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"world"):
        read_world(path)


def test_behaviours_are_named_and_can_be_varied() -> None:
    assert called_from({"is": "hangs-up", "talks_for": 1}).talks_for == 1
    assert calling_from(None).patience is None
    with pytest.raises(ValueError, match="unknown in a behaviour: colour"):
        called_from({"is": "busy", "colour": "red"})


def test_the_listener_names_the_frequency_it_hears() -> None:
    listener = Listener(time.monotonic)
    wave = np.sin(2 * np.pi * 997 * np.arange(RATE) / RATE) * 8000
    listener._recent = wave.astype(np.int16)[-16_384:]
    listener._at = time.monotonic()
    assert listener.hz == pytest.approx(997, abs=1)
    listener._at -= 1
    assert listener.hz is None


@contextmanager
def start(state: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", "simulators.fcc", "--port", "0", "--state", str(state), *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_program_says_when_it_is_ready_and_ends_at_once_on_sigterm(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["ready"], ready["pid"]) == (True, process.pid)
        assert ready["url"].startswith("http://fcc.localhost:")
        port = ready["url"].rpartition(":")[2]
        with requests.Session() as session:
            session.trust_env = False
            session.post(
                f"http://127.0.0.1:{port}/_sim/settings",
                json={"fail": {"*": {"mode": "timeout", "count": None}}},
                timeout=5,
            ).raise_for_status()
            given = session.post(f"http://127.0.0.1:{port}/_sim/inbound", json={"number": "anonymous"}, timeout=5)
            assert given.status_code == 200
            with pytest.raises(requests.Timeout):
                session.post(f"http://127.0.0.1:{port}/external-api/fcc-users-list", json={}, timeout=0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_program_refuses_a_world_it_does_not_understand(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text("{", encoding="utf-8")
    with start(tmp_path, "--world", str(tmp_path / "world.json")) as process:
        assert process.wait(20) == 2
        assert process.stderr is not None
        assert "not JSON" in process.stderr.read()


def test_the_state_says_what_a_connector_must_be_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            assert (await acme.look("state"))["tenant"] == {
                "domain": "acme",
                "admin_login": "admin",
                "api_key": "demo-api-key-3f9c1e7a",
                "webhook_user": "fcc",
                "webhook_password": "demo-webhook-secret",
                "off_campaign_id": 9,
            }

    asyncio.run(scenario())


def test_calls_are_shown_oldest_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            for number in ("+48600100200", "+48600100300"):
                await acme.control("inbound", number=number)
            assert [call["number_a"] for call in (await acme.look("calls"))["calls"]] == [
                "+48600100200",
                "+48600100300",
            ]

    asyncio.run(scenario())
