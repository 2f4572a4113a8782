"""FCC's webhooks: who may send, what is taken, and that nothing is answered before it is stored."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import argon2
import pytest
from flask import Flask

from cti.pbx.routes import blueprint
from cti.pbx.webhooks import MAX_BODY_BYTES, PasswordCheck, WebhookIntake
from cti.web.errors import install_errors
from cti.web.metrics import Metrics
from tests.contract.pbx.schema import check_event
from tests.integration.calls.rig import ANNA, Rig

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PASSWORD = "webhook-secret-of-the-test"
NOW = "2026-11-22T10:00:00+01:00"
pytestmark = pytest.mark.assumed("A3")


class Door:
    """The webhook's address, as FCC sees it."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.counted: list[str] = []
        self.unreadable: list[tuple[str, str]] = []
        self.passwords = PasswordCheck(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.password_hash = self.passwords.hash(PASSWORD)
        with rig.database.write() as uow:
            tenant = uow.tenants.get("acme")
            assert tenant is not None
            uow.tenants.save(replace(tenant, webhook_password_hash=self.password_hash))
            uow.commit()
        self.intake = WebhookIntake(
            rig.database,
            rig.room.facts,
            clock=rig.clock,
            passwords=self.passwords,
            count=lambda _tenant, event: self.counted.append(event),
            unreadable=lambda where, field: self.unreadable.append((where, field)),
        )
        app = Flask("webhooks")
        metrics = Metrics()
        install_errors(app, metrics)
        app.register_blueprint(blueprint(self.intake, count_error=metrics.error))
        self.client: FlaskClient = app.test_client()

    def send(
        self, body: Any, *, user: str = "fcc", password: str = PASSWORD, tenant: str = "acme", auth: str | None = None
    ) -> TestResponse:
        value = auth if auth is not None else f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/fcc/{tenant}/webhook", data=content, headers={"Authorization": value})


@pytest.fixture
def door(rig: Rig) -> Door:
    return Door(rig)


def event(name: str, data: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    call = {
        "calls_id": 136,
        "date_time": NOW,
        "campaigns_id": 1,
        "direction": "inbound",
        "users_id": 101,
        "queue": "Obsługa klienta",
        "number_a": "+48600100200",
        "number_b": "+48221110000",
        "ivr": None,
        "segment": 0,
    }
    body = {
        "eventName": name,
        "fccInstance": "acme",
        "customerId": 1,
        "version": 1,
        "createdAt": NOW,
        "data": {**call, **(data or {})},
    }
    return {**body, **changes}


STATUS = {"id": 3, "class": "busy", "name": "Zajęty", "since": NOW, "until": None, "calls_id": 136}
ENDED = {
    "status": "ANSWERED",
    "cause": "16",
    "disconnecting_side": "customer",
    "talk_seconds": 60,
    "answered_at": NOW,
    "ended_at": "2026-11-22T10:01:00+01:00",
    "recording": True,
}


@pytest.mark.parametrize(
    ("name", "data", "state"),
    [
        ("CallCreated", {}, "ringing"),
        ("CallRinging", {}, "ringing"),
        ("CallAnswered", {}, "talking"),
        ("CallHeld", {}, "held"),
        ("CallResumed", {}, "talking"),
        ("CallEnded", ENDED, "ended"),
    ],
)
def test_an_event_is_stored_before_it_is_answered(door: Door, name: str, data: dict[str, Any], state: str) -> None:
    body = event(name, data)
    check_event(name, body)
    assert door.send(body).status_code == 204
    with door.rig.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 136)
    assert stored is not None
    assert (stored.call.state.value, stored.call.number) == (state, "+48600100200")
    assert door.counted == [name]


def test_a_status_event_becomes_the_agents_presence(door: Door) -> None:
    door.rig.attend(ANNA)
    body = event("UserStatusChanged") | {"data": {"users_id": 101, "date_time": NOW, "status": STATUS}}
    check_event("UserStatusChanged", body)
    assert door.send(body).status_code == 204
    assert door.rig.snapshot(ANNA)["presence"]["class"] == "busy"
    assert door.intake.heard("acme").presence == door.rig.clock.monotonic()


def test_a_repeated_event_is_taken_and_changes_nothing(door: Door) -> None:
    for _ in range(3):
        assert door.send(event("CallCreated")).status_code == 204
    assert len(door.rig.log.changes) == 1


@pytest.mark.parametrize(
    "body",
    [
        event("SummaryCreated"),
        event("CallCreated", {"calls_id": None}),
        event("UserStatusChanged") | {"data": {"users_id": 101, "date_time": NOW, "status": {}}},
    ],
    ids=["unknown name", "no call id", "no status"],
)
def test_what_is_not_understood_is_kept_and_counted(door: Door, body: dict[str, Any]) -> None:
    assert door.send(body).status_code == 204
    assert door.counted == ["unknown"]
    with door.rig.database.read() as uow:
        assert uow.facts.counts("acme", door.rig.at(-1)) == {"fcc": 1}
    assert door.rig.log.changes == []


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "other"},
        {"password": "wrong"},
        {"password": ""},
        {"tenant": "nobody"},
        {"auth": ""},
        {"auth": "Bearer x"},
        {"auth": "Basic not-base64!"},
        {"auth": "Basic " + base64.b64encode(b"no-colon").decode()},
        {"auth": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
    ],
)
def test_without_the_right_password_nothing_is_taken(door: Door, changes: dict[str, Any]) -> None:
    answer = door.send(event("CallCreated"), **changes)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.get_json()["error"]["code"] == "webhook-refused"
    assert door.rig.log.changes == []


def test_a_password_is_checked_slowly_once_and_quickly_after_that(door: Door) -> None:
    checks = 0
    slow = door.passwords._hasher

    class Counting:
        def verify(self, password_hash: str, password: str) -> bool:
            nonlocal checks
            checks += 1
            return bool(slow.verify(password_hash, password))

    door.passwords._hasher = Counting()  # type: ignore[assignment]  # counts instead
    for _ in range(5):
        assert door.send(event("CallCreated")).status_code == 204
        assert door.send(event("CallCreated"), password="wrong").status_code == 401
    assert checks == 2


def test_a_changed_password_counts_within_seconds(door: Door) -> None:
    door.send(event("CallCreated"))
    with door.rig.database.write() as uow:
        tenant = uow.tenants.get("acme")
        assert tenant is not None
        uow.tenants.save(replace(tenant, webhook_password_hash=door.passwords.hash("another")))
        uow.commit()
    door.rig.clock.advance(6)
    assert door.send(event("CallCreated")).status_code == 401
    assert door.send(event("CallCreated"), password="another").status_code == 204


def test_an_event_of_another_instance_is_refused(door: Door) -> None:
    assert door.send(event("CallCreated", fccInstance="other")).status_code == 403
    assert door.send(event("CallCreated", fccInstance="acme.fcc-online.pl")).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        event("CallCreated", createdAt="yesterday"),
        event("CallCreated") | {"data": []},
        event("", {}),
        {"eventName": "CallCreated"},
    ],
    ids=["empty", "text", "list", "no time", "no data", "no name", "bare"],
)
def test_a_body_that_is_no_event_is_refused(door: Door, body: Any) -> None:
    answer = door.send(body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "webhook-invalid")


def test_a_body_beyond_the_limit_is_refused(door: Door) -> None:
    answer = door.send(event("CallCreated", {"ivr": "1" * MAX_BODY_BYTES}))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "webhook-too-large")


def test_an_event_that_cannot_be_stored_is_not_acknowledged(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(door.rig.room.facts, "store_facts", fail)
    assert door.send(event("CallCreated")).status_code == 500


def test_switched_off_webhooks_are_answered_and_left(door: Door) -> None:
    door.rig.change_pairing(webhooks_enabled=False)
    assert door.send(event("CallCreated")).status_code == 204
    assert door.rig.log.changes == []
    assert door.counted == ["switched-off"]


def test_guessing_passwords_is_cut_short_and_does_not_shut_fcc_out(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert door.send(event("CallCreated")).status_code == 204
    checked: list[str] = []
    matches = door.passwords.matches

    def counting(password: str, password_hash: str) -> bool:
        checked.append(password)
        return matches(password, password_hash)

    monkeypatch.setattr(door.passwords, "matches", counting)
    assert {door.send(event("CallCreated"), password=f"guess-{n}").status_code for n in range(50)} == {401}
    assert len(checked) == 19
    assert door.send(event("CallRinging")).status_code == 204
    door.rig.clock.advance(10)
    assert door.send(event("CallCreated"), password="another").status_code == 401
    assert checked[-1] == "another"


def test_guessing_for_long_does_not_make_fccs_password_one_that_has_to_be_checked_again(door: Door) -> None:
    assert door.send(event("CallCreated")).status_code == 204
    for number in range(1100):
        assert not door.passwords.matches(f"guess-{number}", door.password_hash)
    assert {door.send(event("CallCreated"), password=f"more-{n}").status_code for n in range(50)} == {401}
    assert door.send(event("CallRinging")).status_code == 204


def test_with_a_wrong_user_no_password_is_checked(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.passwords, "matches", lambda *_: pytest.fail("checked"))
    assert door.send(event("CallCreated"), user="somebody").status_code == 401
