"""FCC's external-api in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from datetime import datetime

    from prometheus_client import CollectorRegistry


class FccMetrics:
    """Counts what fails at FCC, and keeps when it last answered; safe to share between threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failures = Counter(
            "fcc_external_api_failures",
            "Calls of FCC's external-api that failed",
            ["function", "kind"],
            registry=registry,
        )
        self._success = Gauge(
            "fcc_external_api_last_success_timestamp_seconds",
            "When FCC's external-api last did what it was asked",
            ["tenant"],
            registry=registry,
        )

    def failed(self, function: str, kind: str) -> None:
        """A call failed: `fcc_external_api_failures_total{function,kind}`; kind is its code without `fcc-`."""
        self._failures.labels(function, kind).inc()

    def succeeded(self, tenant_id: str, at: datetime) -> None:
        """A call did what it was to: `fcc_external_api_last_success_timestamp_seconds{tenant}`."""
        self._success.labels(tenant_id).set(at.timestamp())
