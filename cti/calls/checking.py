"""Whether an agent may read the records that their pane names, and whom those really concern.

A pane's word ties nothing. Salesforce is asked beside the call, as the agent, and what it says becomes a fact; only
then does the call's log refer to the record. While Salesforce cannot be asked, the question is put again until the call
is past its retention.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.accounts import AgentRef
from cti.calls.work import Check, Entry
from cti.domain.facts import Fact
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cti.background import Background
    from cti.calls.fact_writer import FactWriter
    from cti.calls.ports import Access
    from cti.clock import Clock
    from cti.domain.match import Checked
    from cti.domain.record import Claim
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
ROUND: Final = 200
"""So many calls are looked at in one round, the newest first."""

_log = structlog.get_logger("cti.calls")


@dataclass(slots=True)
class _Trial:
    """How often a record could not be checked, and when the next try is due (monotonic seconds)."""

    failures: int = 0
    due: float = 0.0
    running: bool = False


class RecordChecks:
    """Has records checked in the background, each once at a time. Safe to share between threads.

    `writer` stores what is found, `executor` runs what may take seconds.
    """

    def __init__(
        self, database: Database, access: Access, writer: FactWriter, *, clock: Clock, executor: Background
    ) -> None:
        self._database = database
        self._access = access
        self._writer = writer
        self._clock = clock
        self._executor = executor
        self._lock = threading.Lock()
        self._trials: dict[tuple[str, int, str], _Trial] = {}
        self._round_running = False

    def start(self, check: Check) -> None:
        """Have a record checked soon, unless it is being checked or its next try is not due."""
        if self._take(check):
            self._executor.submit(lambda: self._run(check))

    def tick(self) -> None:
        """Try again what is due; the regular work, with whatever the last process left unfinished."""
        with self._lock:
            if self._round_running:
                return
            self._round_running = True
        self._executor.submit(self._round)

    # -- one check ------------------------------------------------------------------------------------------------

    def _take(self, check: Check) -> bool:
        mark = (check.tenant_id, check.claim.users_id, check.claim.record_id)
        with self._lock:
            trial = self._trials.setdefault(mark, _Trial())
            if trial.running or self._clock.monotonic() < trial.due:
                return False
            trial.running = True
        return True

    def _run(self, check: Check) -> bool:
        """Check a claimed record and keep the answer; False when there was none."""
        mark = (check.tenant_id, check.claim.users_id, check.claim.record_id)
        done = False
        try:
            done = self._ask(check)
        finally:
            with self._lock:
                if done:
                    self._trials.pop(mark, None)
                else:
                    trial = self._trials.setdefault(mark, _Trial())
                    trial.running = False
                    trial.due = self._clock.monotonic() + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**trial.failures)
                    trial.failures = min(trial.failures + 1, 16)
        return done

    def _ask(self, check: Check) -> bool:
        claim = check.claim
        with self._database.read() as uow:
            sf_user_id = claim.sf_user_id or _user_of(uow, check.tenant_id, claim)
        if sf_user_id is None:
            return False
        try:
            agent = AgentRef(claim.pairing_id, sf_user_id, claim.users_id)
            checked = self._access.check(agent, claim.record_id, claim.object_type)
        except ConnectorError as error:
            _log.warning("record-not-checked", tenant=check.tenant_id, users_id=claim.users_id, code=error.code)
            return False
        if checked.record is None:
            _log.warning("record-not-readable", tenant=check.tenant_id, users_id=claim.users_id)
        fact = checked_fact(claim.users_id, claim.record_id, checked, at=self._clock.now(), dial_id=claim.dial_id)
        key = None
        if claim.dial_id is None:
            with self._database.read() as uow:
                key = _key_now(uow, check)
        if key is not None or claim.dial_id is not None:
            self._writer.store_entries(check.tenant_id, [Entry(fact, key)])
        return True

    # -- trying again ---------------------------------------------------------------------------------------------

    def _round(self) -> None:
        """Try what is due, one after the other; where Salesforce does not answer, the rest of that pairing waits."""
        try:
            with self._database.read() as uow:
                checks = [
                    Check(stored.tenant_id, claim, stored.key)
                    for stored in uow.calls.unchecked(limit=ROUND)
                    for claim in stored.call.unchecked
                ]
            self._forget_others(checks)
            silent: set[str] = set()
            for check in checks:
                if check.claim.pairing_id in silent or not self._take(check):
                    continue
                if not self._run(check):
                    silent.add(check.claim.pairing_id)
        finally:
            with self._lock:
                self._round_running = False

    def _forget_others(self, checks: Sequence[Check]) -> None:
        """Drop what is remembered of trials that no call waits for any more."""
        wanted = {(check.tenant_id, check.claim.users_id, check.claim.record_id) for check in checks}
        with self._lock:
            for mark in [mark for mark, trial in self._trials.items() if mark not in wanted and not trial.running]:
                if len(self._trials) > ROUND or self._clock.monotonic() >= self._trials[mark].due:
                    del self._trials[mark]


def checked_fact(users_id: int, record_id: str, checked: Checked, *, at: datetime, dial_id: str | None = None) -> Fact:
    """What a check found, as a fact; one about a dial's record finds its call by the dial."""
    content: dict[str, Any] = {"users_id": users_id, "record_id": record_id}
    if dial_id is not None:
        content["dial_id"] = dial_id
    if checked.record is not None:
        content["record"] = checked.record.to_json()
    return Fact("match", "checked", at, content=content)


def _user_of(uow: UnitOfWork, tenant_id: str, claim: Claim) -> str | None:
    """The Salesforce user of an agent whose claim does not name one."""
    for attendance in uow.agents.attendances(tenant_id, claim.users_id):
        if attendance.pairing_id == claim.pairing_id:
            return attendance.sf_user_id
    return None


def _key_now(uow: UnitOfWork, check: Check) -> str | None:
    """The key of the call that the record was named for, also when it has gone under another key since."""
    if check.call_key is not None and uow.calls.get(check.call_key) is not None:
        return check.call_key
    for stored in uow.calls.unchecked(limit=ROUND):
        same = [claim for claim in stored.call.unchecked if claim == check.claim]
        if stored.tenant_id == check.tenant_id and same:
            return stored.key
    return None
