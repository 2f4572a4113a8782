"""The poller on a real call list: FCC forgets its cursors, and no call is lost for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cti import outgoing
from cti.clock import SystemClock
from cti.pbx.polling import Poller
from cti.pbx.registry import PbxRegistry
from tests.contract.pbx.conftest import simulator
from tests.contract.pbx.stand_in import KEY
from tests.support import accounts
from tests.support.clock import DrivenClock
from tests.support.database import make_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import requests

    from cti.domain.facts import Fact
    from cti.domain.presence import Presence

pytestmark = pytest.mark.assumed("A2", "A21", "A65")


class World:
    """A poller on a database and a simulated FCC of their own; keeps what it read."""

    def __init__(self, url: str, database: Any, http: requests.Session, clock: DrivenClock) -> None:
        self.url, self.database, self.http, self.clock = url, database, http, clock
        with database.write() as uow:
            uow.tenants.save(accounts.tenant(clock, api_key=KEY, base_url=f"{url}/external-api"))
            uow.orgs.save(accounts.org(clock))
            uow.flush()
            uow.pairings.save(accounts.pairing(clock))
            uow.commit()
        self.statuses: dict[int, list[str | None]] = {}
        self.refused: list[str] = []
        registry = PbxRegistry(database, http=http, clock=clock, observer=self)
        self.poller = Poller(database=database, exchange=registry.of, sink=self, activity=self, clock=clock)

    def control(self, path: str, **body: Any) -> Any:
        response = self.http.post(f"{self.url}/_sim/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def poll(self) -> None:
        self.clock.advance(61)
        self.poller.step()

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        for fact in facts:
            assert fact.calls_id is not None
            self.statuses.setdefault(fact.calls_id, []).append(fact.content.get("status"))
        with self.database.write() as uow:
            uow.agents.set_cursor(tenant_id, cursor)
            uow.commit()

    def answered(self, _tenant_id: str, _function: str) -> None: ...

    def failed(self, _tenant_id: str, function: str, error: Any) -> None:
        self.refused.append(f"{function}: {error.reason}")

    def calls_up(self, _tenant_id: str) -> int:
        return 0

    def agents_present(self, _tenant_id: str) -> list[tuple[int, str]]:
        return []

    def last_presence_at(self, _tenant_id: str, _users_id: int) -> datetime | None:
        return None

    def presence_reported(self, tenant_id: str, users_id: int, presence: Presence) -> None: ...


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = DrivenClock(SystemClock().now())
    database = make_database(tmp_path, clock)
    with simulator(tmp_path / "fcc") as url, outgoing.session() as http:
        yield World(url, database, http, clock)
    database.close()


def test_no_call_is_lost_when_fcc_forgets_its_cursors(world: World) -> None:
    first = world.control("inbound", number="+48600100200")["calls_id"]
    world.poll()
    assert world.statuses == {first: [None]}
    world.control(f"calls/{first}/hangup")
    second = world.control("inbound", number="+48600100300")["calls_id"]
    world.control("cursors/forget")
    world.poll()
    assert world.refused == ["fcc-calls-list: Invalid cursor"]
    assert world.statuses[first][-1] == "NO ANSWER"
    assert world.statuses[second] == [None]
    (health,) = world.poller.health()
    assert (health.failures, health.code) == (0, None)
    world.control(f"calls/{second}/hangup")
    world.poll()
    assert world.statuses[second][-1] == "NO ANSWER"
    assert len(world.refused) == 1
