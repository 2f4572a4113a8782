from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

import pytest

from simulators.salesforce.org import ORG_ID

if TYPE_CHECKING:
    from simulators.salesforce.org import Org

    from .conftest import Caller, Seconds

GRANT = {
    "grant_type": "client_credentials",
    "client_id": "demo-pairing-key",
    "client_secret": "demo-pairing-secret-b25a",
}


def ask(caller: Caller, **form: str | None) -> tuple[int, dict[str, str]]:
    data = {name: value for name, value in {**GRANT, **form}.items() if value is not None}
    answer = caller.post("/services/oauth2/token", data=data)
    return answer.status_code, answer.get_json()


def test_client_credentials_give_an_opaque_token_without_an_end(my: Caller, org: Org) -> None:
    answer = my.post("/services/oauth2/token", data=GRANT)
    said = answer.get_json()
    assert answer.status_code == 200
    assert set(said) == {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert re.fullmatch(r"00D\w{12}![.\w]+", said["access_token"])
    assert said["token_type"] == "Bearer"
    assert said["instance_url"] == org.site.my_origin
    assert said["issued_at"].isdigit()
    assert len(said["issued_at"]) == 13
    signed = hmac.new(GRANT["client_secret"].encode(), (said["id"] + said["issued_at"]).encode(), hashlib.sha256)
    assert base64.b64decode(said["signature"]) == signed.digest()
    assert answer.headers["Cache-Control"] == "no-cache, no-store"


def test_client_credentials_may_come_as_basic_authentication(my: Caller) -> None:
    basic = base64.b64encode(f"{GRANT['client_id']}:{GRANT['client_secret']}".encode()).decode()
    answer = my.post("/services/oauth2/token", data={"grant_type": "client_credentials"},
                     headers={"Authorization": f"Basic {basic}"})  # fmt: skip
    assert answer.status_code == 200


def test_credentials_given_twice_are_refused(my: Caller) -> None:
    basic = base64.b64encode(f"{GRANT['client_id']}:{GRANT['client_secret']}".encode()).decode()
    answer = my.post("/services/oauth2/token", data=GRANT, headers={"Authorization": f"Basic {basic}"})
    assert answer.get_json()["error"] == "invalid_request"


@pytest.mark.parametrize("host", ["lightning", "vf"])
def test_only_my_domain_gives_client_credentials(host: str, request: pytest.FixtureRequest) -> None:
    status, said = ask(request.getfixturevalue(host))
    assert status == 400
    assert said == {"error": "invalid_grant", "error_description": "request not supported on this domain"}


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"client_id": "someone"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"client_secret": None}, "invalid_client", "client secret required"),
        ({"grant_type": "password"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": None}, "unsupported_grant_type", "grant type not supported"),
        (
            {"client_id": "demo-canvas-key", "client_secret": "demo-canvas-secret-7d1f"},
            "invalid_grant",
            "no client credentials user enabled",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_salesforces_words(
    my: Caller, form: dict[str, str | None], error: str, description: str
) -> None:
    assert ask(my, **form) == (400, {"error": error, "error_description": description})


def test_an_app_without_a_run_as_user_is_refused(my: Caller, org: Org) -> None:
    org.change_settings({"client_credentials": False})
    assert ask(my) == (400, {"error": "invalid_grant", "error_description": "no client credentials user enabled"})


def test_userinfo_tells_whose_the_token_is(api: Caller, org: Org) -> None:
    said = api.get("/services/oauth2/userinfo").get_json()
    assert said["organization_id"] == ORG_ID == org.id
    assert said["preferred_username"] == "fcc.integration@acme.example"
    assert {"sub", "user_id", "nickname", "name", "email", "email_verified", "given_name", "family_name", "zoneinfo",
            "photos", "profile", "picture", "address", "urls", "active", "user_type", "language", "locale", "utcOffset",
            "updated_at"} <= set(said)  # fmt: skip


def test_the_identity_url_of_the_token_answers(api: Caller) -> None:
    url = ask(api)[1]["id"]
    said = api.get(url[url.index("/id/") :]).get_json()
    assert said["username"] == "fcc.integration@acme.example"
    assert said["urls"]["rest"].endswith("/services/data/v{version}/")
    assert said["urls"]["custom_domain"].startswith("http://acme-my.")


@pytest.mark.assumed("A23")
def test_an_expired_token_is_refused_by_rest_with_401_and_by_userinfo_with_403(api: Caller, seconds: Seconds) -> None:
    seconds.value += 7200
    rest = api.get("/services/data/v67.0/limits")
    assert rest.status_code == 401
    assert rest.get_json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    info = api.get("/services/oauth2/userinfo")
    assert (info.status_code, info.get_data(as_text=True)) == (403, "Bad_OAuth_Token")


def test_userinfo_without_a_token_is_refused(my: Caller) -> None:
    answer = my.get("/services/oauth2/userinfo")
    assert (answer.status_code, answer.get_data(as_text=True)) == (403, "Missing_OAuth_Token")


def test_a_revoked_token_no_longer_works(api: Caller) -> None:
    assert api.post("/services/oauth2/revoke", data={"token": api.token}).status_code == 200
    assert api.get("/services/data/v67.0/limits").status_code == 401
    again = api.post("/services/oauth2/revoke", data={"token": api.token})
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_token")
