"""The tenants' lists of agent statuses, remembered for five minutes, and panes told when FCC changed one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from cti.errors import ConnectorError
from cti.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.background import Background
    from cti.calls.notifier import Notifier
    from cti.calls.ports import PbxRegistry
    from cti.clock import Clock
    from cti.domain.presence import PresenceClass, Status
    from cti.store.database import Database

TTL_SECONDS: Final = 300.0

_log = structlog.get_logger("cti.calls")


class Statuses:
    """Asks each tenant's exchange for its statuses, not more often than needed. Safe to share between threads."""

    def __init__(self, exchanges: PbxRegistry, clock: Clock) -> None:
        self._exchanges = exchanges
        self._kept: Remembered[str, tuple[Status, ...]] = Remembered(clock, TTL_SECONDS)

    def of(self, tenant_id: str, *, fresh: bool = False) -> Sequence[Status]:
        """All statuses; `fresh` asks anew. Raises what the exchange raises when there is nothing remembered."""
        within = 0.0 if fresh else None
        return self._kept.load(tenant_id, lambda: tuple(self._exchanges.of(tenant_id).statuses()), within=within)

    def of_class(self, tenant_id: str, presence_class: PresenceClass) -> Status | None:
        """The first status of that class."""
        return next((each for each in self.of(tenant_id) if each.presence_class is presence_class), None)


class StatusNews:
    """Gives panes the statuses of their tenant, and tells them when those are others than they were given.

    So a pane that came while FCC could not be asked gets its statuses as soon as FCC answers. Safe to share between
    threads.
    """

    def __init__(self, database: Database, statuses: Statuses, notifier: Notifier, *, executor: Background) -> None:
        self._database = database
        self._statuses = statuses
        self._notifier = notifier
        self._executor = executor
        self._lock = threading.Lock()
        self._given: dict[str, Sequence[Status]] = {}
        self._looking = False

    def give(self, tenant_id: str) -> Sequence[Status]:
        """The statuses for a pane, none while FCC cannot be asked."""
        statuses = self._ask(tenant_id)
        with self._lock:
            if statuses is None:
                self._given[tenant_id] = ()
            else:
                self._given.setdefault(tenant_id, statuses)
        return statuses or ()

    def tick(self) -> None:
        """Look for news in the background; FCC is asked once in five minutes, and while it does not answer."""
        with self._lock:
            if self._looking:
                return
            self._looking = True
        self._executor.submit(self._look)

    def _look(self) -> None:
        try:
            with self._database.read() as uow:
                tenants = {row.tenant_id for row in uow.agents.attendances() if row.present}
            self._tell(sorted(tenants))
        finally:
            with self._lock:
                self._looking = False

    def _tell(self, tenant_ids: Sequence[str]) -> None:
        for tenant_id in tenant_ids:
            statuses = self._ask(tenant_id)
            with self._lock:
                if statuses is None or self._given.get(tenant_id) == statuses:
                    continue
                self._given[tenant_id] = statuses
            with self._database.write() as uow:
                rows = [row for row in uow.agents.attendances(tenant_id) if row.present]
                self._notifier.statuses(uow, rows, statuses)
                uow.commit()

    def _ask(self, tenant_id: str) -> Sequence[Status] | None:
        try:
            return self._statuses.of(tenant_id)
        except ConnectorError as error:
            _log.warning("statuses-unknown", tenant=tenant_id, code=error.code)
            return None
