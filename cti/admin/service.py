"""What administrators keep: tenants, orgs and their pairings, with the defaults of new ones and what a change entails.

The commands are one face of it. Values come checked by `cti.admin.values`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import argon2

from cti.accounts import Org, Pairing, Tenant
from cti.admin import values as valid
from cti.domain.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cti.clock import Clock
    from cti.domain.delivery import OutboxItem
    from cti.store.database import Database

READ_WITHIN: Final = timedelta(minutes=15)
"""A service at work notes every five minutes that it has read the call list."""

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
    "environment": "production",
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


class UnknownError(LookupError):
    """There is none of that name; `kind` is `tenant` or `org`."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no {kind} {name}")
        self.kind = kind
        self.name = name


class IncompleteError(ValueError):
    """A new one of that `kind` lacks values without which it cannot be; `missing` names the fields."""

    def __init__(self, kind: str, missing: Sequence[str]) -> None:
        super().__init__(f"missing: {', '.join(missing)}")
        self.kind = kind
        self.missing = tuple(missing)


@dataclass(frozen=True)
class Draft:
    """A pairing as it would be kept, with the sides that it joins."""

    tenant: Tenant
    org: Org
    pairing: Pairing


@dataclass(frozen=True)
class PairingStatus:
    """How it goes with one pairing: how many deliveries wait and were given up, and which are in trouble.

    `lacking` counts the call logs that were sent without fields the org does not take, by the words for those fields.
    """

    pairing: Pairing
    waiting: int
    given_up: int
    troubled: Sequence[OutboxItem]
    lacking: Mapping[str, int]


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
        Raises IncompleteError.
        """
        fields = _tenant_fields(given)
        with self._database.write() as uow:
            present = uow.tenants.get(tenant_id)
            if present is None:
                made = Tenant(id=tenant_id, created_at=self._clock.now(), **_complete("tenant", _NEW_TENANT, fields))
            else:
                made = replace(present, **fields)
            uow.tenants.save(made)
            uow.commit()
        return present is None

    def change_tenant(self, tenant_id: str, given: Mapping[str, Any]) -> Tenant:
        """The tenant after changing what is `given` of it. Raises UnknownError."""
        changed = replace(self.tenant(tenant_id), **_tenant_fields(given))
        with self._database.write() as uow:
            uow.tenants.save(changed)
            uow.commit()
        return changed

    def tenant(self, tenant_id: str) -> Tenant:
        """That tenant. Raises UnknownError."""
        with self._database.read() as uow:
            present = uow.tenants.get(tenant_id)
        if present is None:
            raise UnknownError("tenant", tenant_id)
        return present

    def tenants(self) -> Sequence[Tenant]:
        """Every tenant."""
        with self._database.read() as uow:
            return list(uow.tenants.all())

    # -- orgs -------------------------------------------------------------------------------------------------------

    def keep_org(self, org_id: str, given: Mapping[str, Any]) -> bool:
        """Add an org, or change what is `given` of one that is there; True where it is new. Raises IncompleteError.

        Lightning's and Visualforce's origin follow from My Domain unless they are given.
        """
        fields = _given(given)
        derived = valid.origins_of(fields.get("my_domain_url", ""))
        if derived is not None:
            fields = {"lightning_origin": derived[0], "vf_origin": derived[1]} | fields
        with self._database.write() as uow:
            present = uow.orgs.get(org_id)
            if present is None:
                complete = _complete("org", {"name": org_id, **_NEW_ORG}, fields)
                made = Org(id=org_id, created_at=self._clock.now(), **complete)
            else:
                made = replace(present, **fields)
            uow.orgs.save(made)
            uow.commit()
        return present is None

    def orgs(self) -> Sequence[Org]:
        """Every org."""
        with self._database.read() as uow:
            return list(uow.orgs.all())

    # -- pairings ---------------------------------------------------------------------------------------------------

    def draft(self, tenant_id: str, org_id: str, given: Mapping[str, Any]) -> Draft:
        """The pairing of a tenant and an org with what is `given` of it changed; nothing is kept. Raises UnknownError.

        No campaigns given leave those chosen before.
        """
        fields = {name: value for name, value in _given(given).items() if value != ()}
        with self._database.read() as uow:
            tenant, org = uow.tenants.get(tenant_id), uow.orgs.get(org_id)
            present = next((each for each in uow.pairings.of_org(org_id) if each.tenant_id == tenant_id), None)
        if tenant is None:
            raise UnknownError("tenant", tenant_id)
        if org is None:
            raise UnknownError("org", org_id)
        if present is not None:
            return Draft(tenant, org, replace(present, **fields))
        return Draft(
            tenant,
            org,
            Pairing(
                id=f"{tenant_id[:40]}-{org_id}",
                tenant_id=tenant_id,
                org_id=org_id,
                created_at=self._clock.now(),
                **{**_NEW_PAIRING, **fields},
            ),
        )

    def keep_pairing(self, pairing: Pairing) -> None:
        """Keep a pairing as it is drafted. A call is judged by the settings in force when it began: they are a fact."""
        fact = settings_fact(pairing, self._clock.now())
        with self._database.write() as uow:
            uow.pairings.save(pairing)
            if uow.facts.unknown(pairing.tenant_id, [fact]):
                uow.facts.add(pairing.tenant_id, fact, call_key=None, subject=pairing.id)
            uow.commit()

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

    def statuses(self) -> Sequence[PairingStatus]:
        """How it goes with each pairing."""
        with self._database.read() as uow:
            return [
                PairingStatus(
                    pairing=each,
                    waiting=sum(n for state, n in counts.items() if state not in {"done", "dead", "held"}),
                    given_up=counts.get("dead", 0),
                    troubled=list(uow.outbox.troubled(each.id)),
                    lacking=dict(uow.outbox.lacking(each.org_id)),
                )
                for each in uow.pairings.all()
                for counts in [uow.outbox.counts(each.org_id)]
            ]

    def retry(self, key: str) -> bool:
        """Have a delivery tried again that was given up; False when there is none under this key."""
        with self._database.write() as uow:
            revived = uow.outbox.revive(key)
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
