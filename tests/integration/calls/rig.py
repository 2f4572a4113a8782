"""What the tests of the calls work with."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cti.accounts import AgentRef
from cti.calls.room import build_calls
from cti.calls.view import NO_LOG
from cti.directory.service import Directory
from cti.domain.facts import Fact
from cti.domain.fcc import Campaign, CampaignMode, FccUser, PhoneCredentials, UserKind
from cti.domain.match import Checked, MatchResult
from cti.domain.pane_call import PaneReport
from cti.domain.presence import Presence, PresenceClass, Status
from cti.domain.record import Record
from cti.domain.times import iso
from tests.support import accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.domain.call import Call
    from cti.pane_events import LogShown
    from cti.store.database import Database
    from tests.support.clock import DrivenClock

CUSTOMER, QUEUE = "+48600100200", "+48221110000"
ANNA = AgentRef("acme-1", "005000000000001AAA", 101)
PIOTR = AgentRef("acme-1", "005000000000002AAA", 102)
STATUSES = (
    Status(1, PresenceClass.READY, "W kolejce"),
    Status(2, PresenceClass.NOT_READY, "Niegotowy"),
    Status(3, PresenceClass.BUSY, "Zajęty"),
    Status(4, PresenceClass.WRAP, "WRAP"),
    Status(5, PresenceClass.PAUSE, "Przerwa obiadowa"),
)
JAN = Record("003000000000001AAA", "Contact", "Jan Kowalski", account_id="001000000000001AAA", reason="mobile")
CASE = Record("500000000000001AAA", "Case", "00001234", contact_id="003000000000001AAA")
ACME = Record("001000000000001AAA", "Account", "ACME")
EWA = Record("003000000000002AAA", "Contact", "Ewa Nowa", reason="phone")


class FakeExchange:
    """Remembers what it was told; `failure` is raised instead of any answer."""

    def __init__(self, clock: DrivenClock) -> None:
        self.clock = clock
        self.present: dict[str, Presence] = {}
        self.told: list[tuple[str, int]] = []
        self.asked: list[str] = []
        self.dropped: list[tuple[str, int]] = []
        self.failure: Exception | None = None
        self.people = [
            FccUser(
                101, "anna.nowak", "anna@x", UserKind.PBX, "Anna", "Nowak", "40312", "+48221234567", "+48221234567"
            ),
            FccUser(102, "piotr.w", "piotr@x", UserKind.PBX, "Piotr", "W", "40318", "+48221234568", "+48221234568"),
            FccUser(103, "ewa.z", "ewa@x", UserKind.PBX, "Ewa", "Z", "40319", "+48221234569", None),
        ]
        self.campaign_list = [Campaign(9, "Poza kampaniami", "outbound", CampaignMode.MANUAL_PHONE)]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    def users(self) -> list[FccUser]:
        self._fail()
        return self.people

    def campaigns(self) -> list[Campaign]:
        self._fail()
        return self.campaign_list

    def statuses(self) -> tuple[Status, ...]:
        self._fail()
        return STATUSES

    def presence(self, login: str) -> Presence:
        self.asked.append(login)
        self._fail()
        return self.present.get(login, Presence(1, PresenceClass.READY, "W kolejce", self.clock.now()))

    def set_presence(self, login: str, status_id: int) -> Presence:
        self._fail()
        self.told.append((login, status_id))
        status = next(each for each in STATUSES if each.id == status_id)
        self.present[login] = Presence(status.id, status.presence_class, status.name, self.clock.now())
        return self.present[login]

    def drop_call(self, login: str, calls_id: int) -> None:
        self._fail()
        self.dropped.append((login, calls_id))

    def phone_credentials(self, login: str) -> PhoneCredentials:
        self._fail()
        return PhoneCredentials(f"sip:{login}@x", login, "secret-of-the-test", "ws://x/sip")


class LaterExecutor:
    """Keeps what it is given until `run`, so that a test decides when the background happens."""

    def __init__(self, clock: DrivenClock) -> None:
        self.clock = clock
        self.waiting: list[Callable[[], Any]] = []
        self.due: list[tuple[float, Callable[[], Any]]] = []

    def submit(self, fn: Callable[[], Any], /) -> Future[Any]:
        self.waiting.append(fn)
        return Future()

    def later(self, seconds: float, fn: Callable[[], Any], /) -> None:
        self.due.append((self.clock.monotonic() + seconds, fn))

    def run(self) -> None:
        """Do what waits, and what is due by now."""
        while True:
            now = self.clock.monotonic()
            self.waiting += [fn for at, fn in self.due if at <= now]
            self.due = [each for each in self.due if each[0] > now]
            if not self.waiting:
                return
            self.waiting.pop(0)()


class FakeMatching:
    def __init__(self) -> None:
        self.result = MatchResult()
        self.asked: list[tuple[int, str, str | None]] = []

    def find(self, agent: Any, number: str, *, ivr: str | None) -> MatchResult:
        self.asked.append((agent.fcc_user_id, number, ivr))
        return self.result


class FakeAccess:
    """Says that agents may read the `records` there are; `failure` is raised instead."""

    def __init__(self) -> None:
        self.records = {record.record_id: record for record in (JAN, EWA, ACME)}
        self.failure: Exception | None = None
        self.asked: list[tuple[str, str, str]] = []

    def check(self, agent: Any, record_id: str, object_type: str) -> Checked:
        self.asked.append((agent.sf_user_id, record_id, object_type))
        if self.failure is not None:
            raise self.failure
        return Checked(self.records.get(record_id))


class FakeCallLog:
    def __init__(self) -> None:
        self.changes: list[Call] = []

    def call_changed(self, _uow: Any, *, tenant_id: str, after: Call) -> None:
        assert tenant_id == "acme"
        self.changes.append(after)

    def of(self, _uow: Any, *, tenant_id: str, calls: Sequence[tuple[Call, int]]) -> list[LogShown]:
        assert tenant_id == "acme"
        return [NO_LOG] * len(calls)


class Rig:
    def __init__(self, database: Database, clock: DrivenClock, *, correlation: str = "none") -> None:
        self.database, self.clock = database, clock
        self.exchange, self.executor = FakeExchange(clock), LaterExecutor(clock)
        self.matching, self.access, self.log = FakeMatching(), FakeAccess(), FakeCallLog()
        self.numbers = 0
        self.start = clock.now()
        accounts.pair(database, clock)
        self.correlate_by(correlation)
        self.restart()

    def restart(self) -> None:
        """A new process on the same database."""
        exchanges = _One(self.exchange)
        self.executor.waiting.clear()
        self.executor.due.clear()
        self.directory = Directory(exchanges, self.database, clock=self.clock)
        self.room = build_calls(
            database=self.database,
            exchanges=exchanges,
            control=exchanges.of,
            directory=self.directory,
            clock=self.clock,
            executor=self.executor,
            matching=self.matching,
            access=self.access,
            call_log=self.log,
            log_view=self.log,
            new_id=self._new_id,
        )
        self.service = self.room.service

    def _new_id(self) -> str:
        self.numbers += 1
        return f"id-{self.numbers}"

    def correlate_by(self, way: str) -> None:
        with self.database.write() as uow:
            tenant = uow.tenants.get("acme")
            assert tenant is not None
            uow.tenants.save(replace(tenant, correlation=way))  # type: ignore[arg-type]  # one of the two words
            uow.commit()

    def change_tenant(self, **values: Any) -> None:
        with self.database.write() as uow:
            tenant = uow.tenants.get("acme")
            assert tenant is not None
            uow.tenants.save(replace(tenant, **values))
            uow.commit()

    def change_pairing(self, **values: Any) -> None:
        with self.database.write() as uow:
            pairing = uow.pairings.get("acme-1")
            assert pairing is not None
            uow.pairings.save(replace(pairing, **values))
            uow.commit()

    def at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def attend(self, *agents: AgentRef) -> None:
        """These agents have a pane, and the background work of signing in is done."""
        for agent in agents:
            self.service.panes_present(agent, True)
        self.executor.run()
        self.exchange.told.clear()

    def wait(self, seconds: float) -> None:
        """Let that long pass, a tenth of a second at a time, and do meanwhile what comes due."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            self.executor.run()

    def fcc(self, kind: str, seconds: float, *, calls_id: int = 7, sip: str | None = None, **content: Any) -> Fact:
        base = {
            "direction": "inbound",
            "number": CUSTOMER,
            "own_number": QUEUE,
            "segment": 0,
            "started_at": iso(self.start),
        }
        return Fact("fcc", kind, self.at(seconds), calls_id, sip, {**base, **content})

    def store(self, *facts: Fact) -> None:
        self.room.facts.store_facts("acme", facts)

    def report(self, agent: AgentRef, kind: str, seconds: float, **fields: Any) -> None:
        said = {"sip_call_id": "sip-1", "direction": "inbound", "number": CUSTOMER, "at": self.at(seconds)} | fields
        behind = seconds - (self.clock.now() - self.start).total_seconds()
        if behind > 0:
            self.clock.advance(behind)
        self.service.report(agent, PaneReport(kind, **said))

    def events(self, agent: AgentRef, kind: str | None = None) -> list[Mapping[str, Any]]:
        import json

        with self.database.read() as uow:
            found = [event for event in uow.events.since(0) if event.audience == agent.audience]
        return [json.loads(event.body) for event in found if kind is None or event.type == kind]

    def calls(self, agent: AgentRef) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.snapshot(agent)["calls"]
        return found

    def snapshot(self, agent: AgentRef) -> dict[str, Any]:
        """What a pane of that agent is shown first."""
        return self.service.snapshot(agent).to_json()


class _One:
    def __init__(self, exchange: FakeExchange) -> None:
        self.exchange = exchange

    def of(self, tenant_id: str) -> FakeExchange:
        assert tenant_id == "acme"
        return self.exchange
