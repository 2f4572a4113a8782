"""Numbers for Prometheus."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The process's own counters; safe to share between threads.

    `registry` is open to the other parts, which add theirs when they are made.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._known_missing: dict[str, frozenset[str]] = {}
        self._errors = Counter("fcc_errors", "Errors shown to somebody, by code", ["code"], registry=self.registry)
        self._requests = Histogram(
            "fcc_http_request_seconds",
            "Answered HTTP requests",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._events = Counter("fcc_webhook_events", "Webhook events taken in", ["event"], registry=self.registry)
        self._unread = Counter(
            "fcc_unreadable_fields", "FCC's fields that were not as expected", ["where"], registry=self.registry
        )
        self._salesforce = Histogram(
            "fcc_salesforce_request_seconds", "Requests to Salesforce", ["resource", "status"], registry=self.registry
        )
        self._usage = Gauge(
            "fcc_salesforce_api_calls", "Salesforce's own count of 24 hours", ["org", "which"], registry=self.registry
        )
        self._deliveries = Counter(
            "fcc_deliveries", "Attempts to deliver, by what they came to", ["state", "code"], registry=self.registry
        )
        self._left_out = Counter(
            "fcc_call_log_left_out",
            "Values of call logs that did not get into Salesforce, or only cut",
            ["field", "why"],
            registry=self.registry,
        )
        self._missing = Gauge(
            "fcc_salesforce_fields_missing",
            "Fields that the connector writes and the org does not take",
            ["org", "field"],
            registry=self.registry,
        )
        self._waiting = Gauge("fcc_outbox_rows", "Deliveries by state", ["state"], registry=self.registry)
        self._sockets = Gauge("fcc_open_sockets", "Open WebSockets", ["kind"], registry=self.registry)
        self._cut = Counter(
            "fcc_sockets_cut", "WebSockets closed for what the peer did", ["kind", "fault"], registry=self.registry
        )

    def error(self, code: str) -> None:
        """Count one error shown to a person or a system: `fcc_errors_total{code}`."""
        self._errors.labels(code).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the rule, never the address that was asked for."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def webhook(self, tenant_id: str, event: str) -> None:
        """Count one accepted webhook event by its name."""
        del tenant_id
        self._events.labels(event).inc()

    def unreadable(self, where: str, field: str) -> None:
        """Count one field of FCC's that could not be read."""
        self._unread.labels(f"{where}.{field}").inc()

    def request(self, org_id: str, resource: str, status: int, seconds: float) -> None:
        """Count one request to Salesforce; `resource` is its name only, status 0 means that no answer came."""
        del org_id
        self._salesforce.labels(resource, str(status)).observe(seconds)

    def api_usage(self, org_id: str, used: int, allowed: int) -> None:
        """Keep Salesforce's own count of API calls."""
        self._usage.labels(org_id, "used").set(used)
        self._usage.labels(org_id, "allowed").set(allowed)

    def delivered(self, org_id: str, state: str, code: str) -> None:
        """Count one delivery that came to `state`."""
        del org_id
        self._deliveries.labels(state, code).inc()

    def left_out(self, field: str, why: str) -> None:
        """Count a value that did not get into a call's log: `missing` in the org, `refused` there, or `unfit`."""
        self._left_out.labels(field, why).inc()

    def fields_missing(self, org_id: str, fields: Collection[str]) -> None:
        """Keep which fields an org does not take."""
        with self._lock:
            for gone in self._known_missing.get(org_id, frozenset()) - frozenset(fields):
                self._missing.remove(org_id, gone)
            self._known_missing[org_id] = frozenset(fields)
        for each in fields:
            self._missing.labels(org_id, each).set(1)

    def waiting(self, counts: Mapping[str, int]) -> None:
        """Keep how many deliveries are in each state; one that is not named has none."""
        self._waiting.clear()
        for state, count in counts.items():
            self._waiting.labels(state).set(count)

    def socket_cut(self, kind: str, fault: str) -> None:
        """Count one socket that was closed because of its peer: `fcc_sockets_cut_total{kind,fault}`."""
        self._cut.labels(kind, fault).inc()

    def watch_sockets(self, count: Callable[[str], int]) -> None:
        """Ask `count` for the open sockets of a kind whenever the numbers are read."""
        for kind in ("pane", "sip"):
            self._sockets.labels(kind).set_function(partial(count, kind))

    def render(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)
