"""What is forgotten of calls: names, numbers and notes after their time, and everything about a number on demand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.domain.facts import Fact
from cti.domain.phone_number import parse

if TYPE_CHECKING:
    from datetime import datetime

    from cti.accounts import Tenant
    from cti.calls.notifier import Notifier
    from cti.calls.ports import LogWriter
    from cti.clock import Clock
    from cti.domain.call import Call, StoredCall
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

RETENTION: Final = timedelta(days=90)
REDACT_SECONDS: Final = 3600.0
CALLS_AT_ONCE: Final = 50
FACTS_AT_ONCE: Final = 1000

_log = structlog.get_logger("cti.calls")


class Retention:
    """Redacts calls and facts that are older than `keep`. `tick` is for one thread at a time."""

    def __init__(
        self, database: Database, call_log: LogWriter, notifier: Notifier, *, clock: Clock, keep: timedelta = RETENTION
    ) -> None:
        self._database = database
        self._call_log = call_log
        self._notifier = notifier
        self._clock = clock
        self._keep = keep
        self._next = clock.monotonic() + REDACT_SECONDS

    def tick(self) -> None:
        """Redact what is old enough, once an hour."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + REDACT_SECONDS
            count = self.redact(self._clock.now() - self._keep)
            _log.info("facts-redacted", count=count)

    def redact(self, before: datetime) -> int:
        """Redact calls and facts from before that moment; gives how many facts were emptied.

        A little at a time, for whoever else has something to write waits meanwhile.
        """
        count = 0
        while True:
            with self._database.write() as uow:
                old = uow.calls.old(before, limit=CALLS_AT_ONCE)
                for stored in old:
                    uow.calls.save(replace(stored, call=_redacted(stored.call), redacted=True, searching=False))
                emptied = 0 if old else uow.facts.redact(before, limit=FACTS_AT_ONCE)
                count += emptied
                over = not old and not emptied
                if over:
                    uow.pane_calls.forget(before=before)
                uow.commit()
            if over:
                return count

    def erase_number(self, tenant_id: str, number: str) -> int:
        """Take a telephone number, and all that was said about its calls, out of the store; gives how many calls.

        The log is told, so that nothing of them is delivered any more.
        """
        with self._database.write() as uow:
            tenant = uow.tenants.get(tenant_id)
            if tenant is None:
                return 0
            found = uow.calls.with_number(tenant_id, parse(number, tenant.default_region).value)
            keys = [stored.key for stored in found]
            if keys:
                uow.facts.redact_calls(keys)
                uow.pane_calls.forget(keys=keys)
            for stored in found:
                fact = Fact("agent", "forgotten", self._clock.now(), stored.call.calls_id)
                uow.facts.add(tenant_id, fact, call_key=stored.key)
                self._erase(uow, tenant, stored)
            uow.commit()
        return len(keys)

    def _erase(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall) -> None:
        """Redact a call, and tell the log and the panes."""
        call = replace(_redacted(stored.call), forgotten=True)
        kept = replace(stored, call=call, redacted=True, searching=False)
        uow.calls.save(kept)
        self._call_log.call_changed(uow, tenant_id=tenant.id, after=call)
        self._notifier.call_again(uow, tenant, kept)


def _redacted(call: Call) -> Call:
    """What stays of a call past its retention: ids, times, outcome, agents; no number, name, note or record."""
    segments = tuple(
        replace(
            segment,
            related=None,
            note=None,
            disposition=None,
            legs=tuple(replace(leg, candidates=(), sip_call_id=None) for leg in segment.legs),
        )
        for segment in call.segments
    )
    return replace(
        call,
        number="",
        own_number="",
        sip_call_ids=(),
        ivr=None,
        clicked=None,
        unchecked=(),
        candidates=(),
        segments=segments,
    )
