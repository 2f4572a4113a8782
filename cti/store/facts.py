"""The table and the repository of facts: what was reported about calls and agents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.facts import Fact
from cti.store.base import CHUNK, Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

    from cti.clock import Clock

PBX_SOURCES: Final = ("fcc", "list")
"""The sources of what FCC itself said."""


class FactRow(Base):
    """One report, as it was made. `content` None: past its retention, only the identity is left."""

    __tablename__ = "facts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "identity"),
        Index("ix_facts_tenant_id_kind_subject_at", "tenant_id", "kind", "subject", "at"),
        Index("ix_facts_tenant_id_sip_call_id", "tenant_id", "sip_call_id"),
        Index("ix_facts_tenant_id_received_at", "tenant_id", "received_at"),
        # Only of those that are whole: what was redacted stays for ever, and is not to be looked through each hour.
        Index(
            "ix_facts_whole_at",
            "at",
            sqlite_where=text("content IS NOT NULL"),
            postgresql_where=text("content IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    identity: Mapped[str] = mapped_column(String(64))
    call_key: Mapped[str | None] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    calls_id: Mapped[int | None] = mapped_column(BigInteger)
    sip_call_id: Mapped[str | None] = mapped_column(String(255))
    content: Mapped[dict[str, Any] | None]
    received_at: Mapped[datetime]


class FactRepository:
    """Facts inside one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, tenant_id: str, fact: Fact, *, call_key: str | None, subject: str | None = None) -> None:
        """Keep a fact that is not kept yet (see `unknown`)."""
        self._session.add(
            FactRow(
                tenant_id=tenant_id,
                identity=fact.identity,
                call_key=call_key,
                source=fact.source,
                kind=fact.kind,
                subject=subject,
                at=fact.at,
                calls_id=fact.calls_id,
                sip_call_id=fact.sip_call_id,
                content=dict(fact.content),
                received_at=self._clock.now(),
            )
        )

    def unknown(self, tenant_id: str, facts: Iterable[Fact]) -> list[Fact]:
        """Those of `facts` that are not kept yet, each once, in the order given."""
        by_identity = {fact.identity: fact for fact in facts}
        identities = list(by_identity)
        for start in range(0, len(identities), CHUNK):
            chunk = identities[start : start + CHUNK]
            query = select(FactRow.identity).where(FactRow.tenant_id == tenant_id, FactRow.identity.in_(chunk))
            for identity in self._session.scalars(query):
                by_identity.pop(identity, None)
        return list(by_identity.values())

    def of_call(self, call_key: str) -> list[Fact]:
        """All facts of a call that still have their content."""
        query = select(
            FactRow.source, FactRow.kind, FactRow.at, FactRow.calls_id, FactRow.sip_call_id, FactRow.content
        ).where(FactRow.call_key == call_key, FactRow.content.is_not(None))
        return [
            Fact(row.source, row.kind, row.at, row.calls_id, row.sip_call_id, row.content or {})
            for row in self._session.execute(query)
        ]

    def count(self, call_key: str, kind: str) -> int:
        """How many facts of that kind a call has."""
        query = select(func.count()).select_from(FactRow).where(FactRow.call_key == call_key, FactRow.kind == kind)
        return self._session.scalar(query) or 0

    def sip_call_ids(self, call_key: str) -> Sequence[str]:
        """The SIP Call-IDs that FCC itself named for a call."""
        query = select(FactRow.sip_call_id).where(
            FactRow.call_key == call_key, FactRow.source.in_(PBX_SOURCES), FactRow.sip_call_id.is_not(None)
        )
        return [each for each in self._session.scalars(query.distinct()) if each is not None]

    def move(self, call_key: str, to: str) -> None:
        """Put all facts of one call under another."""
        self._session.flush()
        self._session.execute(update(FactRow).where(FactRow.call_key == call_key).values(call_key=to))

    def adopt(self, tenant_id: str, subject: str, call_key: str) -> None:
        """Put the facts about `subject`, a dial command's id, that have no call yet under `call_key`."""
        self._session.flush()
        self._session.execute(
            update(FactRow)
            .where(
                FactRow.tenant_id == tenant_id,
                FactRow.kind.in_(("dialled", "checked")),
                FactRow.subject == subject,
                FactRow.call_key.is_(None),
            )
            .values(call_key=call_key)
        )

    def settings_in_force(self, tenant_id: str, pairing_id: str, at: datetime) -> dict[str, Any] | None:
        """The pairing's settings as they were at that moment; None when none were stored by then."""
        query = (
            select(FactRow.content)
            .where(
                FactRow.tenant_id == tenant_id,
                FactRow.kind == "settings",
                FactRow.subject == pairing_id,
                FactRow.at <= at,
            )
            .order_by(FactRow.at.desc(), FactRow.id.desc())
            .limit(1)
        )
        content = self._session.scalar(query)
        return None if content is None else dict(content.get("settings") or {})

    def counts(self, tenant_id: str, since: datetime) -> dict[str, int]:
        """How many facts each source gave since then; for the self-check."""
        query = (
            select(FactRow.source, func.count())
            .where(FactRow.tenant_id == tenant_id, FactRow.received_at >= since)
            .group_by(FactRow.source)
        )
        return {row[0]: row[1] for row in self._session.execute(query)}

    def redact(self, before: datetime, *, limit: int) -> int:
        """Empty up to `limit` facts about calls and agents made before that moment; gives how many.

        Their identities stay. Settings are kept: calls are judged by them.
        """
        self._session.flush()
        old = (FactRow.at < before, FactRow.content.is_not(None), FactRow.kind != "settings")
        ids = self._session.scalars(select(FactRow.id).where(*old).order_by(FactRow.at).limit(limit)).all()
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            self._session.execute(
                update(FactRow).where(FactRow.id.in_(chunk)).values(content=None, sip_call_id=None),
                execution_options={"synchronize_session": False},
            )
        return len(ids)

    def redact_calls(self, keys: Collection[str]) -> None:
        """Empty the facts of these calls."""
        self._session.flush()
        self._session.execute(update(FactRow).where(FactRow.call_key.in_(keys)).values(content=None, sip_call_id=None))
