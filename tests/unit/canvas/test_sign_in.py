from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import requests

from cti.canvas.errors import (
    CanvasIdentityError,
    CanvasOrgUnknownError,
    CanvasReplayedError,
    CanvasSignatureError,
    IntegrationInactiveError,
    OrgNotPairedError,
    SandboxAddressError,
)
from cti.canvas.service import CanvasSignIn, SignedIn
from cti.directory.errors import FccUserUnknownError, FccUserWrongKindError
from cti.domain.fcc import FccUser, UserKind
from cti.salesforce.errors import IdentityUnavailableError, TokenRefusedError
from cti.salesforce.identity import Identities
from cti.sessions.errors import SessionOverError
from cti.sessions.service import Sessions, SessionTokens
from tests.support import accounts
from tests.support.database import make_database
from tests.support.signed_request import ORG_ID, TOKEN, USER_ID, signed_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cti.accounts import PaneSession
    from cti.store.database import Database
    from tests.support.clock import DrivenClock

URL_SAFE = str.maketrans("+/", "-_")
OTHER_USER = "005000000000002AAA"


class Salesforce:
    """Answers userinfo; fits what `Identities` uses of a requests session."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.status = 200
        self.failure: Exception | None = None
        self.body: Any = {
            "user_id": USER_ID,
            "organization_id": ORG_ID,
            "name": "Anna Nowak",
            "email": "Anna.Nowak@acme.example",
            "language": "pl",
        }

    def request(self, method: str, url: str, *, headers: dict[str, str], **_options: object) -> requests.Response:
        assert method == "GET"
        self.asked.append((url, headers["Authorization"]))
        if self.failure is not None:
            raise self.failure
        answer = requests.Response()
        answer.status_code = self.status
        answer._content_consumed = True
        answer._content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return answer


class Directory:
    """FCC's users."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.failure: Exception | None = None
        self.knowing = ["acme-1"]

    def find_among(self, pairing_ids: Sequence[str], email: str) -> tuple[str, FccUser]:
        self.asked += [(pairing_id, email) for pairing_id in pairing_ids]
        if self.failure is not None:
            raise self.failure
        known = [pairing_id for pairing_id in pairing_ids if pairing_id in self.knowing]
        if not known:
            raise FccUserUnknownError(email=email)
        return known[0], FccUser(101, "anna.nowak", email, UserKind.PBX, "Anna", "Nowak", "40312")


@dataclass
class World:
    salesforce: Salesforce
    directory: Directory
    database: Database
    clock: DrivenClock
    service: CanvasSignIn
    verify: Callable[[str], PaneSession]

    def sign_in(self, **changes: Any) -> SignedIn:
        return self.service.sign_in(self.service.open(signed_request(**changes)))

    def change_pairing(self, **changes: Any) -> None:
        with self.database.write() as uow:
            uow.pairings.save(accounts.pairing(self.clock, **changes))
            uow.commit()

    def pair_another(self, **changes: Any) -> None:
        """A second tenant works with the same org."""
        with self.database.write() as uow:
            uow.tenants.save(accounts.tenant(self.clock, id="other", domain="other"))
            uow.flush()
            uow.pairings.save(accounts.pairing(self.clock, id="other-1", tenant_id="other", **changes))
            uow.commit()

    def change_org(self, **changes: Any) -> None:
        with self.database.write() as uow:
            uow.orgs.save(accounts.org(self.clock, **changes))
            uow.commit()

    def sessions(self, fcc_user_id: int = 101) -> int:
        with self.database.read() as uow:
            return len(uow.sessions.live_of("acme-1", fcc_user_id))


@pytest.fixture
def world(tmp_path: Path, clock: DrivenClock) -> Iterator[World]:
    database = make_database(tmp_path, clock)
    accounts.pair(database, clock)
    salesforce, directory, ids = Salesforce(), Directory(), count(1)
    sessions = Sessions(
        database,
        SessionTokens("k" * 32, "https://connector.example.com", clock),
        clock,
        session_seconds=900,
        new_id=lambda: f"session-{next(ids)}",
    )
    service = CanvasSignIn(
        database,
        Identities(salesforce, clock),  # type: ignore[arg-type]  # the one method that is used
        directory,
        sessions,
        clock,
    )
    yield World(salesforce, directory, database, clock, service, sessions.verify)
    database.close()


@pytest.mark.req("R5")
def test_a_good_request_begins_a_session_of_the_fcc_user_with_the_same_email(world: World) -> None:
    signed_in = world.sign_in()
    session = world.verify(signed_in.issued.token)
    assert (session.org_id, session.sf_user_id, session.fcc_user_id) == (ORG_ID, USER_ID, 101)
    assert (session.pairing_id, session.language, session.name) == ("acme-1", "pl", "Anna Nowak")
    assert session.token == TOKEN
    assert session.agent.audience == "acme-1:101"
    assert world.directory.asked == [("acme-1", "Anna.Nowak@acme.example")]


def test_the_token_proves_itself_at_the_address_of_the_org_row_only(world: World) -> None:
    world.sign_in()
    assert world.salesforce.asked == [("http://acme-my.localhost:1/services/oauth2/userinfo", f"Bearer {TOKEN}")]


def test_userinfo_is_asked_once_in_five_minutes_for_a_token(world: World) -> None:
    world.sign_in(n="1")
    world.clock.advance(299)
    world.sign_in(n="2")
    assert len(world.salesforce.asked) == 1
    world.clock.advance(1)
    world.sign_in(n="3")
    assert len(world.salesforce.asked) == 2
    world.sign_in(n="4", token=TOKEN + "x")
    assert len(world.salesforce.asked) == 3


@pytest.mark.parametrize(("language", "expected"), [("pl", "pl"), ("en_US", "en"), ("de", "en"), ("PL_pl", "pl")])
def test_the_users_language_decides(world: World, language: str, expected: str) -> None:
    assert world.sign_in(language=language).issued.session.language == expected


def test_an_org_that_was_not_added_is_refused_before_anything_is_asked(world: World) -> None:
    with pytest.raises(CanvasOrgUnknownError):
        world.sign_in(org_id="00D000000000002EAA")
    assert world.salesforce.asked == []


def test_a_request_signed_with_another_secret_is_refused_before_anything_is_asked(world: World) -> None:
    with pytest.raises(CanvasSignatureError):
        world.sign_in(secret="the secret of another app")
    assert world.salesforce.asked == []


@pytest.mark.parametrize(
    "changes",
    [{"user_id": OTHER_USER}, {"organization_id": "00D000000000002EAA"}, {"user_id": None}, {"user_id": "x"}],
    ids=str,
)
def test_a_token_of_somebody_else_is_refused(world: World, changes: dict[str, Any]) -> None:
    world.salesforce.body |= changes
    with pytest.raises(CanvasIdentityError):
        world.sign_in()
    assert world.sessions() == 0


@pytest.mark.assumed("A23")
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_token_that_the_org_refuses_is_refused(world: World, status: int) -> None:
    world.salesforce.status = status
    with pytest.raises(TokenRefusedError):
        world.sign_in()


@pytest.mark.assumed("A23")
@pytest.mark.parametrize("status", [301, 302, 429, 500, 502, 503])
def test_an_org_in_trouble_means_try_again(world: World, status: int) -> None:
    world.salesforce.status = status
    with pytest.raises(IdentityUnavailableError) as caught:
        world.sign_in()
    assert caught.value.retryable
    world.salesforce.status = 200
    world.sign_in()


@pytest.mark.parametrize("failure", [requests.ConnectTimeout(), requests.ReadTimeout(), requests.ConnectionError()])
def test_an_org_that_does_not_answer_means_try_again(world: World, failure: Exception) -> None:
    world.salesforce.failure = failure
    with pytest.raises(IdentityUnavailableError):
        world.sign_in()


def test_an_answer_that_cannot_be_read_means_try_again(world: World) -> None:
    world.salesforce.body = b"<html>maintenance</html>"
    with pytest.raises(IdentityUnavailableError):
        world.sign_in()


@pytest.mark.req("R13")
def test_nobody_gets_in_while_the_integration_is_off(world: World) -> None:
    world.change_pairing(active=False)
    with pytest.raises(IntegrationInactiveError):
        world.sign_in()
    world.change_pairing(active=True)
    world.sign_in()


def test_an_org_without_a_pairing_is_told_so(world: World) -> None:
    with world.database.write() as uow:
        uow.orgs.save(accounts.org(world.clock, id="00D000000000002EAA"))
        uow.commit()
    world.salesforce.body["organization_id"] = "00D000000000002EAA"
    with pytest.raises(OrgNotPairedError):
        world.sign_in(org_id="00D000000000002EAA")


@pytest.mark.req("R5")
def test_of_two_tenants_of_one_org_each_lets_its_own_agents_in(world: World) -> None:
    world.clock.advance(1)
    world.pair_another()
    assert world.sign_in(n="1").issued.session.pairing_id == "acme-1"
    world.directory.knowing = ["other-1"]
    assert world.sign_in(n="2").issued.session.pairing_id == "other-1"
    world.change_pairing(active=False)
    assert world.sign_in(n="3").issued.session.pairing_id == "other-1"
    world.directory.knowing = []
    with pytest.raises(FccUserUnknownError):
        world.sign_in(n="4")


@pytest.mark.req("R5")
def test_whom_both_tenants_know_is_let_in_where_the_org_was_paired_first(world: World) -> None:
    world.clock.advance(1)
    world.pair_another()
    world.directory.knowing = ["other-1", "acme-1"]
    assert world.sign_in().issued.session.pairing_id == "acme-1"


@pytest.mark.req("R13")
def test_whom_only_a_tenant_knows_that_is_switched_off_is_told_so(world: World) -> None:
    world.pair_another(active=False)
    world.directory.knowing = ["other-1"]
    with pytest.raises(IntegrationInactiveError):
        world.sign_in()


@pytest.mark.req("R5", "R14")
@pytest.mark.assumed("A90")
def test_in_a_sandbox_the_address_counts_without_what_salesforce_appends(world: World) -> None:
    world.change_org(environment="test")
    world.salesforce.body["email"] = "Anna.Nowak@acme.example.invalid"
    assert world.sign_in(n="1").issued.session.email == "Anna.Nowak@acme.example"
    world.salesforce.body["email"] = ""
    world.sign_in(n="2", token=TOKEN + "2", email="anna@acme.example.invalid")
    assert [email for _, email in world.directory.asked] == ["Anna.Nowak@acme.example", "anna@acme.example"]
    world.directory.knowing = []
    with pytest.raises(FccUserUnknownError, match=r"has the e-mail address Anna@acme\.example\."):
        world.sign_in(n="3", token=TOKEN + "3", email="Anna@acme.example.INVALID")


@pytest.mark.req("R14")
def test_a_sandbox_that_is_taken_for_production_is_told(world: World) -> None:
    world.salesforce.body["email"] = "anna@acme.example.invalid"
    assert world.sign_in(n="1").issued.session.email == "anna@acme.example.invalid"
    world.directory.knowing = []
    with pytest.raises(SandboxAddressError, match=r"anna@acme\.example\.invalid"):
        world.sign_in(n="2")


@pytest.mark.req("R4", "R5")
@pytest.mark.parametrize(
    "refusal",
    [FccUserUnknownError(email="a@b.example"), FccUserWrongKindError(email="a@b.example", kind=UserKind.SUPERVISOR)],
    ids=lambda refusal: refusal.code,
)
def test_what_the_directory_refuses_is_refused_and_can_be_tried_again(world: World, refusal: Exception) -> None:
    world.directory.failure = refusal
    with pytest.raises(type(refusal)):
        world.sign_in()
    assert world.sessions() == 0
    world.directory.failure = None
    world.sign_in()


def test_a_page_load_is_accepted_once(world: World) -> None:
    world.sign_in(n="load-1")
    with pytest.raises(CanvasReplayedError):
        world.sign_in(n="load-1")
    world.clock.advance(86_400)
    with pytest.raises(CanvasReplayedError):
        world.sign_in(n="load-1", token=TOKEN + "x")
    assert world.sessions() == 0


def test_five_tabs_of_one_user_all_get_in(world: World) -> None:
    for tab in range(5):
        world.sign_in(n=f"tab-{tab}")
    assert world.sessions() == 5


def test_the_same_n_of_another_user_is_another_load(world: World) -> None:
    world.sign_in(n="load-1")
    world.salesforce.body["user_id"] = OTHER_USER
    world.sign_in(n="load-1", user_id=OTHER_USER, token=TOKEN + "x")


def test_without_n_an_equal_request_is_accepted_for_a_minute(world: World) -> None:
    world.sign_in(n=None)
    world.clock.advance(59)
    world.sign_in(n=None)
    world.clock.advance(1)
    with pytest.raises(CanvasReplayedError):
        world.sign_in(n=None)
    world.sign_in(n=None, token=TOKEN + "x")


@pytest.mark.parametrize("respell", [lambda raw: raw.replace("=.", "."), lambda raw: raw.translate(URL_SAFE)])
def test_without_n_another_spelling_is_the_same_request(world: World, respell: Callable[[str], str]) -> None:
    raw = next(
        raw for raw in (signed_request(n=None, name=f"Anna {number}") for number in range(100)) if "+" in raw[:44]
    )
    signature, dot, payload = raw.partition(".")
    again = respell(signature + dot).rstrip(".") + dot + payload
    assert again != raw
    world.service.sign_in(world.service.open(raw))
    world.clock.advance(61)
    with pytest.raises(CanvasReplayedError):
        world.service.sign_in(world.service.open(again))


@pytest.mark.assumed("A22")
def test_a_renewal_replaces_the_org_token_and_lengthens_the_session(world: World) -> None:
    signed_in = world.sign_in()
    world.clock.advance(800)
    renewed = world.service.renew(signed_in.issued.session, signed_request(n="load-1", token=TOKEN + "2"))
    assert renewed.session.id == signed_in.issued.session.id
    world.clock.advance(800)
    assert world.verify(renewed.token).token == TOKEN + "2"


def test_a_request_that_renewed_a_session_opens_no_other(world: World) -> None:
    signed_in = world.sign_in(n="1")
    world.service.renew(signed_in.issued.session, signed_request(n="2"))
    with pytest.raises(CanvasReplayedError):
        world.sign_in(n="2")


def test_a_used_request_keeps_no_session_longer_than_its_token_is_good_for(world: World) -> None:
    used = signed_request(n="1")
    session = world.service.sign_in(world.service.open(used)).issued.session
    for _ in range(9):
        world.clock.advance(600)
        issued = world.service.renew(session, used)
    assert issued.expires_in == 300
    world.clock.advance(300)
    with pytest.raises(SessionOverError):
        world.service.renew(session, used)


def test_two_used_requests_in_turn_keep_no_session_longer_either(world: World) -> None:
    used = [signed_request(n="1"), signed_request(n="2", token=TOKEN + "2")]
    session = world.service.sign_in(world.service.open(used[0])).issued.session
    for step in range(11):
        world.clock.advance(600)
        issued = world.service.renew(session, used[step % 2])
    assert issued.expires_in == 1200 + 95 * 60 - 6600  # the second token came after 1200 s
    world.clock.advance(300)
    with pytest.raises(SessionOverError):
        world.service.renew(session, used[0])


@pytest.mark.assumed("A22", "A58")
def test_a_request_signed_anew_lengthens_the_session_though_it_brings_the_same_token(world: World) -> None:
    session = world.sign_in().issued.session
    for step in range(20):
        world.clock.advance(600)
        issued = world.service.renew(session, signed_request(n="load-1", name=f"signed at {step}"))
    assert issued.expires_in == 900
    assert issued.session.token_at == session.token_at
    world.salesforce.status = 503
    world.clock.advance(800)
    assert world.service.renew(session, signed_request(n="load-1", name="later")).expires_in == 100


def test_a_token_that_another_tab_brought_first_is_as_old_as_it_was_there(world: World) -> None:
    session = world.sign_in(n="1").issued.session
    world.clock.advance(600)
    world.sign_in(n="2", token=TOKEN + "2")
    came_at = world.clock.now()
    world.clock.advance(200)
    renewed = world.service.renew(session, signed_request(n="1", token=TOKEN + "2")).session
    assert (renewed.token, renewed.token_at) == (TOKEN + "2", came_at)
    again = world.service.renew(session, signed_request(n="1", name="an older one")).session
    assert (again.token, again.token_at) == (TOKEN + "2", came_at)


def test_a_renewal_asks_salesforce_about_the_token_whatever_it_said_before(world: World) -> None:
    session = world.sign_in(n="1").issued.session
    world.salesforce.status = 401
    with pytest.raises(TokenRefusedError):
        world.service.renew(session, signed_request(n="2"))
    with pytest.raises(TokenRefusedError):
        world.sign_in(n="3")
    with world.database.read() as uow:
        left = uow.sessions.get(session.id)
    assert left is not None
    assert left.expires_at - world.clock.now() == timedelta(minutes=5)


def test_another_persons_request_renews_nothing(world: World) -> None:
    signed_in = world.sign_in(n="1")
    with pytest.raises(CanvasIdentityError):
        world.service.renew(signed_in.issued.session, signed_request(n="2", user_id=OTHER_USER))


def test_a_forged_request_renews_nothing(world: World) -> None:
    signed_in = world.sign_in(n="1")
    with pytest.raises(CanvasSignatureError):
        world.service.renew(signed_in.issued.session, signed_request("another secret", n="2"))


@pytest.mark.req("R13")
def test_a_session_is_not_renewed_while_the_integration_is_off(world: World) -> None:
    signed_in = world.sign_in()
    world.change_pairing(active=False)
    with pytest.raises(IntegrationInactiveError):
        world.service.renew(signed_in.issued.session, signed_request(n="2"))


def test_a_session_outlives_salesforces_trouble_up_to_95_minutes(world: World) -> None:
    session = world.sign_in().issued.session
    world.salesforce.status = 503
    for step in range(9):
        world.clock.advance(600)
        issued = world.service.renew(session, signed_request(n=f"again-{step}", token=f"{TOKEN}{step}"))
    assert issued.expires_in == 300
    assert issued.session.token == TOKEN
    world.clock.advance(300)
    with pytest.raises(SessionOverError):
        world.service.renew(session, signed_request(n="late", token=TOKEN + "late"))


def test_a_failed_renewal_leaves_the_session_five_minutes(world: World) -> None:
    session = world.sign_in().issued.session
    world.clock.advance(301)
    world.salesforce.status = 401
    with pytest.raises(TokenRefusedError):
        world.service.renew(session, signed_request(n="2"))
    issued = world.service.renew(session, None)
    assert (issued.expires_in, issued.session.token) == (300, None)


def test_a_token_that_salesforce_refused_is_asked_about_again(world: World) -> None:
    session = world.sign_in(n="1").issued.session
    world.service.org_token_refused(session)
    world.sign_in(n="2")
    assert len(world.salesforce.asked) == 2
