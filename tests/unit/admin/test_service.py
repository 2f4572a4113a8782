from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.admin.service import READ_WITHIN, AdminService, IncompleteError, UnknownError
from tests.support.database import make_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cti.store.database import Database
    from tests.support.clock import DrivenClock

ORG_ID = "00D5g0000000001EAA"
TENANT = {
    "domain": "acme",
    "base_url": "https://acme.fcc-online.pl/external-api",
    "admin_login": "admin",
    "api_key": "key",
    "webhook_password": "a-password",
}
ORG = {
    "my_domain_url": "https://acme.my.salesforce.com",
    "canvas_key": "key",
    "canvas_secret": "secret",
    "client_id": "id",
    "client_secret": "secret",
}


@pytest.fixture
def database(tmp_path: Path, clock: DrivenClock) -> Iterator[Database]:
    made = make_database(tmp_path, clock)
    yield made
    made.close()


@pytest.fixture
def admin(database: Database, clock: DrivenClock) -> AdminService:
    return AdminService(database, clock)


@pytest.fixture
def paired(admin: AdminService) -> AdminService:
    admin.keep_tenant("acme", TENANT)
    admin.keep_org(ORG_ID, ORG)
    admin.keep_pairing(admin.draft("acme", ORG_ID, {}).pairing)
    return admin


def test_a_new_tenant_lacks_what_nobody_can_guess(admin: AdminService) -> None:
    with pytest.raises(IncompleteError) as caught:
        admin.keep_tenant("acme", {"domain": "acme", "region": None})
    assert (caught.value.kind, caught.value.missing) == ("tenant", ("base_url", "admin_login", "api_key"))
    assert admin.tenants() == []


def test_of_a_webhooks_password_only_a_hash_is_kept(admin: AdminService) -> None:
    admin.keep_tenant("acme", TENANT)
    kept = admin.tenant("acme")
    assert kept.webhook_password_hash.startswith("$argon2")
    assert "a-password" not in repr(kept.__dict__)


def test_a_change_leaves_what_is_not_given(admin: AdminService) -> None:
    assert admin.keep_tenant("acme", TENANT)
    assert not admin.keep_tenant("acme", {"default_region": "DE"})
    assert (admin.tenant("acme").domain, admin.tenant("acme").default_region) == ("acme", "DE")


def test_only_a_tenant_that_is_there_can_be_changed(admin: AdminService) -> None:
    with pytest.raises(UnknownError):
        admin.change_tenant("acme", {"domain": "other"})


def test_origins_follow_from_my_domain_unless_they_are_given(admin: AdminService) -> None:
    admin.keep_org(ORG_ID, ORG | {"vf_origin": "https://own.example.com"})
    kept = admin.orgs()[0]
    assert kept.lightning_origin == "https://acme.lightning.force.com"
    assert kept.vf_origin == "https://own.example.com"


def test_a_draft_is_not_kept(paired: AdminService) -> None:
    assert paired.draft("acme", ORG_ID, {"active": False}).pairing.active is False
    assert paired.pairings()[0].active is True


def test_a_draft_needs_both_sides(admin: AdminService) -> None:
    with pytest.raises(UnknownError, match="tenant acme"):
        admin.draft("acme", ORG_ID, {})
    admin.keep_tenant("acme", TENANT)
    with pytest.raises(UnknownError, match=f"org {ORG_ID}"):
        admin.draft("acme", ORG_ID, {})


def test_campaigns_that_are_not_given_stay(paired: AdminService) -> None:
    paired.keep_pairing(paired.draft("acme", ORG_ID, {"campaigns": (3, 4)}).pairing)
    assert paired.draft("acme", ORG_ID, {"campaigns": ()}).pairing.campaigns == (3, 4)


def test_a_call_is_judged_by_the_settings_of_its_time(
    paired: AdminService, database: Database, clock: DrivenClock
) -> None:
    before = clock.now()
    clock.advance(60)
    made = paired.draft("acme", ORG_ID, {"off_campaign_id": 7}).pairing
    paired.keep_pairing(made)
    with database.read() as uow:
        chosen = [uow.facts.settings_in_force("acme", made.id, at) for at in (before, clock.now())]
    assert [each["off_campaign_id"] for each in chosen if each is not None] == [None, 7]


def test_a_call_list_that_nobody_read_is_told(paired: AdminService, database: Database, clock: DrivenClock) -> None:
    assert paired.unread_lists() == []
    clock.advance(READ_WITHIN.total_seconds() + 1)
    assert [(each.tenant_id, each.read_at) for each in paired.unread_lists()] == [("acme", None)]


def test_a_call_list_that_nobody_should_read_is_not_missed(paired: AdminService, clock: DrivenClock) -> None:
    paired.keep_pairing(paired.draft("acme", ORG_ID, {"poll_enabled": False}).pairing)
    clock.advance(READ_WITHIN.total_seconds() * 2)
    assert paired.unread_lists() == []
