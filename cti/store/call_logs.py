"""The table and the repository of what Salesforce already has of each call."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Boolean, Index, String, and_, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.delivery import CallLog
from cti.store.base import Base, Json, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.orm import Session

    from cti.clock import Clock


class CallLogRow(Base):
    """What Salesforce holds about one segment of a call, as far as it came from here."""

    __tablename__ = "call_logs"
    __table_args__ = (Index("ix_call_logs_closed_updated_at", "closed", "updated_at"),)

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


# What a batch changed is remembered by statements on the table itself, one for all its rows.
_TABLE = cast("Table", CallLogRow.__table__)
_LOG = tuple(getattr(CallLogRow, each.name) for each in fields(CallLog))


class CallLogRepository:
    """What Salesforce holds about calls, inside one transaction. `saved` is written by `flush`, or by the commit."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._known: dict[str, CallLog | None] = {}
        self._new: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}

    def flush(self) -> None:
        """Write what was saved."""
        if self._new:
            self._session.execute(insert(_TABLE), list(self._new.values()))
        if self._changed:
            rows = [{"saved_key": key, **values} for key, values in self._changed.items()]
            self._session.execute(update(_TABLE).where(_TABLE.c.key == bindparam("saved_key")), rows)
        self._new, self._changed = {}, {}

    def get(self, key: str) -> CallLog | None:
        """What was delivered under this key."""
        return self.of([key]).get(key)

    def of(self, keys: Collection[str]) -> dict[str, CallLog]:
        """What was delivered under each of these keys, where anything was."""
        unread = [key for key in keys if key not in self._new and key not in self._changed]
        if unread:
            self._known |= dict.fromkeys(unread)
            found = self._session.execute(select(*_LOG).where(CallLogRow.key.in_(unread)))
            self._known |= {row[0]: CallLog(*row) for row in found}
        return {key: log for key in keys if (log := self._known[key]) is not None}

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
        before = self._known[key] if key in self._known else self.get(key)
        log = before or CallLog(key, None)
        log = CallLog(
            key,
            task_id=task_id or log.task_id,
            delivered={} if log.closed else {**log.delivered, **delivered},
            deleted=log.deleted or deleted,
            closed=log.closed,
            code=code,
        )
        values = {
            "task_id": log.task_id,
            "delivered": log.delivered,
            "deleted": log.deleted,
            "code": code,
            "updated_at": now,
        }
        self._known[key] = log
        if before is None:
            place = {"key": key, "org_id": org_id, "pairing_id": pairing_id, "closed": False, "created_at": now}
            self._new[key] = {**place, **values}
        elif key in self._new:
            self._new[key] |= values
        else:
            self._changed[key] = values

    def forget(self, key: str) -> None:
        """Keep no field of what was delivered; nothing more is delivered under the key."""
        self._close(CallLogRow.key == key)

    def redact(self, before: datetime) -> None:
        """Do the same with all that has not changed since that moment."""
        self._close(and_(CallLogRow.updated_at < before, CallLogRow.closed.is_(False)))

    def _close(self, which: ColumnElement[bool]) -> None:
        self.flush()
        self._known = {}
        self._session.execute(update(CallLogRow).where(which).values(delivered={}, closed=True))
