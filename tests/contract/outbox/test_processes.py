"""Embedded delivery as real processes, against the Salesforce simulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from cti.clock import SystemClock
from cti.outbox.embedded import EmbeddedDelivery
from cti.store.database import Database
from cti.store.models import metadata
from cti.store.secrets import SecretBox
from tests.contract.outbox.deliverer import make_deliverer
from tests.contract.outbox.support import change
from tests.support import accounts
from tests.support.salesforce_simulator import ROOT
from tests.support.wait import until
from tests.unit.calllog import support

if TYPE_CHECKING:
    from pathlib import Path


class Office:
    """A database paired with the simulator's org, and processes that deliver from it."""

    def __init__(self, directory: Path, sim) -> None:
        self.key = SecretBox.new_key()
        self.url = f"sqlite:///{directory / 'office.db'}"
        self.row = asdict(sim.org_row())
        self.clock = SystemClock()
        self.database = Database(self.url, secrets=SecretBox([self.key]), clock=self.clock)
        with self.database.schema_change() as connection:
            metadata.create_all(connection)
        accounts.pair(self.database, self.clock, org_id=self.row["id"], my_domain_url=self.row["my_domain_url"])

    def change(self, *calls) -> None:
        change(self.database, self.clock, *calls)

    def counts(self):
        with self.database.read() as uow:
            return uow.outbox.counts()

    @contextmanager
    def process(self, owner, *, hang=False, gevent=False, lease=2.0):
        told = {
            "url": self.url,
            "key": self.key,
            "row": self.row,
            "owner": owner,
            "hang": hang,
            "gevent": gevent,
            "lease": lease,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.outbox.deliverer", json.dumps(told)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout.readline().strip() == "ready"
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)
            process.stdout.close()


@pytest.fixture
def office(tmp_path, sim):
    made = Office(tmp_path, sim)
    yield made
    made.database.close()


def live_tasks(sim):
    return [task for task in sim.tasks() if not task.get("IsDeleted")]


def test_a_process_killed_between_sending_and_recording_leaves_exactly_one_task_each(office, sim):
    calls = [support.outbound(calls_id=number) for number in range(20)]
    office.change(*calls)
    with office.process("first", hang=True) as first:
        assert first.stdout.readline().strip() == "sent"
        first.send_signal(signal.SIGKILL)
        first.wait(5)
    assert len(live_tasks(sim)) == 20
    assert office.counts() == {"leased": 20}
    office.change(*(support.ended(support.answered(call)) for call in calls))
    with office.process("second"):
        until(lambda: office.counts() == {"done": 20}, 20, what="everything delivered")
    tasks = live_tasks(sim)
    assert sorted(task["FCC_Call_Id__c"] for task in tasks) == sorted(f"acme:{number}:0" for number in range(20))
    assert {task["Status"] for task in tasks} == {"Completed"}


@pytest.mark.parametrize("gevent", [False, True], ids=["threads", "gevent"])
def test_two_processes_share_the_work_and_do_nothing_twice(office, sim, gevent):
    with office.process("first", gevent=gevent), office.process("second", gevent=gevent):
        for start in range(0, 60, 6):
            office.change(*(support.ended(support.outbound(calls_id=number)) for number in range(start, start + 6)))
        until(lambda: office.counts() == {"done": 60}, 20, what="everything delivered")
    assert len(live_tasks(sim)) == 60


@pytest.mark.parametrize("fault", ["row-lock", "unavailable", "session-expired"])
def test_passing_faults_cost_nothing_but_time(office, sim, fault):
    sim.post("fail", kind=fault, count=1)
    office.change(support.outbound())
    with office.process("first"):
        until(lambda: office.counts() == {"done": 1}, 20, what="delivered")
    sim.post("fail", kind="none")
    assert len(live_tasks(sim)) == 1


def test_the_panes_hear_of_a_saved_log_in_the_transaction_that_records_it(office, sim):
    heard = []
    deliverer = make_deliverer(
        office.database,
        office.row,
        owner="here",
        lease=60,
        news=lambda uow, tenant_id, calls_ids: heard.append((uow.committed, tenant_id, *calls_ids)),
    )
    delivery = EmbeddedDelivery(deliverer, office.database, office.clock)
    delivery.start()
    try:
        office.change(support.outbound())
        until(lambda: heard, 10, what="the news")
        until(lambda: office.counts() == {"done": 1}, 10, what="recorded")
    finally:
        delivery.stop()
    assert heard == [(False, "acme", 1017)]


def test_few_requests_are_needed_for_many_calls(office, sim):
    deliverer = make_deliverer(office.database, office.row, owner="here", lease=60)
    calls = [support.outbound(calls_id=number) for number in range(200)]
    stages = [lambda call: call, support.answered, lambda call: support.ended(support.answered(call))]
    for stage in stages:
        office.change(*map(stage, calls))
        while deliverer.run_once() == 0.0:
            pass
    assert len(live_tasks(sim)) == 200
    assert office.counts() == {"done": 200}
    # Three deliveries a call: one request each for all of them, and what is asked about the org once.
    assert sim.get("counters")["services_data"] <= 0.1 * len(calls)
