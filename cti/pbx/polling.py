"""Reading FCC's call list, and agents' statuses where webhooks don't tell them, on a clock of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.background import OUTSIDE_PATIENCE_S, Loop
from cti.errors import ConnectorError, InternalError
from cti.pbx.errors import FccError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cti.accounts import Tenant
    from cti.clock import Clock
    from cti.domain.facts import Fact
    from cti.domain.fcc import CallPage
    from cti.pbx.ports import Activity, FactSink, Pbx
    from cti.store.database import Database

BUSY_SECONDS: Final = 15.0
QUIET_SECONDS: Final = 60.0
FIRST_SECONDS: Final = 1.0
PRESENCE_SECONDS: Final = 30.0
PRESENCE_ROUND_SECONDS: Final = 5.0
PRESENCE_TOLD_SECONDS: Final = 300.0
"""How often presence is asked for while FCC tells it by webhooks; a lost event is put right by then."""
WEBHOOKS_LIVE_SECONDS: Final = 600.0
ROUND_SECONDS: Final = 0.5
LONGEST_BACKOFF_SECONDS: Final = 300.0
PAGES: Final = 20
PAGE_ROWS: Final = 200
ROUNDS_BEFORE_ROWS: Final = 3
ROUNDS_BEFORE_ANEW: Final = 5
"""After so many failures the cursor itself is suspected, even where FCC answers nothing that says so."""
OVERLAP: Final = timedelta(hours=1)
"""How much before the cursor was stored the list is read again where FCC does not know the cursor any more.

It must cover clocks that differ and calls that came into the list late; a row that is read twice is one fact.
"""
NOTED_SECONDS: Final = 300.0
"""How often it is stored that the list was read, where it had nothing new; `fcc-connector status` shows it."""

_log = structlog.get_logger("cti.pbx")


def pause(*, calls_up: int, failures: int) -> float:
    """Seconds until the call list is read again: 15 while calls are up, 60 else, doubled for each failure in a row."""
    usual = BUSY_SECONDS if calls_up else QUIET_SECONDS
    return usual if not failures else float(min(BUSY_SECONDS * 2 ** min(failures, 10), LONGEST_BACKOFF_SECONDS))


@dataclass(frozen=True, slots=True)
class PollHealth:
    """How polling one tenant goes; `last_success_at` None: not yet since the start. `code`: what failed last."""

    tenant_id: str
    last_success_at: datetime | None = None
    failures: int = 0
    code: str | None = None
    unread: int = 0


class Poller:
    """What is due, and doing it. `step` is called by one thread, as often as it likes.

    `presence_told_at(tenant_id)` says when webhooks last told a presence, by the monotonic clock.
    """

    def __init__(
        self,
        *,
        database: Database,
        exchange: Callable[[str], Pbx],
        sink: FactSink,
        activity: Activity,
        clock: Clock,
        presence_told_at: Callable[[str], float | None] = lambda _tenant: None,
    ) -> None:
        self._database = database
        self._exchange = exchange
        self._sink = sink
        self._activity = activity
        self._clock = clock
        self._presence_told_at = presence_told_at
        self._next: dict[str, float] = {}
        self._sooner: dict[str, float] = {}
        self._next_presence: dict[str, float] = {}
        self._asked_last: dict[str, int] = {}
        self._health: dict[str, PollHealth] = {}
        self._started = clock.monotonic()
        self._unbroken_since: dict[str, datetime] = {}
        self._started_at = clock.now()
        self._noted: dict[str, float] = {}

    def health(self) -> Sequence[PollHealth]:
        """How polling goes, by tenant."""
        return [self._health[tenant_id] for tenant_id in sorted(self._health)]

    def step(self) -> None:
        """Do everything that is due now. Raises nothing of FCC's; those failures are logged and tried again later."""
        for tenant in self._tenants():
            self._health.setdefault(tenant.id, PollHealth(tenant.id))
            now = self._clock.monotonic()
            if now >= self._due(tenant.id, now):
                self._poll(tenant)
            if now >= self._next_presence.get(tenant.id, self._started + FIRST_SECONDS):
                self._next_presence[tenant.id] = now + PRESENCE_SECONDS / 3
                self._presences(tenant.id)

    def _due(self, tenant_id: str, now: float) -> float:
        """When the list is to be read next; a call that began since the last reading makes it sooner."""
        due = self._next.get(tenant_id, self._started + FIRST_SECONDS)
        sooner = self._sooner.get(tenant_id, due)
        return sooner if sooner <= now < due and self._activity.calls_up(tenant_id) else due

    def _tenants(self) -> list[Tenant]:
        """The tenants any of whose pairings wants polling."""
        with self._database.read() as uow:
            tenants = uow.tenants.all()
            return [t for t in tenants if any(pairing.poll_enabled for pairing in uow.pairings.of_tenant(t.id))]

    def _poll(self, tenant: Tenant) -> None:
        before = self._health[tenant.id]
        now = self._clock.now()
        try:
            unread = self._read_pages(tenant)
        except ConnectorError as error:
            failures = before.failures + 1
            self._health[tenant.id] = replace(before, failures=failures, code=error.code)
            _log.warning("poll-failed", tenant=tenant.id, code=error.code, failures=failures)
        except Exception:  # noqa: BLE001 - one tenant's trouble is not the others'
            failures = before.failures + 1
            self._health[tenant.id] = replace(before, failures=failures, code=InternalError.code)
            _log.exception("poll-failed", tenant=tenant.id, code=InternalError.code, failures=failures)
        else:
            failures = 0
            if before.failures:
                # Whoever could not be asked may have restarted: what it said of the agents before may hold no more.
                self._unbroken_since[tenant.id] = now
            self._health[tenant.id] = replace(
                before, last_success_at=now, failures=0, code=None, unread=before.unread + unread
            )
        up = self._activity.calls_up(tenant.id)
        read = self._clock.monotonic()
        self._next[tenant.id] = read + pause(calls_up=up, failures=failures)
        self._sooner[tenant.id] = read + pause(calls_up=1, failures=failures)

    def _read_pages(self, tenant: Tenant) -> int:
        """Read from the stored cursor on; the cursor is stored with the facts it stands behind. Gives unread rows."""
        with self._database.read() as uow:
            cursor = uow.agents.cursor(tenant.id)
        unread = 0
        for _ in range(PAGES):
            page = self._page(tenant, cursor)
            unread += page.unread
            # What last changed before the tenant was added is history: nobody asked for it to be logged.
            facts = [fact for fact in page.facts if fact.at >= tenant.created_at]
            noted = self._noted.get(tenant.id, self._started)
            if facts or page.cursor != cursor or self._clock.monotonic() - noted >= NOTED_SECONDS:
                self._noted[tenant.id] = self._clock.monotonic()
                unread += self._store(tenant.id, facts, page.cursor)
            if not page.more or page.cursor == cursor:
                break
            cursor = page.cursor
        return unread

    def _page(self, tenant: Tenant, cursor: str | None) -> CallPage:
        """What changed since the cursor; a cursor that FCC does not know any more is replaced by a time.

        Nobody knows how FCC says that, so the list is asked without the cursor after any refusal: if it is refused
        then too, the cursor was not to blame.
        """
        exchange = self._exchange(tenant.id)
        try:
            return exchange.calls_since(cursor, limit=PAGE_ROWS)
        except FccError as error:
            suspected = not error.retryable or self._health[tenant.id].failures >= ROUNDS_BEFORE_ANEW
            if cursor is None or not suspected:
                raise
            page = self._anew(tenant, exchange)
            _log.warning("call-list-begun-anew", tenant=tenant.id, code=error.code, reason=error.reason)
            return page

    def _anew(self, tenant: Tenant, exchange: Pbx) -> CallPage:
        """The list from a time before the cursor was stored; an exchange that takes no time gives it from its start."""
        with self._database.read() as uow:
            stored = uow.agents.polled_at(tenant.id)
        since = tenant.created_at if stored is None else max(tenant.created_at, stored - OVERLAP)
        try:
            return exchange.calls_since(None, since=since, limit=PAGE_ROWS)
        except FccError as error:
            if error.retryable:
                raise
            return exchange.calls_since(None, limit=PAGE_ROWS)

    def _store(self, tenant_id: str, facts: list[Fact], cursor: str | None) -> int:
        """Store a page. One that has failed several rounds is stored row by row, without those that cannot be kept.

        Gives how many those are: one bad row must not keep all later calls from being heard of.
        """
        if self._health[tenant_id].failures < ROUNDS_BEFORE_ROWS:
            self._sink.store_facts(tenant_id, facts, cursor=cursor)
            return 0
        lost = 0
        for fact in facts:
            try:
                self._sink.store_facts(tenant_id, [fact])
            except Exception:  # noqa: BLE001 - it cannot be kept, whatever it is
                lost += 1
                _log.exception("call-row-lost", tenant=tenant_id, calls_id=fact.calls_id)
        # A database in trouble refuses this too: then nothing is passed over.
        self._sink.store_facts(tenant_id, [], cursor=cursor)
        return lost

    def _presences(self, tenant_id: str) -> None:
        """Ask for the presence of agents with a pane whom FCC has not spoken of lately, or not since it was away.

        After a few seconds the rest of them waits for the next round: many agents must not keep the call list waiting.
        """
        began = self._clock.monotonic()
        last = self._asked_last.get(tenant_id, -1)
        told = self._presence_told_at(tenant_id)
        live = told is not None and self._clock.monotonic() - told < WEBHOOKS_LIVE_SECONDS
        longest = PRESENCE_TOLD_SECONDS if live else PRESENCE_SECONDS
        present = self._activity.agents_present(tenant_id)
        for users_id, login in sorted(present, key=lambda agent: (agent[0] <= last, agent[0])):
            heard = self._activity.last_presence_at(tenant_id, users_id)
            fresh = heard is not None and heard >= self._unbroken_since.get(tenant_id, self._started_at)
            if heard is not None and fresh and (self._clock.now() - heard).total_seconds() < longest:
                continue
            if self._clock.monotonic() - began >= PRESENCE_ROUND_SECONDS:
                self._next_presence[tenant_id] = self._clock.monotonic()
                return
            self._asked_last[tenant_id] = users_id
            asked_at = self._clock.now()
            try:
                presence = self._exchange(tenant_id).presence(login)
            except ConnectorError as error:
                _log.warning("presence-poll-failed", tenant=tenant_id, users_id=users_id, code=error.code)
                if error.retryable:
                    return
                continue
            self._sink.presence_reported(tenant_id, users_id, presence, asked_at=asked_at)


def loop(poller: Poller, clock: Clock) -> Loop:
    """What polling runs on."""
    return Loop("fcc-polling", poller.step, clock=clock, interval=ROUND_SECONDS, patience=OUTSIDE_PATIENCE_S)
