"""What waits to be delivered to Salesforce, every attempt at it, and what was delivered so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Index, Integer, String, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from cti.store.base import Base, Json, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from sqlalchemy.orm import Session

    from cti.clock import Clock

PENDING: Final = "pending"
LEASED: Final = "leased"
RETRY: Final = "retry"
DONE: Final = "done"
DEAD: Final = "dead"


class OutboxRow(Base):
    """One record's fields on their way; a key has one row for ever, so it is in flight at most once."""

    __tablename__ = "outbox"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    org_id: Mapped[str] = mapped_column(String(18))
    pairing_id: Mapped[str] = mapped_column(String(64))
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent: Mapped[dict[str, Any] | None] = mapped_column(Json)
    uncertain: Mapped[bool] = mapped_column(Boolean, default=False)
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_outbox_due", "state", "run_after"), Index("ix_outbox_org", "org_id", "state"))


class OutboxAttemptRow(Base):
    """One attempt, kept for the administrator; never changed."""

    __tablename__ = "outbox_attempts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    result: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(String(500))


class CallLogRow(Base):
    """What Salesforce holds about one segment of a call, as far as it came from here."""

    __tablename__ = "call_logs"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(18))
    pairing_id: Mapped[str] = mapped_column(String(64), index=True)
    task_id: Mapped[str | None] = mapped_column(String(18))
    delivered: Mapped[dict[str, Any]] = mapped_column(Json)
    deleted: Mapped[bool] = mapped_column(Boolean, default=False)
    closed: Mapped[bool] = mapped_column(Boolean, default=False)
    code: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class OutboxItem:
    """A row of the outbox as the features see it.

    `fields` is everything not yet delivered; `sent` what the last attempt carried, when its outcome is `uncertain`.
    """

    key: str
    kind: str
    org_id: str
    pairing_id: str
    fields: Mapping[str, Any]
    version: int
    state: str
    run_after: datetime
    attempts: int
    sent: Mapping[str, Any] | None
    uncertain: bool
    code: str | None
    detail: str | None


@dataclass(frozen=True)
class CallLog:
    """What was delivered about one segment: the Task's id once there is one, and every field's last delivered value.

    `deleted`: the Task was found deleted in Salesforce. `closed`: the values are no longer kept here. Either way
    nothing more is delivered.
    """

    key: str
    task_id: str | None
    delivered: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    closed: bool = False
    code: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt at a delivery."""

    at: datetime
    result: str
    code: str | None
    detail: str | None


def _item(row: OutboxRow) -> OutboxItem:
    return OutboxItem(
        key=row.key,
        kind=row.kind,
        org_id=row.org_id,
        pairing_id=row.pairing_id,
        fields=dict(row.fields),
        version=row.version,
        state=row.state,
        run_after=row.run_after,
        attempts=row.attempts,
        sent=None if row.sent is None else dict(row.sent),
        uncertain=row.uncertain,
        code=row.code,
        detail=row.detail,
    )


def _shortened(text: str | None) -> str | None:
    return text[:500] if text else None


class OutboxRepository:
    """The outbox inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._claimed: dict[str, OutboxRow] = {}
        self._locked: dict[str, OutboxRow | None] = {}

    def get(self, key: str) -> OutboxItem | None:
        """The row with this key, in whatever state."""
        row = self._session.get(OutboxRow, key)
        return None if row is None else _item(row)

    def of(self, keys: Collection[str]) -> dict[str, OutboxItem]:
        """The rows with these keys, where there are any; what this transaction has locked is not read again."""
        held = {key: self._claimed.get(key) or self._locked.get(key) for key in keys}
        rows = {key: row for key, row in held.items() if row is not None}
        unread = [key for key in keys if key not in rows]
        if unread:
            found = self._session.scalars(select(OutboxRow).where(OutboxRow.key.in_(unread)))
            rows |= {row.key: row for row in found}
        return {key: _item(row) for key, row in rows.items()}

    def get_to_change(self, key: str) -> OutboxItem | None:
        """The same, kept from other transactions until this one ends: what `put` then does fits what was seen."""
        row = self._session.get(OutboxRow, key, with_for_update=True)
        self._locked[key] = row
        return None if row is None else _item(row)

    def put(
        self,
        key: str,
        fields: Mapping[str, Any],
        *,
        kind: str,
        org_id: str,
        pairing_id: str,
        run_after: datetime,
        replace: bool = False,
    ) -> None:
        """Have these fields delivered under this key, not before `run_after`.

        What already waits under the key is merged (newer values win), or thrown away with `replace`, which is for
        deliveries of which nothing was sent yet. A row that waits keeps its earlier time; one that had failed for good
        gets a new chance.
        """
        now = self._clock.now()
        row = self._locked[key] if key in self._locked else self._session.get(OutboxRow, key, with_for_update=True)
        if row is None:
            fresh = OutboxRow(
                key=key,
                kind=kind,
                org_id=org_id,
                pairing_id=pairing_id,
                fields=dict(fields),
                version=1,
                state=PENDING,
                run_after=run_after,
                attempts=0,
                uncertain=False,
                created_at=now,
                updated_at=now,
            )
            try:
                with self._session.begin_nested():
                    self._session.add(fresh)
            except IntegrityError:
                row = self._session.get(OutboxRow, key, with_for_update=True, populate_existing=True)
            else:
                self._locked[key] = fresh
                return
        assert row is not None
        row.fields = dict(fields) if replace else {**row.fields, **fields}
        row.version += 1
        row.updated_at = now
        if row.state in {DONE, DEAD}:
            row.state, row.run_after, row.attempts = PENDING, run_after, 0
            row.code = row.detail = None
        elif row.state == PENDING:
            row.run_after = min(row.run_after, run_after)

    def lease(
        self, owner: str, *, until: datetime, limit: int, without: Collection[str] = (), probe: Collection[str] = ()
    ) -> Sequence[OutboxItem]:
        """Take up to `limit` rows of the one org that has waited longest, and keep others off them till `until`.

        Rows of that org that only wait to be sent together with others come along; rows whose lease ran out are taken
        again and marked `uncertain`. `without` names orgs to leave alone, `probe` orgs of which one row is enough.
        """
        now = self._clock.now()
        due = or_(
            and_(OutboxRow.state.in_((PENDING, RETRY)), OutboxRow.run_after <= now),
            and_(OutboxRow.state == LEASED, OutboxRow.lease_until <= now),
        )
        first = select(OutboxRow.org_id).where(due).order_by(OutboxRow.run_after).limit(1)
        if without:
            first = first.where(OutboxRow.org_id.not_in(without))
        org_id = self._session.scalar(first)
        if org_id is None:
            return []
        rows = self._session.scalars(
            select(OutboxRow)
            .where(OutboxRow.org_id == org_id, or_(due, OutboxRow.state == PENDING))
            .order_by(OutboxRow.run_after, OutboxRow.key)
            .limit(1 if org_id in probe else limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            if row.state == LEASED:
                row.uncertain = True
            if not row.uncertain:
                row.sent = dict(row.fields)
            row.state = LEASED
            row.lease_owner = owner
            row.lease_until = until
        return [_item(row) for row in rows]

    def next_due(self, without: Collection[str] = ()) -> datetime | None:
        """When the next row wants attention; None when nothing waits."""
        waiting = select(func.min(OutboxRow.run_after)).where(OutboxRow.state.in_((PENDING, RETRY)))
        leased = select(func.min(OutboxRow.lease_until)).where(OutboxRow.state == LEASED)
        if without:
            waiting = waiting.where(OutboxRow.org_id.not_in(without))
            leased = leased.where(OutboxRow.org_id.not_in(without))
        times = [moment for moment in (self._session.scalar(waiting), self._session.scalar(leased)) if moment]
        return min(times, default=None)

    def claim(self, owner: str, keys: Collection[str]) -> frozenset[str]:
        """Those of `keys` whose lease is still this owner's; only these can be settled in this transaction.

        Settled they are by `finished`, `dropped`, `postponed` and `died`, each of which raises KeyError for others.
        """
        rows = self._session.scalars(
            select(OutboxRow)
            .where(OutboxRow.key.in_(list(keys)), OutboxRow.state == LEASED, OutboxRow.lease_owner == owner)
            .order_by(OutboxRow.key)
            .with_for_update()
        )
        self._claimed = {row.key: row for row in rows}
        return frozenset(self._claimed)

    def finished(self, key: str, delivered: Mapping[str, Any]) -> None:
        """`delivered` arrived. What came in meanwhile waits for its turn at once."""
        row = self._claimed[key]
        row.fields = {
            name: value for name, value in row.fields.items() if name not in delivered or delivered[name] != value
        }
        self._release(row, PENDING if row.fields else DONE, self._clock.now())
        row.attempts = 0
        row.code = row.detail = None
        self._note(key, DONE)

    def dropped(self, key: str, code: str) -> None:
        """Nothing under this key shall be delivered any more."""
        row = self._claimed[key]
        row.fields = {}
        self._release(row, DONE, self._clock.now())
        self._note(key, DONE, code)

    def postponed(self, key: str, *, delay: timedelta, code: str, detail: str, uncertain: bool, counts: bool) -> None:
        """Try again after `delay`. `uncertain`: what was sent may have arrived. `counts`: as an attempt of this row."""
        row = self._claimed[key]
        if counts:
            row.attempts += 1
        self._release(row, RETRY, self._clock.now() + delay, uncertain=uncertain)
        row.code, row.detail = code or None, _shortened(detail)
        if code:
            self._note(key, RETRY, code, detail)

    def died(self, key: str, *, code: str, detail: str) -> None:
        """It cannot be delivered as it is; it waits for a person, or for newer fields."""
        row = self._claimed[key]
        self._release(row, DEAD, self._clock.now())
        row.code, row.detail = code, _shortened(detail)
        self._note(key, DEAD, code, detail)

    def revive(self, key: str) -> bool:
        """Try a dead row again, at once. False: there is no dead row of this key."""
        row = self._session.get(OutboxRow, key, with_for_update=True)
        if row is None or row.state != DEAD:
            return False
        row.state, row.run_after, row.attempts = PENDING, self._clock.now(), 0
        return True

    def forget(self, key: str) -> None:
        """Deliver nothing more under this key, and keep nothing of it. What is on its way may still arrive."""
        self._locked.pop(key, None)
        self._claimed.pop(key, None)
        self._session.execute(delete(OutboxAttemptRow).where(OutboxAttemptRow.key == key))
        self._session.execute(delete(OutboxRow).where(OutboxRow.key == key))

    def counts(self, org_id: str | None = None) -> dict[str, int]:
        """How many rows are in each state, of one org or of all."""
        query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
        if org_id is not None:
            query = query.where(OutboxRow.org_id == org_id)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def troubled(self, pairing_id: str, limit: int = 100) -> Sequence[OutboxItem]:
        """Rows of a pairing that are dead or met an error, the newest first."""
        query = (
            select(OutboxRow)
            .where(OutboxRow.pairing_id == pairing_id, OutboxRow.state.in_((DEAD, RETRY)))
            .order_by(OutboxRow.updated_at.desc(), OutboxRow.key)
            .limit(limit)
        )
        return [_item(row) for row in self._session.scalars(query)]

    def attempts(self, key: str) -> Sequence[Attempt]:
        """All attempts at a key that are still kept, oldest first."""
        query = select(OutboxAttemptRow).where(OutboxAttemptRow.key == key).order_by(OutboxAttemptRow.id)
        return [Attempt(row.at, row.result, row.code, row.detail) for row in self._session.scalars(query)]

    def forget_attempts(self, before: datetime) -> None:
        """Delete attempts made before that moment, and finished rows that have not changed since."""
        self._session.execute(delete(OutboxAttemptRow).where(OutboxAttemptRow.at < before))
        self._session.execute(delete(OutboxRow).where(OutboxRow.state == DONE, OutboxRow.updated_at < before))

    def _release(self, row: OutboxRow, state: str, run_after: datetime, *, uncertain: bool = False) -> None:
        row.state = state
        row.run_after = run_after
        row.lease_owner = row.lease_until = None
        row.uncertain = uncertain
        if not uncertain:
            row.sent = None
        row.updated_at = self._clock.now()

    def _note(self, key: str, result: str, code: str | None = None, detail: str | None = None) -> None:
        self._session.add(
            OutboxAttemptRow(key=key, at=self._clock.now(), result=result, code=code, detail=_shortened(detail))
        )


class CallLogRepository:
    """What Salesforce holds about calls, inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._read: dict[str, CallLogRow | None] = {}

    def get(self, key: str) -> CallLog | None:
        """What was delivered under this key."""
        row = self._session.get(CallLogRow, key)
        return None if row is None else self._value(row)

    def of(self, keys: Collection[str]) -> dict[str, CallLog]:
        """What was delivered under each of these keys, where anything was; what was read so is not read again."""
        unread = [key for key in keys if key not in self._read]
        if unread:
            self._read |= dict.fromkeys(unread)
            found = self._session.scalars(select(CallLogRow).where(CallLogRow.key.in_(unread)))
            self._read |= {row.key: row for row in found}
        return {key: self._value(row) for key in keys if (row := self._read[key]) is not None}

    def saved(
        self,
        key: str,
        *,
        org_id: str,
        pairing_id: str,
        task_id: str | None,
        delivered: Mapping[str, Any],
        code: str | None = None,
        deleted: bool = False,
    ) -> None:
        """These fields arrived at the Task; or it was found `deleted`. `code`: what had to be left out, and why."""
        now = self._clock.now()
        row = self._read[key] if key in self._read else self._session.get(CallLogRow, key)
        if row is None:
            row = CallLogRow(
                key=key, org_id=org_id, pairing_id=pairing_id, delivered={}, deleted=False, closed=False, created_at=now
            )
            self._session.add(row)
            self._read[key] = row
        row.task_id = task_id or row.task_id
        row.delivered = {} if row.closed else {**row.delivered, **delivered}
        row.deleted = row.deleted or deleted
        row.code = code
        row.updated_at = now

    def forget(self, key: str) -> None:
        """Keep no field of what was delivered; nothing more is delivered under the key."""
        self._session.execute(update(CallLogRow).where(CallLogRow.key == key).values(delivered={}, closed=True))

    def shrink(self, before: datetime) -> None:
        """Do the same with all that has not changed since that moment."""
        old = and_(CallLogRow.updated_at < before, CallLogRow.closed.is_(False))
        self._session.execute(update(CallLogRow).where(old).values(delivered={}, closed=True))

    @staticmethod
    def _value(row: CallLogRow) -> CallLog:
        return CallLog(row.key, row.task_id, dict(row.delivered), row.deleted, row.closed, row.code)
