"""The tables and the repository of what waits to be delivered to Salesforce, and of every attempt at it.

Longer than 400 lines because a row's states and everything that moves it from one to another stand together.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import (
    Boolean,
    Index,
    Integer,
    String,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.delivery import Attempt, OutboxItem, OutboxState
from cti.store.base import CHUNK, Base, Json, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.orm import Session

    from cti.clock import Clock

PENDING: Final = "pending"
LEASED: Final = "leased"
RETRY: Final = "retry"
HELD: Final = "held"
DONE: Final = "done"
DEAD: Final = "dead"
_NOT_DONE: Final = (PENDING, LEASED, RETRY, DEAD)


class OutboxRow(Base):
    """One record's fields on their way; a key has one row for ever, so it is in flight at most once."""

    __tablename__ = "outbox"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    org_id: Mapped[str] = mapped_column(String(18))
    pairing_id: Mapped[str] = mapped_column(String(64))
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[OutboxState] = mapped_column(String(10))
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

    __table_args__ = (
        Index("ix_outbox_due", "state", "run_after"),
        Index("ix_outbox_org", "org_id", "state"),
        Index("ix_outbox_state_updated_at", "state", "updated_at"),
    )


class OutboxAttemptRow(Base):
    """One attempt, kept for the administrator; never changed."""

    __tablename__ = "outbox_attempts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    result: Mapped[OutboxState] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(String(500))


# A batch is leased and settled by statements on the tables themselves, a few for all its rows.
_OUTBOX = cast("Table", OutboxRow.__table__)
_ATTEMPTS = cast("Table", OutboxAttemptRow.__table__)
_ITEM_FIELDS: Final = tuple(each.name for each in fields(OutboxItem))
_ITEM = tuple(getattr(OutboxRow, name) for name in _ITEM_FIELDS)


def _item(row: OutboxRow) -> OutboxItem:
    return OutboxItem(*(getattr(row, name) for name in _ITEM_FIELDS))


def _shortened(text: str | None) -> str | None:
    return text[:500] if text else None


class OutboxRepository:
    """The outbox inside one transaction. What is settled is written by `flush`, at the latest by the commit."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._claimed: dict[str, OutboxItem] = {}
        self._settling = clock.now()
        self._locked: dict[str, OutboxRow | None] = {}
        self._settled: dict[str, dict[str, Any]] = {}
        self._noted: list[dict[str, Any]] = []

    def flush(self) -> None:
        """Write what was settled, all rows that change alike in one go."""
        alike: dict[str, tuple[dict[str, Any], list[str]]] = {}
        for key, values in self._settled.items():
            alike.setdefault(repr(values), (values, []))[1].append(key)
        self._settled = {}
        for values, keys in alike.values():
            self._session.execute(update(_OUTBOX).where(_OUTBOX.c.key.in_(keys)).values(values))
        if self._noted:
            self._session.execute(insert(_ATTEMPTS), self._noted)
            self._noted = []

    def get(self, key: str) -> OutboxItem | None:
        """The row with this key, in whatever state."""
        return self.of([key]).get(key)

    def of(self, keys: Collection[str]) -> dict[str, OutboxItem]:
        """The rows with these keys, where there are any; what this transaction has locked is not read again."""
        rows = {key: self._claimed[key] for key in keys if key in self._claimed}
        rows |= {key: _item(row) for key in keys if (row := self._locked.get(key)) is not None}
        unread = [key for key in keys if key not in rows]
        if unread:
            found = self._session.execute(select(*_ITEM).where(OutboxRow.key.in_(unread)))
            rows |= {row[0]: OutboxItem(*row) for row in found}
        return rows

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
        not_before: bool = False,
    ) -> None:
        """Have these fields delivered under this key, not before `run_after`.

        What already waits under the key is merged (newer values win), or thrown away with `replace`, which is for
        deliveries of which nothing was sent yet. A row that waits keeps its earlier time, unless `not_before` says that
        it may not; one that had failed for good, or whose fields the org did not take, gets a new chance.
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
        if row.state in {DONE, DEAD, HELD}:
            row.state, row.run_after, row.attempts = PENDING, run_after, 0
            row.code = row.detail = None
        elif not_before and row.state in {PENDING, LEASED}:
            row.run_after = run_after
        elif row.state == PENDING:
            row.run_after = min(row.run_after, run_after)

    def lease(
        self,
        owner: str,
        *,
        until: datetime,
        limit: int,
        least: int = 1,
        without: Collection[str] = (),
        most: Mapping[str, int] | None = None,
    ) -> Sequence[OutboxItem]:
        """Take up to `limit` rows of the one org that has waited longest, and keep others off them till `until`.

        Fewer than `least` are not taken.

        Rows of that org that only wait to be sent together with others come along; rows whose lease ran out are taken
        again and marked `uncertain`. `without` names orgs to leave alone, `most` those of which fewer rows are enough.
        """
        now = self._clock.now()
        due = or_(
            and_(OutboxRow.state.in_((PENDING, RETRY)), OutboxRow.run_after <= now),
            and_(OutboxRow.state == LEASED, OutboxRow.lease_until <= now),
        )
        # Said again for the index: what is done stays for months, and is not to be looked through.
        waiting = OutboxRow.state.in_((PENDING, RETRY, LEASED))
        first = select(OutboxRow.org_id).where(waiting, due).order_by(OutboxRow.run_after).limit(1)
        if without:
            first = first.where(OutboxRow.org_id.not_in(without))
        org_id = self._session.scalar(first)
        if org_id is None:
            return []
        mine = (OutboxRow.org_id == org_id, waiting, or_(due, OutboxRow.state == PENDING))
        found: Sequence[Any] = ()
        if most and org_id in most:
            # What may have arrived is only asked about, and that may be asked of all at once.
            found = self._next_of(*mine, due, or_(OutboxRow.uncertain, OutboxRow.state == LEASED), limit=limit)
            limit = min(limit, most[org_id])
        found = found or self._next_of(*mine, limit=limit)
        items = [OutboxItem(*row) for row in found]
        if len(items) < least:
            return []
        doubtful = or_(_OUTBOX.c.uncertain, _OUTBOX.c.state == LEASED)
        self._session.execute(
            update(_OUTBOX)
            .where(_OUTBOX.c.key.in_([item.key for item in items]))
            .values(
                state=LEASED,
                lease_owner=owner,
                lease_until=until,
                uncertain=doubtful,
                sent=case((doubtful, _OUTBOX.c.sent), else_=_OUTBOX.c.fields),
            )
        )
        return [self._leased(item) for item in items]

    def _next_of(self, *which: ColumnElement[bool], limit: int) -> Sequence[Any]:
        query = select(*_ITEM).where(*which).order_by(OutboxRow.run_after, OutboxRow.key).limit(limit)
        return self._session.execute(query.with_for_update(skip_locked=True)).all()

    @staticmethod
    def _leased(item: OutboxItem) -> OutboxItem:
        uncertain = item.uncertain or item.state == LEASED
        return replace(item, state=LEASED, uncertain=uncertain, sent=item.sent if uncertain else item.fields)

    def next_due(self, without: Collection[str] = ()) -> datetime | None:
        """When the next row wants attention; None when nothing waits."""
        waiting = select(func.min(OutboxRow.run_after)).where(OutboxRow.state.in_((PENDING, RETRY)))
        leased = select(func.min(OutboxRow.lease_until)).where(OutboxRow.state == LEASED)
        if without:
            waiting = waiting.where(OutboxRow.org_id.not_in(without))
            leased = leased.where(OutboxRow.org_id.not_in(without))
        times = [moment for moment in (self._session.scalar(waiting), self._session.scalar(leased)) if moment]
        return min(times, default=None)

    def claim(self, owner: str, leased: Collection[OutboxItem]) -> frozenset[str]:
        """The keys of those of `leased` whose lease is still this owner's; only they can be settled from here on.

        Settled they are by `released`, `finished`, `dropped`, `postponed` and `died`, each of which raises KeyError for
        others.
        """
        items = {item.key: item for item in leased}
        rows = self._session.execute(
            select(OutboxRow.key, OutboxRow.version)
            .where(OutboxRow.key.in_(list(items)), OutboxRow.state == LEASED, OutboxRow.lease_owner == owner)
            .order_by(OutboxRow.key)
            .with_for_update()
        )
        versions = {row[0]: row[1] for row in rows}
        self._settling = self._clock.now()
        self._claimed = {key: items[key] for key, version in versions.items() if version == items[key].version}
        # Only what got newer fields meanwhile is read again; the rest is as it was leased.
        self._claimed |= self.of([key for key in versions if key not in self._claimed])
        return frozenset(self._claimed)

    def released(self, key: str) -> None:
        """It was not sent after all; it is due at once."""
        item = self._claimed[key]
        self._settle(item, PENDING, self._settling, uncertain=item.uncertain)

    def finished(
        self,
        key: str,
        delivered: Mapping[str, Any],
        *,
        carried: Mapping[str, Any] | None = None,
        held: Mapping[str, Any] | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """`delivered` arrived. What came in meanwhile is due at once, or when it was to be.

        `held`, of `carried`, is what the org does not take: kept, in the form given, until `released_held` or newer
        fields. `code` and `detail` say why; the same detail means that the same is missing.
        """
        item = self._claimed[key]
        left = {name: value for name, value in item.fields.items() if name not in delivered or delivered[name] != value}
        was = carried or {}
        kept = {name: value for name, value in (held or {}).items() if name in left and left[name] == was.get(name)}
        fields = {**left, **kept}
        if kept and kept.keys() == left.keys():
            self._settle(item, HELD, self._settling, fields=fields, attempts=0, code=code, detail=_shortened(detail))
        else:
            due = max(self._settling, item.run_after) if left else self._settling
            state: OutboxState = PENDING if left else DONE
            self._settle(item, state, due, fields=fields, attempts=0, code=None, detail=None)
        self._note(key, DONE)

    def held(self) -> Sequence[tuple[str, str]]:
        """Org and kind of the deliveries that wait for the org to take their fields, each pair once."""
        query = select(OutboxRow.org_id, OutboxRow.kind).where(OutboxRow.state == HELD).distinct()
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def lacking(self, pairing_id: str) -> dict[str, int]:
        """How many of a pairing's deliveries are held, by what they lack."""
        query = (
            select(OutboxRow.detail, func.count())
            .where(OutboxRow.pairing_id == pairing_id, OutboxRow.state == HELD)
            .group_by(OutboxRow.detail)
        )
        return {row[0] or "": row[1] for row in self._session.execute(query)}

    def released_held(self, org_id: str, kind: str, detail: str) -> int:
        """Have those tried again for which something else was missing than `detail` says; how many they are."""
        now = self._clock.now()
        which = and_(OutboxRow.org_id == org_id, OutboxRow.state == HELD, OutboxRow.kind == kind)
        other = or_(OutboxRow.detail.is_(None), OutboxRow.detail != (_shortened(detail) or ""))
        keys = self._session.scalars(select(OutboxRow.key).where(which, other).order_by(OutboxRow.key)).all()
        for start in range(0, len(keys), CHUNK):
            self._session.execute(
                update(_OUTBOX)
                .where(_OUTBOX.c.key.in_(keys[start : start + CHUNK]), _OUTBOX.c.state == HELD)
                .values(state=PENDING, run_after=now, updated_at=now)
            )
        return len(keys)

    def dropped(self, key: str, code: str) -> None:
        """Nothing under this key shall be delivered any more."""
        self._settle(self._claimed[key], DONE, self._settling, fields={})
        self._note(key, DONE, code)

    def postponed(self, key: str, *, delay: timedelta, code: str, detail: str, uncertain: bool, counts: bool) -> None:
        """Try again after `delay`. `uncertain`: what was sent may have arrived. `counts`: as an attempt of this row."""
        item = self._claimed[key]
        self._settle(
            item,
            RETRY,
            self._settling + delay,
            uncertain=uncertain,
            attempts=item.attempts + 1 if counts else item.attempts,
            code=code or None,
            detail=_shortened(detail),
        )
        if code:
            self._note(key, RETRY, code, detail)

    def died(self, key: str, *, code: str, detail: str) -> None:
        """It cannot be delivered as it is; it waits for a person, or for newer fields."""
        self._settle(self._claimed[key], DEAD, self._settling, code=code, detail=_shortened(detail))
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
        self._settled.pop(key, None)
        self._session.execute(delete(OutboxAttemptRow).where(OutboxAttemptRow.key == key))
        self._session.execute(delete(OutboxRow).where(OutboxRow.key == key))

    def counts(self, pairing_id: str | None = None) -> dict[str, int]:
        """How many rows are in each state, of one pairing or of all."""
        query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
        if pairing_id is not None:
            query = query.where(OutboxRow.pairing_id == pairing_id)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def waiting(self) -> dict[str, int]:
        """How many rows are in each state but done: those are months of calls, which nobody looks through to count."""
        counted = select(OutboxRow.state, func.count()).where(OutboxRow.state.in_(_NOT_DONE))
        return {row[0]: row[1] for row in self._session.execute(counted.group_by(OutboxRow.state))}

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
        self.flush()
        query = select(OutboxAttemptRow).where(OutboxAttemptRow.key == key).order_by(OutboxAttemptRow.id)
        return [Attempt(row.at, row.result, row.code, row.detail) for row in self._session.scalars(query)]

    def forget_attempts(self, before: datetime) -> None:
        """Delete attempts made before that moment, and rows that are finished or held and have not changed since."""
        self._session.execute(delete(OutboxAttemptRow).where(OutboxAttemptRow.at < before))
        over = OutboxRow.state.in_((DONE, HELD))
        self._session.execute(delete(OutboxRow).where(over, OutboxRow.updated_at < before))

    def _settle(
        self, item: OutboxItem, state: OutboxState, run_after: datetime, *, uncertain: bool = False, **more: Any
    ) -> None:
        values = {"state": state, "run_after": run_after, "uncertain": uncertain, **more}
        if not uncertain:
            values["sent"] = None
        self._claimed[item.key] = replace(item, **values)
        self._settled[item.key] = {**values, "lease_owner": None, "lease_until": None, "updated_at": self._settling}

    def _note(self, key: str, result: OutboxState, code: str | None = None, detail: str | None = None) -> None:
        self._noted.append(
            {"key": key, "at": self._settling, "result": result, "code": code, "detail": _shortened(detail)}
        )
