"""The tables and the repository of agents' presence, of who has a pane, and of where polling stands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.presence import AgentPresence, Attendance, Presence
from cti.store.base import Base, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from cti.clock import Clock


class AgentRow(Base):
    """What FCC last said about an agent."""

    __tablename__ = "agents"

    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    users_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    presence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    heard_at: Mapped[datetime | None]


class AttendanceRow(Base):
    """Which agents have a pane."""

    __tablename__ = "agent_panes"
    __table_args__ = (Index("ix_agent_panes_tenant_id_users_id", "tenant_id", "users_id"),)

    pairing_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    users_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    sf_user_id: Mapped[str] = mapped_column(String(18))
    present: Mapped[bool]
    seen_at: Mapped[datetime]
    release_due: Mapped[bool] = mapped_column(default=False)


class PollCursorRow(Base):
    """Where polling the call list stands."""

    __tablename__ = "poll_cursors"

    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str | None] = mapped_column(String(1024))
    polled_at: Mapped[datetime]


class AgentRepository:
    """Agents' presence, their panes, and the polling cursors, inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._attendances: dict[tuple[str | None, int | None], list[Attendance]] = {}

    def presence(self, tenant_id: str, users_id: int) -> AgentPresence:
        """What is known about the agent; all None when nothing is."""
        row = self._session.get(AgentRow, (tenant_id, users_id))
        if row is None:
            return AgentPresence(tenant_id, users_id, None, None)
        return AgentPresence(
            tenant_id, users_id, Presence.from_json(row.presence) if row.presence else None, row.heard_at
        )

    def save_presence(self, tenant_id: str, users_id: int, presence: Presence | None) -> None:
        """Keep what FCC just said; None only notes that it was heard of."""
        row = self._session.get(AgentRow, (tenant_id, users_id))
        if row is None:
            row = AgentRow(tenant_id=tenant_id, users_id=users_id, presence=None)
            self._session.add(row)
        if presence is not None:
            row.presence = presence.to_json()
        row.heard_at = self._clock.now()
        self._session.flush()

    def attendance(self, pairing_id: str, users_id: int) -> Attendance | None:
        """Whether the agent has a pane."""
        row = self._session.get(AttendanceRow, (pairing_id, users_id))
        return None if row is None else _attendance(row)

    def save_attendance(self, attendance: Attendance) -> None:
        """Keep it, new or changed."""
        self._attendances.clear()
        row = self._session.get(AttendanceRow, (attendance.pairing_id, attendance.users_id))
        if row is None:
            row = AttendanceRow(pairing_id=attendance.pairing_id, users_id=attendance.users_id)
            self._session.add(row)
        for name in ("tenant_id", "sf_user_id", "present", "seen_at", "release_due"):
            setattr(row, name, getattr(attendance, name))
        self._session.flush()

    def attendances(self, tenant_id: str | None = None, users_id: int | None = None) -> list[Attendance]:
        """All attendances, or those of a tenant, or those of one of its agents."""
        kept = self._attendances.get((tenant_id, users_id))
        if kept is not None:
            return kept
        query = select(AttendanceRow)
        if tenant_id is not None:
            query = query.where(AttendanceRow.tenant_id == tenant_id)
        if users_id is not None:
            query = query.where(AttendanceRow.users_id == users_id)
        found = [_attendance(row) for row in self._session.scalars(query)]
        self._attendances[tenant_id, users_id] = found
        return found

    def touch(self, agents: Sequence[tuple[str, int]]) -> None:
        """Note that these agents, (pairing_id, users_id) each, have a pane now."""
        self._attendances.clear()
        for pairing_id, users_id in agents:
            row = self._session.get(AttendanceRow, (pairing_id, users_id))
            if row is not None and row.present:
                row.seen_at = self._clock.now()

    def cursor(self, tenant_id: str) -> str | None:
        """Where polling stands."""
        row = self._session.get(PollCursorRow, tenant_id)
        return None if row is None else row.cursor

    def set_cursor(self, tenant_id: str, cursor: str | None) -> None:
        """Keep where polling stands."""
        row = self._session.get(PollCursorRow, tenant_id)
        if row is None:
            row = PollCursorRow(tenant_id=tenant_id)
            self._session.add(row)
        row.cursor, row.polled_at = cursor, self._clock.now()

    def polled_at(self, tenant_id: str) -> datetime | None:
        """When the call list was last read; None before the first time."""
        row = self._session.get(PollCursorRow, tenant_id)
        return None if row is None else row.polled_at


def _attendance(row: AttendanceRow) -> Attendance:
    return Attendance(**{name: getattr(row, name) for name in Attendance.__dataclass_fields__})
