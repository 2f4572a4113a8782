"""Whose token it is, asked at an HTTP server that answers as Salesforce does."""

from __future__ import annotations

import pytest

from cti.domain.salesforce import Identity
from cti.salesforce.errors import IdentityUnavailableError, TokenRefusedError
from cti.salesforce.identity import Identities
from tests.support.json_server import Answer

ANNA = {
    "user_id": "005000000000001",
    "organization_id": "00D8W000000AcmeUAC",
    "email": "anna.nowak@acme.example",
    "name": "Anna Nowak",
    "language": "pl",
}


@pytest.fixture
def identities(http, clock, watch):
    return Identities(http, clock, watch)


def test_userinfo_is_asked_at_the_orgs_own_address_with_the_token_given(identities, row, fake, server):
    fake.answers.append(Answer(body=ANNA))
    assert identities.identify(row, "agents-own") == Identity(
        "005000000000001AAA", "00D8W000000AcmeUAC", "Anna Nowak", "anna.nowak@acme.example", "pl"
    )
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/services/oauth2/userinfo")
    assert request.headers["Host"] == server.url.removeprefix("http://")
    assert request.headers["Authorization"] == "Bearer agents-own"


@pytest.mark.assumed("A23")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(400, {"error": "invalid_request"}), TokenRefusedError),
        (Answer(401, [{"errorCode": "INVALID_SESSION_ID", "message": "x"}]), TokenRefusedError),
        (Answer(403, b"Bad_OAuth_Token"), TokenRefusedError),
        (Answer(404, b""), TokenRefusedError),
        (Answer(302, b"", {"Location": "http://elsewhere.localhost:1/"}), IdentityUnavailableError),
        (Answer(429, b""), IdentityUnavailableError),
        (Answer(500, b""), IdentityUnavailableError),
        (Answer(503, {"error": "unavailable"}), IdentityUnavailableError),
        (Answer(200, b"<html>maintenance</html>"), IdentityUnavailableError),
        (Answer(drop=True), IdentityUnavailableError),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else None,
)
def test_a_bad_token_is_told_from_a_bad_moment(identities, row, fake, answer, kind):
    fake.answers.append(answer)
    with pytest.raises(kind) as caught:
        identities.identify(row, "agents-own")
    assert caught.value.retryable is (kind is IdentityUnavailableError)


def test_a_token_that_no_header_can_carry_is_asked_about_nowhere(identities, row, server):
    with pytest.raises(IdentityUnavailableError):
        identities.identify(row, "zażółć")
    assert server.requests == []


@pytest.mark.parametrize("body", [{}, [], {"user_id": None, "organization_id": 1}, {"user_id": "x"}], ids=str)
def test_an_answer_that_names_nobody_is_nobodys(identities, row, fake, body):
    fake.answers.append(Answer(body=body))
    identity = identities.identify(row, "agents-own")
    assert (identity.user_id, identity.org_id) == ("", "")


def test_each_request_is_in_the_metrics_and_what_is_remembered_is_none(identities, row, fake, watch):
    fake.answers += [Answer(body=ANNA), Answer(403, b"Bad_OAuth_Token"), Answer(drop=True)]
    identities.identify(row, "agents-own")
    identities.identify(row, "agents-own")
    with pytest.raises(TokenRefusedError):
        identities.identify(row, "agents-own", anew=True)
    with pytest.raises(IdentityUnavailableError):
        identities.identify(row, "agents-own")
    assert watch.requests == [("userinfo", 200), ("userinfo", 403), ("userinfo", 0)]
