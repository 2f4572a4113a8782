"""external-api: who may call what, and in which words it refuses."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import pytest

from simulators.fcc.tickets import request_hash
from tests.simulators.fcc.tenant import KEY, tenant

if TYPE_CHECKING:
    from pathlib import Path

CHANGE = "a" * 50


@pytest.mark.parametrize(
    ("method", "digest"),
    [("sha1", "e5e49a1767ad90ca997914dbc10f28b6c1e03437"), ("md5", "934d1b26bdbe5ed66c4e8fef6a395ddc")],
)
def test_the_hash_is_the_one_public_clients_compute(method: str, digest: str) -> None:
    assert request_hash("test", "change", "apikey", method) == digest


def signed(login: str = "admin", **changes: Any) -> dict[str, Any]:
    method = changes.get("method", "sha1")
    change = changes.get("change", CHANGE)
    text = f"{login}{change}{KEY}".encode()
    digest = hashlib.md5(text).hexdigest() if method == "md5" else hashlib.sha1(text).hexdigest()
    return {"login": f"{login}@acme", "change": change, "hash": digest, "method": method, **changes}


def ask(tmp_path: Path, function: str, body: Any, **kwargs: Any) -> tuple[int, Any]:
    async def run() -> tuple[int, Any]:
        async with tenant(tmp_path) as acme:
            sent = kwargs or {"json": body}
            async with acme.http.post(f"{acme.url}/external-api/{function}", **sent) as response:
                return response.status, await response.json()

    return asyncio.run(run())


@pytest.mark.parametrize("method", ["md5", "sha1"])
def test_both_hash_methods_are_taken(tmp_path: Path, method: str) -> None:
    status, body = ask(tmp_path, "fcc-campaigns-list", signed(method=method))
    assert (status, body["success"]) == (200, True)
    assert body["campaigns"][0] == {
        "id": 1,
        "name": "Obsługa klienta",
        "direction": "inbound",
        "mode": "manual-phone",
        "wrap_seconds": 20,
        "ivr_authorization": False,
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (signed(login="admin") | {"login": "admin"}, "Invalid login"),
        (signed() | {"login": None}, "Invalid login"),
        (signed() | {"login": "admin@other"}, "Unknown domain"),
        (signed(change="a" * 49), "Invalid change"),
        (signed(change="a" * 51), "Invalid change"),
        (signed(change="-" * 50), "Invalid change"),
        (signed(change="ą" * 50), "Invalid change"),
        (signed() | {"method": "sha256"}, "Invalid method"),
        (signed() | {"hash": "0" * 40}, "Invalid hash"),
        (signed() | {"hash": None}, "Invalid hash"),
        (signed("nobody"), "Unknown login"),
        ({}, "Invalid login"),
        ([], "Invalid JSON"),
    ],
)
def test_a_request_that_does_not_prove_its_sender_is_refused(tmp_path: Path, body: Any, message: str) -> None:
    assert ask(tmp_path, "fcc-users-list", body) == (200, {"success": False, "message": message})


@pytest.mark.assumed("A10", "A21")
@pytest.mark.parametrize(
    ("function", "login", "more", "message"),
    [
        ("fcc-no-such-thing", "admin", {}, "Unknown function"),
        ("fcc-users-list", "anna.nowak", {}, "Access denied"),
        ("fcc-calls-list", "admin", {"cursor": "c99"}, "Invalid cursor"),
        ("fcc-calls-list", "admin", {"cursor": 7}, "Invalid cursor"),
        ("fcc-calls-list", "admin", {"limit": 0}, "Invalid limit"),
        ("fcc-staff-status", "admin", {}, "Access denied"),
        ("fcc-sip-credentials", "ola.agentka", {}, "User is not a PBX user"),
        ("fcc-sip-credentials", "jan.nadzorca", {}, "User is not a PBX user"),
        ("fcc-sip-credentials", "ula.uc", {}, "User is not a PBX user"),
        ("fcc-set-staff-status", "anna.nowak", {"statuses_id": 3}, "Status cannot be set"),
        ("fcc-set-staff-status", "anna.nowak", {"statuses_id": 4}, "Status cannot be set"),
        ("fcc-set-staff-status", "anna.nowak", {"statuses_id": 77}, "Unknown status"),
        ("fcc-set-staff-status", "anna.nowak", {}, "Unknown status"),
        ("fcc-drop-call", "anna.nowak", {"calls_id": 5}, "Call not found"),
        ("fcc-drop-call", "anna.nowak", {"calls_id": "5"}, "Invalid calls_id"),
    ],
)
def test_each_refusal_has_its_words(
    tmp_path: Path, function: str, login: str, more: dict[str, Any], message: str
) -> None:
    assert ask(tmp_path, function, {**signed(login), **more}) == (200, {"success": False, "message": message})


def test_a_body_that_is_not_json_is_refused(tmp_path: Path) -> None:
    header = {"Content-Type": "application/json"}
    assert ask(tmp_path, "fcc-users-list", None, data=b"{", headers=header)[1]["message"] == "Invalid JSON"
    wrong = ask(tmp_path, "fcc-users-list", None, data={"login": "x"})
    assert wrong[1]["message"] == "Content-Type must be application/json"


def test_an_inactive_user_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        row = {"id": 1, "login": "gone", "first_name": "", "last_name": "", "email": "", "type": "pbx", "active": False}
        async with tenant(tmp_path, users=[row]) as acme:
            assert (await acme.api("fcc-staff-status", "gone"))["message"] == "User is inactive"

    asyncio.run(scenario())


def test_lists_hold_the_whole_tenant(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            users = {user["login"]: user for user in (await acme.api("fcc-users-list"))["users"]}
            assert {user["type"] for user in users.values()} == {"administrator", "supervisor", "agent", "pbx", "uc"}
            assert users["ewa.zielinska"]["presentation"] is None
            assert users["john.smith"]["email"] == "John.Smith@ACME.example"
            statuses = (await acme.api("fcc-staff-statuses-list"))["statuses"]
            assert statuses[0] == {"id": 1, "class": "ready", "name": "W kolejce"}
            status = (await acme.api("fcc-staff-status", "anna.nowak"))["status"]
            assert (status["class"], status["until"], status["calls_id"]) == ("notready", None, None)

    asyncio.run(scenario())


def test_a_campaigns_wrap_is_the_one_in_force(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            await acme.control("settings", wrap_seconds={"9": 3})
            campaigns = {one["id"]: one["wrap_seconds"] for one in (await acme.api("fcc-campaigns-list"))["campaigns"]}
            assert campaigns == {1: 20, 2: 15, 3: 10, 4: 5, 9: 3}

    asyncio.run(scenario())


@pytest.mark.assumed("A1", "A9")
def test_phone_credentials_work_in_sip_and_say_how_long(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            sip = (await acme.api("fcc-sip-credentials", "anna.nowak"))["sip"]
            assert sip["uri"] == "sip:40312@acme.fcc.example"
            assert sip["ws_url"] == f"ws://fcc.localhost:{acme.simulator.port}/sip"
            assert sip["expires_at"] > (await acme.status("anna.nowak"))["since"]
            async with await acme.phone("anna.nowak") as phone:
                assert (await phone.register()).code == 200

    asyncio.run(scenario())


def test_the_agents_token_names_agent_and_domain(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            token = (await acme.api("fcc-create-jwt-token", "anna.nowak"))["token"]
            claims = jwt.decode(token, hashlib.sha256(KEY.encode()).digest(), algorithms=["HS256"])
            assert (claims["sub"], claims["domain"]) == ("anna.nowak", "acme")

    asyncio.run(scenario())


def test_injected_failures_last_as_long_as_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            address = f"{acme.url}/external-api/fcc-users-list"

            async def fail(mode: str) -> None:
                await acme.control("settings", fail={"fcc-users-list": {"mode": mode, "count": 1}})

            await fail("http500")
            async with acme.http.post(address, json=signed()) as response:
                assert response.status == 500
            assert (await acme.api("fcc-users-list"))["success"]
            await fail("nonsense")
            async with acme.http.post(address, json=signed()) as response:
                assert response.status == 200
                assert response.content_type == "text/html"
            await fail("refuse")
            refused = await acme.api("fcc-users-list")
            assert refused == {"success": False, "message": "Function is temporarily unavailable"}
            await fail("timeout")
            with pytest.raises(TimeoutError):
                await acme.http.post(address, json=signed(), timeout=aiohttp.ClientTimeout(total=0.2))
            assert (await acme.api("fcc-users-list"))["success"]

    asyncio.run(scenario())


def test_another_hosts_name_is_not_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            tenant(tmp_path) as acme,
            acme.http.get(acme.url + "/_sim/state", headers={"Host": "evil.example"}) as response,
        ):
            assert response.status == 421

    asyncio.run(scenario())
