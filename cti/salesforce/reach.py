"""Whether each org can be reached, by what the connector's own requests came to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cti.domain.times import iso

if TYPE_CHECKING:
    from datetime import datetime

    from cti.clock import Clock
    from cti.salesforce.ports import Observer


class OrgReach:
    """Remembers since when each org answers or does not; passes on to `observer`. Safe to share between threads.

    No answer, and an answer of 500 and above, is an org that cannot be reached; a refusal is an answer.
    """

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._lock = threading.Lock()
        self._known: dict[str, tuple[bool, datetime]] = {}

    def request(self, org_id: str, resource: str, status: int, seconds: float) -> None:
        """See `Observer`."""
        self._observer.request(org_id, resource, status, seconds)
        reachable = 0 < status < 500  # noqa: PLR2004 - HTTP's classes of status
        with self._lock:
            known = self._known.get(org_id)
            if known is None or known[0] is not reachable:
                self._known[org_id] = (reachable, self._clock.now())

    def api_usage(self, org_id: str, used: int, allowed: int) -> None:
        """See `Observer`."""
        self._observer.api_usage(org_id, used, allowed)

    def to_json(self) -> dict[str, dict[str, Any]]:
        """`{org: {reachable, since}}` of the orgs that were asked anything since the start."""
        with self._lock:
            return {org_id: {"reachable": fine, "since": iso(at)} for org_id, (fine, at) in self._known.items()}
