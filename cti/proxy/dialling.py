"""Whom one phone may ring, in whose lead and how often: what a number is. Source: RFC 3261, sections 19.1.1 and 22."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cti.proxy.headers import CREDENTIALS, RefusedError
from cti.proxy.sip_address import read_party

if TYPE_CHECKING:
    from cti.domain.lead import Lead
    from cti.proxy.headers import HeaderRules
    from cti.proxy.phones import AgentPhone
    from cti.proxy.ports import DialRules, Fences
    from cti.proxy.sip_address import SipUri
    from cti.proxy.sip_head import SipHead
    from cti.proxy.tickets import Admission

#: How whom to ring may be written: nothing that one reader resolves and another does not.
_NUMBER = re.compile(r"[A-Za-z0-9+*#._\-]{1,64}", re.ASCII)


class Dialling:
    """The rules for one phone. The checks raise RefusedError, or AddressError for what cannot be read."""

    __slots__ = ("_admission", "_fences", "_headers", "_phone", "_rules")

    def __init__(
        self, admission: Admission, *, rules: DialRules, fences: Fences, phone: AgentPhone, headers: HeaderRules
    ) -> None:
        self._admission = admission
        self._rules = rules
        self._fences = fences
        self._phone = phone
        self._headers = headers

    @property
    def lead(self) -> Lead:
        """How the lead stands under which the phone was let in; never waits."""
        admission = self._admission
        return self._fences.lead_of(admission.agent.audience, admission.fence, admission.session_id)

    def check_number(self, target: SipUri) -> None:
        """Whom the phone rings is asked of the rules, exactly as it is written; may wait for them."""
        self.check_domain(target)
        if not _NUMBER.fullmatch(target.user) or not self._rules.may_invite(self._admission.agent, target.user):
            raise RefusedError("dial")

    def check_domain(self, target: SipUri) -> None:
        """What is asked for is asked of the phone's own domain."""
        if not self._headers.is_at_home(target):
            raise RefusedError("domain")

    def count(self, head: SipHead) -> None:
        """One more call, or change of a call, of those that the agent's phones may make in a minute.

        An INVITE is repeated with credentials once FCC has asked for them: that is one call.
        """
        repeated = head.weighed is not None and head.all(*CREDENTIALS)
        if repeated and self._phone.dialogs.take_challenge(head.call_id or "", read_party(head.from_).tag or ""):
            return
        if not self._phone.calls.take():
            raise RefusedError("rate")
