"""The SIP dialogs of agents' phones, kept so that a connector that was restarted knows the calls that are up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Index, String, Text, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from cti.domain.sip_dialog import Dialog, Stage
from cti.store.base import Base, Json, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table

    from cti.clock import Clock


class SipDialogRow(Base):
    """One dialog of one agent's phone that is not over. Call-IDs and tags are as long as their makers like."""

    __tablename__ = "sip_dialogs"
    __table_args__ = (Index("ix_sip_dialogs_audience", "audience"), Index("ix_sip_dialogs_at", "at"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    audience: Mapped[str] = mapped_column(String(100))
    call_id: Mapped[str] = mapped_column(Text)
    local_tag: Mapped[str] = mapped_column(Text)
    remote_tag: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(String(10))
    local: Mapped[str] = mapped_column(Text)
    targets: Mapped[list[Any]] = mapped_column(Json)
    routes: Mapped[list[Any]] = mapped_column(Json)
    answered_by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


_TABLE = cast("Table", SipDialogRow.__table__)


class SipDialogRepository:
    """Agents' dialogs inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def of(self, audience: str) -> list[Dialog]:
        """The agent's dialogs, the one that changed last at the end."""
        query = select(SipDialogRow).where(SipDialogRow.audience == audience).order_by(SipDialogRow.at)
        return [
            Dialog(
                call_id=row.call_id,
                local_tag=row.local_tag,
                remote_tag=row.remote_tag,
                stage=Stage(row.stage),
                local=row.local,
                targets=tuple(row.targets),
                routes=tuple(row.routes),
                answered_by=row.answered_by,
                at=row.at,
            )
            for row in self._session.scalars(query)
        ]

    def save(self, changes: Sequence[tuple[str, Dialog]]) -> None:
        """Keep each dialog (audience, dialog) as it is now; those that are over are deleted."""
        over = [dialog.digest(audience) for audience, dialog in changes if dialog.stage is Stage.OVER]
        if over:
            self._session.execute(delete(_TABLE).where(_TABLE.c.id.in_(over)))
        rows = [_row(audience, dialog) for audience, dialog in changes if dialog.stage is not Stage.OVER]
        if not rows:
            return
        on_sqlite = self._session.get_bind().dialect.name == "sqlite"
        insert = (insert_on_sqlite if on_sqlite else insert_on_postgresql)(_TABLE)
        changing = {
            name: insert.excluded[name] for name in ("stage", "local", "targets", "routes", "answered_by", "at")
        }
        self._session.execute(insert.on_conflict_do_update(index_elements=[_TABLE.c.id], set_=changing), rows)

    def forget(self, *, before: datetime) -> None:
        """Delete what has not changed since `before`."""
        self._session.execute(delete(_TABLE).where(_TABLE.c.at < before))


def _row(audience: str, dialog: Dialog) -> dict[str, Any]:
    return {
        "id": dialog.digest(audience),
        "audience": audience,
        "call_id": dialog.call_id,
        "local_tag": dialog.local_tag,
        "remote_tag": dialog.remote_tag,
        "stage": dialog.stage.value,
        "local": dialog.local,
        "targets": list(dialog.targets),
        "routes": list(dialog.routes),
        "answered_by": dialog.answered_by,
        "at": dialog.at,
    }
