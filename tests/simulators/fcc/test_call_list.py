"""The call list: what a client that polls it sees, also across a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.simulators.fcc.tenant import eventually, tenant

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.assumed("A21")
def test_a_cursor_gives_each_changed_call_again_oldest_change_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            first = (await acme.control("inbound", number="+48600100200"))["calls_id"]
            second = (await acme.control("inbound", number="+48600100300"))["calls_id"]
            page = await acme.api("fcc-calls-list", cursor=None, limit=1)
            assert [call["calls_id"] for call in page["calls"]] == [first]
            page = await acme.api("fcc-calls-list", cursor=page["cursor"], limit=10)
            assert [call["calls_id"] for call in page["calls"]] == [second]
            assert (await acme.api("fcc-calls-list", cursor=page["cursor"]))["calls"] == []
            await acme.control(f"calls/{first}/hangup")

            async def changed() -> dict | None:
                fresh = await acme.api("fcc-calls-list", cursor=page["cursor"])
                return fresh if fresh["calls"] else None

            fresh = await eventually(changed)
            assert [(call["calls_id"], call["status"]) for call in fresh["calls"]] == [(first, "NO ANSWER")]
            whole = await acme.api("fcc-calls-list")
            assert [call["calls_id"] for call in whole["calls"]] == [second, first]

    asyncio.run(scenario())


@pytest.mark.assumed("A65")
def test_the_list_can_be_asked_from_a_time_once_cursors_are_forgotten(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            first = (await acme.control("inbound", number="+48600100200"))["calls_id"]
            old = (await acme.api("fcc-calls-list"))["cursor"]
            second = (await acme.control("inbound", number="+48600100300"))["calls_id"]
            await acme.control("cursors/forget")
            refused = await acme.api("fcc-calls-list", cursor=old)
            assert (refused["success"], refused["message"]) == (False, "Invalid cursor")
            row = (await acme.api("fcc-calls-list"))["calls"][1]
            page = await acme.api("fcc-calls-list", cursor=None, updated_since=row["updated_at"])
            assert [call["calls_id"] for call in page["calls"]] == [second]
            assert (await acme.api("fcc-calls-list", cursor=page["cursor"]))["calls"] == []
            nothing = await acme.api("fcc-calls-list", cursor=None, updated_since="2099-01-01T00:00:00Z")
            assert (nothing["calls"], nothing["cursor"]) == ([], page["cursor"])
            early = await acme.api("fcc-calls-list", cursor=None, updated_since="2020-01-01T00:00:00+01:00")
            assert [call["calls_id"] for call in early["calls"]] == [first, second]
            assert not (await acme.api("fcc-calls-list", cursor=None, updated_since="yesterday"))["success"]

    asyncio.run(scenario())


def test_without_correlation_nothing_names_the_sip_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path, correlation="none") as acme, await acme.phone("anna.nowak") as phone:
            await (await phone.dial("+48600100201")).answered()
            await eventually(lambda: acme.told("CallEnded"))
            assert "sip_call_id" not in (await acme.api("fcc-calls-list"))["calls"][0]
            names = ("CallCreated", "CallLegEnded", "CallEnded")
            assert not any("sip_call_id" in data for name in names for data in acme.told(name))

    asyncio.run(scenario())


def test_with_correlation_list_and_events_name_the_sip_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100201")
            await call.answered()
            await eventually(lambda: acme.told("CallEnded"))
            assert (await acme.api("fcc-calls-list"))["calls"][0]["sip_call_id"] == call.call_id
            assert acme.told("CallEnded")[0]["sip_call_id"] == call.call_id

    asyncio.run(scenario())


@pytest.mark.assumed("A20")
def test_a_restart_keeps_the_list_and_ends_what_was_up(tmp_path: Path) -> None:
    async def before() -> tuple[int, str]:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await (await phone.dial("+48600100200")).answered()
            page = await acme.api("fcc-calls-list")
            return page["calls"][0]["calls_id"], page["cursor"]

    async def after(calls_id: int, cursor: str) -> None:
        async with tenant(tmp_path) as acme:
            page = await acme.api("fcc-calls-list", cursor=cursor)
            assert [call["calls_id"] for call in page["calls"]] == [calls_id]
            ended = page["calls"][0]
            assert (ended["status"], ended["disconnecting_side"]) == ("FAILED", "system")
            assert acme.told("CallEnded")[0]["calls_id"] == calls_id
            new = await acme.control("inbound", number="+48600100200")
            assert new["calls_id"] > calls_id

    asyncio.run(after(*asyncio.run(before())))


def test_a_line_cut_off_by_a_kill_does_not_spoil_the_list(tmp_path: Path) -> None:
    async def run() -> int:
        async with tenant(tmp_path) as acme:
            return (await acme.control("inbound", number="+48600100200"))["calls_id"]

    first = asyncio.run(run())
    with (tmp_path / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"calls_id": 10')
    assert asyncio.run(run()) == first + 1
