"""Whatever fails, whenever: one task a call, complete at the end, and people's edits untouched."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.calllog.service import CallLogger
from cti.salesforce.errors import (
    DailyLimitReachedError,
    OutcomeUnknownError,
    RowLockedError,
    SessionExpiredError,
    TooManyRequestsError,
    UnavailableError,
)
from tests.support import accounts
from tests.support.clock import DrivenClock
from tests.support.database import make_database
from tests.support.fake_org import FakeOrg, user
from tests.unit.calllog import support
from tests.unit.outbox.conftest import ORG, World

CALLS = (1, 2, 3)
MEMORY = Path("/dev/shm")  # where the machine has it: many databases are made and none is kept
STAGES = (
    lambda call: call,
    support.answered,
    lambda call: support.with_segment(support.answered(call), note="notatka"),
    lambda call: support.ended(support.with_segment(support.answered(call), note="notatka")),
)


class Killed(BaseException):
    """The process is gone."""


BEFORE = (
    UnavailableError,
    TooManyRequestsError,
    SessionExpiredError,
    DailyLimitReachedError,
    OutcomeUnknownError,
    Killed,
)
AFTER = (OutcomeUnknownError, Killed)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.sampled_from(CALLS)),
        st.tuples(st.just("run"), st.sampled_from((0.0, 1.0, 10.0, 200.0))),
        st.tuples(st.just("run-before"), st.sampled_from(BEFORE)),
        st.tuples(st.just("run-after"), st.sampled_from(AFTER)),
        st.tuples(st.just("lock"), st.sampled_from(CALLS)),
        st.tuples(st.just("edit"), st.sampled_from(CALLS)),
    ),
    max_size=25,
)


def strike(error):
    def once():
        raise error()

    return once


def run(world, deliverer):
    """One step of a deliverer; a killed one is followed by another."""
    try:
        deliverer.run_once()
    except Killed:
        return world.deliverer()
    finally:
        world.org.before = world.org.after = lambda: None
    return deliverer


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_every_call_ends_as_exactly_one_complete_task(story):
    clock = DrivenClock()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        database = make_database(Path(directory), clock)
        try:
            accounts.pair(database, clock)
            org = FakeOrg(users=[user(1, "anna@acme.example")])
            world = World(database, clock, {ORG: org}, CallLogger(clock))
            tell(world, story)
            for number in CALLS:
                while world.stage[number] < len(STAGES):
                    step(world, number)
            org.refuse = lambda _row: None
            clock.advance(4000)
            world.settle(world.deliverer(), limit=400)
            check(world)
        finally:
            database.close()


def step(world, number):
    world.change(STAGES[world.stage[number]](support.outbound(calls_id=number)))
    world.stage[number] += 1


def tell(world, story):
    world.stage = dict.fromkeys(CALLS, 0)
    world.edited = set()
    deliverer = world.deliverer()
    for what, value in story:
        if what == "advance":
            if world.stage[value] < len(STAGES):
                step(world, value)
        elif what == "edit":
            for task in world.org.tasks.values():
                if task["FCC_Call_Id__c"] == f"acme:{value}:0":
                    task |= {"Subject": "edited", "OwnerId": "005X"}
                    world.edited.add(value)
        elif what == "lock":
            external = f"acme:{value}:0"
            ids = {key for key, task in world.org.tasks.items() if task["FCC_Call_Id__c"] == external}
            world.org.refuse = lambda row, external=external, ids=ids: (
                RowLockedError() if row.get("FCC_Call_Id__c") == external or row.get("Id") in ids else None
            )
        else:
            if what == "run":
                world.clock.advance(value)
            elif what == "run-before":
                world.org.before = strike(value)
            else:
                world.org.after = strike(value)
            deliverer = run(world, deliverer)
            world.org.refuse = lambda _row: None


def check(world):
    assert sorted(task["FCC_Call_Id__c"] for task in world.org.tasks.values()) == [f"acme:{n}:0" for n in CALLS]
    for number in CALLS:
        task = world.org.named(f"acme:{number}:0")
        assert (task["Status"], task["FCC_Outcome__c"], task["Description"]) == ("Zakończone", "ANSWERED", "notatka")
        assert task["CallDurationInSeconds"] == 60
        if number in world.edited:
            assert (task["Subject"], task["OwnerId"]) == ("edited", "005X")
        with world.database.read() as uow:
            assert uow.outbox.get(f"{ORG}/acme:{number}:0").state == "done"
            assert uow.call_logs.get(f"{ORG}/acme:{number}:0").task_id == task["Id"]
