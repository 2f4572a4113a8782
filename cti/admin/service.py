"""What administrators keep: tenants, orgs and their pairings, with the defaults of new ones and what a change entails.

The commands are one face of it. Values come checked by `cti.admin.values`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import argon2

from cti.accounts import Org, Pairing, Tenant
from cti.admin import values as valid
from cti.admin.errors import IncompleteError, InUseError, LossError, TakenError, UnknownError
from cti.domain.delivery import key_in_org
from cti.domain.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cti.admin.ports import LogCounts
    from cti.clock import Clock
    from cti.domain.delivery import OutboxItem
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

READ_WITHIN: Final = timedelta(minutes=15)
"""A service at work notes every five minutes that it has read the call list."""
UNLOGGED_WITHIN: Final = timedelta(hours=24)
"""For how long back calls are counted that are not logged on purpose."""
_LONGEST_IN_PAIRING: Final = 40

_NEW_TENANT: Final[Mapping[str, Any]] = {
    "domain": None,
    "base_url": None,
    "admin_login": None,
    "api_key": None,
    "webhook_user": "fcc",
    "webhook_password_hash": "",
    "default_region": "PL",
    "correlation": "none",
    "hash_method": "sha1",
}
_NEW_ORG: Final[Mapping[str, Any]] = {
    "my_domain_url": None,
    "lightning_origin": None,
    "vf_origin": None,
    "canvas_key": None,
    "canvas_secret": None,
    "client_id": None,
    "client_secret": None,
    "api_version": "67.0",
}
_NEW_PAIRING: Final[Mapping[str, Any]] = {
    "active": True,
    "off_campaign_id": None,
    "default_user_id": None,
    "log_other_phones": False,
    "create_case": False,
    "case_by_ivr_code": False,
    "person_accounts": False,
    "campaigns": (),
    "poll_enabled": True,
    "webhooks_enabled": True,
}


@dataclass(frozen=True)
class Neighbour:
    """Another tenant at work in the org. `first`: who is known to both works there, for it was paired before."""

    tenant: Tenant
    first: bool


@dataclass(frozen=True)
class Draft:
    """A pairing as it would be kept, with the sides that it joins and the other tenants that work with its org."""

    tenant: Tenant
    org: Org
    pairing: Pairing
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True)
class PairingStatus:
    """How it goes with one pairing: how many deliveries wait and were given up, and which are in trouble.

    `lacking` counts the call logs that were sent without fields the org does not take, by the words for those fields;
    `unlogged` the calls of the last `UNLOGGED_WITHIN` that are not logged on purpose, by the setting that says so.
    """

    pairing: Pairing
    waiting: int
    given_up: int
    troubled: Sequence[OutboxItem]
    lacking: Mapping[str, int]
    unlogged: Mapping[str, int]


@dataclass(frozen=True)
class UnreadList:
    """A tenant whose call list was not read for so long that something must be wrong; None: never."""

    tenant_id: str
    read_at: datetime | None


class AdminService:
    """The administrator's work on the database. Every change is one transaction; repeating one changes nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- tenants ----------------------------------------------------------------------------------------------------

    def keep_tenant(self, tenant_id: str, given: Mapping[str, Any]) -> bool:
        """Add a tenant, or change what is `given` of one that is there; True where it is new.

        `given` are fields of `cti.accounts.Tenant`, and `webhook_password` in plain text, of which only a hash is kept.
        Raises IncompleteError, TakenError.
        """
        fields = _tenant_fields(given)
        with self._database.write() as uow:
            present = uow.tenants.get(tenant_id)
            if present is None:
                made = Tenant(id=tenant_id, created_at=self._clock.now(), **_complete("tenant", _NEW_TENANT, fields))
            else:
                made = replace(present, **fields)
            for other in uow.tenants.all():
                if other.id != tenant_id and other.domain.casefold() == made.domain.casefold():
                    raise TakenError(made.domain, other.id)
            uow.tenants.save(made)
            uow.commit()
        return present is None

    def change_tenant(self, tenant_id: str, given: Mapping[str, Any]) -> Tenant:
        """The tenant after changing what is `given` of it. Raises UnknownError, TakenError."""
        self.tenant(tenant_id)
        self.keep_tenant(tenant_id, given)
        return self.tenant(tenant_id)

    def tenant(self, tenant_id: str) -> Tenant:
        """That tenant. Raises UnknownError."""
        with self._database.read() as uow:
            present = uow.tenants.get(tenant_id)
        if present is None:
            raise UnknownError("tenant", tenant_id)
        return present

    def remove_tenant(self, tenant_id: str, *, anyway: bool = False) -> Mapping[str, int]:
        """Remove a tenant with its calls and all that was reported of them; gives what went, as LossError counts it.

        Raises UnknownError, InUseError, and LossError unless `anyway`.
        """
        with self._database.write() as uow:
            if uow.tenants.get(tenant_id) is None:
                raise UnknownError("tenant", tenant_id)
            _unpaired(uow.pairings.of_tenant(tenant_id))
            losses = {name: n for name, n in uow.belongings("tenant_id", tenant_id).items() if name == "calls"}
            _lost(losses, anyway=anyway)
            uow.remove_belongings("tenant_id", tenant_id)
            uow.tenants.remove(tenant_id)
            uow.commit()
        return losses

    def tenants(self) -> Sequence[Tenant]:
        """Every tenant."""
        with self._database.read() as uow:
            return list(uow.tenants.all())

    # -- orgs -------------------------------------------------------------------------------------------------------

    def keep_org(self, org_id: str, given: Mapping[str, Any]) -> bool:
        """Add an org, or change what is `given` of one that is there; True where it is new. Raises IncompleteError.

        Lightning's and Visualforce's origin, and of a new org whether it is a sandbox, follow from My Domain unless
        they are given.
        """
        fields = _given(given)
        derived = valid.origins_of(fields.get("my_domain_url", ""))
        if derived is not None:
            fields = {"lightning_origin": derived[0], "vf_origin": derived[1]} | fields
        with self._database.write() as uow:
            present = uow.orgs.get(org_id)
            if present is None:
                environment = valid.environment_of(fields.get("my_domain_url", ""))
                defaults = {"name": org_id, "environment": environment, **_NEW_ORG}
                complete = _complete("org", defaults, fields)
                made = Org(id=org_id, created_at=self._clock.now(), **complete)
            else:
                made = replace(present, **fields)
            uow.orgs.save(made)
            uow.commit()
        return present is None

    def org(self, org_id: str) -> Org:
        """That org. Raises UnknownError."""
        with self._database.read() as uow:
            present = uow.orgs.get(org_id)
        if present is None:
            raise UnknownError("org", org_id)
        return present

    def remove_org(self, org_id: str) -> None:
        """Remove an org with the keys that were given for it. Raises UnknownError, InUseError."""
        with self._database.write() as uow:
            if uow.orgs.get(org_id) is None:
                raise UnknownError("org", org_id)
            _unpaired(uow.pairings.of_org(org_id))
            uow.remove_belongings("org_id", org_id)
            uow.orgs.remove(org_id)
            uow.commit()

    def orgs(self) -> Sequence[Org]:
        """Every org."""
        with self._database.read() as uow:
            return list(uow.orgs.all())

    # -- pairings ---------------------------------------------------------------------------------------------------

    def draft(self, tenant_id: str, org_id: str, given: Mapping[str, Any]) -> Draft:
        """The pairing of a tenant and an org with what is `given` of it changed; nothing is kept. Raises UnknownError.

        `Emptied.NOTHING` takes a setting back, and so do no campaigns: then all are gathered.
        """
        fields = _given(given)
        fields |= {name: None for name, value in fields.items() if value is valid.Emptied.NOTHING}
        tenant, org = self.tenant(tenant_id), self.org(org_id)
        with self._database.read() as uow:
            pairings = uow.pairings.of_org(org_id)
            tenants = {each.id: each for each in uow.tenants.all()}
        made = next((each for each in pairings if each.tenant_id == tenant_id), None)
        if made is None:
            new = {**_NEW_PAIRING, "tenant_id": tenant_id, "org_id": org_id, "created_at": self._clock.now()}
            made = Pairing(id=_new_pairing_id(tenant_id, org_id), **{**new, **fields})
        else:
            made = replace(made, **fields)
        neighbours = tuple(
            Neighbour(tenants[each.tenant_id], first=each.created_at <= made.created_at)
            for each in pairings
            if each.tenant_id != tenant_id and each.active
        )
        return Draft(tenant, org, made, neighbours)

    def keep_pairing(self, pairing: Pairing) -> None:
        """Keep a pairing as it is drafted. A call is judged by the settings in force when it began: they are a fact."""
        fact = settings_fact(pairing, self._clock.now())
        with self._database.write() as uow:
            uow.pairings.save(pairing)
            if uow.facts.unknown(pairing.tenant_id, [fact]):
                uow.facts.add(pairing.tenant_id, fact, call_key=None, subject=pairing.id)
            uow.commit()

    def pairing(self, tenant_id: str, org_id: str) -> Pairing:
        """The pairing of a tenant and an org. Raises UnknownError."""
        with self._database.read() as uow:
            present = _pairing_of(uow, tenant_id, org_id)
        if present is None:
            raise UnknownError("pairing", f"{tenant_id} {org_id}")
        return present

    def remove_pairing(self, tenant_id: str, org_id: str, *, anyway: bool = False) -> Mapping[str, int]:
        """Remove a pairing with its deliveries and sessions; gives what went, as LossError counts it.

        What was reported of its calls stays with the tenant, what Salesforce has of them in the org. Raises
        UnknownError, and LossError unless `anyway`.
        """
        pairing_id = self.pairing(tenant_id, org_id).id
        with self._database.write() as uow:
            counts = uow.outbox.counts(pairing_id)
            losses = {
                "deliveries": sum(n for state, n in counts.items() if state != "done"),
                "panes": uow.sessions.count_live(pairing_id),
            }
            _lost(losses, anyway=anyway)
            uow.remove_belongings("pairing_id", pairing_id)
            uow.pairings.remove(pairing_id)
            uow.commit()
        return losses

    def pairings(self) -> Sequence[Pairing]:
        """Every pairing."""
        with self._database.read() as uow:
            return list(uow.pairings.all())

    # -- how it goes ------------------------------------------------------------------------------------------------

    def unread_lists(self) -> Sequence[UnreadList]:
        """Of which tenants FCC's call list should have been read, and was not within `READ_WITHIN`."""
        with self._database.read() as uow:
            wanted = {each.tenant_id: each for each in uow.pairings.all() if each.active and each.poll_enabled}
            read = {tenant_id: uow.agents.polled_at(tenant_id) for tenant_id in wanted}
        now = self._clock.now()
        return [
            UnreadList(tenant_id, read[tenant_id])
            for tenant_id, each in wanted.items()
            if now - (read[tenant_id] or each.created_at) > READ_WITHIN
        ]

    def statuses(self, call_log: LogCounts) -> Sequence[PairingStatus]:
        """How it goes with each pairing."""
        since = self._clock.now() - UNLOGGED_WITHIN
        with self._database.read() as uow:
            return [
                PairingStatus(
                    pairing=each,
                    waiting=sum(n for state, n in counts.items() if state not in {"done", "dead", "held"}),
                    given_up=counts.get("dead", 0),
                    troubled=list(uow.outbox.troubled(each.id)),
                    lacking=dict(uow.outbox.lacking(each.id)),
                    unlogged=call_log.unlogged(uow, each, since=since),
                )
                for each in uow.pairings.all()
                for counts in [uow.outbox.counts(each.id)]
            ]

    def retry(self, key: str) -> Sequence[str]:
        """Have a delivery tried again that was given up; the keys of those that will be.

        Without an org in front, `key` is the external id in Salesforce, and stands for each org that lacks it.
        """
        with self._database.write() as uow:
            keys = [key] if "/" in key else [key_in_org(org.id, key) for org in uow.orgs.all()]
            revived = [each for each in keys if uow.outbox.revive(each)]
            uow.commit()
        return revived


def settings_fact(pairing: Pairing, at: datetime) -> Fact:
    """The pairing's settings as a fact: from `at` on, calls are judged by them."""
    settings = {
        "active": pairing.active,
        "off_campaign_id": pairing.off_campaign_id,
        "default_user_id": pairing.default_user_id,
        "log_other_phones": pairing.log_other_phones,
        "create_case": pairing.create_case,
        "case_by_ivr_code": pairing.case_by_ivr_code,
        "person_accounts": pairing.person_accounts,
        "campaigns": list(pairing.campaigns),
    }
    return Fact("agent", "settings", at, content={"pairing_id": pairing.id, "settings": settings})


def _new_pairing_id(tenant_id: str, org_id: str) -> str:
    """Speaking and at most 64 characters: of a tenant's long name the beginning, told from others that begin so."""
    if len(tenant_id) > _LONGEST_IN_PAIRING:
        tenant_id = f"{tenant_id[:31]}-{sha256(tenant_id.encode()).hexdigest()[:8]}"
    return f"{tenant_id}-{org_id}"


def _pairing_of(uow: UnitOfWork, tenant_id: str, org_id: str) -> Pairing | None:
    return next((each for each in uow.pairings.of_org(org_id) if each.tenant_id == tenant_id), None)


def _unpaired(pairings: Sequence[Pairing]) -> None:
    if pairings:
        raise InUseError(pairings)


def _lost(losses: Mapping[str, int], *, anyway: bool) -> None:
    if any(losses.values()) and not anyway:
        raise LossError(losses)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _tenant_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = _given(given)
    password = fields.pop("webhook_password", None)
    if password is not None:
        fields["webhook_password_hash"] = argon2.PasswordHasher().hash(password)
    return fields


def _complete(kind: str, defaults: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    complete = {**defaults, **fields}
    missing = [name for name, value in complete.items() if value is None]
    if missing:
        raise IncompleteError(kind, missing)
    return complete
