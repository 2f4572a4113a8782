"""What a webhook costs after months of use, beside the same on a new database, and the slowest query of a call.

The connector's own parts on SQLite, without a server. The full database is written through its tables, row by row as
months of calls leave them: facts, projections, agents, dialogs of panes, deliveries and their attempts, and for every
agent dialogs that never found their call. Rounds on the empty and on the full one are interleaved.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import argon2
from sqlalchemy import event

from app import build_services
from cti.accounts import AgentRef
from cti.clock import SystemClock
from cti.domain.facts import Fact
from cti.domain.fold import fold
from cti.domain.pane_call import PaneReport
from cti.domain.presence import Attendance
from cti.domain.times import iso
from cti.settings import load
from cti.store.call_logs import CallLogRow
from cti.store.calls import CallAgentRow, CallRow, call_to_json
from cti.store.facts import FactRow
from cti.store.outbox import OutboxAttemptRow, OutboxRow
from cti.store.pane_calls import PaneCallRow
from cti.store.secrets import SecretBox
from tests.support import accounts
from tests.support.signed_request import ORG_ID
from tests.support.statements import heard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from app import Services

AGENTS = 50
FIRST_AGENT = 101
NEVER_SETTLED = 30
DAYS = 89
CHUNK = 20_000
CUSTOMERS = 40_000
USER, PASSWORD = "fcc", "webhook-password-of-the-bench"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def office(directory: Path) -> Services:
    """A connector whose tenant and org are paired and whose agents have panes now and then; nothing is started."""
    clock = SystemClock()
    made = build_services(
        load(
            public_url="http://connector.localhost:8000",
            secret_key=SecretBox.new_key(),
            encryption_keys=SecretBox.new_key(),
            data_dir=directory,
            log_level="ERROR",
        ),
        clock,
    )
    accounts.pair(made.database, clock)
    with made.database.write() as uow:
        tenant = accounts.tenant(clock, webhook_password_hash=argon2.PasswordHasher().hash(PASSWORD))
        uow.tenants.save(replace(tenant, correlation="call-id"))
        pairing = uow.pairings.get("acme-1")
        assert pairing is not None
        uow.pairings.save(replace(pairing, log_other_phones=True))
        for agent in range(FIRST_AGENT, FIRST_AGENT + AGENTS):
            seen = {"present": False, "seen_at": clock.now()}  # nobody to look callers up for
            uow.agents.save_attendance(Attendance("acme-1", agent, "acme", f"005{agent:015d}", **seen))
        uow.commit()
    return made


# -- months of use -----------------------------------------------------------------------------------------------------


def number_of(some: random.Random) -> str:
    """A customer's number; one in twenty withholds theirs."""
    return "" if some.random() < 0.05 else f"+48601{some.randrange(CUSTOMERS):06d}"


def facts_of(calls_id: int, agent: int, number: str, began: datetime) -> list[Fact]:
    """What FCC reports about one call."""
    base = {
        "direction": "inbound", "number": number, "own_number": "+48221110000", "segment": 0, "users_id": agent,
        "campaign_id": 1, "queue": "Obsługa klienta", "started_at": iso(began), "withheld": not number or None,
    }  # fmt: skip
    moments = (("created", 0), ("ringing", 2), ("answered", 8), ("held", 60), ("resumed", 70))
    told = [Fact("fcc", kind, began + timedelta(seconds=s), calls_id, f"sip-{calls_id}", base) for kind, s in moments]
    over = {**base, "status": "ANSWERED", "cause": "16", "ended_at": iso(began + timedelta(minutes=3))}
    return [*told, Fact("fcc", "ended", began + timedelta(minutes=3), calls_id, f"sip-{calls_id}", over)]


def rows_of(calls: range, now: datetime, some: random.Random) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    """The rows that calls of the past have left, each with its table, as SQLite keeps them."""
    pattern = call_to_json(fold(facts_of(1, FIRST_AGENT, "+48601000001", now)))
    reports = facts_of(1, FIRST_AGENT, "+48601000001", now)
    contents = [json.dumps(dict(fact.content)).replace('"+48601000001"', '"%s"') for fact in reports]
    projection = json.dumps(pattern).replace('"+48601000001"', '"%s"')
    first_of_all = now - timedelta(days=DAYS)
    for calls_id in calls:
        agent, number = FIRST_AGENT + calls_id % AGENTS, number_of(some)
        began = first_of_all + timedelta(days=DAYS - 0.02) * ((calls_id - calls.start) / len(calls))
        start, end = kept(began), kept(began + timedelta(minutes=3))
        key, task = f"call-{calls_id}", f"{ORG_ID}/acme:{calls_id}:0"
        yield CallRow, {
            "key": key, "tenant_id": "acme", "calls_id": calls_id, "state": "ended", "direction": "inbound",
            "number": number, "started_at": start, "ended_at": end, "updated_at": end, "shown": 1,
            "shrunk": 0, "unchecked": 0, "projection": projection % number,
        }  # fmt: skip
        yield CallAgentRow, {"call_key": key, "users_id": agent, "tenant_id": "acme"}
        for fact, content in zip(reports, contents, strict=True):
            at = end if fact.kind == "ended" else start
            yield FactRow, {
                "tenant_id": "acme", "identity": f"{some.getrandbits(256):064x}", "call_key": key,
                "source": fact.source, "kind": fact.kind, "at": at, "calls_id": calls_id,
                "sip_call_id": f"sip-{calls_id}", "content": content % number, "received_at": at,
            }  # fmt: skip
        yield PaneCallRow, dialog_row(f"dialog-{calls_id}", agent, number, start, f"sip-{calls_id}", key)
        yield OutboxRow, {
            "key": task, "kind": "call", "org_id": ORG_ID, "pairing_id": "acme-1", "fields": "{}", "version": 3,
            "state": "done", "run_after": end, "attempts": 0, "uncertain": 0, "created_at": start, "updated_at": end,
        }  # fmt: skip
        yield OutboxAttemptRow, {"key": task, "at": end, "result": "done"}
        yield CallLogRow, {
            "key": task, "org_id": ORG_ID, "pairing_id": "acme-1", "task_id": f"00T{calls_id:015d}", "deleted": 0,
            "closed": 0, "delivered": '{"Subject": "Telefon", "Status": "Completed"}', "created_at": start,
            "updated_at": end,
        }  # fmt: skip
    for agent, each in itertools.product(range(FIRST_AGENT, FIRST_AGENT + AGENTS), range(NEVER_SETTLED)):
        at = kept(now - timedelta(days=DAYS) * ((each + some.random()) / NEVER_SETTLED))
        number = "+48601000000" if each % 2 else number_of(some)
        yield PaneCallRow, dialog_row(f"open-{agent}-{each}", agent, number, at, f"open-{agent}-{each}", None)


def kept(moment: datetime) -> str:
    """A moment as SQLite keeps it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def dialog_row(id_: str, agent: int, number: str, at: str, sip_call_id: str, call_key: str | None) -> dict[str, Any]:
    """A pane's dialog: decided where it has a call."""
    return {
        "id": id_, "tenant_id": "acme", "users_id": agent, "direction": "inbound", "number": number, "at": at,
        "seen_at": at, "sip_call_id": sip_call_id, "call_key": call_key, "settled": int(call_key is not None),
    }  # fmt: skip


def fill(connector: Services, count: int) -> None:
    """Write months of calls, some ten thousand rows at a time."""
    rows = rows_of(range(1, count + 1), connector.clock.now(), random.Random(7))
    with connector.database.engine.connect() as connection:
        while chunk := list(itertools.islice(rows, CHUNK)):
            tables: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
            for table, row in chunk:
                tables.setdefault((table.__tablename__, *row), []).append(tuple(row.values()))
            for (name, *columns), found in tables.items():
                marks = ", ".join("?" * len(columns))
                names = ", ".join(f'"{column}"' for column in columns)
                connection.exec_driver_sql(f"INSERT INTO {name} ({names}) VALUES ({marks})", found)
        connection.commit()


# -- a call of today ---------------------------------------------------------------------------------------------------


def webhooks(calls_id: int, moment: datetime) -> list[bytes]:
    """FCC's events of a call that rings, is answered and ends."""
    data = {
        "calls_id": calls_id, "date_time": iso(moment), "campaigns_id": 1, "direction": "inbound", "segment": 0,
        "users_id": FIRST_AGENT + calls_id % AGENTS, "queue": "Obsługa klienta", "number_a": "+48601000000",
        "number_b": "+48221110000", "sip_call_id": f"sip-{calls_id}",
    }  # fmt: skip
    over = {"status": "ANSWERED", "cause": 16, "disconnecting_side": "customer", "talk_seconds": 1}
    events = (("CallRinging", {}), ("CallAnswered", {}), ("CallEnded", over))
    envelope = {"fccInstance": "acme", "customerId": 1, "version": 1}
    return [
        json.dumps(
            {**envelope, "eventName": name, "createdAt": iso(moment + timedelta(seconds=n)), "data": {**data, **more}}
        ).encode()
        for n, (name, more) in enumerate(events)
    ]


def call(connector: Services, calls_id: int) -> float:
    """Seconds until a webhook of one call is stored, in the mean; the pane's reports in between are not counted."""
    agent = AgentRef("acme-1", "005000000000001AAA", FIRST_AGENT + calls_id % AGENTS)
    moment = connector.clock.now()
    spent = []
    for kind, body in zip(["ringing", "answered", "ended"], webhooks(calls_id, moment), strict=True):
        begun = time.perf_counter()
        connector.intake.take("acme", authorization=BASIC, body=body)
        spent.append(time.perf_counter() - begun)
        now = connector.clock.now()
        report = PaneReport(kind, "inbound", "+48601000000", now, sip_call_id=f"sip-{calls_id}")
        connector.calls.service.report(agent, report)
    return statistics.fmean(spent)


@contextlib.contextmanager
def timed(engine: Engine) -> Iterator[dict[str, list[float]]]:
    """By statement, the seconds that the database took for each that changes something while the block lasts."""
    took: dict[str, list[float]] = {}
    begun: dict[int, float] = {}

    def before(_connection: Any, cursor: Any, *_: Any) -> None:
        begun[id(cursor)] = time.perf_counter()

    def after(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        # Background threads ask too, and one may have begun before anybody listened.
        at = begun.pop(id(cursor), None)
        if at is not None and not statement.startswith("SELECT"):
            took.setdefault(statement, []).append(time.perf_counter() - at)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield took
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def slowest_query(connector: Services, first: int, rounds: int) -> float:
    """Of what the database is asked in a call and beside it, the query that takes longest, in seconds: its median."""
    agent = AgentRef("acme-1", "005000000000001AAA", FIRST_AGENT + first % AGENTS)
    database = connector.database
    with heard(database.engine) as said, timed(database.engine) as took:
        for calls_id in range(first, first + rounds * AGENTS, AGENTS):
            call(connector, calls_id)
        connector.calls.upkeep.tick()
        connector.calls.activity.calls_up("acme")
        with database.read() as uow:
            now = connector.clock.now()
            uow.calls.up_of("acme", agent.fcc_user_id, since=now, pane_since=now)
            uow.calls.last_ended_of("acme", agent.fcc_user_id, since=now - timedelta(minutes=15))
            uow.outbox.next_due()
            uow.outbox.waiting()
            uow.events.missed(agent.audience, 0)
            uow.sessions.live_of("acme-1", agent.fcc_user_id)
    medians = [statistics.median(times) for times in took.values()]
    with database.engine.connect() as connection:
        for statement, parameters in dict(said).items():
            if statement.startswith("SELECT"):
                times = []
                for _ in range(rounds):
                    begun = time.perf_counter()
                    connection.exec_driver_sql(statement, parameters).all()
                    times.append(time.perf_counter() - begun)
                medians.append(statistics.median(times))
    return max(medians)


def run(quick: bool) -> list[dict[str, Any]]:
    """A webhook on a database of 200,000 calls (5,000 in a quick run) beside one on an empty one, and the queries."""
    count, rounds = (5_000, 15) if quick else (200_000, 100)
    with tempfile.TemporaryDirectory() as name:
        empty, full = office(Path(name) / "empty"), office(Path(name) / "full")
        try:
            fill(full, count)
            pairs = []
            for each in range(rounds + 1):
                # Whoever comes second finds the processor warm, so they take turns.
                order = (empty, full) if each % 2 else (full, empty)
                times = {connector: call(connector, 10_000_000 + each) for connector in order}
                pairs.append((times[full], times[empty]))
            slowest = slowest_query(full, 20_000_000, 9)
        finally:
            empty.close()
            full.close()
    pairs = pairs[1:]  # the first one's passwords and statements are new
    return [
        {
            "name": "webhook-on-a-full-database",
            "value": round(statistics.median(mine for mine, _ in pairs) * 1000, 3),
            "unit": "ms",
            "peer": "on an empty one",
            "ratio": round(statistics.median(mine for mine, _ in pairs) / statistics.median(it for _, it in pairs), 2),
        },
        {"name": "slowest-query-on-a-full-database", "value": round(slowest * 1000, 3), "unit": "ms"},
    ]
