"""What FCC teaches: which calls there are, where it wants to be asked in them, which addresses it gave the phone.

Source: RFC 3261, sections 12.1 and 12.2; RFC 3311, section 5.1; RFC 5627, section 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.proxy.sip_address import AddressError, read_parties, unquote
from cti.proxy.told import read_told, teaches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cti.proxy.phones import AgentPhone
    from cti.proxy.told import Told

_TRYING, _OK, _REDIRECT = 100, 200, 300
_CHALLENGES = frozenset({401, 407})
_LONGEST, _MOST = 1000, 16
_LINE_BREAKS = frozenset({b"\r", b"\n"})


class Learner:
    """Listens to what FCC sends over one socket, for `phone`; `carrier` is whose socket that is.

    `unread` is called for a message that should have taught something and could not be read.
    """

    __slots__ = ("_carrier", "_dialogs", "_heard", "_phone", "_unread")

    teaches = staticmethod(teaches)

    def __init__(self, phone: AgentPhone, carrier: object, unread: Callable[[], None]) -> None:
        self._phone = phone
        self._dialogs = phone.dialogs
        self._heard = phone.heard
        self._carrier = carrier
        self._unread = unread

    def hear(self, data: bytes) -> None:
        """Learn from one message of FCC's, before it is passed on, whatever is in it.

        For one that does not `teach`, `note` is enough.
        """
        self.note(data)
        if not teaches(data):
            return
        told = read_told(data)
        if told is None:
            self._unread()
            return
        if told.status is not None:
            self._hear_answer(told, told.status)
        else:
            self._hear_request(told)

    def note(self, data: bytes) -> None:
        """Remember that FCC asks something, so that it may be answered; no matter when, and without waiting."""
        if data[:1] in _LINE_BREAKS:
            data = data.lstrip(b"\r\n")
        if not data.startswith(b"SIP/2.0 "):
            end = data.find(b"\r\n\r\n")
            self._heard.note(data if end < 0 else data[:end])

    def _hear_request(self, told: Told) -> None:
        remote, local = told.tag("from"), told.tag("to")
        if told.method == "INVITE" and not local:
            routes, target, own = told.record_routes, told.contact, told.callee
            if not remote or not _fits(told.call_id, remote, target, routes):
                self._unread()
                return
            self._dialogs.offer(
                told.call_id, remote, local=own if _fits(own) else "", target=target, routes=routes, via=told.vias
            )
        elif told.method in {"INVITE", "UPDATE"}:
            self._move(told, local, remote)
        elif told.method == "BYE":
            self._dialogs.end(told.call_id, local, remote)
        elif told.method == "CANCEL":
            self._dialogs.withdraw(told.call_id, remote)

    def _hear_answer(self, told: Told, status: int) -> None:
        local, remote = told.tag("from"), told.tag("to")
        if told.cseq_method == "REGISTER" and _OK <= status < _REDIRECT:
            self._learn_gruus(told)
        elif told.cseq_method == "UPDATE" and _OK <= status < _REDIRECT:
            self._move(told, local, remote)
        elif told.cseq_method != "INVITE" or status <= _TRYING:
            return
        elif status in _CHALLENGES:
            self._dialogs.challenge(told.call_id, local)
        elif status >= _REDIRECT:
            self._dialogs.refuse(told.call_id, local, remote)
        elif remote:
            self._hear_success(told, local, remote, confirmed=status >= _OK)

    def _hear_success(self, told: Told, local: str, remote: str, *, confirmed: bool) -> None:
        routes, target = told.record_routes[::-1], told.contact
        if not _fits(told.call_id, local, remote, target, routes):
            self._unread()
            return
        self._dialogs.answer(told.call_id, local, remote, target=target, routes=routes, confirmed=confirmed)
        if (dialog := self._dialogs.find(told.call_id, local, remote)) is not None:
            self._dialogs.carried(dialog, self._carrier)

    def _move(self, told: Told, local: str, remote: str) -> None:
        target = told.contact
        if _fits(target):
            self._dialogs.move(told.call_id, local, remote, target)

    def _learn_gruus(self, told: Told) -> None:
        for value in told.headers.get("contact", ()):
            try:
                parties = read_parties(value)
            except AddressError:
                self._unread()
                continue
            for party in parties:
                for name, uri in party.params:
                    if name in {"pub-gruu", "temp-gruu"} and _fits(uri):
                        self._phone.learn_gruu(unquote(uri))


def _fits(*parts: str | Collection[str]) -> bool:
    """Whether what FCC wrote can be remembered: not of any length, and nothing that a database refuses."""
    for part in parts:
        texts = (part,) if isinstance(part, str) else part
        if len(texts) > _MOST or any(len(text) > _LONGEST or "\x00" in text for text in texts):
            return False
    return True
