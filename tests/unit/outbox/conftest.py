"""A deliverer on a real database, with an org in memory."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from cti.calllog.carrier import TaskCarrier
from cti.calllog.guard import FieldGuard
from cti.calllog.resolve import Resolver
from cti.calllog.service import CallLogger, LogNews
from cti.outbox.deliverer import Deliverer
from tests.support import accounts
from tests.support.database import make_database
from tests.support.fake_org import FakeOrg, user
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cti.domain.call import Call
    from cti.store.database import Database
    from tests.support.clock import DrivenClock

ORG = accounts.ORG_ID


@dataclass
class World:
    """Everything between a call's change and the org."""

    database: Database
    clock: DrivenClock
    orgs: dict[str, FakeOrg]
    logger: CallLogger
    news: list[tuple[str, int]] = field(default_factory=list)
    deliverers: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = FieldGuard(self.clock, self)

    def fields_missing(self, org_id: str, fields: Collection[str]) -> None:
        pass

    def left_out(self, field: str, why: str) -> None:
        self.told.append((field, why))

    @property
    def org(self) -> FakeOrg:
        return self.orgs[ORG]

    def deliverer(self, **options: Any) -> Deliverer:
        """One more deliverer, as another process would have it."""
        self.deliverers += 1

        class Orgs:
            def org(_self, org_id: str) -> FakeOrg:  # noqa: N805 - `self` is the world's
                return self.orgs[org_id]

        emails = {101: "anna@acme.example", 102: "piotr@acme.example"}
        resolver = Resolver(lambda _tenant, users_id: emails.get(users_id), self.clock)
        return Deliverer(
            self.database,
            {"call": TaskCarrier(Orgs(), resolver, self.guard, self.clock)},
            self.clock,
            owner=f"deliverer-{self.deliverers}",
            random=lambda: 0.0,
            listener=LogNews(lambda _uow, tenant_id, calls: self.news.extend((tenant_id, each) for each in calls)),
            **options,
        )

    def change(self, call: Call) -> None:
        """The call is now like this."""
        with self.database.write() as uow:
            self.logger.call_changed(uow, tenant_id="acme", after=call)
            uow.commit()

    def state(self, call: Call, users_id: int = 101) -> dict[str, Any]:
        with self.database.read() as uow:
            return self.logger.of(uow, tenant_id="acme", calls=[(call, users_id)])[0].to_json()

    def row(self, call: Call, segment: int = 0):
        with self.database.read() as uow:
            return uow.outbox.get(f"{ORG}/acme:{call.calls_id}:{segment}")

    def counts(self) -> dict[str, int]:
        with self.database.read() as uow:
            return uow.outbox.counts()

    def settle(self, deliverer: Deliverer | None = None, limit: int = 60) -> None:
        """Let time pass until nothing waits any more."""
        deliverer = deliverer or self.deliverer()
        for _ in range(limit):
            pause = deliverer.run_once()
            with self.database.read() as uow:
                if uow.outbox.next_due() is None:
                    return
            self.clock.advance(pause)
        raise AssertionError("the outbox never came to rest")


@pytest.fixture(params=DATABASES)
def world(request, tmp_path, clock) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = request.getfixturevalue("postgresql_tables").emptied()
        database = make_database(tmp_path, clock, url=url)
        stack.callback(database.close)
        yield made(database, clock)


def made(database: Database, clock: DrivenClock) -> World:
    accounts.pair(database, clock)
    with database.write() as uow:
        pairing = uow.pairings.get("acme-1")
        uow.pairings.save(replace(pairing, default_user_id=user(9, "x").id))
        uow.commit()
    org = FakeOrg(users=[user(1, "Anna@acme.example"), user(2, "piotr@acme.example"), user(9, "default@acme.example")])
    return World(database, clock, {ORG: org}, CallLogger(clock))
