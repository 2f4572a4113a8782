"""What goes wrong in the middle: lost sockets, lost audio, repeated and missing messages."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tests.simulators.fcc.phone import DOMAIN, Phone
from tests.simulators.fcc.tenant import Tenant, eventually, tenant

if TYPE_CHECKING:
    from pathlib import Path


async def ended(acme: Tenant) -> dict:
    async def over() -> dict | None:
        call = await acme.only_call()
        return call if call["status"] is not None else None

    return await eventually(over)


@pytest.mark.assumed("A19")
def test_a_call_survives_its_phones_socket_and_ends_over_the_new_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            phone = await acme.phone("anna.nowak")
            await phone.__aenter__()
            await phone.register()
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))
            await phone.socket.close()
            async with await acme.phone("anna.nowak") as again:
                await again.register()
                assert (await acme.only_call())["state"] == "talking"
                await acme.control(f"calls/{(await acme.only_call())['calls_id']}/hangup")
                bye = await again.request("BYE")
                await again.reply(bye, 200, "OK", tag=call.tag)
                assert bye.call_id == call.call_id
            assert (await ended(acme))["disconnecting_side"] == "customer"
            await phone.__aexit__(None, None, None)

    asyncio.run(scenario())


@pytest.mark.assumed("A19")
def test_a_call_whose_audio_is_gone_is_ended_by_the_system(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))
            await call.audio.close()
            assert "cause=38" in (await call.gets_bye()).headers["Reason"]
            over = await ended(acme)
            assert (over["status"], over["disconnecting_side"]) == ("ANSWERED", "system")

    asyncio.run(scenario())


@pytest.mark.assumed("A19")
def test_a_dialling_phone_that_vanishes_ends_the_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            async with await acme.phone("anna.nowak") as phone:
                await phone.dial("+48600100299")
                assert (await phone.response()).code == 180
            over = await ended(acme)
            assert (over["status"], over["disconnecting_side"]) == ("FAILED", "system")
            assert (await acme.status("anna.nowak"))["class"] == "notready"

    asyncio.run(scenario())


def test_a_repeated_invite_gets_the_last_answer_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100299")
            first = await phone.response()
            sdp = call.audio.pc.localDescription.sdp
            headers = {**call.headers("INVITE", call.invite_cseq), "Content-Type": "application/sdp"}
            await phone.send("INVITE", call.uri, {**headers, "Via": call.invite_via}, sdp)
            again = await phone.response()
            assert (again.code, again.headers["To"]) == (180, first.headers["To"])
            assert len((await acme.look("calls"))["calls"]) == 1

    asyncio.run(scenario())


def test_the_answer_is_repeated_until_it_is_acknowledged(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            first = await phone.response(over=199)
            second = await phone.response(over=199)
            assert (first.code, second.body) == (200, first.body)
            call.remote, call.target = second.headers["To"], f"sip:fcc@{DOMAIN}"
            await call.ack(second)
            assert (await call.bye()).code == 200

    asyncio.run(scenario())


@pytest.mark.assumed("A19")
def test_the_answer_is_repeated_over_the_socket_that_the_phone_has_now(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            phone = await acme.phone("anna.nowak")
            await phone.__aenter__()
            await phone.register()
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))
            yes = await call.direction("sendonly", acknowledged=False)
            await phone.socket.close()
            async with await acme.phone("anna.nowak") as again:
                await again.register()
                repeated = await again.response(method="INVITE")
                assert (repeated.code, repeated.cseq, repeated.body) == (200, yes.cseq, yes.body)
                call.phone = again
                await call.ack(repeated, number=repeated.cseq.sequence - 1)
                assert (await again.response(method="INVITE")).cseq == yes.cseq
                await call.ack(repeated)
                assert (await call.bye()).code == 200
                assert again.responses.empty()
            assert (await ended(acme))["disconnecting_side"] == "agent"
            await phone.__aexit__(None, None, None)

    asyncio.run(scenario())


def test_a_re_invite_is_refused_as_often_as_was_set_and_the_call_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await acme.control("settings", reinvite={"status": 491, "count": 2})
            assert [(await call.direction("sendonly")).code for _ in range(3)] == [491, 491, 200]
            assert (await acme.only_call())["state"] == "held"
            await acme.control("settings", reinvite={"status": 488, "count": None})
            assert (await call.direction("sendrecv")).code == 488
            await acme.control("settings", reinvite=None)
            assert (await call.direction("sendrecv")).code == 200
            assert (await acme.only_call())["state"] == "talking"

    asyncio.run(scenario())


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_the_pbx_can_turn_the_sound_of_a_call_and_says_what_the_phone_answered(tmp_path: Path, method: str) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await eventually(lambda: call.hears(600))
            path = f"calls/{(await acme.only_call())['calls_id']}/request"
            asked = asyncio.create_task(acme.control(path, method=method, direction="sendrecv"))
            offer = await phone.request(method)
            assert "a=sendrecv" in offer.body.decode()
            held = str(call.audio.pc.localDescription.sdp).replace("a=sendrecv", "a=sendonly")
            await phone.reply(offer, 200, "OK", tag=call.tag, body=held)
            if method == "INVITE":
                assert (await phone.request("ACK")).cseq.sequence == offer.cseq.sequence
            assert await asked == {"status": 200, "direction": "sendonly"}
            await eventually(lambda: not call.hears(600))

            asked = asyncio.create_task(acme.control(path, method=method, direction="inactive"))
            await phone.reply(await phone.request(method), 488, "Not Acceptable Here", tag=call.tag)
            assert await asked == {"status": 488, "direction": None}

    asyncio.run(scenario())


def test_a_session_refresh_is_granted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            headers = {**call.headers("UPDATE"), "Session-Expires": "90;refresher=uac", "Supported": "timer"}
            await phone.send("UPDATE", call.target, headers)
            answer = await phone.response(method="UPDATE")
            assert (answer.code, answer.headers["Session-Expires"]) == (200, "90;refresher=uac")

    asyncio.run(scenario())


def test_what_the_pbx_does_not_do_inside_a_call_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await phone.send("REFER", call.target, {**call.headers("REFER"), "Refer-To": f"<sip:40318@{DOMAIN}>"})
            assert (await phone.response(method="REFER")).code == 501
            headers = {**call.headers("INFO"), "Content-Type": "text/plain"}
            await phone.send("INFO", call.target, headers, "hello")
            assert (await phone.response(method="INFO")).code == 415
            restart = call.audio.pc.localDescription.sdp.replace("a=ice-ufrag:", "a=ice-ufrag:x")
            headers = {**call.headers("INVITE"), "Content-Type": "application/sdp"}
            await phone.send("INVITE", call.target, headers, restart)
            assert (await phone.response(method="INVITE")).code == 488

    asyncio.run(scenario())


def test_an_offer_without_audio_is_not_acceptable(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme, await acme.phone("anna.nowak") as phone:
            call = await phone.dial("+48600100200")
            await call.answered()
            await call.bye()
            headers = call.headers("INVITE")
            proof = phone.credentials(await challenge(phone), "INVITE", call.uri)
            headers |= {"Proxy-Authorization": proof, "Content-Type": "application/sdp", "Call-ID": "no-audio"}
            await phone.send("INVITE", call.uri, {**headers, "To": f"<{call.uri}>"}, "v=0\r\ns=-\r\n")
            answer = await phone.response(over=199, method="INVITE")
            assert answer.code == 488

    asyncio.run(scenario())


async def challenge(phone: Phone) -> str:
    headers = {"From": f"<sip:{phone.extension}@{DOMAIN}>;tag=c", "To": f"<sip:1@{DOMAIN}>", "Call-ID": "c"}
    await phone.send("INVITE", f"sip:1@{DOMAIN}", {**headers, "CSeq": "1 INVITE"})
    return (await phone.response(over=199)).headers["Proxy-Authenticate"]


@pytest.mark.assumed("A9")
def test_credentials_outlive_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            phone = await acme.phone("anna.nowak")
        async with tenant(tmp_path) as acme:
            phone.url = f"ws://127.0.0.1:{acme.simulator.port}/sip"
            async with phone:
                assert (await phone.register()).code == 200

    asyncio.run(scenario())


def test_a_stop_does_not_wait_for_silent_phones(tmp_path: Path) -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        async with tenant(tmp_path) as acme:
            with socket.create_connection(("127.0.0.1", acme.simulator.port)):
                phone = await acme.phone("anna.nowak")
                async with phone:
                    await phone.register()
                    await (await phone.dial("+48600100200")).answered()
                    started = loop.time()
                    phone.reader.cancel()
                    await acme.simulator.stop()
                    return loop.time() - started

    assert asyncio.run(scenario()) < 2
