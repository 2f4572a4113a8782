from __future__ import annotations

import io
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, jsonify, request
from sqlalchemy import delete

from app import build_app
from cti.calllog.errors import PackageMissingError
from cti.errors import ConnectorError
from cti.store import keys
from cti.store.database import Database
from cti.store.keys import CanaryRow
from cti.store.secrets import SecretBox
from cti.web.body import RequestBody
from cti.web.install import install
from cti.web.metrics import Metrics
from tests.support import accounts
from tests.support.fake_org import TASK_FIELDS, FakeOrg
from tests.support.wsgi import services_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from app import Services
    from tests.support.clock import DrivenClock


class PretendError(ConnectorError):
    code = "pretend"
    http_status = 409
    pl = "Numer {tail} jest zajęty."
    en = "The number {tail} is busy."


@pytest.fixture
def make(tmp_path: Path, clock: DrivenClock) -> Iterator[Callable[..., FlaskClient]]:
    made: list[Services] = []

    def build(**settings: Any) -> FlaskClient:
        services = services_for(tmp_path, clock, **settings)
        made.append(services)
        app = build_app(services)

        @app.get("/test/refused")
        def refused() -> None:
            raise PretendError(tail="…00")

        @app.get("/test/broken")
        def broken() -> None:
            raise RuntimeError("password=hunter2")

        @app.post("/test/echo")
        def echo() -> Any:
            return jsonify(length=len(request.get_data()), remote=request.remote_addr, scheme=request.scheme)

        return app.test_client()

    yield build
    for services in made:
        services.close()


@pytest.fixture
def client(make: Callable[..., FlaskClient]) -> FlaskClient:
    return make()


@pytest.mark.parametrize(
    ("language", "message"),
    [("pl", "Numer …00 jest zajęty."), ("en", "The number …00 is busy."), ("de", "The number …00 is busy.")],
)
def test_errors_have_one_shape(client: FlaskClient, language: str, message: str) -> None:
    answer = client.get("/test/refused", headers={"Accept-Language": language})
    assert answer.status_code == 409
    assert answer.json == {
        "error": {"code": "pretend", "message": message},
        "requestId": answer.headers["X-Request-ID"],
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not-found"),
        ("GET", "/test/echo", 405, "method-not-allowed"),
        ("GET", "/static/dist/none.js", 404, "not-found"),
        ("GET", "/test/broken", 500, "internal"),
    ],
)
def test_every_failure_has_that_shape(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.json is not None
    assert set(answer.json) == {"error", "requestId"}
    assert answer.json["error"]["code"] == code
    assert "hunter2" not in answer.text


def test_a_body_beyond_the_limit_is_refused(make: Callable[..., FlaskClient]) -> None:
    client = make(max_request_bytes=65_536)
    assert client.post("/test/echo", data=b"x" * 65_536).json == {
        "length": 65_536,
        "remote": "127.0.0.1",
        "scheme": "http",
    }
    answer = client.post("/test/echo", data=b"x" * 65_537)
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["error"]["code"] == "request-too-large"


@pytest.mark.parametrize("path", ["/healthz", "/test/refused", "/nothing", "/static/dist/none.js"])
def test_every_answer_is_protected(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_behind_https_browsers_are_told_to_stay_there(make: Callable[..., FlaskClient]) -> None:
    headers = make(public_url="https://connector.example.com").get("/healthz").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_files_with_hashed_names_are_kept_by_browsers_and_others_asked_for(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    (tmp_path / "static").mkdir()
    for name in ("pane.0a1b2c3d.js", "beat.worker-1A2B3C4D.js", "plain.js"):
        (tmp_path / "static" / name).write_text("1")
    app = Flask("cti", static_folder=str(tmp_path / "static"))
    install(app, services.settings, Metrics(), clock)
    client = app.test_client()
    kept = "public, max-age=31536000, immutable"
    for name, expected in (
        ("pane.0a1b2c3d.js", kept),
        ("beat.worker-1A2B3C4D.js", kept),
        ("plain.js", "no-cache"),
        ("gone.0a1b2c3d.js", "no-cache"),
    ):
        with client.get(f"/static/{name}") as answer:
            assert answer.headers["Cache-Control"] == expected, name
    services.close()


def test_request_ids_are_made_here_unless_a_trusted_proxy_gives_one(make: Callable[..., FlaskClient]) -> None:
    given = {"X-Request-ID": "given-by-proxy"}
    own = make().get("/healthz", headers=given).headers["X-Request-ID"]
    assert own not in {"", "given-by-proxy"}
    trusting = make(trusted_proxy_hops=1)
    assert trusting.get("/healthz", headers=given).headers["X-Request-ID"] == "given-by-proxy"
    assert trusting.get("/healthz", headers={"X-Request-ID": "bad\tid <"}).headers["X-Request-ID"] != "bad\tid <"


@pytest.mark.parametrize(
    ("hops", "forwarded", "remote"),
    [(0, "10.0.0.9", "127.0.0.1"), (1, "10.0.0.9", "10.0.0.9"), (1, "6.6.6.6, 10.0.0.9", "10.0.0.9")],
)
def test_only_trusted_proxies_are_believed(
    make: Callable[..., FlaskClient], hops: int, forwarded: str, remote: str
) -> None:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    answer = make(trusted_proxy_hops=hops).post("/test/echo", headers=headers).json
    assert answer is not None
    assert (answer["remote"], answer["scheme"]) == (remote, "https" if hops else "http")


def test_a_living_process_says_so(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"alive": True}


def test_a_process_with_its_tables_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    checks = {"database": "ok", "writing": "ok", "migrations": "ok", "keys": "ok", "background": "ok"}
    assert answer.json is not None
    assert (answer.status_code, answer.json["ready"], answer.json["checks"]) == (200, True, checks)
    assert 'fcc_ready{check="writing"} 1.0' in client.get("/metrics").text


def test_a_process_without_its_tables_is_not_ready(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    with services.database.schema_change() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    answer = build_app(services).test_client().get("/readyz", headers={"X-Forwarded-For": "10.0.0.9"})
    checks = {"database": "ok", "writing": "ok", "migrations": "failed", "keys": "ok", "background": "ok"}
    assert (answer.status_code, answer.json) == (503, {"ready": False, "checks": checks})
    services.close()


def test_a_process_whose_keys_are_not_those_of_its_database_any_more_is_not_ready(
    tmp_path: Path, clock: DrivenClock
) -> None:
    services = services_for(tmp_path, clock)
    other = Database(services.settings.database, secrets=SecretBox([SecretBox.new_key()]), clock=clock)
    with services.database.schema_change() as connection:
        connection.execute(delete(CanaryRow))
    keys.settle(other)
    other.close()
    answer = build_app(services).test_client().get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["checks"]["keys"]) == (503, "failed")
    assert "are not those of its database" in answer.json["problems"]["keys"]
    services.close()


def test_a_process_says_what_it_is_not_ready_for(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    client = build_app(services).test_client()
    services.database._room = lambda _: 3_000_000
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["ready"]) == (503, False)
    assert answer.json["checks"] == {
        "database": "ok",
        "writing": "failed",
        "migrations": "ok",
        "keys": "ok",
        "background": "ok",
    }
    assert answer.json["problems"] == {
        "writing": "The disk of the FCC connector's database has only 3 MB left. An administrator has to make room."
    }
    assert 'fcc_ready{check="writing"} 0.0' in client.get("/metrics").text
    (tmp_path / "data" / "connector.db").unlink()
    answer = client.get("/readyz")
    assert answer.json is not None
    assert answer.json["checks"]["database"] == "failed"
    assert "was deleted or replaced" in answer.json["problems"]["database"]
    services.close()


def test_whoever_comes_from_outside_learns_whether_the_process_is_ready_and_not_why(
    tmp_path: Path, clock: DrivenClock
) -> None:
    services = services_for(tmp_path, clock, metrics_token="let-me-see-the-numbers")
    client = build_app(services).test_client()
    services.database._room = lambda _: 3_000_000
    outside = {"X-Forwarded-For": "10.0.0.9"}
    answer = client.get("/readyz", headers=outside)
    checks = {"database": "ok", "writing": "failed", "migrations": "ok", "keys": "ok", "background": "ok"}
    assert (answer.status_code, answer.json) == (503, {"ready": False, "checks": checks})
    for allowed in ({}, outside | {"Authorization": "Bearer let-me-see-the-numbers"}):
        answer = client.get("/readyz", headers=allowed)
        assert answer.json is not None
        assert "3 MB" in answer.json["problems"]["writing"]
    services.close()


def test_each_loop_in_the_background_tells_how_it_is_and_one_that_ended_is_seen(
    tmp_path: Path, clock: DrivenClock
) -> None:
    services = services_for(tmp_path, clock)
    client = build_app(services).test_client()
    services.polling.turn()
    answer = client.get("/readyz")
    assert answer.json is not None
    told = answer.json["background"]
    assert told["fcc-polling"]["lastRunAt"] == "2026-11-22T09:00:00Z"
    assert (told["call-upkeep"]["alive"], told["call-upkeep"]["restarts"]) == (False, 0)
    assert "background" not in client.get("/readyz", headers={"X-Forwarded-For": "10.0.0.9"}).json
    services.polling.stop()
    answer = client.get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["checks"]["background"]) == (503, "failed")
    assert "stands still (fcc-polling)" in answer.json["problems"]["background"]
    services.close()


def test_what_cannot_be_stored_now_is_to_be_sent_again(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    password = services.intake._passwords.hash("webhook-password-of-the-test")
    accounts.pair(services.database, clock)
    with services.database.write() as uow:
        uow.tenants.save(accounts.tenant(clock, webhook_password_hash=password))
        uow.commit()
    services.database._sleep = lambda _: None
    other = sqlite3.connect(tmp_path / "data" / "connector.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    services.calls.facts._patience = 0.0
    data = {"calls_id": 7, "direction": "inbound", "users_id": 101, "segment": 0, "number_a": "+48600100200"}
    told = {"eventName": "CallRinging", "fccInstance": "acme", "createdAt": clock.now().isoformat(), "data": data}
    client = build_app(services).test_client()
    auth = ("fcc", "webhook-password-of-the-test")
    answer = client.post("/fcc/acme/webhook", json=told, auth=auth)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert answer.json is not None
    assert answer.json["error"]["code"] == "database-busy"
    other.execute("ROLLBACK")
    other.close()
    assert client.post("/fcc/acme/webhook", json=told, auth=auth).status_code == 204
    services.close()


def test_what_an_org_lacks_is_named_and_leaves_the_process_ready(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    org = FakeOrg(fields=TASK_FIELDS - {"FCC_Queue__c"})
    services.fields.takes("00D000000000001EAA", org)
    client = build_app(services).test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    assert answer.json["sides"] == {
        "salesforce": {"00D000000000001EAA": {"fields_missing": ["FCC_Queue__c"], "code": "call-log-fields-missing"}}
    }
    missing = b'fcc_salesforce_fields_missing{field="FCC_Queue__c",org="00D000000000001EAA"} 1.0'
    assert missing in client.get("/metrics").data
    assert "sides" not in client.get("/readyz", headers={"X-Forwarded-For": "10.0.0.9"}).json
    assert "sides" not in client.get("/readyz", environ_base={"REMOTE_ADDR": "10.0.0.9"}).json
    clock.advance(301)
    org.fields = TASK_FIELDS
    services.fields.takes("00D000000000001EAA", org)
    assert "sides" not in client.get("/readyz").json
    assert b"fcc_salesforce_fields_missing{" not in client.get("/metrics").data
    services.close()


def test_an_org_without_the_package_is_named(tmp_path: Path, clock: DrivenClock) -> None:
    services = services_for(tmp_path, clock)
    with pytest.raises(PackageMissingError):
        services.fields.takes("00D000000000001EAA", FakeOrg(fields=TASK_FIELDS - {"FCC_Call_Id__c"}))
    (trouble,) = build_app(services).test_client().get("/readyz").json["sides"]["salesforce"].values()
    assert trouble == {"fields_missing": ["FCC_Call_Id__c"], "code": "call-log-package-missing"}
    services.close()


def test_numbers_need_a_token_where_others_than_this_machine_are_served(make: Callable[..., FlaskClient]) -> None:
    """Behind a proxy everybody calls from this machine, whether or not the proxy says for whom."""
    assert make(public_url="https://connector.example.com").get("/metrics").status_code == 404
    assert make(public_url="https://connector.example.com", metrics_token="").get("/metrics").status_code == 404
    client = make()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 404
    for name in ("X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"):
        assert client.get("/metrics", headers={name: "10.0.0.9"}).status_code == 404
    guarded = make(metrics_token="let-me-see-the-numbers")
    assert guarded.get("/metrics").status_code == 404
    right = {"Authorization": "Bearer let-me-see-the-numbers"}
    assert guarded.get("/metrics", headers=right, environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 200
    assert guarded.get("/metrics", headers={"Authorization": "Bearer ż"}).status_code == 404


@pytest.mark.parametrize("error", [ValueError("chunk"), OSError("gone"), RuntimeError("anything")])
def test_a_body_that_cannot_be_read_is_the_callers_fault(client: FlaskClient, error: Exception) -> None:
    class Broken:
        def read(self, _size: int = -1) -> bytes:
            raise error

    environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True}
    answer = client.post("/test/echo", environ_overrides=environ)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad-request")


def test_a_body_is_read_in_lines_too() -> None:
    body = RequestBody(io.BytesIO(b"a\nb\nc"))
    assert body.readline() == b"a\n"
    assert body.readlines() == [b"b\n", b"c"]
    assert (body.read(), body.read(1)) == (b"", b"")


def test_answers_are_counted_by_route_and_errors_by_code(client: FlaskClient) -> None:
    client.get("/test/refused")
    client.get("/secret/path/600100200")
    client.open("/test/refused", method="BREW")
    text = client.get("/metrics").text
    assert 'fcc_errors_total{code="pretend"} 1.0' in text
    assert 'fcc_http_request_seconds_count{method="GET",route="/test/refused",status="409"} 1.0' in text
    assert 'route="(none)",status="404"' in text
    assert "600100200" not in text
    assert "BREW" not in text
