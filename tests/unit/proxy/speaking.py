"""One phone's guard, and what the phone and FCC say to each other through it."""

from __future__ import annotations

import contextlib

from cti.accounts import AgentRef
from cti.proxy.guard import PhoneGuard
from cti.proxy.phones import Phones
from cti.proxy.tickets import Admission

AGENT = AgentRef("p1", "005000000000001AAA", 101)
ADMISSION = Admission("s1", AGENT, 3, "sip:40312@acme.fcc.example", "40312", "ws://fcc.localhost:1/sip")
CUSTOMER = "+48600100200"
PREMIUM = "+48700100100"
FCC = "sip:fcc@10.0.0.1:5060;transport=ws"
VIA = "SIP/2.0/WS a.invalid;branch=z9hG4bK1"
FCC_VIA = "SIP/2.0/WS 10.0.0.1:5060;branch=z9hG4bKfcc1"


class Rules:
    """What may be dialled: everything but one prefix."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def may_invite(self, agent, number):
        assert agent == AGENT
        self.asked.append(number)
        return not number.startswith("+48700")


class Fence:
    """The lead: `present` for the fence that is the present one, unless the test says otherwise."""

    def __init__(self) -> None:
        self.value = 3
        self.lead = "present"

    def lead_of(self, audience, fence, session_id):
        assert (audience, session_id) == ("p1:101", "s1")
        return self.lead if fence == self.value else "over"


class Stored:
    """The database's part for dialogs, in memory; `down` is the error it answers with."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, tuple[str, str, str]], object] = {}
        self.forgotten_before = None
        self.down: Exception | None = None
        self.writes = 0

    @contextlib.contextmanager
    def read(self):
        if self.down is not None:
            raise self.down
        yield self

    @contextlib.contextmanager
    def write(self):
        if self.down is not None:
            raise self.down
        self.writes += 1
        yield self

    @property
    def sip_dialogs(self):
        return self

    def of(self, audience):
        return [dialog for (whose, _), dialog in self.rows.items() if whose == audience]

    def save(self, changes):
        for audience, dialog in changes:
            if dialog.stage == "over":
                self.rows.pop((audience, dialog.id), None)
            else:
                self.rows[audience, dialog.id] = dialog

    def forget(self, *, before):
        self.forgotten_before = before

    def commit(self): ...


class Line:
    """A phone behind its guard. `restart` gives it a connector that was started anew on the same database."""

    def __init__(self, clock, fence=None, *, admission=ADMISSION, phones=None, calls_per_minute=30, stored=None):
        self.clock = clock
        self.fence = fence or Fence()
        self.rules = Rules()
        self.stored = stored or Stored()
        self.unread = 0
        self._admission = admission
        self.phones = phones or Phones(
            self.stored, clock, run_soon=lambda save: save(), calls_per_minute=calls_per_minute
        )
        self.guard = PhoneGuard(
            admission,
            rules=self.rules,
            fences=self.fence,
            phone=self.phones.of(admission.agent.audience),
            new_id=lambda: "id",
            unread=self._unread,
        )

    def _unread(self) -> None:
        self.unread += 1

    def restart(self) -> Line:
        return Line(self.clock, self.fence, admission=self._admission, stored=self.stored)

    def another_socket(self, admission=None) -> Line:
        return Line(self.clock, self.fence, admission=admission or self._admission, phones=self.phones)

    def says(self, data: bytes):
        return self.guard.judge(data)

    def passes(self, data: bytes) -> bool:
        verdict = self.guard.judge(data)
        return verdict.forward

    def why(self, data: bytes) -> str:
        """The one reason for which it is refused, empty when it goes on."""
        verdict = self.guard.judge(data)
        assert verdict.forward is not bool(verdict.reason)
        return verdict.reason

    def hears(self, *messages: bytes) -> None:
        for data in messages:
            self.guard.learner.hear(data)

    def calls(self, number=CUSTOMER, *, call_id="out-1", answered=True, contact=f"<{FCC}>", **headers) -> None:
        """A call out, as far as FCC's answer."""
        assert self.why(invite(number, Call_ID=call_id)) == ""
        self.hears(fcc_answer("200 OK" if answered else "180 Ringing", call_id=call_id, Contact=contact, **headers))

    def is_called(self, *, call_id="in-1", answered=True, **headers) -> None:
        """A call in, as far as the phone's answer."""
        self.hears(fcc_invite(call_id=call_id, **headers))
        status = "200 OK" if answered else "180 Ringing"
        assert self.why(phone_answer(status, call_id=call_id, **headers)) == ""


def message(start: str, **headers: str | list[str] | None) -> bytes:
    """A message of the phone's; a header that is None is left out, a list stands there several times."""
    base: dict[str, str | list[str] | None] = {
        "Via": VIA,
        "Max-Forwards": "69",
        "From": "<sip:40312@acme.fcc.example>;tag=me",
        "To": "<sip:40312@acme.fcc.example>",
        "Call-ID": "call-1",
        "CSeq": f"1 {start.split(maxsplit=1)[0]}",
        "Contact": "<sip:x@a.invalid;transport=ws>",
    }
    return _text(start, base, headers)


def _text(start, base, headers) -> bytes:
    base.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [
        f"{name}: {one}\r\n"
        for name, value in base.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]
    return (start + "\r\n" + "".join(lines) + "\r\n").encode()


def invite(number: str = CUSTOMER, **headers) -> bytes:
    headers.setdefault("To", f"<sip:{number}@acme.fcc.example>")
    return message(f"INVITE sip:{number}@acme.fcc.example SIP/2.0", **headers)


def within(
    method: str, target: str = FCC, *, call_id: str = "out-1", local: str = "me", remote: str = "far", **headers
):
    """A request of the phone's inside a call."""
    headers.setdefault("From", f"<sip:40312@acme.fcc.example>;tag={local}")
    headers.setdefault("To", f"<sip:{CUSTOMER}@acme.fcc.example>;tag={remote}")
    return message(f"{method} {target} SIP/2.0", Call_ID=call_id, CSeq=f"7 {method}", **headers)


def fcc_answer(status: str, *, call_id="out-1", method="INVITE", remote="far", **headers) -> bytes:
    """What FCC answers to the phone."""
    base = {
        "Via": VIA,
        "From": "<sip:40312@acme.fcc.example>;tag=me",
        "To": f"<sip:{CUSTOMER}@acme.fcc.example>;tag={remote}",
        "Call-ID": call_id,
        "CSeq": f"1 {method}",
        "Contact": f"<{FCC}>",
    }
    return _text(f"SIP/2.0 {status}", base, headers)


def fcc_request(method: str, *, call_id="out-1", local="me", remote="far", **headers) -> bytes:
    """What FCC asks the phone."""
    base = {
        "Via": FCC_VIA,
        "From": f"<sip:{CUSTOMER}@acme.fcc.example>;tag={remote}",
        "To": "<sip:40312@acme.fcc.example>" + (f";tag={local}" if local else ""),
        "Call-ID": call_id,
        "CSeq": f"11 {method}",
        "Contact": f"<{FCC}>",
    }
    return _text(f"{method} sip:x@a.invalid;transport=ws SIP/2.0", base, headers)


def fcc_invite(*, call_id="in-1", **headers) -> bytes:
    return fcc_request("INVITE", call_id=call_id, local="", **headers)


def phone_answer(status: str, *, call_id="in-1", method="INVITE", local="me", remote="far", **headers) -> bytes:
    """What the phone answers to FCC."""
    headers.setdefault("From", f"<sip:{CUSTOMER}@acme.fcc.example>;tag={remote}")
    to = headers.pop("To", "<sip:40312@acme.fcc.example>")
    via = headers.pop("Via", FCC_VIA)
    return message(
        f"SIP/2.0 {status}", Via=via, To=f"{to};tag={local}", Call_ID=call_id, CSeq=f"11 {method}", **headers
    )
