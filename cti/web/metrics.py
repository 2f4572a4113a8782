"""Numbers for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The process's own counters; safe to share between threads.

    `registry` is open to the other parts, which add theirs when they are made.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._errors = Counter("fcc_errors", "Errors shown to somebody, by code", ["code"], registry=self.registry)
        self._requests = Histogram(
            "fcc_http_request_seconds",
            "Answered HTTP requests",
            ["route", "method", "status"],
            registry=self.registry,
        )

    def error(self, code: str) -> None:
        """Count one error shown to a person or a system: `fcc_errors_total{code}`."""
        self._errors.labels(code).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the rule, never the address that was asked for."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def render(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)
