"""What is counted about FCC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class PbxMetrics:
    """Counters in the registry given; safe to share between threads. Fits the `count` parameters of this feature."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "fcc_webhook_events", "Webhook events taken in, by name", ["tenant", "event"], registry=registry
        )
        self._unreadable = Counter(
            "fcc_unreadable", "Fields of FCC that could not be read", ["where", "field"], registry=registry
        )

    def event(self, tenant_id: str, event: str) -> None:
        """Count one accepted event: `fcc_webhook_events_total{tenant,event}`; unknown names are all "unknown"."""
        self._events.labels(tenant_id, event).inc()

    def unreadable(self, where: str, field: str) -> None:
        """Count one field that could not be read: `fcc_unreadable_total{where,field}`."""
        self._unreadable.labels(where, field).inc()
