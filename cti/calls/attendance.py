"""Keeping FCC from ringing agents without a phone: not ready at sign-in and after the last pane is gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.calls.recording import still_up
from cti.domain.book import Attendance
from cti.domain.call import State
from cti.domain.presence import PresenceClass
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.calls.ports import Agent, Database, Directory, Exchanges, Executor, UnitOfWork
    from cti.calls.statuses import Statuses
    from cti.clock import Clock
    from cti.domain.presence import Presence

GRACE: Final = timedelta(seconds=20)
"""How long the last pane has been away when its going is reported."""
SAME_SITTING: Final = timedelta(seconds=30)
"""A pane that comes back within this keeps what FCC says."""
LOST_AFTER: Final = timedelta(seconds=60)
"""An agent whom no process has seen for so long has no pane: the process that had it is gone."""

_log = structlog.get_logger("cti.calls")


class AttendanceKeeper:
    """Follows which agents have panes. `tick` is called every 10 s or so, by one thread at a time.

    `report(tenant_id, users_id, presence)` takes what FCC answers. FCC is asked outside of transactions; what it
    refuses is logged and not tried again, what fails otherwise is tried at the next tick.
    """

    def __init__(
        self,
        database: Database,
        exchanges: Exchanges,
        directory: Directory,
        statuses: Statuses,
        *,
        clock: Clock,
        executor: Executor,
        report: Callable[[str, int, Presence], None],
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._directory = directory
        self._statuses = statuses
        self._clock = clock
        self._executor = executor
        self._report = report
        self._here: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def came(self, agent: Agent, tenant_id: str) -> None:
        """The agent's first pane came: FCC is told not ready, unless one of theirs lived in the last 30 s."""
        now = self._clock.now()
        with self._lock:
            self._here.add((agent.pairing_id, agent.fcc_user_id))
        with self._database.write() as uow:
            before = uow.agents.attendance(agent.pairing_id, agent.fcc_user_id)
            uow.agents.save_attendance(
                Attendance(agent.pairing_id, agent.fcc_user_id, tenant_id, agent.sf_user_id, present=True, seen_at=now)
            )
            uow.commit()
        if before is not None and now - before.seen_at <= SAME_SITTING:
            self._executor.submit(lambda: self._refresh(tenant_id, agent.fcc_user_id))
        else:
            self._executor.submit(lambda: self._begin(tenant_id, agent.fcc_user_id))

    def went(self, agent: Agent) -> None:
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
                if row.present and now - row.seen_at > LOST_AFTER and (row.pairing_id, row.users_id) not in here:
                    lost = replace(row, present=False, release_due=True)
                    uow.agents.save_attendance(lost)
                    due.append(lost)
                elif row.release_due and not row.present:
                    due.append(row)
            uow.commit()
        for row in due:
            self._release(row)

    def present(self, tenant_id: str) -> list[int]:
        """The users_id of the tenant's agents who have a pane."""
        with self._database.read() as uow:
            return sorted({row.users_id for row in uow.agents.attendances(tenant_id) if row.present})

    # -- telling FCC ----------------------------------------------------------------------------------------------

    def _begin(self, tenant_id: str, users_id: int) -> None:
        try:
            presence = self._refresh(tenant_id, users_id)
            if presence is not None and presence.presence_class in {PresenceClass.NOT_READY, PresenceClass.BUSY}:
                return
            self._set_not_ready(tenant_id, users_id)
        except ConnectorError as error:
            _log.warning("not-ready-failed", tenant=tenant_id, users_id=users_id, code=error.code)

    def _refresh(self, tenant_id: str, users_id: int) -> Presence | None:
        try:
            login = self._directory.user_of_tenant(tenant_id, users_id).login
            presence = self._exchanges.of(tenant_id).presence(login)
        except ConnectorError as error:
            _log.warning("presence-unknown", tenant=tenant_id, users_id=users_id, code=error.code)
            return None
        self._report(tenant_id, users_id, presence)
        return presence

    def _set_not_ready(self, tenant_id: str, users_id: int) -> None:
        status = self._statuses.of_class(tenant_id, PresenceClass.NOT_READY)
        if status is None:
            _log.error("no-not-ready-status", tenant=tenant_id)
            return
        login = self._directory.user_of_tenant(tenant_id, users_id).login
        self._report(tenant_id, users_id, self._exchanges.of(tenant_id).set_presence(login, status.id))

    def _release(self, row: Attendance) -> None:
        """Tell FCC not ready for an agent without panes, unless a call is up, they are back, or FCC says so already."""
        with self._database.read() as uow:
            if not self._still_gone(uow, row) or self._in_call(uow, row):
                return
            known = uow.agents.presence(row.tenant_id, row.users_id).presence
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
                uow.commit()

    @staticmethod
    def _still_gone(uow: UnitOfWork, row: Attendance) -> bool:
        rows = uow.agents.attendances(row.tenant_id, row.users_id)
        due = any(each.pairing_id == row.pairing_id and each.release_due for each in rows)
        return due and not any(each.present for each in rows)

    def _in_call(self, uow: UnitOfWork, row: Attendance) -> bool:
        known = uow.agents.presence(row.tenant_id, row.users_id).presence
        if known is not None and known.presence_class is PresenceClass.BUSY:
            return True
        for stored in uow.calls.up_of(row.tenant_id, row.users_id, **still_up(self._clock.now())):
            found = stored.call.leg_of(row.users_id)
            if found is not None and found[1].state is not State.ENDED:
                return True
        return False
