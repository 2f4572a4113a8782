"""Whatever FCC does instead of answering, the adapter says what it was, and never more than may be said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from cti import outgoing
from cti.pbx.errors import (
    FccDomainRefusedError,
    FccError,
    FccKeyRefusedError,
    FccLoginRefusedError,
    FccNonsenseError,
    FccRefusedError,
    FccUnreachableError,
)
from cti.pbx.fcc_external_api import FccExternalApi
from tests.contract.pbx.stand_in import KEY, READY, ROW, user
from tests.support import accounts
from tests.support.json_server import Answer, JsonServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tests.support.clock import DrivenClock


class Broken:
    """An FCC whose next answer the test names, and the adapter that asks it."""

    def __init__(self, clock: DrivenClock, http: requests.Session) -> None:
        self.answer = Answer()
        self.unreadable: list[tuple[str, str]] = []
        self.server = JsonServer(lambda _: self.answer, host="fcc.localhost")
        tenant = accounts.tenant(clock, api_key=KEY, base_url=f"{self.server.url}/external-api/")
        self.api = FccExternalApi(
            tenant, http=http, clock=clock, count=lambda where, field: self.unreadable.append((where, field))
        )

    def answers(self, body: Any, status: int = 200) -> None:
        self.answer = Answer(status=status, body=body)


@pytest.fixture
def broken(clock: DrivenClock) -> Iterator[Broken]:
    with outgoing.session(timeout=(1.0, 0.3)) as http:
        made = Broken(clock, http)
        with made.server:
            yield made


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"success": False, "message": "nie"}, FccRefusedError),
        (403, {"success": False, "message": "nie"}, FccRefusedError),
        (500, {"success": False, "message": "nie"}, FccUnreachableError),
        (401, b"", FccRefusedError),
        (200, {"success": False, "message": "Not authorised"}, FccRefusedError),
        (200, {"success": False, "message": "User has no status"}, FccRefusedError),
        (200, {"success": False, "message": "Nieznana domena"}, FccDomainRefusedError),
        (403, {"success": False, "message": "Nieznany użytkownik"}, FccLoginRefusedError),
        (200, {"success": False, "message": "User is inactive"}, FccLoginRefusedError),
        (200, {"success": False, "message": "Nieprawidłowy klucz API"}, FccKeyRefusedError),
        (404, b"<html>", FccRefusedError),
        (429, b"", FccUnreachableError),
        (500, b"", FccUnreachableError),
        (503, b"<html>", FccUnreachableError),
        (302, b"", FccNonsenseError),
        (200, b"", FccNonsenseError),
        (200, b"<html>Fatal error", FccNonsenseError),
        (200, [], FccNonsenseError),
        (200, {}, FccNonsenseError),
        (200, {"success": "true", "users": []}, FccNonsenseError),
        (200, {"success": True}, FccNonsenseError),
        (200, {"success": True, "users": {}}, FccNonsenseError),
        (200, {"success": True, "users": None}, FccNonsenseError),
        (200, b"[" * 100_000, FccNonsenseError),
    ],
)
def test_each_kind_of_failure_has_its_error(broken: Broken, status: int, body: Any, error: type[FccError]) -> None:
    broken.answers(body, status)
    with pytest.raises(error) as failed:
        broken.api.users()
    assert type(failed.value) is error
    assert failed.value.function == "fcc-users-list"
    assert "fcc-users-list" in failed.value.message("pl")
    assert failed.value.retryable is (error is FccUnreachableError)


def test_no_answer_in_time_is_unreachable(broken: Broken) -> None:
    broken.answer = Answer(drop=True)
    with pytest.raises(FccUnreachableError):
        broken.api.users()


def test_an_answer_that_stops_in_the_middle_is_unreachable_or_nonsense(broken: Broken) -> None:
    broken.answer = Answer(body=b'{"success":', headers={"Content-Encoding": "gzip"})
    with pytest.raises((FccUnreachableError, FccNonsenseError)):
        broken.api.users()


def test_no_connection_is_unreachable(broken: Broken, clock: DrivenClock) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tenant = accounts.tenant(clock, api_key=KEY, base_url=f"http://fcc.localhost:{port}")
    with outgoing.session(timeout=(0.5, 0.5)) as http, pytest.raises(FccUnreachableError):
        FccExternalApi(tenant, http=http, clock=clock).users()
    del broken


def test_neither_errors_nor_logs_hold_the_key_or_a_hash(broken: Broken) -> None:
    with capture_logs() as logs:
        for body in (
            {"success": False, "message": f"bad hash {'a' * 40} for key {KEY}\nline two"},
            b"<html>",
        ):
            broken.answers(body)
            with pytest.raises(FccError) as failed:
                broken.api.users()
            logs.append({"event": f"{failed.value!r} {failed.value} {vars(failed.value)}", "log_level": "x"})
    text = json.dumps(logs, default=str)
    assert KEY not in text
    assert "a" * 40 not in text
    assert "line two" in text
    sent = json.loads(broken.server.requests[0].body)
    assert sent["hash"] not in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "x"}, "id"),
        ({"id": None}, "id/login"),
        ({"login": None}, "id/login"),
        ({"type": "robot"}, "type"),
        ({"email": {"a": 1}}, "email"),
        ({"active": "może"}, "active"),
    ],
)
def test_a_user_that_cannot_be_read_is_told_and_does_not_hide_the_others(
    broken: Broken, change: dict[str, Any], field: str
) -> None:
    broken.answers({"success": True, "users": [user(101, "anna.nowak", **change), user(102, "piotr"), "x"]})
    assert 102 in [each.id for each in broken.api.users()]
    assert ("fcc-users-list", field) in broken.unreadable
    assert ("fcc-users-list", "users[]") in broken.unreadable


def test_ids_and_flags_in_other_clothes_are_read(broken: Broken) -> None:
    broken.answers({"success": True, "users": [user(0, "anna.nowak@acme", id="101", active=1, extension=40312)]})
    (found,) = broken.api.users()
    assert (found.id, found.login, found.active, found.extension) == (101, "anna.nowak", True, "40312")
    assert broken.unreadable == []


@pytest.mark.parametrize(
    ("change", "field", "rows"),
    [
        ({"calls_id": None}, "calls_id/updated_at", 0),
        ({"updated_at": "wczoraj", "ended_at": None, "answered_at": None, "date_time": None}, "updated_at", 0),
        ({"updated_at": "2026-11-22 10:00:00"}, "updated_at", 1),
        ({"direction": "sideways"}, "direction", 1),
        ({"status": "CONGESTION"}, "status", 1),
        ({"disconnecting_side": "cat"}, "disconnecting_side", 1),
        ({"talk_seconds": "long"}, "talk_seconds", 1),
        ({"talk_seconds": -3}, "talk_seconds", 1),
        ({"answered_at": "0001-01-01T00:00:00+01:00"}, "answered_at", 1),
        ({"updated_at": "9999-12-31T23:59:59-05:00"}, "updated_at", 1),
        ({"updated_at": "2099-01-01T00:00:00Z"}, "updated_at", 1),
        ({"ended_at": "2099-01-01T00:00:00Z"}, "ended_at", 1),
        ({"sip_call_id": "x" * 256}, "sip_call_id", 1),
        ({"users_id": 2**63}, "users_id", 1),
    ],
)
def test_a_call_row_is_read_as_far_as_it_goes(broken: Broken, change: dict[str, Any], field: str, rows: int) -> None:
    broken.answers({"success": True, "calls": [{**ROW, **change}], "cursor": "c"})
    page = broken.api.calls_since(None)
    assert (len(page.facts), page.unread) == (rows, 1 - rows)
    assert field in [name for _, name in broken.unreadable]


@pytest.mark.assumed("A63")
@pytest.mark.parametrize("empty", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00+01:24"])
def test_dates_that_stand_for_none_are_none_in_a_row(broken: Broken, empty: str) -> None:
    row = {**ROW, "status": "NO ANSWER", "answered_at": empty, "talk_seconds": 0, "users_id": None}
    broken.answers({"success": True, "calls": [row], "cursor": "c"})
    (fact,) = broken.api.calls_since(None).facts
    assert "answered_at" not in fact.content
    assert broken.unreadable == []


def test_a_row_that_changed_in_the_future_is_placed_now_and_is_one_however_often_it_is_read(
    broken: Broken, clock: DrivenClock
) -> None:
    broken.answers({"success": True, "calls": [{**ROW, "updated_at": "2099-01-01T00:00:00+01:00"}], "cursor": "c"})
    (first,) = broken.api.calls_since(None).facts
    assert first.at == clock.now()
    clock.advance(60)
    (again,) = broken.api.calls_since(None).facts
    assert again.at == clock.now()
    assert again.identity == first.identity


def test_a_cursor_that_cannot_be_kept_is_nonsense(broken: Broken) -> None:
    broken.answers({"success": True, "calls": [], "cursor": "c" * 1025})
    with pytest.raises(FccNonsenseError):
        broken.api.calls_since(None)


def test_an_answer_with_odd_texts_and_numbers_is_read(broken: Broken) -> None:
    broken.answers(
        b'{"success":true,"users":[{"id":101,"login":"anna\\u0000.nowak","first_name":"\\ud800","x":1e400}]}'
    )
    (found,) = broken.api.users()
    assert (found.login, found.first_name) == ("anna.nowak", "\ufffd")


def test_a_call_row_becomes_a_fact_in_our_words(broken: Broken) -> None:
    broken.answers({"success": True, "calls": [ROW], "cursor": "c"})
    (fact,) = broken.api.calls_since(None).facts
    assert (fact.source, fact.kind, fact.calls_id) == ("list", "row", 136)
    assert fact.content == {
        "segment": 0,
        "users_id": 101,
        "direction": "inbound",
        "campaign_id": 1,
        "queue": "Obsługa klienta",
        "ivr": "1234",
        "status": "ANSWERED",
        "cause": "16",
        "disconnected_by": "customer",
        "started_at": "2026-11-22T09:00:00Z",
        "answered_at": "2026-11-22T09:00:05Z",
        "ended_at": "2026-11-22T09:01:05Z",
        "talk_seconds": 60,
        "recording": True,
        "number": "+48600100200",
        "own_number": "+48221110000",
    }


def test_the_customers_number_is_the_other_sides(broken: Broken) -> None:
    outbound = {**ROW, "direction": "outbound", "number_a": "22 123 45 67", "number_b": "600100200"}
    withheld = {**ROW, "calls_id": 137, "number_a": "anonymous"}
    broken.answers({"success": True, "calls": [outbound, withheld], "cursor": "c"})
    first, second = (fact.content for fact in broken.api.calls_since(None).facts)
    assert (first["number"], first["own_number"]) == ("+48600100200", "+48221234567")
    assert (second.get("number"), second["withheld"]) == (None, True)


@pytest.mark.assumed("A83")
def test_a_row_whose_times_lack_their_offset_is_placed_when_it_came(broken: Broken, clock: DrivenClock) -> None:
    naive = dict.fromkeys(("updated_at", "ended_at", "answered_at", "date_time"), "2026-11-22T10:01:05")
    broken.answers({"success": True, "calls": [{**ROW, **naive}], "cursor": "c"})
    (first,) = broken.api.calls_since(None).facts
    assert first.at == clock.now()
    assert {"started_at", "answered_at", "ended_at"}.isdisjoint(first.content)
    clock.advance(60)
    (again,) = broken.api.calls_since(None).facts
    assert again.identity == first.identity


@pytest.mark.parametrize("status", [None, {}, {"id": 1}, {"id": 1, "class": "sleeping"}, [READY]])
def test_a_status_that_cannot_be_read_is_nonsense(broken: Broken, status: Any) -> None:
    broken.answers({"success": True, "status": status})
    with pytest.raises(FccNonsenseError):
        broken.api.presence("anna.nowak")


def test_a_status_without_its_beginning_begins_now(broken: Broken, clock: DrivenClock) -> None:
    broken.answers({"success": True, "status": {"id": 1, "class": "ready", "name": "W kolejce"}})
    assert broken.api.presence("anna.nowak").since == clock.now()


@pytest.mark.parametrize("sip", [None, {}, {"uri": "sip:x", "username": "x", "password": ""}, []])
def test_incomplete_credentials_are_nonsense(broken: Broken, sip: Any) -> None:
    broken.answers({"success": True, "sip": sip})
    with pytest.raises(FccNonsenseError):
        broken.api.phone_credentials("anna.nowak")


def test_an_endless_answer_is_cut_off(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.pbx.fcc_external_api.MAX_ANSWER_BYTES", 1000)
    broken.answers({"success": True, "users": ["x" * 2000]})
    with pytest.raises(FccNonsenseError):
        broken.api.users()
