"""How it goes with each tenant's FCC, from what the connector meets anyway: nothing here asks FCC anything."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cti.domain.times import iso
from cti.pbx.errors import FccRefusedError
from cti.pbx.fcc_external_api import OF_TENANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cti.clock import Clock
    from cti.pbx.errors import FccError
    from cti.pbx.metrics import FccMetrics
    from cti.pbx.polling import PollHealth

STALE_SECONDS: Final = 900.0
"""A failure that did not come again for so long is not told any more; the call list is read more often than that."""


@dataclass(slots=True)
class _Contact:
    """One tenant: when FCC last did what it was asked, and what fails now, with the monotonic time of the failure."""

    last_success_at: datetime | None = None
    failing: dict[str, tuple[float, str]] = field(default_factory=dict)


class Reach:
    """Remembers what each tenant's external-api answered last. Safe to share between threads.

    FCC is in trouble as long as a function fails. What cannot be reached is reached again as soon as anything is
    answered. A refusal counts where it is the tenant that is refused: what an agent may not do is no trouble.
    """

    def __init__(self, clock: Clock, numbers: FccMetrics) -> None:
        self._clock = clock
        self._numbers = numbers
        self._lock = threading.Lock()
        self._contacts: dict[str, _Contact] = {}

    def answered(self, tenant_id: str, function: str) -> None:
        """A function did what it was asked."""
        now = self._clock.now()
        self._numbers.succeeded(tenant_id, now)
        with self._lock:
            contact = self._contacts.setdefault(tenant_id, _Contact())
            contact.last_success_at = now
            contact.failing.pop(function, None)
            self._forget_unreachable(contact)

    def failed(self, tenant_id: str, function: str, error: FccError) -> None:
        """A function failed."""
        self._numbers.failed(function, error.code.removeprefix("fcc-"))
        with self._lock:
            contact = self._contacts.setdefault(tenant_id, _Contact())
            if not error.retryable:
                self._forget_unreachable(contact)
            if function in OF_TENANT or not isinstance(error, FccRefusedError):
                contact.failing[function] = (self._clock.monotonic(), error.code)

    def of(self) -> Mapping[str, tuple[datetime | None, Mapping[str, str]]]:
        """By tenant: when FCC last did what it was asked, and the functions that fail with what code."""
        now = self._clock.monotonic()
        with self._lock:
            return {
                tenant_id: (
                    contact.last_success_at,
                    {name: code for name, (at, code) in sorted(contact.failing.items()) if now - at < STALE_SECONDS},
                )
                for tenant_id, contact in sorted(self._contacts.items())
            }

    @staticmethod
    def _forget_unreachable(contact: _Contact) -> None:
        for name, (_, code) in list(contact.failing.items()):
            if code == "fcc-unreachable":
                del contact.failing[name]


class FccHealth:
    """What is told of FCC beside the process's own readiness, which FCC's trouble does not touch."""

    def __init__(self, reach: Reach, polling: Callable[[], Sequence[PollHealth]]) -> None:
        self._reach = reach
        self._polling = polling

    def to_json(self) -> dict[str, Any]:
        """`{tenant: {state, lastSuccessAt, failing, callListReadAt, callListCode}}`.

        `state` is `ok`, `failing`, or `unknown` while FCC was not asked anything yet; `failing` names functions with
        their errors' codes; `callListCode` why the call list was not read last time, also where FCC is not to blame.
        """
        lists = {health.tenant_id: health for health in self._polling()}
        reached = self._reach.of()
        told: dict[str, Any] = {}
        for tenant_id in sorted(lists.keys() | reached.keys()):
            last, failing = reached.get(tenant_id, (None, {}))
            health = lists.get(tenant_id)
            code = None if health is None else health.code
            told[tenant_id] = {
                "state": "failing" if failing or code else "ok" if last is not None else "unknown",
                "lastSuccessAt": _text(last),
                "failing": dict(failing),
                "callListReadAt": _text(None if health is None else health.last_success_at),
                "callListCode": code,
            }
        return told


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
