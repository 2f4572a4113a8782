"""The SIP relay's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class RelayMetrics:
    """Counts what the relay refuses and how its sockets end; safe to share between threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter("fcc_sip_refused", "SIP requests not let through", ["reason"], registry=registry)
        self._unread = Counter(
            "fcc_sip_unread", "FCC's SIP messages from which nothing could be learned", registry=registry
        )
        self._ended = Counter("fcc_sip_sockets_ended", "Phone sockets, by how they ended", ["how"], registry=registry)

    def refused(self, reason: str) -> None:
        """A request was not let through: `fcc_sip_refused_total{reason}`."""
        self._refused.labels(reason).inc()

    def unread(self) -> None:
        """FCC said something about a call that could not be read: `fcc_sip_unread_total`."""
        self._unread.inc()

    def ended(self, how: str) -> None:
        """A socket ended: `fcc_sip_sockets_ended_total{how}`."""
        self._ended.labels(how).inc()
