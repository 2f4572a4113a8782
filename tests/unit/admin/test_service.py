from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.admin.errors import IncompleteError, InUseError, LossError, UnknownError
from cti.admin.service import READ_WITHIN, AdminService
from cti.admin.values import Emptied
from cti.domain.call import StoredCall
from cti.domain.facts import Fact
from cti.domain.fold import fold
from tests.support import accounts
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


@pytest.mark.req("R14")
def test_an_org_is_a_sandbox_where_its_my_domain_says_so_or_somebody_does(admin: AdminService) -> None:
    admin.keep_org(ORG_ID, ORG)
    assert not admin.orgs()[0].is_sandbox
    admin.keep_org(ORG_ID, {"environment": "test"})
    assert admin.orgs()[0].is_sandbox
    other = "00D5g0000000002EAA"
    admin.keep_org(other, ORG | {"my_domain_url": "https://acme--dev.sandbox.my.salesforce.com"})
    assert admin.orgs()[1].is_sandbox


def test_a_draft_is_not_kept(paired: AdminService) -> None:
    assert paired.draft("acme", ORG_ID, {"active": False}).pairing.active is False
    assert paired.pairings()[0].active is True


def test_a_draft_needs_both_sides(admin: AdminService) -> None:
    with pytest.raises(UnknownError, match="tenant acme"):
        admin.draft("acme", ORG_ID, {})
    admin.keep_tenant("acme", TENANT)
    with pytest.raises(UnknownError, match=f"org {ORG_ID}"):
        admin.draft("acme", ORG_ID, {})


def test_tenants_whose_long_names_begin_alike_have_a_pairing_each(admin: AdminService) -> None:
    admin.keep_org(ORG_ID, ORG)
    tenants = [f"{'a' * 45}-{number}" for number in (1, 2)]
    for tenant_id in tenants:
        admin.keep_tenant(tenant_id, {**TENANT, "domain": tenant_id})
        admin.keep_pairing(admin.draft(tenant_id, ORG_ID, {}).pairing)
    assert {each.tenant_id for each in admin.pairings()} == set(tenants)
    assert all(len(each.id) <= 64 for each in admin.pairings())


def test_settings_that_are_not_given_stay_and_can_be_taken_back(paired: AdminService) -> None:
    chosen = {"campaigns": (3, 4), "off_campaign_id": 9, "default_user_id": "0055g00000AbCdEAAV"}
    paired.keep_pairing(paired.draft("acme", ORG_ID, chosen).pairing)
    left = paired.draft("acme", ORG_ID, {"campaigns": None, "off_campaign_id": None, "default_user_id": None}).pairing
    assert (left.campaigns, left.off_campaign_id, left.default_user_id) == tuple(chosen.values())
    nothing = Emptied.NOTHING
    emptied = {"campaigns": (), "off_campaign_id": nothing, "default_user_id": nothing}
    made = paired.draft("acme", ORG_ID, emptied).pairing
    assert (made.campaigns, made.off_campaign_id, made.default_user_id) == ((), None, None)


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


def test_what_is_paired_cannot_be_removed(paired: AdminService) -> None:
    with pytest.raises(InUseError):
        paired.remove_tenant("acme", anyway=True)
    with pytest.raises(InUseError):
        paired.remove_org(ORG_ID)
    assert paired.remove_pairing("acme", ORG_ID) == {"deliveries": 0, "panes": 0}
    paired.remove_org(ORG_ID)
    paired.remove_tenant("acme")
    assert (paired.tenants(), paired.orgs(), paired.pairings()) == ([], [], [])
    for remove in (lambda: paired.remove_tenant("acme"), lambda: paired.remove_org(ORG_ID)):
        with pytest.raises(UnknownError):
            remove()
    with pytest.raises(UnknownError):
        paired.remove_pairing("acme", ORG_ID)


def test_a_pairing_goes_with_its_deliveries_and_panes_only_where_somebody_says_so(
    paired: AdminService, database: Database, clock: DrivenClock
) -> None:
    paired.keep_tenant("other", TENANT | {"domain": "other"})
    paired.keep_pairing(paired.draft("other", ORG_ID, {}).pairing)
    ids = {each.tenant_id: each.id for each in paired.pairings()}
    with database.write() as uow:
        for tenant_id, pairing_id in ids.items():
            place = {"kind": "call", "org_id": ORG_ID, "pairing_id": pairing_id, "run_after": clock.now()}
            uow.outbox.put(f"{ORG_ID}/{tenant_id}:1:0", {"Subject": "x"}, **place)
        uow.sessions.add(accounts.session(clock, pairing_id=ids["acme"], org_id=ORG_ID))
        uow.commit()
    with pytest.raises(LossError) as caught:
        paired.remove_pairing("acme", ORG_ID)
    assert caught.value.losses == {"deliveries": 1, "panes": 1}
    assert len(paired.pairings()) == 2
    assert paired.remove_pairing("acme", ORG_ID, anyway=True) == {"deliveries": 1, "panes": 1}
    with database.read() as uow:
        assert uow.outbox.counts(ids["acme"]) == {}
        assert uow.outbox.counts(ids["other"]) == {"pending": 1}
        assert uow.belongings("pairing_id", ids["acme"]) == {}


def test_a_tenant_goes_with_its_calls_only_where_somebody_says_so(
    admin: AdminService, database: Database, clock: DrivenClock
) -> None:
    admin.keep_tenant("acme", TENANT)
    admin.keep_tenant("other", TENANT | {"domain": "other"})
    with database.write() as uow:
        for tenant_id in ("acme", "other"):
            fact = Fact("fcc", "ended", clock.now(), 7, content={"number": "+48600100200", "users_id": 101})
            uow.calls.save(StoredCall(f"k-{tenant_id}", tenant_id, fold([fact])))
            uow.facts.add(tenant_id, fact, call_key=f"k-{tenant_id}")
        uow.commit()
    with pytest.raises(LossError) as caught:
        admin.remove_tenant("acme")
    assert caught.value.losses == {"calls": 1}
    assert admin.remove_tenant("acme", anyway=True) == {"calls": 1}
    with database.read() as uow:
        assert uow.belongings("tenant_id", "acme") == {}
        assert uow.calls.get("k-other") is not None
        assert uow.facts.of_call("k-acme") == []
    assert [each.id for each in admin.tenants()] == ["other"]
