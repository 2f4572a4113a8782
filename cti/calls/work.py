"""What one transaction over a tenant's facts has in hand, and what is to follow once it is through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cti.domain.facts import Source
from cti.domain.fold import fold

if TYPE_CHECKING:
    from cti.accounts import Tenant
    from cti.calls.search_rules import Search
    from cti.domain.call import Call, StoredCall
    from cti.domain.facts import Fact
    from cti.domain.presence import Presence
    from cti.domain.record import Claim
    from cti.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact on its way in; `call_key` names its call where the connector knows it already."""

    fact: Fact
    call_key: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A record that a pane named for a call, to be checked once the transaction is through."""

    tenant_id: str
    claim: Claim
    call_key: str | None = None


@dataclass(slots=True)
class Aftermath:
    """What is to follow a transaction, for it takes long or asks others.

    `heard`: (users_id, the presence known before, FCC's word); `moved`: (users_id, whether a call of theirs began, else
    it ended); `milestones`: what calls that FCC knows came to.
    """

    searches: list[Search] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    heard: list[tuple[int, Presence | None, Presence]] = field(default_factory=list)
    moved: list[tuple[int, bool]] = field(default_factory=list)
    milestones: list[tuple[str, Call]] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """The state of one transaction's work on one tenant's facts.

    `before` has each call that is touched as it was; `folded` and `named` what its facts make of it now, and which SIP
    Call-IDs FCC itself named in them; `changed` what was saved.
    """

    tenant: Tenant
    before: dict[str, StoredCall | None] = field(default_factory=dict)
    by_calls_id: dict[int, str] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    changed: dict[str, Call] = field(default_factory=dict)
    folded: dict[str, Call] = field(default_factory=dict)
    named: dict[str, frozenset[str]] = field(default_factory=dict)
    after: Aftermath = field(default_factory=Aftermath)

    def touch(self, uow: UnitOfWork, key: str) -> None:
        """Have the call folded anew at the end."""
        if key not in self.before:
            self.before[key] = None if key in self.new else uow.calls.get(key)

    def fold(self, uow: UnitOfWork, key: str) -> Call:
        """The call as all its facts make it."""
        facts = uow.facts.of_call(key)
        pbx = (fact.sip_call_id for fact in facts if fact.source in {Source.FCC, Source.LIST})
        self.named[key] = frozenset(each for each in pbx if each is not None)
        return fold(facts)
