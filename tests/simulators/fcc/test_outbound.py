"""An agent's phone calls customers."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.simulators.fcc.tenant import Tenant, eventually, tenant

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.assumed("A14")
def test_both_sides_hear_each_other_and_the_call_is_listed_as_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            assert (await phone.register()).code == 200
            call = await phone.dial("+48600100200")
            ringing = await phone.response()
            assert (ringing.code, ringing.body) == (180, b"")
            assert "tag=" in ringing.headers["To"]
            answer = await call.answered()
            assert answer.code == 200
            assert answer.headers["Contact"]
            live = await acme.only_call()
            assert (live["status"], live["state"], live["sip_call_id"]) == (None, "talking", call.call_id)
            await eventually(lambda: call.hears(600), what="the customer's tone")

            async def heard() -> bool:
                hz = (await acme.only_call())["heard_hz"]
                return hz is not None and abs(hz - 440) < 6

            await eventually(heard, what="the agent's tone at the customer")
            assert (await acme.status("anna.nowak"))["class"] == "busy"
            assert (await call.bye()).code == 200
            ended = await eventually(lambda: _ended(acme))
            assert (ended["status"], ended["disconnecting_side"], ended["cause"]) == ("ANSWERED", "agent", 16)
            assert (ended["number_a"], ended["number_b"]) == ("+48221234567", "+48600100200")
            assert ended["campaigns_id"] == 9
            assert ended["recording"]
            await eventually(lambda: acme.told("CallEnded"))
            names = [one.body["eventName"] for one in acme.simulator.webhooks.deliveries]
            order = [name for name in names if name.startswith("Call")]
            assert order == ["CallCreated", "CallRinging", "CallAnswered", "CallLegEnded", "CallEnded"]

    asyncio.run(scenario())


def test_the_moment_of_the_first_invite_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await phone.register()
            before = time.time() * 1000
            await phone.dial("+48600100200")
            assert (await phone.response()).code == 180
            live = await acme.only_call()
            begun = datetime.fromisoformat(live["date_time"]).timestamp() * 1000
            assert before <= live["invited_at"] <= begun + 1

    asyncio.run(scenario())


async def _ended(acme: Tenant) -> dict | None:
    call = await acme.only_call()
    return call if call["status"] is not None else None


@pytest.mark.parametrize(
    ("number", "code", "cause", "status", "side"),
    [
        ("+48600100201", 486, 17, "BUSY", "customer"),
        ("+48600100202", 480, 19, "NO ANSWER", "system"),
        ("+48600100203", 404, 1, "FAILED", "system"),
        ("+48600100206", 603, 21, "FAILED", "customer"),
    ],
)
def test_a_customer_who_is_not_reached_ends_the_call_with_its_cause(
    tmp_path: Path, number: str, code: int, cause: int, status: str, side: str
) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial(number)
            answer = await call.answered()
            assert answer.code == code
            assert f"Q.850;cause={cause};" in answer.headers["Reason"]
            ended = await eventually(lambda: _ended(acme))
            assert (ended["status"], ended["cause"], ended["disconnecting_side"]) == (status, cause, side)
            assert ended["talk_seconds"] == 0
            assert not ended["recording"]
            assert (await acme.status("anna.nowak"))["class"] == "notready"

    asyncio.run(scenario())


def test_the_networks_announcement_is_heard_before_the_call_fails(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100204")
            early = await phone.response()
            assert early.code == 183
            await call.audio.accept(early.body.decode())
            await eventually(lambda: call.hears(800), what="the announcement")
            answer = await call.answered()
            assert answer.code == 480
            assert "cause=20" in answer.headers["Reason"]
            assert (await eventually(lambda: _ended(acme)))["status"] == "NO ANSWER"

    asyncio.run(scenario())


def test_ringback_of_the_network_gives_way_to_the_customer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100207")
            early = await phone.response()
            assert early.code == 180
            await call.audio.accept(early.body.decode())
            await eventually(lambda: call.hears(425), what="ringback")
            assert (await call.answered()).code == 200
            await eventually(lambda: call.hears(600), what="the customer")

    asyncio.run(scenario())


def test_a_customer_who_hangs_up_sends_bye_with_its_cause(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100205")
            await call.answered()
            bye = await call.gets_bye()
            assert "cause=16" in bye.headers["Reason"]
            ended = await eventually(lambda: _ended(acme))
            assert (ended["status"], ended["disconnecting_side"]) == ("ANSWERED", "customer")

    asyncio.run(scenario())


@pytest.mark.assumed("A18")
def test_cancel_ends_the_call_with_487(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100299")
            assert (await phone.response()).code == 180
            await call.cancel()
            assert (await phone.response(method="CANCEL")).code == 200
            assert (await call.answered()).code == 487
            ended = await eventually(lambda: _ended(acme))
            assert (ended["status"], ended["disconnecting_side"]) == ("NO ANSWER", "agent")

    asyncio.run(scenario())


def test_hold_silences_the_customer_and_resuming_brings_the_tone_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))
            held = await call.direction("sendonly")
            assert held.code == 200
            assert b"a=recvonly" in held.body
            assert (await acme.only_call())["state"] == "held"
            assert (await acme.only_call())["sent_hz"] is None
            await eventually(lambda: call.audio.listener.hz is None, what="silence")
            resumed = await call.direction("sendrecv")
            assert b"a=sendrecv" in resumed.body
            await eventually(lambda: call.hears(600), what="the tone after hold")
            assert acme.told("CallHeld")
            assert acme.told("CallResumed")

    asyncio.run(scenario())


def test_digits_sent_by_info_arrive_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            for digit in "12#":
                assert (await call.press(digit)).code == 200
            assert (await call.press("x")).code == 400
            assert (await acme.only_call())["legs"][0]["dtmf"] == "12#"

    asyncio.run(scenario())


def test_the_recording_holds_the_agent_left_and_the_customer_right(tmp_path: Path) -> None:
    import io
    import wave

    import numpy as np

    async def scenario() -> bytes:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))

            async def heard() -> bool:
                return (await acme.only_call())["heard_hz"] is not None

            await eventually(heard)
            frames = call.audio.listener.frames
            await eventually(lambda: call.audio.listener.frames > frames + 25, what="half a second of audio")
            await call.bye()
            ended = await eventually(lambda: _ended(acme))
            listed = (await acme.look("recordings"))["recordings"]
            assert [one["url"] for one in listed] == [ended["recording"]]
            async with acme.http.get(acme.url + listed[0]["url"]) as response:
                return await response.read()

    with wave.open(io.BytesIO(asyncio.run(scenario()))) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 16_000)
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    for side, hz in ((0, 440), (1, 600)):
        spectrum = np.abs(np.fft.rfft(audio[:, side]))
        assert abs(np.argmax(spectrum) * 16_000 / len(audio) - hz) < 8


@pytest.mark.assumed("A15")
def test_an_agent_without_a_presentation_may_not_dial(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("ewa.zielinska") as phone:
            call = await phone.dial("+48600100200")
            assert (await call.answered()).code == 403

    asyncio.run(scenario())


@pytest.mark.parametrize(("number", "code"), [("12345", 404), ("nobody", 404), ("+48600", 484), ("6001002", 484)])
def test_a_number_that_leads_nowhere_is_refused(tmp_path: Path, number: str, code: int) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            assert (await (await phone.dial(number)).answered()).code == code

    asyncio.run(scenario())


@pytest.mark.assumed("A16")
def test_a_second_call_of_a_busy_agent_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            await (await phone.dial("+48600100200")).answered()
            assert (await (await phone.dial("+48600100300")).answered()).code == 486

    asyncio.run(scenario())


def test_drop_call_hangs_up_the_agents_own_call_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            calls_id = (await acme.only_call())["calls_id"]
            refused = await acme.api("fcc-drop-call", "piotr.wisniewski", calls_id=calls_id)
            assert refused == {"success": False, "message": "Call not found"}
            dropped, _ = await asyncio.gather(
                acme.api("fcc-drop-call", "anna.nowak", calls_id=calls_id), call.gets_bye()
            )
            assert dropped == {"success": True}
            assert (await eventually(lambda: _ended(acme)))["disconnecting_side"] == "agent"

    asyncio.run(scenario())
