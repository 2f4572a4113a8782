"""Commands and phone messages that must not do what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.trouble.conftest import dial_in
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.trouble.conftest import Pane
    from tests.protocol.wire import RawClient
    from tools.stack import Stack

OWN, COLLEAGUE = "40312", "40318"
DOMAIN = "acme.fcc.example"


def sip(method: str, user: str, *, target: str = "", to: str = "", call_id: str = "call-1", contact: str = "") -> str:
    """A request of the phone in the name of an extension."""
    target = target or f"sip:{DOMAIN}"
    lines = (
        f"{method} {target} SIP/2.0",
        "Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks",
        "Max-Forwards: 69",
        f"From: <sip:{user}@{DOMAIN}>;tag=asdyka899",
        f"To: <{to or f'sip:{user}@{DOMAIN}'}>",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{contact or 'q8r2@df7jal23ls0d.invalid'};transport=ws>",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", ""))


def answer(phone: RawClient, message: str) -> int:
    phone.text(message)
    while (said := phone.message()).startswith("SIP/2.0 100"):
        pass
    return int(said.split()[1])


def invite(user: str, number: str, **more: str) -> str:
    address = f"sip:{number}@{DOMAIN}"
    return sip("INVITE", user, target=address, to=address, **more)


@pytest.mark.assumed("A1")
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sip("REGISTER", COLLEAGUE), "from"),
        (sip("REGISTER", OWN, to=f"sip:{COLLEAGUE}@{DOMAIN}"), "to"),
        (sip("REGISTER", OWN, contact="thief@10.0.0.1"), "contact"),
        (invite(COLLEAGUE, "+48600100200"), "from"),
        (invite(OWN, "brak"), "dial"),
    ],
    ids=["register-colleague", "register-for-colleague", "divert", "invite-as-colleague", "invite-no-number"],
)
def test_a_phone_speaks_for_its_own_user_only(
    stack: Stack, pane: Callable[..., Pane], counted: Callable[..., float], message: str, reason: str
) -> None:
    calls = len(stack.calls())
    before = counted("fcc_sip_refused_total", reason=reason)
    with pane().phone() as phone:
        assert phone.status == 101
        assert answer(phone, message) == 403
        assert counted("fcc_sip_refused_total", reason=reason) == before + 1
        # the socket stays good for what is allowed, which FCC itself answers
        assert answer(phone, sip("REGISTER", OWN, call_id="call-2")) == 401
    assert len(stack.calls()) == calls
    assert not any(one["registered"] for one in stack.fcc("/_sim/state")["agents"] if one["extension"] == COLLEAGUE)


@pytest.mark.req("R6")
def test_a_phone_without_presentation_rings_nobody(
    stack: Stack, pane: Callable[..., Pane], counted: Callable[..., float]
) -> None:
    calls = len(stack.calls())
    before = counted("fcc_errors_total", code="dial-no-presentation")
    ewa = pane("ewa.zielinska@acme.example")
    assert ewa.refused("dial", number="600 100 200", record=None) == "dial-no-presentation"
    assert counted("fcc_errors_total", code="dial-no-presentation") == before + 1
    with ewa.phone() as phone:
        assert answer(phone, invite("40319", "+48600100200")) == 403
    assert len(stack.calls()) == calls


@pytest.mark.req("R6")
def test_without_a_city_number_nobody_is_rung(pane: Callable[..., Pane]) -> None:
    tomasz = pane("tomasz.beznumeru@acme.example")
    assert tomasz.refused("dial", number="600 100 200", record=None) == "dial-no-city-number"


@pytest.mark.parametrize("ticket", ["", "made-up", "used"])
def test_a_ticket_works_once_and_only_if_it_was_given(
    stack: Stack, pane: Callable[..., Pane], counted: Callable[..., float], ticket: str
) -> None:
    before = counted("fcc_errors_total", code="sip-ticket-refused")
    if ticket == "used":
        one = pane()
        ticket = one.ask("sip.ticket", fence=one.fence)["ok"]["ticket"]
        with dial_in(stack, ticket) as first:
            assert first.status == 101
    with dial_in(stack, ticket) as phone:
        assert phone.status == 403
        assert b"sip-ticket-refused" in phone.body
    assert counted("fcc_errors_total", code="sip-ticket-refused") == before + 1


@pytest.mark.parametrize("number", ["brak", "112233445566778899", "+48", "or 1=1", "<script>"])
def test_what_is_no_number_is_not_dialled(
    stack: Stack, pane: Callable[..., Pane], counted: Callable[..., float], number: str
) -> None:
    calls = len(stack.calls())
    before = counted("fcc_errors_total", code="number-invalid")
    assert pane().refused("dial", number=number, record=None) == "number-invalid"
    assert counted("fcc_errors_total", code="number-invalid") == before + 1
    assert len(stack.calls()) == calls


@pytest.mark.parametrize(
    ("mode", "code"), [("http500", "fcc-unreachable"), ("nonsense", "fcc-nonsense"), ("refuse", "fcc-refused")]
)
@pytest.mark.parametrize(
    ("command", "function"),
    [("presence.set", "fcc-set-staff-status"), ("phone.credentials", "fcc-sip-credentials")],
)
def test_when_fcc_fails_the_pane_is_told_and_the_next_try_works(
    stack: Stack,
    pane: Callable[..., Pane],
    counted: Callable[..., float],
    command: str,
    function: str,
    mode: str,
    code: str,
) -> None:
    one = pane()
    fields = {"statusId": 5} if command == "presence.set" else {"fence": one.fence}
    status = [agent["status"] for agent in stack.fcc("/_sim/state")["agents"]]
    before = counted("fcc_errors_total", code=code)
    stack.fcc("/_sim/settings", {"fail": {function: {"mode": mode, "count": None}}})
    try:
        assert one.refused(command, **fields) == code
    finally:
        stack.fcc("/_sim/settings", {"fail": {function: {"mode": "none", "count": None}}})
    assert counted("fcc_errors_total", code=code) == before + 1
    assert [agent["status"] for agent in stack.fcc("/_sim/state")["agents"]] == status
    assert "ok" in one.ask(command, **fields)
    if command == "presence.set":
        until(lambda: "ok" in one.ask(command, statusId=2), 5)


@pytest.mark.parametrize("status", [3, 4, 99])
def test_a_status_that_cannot_be_set_is_refused(
    pane: Callable[..., Pane], counted: Callable[..., float], status: int
) -> None:
    before = counted("fcc_errors_total", code="status-not-settable")
    assert pane().refused("presence.set", statusId=status) == "status-not-settable"
    assert counted("fcc_errors_total", code="status-not-settable") == before + 1
