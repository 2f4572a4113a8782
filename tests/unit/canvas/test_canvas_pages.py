from __future__ import annotations

import io
import json
import logging
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from app import build_app
from cti.web.logs import configure_logging
from tests.support import accounts
from tests.support.outside import Outside, outside
from tests.support.signed_request import TOKEN, signed_request
from tests.support.wsgi import services_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app import Services
    from tests.support.clock import DrivenClock


@pytest.fixture
def world() -> Iterator[Outside]:
    with outside() as made:
        yield made


@pytest.fixture
def services(tmp_path: Path, clock: DrivenClock, world: Outside) -> Iterator[Services]:
    made = services_for(tmp_path, clock)
    accounts.pair(made.database, clock, my_domain_url=world.my_domain_url, base_url=world.fcc_url)
    yield made
    made.close()


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return build_app(services).test_client()


def post(client: FlaskClient, **changes: Any) -> TestResponse:
    return client.post("/canvas", data={"signed_request": signed_request(**changes)})


class Boot(HTMLParser):
    """Reads the script element `boot` as a browser would."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._inside = False
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and ("id", "boot") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data


def policy(response: TestResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, _, values in (part.partition(" ") for part in parts)}


@pytest.mark.req("R1")
def test_a_good_request_is_answered_with_the_pane_and_a_session(client: FlaskClient, services: Services) -> None:
    response = post(client)
    assert response.status_code == 200
    boot = json.loads(Boot(response.text).text)
    assert services.channel.verify(boot.pop("session")).fcc_user_id == 101
    assert boot.pop("version")
    assert boot == {
        "expiresIn": 900,
        "language": "pl",
        "agent": {"name": "Anna Nowak", "extension": "40312"},
        "origins": {"parent": "http://acme-vf.localhost:1"},
        "channel": "ws://connector.localhost:8000/pane/channel",
        "sip": "ws://connector.localhost:8000/pane/sip",
        "signInSeq": 0,
    }
    assert "/static/dist/pane.0a1b2c3d.js" in response.text


def test_the_pane_may_be_framed_by_its_org_only_and_keeps_nothing(client: FlaskClient, world: Outside) -> None:
    response = post(client)
    rules = policy(response)
    assert rules["frame-ancestors"] == (
        f"http://acme-lightning.localhost:1 http://acme-vf.localhost:1 {world.my_domain_url}"
    )
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self' ws://connector.localhost:8000"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert "X-Frame-Options" not in response.headers
    assert TOKEN not in response.text


def test_a_name_cannot_break_out_of_the_page(client: FlaskClient, world: Outside) -> None:
    name = "</script><script>alert(1)</script>\u2028&\"'"
    world.identities[TOKEN]["name"] = name
    page = post(client).text
    assert json.loads(Boot(page).text)["agent"]["name"] == name
    assert "alert(1)</script>" not in page


def test_the_org_is_asked_by_its_own_name(client: FlaskClient, world: Outside) -> None:
    post(client)
    assert world.hosts == [f"acme-my.localhost:{world.port}", f"fcc.localhost:{world.port}"]


def test_what_salesforce_is_asked_about_a_token_is_in_the_numbers(client: FlaskClient, world: Outside) -> None:
    post(client)
    world.status = 503
    post(client, n="2", token=TOKEN + "x")
    numbers = client.get("/metrics").text
    for status in (200, 503):
        name = f'fcc_salesforce_request_seconds_count{{resource="userinfo",status="{status}"}}'
        assert f"{name} 1.0" in numbers


@pytest.mark.parametrize("language", ["pl", "en_US"])
def test_a_refusal_after_the_signature_speaks_the_users_language(
    client: FlaskClient, world: Outside, language: str
) -> None:
    world.users = []
    response = post(client, language=language)
    assert response.status_code == 403
    assert "<code>fcc-user-unknown</code>" in response.text
    assert ("W FCC nie ma użytkownika" in response.text) == (language == "pl")
    assert ("No FCC user has" in response.text) == (language != "pl")
    assert policy(response)["frame-ancestors"].startswith("http://acme-lightning.localhost:1 ")


def test_a_refusal_before_the_signature_speaks_both_languages_and_names_nobody(client: FlaskClient) -> None:
    response = post(client, secret="another secret")
    assert response.status_code == 403
    assert "<code>canvas-signature-invalid</code>" in response.text
    assert "Podpis zapytania" in response.text
    assert "The signature of the request" in response.text
    assert "Nowak" not in response.text
    assert policy(response)["default-src"] == "'none'"


def test_a_refusal_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    response = client.post("/canvas")
    assert not re.search(r"(src|href)=|@import|url\(", response.text)
    nonce = re.search(r'<style nonce="([^"]+)">', response.text)
    assert nonce is not None
    assert policy(response)["style-src"] == f"'nonce-{nonce.group(1)}'"
    assert f"nonce-{nonce.group(1)}" not in client.post("/canvas").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [(503, 503, "canvas-salesforce-unavailable"), (401, 403, "salesforce-token-refused")],
)
def test_what_salesforce_answers_decides_whether_to_try_again(
    client: FlaskClient, world: Outside, status: int, expected: int, code: str
) -> None:
    world.status = status
    response = post(client)
    assert response.status_code == expected
    assert f"<code>{code}</code>" in response.text
    assert ("Retry-After" in response.headers) == (expected == 503)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({}, 400, "canvas-request-missing"),
        ({"signed_request": "no-dot"}, 400, "canvas-request-malformed"),
        ({"signed_request": signed_request(algorithm="none")}, 400, "canvas-algorithm-unsupported"),
        ({"signed_request": signed_request(org_id="00D000000000002EAA")}, 403, "canvas-org-unknown"),
        ({"signed_request": "x" * 70_000}, 413, "canvas-request-too-large"),
        ({"signed_request": "x" * 300_000}, 413, "canvas-request-too-large"),
        ({"signed_request": "x" * 2_000_000}, 413, "canvas-request-too-large"),
    ],
    ids=["missing", "malformed", "algorithm", "org", "large", "larger", "largest"],
)
def test_each_refusal_is_a_page_with_its_own_code(
    client: FlaskClient, data: dict[str, str], status: int, code: str
) -> None:
    response = client.post("/canvas", data=data)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert f"<code>{code}</code>" in response.text


def test_a_repeated_request_is_refused_on_a_page(client: FlaskClient) -> None:
    assert post(client, n="1").status_code == 200
    again = post(client, n="1")
    assert again.status_code == 403
    assert "<code>canvas-replayed</code>" in again.text


@pytest.mark.parametrize("parameter", ["_sfdc_canvas_auth", "_sfdc_canvas_authvalue"])
def test_an_app_that_waits_for_each_user_is_explained(client: FlaskClient, parameter: str) -> None:
    response = client.get("/canvas", query_string={parameter: "user_approval_required", "loginUrl": "https://x"})
    assert response.status_code == 403
    assert "<code>canvas-user-approval-required</code>" in response.text
    assert "wstępnie autoryzowani" in response.text
    assert "pre-authorized" in response.text


def test_a_visit_without_a_request_is_told_where_the_pane_is(client: FlaskClient) -> None:
    response = client.get("/canvas")
    assert response.status_code == 400
    assert "<code>canvas-request-missing</code>" in response.text


def test_a_failure_nobody_foresaw_is_a_page_without_details(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the token was 00D000000000001!AQEAQ.secret")

    monkeypatch.setattr(services.sign_in, "sign_in", fail)
    response = post(client)
    assert response.status_code == 500
    assert "<code>internal</code>" in response.text
    assert "AQEAQ" not in response.text


def test_a_pane_that_was_not_built_is_named(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "dist" / "manifest.json").unlink()
    response = post(client)
    assert response.status_code == 503
    assert "<code>pane-not-built</code>" in response.text


def test_refusals_are_counted_by_code(client: FlaskClient) -> None:
    client.post("/canvas")
    client.post("/canvas")
    assert 'fcc_errors_total{code="canvas-request-missing"} 2.0' in client.get("/metrics").text


def test_nothing_of_a_request_is_logged(client: FlaskClient, world: Outside) -> None:
    written = io.StringIO()
    configure_logging("DEBUG", written)
    try:
        raw = signed_request()
        client.post("/canvas", data={"signed_request": raw})
        client.post("/canvas?signed_request=" + raw, data={"signed_request": raw + "x"})
        world.status = 503
        client.post("/canvas", data={"signed_request": signed_request(n="2", token=TOKEN + "x")})
    finally:
        root = logging.getLogger()
        root.handlers = [handler for handler in root.handlers if not hasattr(handler, "is_fcc")]
    lines = written.getvalue()
    assert '"signed-in"' in lines
    assert '"sign-in-refused"' in lines
    for part in (*raw.split("."), TOKEN, TOKEN.partition("!")[2], "Nowak", "acme.example"):
        assert part not in lines
