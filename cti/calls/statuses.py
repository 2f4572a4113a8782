"""The tenants' lists of agent statuses, remembered for five minutes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.calls.ports import Exchanges
    from cti.clock import Clock
    from cti.domain.presence import PresenceClass, Status

TTL_SECONDS: Final = 300.0


class Statuses:
    """Asks each tenant's exchange for its statuses, not more often than needed. Safe to share between threads."""

    def __init__(self, exchanges: Exchanges, clock: Clock) -> None:
        self._exchanges = exchanges
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Sequence[Status]]] = {}

    def of(self, tenant_id: str, *, fresh: bool = False) -> Sequence[Status]:
        """All statuses; `fresh` asks anew. Raises what the exchange raises when there is nothing remembered."""
        kept = self._kept.get(tenant_id)
        if kept is not None and not fresh and self._clock.monotonic() - kept[0] < TTL_SECONDS:
            return kept[1]
        asked = tuple(self._exchanges.of(tenant_id).statuses())
        with self._lock:
            self._kept[tenant_id] = (self._clock.monotonic(), asked)
        return asked

    def of_class(self, tenant_id: str, presence_class: PresenceClass) -> Status | None:
        """The first status of that class."""
        return next((each for each in self.of(tenant_id) if each.presence_class is presence_class), None)
