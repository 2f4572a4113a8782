"""Phones sign in over the SIP WebSocket."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from sipmessage import URI, Request

from simulators.fcc.sip.digest import Digest
from tests.simulators.fcc.phone import DOMAIN, Phone, md5
from tests.simulators.fcc.tenant import Options, Tenant, eventually, tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def with_phone(tmp_path: Path, scenario: Callable[[Tenant, Phone], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        async with (
            tenant(tmp_path, options=Options(**options)) as acme,
            await acme.phone("anna.nowak") as phone,
        ):
            await scenario(acme, phone)

    asyncio.run(run())


async def registered(acme: Tenant, login: str = "anna.nowak") -> bool:
    agents = (await acme.look("state"))["agents"]
    return next(agent["registered"] for agent in agents if agent["login"] == login)


def test_a_phone_with_its_credentials_is_registered_for_as_long_as_it_asks(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        answer = await phone.register(expires=300)
        assert answer.code == 200
        assert answer.headers["Contact"].startswith(phone.contact)
        assert answer.headers["Contact"].endswith(";expires=300")
        assert await registered(acme)

    with_phone(tmp_path, scenario)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_a_phone_that_asks_is_given_addresses_of_its_own_where_that_is_set(
    tmp_path: Path, given: bool, asked: bool
) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        await acme.control("settings", gruus=given)
        phone.supported = "path, gruu" if asked else "path"
        contact = (await phone.register()).headers["Contact"]
        expected = given and asked
        assert (f';pub-gruu="sip:{phone.extension}@{DOMAIN};gr=urn:uuid:1"' in contact) is expected
        assert (
            re.search(rf';temp-gruu="sip:tgruu\.[0-9a-f]+@{re.escape(DOMAIN)};gr"', contact) is not None
        ) is expected

    with_phone(tmp_path, scenario)


def test_a_registration_ends_when_its_time_is_over(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        await phone.register(expires=1)
        assert await registered(acme)

        async def gone() -> bool:
            return not await registered(acme)

        await eventually(gone)

    with_phone(tmp_path, scenario, min_expires=1)


def test_too_short_a_registration_is_refused_with_the_shortest_allowed(tmp_path: Path) -> None:
    async def scenario(_: Tenant, phone: Phone) -> None:
        answer = await phone.register(expires=2)
        assert (answer.code, answer.headers["Min-Expires"]) == (423, "10")

    with_phone(tmp_path, scenario)


def test_a_phone_unregisters_with_expires_0(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        await phone.register()
        assert (await phone.register(expires=0)).code == 200
        assert not await registered(acme)

    with_phone(tmp_path, scenario)


def test_a_closed_socket_takes_its_registration_with_it(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        async with await acme.phone("piotr.wisniewski") as other:
            await other.register()
            await phone.register()

        async def gone() -> bool:
            return not await registered(acme, "piotr.wisniewski")

        await eventually(gone)
        assert await registered(acme)

    with_phone(tmp_path, scenario)


def test_the_newest_phone_of_a_user_replaces_the_one_before(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        await phone.register()
        async with await acme.phone("anna.nowak") as newer:
            await newer.register()
            await acme.api("fcc-set-staff-status", "anna.nowak", statuses_id=1)
            await acme.control("inbound", number="+48600100200")
            await newer.ringing()
            assert phone.requests.empty()

    with_phone(tmp_path, scenario)


def test_a_wrong_password_is_challenged_again(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        answer = await phone.register(password="wrong")
        assert answer.code == 401
        assert "stale" not in answer.headers["WWW-Authenticate"]
        assert not await registered(acme)

    with_phone(tmp_path, scenario)


def test_one_users_credentials_do_not_register_another(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        assert (await phone.register(user="40318", as_user="40312")).code == 403
        assert not await registered(acme, "piotr.wisniewski")

    with_phone(tmp_path, scenario)


def test_a_call_in_another_users_name_is_refused(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        call = await phone.dial("+48600100200", from_user="40318")
        assert (await call.answered()).code == 403
        assert (await acme.look("calls"))["calls"] == []

    with_phone(tmp_path, scenario)


def test_keep_alive_and_options_are_answered(tmp_path: Path) -> None:
    async def scenario(_: Tenant, phone: Phone) -> None:
        await phone.socket.send_str("\r\n\r\n")
        await eventually(lambda: phone.pongs == 1)
        via = "SIP/2.0/WS x.invalid;branch=z9hG4bK1;rport"
        headers = {"Via": via, "From": f"<sip:40312@{DOMAIN}>;tag=a", "To": f"<sip:{DOMAIN}>"}
        await phone.send("OPTIONS", f"sip:{DOMAIN}", {**headers, "Call-ID": "o1", "CSeq": "1 OPTIONS"})
        answer = await phone.response()
        assert answer.code == 200
        assert "INVITE" in answer.headers["Allow"]
        assert "received=127.0.0.1" in answer.headers["Via"]

    with_phone(tmp_path, scenario)


def test_a_request_outside_any_dialog_gets_481(tmp_path: Path) -> None:
    async def scenario(_: Tenant, phone: Phone) -> None:
        headers = {"From": f"<sip:40312@{DOMAIN}>;tag=a", "To": f"<sip:x@{DOMAIN}>;tag=b", "Call-ID": "o1"}
        await phone.send("BYE", f"sip:x@{DOMAIN}", {**headers, "CSeq": "1 BYE"})
        assert (await phone.response()).code == 481

    with_phone(tmp_path, scenario)


COMMON = f"From: <sip:40312@{DOMAIN}>;tag=a\r\nTo: <sip:1@{DOMAIN}>\r\nCall-ID: n\r\n"
VIA = "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "\x00",
        "BYE sip:x SIP/2.0\r\n\r\n",
        "BYE sip: SIP/2.0\r\n\r\n",
        "SIP/2.0 200 OK\r\nVia: x\r\n\r\n",
        "SIP/2.0 abc OK\r\n\r\n",
        f"SIP/2.0 200 OK\r\n{VIA}{COMMON}CSeq: 1 INVITE\r\n\r\n",
        f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n{VIA}{COMMON}CSeq: one OPTIONS\r\n\r\n",
        f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n{VIA}{COMMON}CSeq: 1 OPTIONS\r\nno colon\r\n\r\n",
        f"INVITE sip:1@{DOMAIN} SIP/2.0\r\n{VIA}{COMMON}CSeq: 1 INVITE\r\nProxy-Authorization: Digest x=\r\n\r\n",
        f"ACK sip:1@{DOMAIN} SIP/2.0\r\n{VIA}{COMMON}CSeq: 1 ACK\r\n\r\n",
        f"CANCEL sip:1@{DOMAIN} SIP/2.0\r\n{VIA}{COMMON}CSeq: 1 CANCEL\r\n\r\n",
    ],
)
def test_nonsense_on_the_socket_is_survived(tmp_path: Path, text: str) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        await phone.socket.send_str(text)
        await phone.socket.send_str("\r\n\r\n")
        await eventually(lambda: phone.pongs == 1)
        while not phone.responses.empty():
            assert phone.responses.get_nowait().code >= 400
        assert (await phone.register()).code == 200
        assert (await acme.look("calls"))["calls"] == []

    with_phone(tmp_path, scenario)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"CSeq": "1 BYE"}, 400),
        ({"CSeq": "1 OPTIONS", "Content-Length": "7"}, 400),
        ({"From": f"<sip:40312@{DOMAIN}>", "CSeq": "1 OPTIONS"}, 400),
    ],
)
def test_a_malformed_request_is_told_so(tmp_path: Path, headers: dict[str, str], code: int) -> None:
    async def scenario(_: Tenant, phone: Phone) -> None:
        whole = {"From": f"<sip:40312@{DOMAIN}>;tag=a", "To": f"<sip:1@{DOMAIN}>", "Call-ID": "m", **headers}
        lines = [f"OPTIONS sip:{DOMAIN} SIP/2.0", VIA.strip(), *(f"{name}: {value}" for name, value in whole.items())]
        await phone.socket.send_str("\r\n".join([*lines, "", ""]))
        assert (await phone.response()).code == code

    with_phone(tmp_path, scenario)


def test_a_contact_nobody_can_be_called_by_is_refused(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        phone.contact = "<mailto:anna@acme.example>"
        assert (await phone.register()).code == 400
        call = await phone.dial("+48600100200")
        assert (await call.answered()).code == 400
        assert not await registered(acme)

    with_phone(tmp_path, scenario)


def test_another_users_socket_may_not_touch_a_call(tmp_path: Path) -> None:
    async def scenario(acme: Tenant, phone: Phone) -> None:
        call = await phone.dial("+48600100200")
        await call.answered()
        async with await acme.phone("piotr.wisniewski") as other:
            await other.register()
            await other.send("BYE", call.target, call.headers("BYE"))
            assert (await other.response()).code == 403
        assert (await acme.only_call())["status"] is None

    with_phone(tmp_path, scenario)


def test_a_socket_without_the_subprotocol_sip_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tenant(tmp_path) as acme:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await acme.http.ws_connect(f"{acme.url}/sip")
            assert refused.value.status == 400

    asyncio.run(scenario())


class TestDigest:
    """The challenge itself, with a clock that stands still."""

    def answer(self, challenge: str, *, nc: str = "00000001", password: str = "secret") -> Request:
        nonce = challenge.split('nonce="')[1].split('"', maxsplit=1)[0]
        first, second = md5(f"40312:{DOMAIN}:{password}"), md5(f"REGISTER:sip:{DOMAIN}")
        request = Request("REGISTER", URI.parse(f"sip:{DOMAIN}"))
        response = md5(f"{first}:{nonce}:{nc}:abc:auth:{second}")
        value = (
            f'Digest username="40312", realm="{DOMAIN}", nonce="{nonce}", uri="sip:{DOMAIN}", '
            f'response="{response}", algorithm=MD5, qop=auth, cnonce="abc", nc={nc}'
        )
        request.headers.add("Authorization", value)
        return request

    def digest(self, moment: list[float]) -> Digest:
        return Digest(DOMAIN, lambda _: ["secret"], lambda: moment[0], 300)

    def test_an_answer_counts_once(self) -> None:
        digest = self.digest([time.monotonic()])
        challenge = digest.challenge()
        assert digest.check(self.answer(challenge), "Authorization").user == "40312"
        assert digest.check(self.answer(challenge), "Authorization").stale
        assert digest.check(self.answer(challenge, nc="00000002"), "Authorization").user == "40312"

    def test_an_old_nonce_is_stale_only_for_who_knows_the_password(self) -> None:
        moment = [1000.0]
        digest = self.digest(moment)
        challenge = digest.challenge()
        moment[0] += 301
        assert digest.check(self.answer(challenge), "Authorization").stale
        assert not digest.check(self.answer(challenge, password="other"), "Authorization").stale

    def test_a_nonce_of_somebody_elses_is_not_taken(self) -> None:
        digest, other = self.digest([1000.0]), self.digest([1000.0])
        assert digest.check(self.answer(other.challenge()), "Authorization").user is None

    def test_a_stale_challenge_says_so(self) -> None:
        assert "stale=true" in self.digest([1000.0]).challenge(stale=True)
