"""Keeping FCC from ringing agents without a phone: not ready at sign-in and after the last pane is gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.calls.calls_up import calls_up_of
from cti.calls.notifier import PANES_MAY_RETURN
from cti.domain.presence import Attendance, PresenceClass
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from datetime import datetime

    from cti.accounts import AgentRef
    from cti.background import Background
    from cti.calls.fact_writer import FactWriter
    from cti.calls.notifier import Notifier
    from cti.calls.ports import Directory, PbxRegistry
    from cti.calls.presences import PresenceWatch
    from cti.calls.statuses import Statuses
    from cti.clock import Clock
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

GRACE: Final = timedelta(seconds=20)
"""How long the last pane has been away when its going is reported."""
SAME_SITTING: Final = timedelta(seconds=30)
"""A pane that comes back within this keeps what FCC says."""
LOST_AFTER: Final = timedelta(seconds=60)
"""An agent whom no process has seen for so long has no pane: the process that had it is gone."""
BUSY_AGAIN_AFTER: Final = timedelta(seconds=30)
"""An agent without panes who is busy in no call that is known is asked about anew after this."""

_log = structlog.get_logger("cti.calls")


class AttendanceKeeper:
    """Follows which agents have panes. `tick` is called every 10 s or so, by one thread at a time.

    `writer` stores what FCC answers. FCC is asked outside of transactions; what it refuses is logged and not tried
    again, what fails otherwise is tried at the next tick. The time in which no connector ran is no absence of a pane:
    nobody could be there.
    """

    def __init__(
        self,
        database: Database,
        exchanges: PbxRegistry,
        directory: Directory,
        statuses: Statuses,
        watch: PresenceWatch,
        writer: FactWriter,
        notifier: Notifier,
        *,
        clock: Clock,
        executor: Background,
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._directory = directory
        self._statuses = statuses
        self._watch = watch
        self._clock = clock
        self._executor = executor
        self._writer = writer
        self._notifier = notifier
        self._started = clock.now()
        self._to_begin: dict[tuple[str, int], str] = {}
        self._here: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def came(self, agent: AgentRef, tenant_id: str, *, returned: bool) -> None:
        """The agent's first pane came: FCC is told not ready, unless one of theirs lived in the last 30 s.

        `returned`: its page was open all the while.
        """
        now = self._clock.now()
        with self._lock:
            self._here.add((agent.pairing_id, agent.fcc_user_id))
        with self._database.write() as uow:
            before = uow.agents.attendance(agent.pairing_id, agent.fcc_user_id)
            uow.agents.save_attendance(
                Attendance(agent.pairing_id, agent.fcc_user_id, tenant_id, agent.sf_user_id, present=True, seen_at=now)
            )
            uow.commit()
        if before is not None and (returned or now - self._lived_until(before) <= SAME_SITTING):
            self._watch.missed(tenant_id, agent.fcc_user_id)
        else:
            self._executor.submit(lambda: self._begin(agent.pairing_id, tenant_id, agent.fcc_user_id))

    def _lived_until(self, row: Attendance) -> datetime:
        """Until when the agent's pane may have lived: while no connector ran it had nobody to say so to."""
        if row.present and self._started - row.seen_at <= PANES_MAY_RETURN:
            return max(row.seen_at, self._started)
        return row.seen_at

    def went(self, agent: AgentRef) -> None:
        """The agent's last pane has been away for 20 s."""
        with self._lock:
            self._here.discard((agent.pairing_id, agent.fcc_user_id))
        with self._database.write() as uow:
            row = uow.agents.attendance(agent.pairing_id, agent.fcc_user_id)
            if row is None or not row.present:
                return
            gone = replace(row, present=False, seen_at=self._clock.now() - GRACE, release_due=True)
            uow.agents.save_attendance(gone)
            uow.commit()
        self._executor.submit(lambda: self._release(gone))

    def tick(self) -> None:
        """Note who is here, notice who is lost, and tell FCC of those who went while a call was up."""
        now = self._clock.now()
        with self._lock:
            here = sorted(self._here)
        with self._database.write() as uow:
            uow.agents.touch(here)
            due = []
            for row in uow.agents.attendances():
                seen_at = max(row.seen_at, self._started)
                if row.present and now - seen_at > LOST_AFTER and (row.pairing_id, row.users_id) not in here:
                    lost = replace(row, present=False, release_due=True)
                    uow.agents.save_attendance(lost)
                    due.append(lost)
                elif row.release_due and not row.present:
                    due.append(row)
            uow.commit()
        for row in due:
            self._release(row)
        self._executor.submit(self._begin_again)

    def present(self, tenant_id: str) -> list[int]:
        """The users_id of the tenant's agents who have a pane."""
        with self._database.read() as uow:
            return sorted({row.users_id for row in uow.agents.attendances(tenant_id) if row.present})

    # -- telling FCC ----------------------------------------------------------------------------------------------

    def _begin_again(self) -> None:
        """Tell FCC not ready for those who signed in while it did not answer, one by one until it fails again."""
        with self._lock:
            due, self._to_begin = self._to_begin, {}
        for agent, tenant_id in due.items():
            with self._lock:
                here = agent in self._here
                silent = tenant_id in self._to_begin.values()
                if here and silent:
                    self._to_begin[agent] = tenant_id
            if here and not silent:
                self._begin(agent[0], tenant_id, agent[1])

    def _begin(self, pairing_id: str, tenant_id: str, users_id: int) -> None:
        try:
            presence = self._watch.ask(tenant_id, users_id, tell=False)
            if presence is not None and presence.presence_class in {PresenceClass.NOT_READY, PresenceClass.BUSY}:
                return
            self._set_not_ready(tenant_id, users_id)
        except ConnectorError as error:
            _log.warning("not-ready-failed", tenant=tenant_id, users_id=users_id, code=error.code)
            if error.retryable:
                with self._lock:
                    self._to_begin[pairing_id, users_id] = tenant_id

    def _set_not_ready(self, tenant_id: str, users_id: int) -> None:
        status = self._statuses.of_class(tenant_id, PresenceClass.NOT_READY)
        if status is None:
            _log.error("no-not-ready-status", tenant=tenant_id)
            return
        login = self._directory.user_of_tenant(tenant_id, users_id).login
        asked_at = self._clock.now()
        presence = self._exchanges.of(tenant_id).set_presence(login, status.id)
        self._writer.presence_reported(tenant_id, users_id, presence, asked_at=asked_at, tell=False)

    def _release(self, row: Attendance) -> None:
        """Tell FCC not ready for an agent without panes, unless a call is up, they are back, or FCC says so already."""
        with self._database.read() as uow:
            if not self._still_gone(uow, row) or self._in_call(uow, row):
                return
            heard = uow.agents.presence(row.tenant_id, row.users_id)
        known = heard.presence
        if known is not None and known.presence_class is PresenceClass.BUSY:
            # In a call on another phone, or in none any more: nobody polls for agents without a pane.
            if heard.heard_at is not None and self._clock.now() - heard.heard_at < BUSY_AGAIN_AFTER:
                return
            known = self._watch.ask(row.tenant_id, row.users_id, tell=False)
            if known is None or known.presence_class is PresenceClass.BUSY:
                return
        try:
            if known is None or known.presence_class not in {PresenceClass.NOT_READY, PresenceClass.PAUSE}:
                self._set_not_ready(row.tenant_id, row.users_id)
        except ConnectorError as error:
            _log.warning("not-ready-failed", tenant=row.tenant_id, users_id=row.users_id, code=error.code)
            if error.retryable:
                return
        with self._database.write() as uow:
            if self._still_gone(uow, row):
                uow.agents.save_attendance(replace(row, release_due=False))
                if known is not None and known.presence_class is PresenceClass.READY:
                    self._notifier.pane_was_away(uow, row)
                uow.commit()

    @staticmethod
    def _still_gone(uow: UnitOfWork, row: Attendance) -> bool:
        rows = uow.agents.attendances(row.tenant_id, row.users_id)
        due = any(each.pairing_id == row.pairing_id and each.release_due for each in rows)
        return due and not any(each.present for each in rows)

    def _in_call(self, uow: UnitOfWork, row: Attendance) -> bool:
        return bool(calls_up_of(uow, row.tenant_id, row.users_id, now=self._clock.now()))
