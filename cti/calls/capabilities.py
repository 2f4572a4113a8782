"""Panes told what their agents can do, where a pairing's settings change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cti.background import Background
    from cti.calls.notifier import Notifier
    from cti.calls.ports import Directory
    from cti.store.database import Database


class CapabilityNews:
    """Notices the pairings that were switched on or off or given another campaign. For one thread at a time."""

    def __init__(self, database: Database, directory: Directory, notifier: Notifier, *, executor: Background) -> None:
        self._database = database
        self._directory = directory
        self._notifier = notifier
        self._executor = executor
        self._settings: dict[str, tuple[bool, int | None]] = {}

    def tick(self) -> None:
        """Look for news, and have the panes told in the background."""
        with self._database.read() as uow:
            pairings = [pairing for tenant in uow.tenants.all() for pairing in uow.pairings.of_tenant(tenant.id)]
        now = {pairing.id: (pairing.active, pairing.off_campaign_id) for pairing in pairings}
        changed = {key for key, settings in now.items() if self._settings.get(key, settings) != settings}
        self._settings = now
        if changed:
            self._executor.submit(lambda: self._tell(changed))

    def _tell(self, pairing_ids: set[str]) -> None:
        """Tell the panes of these pairings; may ask FCC."""
        with self._database.read() as uow:
            rows = [row for row in uow.agents.attendances() if row.present and row.pairing_id in pairing_ids]
        for row in rows:
            capabilities = self._directory.capabilities(row.pairing_id, row.users_id)
            with self._database.write() as uow:
                self._notifier.capabilities(uow, row, capabilities)
                uow.commit()
