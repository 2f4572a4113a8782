"""Which fields of a Task an org takes, so that one it lacks does not refuse a whole request.

Source: REST API Developer Guide, "sObject Describe"; "Status Codes and Error Responses", INVALID_FIELD.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from cti.calllog.errors import PackageMissingError
from cti.domain.org_fields import CALL_ID, CHANGED, CREATED, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cti.calllog.ports import Observer, Org
    from cti.clock import Clock
    from cti.domain.salesforce import Trouble

TABLE: Final = "Task"
FIELD_CODES: Final = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
"""Salesforce's codes for a field that is not there, or not for this user."""
RECHECK_S: Final = 300.0
"""How old the org's description may be while something is missing; else it is as old as it may get, an hour."""
PACKAGE_RECHECK_S: Final = 30.0
"""The same while nothing at all can be written."""
DISTRUST_S: Final = 3600.0
_NAMES: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9_]*\b")

_log = structlog.get_logger("cti.calllog")


class _Unseen:
    """An observer that looks away."""

    def fields_missing(self, org_id: str, fields: Collection[str]) -> None:
        """Nothing."""

    def left_out(self, field: str, why: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Takes:
    """What an org takes: the fields that may be given at creation and at a change, and those missing in either."""

    create: frozenset[str]
    update: frozenset[str]
    missing: tuple[str, ...]


class FieldGuard:
    """Knows of each org which of the fields that are written it takes. Safe to share between threads."""

    def __init__(self, clock: Clock, observer: Observer | None = None) -> None:
        self._clock = clock
        self._observer: Observer = observer or _Unseen()
        self._lock = threading.Lock()
        self._missing: dict[str, tuple[str, ...]] = {}
        self._distrusted: dict[str, dict[str, float]] = {}

    def takes(self, org_id: str, org: Org) -> Takes:
        """What the org takes now.

        Raises PackageMissingError while it does not take the field that keeps a call from being logged twice, and a
        SalesforceError when it cannot be asked.
        """
        found = self._look(org_id, org, None)
        if found.missing:
            found = self._look(org_id, org, RECHECK_S)
        if CALL_ID in found.missing:
            found = self._look(org_id, org, PACKAGE_RECHECK_S)
        self._note(org_id, found.missing)
        if CALL_ID in found.missing:
            raise PackageMissingError
        return found

    def refused(self, org_id: str, org: Org, error: Trouble) -> bool:
        """The org refused a field though it was said to take it; whether it is known now which one.

        The org is asked again. Where it still says that it takes all, the field named in the refusal is not sent for
        an hour.
        """
        before = self._look(org_id, org, None)
        after = self._look(org_id, org, 0.0)
        if after == before:
            until = self._clock.monotonic() + DISTRUST_S
            named = WRITTEN[TABLE].intersection(error.fields or _NAMES.findall(error.detail))
            with self._lock:
                self._distrusted.setdefault(org_id, {}).update(dict.fromkeys(named, until))
            after = self._look(org_id, org, None)
        return after != before

    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """By org, the fields that it did not take when it was last asked; orgs that take all are not named."""
        with self._lock:
            return {org_id: fields for org_id, fields in self._missing.items() if fields}

    def left_out(self, field: str, why: str) -> None:
        """Count a value that did not get into a Task."""
        self._observer.left_out(field, why)

    def _look(self, org_id: str, org: Org, max_age: float | None) -> Takes:
        access = org.access(TABLE, max_age=max_age)
        now = self._clock.monotonic()
        with self._lock:
            distrusted = {name for name, until in self._distrusted.get(org_id, {}).items() if now < until}
        create = (access.createable & WRITTEN[TABLE]) - distrusted
        update = (access.updateable & frozenset(CHANGED)) - distrusted
        missing = {name for name in CREATED if name not in create}
        missing |= {name for name in CHANGED if name not in create or name not in update}
        return Takes(create, update, tuple(sorted(missing)))

    def _note(self, org_id: str, missing: tuple[str, ...]) -> None:
        with self._lock:
            before = self._missing.get(org_id, ())
            self._missing[org_id] = missing
        self._observer.fields_missing(org_id, missing)
        if missing != before:
            log = _log.warning if missing else _log.info
            log("salesforce-fields-missing", org=org_id, fields=list(missing))
