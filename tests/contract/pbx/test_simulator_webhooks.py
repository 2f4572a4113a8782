"""The simulator's webhooks and call list, as the connector takes them in: real HTTP both ways."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import argon2
import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from cti import outgoing
from cti.clock import SystemClock
from cti.domain.call import State
from cti.domain.fold import fold
from cti.domain.outcome import Outcome
from cti.pbx.fcc_external_api import FccExternalApi
from cti.pbx.routes import blueprint
from cti.pbx.webhooks import PasswordCheck, WebhookIntake
from cti.web.errors import install_errors
from cti.web.metrics import Metrics
from tests.contract.pbx.schema import check_event
from tests.contract.pbx.stand_in import KEY
from tests.support import accounts
from tests.support.clock import DrivenClock
from tests.support.database import make_database
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cti.domain.facts import Fact
    from cti.domain.presence import Presence

PASSWORD = "webhook-secret-of-the-test"
pytestmark = [pytest.mark.assumed("A2", "A3")]


@pytest.fixture
def clock() -> DrivenClock:
    """The simulator lives in the present, so the connector must too."""
    return DrivenClock(SystemClock().now())


class Listener:
    """The connector's webhook address on loopback; keeps bodies and facts."""

    def __init__(self, database: Any, clock: DrivenClock) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.facts: list[Fact] = []
        passwords = PasswordCheck(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        with database.write() as uow:
            tenant = accounts.tenant(clock, webhook_password_hash=passwords.hash(PASSWORD))
            uow.tenants.save(tenant)
            uow.commit()
        app = Flask("listener")
        app.before_request(lambda: self.bodies.append(request.get_json()))
        metrics = Metrics()
        install_errors(app, metrics)
        intake = WebhookIntake(database, self, clock=clock, passwords=passwords)
        app.register_blueprint(blueprint(intake, count_error=metrics.error))
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://connector.localhost:{self.server.server_port}/fcc/acme/webhook"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def store_facts(self, _tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        assert cursor is None
        self.facts.extend(facts)

    def presence_reported(self, tenant_id: str, users_id: int, presence: Presence) -> None:
        """Not used by webhooks."""

    def of(self, calls_id: int) -> list[Fact]:
        return [fact for fact in self.facts if fact.calls_id == calls_id]


@pytest.fixture
def listener(tmp_path: Path, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    database = make_database(tmp_path, clock)
    accounts.pair(database, clock)
    made = Listener(database, clock)
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join(5)
    database.close()


@pytest.fixture
def control(simulator_url: str, listener: Listener) -> Iterator[Any]:
    with outgoing.session() as http:

        def tell(path: str, body: dict[str, Any]) -> dict[str, Any]:
            response = http.post(f"{simulator_url}/_sim/{path}", json=body)
            assert response.status_code == 200, response.text
            told: dict[str, Any] = response.json() if response.content else {}
            return told

        tell("webhook", {"url": listener.url, "user": "fcc", "password": PASSWORD, "enabled": True})
        yield tell
        tell("webhook", {"url": None})


@pytest.fixture
def api(simulator_url: str, clock: DrivenClock) -> Iterator[FccExternalApi]:
    with outgoing.session() as http:
        tenant = accounts.tenant(clock, api_key=KEY, base_url=f"{simulator_url}/external-api")
        yield FccExternalApi(tenant, http=http, clock=clock)


def test_a_call_nobody_took_is_told_the_same_by_webhooks_and_by_the_list(
    listener: Listener, control: Any, api: FccExternalApi
) -> None:
    calls_id = control("inbound", {"number": "+48600100200", "ivr": "1234"})["calls_id"]
    until(lambda: listener.of(calls_id), 5, what="the first event")
    control(f"calls/{calls_id}/hangup", {})
    until(lambda: any(fact.kind == "ended" for fact in listener.of(calls_id)), 5, what="the last event")
    for body in listener.bodies:
        check_event(body["eventName"], body)
    told = fold(listener.of(calls_id))
    rows = [fact for fact in api.calls_since(None).facts if fact.calls_id == calls_id]
    listed = fold(rows)
    for call in (told, listed):
        assert (call.state, call.number, call.ivr) == (State.ENDED, "+48600100200", "1234")
        assert call.outcome in {Outcome.NO_ANSWER, Outcome.FAILED}
        assert call.segments[0].agent_users_id is None
    assert told.outcome == listed.outcome
    for one, other in ((told.started_at, listed.started_at), (told.ended_at, listed.ended_at)):
        assert one is not None
        assert other is not None
        assert abs((one - other).total_seconds()) < 0.5


def test_a_withheld_caller_has_no_number(listener: Listener, control: Any) -> None:
    calls_id = control("inbound", {"number": "anonymous"})["calls_id"]
    until(lambda: listener.of(calls_id), 5, what="the first event")
    control(f"calls/{calls_id}/hangup", {})
    call = fold(listener.of(calls_id))
    assert (call.withheld, call.number) == (True, "")


@pytest.mark.assumed("A6")
def test_a_changed_status_is_told(listener: Listener, control: Any, api: FccExternalApi) -> None:
    del control
    wanted = 5 if api.presence("anna.nowak").id != 5 else 6
    api.set_presence("anna.nowak", wanted)
    found = until(
        lambda: [fact for fact in listener.facts if fact.kind == "presence" and fact.content["users_id"] == 101],
        5,
        what="the status event",
    )
    assert found[-1].content["presence"]["id"] == wanted
    for body in listener.bodies:
        check_event(body["eventName"], body)
