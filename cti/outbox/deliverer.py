"""One step of delivering: takes what waits in the outbox, has it carried, stores what came of it.

The order is what makes it safe to kill at any point: lease (committed) → send → store (committed). A process that dies
between the last two leaves a lease that runs out; whoever finds it asks Salesforce what arrived before anything is
repeated.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.delivery import Delivery, Result
from cti.errors import InternalError
from cti.outbox.breaker import Breakers, growing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from cti.clock import Clock
    from cti.domain.delivery import DeliveryOutcome, OutboxItem
    from cti.outbox.ports import Carrier, Listener, Observer
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

BATCH: Final = 200
LEASE: Final = timedelta(seconds=180)
ATTEMPTS: Final = 20
"""After so many failures of its own a delivery is dead; an org's trouble is not counted."""
KEEP: Final = timedelta(days=90)
IDLE_S: Final = 5.0
BUSY_S: Final = 1.0
_TIDY_S: Final = 3600.0
_COUNT_S: Final = 15.0
_HELD_S: Final = 300.0
"""How often it is asked whether an org takes by now what it did not take before."""

_BROKEN: Final = Result("unknown", code=InternalError.code)
"""What becomes of a delivery that its carrier stumbled over: nobody knows whether it arrived."""

_OVER: Final[frozenset[DeliveryOutcome]] = frozenset({"done", "gone"})

_log = structlog.get_logger("cti.outbox")


class _Silent:
    def delivered(self, org_id: str, state: str, code: str) -> None:
        pass

    def waiting(self, counts: Mapping[str, int]) -> None:
        pass


@dataclass(frozen=True)
class _Batch:
    """What one lease covers; `deliveries`, by key, is what is to be sent of it, not after `sent_by`."""

    owner: str
    items: Sequence[OutboxItem]
    deliveries: Mapping[str, Delivery]
    sent_by: datetime


class Deliverer:
    """Delivers what is due, a batch whenever it is called; when and in which threads is its caller's choice.

    `carriers` by the kind of delivery; `owner` is an id of this process that no other has; `random` gives numbers in
    [0, 1); `listener` is told of a batch's changes at once, in the transaction that stores them. Several deliverers
    may work on one database. `run_once` may be called from several threads at once. An org gets one request at a time
    from this deliverer, for records created side by side lock each other there. What was delivered is remembered for
    `keep`.
    """

    def __init__(
        self,
        database: Database,
        carriers: Mapping[str, Carrier],
        clock: Clock,
        *,
        owner: str,
        random: Callable[[], float],
        listener: Listener | None = None,
        observer: Observer | None = None,
        lease: timedelta = LEASE,
        batch: int = BATCH,
        keep: timedelta = KEEP,
    ) -> None:
        self._database = database
        self._carriers = carriers
        self._clock = clock
        self._owner = owner
        self._random = random
        self._listener = listener
        self._observer: Observer = observer or _Silent()
        self._lease = lease
        self._batch = batch
        self._keep = keep
        self._breakers = Breakers(clock, random, batch=batch)
        self._served = ""
        self._turns: dict[str, threading.Lock] = {}
        self._leases = itertools.count()
        self._stopping = threading.Event()
        self._tidied = clock.monotonic()
        self._counted: float | None = None
        self._looked: float | None = None

    def stop(self) -> None:
        """Send nothing more: what is taken from here on, or waits for its org's turn, is given back. Never waits."""
        self._stopping.set()

    # -- one step -------------------------------------------------------------------------------------------------

    def run_once(self) -> float:
        """Deliver one batch of one org, if any is due; returns the seconds until something may be due again."""
        self._count()
        self._release_held()
        pause = self._until_due()
        if pause > 0:
            self._tidy()
            return pause
        batch = self._take()
        if batch is None:
            return BUSY_S
        org_id = batch.items[0].org_id
        # The others' turn comes before its next one, however much waits there.
        self._served = org_id
        with self._turn(org_id):
            late = self._clock.now() >= batch.sent_by
            held_up = late or self._stopping.is_set() or org_id in self._breakers.open()
            results = {} if held_up else self._carry(org_id, batch)
            pause = self._judge(org_id, results.values())
        if held_up:
            self._put_back(batch)
        else:
            self._store(batch, results, pause)
        return 0.0

    def _turn(self, org_id: str) -> threading.Lock:
        return self._turns.setdefault(org_id, threading.Lock())

    def _take(self) -> _Batch | None:
        """Lease a batch, of an org that is busy only a full one: to be sent as soon as its answer is there."""
        owner = f"{self._owner}-{next(self._leases)}"
        busy = frozenset(org_id for org_id, turn in list(self._turns.items()) if turn.locked())
        sent_by = self._clock.now() + self._lease / 3
        with self._database.write() as uow:
            choices = dict.fromkeys([(busy | {self._served}, 1), (busy, 1), (frozenset(), self._batch)])
            leases = (self._lease_of(uow, owner, without, least) for without, least in choices)
            items: Sequence[OutboxItem] = next((found for found in leases if found), ())
            logs = uow.call_logs.of([item.key for item in items])
            if items:
                uow.commit()
        # Left out is what must not be delivered because its record was deleted.
        deliveries = {
            item.key: Delivery(
                item.key,
                item.fields,
                record_id=logs[item.key].task_id if item.key in logs else None,
                sent=(item.sent or {}) if item.uncertain else None,
                attempts=item.attempts,
                code=item.code,
                before=logs[item.key].delivered if item.key in logs else {},
            )
            for item in items
            if item.key not in logs or not logs[item.key].deleted
        }
        return _Batch(owner, items, deliveries, sent_by) if items else None

    def _lease_of(self, uow: UnitOfWork, owner: str, without: Collection[str], least: int) -> Sequence[OutboxItem]:
        """Lease a batch, of another org than `without` names, unless there are fewer than `least`."""
        return uow.outbox.lease(
            owner,
            until=self._clock.now() + self._lease,
            limit=self._batch,
            least=least,
            without=self._breakers.open().union(without),
            most=self._breakers.probing(),
        )

    def _carry(self, org_id: str, batch: _Batch) -> dict[str, Result]:
        results: dict[str, Result] = {}
        kinds = {item.key: item.kind for item in batch.items}
        for kind in dict.fromkeys(kinds[key] for key in batch.deliveries):
            part = [delivery for key, delivery in batch.deliveries.items() if kinds[key] == kind]
            try:
                results |= zip((each.key for each in part), self._carriers[kind].carry(org_id, part), strict=True)
            except Exception:  # noqa: BLE001 - one that cannot be carried must not hold up the others
                _log.exception("delivery-failed", count=len(part))
                results |= {each.key: self._carry_alone(kind, org_id, each) for each in part}
        return results

    def _carry_alone(self, kind: str, org_id: str, delivery: Delivery) -> Result:
        """Deliver one whose batch failed in a way that nobody foresaw; it may have arrived with the batch."""
        try:
            return self._carriers[kind].carry(org_id, [delivery])[0]
        except Exception:  # noqa: BLE001 - tried again, and given up after as many attempts as any other
            _log.exception("delivery-failed", key=delivery.key)
            return _BROKEN

    def _judge(self, org_id: str, results: Collection[Result]) -> float:
        """Have the org left alone after trouble; returns for how many seconds."""
        troubles = [result for result in results if result.whole_org]
        if troubles:
            return self._breakers.trouble(org_id, max(each.wait or 0.0 for each in troubles))
        # A look at what arrived, and what was put off, say nothing of whether the org takes anything.
        if any(result.counts for result in results):
            self._breakers.fine(org_id)
        return 0.0

    def _put_back(self, batch: _Batch) -> None:
        """Give back what was not sent."""
        with self._database.write() as uow:
            for key in uow.outbox.claim(batch.owner, batch.items):
                uow.outbox.released(key)
            uow.commit()

    def _store(self, batch: _Batch, results: Mapping[str, Result], pause: float) -> None:
        items = batch.items
        with self._database.write() as uow:
            # What another deliverer has taken over meanwhile is that one's to store.
            claimed = uow.outbox.claim(batch.owner, items)
            uow.call_logs.of(claimed)
            settled = [item for item in items if item.key in claimed]
            for item in settled:
                self._settle(uow, item, results.get(item.key), pause)
            if self._listener is not None:
                self._tell(self._listener, uow, [item.key for item in settled])
            uow.commit()
        for item in items:
            result = results.get(item.key)
            self._observer.delivered(item.org_id, result.state if result else "gone", result.code if result else "")

    def _tell(self, listener: Listener, uow: UnitOfWork, keys: Sequence[str]) -> None:
        """Tell of all at once; of each alone where that fails, so that one keeps no other's news back."""
        if not keys:
            return
        try:
            listener(uow, keys)
        except Exception:  # noqa: BLE001 - what was delivered must be stored, whoever cannot hear of it
            if len(keys) == 1:
                _log.exception("delivery-not-told", key=keys[0])
                return
            for key in keys:
                self._tell(listener, uow, [key])

    def _settle(self, uow: UnitOfWork, item: OutboxItem, result: Result | None, pause: float) -> None:
        """Store one result; None: the delivery was not wanted."""
        if result is None:
            uow.outbox.dropped(item.key, "salesforce-record-deleted")
            return
        if result.state in _OVER:
            self._arrived(uow, item, result)
            return
        worn_out = result.counts and not result.whole_org and item.attempts + 1 >= ATTEMPTS
        if result.state == "dead" or worn_out:
            uow.outbox.died(item.key, code=result.code or item.code or "", detail=result.detail)
            return
        uow.outbox.postponed(
            item.key,
            delay=timedelta(seconds=self._delay(item, result, pause)),
            code=result.code,
            detail=result.detail,
            # A doubt that could not be settled stays one; one that was settled is over.
            uncertain=result.state == "unknown" or (item.uncertain and result.whole_org),
            counts=result.counts and not result.whole_org,
        )

    @staticmethod
    def _arrived(uow: UnitOfWork, item: OutboxItem, result: Result) -> None:
        gone = result.state == "gone"
        delivered: Mapping[str, Any] = {} if gone else item.fields if result.delivered is None else result.delivered
        if gone:
            uow.outbox.dropped(item.key, result.code)
        else:
            carried = item.sent if item.uncertain else item.fields
            uow.outbox.finished(
                item.key, delivered, carried=carried, held=result.held, code=result.code, detail=result.detail
            )
        uow.call_logs.saved(
            item.key,
            org_id=item.org_id,
            pairing_id=item.pairing_id,
            task_id=result.record_id,
            delivered=delivered,
            code=result.code or None,
            deleted=gone,
        )

    def _delay(self, item: OutboxItem, result: Result, pause: float) -> float:
        if result.whole_org:
            return pause
        if not result.counts:
            return result.wait or 0.0
        if result.wait == 0 and item.attempts == 0:
            return 0.0
        return max(result.wait or 0.0, growing(item.attempts + 1, self._random()))

    # -- between batches ------------------------------------------------------------------------------------------

    def _until_due(self) -> float:
        """Seconds until a delivery is due or an org may be tried again; zero: now."""
        with self._database.read() as uow:
            due = uow.outbox.next_due(self._breakers.open())
        waits = [] if due is None else [max(0.0, (due - self._clock.now()).total_seconds())]
        probe = self._breakers.next_probe()
        if probe is not None:
            waits.append(max(probe, 0.01))
        return min(waits, default=IDLE_S)

    def _tidy(self) -> None:
        if self._clock.monotonic() - self._tidied < _TIDY_S:
            return
        self._tidied = self._clock.monotonic()
        with self._database.write() as uow:
            uow.outbox.forget_attempts(self._clock.now() - self._keep)
            uow.call_logs.redact(self._clock.now() - self._keep)
            uow.commit()

    def _release_held(self) -> None:
        """Have what was held tried again where the org takes more by now, or less."""
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < _HELD_S:
            return
        self._looked = now
        with self._database.read() as uow:
            held = uow.outbox.held()
        for org_id, kind in held:
            missing = self._carriers[kind].missing(org_id)
            if missing is None:
                continue
            with self._database.write() as uow:
                count = uow.outbox.released_held(org_id, kind, missing)
                uow.commit()
            if count:
                _log.info("held-deliveries-released", org=org_id, count=count)

    def _count(self) -> None:
        now = self._clock.monotonic()
        if self._counted is not None and now - self._counted < _COUNT_S:
            return
        self._counted = now
        with self._database.read() as uow:
            self._observer.waiting(uow.outbox.waiting())
