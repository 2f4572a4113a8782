"""What only the composition root ties together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from app import build_services
from cti.accounts import PaneSession
from cti.background import Loop
from cti.directory.service import Directory
from cti.domain.facts import Fact
from cti.domain.salesforce import Access, RowResult
from cti.salesforce.errors import SessionExpiredError
from cti.salesforce.org import SalesforceOrg
from cti.settings import load
from tests.support import accounts
from tests.support.fake_org import TASK_FIELDS
from tests.support.signed_request import ORG_ID, USER_ID
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from app import Services
    from cti.settings import Settings
    from tests.support.clock import DrivenClock


def settings_for(tmp_path: Path) -> Settings:
    return load(
        public_url="http://connector.localhost:1",
        secret_key="a secret that only tests know, long enough",
        encryption_keys=Fernet.generate_key().decode(),
        data_dir=tmp_path,
        retention_days=30,
    )


@pytest.fixture
def services(tmp_path: Path, clock: DrivenClock) -> Iterator[Services]:
    made = build_services(settings_for(tmp_path), clock)
    accounts.pair(made.database, clock)
    yield made
    made.close()


def test_every_loop_is_asked_how_it_is(tmp_path: Path, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[str] = set()
    make = Loop.__init__

    def noted(self: Loop, name: str, *args: Any, **how: Any) -> None:
        made.add(name)
        make(self, name, *args, **how)

    monkeypatch.setattr(Loop, "__init__", noted)
    services = build_services(settings_for(tmp_path), clock, lease_lost=lambda: None)
    services.close()
    assert made == services.loops.to_json().keys()
    assert len(made) >= len(["polling", "upkeep", "deliveries", "events", "panes", "phones", "lease"])


def signed_in(services: Services, clock: DrivenClock) -> PaneSession:
    session = PaneSession(
        id="session-1",
        org_id=ORG_ID,
        pairing_id="acme-1",
        sf_user_id=USER_ID,
        fcc_user_id=101,
        language="pl",
        name="Anna Nowak",
        email="anna@acme.example",
        token="token-of-the-test",
        token_at=clock.now(),
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=15),
        revoked_at=None,
    )
    with services.database.write() as uow:
        uow.sessions.add(session)
        uow.commit()
    return session


def events(services: Services, session: PaneSession) -> list[tuple[str, dict[str, Any]]]:
    with services.database.read() as uow:
        found = [event for event in uow.events.since(0) if event.audience == session.agent.audience]
    return [(event.type, json.loads(event.body)) for event in found]


def test_a_token_that_a_search_finds_refused_has_the_panes_fetch_a_fresh_one(
    services: Services, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_options: Any) -> list[Any]:
        raise SessionExpiredError

    monkeypatch.setattr(SalesforceOrg, "search_phones", refuse)
    session = signed_in(services, clock)
    services.calls.searches._matching.find(session.agent, "+48600100200", ivr=None)
    assert events(services, session) == [("session.expiring", {"in": 300})]
    with services.database.read() as uow:
        kept = uow.sessions.get(session.id)
    assert kept is not None
    assert kept == replace(kept, token=None, expires_at=clock.now() + timedelta(minutes=5))


def test_what_fails_in_the_background_is_not_silent(services: Services) -> None:
    def fail() -> None:
        raise RuntimeError

    with capture_logs() as logs:
        services.background.submit(fail)
        until(lambda: bool(logs), 5, what="the failure to be logged")
    assert logs[0]["event"] == "background-failed"


def test_calls_are_redacted_after_the_days_that_the_settings_name(services: Services, clock: DrivenClock) -> None:
    told = {"direction": "inbound", "number": "+48600100200", "segment": 0, "users_id": 101}
    services.calls.facts.store_facts("acme", [Fact("fcc", "ringing", clock.now(), 7, content=told)])
    services.calls.upkeep.tick()
    clock.advance(29 * 86_400)
    services.calls.upkeep.tick()
    assert number(services) == "+48600100200"
    clock.advance(2 * 86_400)
    services.calls.upkeep.tick()
    assert number(services) == ""


def test_an_agent_whom_salesforce_does_not_know_is_counted_and_the_call_delivered(
    services: Services, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[Mapping[str, Any]] = []

    def create(_org: SalesforceOrg, _table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        created.extend(rows)
        return [RowResult("00T000000000001AAA") for _ in rows]

    has_all = Access(TASK_FIELDS, TASK_FIELDS, TASK_FIELDS)
    monkeypatch.setattr(SalesforceOrg, "access", lambda *_args, **_options: has_all)
    monkeypatch.setattr(SalesforceOrg, "users_by_email", lambda *_: {})
    monkeypatch.setattr(SalesforceOrg, "create", create)
    monkeypatch.setattr(Directory, "user_of_tenant", lambda *_: SimpleNamespace(email="nobody@acme.example"))
    with services.database.write() as uow:
        pairing = uow.pairings.get("acme-1")
        assert pairing is not None
        uow.pairings.save(replace(pairing, log_other_phones=True))
        uow.commit()
    told = {"direction": "inbound", "number": "+48600100200", "segment": 0, "users_id": 101}
    services.calls.facts.store_facts("acme", [Fact("fcc", "answered", clock.now(), 7, content=told)])
    clock.advance(11)
    services.deliverer.run_once()
    assert [row["FCC_Call_Id__c"] for row in created] == ["acme:7:0"]
    assert b'fcc_errors_total{code="salesforce-user-unknown"} 1.0' in services.metrics.render()


def number(services: Services) -> str:
    with services.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
    assert stored is not None
    return stored.call.number


def test_what_was_delivered_is_forgotten_after_as_many_days(services: Services, clock: DrivenClock) -> None:
    with services.database.write() as uow:
        uow.call_logs.saved(
            "k", org_id=ORG_ID, pairing_id="acme-1", task_id="00T000000000001AAA", delivered={"Subject": "+48600100200"}
        )
        uow.commit()
    clock.advance(29 * 86_400)
    services.deliverer.run_once()
    with services.database.read() as uow:
        assert uow.call_logs.get("k").delivered == {"Subject": "+48600100200"}  # type: ignore[union-attr]  # just kept
    clock.advance(2 * 86_400)
    services.deliverer.run_once()
    with services.database.read() as uow:
        assert uow.call_logs.get("k").delivered == {}  # type: ignore[union-attr]  # as above
