"""What call logs cost in requests to Salesforce, how long a call waits for its first one, and how fast a queue drains.

The whole stack. Calls come in as FCC's webhooks, at 200 a minute, each with three changes that are too far apart to
travel together: it rings, it is answered, it ends. A quick run has a faster clock, the connector's waits with it, so
that as many calls meet in one batch as at the real speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app import build_services
from cti import outgoing
from cti.clock import SystemClock
from cti.domain.facts import Fact
from cti.domain.times import iso
from cti.outbox.embedded import CONCURRENCY
from cti.settings import load
from cti.store.call_logs import CallLogRow
from cti.store.outbox import OutboxRow
from tests.bench.panes import FIRST_AGENT, Pane, beat, open_panes, sign_in, worlds
from tests.support.wait import until
from tools.installation import TENANT, WEBHOOK_PASSWORD, WEBHOOK_USER
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from app import Services

AGENTS = 100
CALLS_A_MINUTE = 200
ANSWERED_S, ENDED_S, WAIT_S = 12.0, 25.0, 10.0
STEADY_FROM_S = ENDED_S + WAIT_S
SENDERS = 8
BATCH = 200
#: A connection that waits for its next event may be closed just when that is sent; FCC would send it again.
ONCE = {"Connection": "close"}
FIRST_CALL, FIRST_DRAINED, CLICKED_CALL = 1_000_000, 2_000_000, 900_000


@dataclass(frozen=True)
class Pace:
    """For how many seconds of life calls begin once their number is steady, and how much faster than life that is."""

    steady: float
    faster: float

    @property
    def calls(self) -> range:
        """The calls."""
        return range(FIRST_CALL, FIRST_CALL + round((STEADY_FROM_S + self.steady) * CALLS_A_MINUTE / 60))


@dataclass(frozen=True)
class Asked:
    """What Salesforce was asked by a moment: everything, and of that searches for callers."""

    everything: int
    searches: int

    @classmethod
    def now(cls, stack: Stack) -> Asked:
        """By now."""
        counted = stack.salesforce("/_sim/counters")
        searches = sum(count for name, count in counted["requests"].items() if name.endswith(" search"))
        return cls(counted["services_data"], searches)


class Events:
    """FCC's side: events sent to the connector's webhook."""

    def __init__(self, http: requests.Session, stack: Stack) -> None:
        self._http = http
        self._stack = stack
        self._clock = SystemClock()

    def send(self, event: str, calls_id: int, **more: Any) -> None:
        """Send one; raises where it is not taken."""
        moment = self._clock.now().isoformat(timespec="milliseconds")
        data = {
            "calls_id": calls_id, "date_time": moment, "campaigns_id": 1, "direction": "inbound", "segment": 0,
            "users_id": FIRST_AGENT + calls_id % AGENTS, "queue": "Obsługa klienta", "number_a": number_of(calls_id),
            "number_b": "+48221110000", "ivr": None, **more,
        }  # fmt: skip
        if event == "CallEnded":
            data |= {"status": "ANSWERED", "cause": 16, "disconnecting_side": "customer", "talk_seconds": 13}
        body = {"eventName": event, "fccInstance": TENANT, "customerId": 1, "version": 1, "createdAt": moment}
        url = f"{self._stack.connector_url}/fcc/{TENANT}/webhook"
        answer = self._http.post(url, json={**body, "data": data}, auth=(WEBHOOK_USER, WEBHOOK_PASSWORD), headers=ONCE)
        answer.raise_for_status()

    def play(self, pace: Pace) -> tuple[Asked, Asked]:
        """Have the calls rung, answered and ended; what was asked when their number became steady, and at its end."""
        plan: list[tuple[float, str, int]] = []
        for number, calls_id in enumerate(pace.calls):
            begins = number * 60 / CALLS_A_MINUTE
            plan += [
                (begins, "CallRinging", calls_id),
                (begins + ANSWERED_S, "CallAnswered", calls_id),
                (begins + ENDED_S, "CallEnded", calls_id),
            ]
        marks = {STEADY_FROM_S: "steady", STEADY_FROM_S + pace.steady: "over"}
        plan += [(due, mark, 0) for due, mark in marks.items()]
        asked: dict[str, Asked] = {}
        begun = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            sent = []
            for due, event, calls_id in sorted(plan):
                time.sleep(max(0.0, due / pace.faster - (time.monotonic() - begun)))
                if calls_id:
                    sent.append(senders.submit(self.send, event, calls_id))
                else:
                    asked[event] = Asked.now(self._stack)
            for each in sent:
                each.result()
        return asked["steady"], asked["over"]


def number_of(calls_id: int) -> str:
    """Every call's customer has another number."""
    return f"+48601{calls_id % 1_000_000:06d}"


def key_of(org_id: str, calls_id: int) -> str:
    """The key of a call's log in the outbox."""
    return f"{org_id}/{TENANT}:{calls_id}:0"


def waits(stack: Stack, org_id: str, calls: range) -> list[float]:
    """Seconds from each call's first change to its Task; waits until all of them are there."""
    keys = [key_of(org_id, calls_id) for calls_id in calls]
    engine = create_engine(stack.environment()["FCC_CONNECTOR_DATABASE_URL"])
    logged = (
        select(OutboxRow.created_at, CallLogRow.created_at)
        .join(CallLogRow, CallLogRow.key == OutboxRow.key)
        .where(OutboxRow.key.in_(keys), CallLogRow.task_id.is_not(None))
    )

    def found() -> list[Any]:
        with Session(engine) as session:
            rows = list(session.execute(logged).all())
        return rows if len(rows) == len(keys) else []

    try:
        rows = until(found, 30, every=0.2, what=f"Tasks of {len(keys)} calls")
    finally:
        engine.dispose()
    return [(saved - put).total_seconds() for put, saved in rows]


# -- at the real rate -------------------------------------------------------------------------------------------------


async def at_work(stack: Stack, http: requests.Session, pace: Pace) -> tuple[Asked, Asked]:
    """Calls for agents whose panes are open, so that each caller is looked for."""
    sessions = await asyncio.to_thread(lambda: [sign_in(http, stack, number) for number in range(AGENTS)])
    panes = await open_panes(stack, sessions)
    beating = asyncio.create_task(beat(panes))
    events = Events(http, stack)
    try:
        await from_record(panes[0], stack, events)
        return await asyncio.to_thread(events.play, pace)
    finally:
        beating.cancel()
        await asyncio.wait({beating}, timeout=5)
        for pane in panes:
            if pane.transport is not None:
                pane.transport.abort()


async def from_record(pane: Pane, stack: Stack, events: Events) -> None:
    """A call that is made from a record on the screen, as far as pane and FCC tell the connector of it."""
    kind, record_id = stack.record("Jan Kowalski")
    record = {"recordId": record_id, "objectType": kind, "recordName": "Jan Kowalski"}
    permit = (await pane.command("dial", number="600 100 200", record=record))["ok"]
    said = {"sipCallId": "bench", "direction": "outbound", "number": permit["number"], "dialId": permit["dialId"]}
    await pane.command("call.report", kind="dialled", at=iso(SystemClock().now()), **said)
    away = {"direction": "outbound", "number_a": "+48220000000", "number_b": permit["number"], "campaigns_id": 9}
    for event in ("CallCreated", "CallRinging", "CallAnswered", "CallEnded"):
        more = {**away, "users_id": FIRST_AGENT, "sip_call_id": "bench", "queue": None}
        await asyncio.to_thread(events.send, event, CLICKED_CALL, **more)


def customers(pace: Pace) -> list[dict[str, Any]]:
    """A contact for every number that will call, so that searches find somebody."""
    return [
        {"type": "Contact", "LastName": f"Klient {calls_id}", "MobilePhone": number_of(calls_id)}
        for calls_id in pace.calls
    ]


# -- a queue that drains ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def services(stack: Stack) -> Iterator[Services]:
    """The connector's own parts on the stack's database, in this process; nothing of them is started."""
    known = stack.environment()
    made = build_services(
        load(
            public_url=known["FCC_CONNECTOR_PUBLIC_URL"],
            secret_key=known["FCC_CONNECTOR_SECRET_KEY"],
            encryption_keys=known["FCC_CONNECTOR_ENCRYPTION_KEYS"],
            database_url=known["FCC_CONNECTOR_DATABASE_URL"],
            outbox_wait_seconds=0.0,
            log_level="ERROR",
        )
    )
    try:
        yield made
    finally:
        made.close()


def end_calls(connector: Services, calls: range) -> None:
    """Calls that ended, all at once, as FCC would tell them after a pause."""
    now = connector.clock.now()
    facts = [
        Fact(
            "fcc", "ended", now, calls_id, None,
            {
                "segment": 0, "users_id": FIRST_AGENT + calls_id % AGENTS, "direction": "inbound", "campaign_id": 1,
                "queue": "Obsługa klienta", "status": "ANSWERED", "cause": "16", "disconnected_by": "customer",
                "started_at": iso(now - timedelta(seconds=3)), "answered_at": iso(now - timedelta(seconds=2)),
                "ended_at": iso(now), "talk_seconds": 2, "number": number_of(calls_id),
            },
        )
        for calls_id in calls
    ]  # fmt: skip
    for start in range(0, len(facts), BATCH):
        connector.calls.facts.store_facts(TENANT, facts[start : start + BATCH])


def drain(connector: Services, count: int) -> float:
    """Call logs a second, the connector's way: lease, send, record, tell the panes; as many at once as it does."""

    def deliver() -> None:
        while connector.deliverer.run_once() == 0:
            pass

    begun = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        for each in [threads.submit(deliver) for _ in range(CONCURRENCY)]:
            each.result()
    seconds = time.perf_counter() - begun
    with connector.database.read() as uow:
        left = {state: rows for state, rows in uow.outbox.counts().items() if state != "done"}
    assert not left, left
    return count / seconds


def push(http: requests.Session, stack: Stack, headers: dict[str, str], tasks: list[dict[str, Any]]) -> float:
    """The same Tasks a second, by a client that does nothing but send them."""
    url = f"{stack.salesforce_url('my')}/services/data/v67.0/composite/sobjects"
    begun = time.perf_counter()
    for start in range(0, len(tasks), BATCH):
        body = {"allOrNone": False, "records": tasks[start : start + BATCH]}
        answer = http.post(url, json=body, headers=headers, timeout=60)
        assert all(row["success"] for row in answer.json()), answer.text[:300]
    return len(tasks) / (time.perf_counter() - begun)


def bare_headers(http: requests.Session, stack: Stack) -> dict[str, str]:
    """The integration user's token."""
    org = stack.salesforce("/_sim/state")["org"]
    form = {"grant_type": "client_credentials", "client_id": org["client_id"], "client_secret": org["client_secret"]}
    answer = http.post(f"{stack.salesforce_url('my')}/services/oauth2/token", data=form)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def rates(http: requests.Session, stack: Stack, rounds: int, count: int) -> list[tuple[float, float]]:
    """Interleaved rounds of both; the first, which learns what the org looks like, is left out."""
    headers = bare_headers(http, stack)
    found = []
    with services(stack) as connector:
        for number in range(rounds + 1):
            calls = range(FIRST_DRAINED + number * count, FIRST_DRAINED + (number + 1) * count)
            end_calls(connector, calls)
            mine = drain(connector, count)
            sample = next(task for task in stack.tasks() if task["FCC_Call_Id__c"] == f"{TENANT}:{calls[0]}:0")
            theirs = push(http, stack, headers, [copy_of(sample, f"bare:{calls_id}:0") for calls_id in calls])
            found.append((mine, theirs))
    return found[1:]


def copy_of(task: dict[str, Any], key: str) -> dict[str, Any]:
    """The fields of a Task that the connector made, for another call."""
    ours = {"TaskSubtype", "CallType", "CallObject", "Subject", "OwnerId", "ActivityDate", "Status", "CallDisposition"}
    ours |= {"CallDurationInSeconds"}
    fields = {name: value for name, value in task.items() if value is not None and (name in ours or name[:4] == "FCC_")}
    return {"attributes": {"type": "Task"}, **fields, "FCC_Call_Id__c": key}


def run(quick: bool) -> list[dict[str, Any]]:
    """Requests a call while the number of calls is steady, the waits, and the drain beside a bare client."""
    pace = Pace(15.0, 5.0) if quick else Pace(60.0, 1.0)
    rounds, count = (3, 400) if quick else (5, 2000)
    settings = {"FCC_CONNECTOR_OUTBOX_WAIT_SECONDS": str(WAIT_S / pace.faster)}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as held:
        http = held.enter_context(outgoing.session())
        world = worlds(Path(name), AGENTS, customers(pace))
        stack = held.enter_context(Stack(Path(name) / "stack", fresh=True, settings=settings, worlds=world))
        org_id = stack.salesforce("/_sim/state")["org"]["id"]
        stack.run("pair", TENANT, org_id, "--log-other-phones", "--no-poll", "--no-check")
        steady, over = asyncio.run(at_work(stack, http, pace))
        waited = waits(stack, org_id, pace.calls)
        clicked = waits(stack, org_id, range(CLICKED_CALL, CLICKED_CALL + 1))
        part = stack.parts["connector"]
        part.signal_group(signal.SIGTERM)
        until(lambda: not part.group_alive(), 15, what="the connector's end")
        drained = rates(http, stack, rounds, count)
    calls = pace.steady * CALLS_A_MINUTE / 60
    everything, searches = over.everything - steady.everything, over.searches - steady.searches
    return [
        _figure("salesforce-requests-with-lookup", everything / calls, "a call"),
        _figure("salesforce-requests-without-lookup", (everything - searches) / calls, "a call"),
        _figure("first-delivery-wait", statistics.median(waited), "s"),
        _figure("first-delivery-wait-worst", max(waited), "s"),
        _figure("first-delivery-wait-from-record", clicked[0], "s"),
        {
            **_figure("call-logs-drained", statistics.median(mine for mine, _ in drained), "1/s"),
            "peer": "bare client, batches of 200",
            "ratio": round(statistics.median(mine / theirs for mine, theirs in drained), 2),
        },
    ]


def _figure(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit}
