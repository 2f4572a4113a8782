"""FCC answers 500 for minutes: the numbers and /readyz say so, and the process stays as ready as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import build_app
from tests.contract.pbx.stand_in import KEY, ROW, StandIn
from tests.support import accounts
from tests.support.json_server import Answer, JsonServer
from tests.support.wsgi import services_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from app import Services
    from tests.support.clock import DrivenClock
    from tests.support.json_server import Request


class Fcc:
    """An FCC that answers what it is told to."""

    def __init__(self) -> None:
        self.right = StandIn()
        self.instead: Answer | None = None

    def __call__(self, request: Request) -> Answer:
        return self.instead or self.right(request)


@pytest.fixture
def fcc() -> Fcc:
    return Fcc()


@pytest.fixture
def services(tmp_path: Path, clock: DrivenClock, fcc: Fcc) -> Iterator[Services]:
    with JsonServer(fcc, host="fcc.localhost") as server:
        made = services_for(tmp_path, clock)
        with made.database.write() as uow:
            uow.tenants.save(accounts.tenant(clock, api_key=KEY, base_url=f"{server.url}/external-api"))
            uow.orgs.save(accounts.org(clock))
            uow.flush()
            uow.pairings.save(accounts.pairing(clock))
            uow.commit()
        yield made
        made.close()


def polled(services: Services, clock: DrivenClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1)
        services.polling.turn()


def state(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    told: dict[str, Any] = answer.json["sides"]["fcc"]["acme"]
    return told


def number(client: FlaskClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=500), "unreachable"),
        (Answer(body={"success": False, "message": "nie"}), "refused"),
        (Answer(body=b"<html>"), "nonsense"),
    ],
)
def test_fccs_trouble_is_told_and_leaves_the_process_ready(
    services: Services, fcc: Fcc, clock: DrivenClock, answer: Answer, kind: str
) -> None:
    client = build_app(services).test_client()
    fcc.instead = answer
    polled(services, clock, 100)
    told = state(client)
    assert (told["state"], told["lastSuccessAt"]) == ("failing", None)
    assert told["failing"] == {"fcc-calls-list": f"fcc-{kind}"}
    assert told["callListCode"] == f"fcc-{kind}"
    failures = f'fcc_external_api_failures_total{{function="fcc-calls-list",kind="{kind}"}}'
    assert number(client, failures) >= 3
    fcc.instead = None
    polled(services, clock, 200)
    told = state(client)
    assert (told["state"], told["failing"], told["callListCode"]) == ("ok", {}, None)
    last = number(client, 'fcc_external_api_last_success_timestamp_seconds{tenant="acme"}')
    assert clock.now().timestamp() - last <= 61


@pytest.mark.parametrize(
    "wrong",
    [
        {"answered_at": "0001-01-01T00:00:00+01:00"},
        {"ended_at": "9999-12-31T23:59:59-05:00", "updated_at": "0001-01-01T00:00:00+01:00"},
        {"sip_call_id": "x" * 300, "queue": "a\0b\ud800"},
        {"users_id": 2**63, "talk_seconds": 10**30},
        {"date_time": "2099-01-01T00:00:00Z", "updated_at": "2099-01-01T00:00:00Z"},
    ],
)
def test_a_row_that_cannot_be_read_whole_stops_neither_the_list_nor_its_own_call(
    services: Services, fcc: Fcc, clock: DrivenClock, wrong: dict[str, Any]
) -> None:
    rows = [{**ROW, "calls_id": 201, **wrong}, {**ROW, "calls_id": 202}]
    fcc.instead = Answer(body={"success": True, "calls": rows, "cursor": "c-9"})
    polled(services, clock, 2)
    with services.database.read() as uow:
        found = [uow.calls.by_calls_id("acme", calls_id) for calls_id in (201, 202)]
        assert uow.agents.cursor("acme") == "c-9"
    assert [stored is not None and stored.call.outcome for stored in found] == ["ANSWERED", "ANSWERED"]
    client = build_app(services).test_client()
    assert state(client)["callListCode"] is None
    assert number(client, "fcc_unreadable_fields_total{") >= 1
