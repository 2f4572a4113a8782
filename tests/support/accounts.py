"""A tenant, an org, their pairing and a session for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cti.accounts import Org, Pairing, PaneSession, Tenant
from tests.support.signed_request import ORG_ID, SECRET, TOKEN, USER_ID

if TYPE_CHECKING:
    from cti.clock import Clock
    from cti.store.database import Database


def tenant(clock: Clock, **changes: Any) -> Tenant:
    """The tenant "acme"."""
    values: dict[str, Any] = {
        "id": "acme",
        "domain": "acme",
        "base_url": "http://fcc.localhost:1/external-api",
        "admin_login": "admin",
        "api_key": "api-key-of-the-test",
        "webhook_user": "fcc",
        "webhook_password_hash": "",
        "default_region": "PL",
        "correlation": "call-id",
        "hash_method": "sha1",
        "created_at": clock.now(),
    }
    return Tenant(**values | changes)


def org(clock: Clock, **changes: Any) -> Org:
    """The org "ACME Polska"."""
    values: dict[str, Any] = {
        "id": ORG_ID,
        "name": "ACME Polska",
        "my_domain_url": "http://acme-my.localhost:1",
        "lightning_origin": "http://acme-lightning.localhost:1",
        "vf_origin": "http://acme-vf.localhost:1",
        "canvas_key": "canvas-key",
        "canvas_secret": SECRET,
        "client_id": "pairing-key",
        "client_secret": "pairing-secret-of-the-test",
        "environment": "production",
        "api_version": "67.0",
        "created_at": clock.now(),
    }
    return Org(**values | changes)


def pairing(clock: Clock, **changes: Any) -> Pairing:
    """The tenant working with the org."""
    values: dict[str, Any] = {
        "id": "acme-1",
        "tenant_id": "acme",
        "org_id": ORG_ID,
        "active": True,
        "off_campaign_id": 9,
        "default_user_id": None,
        "log_other_phones": False,
        "create_case": False,
        "case_by_ivr_code": False,
        "person_accounts": False,
        "campaigns": (),
        "poll_enabled": True,
        "webhooks_enabled": True,
        "created_at": clock.now(),
    }
    return Pairing(**values | changes)


def session(clock: Clock, **changes: Any) -> PaneSession:
    """Anna's pane, signed in with the org."""
    values: dict[str, Any] = {
        "id": "session-1",
        "org_id": ORG_ID,
        "pairing_id": "acme-1",
        "sf_user_id": USER_ID,
        "fcc_user_id": 101,
        "language": "pl",
        "name": "Anna Nowak",
        "email": "anna.nowak@acme.example",
        "token": TOKEN,
        "token_at": clock.now(),
        "created_at": clock.now(),
        "expires_at": clock.now() + timedelta(minutes=15),
        "revoked_at": None,
    }
    return PaneSession(**values | changes)


def pair(database: Database, clock: Clock, *, org_id: str = ORG_ID, **changes: Any) -> None:
    """Put all three into the database; `my_domain_url`, `base_url` and `active` can be changed."""
    with database.write() as uow:
        uow.tenants.save(tenant(clock, **{name: changes[name] for name in ("base_url",) if name in changes}))
        uow.orgs.save(org(clock, id=org_id, **{name: changes[name] for name in ("my_domain_url",) if name in changes}))
        uow.flush()
        changed = {name: changes[name] for name in ("active",) if name in changes}
        uow.pairings.save(pairing(clock, org_id=org_id, **changed))
        uow.commit()
