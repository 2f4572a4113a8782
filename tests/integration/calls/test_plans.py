"""How the database goes about what it is asked while calls are up: by an index, never through a whole table."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cti.calllog.service import CallLogger, Waits
from cti.domain.pane_call import CallName
from tests.integration.calls.rig import ANNA, CUSTOMER
from tests.support.postgresql import DATABASES
from tests.support.signed_request import ORG_ID
from tests.support.statements import heard, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork
    from tests.integration.calls.rig import Rig

SMALL = {"tenants", "orgs", "pairings", "agent_panes", "agents", "poll_cursors"}
"""Tables with a row for each tenant, org, pairing or agent, which may be read whole."""
COARSE = re.compile(r"\((tenant_id|state|shrunk|closed|pairing_id|org_id|settled)=\?\)")
"""An index that is used for no more than this leaves nearly everything to be looked through."""
FEW = re.compile(r"ix_calls_(searching|unchecked)")
"""An index of the few calls that something is still to be done for."""
WAITING = re.compile(r"outbox.state IN \(|min\(outbox.lease_until\)")
"""Except what waits for Salesforce: that is found by its states alone, and is few beside what is done."""

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)


def complaints(database: Database, asked: list[tuple[str, object]]) -> list[str]:
    """The statements that read a large table without the help of an index, each with its plan."""
    found = []
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            if not statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            lines = plan(connection, statement, parameters)
            bad = [
                line for line in lines if _reads_all(line) and not ("(state=?)" in line and WAITING.search(statement))
            ]
            if bad:
                found.append("\n  ".join([statement, *bad]))
        connection.rollback()
    return found


def _reads_all(line: str) -> bool:
    """Whether a line of either database's plan goes through a large table, or nearly through it."""
    if FEW.search(line) is not None:
        return False
    scanned = re.search(r"\bSCAN (\w+)|Seq Scan on (\w+)", line)
    if scanned is not None:
        return (scanned[1] or scanned[2]) not in SMALL
    searched = re.search(r"SEARCH (\w+) USING .*", line)
    return searched is not None and searched[1] not in SMALL and COARSE.search(line) is not None


def test_following_a_call_reads_no_table_through(rig: Rig) -> None:
    rig.correlate_by("call-id")
    rig.log = CallLogger(rig.clock, waits=Waits(first=0.0, from_record=0.0))  # type: ignore[assignment]  # the real one
    rig.restart()
    rig.attend(ANNA)
    with heard(rig.database.engine) as asked:
        rig.service.dial(ANNA, CUSTOMER)
        rig.report(ANNA, "dialled", 0.5, direction="outbound", sip_call_id="sip-0")
        rig.store(rig.fcc("created", 0.6, direction="outbound", calls_id=6, users_id=101, sip="sip-0"))
        rig.store(rig.fcc("ended", 0.9, direction="outbound", calls_id=6, users_id=101, status="BUSY"))
        rig.report(ANNA, "ringing", 1)
        rig.store(rig.fcc("created", 1), rig.fcc("ringing", 1.1, users_id=101, sip="sip-1"))
        rig.executor.run()
        rig.service.relate(ANNA, CallName(calls_id=7), None)
        rig.service.snapshot(ANNA)
        rig.store(rig.fcc("ended", 9, users_id=101, status="ANSWERED"))
        rig.room.activity.calls_up("acme")
        rig.room.activity.agents_present("acme")
        rig.room.searches.resume()
        rig.room.upkeep.tick()
        rig.room.retention.redact(rig.clock.now() - timedelta(days=90))
        rig.room.retention.erase_number("acme", CUSTOMER)
    assert len(asked) > 100
    assert complaints(rig.database, asked) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda uow, at: uow.calls.last_ended_of("acme", 101, since=at),
        lambda uow, at: uow.pane_calls.last_settled("acme", 101, number=CUSTOMER, since=at),
        lambda uow, at: uow.calls.attended("acme", [1, 2]),
        lambda uow, at: uow.calls.searching("acme", limit=10),
        lambda uow, at: uow.calls.unchecked(limit=10),
        lambda uow, at: uow.facts.counts("acme", at),
        lambda uow, at: uow.facts.settings_in_force("acme", "acme-1", at),
        lambda uow, at: uow.outbox.next_due(),
        lambda uow, at: uow.outbox.lease("me", until=at, limit=200),
        lambda uow, at: uow.outbox.waiting(),
        lambda uow, at: uow.outbox.of(["a", "b"]),
        lambda uow, at: uow.outbox.forget_attempts(at),
        lambda uow, at: uow.call_logs.of(["a", "b"]),
        lambda uow, at: uow.call_logs.redact(at),
        lambda uow, at: uow.events.missed("acme-1:101", -1),
        lambda uow, at: uow.events.since(5),
        lambda uow, at: uow.events.expire(at),
        lambda uow, at: uow.sessions.live_of("acme-1", 101),
        lambda uow, at: uow.sessions.forget_ended(at),
        lambda uow, at: uow.nonces.first_use(ORG_ID, "005000000000001AAA", "k"),
        lambda uow, at: uow.nonces.forget(at),
    ],
    ids=lambda ask: "-".join(ask.__code__.co_names),
)
def test_nothing_that_goes_on_beside_it_does_either(rig: Rig, ask: Callable[[UnitOfWork, object], object]) -> None:
    with heard(rig.database.engine) as asked, rig.database.write() as uow:
        ask(uow, rig.clock.now())
        uow.flush()
    assert any(statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")) for statement, _ in asked)
    assert complaints(rig.database, asked) == []
