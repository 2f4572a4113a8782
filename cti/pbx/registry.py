"""The exchange of each tenant, made once and made anew when its settings change."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cti.pbx.errors import FccTenantUnknownError
from cti.pbx.fcc_external_api import FccExternalApi

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from cti.clock import Clock
    from cti.pbx.ports import Observer
    from cti.store.database import Database


class PbxRegistry:
    """Gives the adapter for a tenant's id. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        *,
        http: requests.Session,
        clock: Clock,
        count: Callable[[str, str], None] | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._database = database
        self._http = http
        self._clock = clock
        self._count = count
        self._observer = observer
        self._lock = threading.Lock()
        self._made: dict[str, tuple[tuple[str, ...], FccExternalApi]] = {}

    def of(self, tenant_id: str) -> FccExternalApi:
        """The tenant's exchange, by the settings stored now; raises FccTenantUnknownError."""
        with self._database.read() as uow:
            tenant = uow.tenants.get(tenant_id)
            if tenant is None:
                raise FccTenantUnknownError
            key = (
                tenant.base_url,
                tenant.domain,
                tenant.admin_login,
                tenant.api_key,
                tenant.hash_method,
                tenant.default_region,
            )
            with self._lock:
                kept = self._made.get(tenant_id)
                if kept is None or kept[0] != key:
                    made = FccExternalApi(
                        tenant, http=self._http, clock=self._clock, count=self._count, observer=self._observer
                    )
                    kept = (key, made)
                    self._made[tenant_id] = kept
        return kept[1]
