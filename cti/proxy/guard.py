"""What one phone may say to the PBX: what FCC taught, what is allowed, what a number is.

The PBX checks passwords; this check stands in front of it, so that a page that was tampered with cannot use the
connector to ring at somebody else's cost. Three rules, in this order:

*What is allowed* is a list: methods, headers, parameters of addresses (`cti.proxy.sip_head`, `cti.proxy.headers`).
*What FCC taught*: inside a call only Call-ID and both tags matter, and the Request-URI is the address that FCC named; a
call that FCC did not make known is answered 481 here. *What a number is*: outside of calls a phone speaks in its own
user's name to its own domain, and whom it rings is asked of the rules as it is written (`cti.proxy.dialling`).
Source: RFC 3261, sections 8, 10, 12 and 13; RFC 7118, sections 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.domain.sip_dialog import Stage
from cti.proxy.dialling import Dialling
from cti.proxy.headers import HeaderRules, RefusedError
from cti.proxy.learning import Learner
from cti.proxy.refusal import refusal
from cti.proxy.sip_address import AddressError, read_one, read_parties, read_party, read_uri, same_uri, unescape
from cti.proxy.sip_head import SipHead, SipUnreadableError, read_message
from cti.proxy.told import routes_of, via_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.domain.sip_dialog import Dialog
    from cti.proxy.phones import AgentPhone
    from cti.proxy.ports import DialRules, Fences
    from cti.proxy.sip_address import Party, SipUri
    from cti.proxy.tickets import Admission

ALLOWED_METHODS = frozenset(
    {"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER"}
)
#: What may still be said in a call that has ended.
_AFTER_THE_END = frozenset({"ACK", "BYE", "NOTIFY"})
#: What asks the rules or the fences, or changes what is remembered of calls: it may have to wait.
_ASKING = frozenset({"REGISTER", "INVITE", "UPDATE", "REFER", "BYE"})
#: What changes a call that is up. Source: RFC 3261, section 14; RFC 3311; RFC 3515.
_CHANGING = frozenset({"INVITE", "UPDATE", "REFER"})
#: An ACK for what the relay itself said: it stays here and is not worth a word.
_IGNORED = "our-ack"
_MOST_ASKED = 8
_TRYING, _OK, _ERROR = 100, 200, 400


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a WebSocket message goes on to the PBX, and what the phone is answered instead, empty for nothing.

    `reason` names a refusal for the metric; `fatal` ends the socket.
    """

    forward: bool
    answer: str = ""
    reason: str = ""
    fatal: bool = False


_PASS = Judgement(forward=True)


class PhoneGuard:
    """Judges what the phone of one socket sends, for one thread; `learner` hears what FCC sends it, for another."""

    __slots__ = ("_asked_before", "_dialling", "_dialogs", "_headers", "_phone", "_tag", "learner")

    def __init__(
        self,
        admission: Admission,
        *,
        rules: DialRules,
        fences: Fences,
        phone: AgentPhone,
        new_id: Callable[[], str],
        unread: Callable[[], None] = lambda: None,
    ) -> None:
        self._headers = HeaderRules(admission.uri, admission.username, phone)
        self.learner = Learner(phone, self, unread)
        self._dialling = Dialling(admission, rules=rules, fences=fences, phone=phone, headers=self._headers)
        self._phone = phone
        self._dialogs = phone.dialogs
        self._tag = f"fcc-{new_id()}"
        self._asked_before: set[tuple[str | None, ...]] = set()

    def may_say(self, size: int) -> bool:
        """Count a frame of so many bytes; False when the agent's phones have said too much."""
        return self._phone.said.take(1 + (size >> 10))

    @property
    def stays(self) -> bool:
        """Whether the socket may stay: its pane's lead is not over, or a call is up on it."""
        return self._dialling.lead != "over" or self._dialogs.up_on(self)

    # What the phone sends

    def judge(self, data: bytes) -> Judgement:
        """Judge one WebSocket message, text or binary, as it came; may wait for the rules."""
        try:
            head = read_message(data)
            reason = None if head is None else self._why_not(head)
        except SipUnreadableError:
            return Judgement(forward=False, reason="unreadable", fatal=True)
        if head is None:
            return _PASS
        if reason is None:
            self._note(head)
            return _PASS
        if reason == _IGNORED:
            return Judgement(forward=False)
        answer = ""
        if head.method not in {None, "ACK"}:
            answer = refusal(head, reason, tag=self._tag, allowed=ALLOWED_METHODS)
        return Judgement(forward=False, reason=reason, answer=answer)

    def passes(self, data: bytes) -> bool:
        """Whether one message may go on, told without waiting for anything; when it is not sure, `judge` has to say."""
        try:
            head = read_message(data)
            if head is None:
                return True
            asks = head.method in _ASKING if head.status is None else head.cseq_method == "INVITE"
            return not asks and self._why_not(head) is None
        except SipUnreadableError:
            return False

    def _why_not(self, head: SipHead) -> str | None:
        """The reason for which a message is refused; raises SipUnreadableError for one that cannot be answered."""
        if None in {head.call_id, head.cseq_method, head.via, head.from_, head.to}:
            raise SipUnreadableError("nothing to answer to")
        try:
            if head.status is None:
                self._check_request(head, head.call_id or "")
            else:
                self._check_answer(head, head.status)
        except RefusedError as refused:
            return refused.reason
        except AddressError:
            return "unclear"
        return None

    def _check_answer(self, head: SipHead, status: str) -> None:
        if status.startswith("3"):
            # A redirection would have the PBX ring a number of the phone's choice.
            raise RefusedError("redirect")
        vias = via_key(head.all("via"), head.call_id or "", head.cseq_method or "")
        routes = self._phone.heard.routes(vias, head.call_id or "")
        if routes is None and (offer := self._offer_of(head)) is not None and offer.answered_by == vias:
            routes = offer.routes
        if routes is None:
            raise RefusedError("stray")
        self._headers.check(head)
        if self._dialling.lead == "over" and self._takes_a_call(head, status):
            raise RefusedError("fence")
        if head.weighed is not None and (written := head.all("record-route")) and routes_of(written) != routes:
            raise RefusedError("route")

    def _takes_a_call(self, head: SipHead, status: str) -> bool:
        """Whether an answer would begin a call; one to a change of a call that is up would not."""
        if head.cseq_method != "INVITE" or not status.startswith("2"):
            return False
        local, remote = read_party(head.to).tag or "", read_party(head.from_).tag or ""
        known = self._dialogs.find(head.call_id or "", local, remote)
        return known is None or known.stage is not Stage.CONFIRMED

    def _check_request(self, head: SipHead, call_id: str) -> None:
        if head.method == "OPTIONS" and head.unlisted is None and head.weighed is None and self._is_asked_again(head):
            return
        method, sender, receiver = head.method, read_party(head.from_), read_party(head.to)
        if method == "ACK" and receiver.tag == self._tag:
            raise RefusedError(_IGNORED)
        if method not in ALLOWED_METHODS:
            raise RefusedError("method")
        if head.cseq_method != method or sender.tag is None:
            raise RefusedError("unclear")
        self._headers.check(head)
        if receiver.tag is not None:
            self._check_in_dialog(head, method, call_id, sender, receiver.tag)
        elif method == "CANCEL":
            self._check_cancel(head, call_id, sender)
        elif method in {"REGISTER", "INVITE", "OPTIONS"}:
            self._check_outside(head, method, sender)
        else:
            raise RefusedError("no-dialog")

    def _is_asked_again(self, head: SipHead) -> bool:
        """Whether a phone that keeps itself alive asks what was judged before: it does so all day in the same words."""
        if _words(head) not in self._asked_before:
            return False
        self._headers.check_via(head)
        return True

    # Inside a call

    def _check_in_dialog(self, head: SipHead, method: str, call_id: str, sender: Party, remote_tag: str) -> None:
        local_tag = sender.tag or ""
        dialog = self._dialogs.find(call_id, local_tag, remote_tag)
        if method == "ACK" and (dialog is None or not self._goes_to(head, dialog)):
            # The end of an INVITE that FCC refused: it goes where the INVITE went. Source: RFC 3261, section 17.1.1.3.
            dialog = self._dialogs.asked(call_id, local_tag)
        if dialog is None or (dialog.stage is Stage.OVER and method not in _AFTER_THE_END):
            raise RefusedError("no-dialog")
        self._check_belongs(head, dialog, sender)
        if method == "UPDATE" and head.length is not None and int(head.length) == 0:
            # Without an offer it only says that the call goes on, and FCC would end a call of which nobody says so.
            # Source: RFC 4028, section 7.4.
            pass
        elif method in _CHANGING:
            self._check_again(head, method)
        elif method in {"REGISTER", "CANCEL"}:
            raise RefusedError("unclear")
        self._dialogs.carried(dialog, self)

    @staticmethod
    def _goes_to(head: SipHead, dialog: Dialog) -> bool:
        return any(same_uri(head.target or "", one) for one in dialog.targets)

    def _check_belongs(self, head: SipHead, dialog: Dialog, sender: Party) -> None:
        """Whether a request comes from and goes where it must in that dialog.

        Who speaks is who took part in it from the beginning, however FCC writes that; of the far side only the tag
        counts.
        """
        if dialog.local and not same_uri(sender.uri, dialog.local):
            raise RefusedError("from")
        if not self._goes_to(head, dialog):
            raise RefusedError("target")
        routes = routes_of(head.all("route")) if head.weighed is not None else ()
        if routes and (
            len(routes) != len(dialog.routes)
            or not all(same_uri(*pair) for pair in zip(routes, dialog.routes, strict=True))
        ):
            raise RefusedError("route")

    def _check_again(self, head: SipHead, method: str) -> None:
        """A change of a call that is up needs the lead and counts as a call, one that adds somebody is asked as one."""
        lead = self._dialling.lead
        if lead == "over" or (method == "REFER" and lead != "present"):
            raise RefusedError("fence")
        if head.weighed is not None and head.all("replaces"):
            raise RefusedError("header")
        self._dialling.count(head)
        if method == "REFER":
            self._check_refer(head)

    def _check_refer(self, head: SipHead) -> None:
        values = head.all("refer-to")
        if len(values) != 1:
            raise RefusedError("refer-to")
        party = read_one(values[0])
        bare, question, headers = party.uri.partition("?")
        if party.params:
            raise RefusedError("refer-to")
        if question:
            name, _, value = headers.partition("=")
            # An `&` in it would begin another header, and a Call-ID that the phone chose may hold one.
            if name.lower() != "replaces" or "&" in value:
                raise RefusedError("refer-to")
            other = self._headers.replaced(unescape(value))
            if any(same_uri(bare, target) for target in other.targets):
                # Handed to the far side of another call, at the address that FCC named for it.
                return
        self._dialling.check_number(read_uri(bare))

    # Outside of calls

    def _check_outside(self, head: SipHead, method: str, sender: Party) -> None:
        if read_one(head.from_) != sender or not self._headers.is_own(sender):
            raise RefusedError("from")
        if head.weighed is not None and head.all("route"):
            raise RefusedError("route")
        target, receiver = read_uri(head.target or ""), read_one(head.to)
        if method == "REGISTER":
            self._check_register(head, target, receiver)
        elif method == "INVITE":
            self._check_invite(head, target, receiver)
        else:
            self._dialling.check_domain(target)
            if target.user and target.address != self._headers.own.address:
                raise RefusedError("to")
            if len(self._asked_before) < _MOST_ASKED:
                self._asked_before.add(_words(head))

    def _check_register(self, head: SipHead, target: SipUri, receiver: Party) -> None:
        if not self._headers.is_own(receiver):
            raise RefusedError("to")
        self._dialling.check_domain(target)
        if target.user:
            raise RefusedError("to")
        if self._dialling.lead == "over" and not self._signs_off(head):
            raise RefusedError("fence")

    @staticmethod
    def _signs_off(head: SipHead) -> bool:
        """Whether it only takes the phone's own address back; `*` would take those of the agent's other panes too."""
        values = head.all("contact")
        if "*" in values:
            return False
        contacts = [one for value in values for one in read_parties(value)]
        whole = head.one("expires")
        return bool(contacts) and all(dict(one.params).get("expires", whole) == "0" for one in contacts)

    def _check_invite(self, head: SipHead, target: SipUri, receiver: Party) -> None:
        called = read_uri(receiver.uri)
        if (called.user, called.host) != (target.user, target.host):
            raise RefusedError("to")
        if self._dialling.lead != "present":
            raise RefusedError("fence")
        self._dialling.check_domain(called)
        self._dialling.count(head)
        self._dialling.check_number(target)

    def _check_cancel(self, head: SipHead, call_id: str, sender: Party) -> None:
        asked = self._dialogs.asked(call_id, sender.tag or "")
        if asked is None:
            raise RefusedError("no-dialog")
        self._check_belongs(head, asked, sender)

    # What the phone said and may say changes what is known

    def _note(self, head: SipHead) -> None:
        call_id = head.call_id or ""
        if head.status is not None:
            if head.cseq_method == "INVITE":
                self._note_answer(head, call_id, int(head.status))
            return
        sender, receiver = read_party(head.from_), read_party(head.to)
        if head.method == "INVITE" and receiver.tag is None:
            self._dialogs.ask(call_id, sender.tag or "", local=sender.uri, target=head.target or "")
        elif head.method == "BYE":
            self._dialogs.end(call_id, sender.tag or "", receiver.tag or "")

    def _note_answer(self, head: SipHead, call_id: str, status: int) -> None:
        try:
            remote, local = read_party(head.from_).tag or "", read_party(head.to).tag or ""
        except AddressError:
            return
        if status >= _ERROR:
            self._dialogs.withdraw(call_id, remote)
        elif status > _TRYING and local:
            self._dialogs.accept(call_id, local, remote, confirmed=status >= _OK)
            if (dialog := self._dialogs.find(call_id, local, remote)) is not None:
                self._dialogs.carried(dialog, self)

    def _offer_of(self, head: SipHead) -> Dialog | None:
        if head.cseq_method != "INVITE":
            return None
        try:
            return self._dialogs.offered(head.call_id or "", read_party(head.from_).tag or "")
        except AddressError:
            return None


def _words(head: SipHead) -> tuple[str | None, ...]:
    """All of a request outside of calls that is judged, but for its Via."""
    return head.target, head.from_, head.to, head.contact, head.cseq_method
