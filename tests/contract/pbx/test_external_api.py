"""The adapter speaks external-api as documented, and so does whoever answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.domain.fcc import CampaignMode, UserKind
from cti.domain.presence import PresenceClass
from cti.pbx.errors import FccRefusedError

if TYPE_CHECKING:
    from tests.contract.pbx.conftest import Side

pytestmark = pytest.mark.assumed("A2")


def test_users_are_read(side: Side) -> None:
    users = {user.id: user for user in side.make().users()}
    anna, admin = users[101], users[100]
    assert (anna.login, anna.email, anna.kind) == ("anna.nowak", "anna.nowak@acme.example", UserKind.PBX)
    assert (anna.extension, anna.city_number, anna.presentation) == ("40312", "+48221234567", "+48221234567")
    assert admin.kind is UserKind.ADMINISTRATOR
    assert users[103].presentation is None


def test_campaigns_are_read(side: Side) -> None:
    campaigns = {campaign.id: campaign for campaign in side.make().campaigns()}
    assert campaigns[9].mode is CampaignMode.MANUAL_PHONE
    assert not campaigns[9].ivr_authorization


def test_statuses_are_read(side: Side) -> None:
    statuses = {status.id: status for status in side.make().statuses()}
    assert statuses[1].presence_class is PresenceClass.READY
    assert statuses[2].name == "Niegotowy"


@pytest.mark.req("R32")
def test_an_agents_status_is_read_and_set(side: Side) -> None:
    api = side.make()
    assert api.presence("anna.nowak").presence_class in set(PresenceClass)
    assert api.set_presence("anna.nowak", 2).presence_class is PresenceClass.NOT_READY


@pytest.mark.assumed("A1")
def test_phone_credentials_are_read(side: Side) -> None:
    credentials = side.make().phone_credentials("anna.nowak")
    assert (credentials.uri, credentials.username) == ("sip:40312@acme.fcc.example", "40312")
    assert credentials.password
    assert credentials.password not in repr(credentials)


def test_the_call_list_is_read_from_a_cursor(side: Side) -> None:
    api = side.make()
    page = api.calls_since(None)
    assert page.unread == 0
    assert page.cursor
    api.calls_since(page.cursor)
    assert [asked["cursor"] for _, asked, _ in side.watched.exchanged] == [None, page.cursor]


def test_ending_a_call_that_is_not_there_is_refused(side: Side) -> None:
    with pytest.raises(FccRefusedError):
        side.make().drop_call("anna.nowak", 0)


@pytest.mark.parametrize("method", ["sha1", "md5"])
def test_both_ways_of_signing_are_taken(side: Side, method: str) -> None:
    assert side.make(hash_method=method).statuses()


@pytest.mark.assumed("A4")
def test_a_tenant_given_as_a_whole_host_is_cut_to_its_label(side: Side) -> None:
    assert side.make(domain="acme.fcc-online.pl").statuses()
    assert side.watched.exchanged[0][1]["login"] == "admin@acme"


def test_every_request_is_signed_anew(side: Side) -> None:
    api = side.make()
    api.statuses()
    api.statuses()
    one, other = (asked for _, asked, _ in side.watched.exchanged)
    assert one["change"] != other["change"]
    assert one["hash"] != other["hash"]


@pytest.mark.assumed("A91")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"api_key": "wrong-key-of-the-test"}, "fcc-key-refused"),
        ({"admin_login": "nobody"}, "fcc-login-refused"),
        ({"domain": "other"}, "fcc-domain-refused"),
    ],
)
def test_a_wrong_key_login_and_domain_are_told_apart(side: Side, changes: dict[str, str], code: str) -> None:
    with pytest.raises(FccRefusedError) as refused:
        side.make(**changes).users()
    assert refused.value.code == code


def test_a_wrong_key_is_refused_and_shown_nowhere(side: Side) -> None:
    with pytest.raises(FccRefusedError) as refused:
        side.make(api_key="wrong-key-of-the-test").users()
    said = f"{refused.value} {refused.value.reason} {refused.value.message('pl')} {refused.value.values}"
    assert "wrong-key" not in said
