"""Customers call the queue, and agents' phones ring."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulators.fcc.tenant import Tenant, eventually, tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulators.fcc.phone import Phone

ANNA, PIOTR = 101, 102


async def ready(acme: Tenant, phone: Phone, login: str) -> None:
    assert (await phone.register()).code == 200
    assert (await acme.api("fcc-set-staff-status", login, statuses_id=1))["success"]


async def ended(acme: Tenant, calls_id: int) -> dict[str, Any]:
    async def over() -> dict[str, Any] | None:
        call = await acme.call(calls_id)
        return call if call["status"] is not None else None

    return await eventually(over)


async def in_class(acme: Tenant, login: str, name: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        status = await acme.status(login)
        return status if status["class"] == name else None

    return await eventually(there, what=f"{login} in {name}")


@pytest.mark.assumed("A17")
def test_a_waiting_customer_reaches_the_ready_agent_and_both_are_heard(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await ready(acme, phone, "anna.nowak")
            given = await acme.control("inbound", number="+48600100200", name="Jan Kowalski", ivr="1234")
            call = await phone.ringing()
            assert call.incoming_invite is not None
            assert call.incoming_invite.headers["From"].startswith('"Jan Kowalski" <sip:+48600100200@')
            await eventually(lambda: acme.told("CallRinging"))
            rung = acme.told("CallRinging")[0]
            assert (rung["users_id"], rung["sip_call_id"], rung["ivr"]) == (ANNA, call.call_id, "1234")
            await call.pick_up()
            await eventually(lambda: call.hears(700), what="the customer's tone")

            async def heard() -> bool:
                hz = (await acme.call(given["calls_id"]))["heard_hz"]
                return hz is not None and abs(hz - 440) < 6

            await eventually(heard, what="the agent's tone")
            row = (await acme.api("fcc-calls-list"))["calls"][0]
            assert (row["number_a"], row["number_b"]) == ("+48600100200", "+48221110000")
            assert row["queue"] == "Obsługa klienta"
            assert (row["users_id"], row["status"], row["ivr"]) == (ANNA, None, "1234")
            await asyncio.gather(acme.control(f"calls/{given['calls_id']}/hangup"), call.gets_bye())
            assert (await ended(acme, given["calls_id"]))["disconnecting_side"] == "customer"

    asyncio.run(scenario())


def test_a_rejected_call_goes_to_the_next_agent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            tenant(tmp_path) as acme,
            await acme.phone("anna.nowak") as anna,
            await acme.phone("piotr.wisniewski") as piotr,
        ):
            await ready(acme, anna, "anna.nowak")
            await ready(acme, piotr, "piotr.wisniewski")
            given = await acme.control("inbound", number="+48600100200")
            await (await anna.ringing()).reject(extra="Reason: Q.850;cause=17")
            second = await piotr.ringing()
            leg = acme.told("CallLegEnded")[0]
            assert (leg["users_id"], leg["cause"]) == (ANNA, 17)
            await second.pick_up()
            assert (await acme.call(given["calls_id"]))["users_id"] == PIOTR
            await second.bye()
            over = await ended(acme, given["calls_id"])
            assert (over["status"], over["users_id"], over["disconnecting_side"]) == ("ANSWERED", PIOTR, "agent")
            assert [leg["users_id"] for leg in over["legs"]] == [ANNA, PIOTR]
            assert over["segment"] == 0

    asyncio.run(scenario())


@pytest.mark.assumed("A13")
def test_an_agent_who_does_not_answer_in_time_loses_the_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path, ring_seconds=0.3) as acme, await acme.phone("anna.nowak") as phone:
            await ready(acme, phone, "anna.nowak")
            await acme.control("inbound", number="+48600100200")
            call = await phone.ringing()
            cancel = await phone.request("CANCEL")
            await phone.reply(cancel, 200, "OK", tag=call.tag)
            await call.reject(487, "Request Terminated")
            await eventually(lambda: acme.told("CallLegEnded"))
            assert acme.told("CallLegEnded")[0]["cause"] == 19
            await phone.ringing()  # nobody else is there: the customer is offered to her again

    asyncio.run(scenario())


@pytest.mark.assumed("A81")
@pytest.mark.parametrize("leaves", [True, False], ids=["socket gone", "480"])
def test_a_phone_that_is_away_has_not_rejected_the_call_and_the_agents_next_one_rings_at_once(
    tmp_path: Path, leaves: bool
) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path, ring_seconds=20, reoffer_seconds=20) as acme:
            first = await (await acme.phone("anna.nowak")).__aenter__()
            await ready(acme, first, "anna.nowak")
            await acme.control("inbound", number="+48600100200")
            call = await first.ringing()
            if leaves:
                await first.socket.close()
            else:
                await call.reject(480, "Temporarily Unavailable")
            await eventually(lambda: acme.told("CallLegEnded"))
            async with await acme.phone("anna.nowak") as second:
                await second.register()
                await (await second.ringing()).reject()
                await eventually(lambda: len(acme.told("CallLegEnded")) == 2)
                await second.register()
                assert second.requests.empty()
            await first.__aexit__(None, None, None)

    asyncio.run(scenario())


def test_the_agent_ready_for_longest_is_rung(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            tenant(tmp_path) as acme,
            await acme.phone("anna.nowak") as anna,
            await acme.phone("piotr.wisniewski") as piotr,
        ):
            await ready(acme, piotr, "piotr.wisniewski")
            await ready(acme, anna, "anna.nowak")
            await acme.control("inbound", number="+48600100200")
            await piotr.ringing()
            assert anna.requests.empty()

    asyncio.run(scenario())


def test_nobody_is_rung_who_is_not_ready_or_has_no_phone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as anna:
            await anna.register()
            await acme.api("fcc-set-staff-status", "piotr.wisniewski", statuses_id=1)
            given = await acme.control("inbound", number="+48600100200")
            assert (await acme.call(given["calls_id"]))["state"] == "queued"
            assert anna.requests.empty()
            await acme.api("fcc-set-staff-status", "anna.nowak", statuses_id=1)
            await anna.ringing()

    asyncio.run(scenario())


@pytest.mark.assumed("A18")
def test_a_customer_who_gives_up_in_the_queue_had_no_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            given = await acme.control("inbound", number="anonymous", behaviour={"is": "impatient", "patience": 0.1})
            over = await ended(acme, given["calls_id"])
            assert (over["status"], over["disconnecting_side"], over["users_id"]) == ("NO ANSWER", "customer", None)
            assert over["number_a"] == "anonymous"

    asyncio.run(scenario())


@pytest.mark.assumed("A11", "A18")
def test_a_customer_who_gives_up_while_a_phone_rings_cancels_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path, ring_seconds=20) as acme, await acme.phone("anna.nowak") as phone:
            await ready(acme, phone, "anna.nowak")
            given = await acme.control("inbound", number="anonymous")
            call = await phone.ringing()
            assert call.incoming_invite is not None
            assert "anonymous.invalid" in call.incoming_invite.headers["From"]
            await acme.control(f"calls/{given['calls_id']}/hangup")
            cancel = await phone.request("CANCEL")
            await phone.reply(cancel, 200, "OK", tag=call.tag)
            await call.reject(487, "Request Terminated")
            assert (await ended(acme, given["calls_id"]))["status"] == "NO ANSWER"
            assert (await acme.status("anna.nowak"))["class"] == "ready"

    asyncio.run(scenario())


def test_a_phone_that_vanishes_while_ringing_frees_the_customer_for_the_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path, ring_seconds=20) as acme, await acme.phone("piotr.wisniewski") as piotr:
            anna = await acme.phone("anna.nowak")
            async with anna:
                await ready(acme, anna, "anna.nowak")
                await ready(acme, piotr, "piotr.wisniewski")
                await acme.control("inbound", number="+48600100200")
                await anna.ringing()
            await piotr.ringing()

    asyncio.run(scenario())


@pytest.mark.assumed("A6", "A11", "A12")
def test_after_a_conversation_comes_wrap_with_an_end_and_then_ready(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await acme.control("settings", wrap_seconds={"1": 0.8})
            await ready(acme, phone, "anna.nowak")
            await acme.control("inbound", number="+48600100200", behaviour={"is": "hangs-up", "talks_for": 0.1})
            call = await phone.ringing()
            await call.pick_up()
            await call.gets_bye()
            wrap = await in_class(acme, "anna.nowak", "wrap")
            assert wrap["until"] > wrap["since"]
            await acme.control("inbound", number="+48600100300")
            assert phone.requests.empty()
            await in_class(acme, "anna.nowak", "busy")  # WRAP is over by itself and the waiting customer rings
            assert len(acme.told("CallRinging")) <= 2
            classes = [one["status"]["class"] for one in acme.told("UserStatusChanged")]
            assert classes == ["ready", "busy", "wrap", "ready", "busy"]
            await phone.ringing()

    asyncio.run(scenario())


@pytest.mark.assumed("A10")
def test_an_agent_ends_wrap_early(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await ready(acme, phone, "anna.nowak")
            await acme.control("inbound", number="+48600100200")
            call = await phone.ringing()
            await call.pick_up()
            refused = await acme.api("fcc-set-staff-status", "anna.nowak", statuses_id=5)
            assert refused == {"success": False, "message": "Status cannot be changed during a call"}
            await call.bye()
            await in_class(acme, "anna.nowak", "wrap")
            answer = await acme.api("fcc-set-staff-status", "anna.nowak", statuses_id=5)
            assert (answer["status"]["id"], answer["status"]["until"]) == (5, None)

    asyncio.run(scenario())
