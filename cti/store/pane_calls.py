"""The table and the repository of calls as panes know them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.pane_call import PaneCall
from cti.store.base import Base

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from cti.clock import Clock

_AT_ONE_PLACE = 50
"""So many pane calls of one agent with one number are looked at; more at once nobody could tell apart."""


class PaneCallRow(Base):
    """A dial command or a pane's SIP dialog, and the call it belongs to once that is known."""

    __tablename__ = "pane_calls"
    __table_args__ = (
        UniqueConstraint("tenant_id", "sip_call_id"),
        UniqueConstraint("tenant_id", "dial_id"),
        Index("ix_pane_calls_tenant_id_users_id_settled_seen_at", "tenant_id", "users_id", "settled", "seen_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    users_id: Mapped[int] = mapped_column(BigInteger)
    direction: Mapped[str] = mapped_column(String(8))
    number: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    dial_id: Mapped[str | None] = mapped_column(String(64))
    sip_call_id: Mapped[str | None] = mapped_column(String(255))
    call_key: Mapped[str | None] = mapped_column(String(64), index=True)
    settled: Mapped[bool] = mapped_column(default=False)


class PaneCallRepository:
    """Panes' calls inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def open_of(self, call_keys: Collection[str]) -> list[PaneCall]:
        """The pane calls under these calls whose PBX call is not known yet."""
        query = select(PaneCallRow).where(PaneCallRow.call_key.in_(call_keys), PaneCallRow.settled.is_(False))
        return [_pane_call(row) for row in self._session.scalars(query)] if call_keys else []

    def open_at(
        self, tenant_id: str, users_id: int, *, direction: str, number: str, since: datetime, until: datetime
    ) -> list[PaneCall]:
        """The agent's dial commands and SIP dialogs with that number and direction whose PBX call is not known yet.

        Those that were first heard of between these moments, the newest first.
        """
        query = select(PaneCallRow).where(
            PaneCallRow.tenant_id == tenant_id,
            PaneCallRow.users_id == users_id,
            PaneCallRow.settled.is_(False),
            PaneCallRow.seen_at.between(since, until),
            PaneCallRow.direction == direction,
            PaneCallRow.number == number[:64],
        )
        query = query.order_by(PaneCallRow.seen_at.desc()).limit(_AT_ONE_PLACE)
        return [_pane_call(row) for row in self._session.scalars(query)]

    def last_settled(self, tenant_id: str, users_id: int, *, number: str, since: datetime) -> PaneCall | None:
        """The agent's newest pane call with that number whose PBX call is known, first heard of since then."""
        query = select(PaneCallRow).where(
            PaneCallRow.tenant_id == tenant_id,
            PaneCallRow.users_id == users_id,
            PaneCallRow.settled.is_(True),
            PaneCallRow.seen_at >= since,
            PaneCallRow.number == number[:64],
        )
        row = self._session.scalar(query.order_by(PaneCallRow.seen_at.desc()).limit(1))
        return None if row is None else _pane_call(row)

    def of_call(self, call_key: str) -> list[PaneCall]:
        """The pane calls under one call."""
        return [
            _pane_call(row)
            for row in self._session.scalars(select(PaneCallRow).where(PaneCallRow.call_key == call_key))
        ]

    def named(self, tenant_id: str, *, sip_call_id: str | None = None, dial_id: str | None = None) -> PaneCall | None:
        """One pane call by its SIP Call-ID or its dial command."""
        query = select(PaneCallRow).where(PaneCallRow.tenant_id == tenant_id)
        for column, value in ((PaneCallRow.sip_call_id, sip_call_id), (PaneCallRow.dial_id, dial_id)):
            if value is not None:
                row = self._session.scalar(query.where(column == value))
                if row is not None:
                    return _pane_call(row)
        return None

    def save(self, pane_call: PaneCall) -> None:
        """Keep a pane call, new or changed."""
        row = self._session.get(PaneCallRow, pane_call.id)
        if row is None:
            row = PaneCallRow(id=pane_call.id)
            self._session.add(row)
        for name in PaneCall.__dataclass_fields__:
            setattr(row, name, getattr(pane_call, name))
        row.number = pane_call.number[:64]
        self._session.flush()

    def forget(self, *, before: datetime | None = None, keys: Collection[str] = ()) -> None:
        """Delete the pane calls begun before that moment, or those of these calls."""
        self._session.flush()
        if before is not None:
            self._session.execute(delete(PaneCallRow).where(PaneCallRow.at < before))
        if keys:
            self._session.execute(delete(PaneCallRow).where(PaneCallRow.call_key.in_(keys)))


def _pane_call(row: PaneCallRow) -> PaneCall:
    return PaneCall(**{name: getattr(row, name) for name in PaneCall.__dataclass_fields__})
