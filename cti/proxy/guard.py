"""What one phone may say to the PBX: only what concerns its own user, only calls that may be made.

The PBX checks passwords; this check stands in front of it, so that a page that was tampered with cannot use the
connector to ring at somebody else's cost. Source: RFC 3261, sections 10 and 12; RFC 7118, sections 5 and 6.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.proxy.sip_head import (
    NameAddr,
    SipHead,
    SipUnreadableError,
    read_address,
    read_addresses,
    read_messages,
    read_uri,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.clock import Clock
    from cti.proxy.ports import DialRules, Fences
    from cti.proxy.tickets import Admission

ALLOWED_METHODS = frozenset(
    {"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER"}
)
_IN_DIALOG_ONLY = frozenset({"REFER", "NOTIFY", "INFO", "UPDATE", "PRACK", "BYE"})
_CREDENTIALS = ("authorization", "proxy-authorization")
_ASSERTING = ("p-asserted-identity", "remote-party-id", "diversion", "history-info")
_DIGEST_USER = re.compile(r'(?:^|[,\s])username\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
#: What asks the rules or the fences, which may have to wait.
_ASKING = frozenset({"REGISTER", "INVITE", "REFER"})
_MOST_DIALOGS = 200
_REFUSED = {
    "method": (405, "Method Not Allowed"),
    "rate": (403, "Forbidden"),
}


class _RefusedError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KnownDialogs:
    """The dialogs of one agent's phone by Call-ID, with the address the phone has in each; outlives a socket."""

    def __init__(self) -> None:
        self._local: OrderedDict[str, str] = OrderedDict()

    def learn(self, call_id: str, local: str) -> None:
        """The phone takes part in that dialog as `local`."""
        self._local.setdefault(call_id, local)
        self._local.move_to_end(call_id)
        while len(self._local) > _MOST_DIALOGS:
            self._local.popitem(last=False)

    def local(self, call_id: str) -> str | None:
        """The phone's address in that dialog, None when it is not known."""
        return self._local.get(call_id)


@dataclass(frozen=True)
class Verdict:
    """Whether a WebSocket message goes on to the PBX, and what the phone is answered instead.

    `reasons` name each refusal for the metric; `fatal` ends the socket.
    """

    forward: bool
    answers: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    fatal: bool = False


_PASS = Verdict(forward=True)


class PhoneGuard:
    """Judges what the phone of one socket sends. Not safe to share between threads."""

    def __init__(
        self,
        admission: Admission,
        *,
        rules: DialRules,
        fences: Fences,
        dialogs: KnownDialogs,
        clock: Clock,
        new_id: Callable[[], str],
        calls_per_minute: int = 30,
    ) -> None:
        self._admission = admission
        self._own = read_uri(admission.uri)
        self._rules = rules
        self._fences = fences
        self._dialogs = dialogs
        self._clock = clock
        self._tag = f"fcc-{new_id()}"
        self._calls_per_minute = calls_per_minute
        self._calls: deque[float] = deque()
        self._unanswered: set[str] = set()

    def judge(self, data: bytes) -> Verdict:
        """Judge one WebSocket message, text or binary, as it came."""
        try:
            heads = read_messages(data)
            refused = [(head, reason) for head in heads if (reason := self._why_not(head))]
            if refused:
                return self._refuse(refused)
            for head in heads:
                if head.cseq_method == "INVITE":
                    self._note(head)
        except (SipUnreadableError, ValueError):
            return Verdict(forward=False, reasons=("unreadable",), fatal=True)
        return _PASS

    def passes(self, data: bytes) -> bool:
        """Whether one message may go on, told without waiting for anything; when it is not sure, `judge` has to say."""
        try:
            heads = read_messages(data)
            for head in heads:
                if head.method in _ASKING or self._why_not(head) is not None:
                    return False
            for head in heads:
                if head.cseq_method == "INVITE":
                    self._note(head)
        except (SipUnreadableError, ValueError):
            return False
        return True

    def _refuse(self, refused: list[tuple[SipHead, str]]) -> Verdict:
        told = [(head, reason) for head, reason in refused if reason != "our-ack"]
        return Verdict(
            forward=False,
            reasons=tuple(reason for _, reason in told),
            answers=tuple(self._answer(head, reason) for head, reason in told if head.method not in {None, "ACK"}),
        )

    def _why_not(self, head: SipHead) -> str | None:
        if head.call_id is None or head.cseq_method is None:
            raise SipUnreadableError("no call-id or cseq")
        if head.status is not None:
            # A redirection would have the PBX ring a number of the phone's choice.
            return "redirect" if head.status.startswith("3") else None
        if head.cseq_method != head.method or head.via is None:
            raise SipUnreadableError("cseq or via")
        try:
            self._check(head, head.call_id)
        except _RefusedError as refused:
            return refused.reason
        return None

    def _check(self, head: SipHead, call_id: str) -> None:
        method, sender, receiver = head.method, read_address(head.from_), read_address(head.to)
        if method == "ACK" and receiver.tag == self._tag:
            raise _RefusedError("our-ack")
        if method not in ALLOWED_METHODS:
            raise _RefusedError("method")
        if head.claims is not None:
            self._check_claims(head)
        known = self._dialogs.local(call_id) if receiver.tag is not None else None
        if sender.uri.address != (known or self._own.address):
            raise _RefusedError("from")
        if receiver.tag is None and method in _IN_DIALOG_ONLY:
            raise _RefusedError("no-dialog")
        if head.contact is not None:
            self._check_contact(head.contact)
        if method == "REGISTER":
            self._check_register(head, receiver)
        elif method == "INVITE" and known is None:
            self._check_invite(head, call_id, initial=receiver.tag is None)
        elif method == "REFER":
            self._check_refer(head)

    def _check_claims(self, head: SipHead) -> None:
        for value in head.all(*_CREDENTIALS):
            if _DIGEST_USER.findall(value) != [self._admission.username]:
                raise _RefusedError("credentials")
        for value in head.all("p-preferred-identity"):
            if [one.uri.address for one in read_addresses(value)] != [self._own.address]:
                raise _RefusedError("asserted-identity")
        if head.all(*_ASSERTING):
            raise _RefusedError("asserted-identity")
        for value in head.all("contact"):
            self._check_contact(value)

    def _check_contact(self, value: str) -> None:
        """A phone on a WebSocket cannot be reached at an address of its own: anything else would divert calls."""
        for contact in read_addresses(value):
            if not contact.uri.host.endswith(".invalid"):
                raise _RefusedError("contact")

    def _check_register(self, head: SipHead, receiver: NameAddr) -> None:
        if receiver.uri.address != self._own.address:
            raise _RefusedError("to")
        if read_uri(head.target or "").host != self._own.host:
            raise _RefusedError("domain")
        if not self._leads and not _unregisters(head):
            raise _RefusedError("fence")

    def _check_invite(self, head: SipHead, call_id: str, *, initial: bool) -> None:
        target = read_uri(head.target or "")
        if initial and target.host != self._own.host:
            raise _RefusedError("domain")
        if not self._leads:
            raise _RefusedError("fence")
        if not self._rules.may_invite(self._admission.agent, target.user):
            raise _RefusedError("dial")
        # An INVITE is repeated with credentials once the PBX has asked for them: that is one call.
        if call_id in self._unanswered and head.all(*_CREDENTIALS):
            self._unanswered.discard(call_id)
            return
        now = self._clock.monotonic()
        while self._calls and now - self._calls[0] >= 60:  # noqa: PLR2004 - a minute
            self._calls.popleft()
        if len(self._calls) >= self._calls_per_minute:
            raise _RefusedError("rate")
        self._calls.append(now)
        if len(self._unanswered) > _MOST_DIALOGS:
            self._unanswered.clear()
        self._unanswered.add(call_id)

    def _check_refer(self, head: SipHead) -> None:
        value = head.one("refer-to")
        targets = [] if value is None else read_addresses(value)
        if len(targets) != 1:
            raise _RefusedError("refer-to")
        if targets[0].uri.host != self._own.host:
            raise _RefusedError("domain")
        if not self._rules.may_invite(self._admission.agent, targets[0].uri.user):
            raise _RefusedError("dial")

    @property
    def _leads(self) -> bool:
        return self._fences.fence_of(self._admission.agent.audience) == self._admission.fence

    def _note(self, head: SipHead) -> None:
        own = read_address(head.to if head.method is None else head.from_)
        self._dialogs.learn(head.call_id or "", own.uri.address)

    def _answer(self, head: SipHead, reason: str) -> str:
        code, phrase = _REFUSED.get(reason, (403, "Forbidden"))
        to = head.one("to") or ""
        if read_address(head.to).tag is None:
            to += f";tag={self._tag}"
        lines = [f"SIP/2.0 {code} {phrase}", *(f"Via: {via}" for via in head.all("via"))]
        lines += [f"From: {head.one('from')}", f"To: {to}", f"Call-ID: {head.call_id}", f"CSeq: {head.one('cseq')}"]
        if reason == "method":
            lines.append("Allow: " + ", ".join(sorted(ALLOWED_METHODS)))
        lines += [f'Warning: 399 fcc-connector "{reason}"', "Content-Length: 0", "", ""]
        return "\r\n".join(lines)


def _unregisters(head: SipHead) -> bool:
    if head.one("expires") == "0":
        return not any(
            "expires" in one.params.lower() for value in head.all("contact") for one in read_addresses(value)
        )
    contacts = [one for value in head.all("contact") for one in read_addresses(value)]
    return bool(contacts) and all(re.search(r";\s*expires\s*=\s*0(?:\D|$)", one.params) for one in contacts)
