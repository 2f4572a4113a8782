"""What polling goes by: how much is going on, and of whom nothing was heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cti.calls.calls_up import STALE_AFTER
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from datetime import datetime

    from cti.calls.attendance import AttendanceKeeper
    from cti.calls.ports import Directory
    from cti.calls.presences import PresenceWatch
    from cti.clock import Clock
    from cti.store.database import Database

_log = structlog.get_logger("cti.calls")


class CallActivity:
    """Answers from what is stored; safe to share between threads."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        attendance: AttendanceKeeper,
        watch: PresenceWatch,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._directory = directory
        self._attendance = attendance
        self._watch = watch
        self._clock = clock

    def calls_up(self, tenant_id: str) -> int:
        """How many of the tenant's calls are up."""
        with self._database.read() as uow:
            return uow.calls.count_up(tenant_id, since=self._clock.now() - STALE_AFTER)

    def agents_present(self, tenant_id: str) -> list[tuple[int, str]]:
        """(users_id, login) of the agents with a pane."""
        found = []
        for users_id in self._attendance.present(tenant_id):
            try:
                found.append((users_id, self._directory.user_of_tenant(tenant_id, users_id).login))
            except ConnectorError as error:
                _log.warning("agent-unknown", tenant=tenant_id, users_id=users_id, code=error.code)
        return found

    def last_presence_at(self, tenant_id: str, users_id: int) -> datetime | None:
        """When FCC last said anything about that agent; None while something may have been missed since."""
        if self._watch.is_missed(tenant_id, users_id):
            return None
        with self._database.read() as uow:
            return uow.agents.presence(tenant_id, users_id).heard_at
