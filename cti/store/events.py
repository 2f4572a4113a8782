"""The event log: what panes are told, kept for a while so that a pane that was away can be told again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import BigInteger, Index, Integer, String, Text, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from cti.events.event import LoggedEvent
from cti.store.base import Base, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Row, Table

    from cti.clock import Clock
    from cti.pane_events import PaneEvent


class EventHeadRow(Base):
    """The last number given out to an audience; outlives the events, so that numbers never go back."""

    __tablename__ = "event_heads"

    audience: Mapped[str] = mapped_column(String(100), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)


class EventRow(Base):
    """One event of one audience."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_audience_seq", "audience", "seq", unique=True), Index("ix_events_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    audience: Mapped[str] = mapped_column(String(100))
    seq: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)
    pane: Mapped[str | None] = mapped_column(String(64))


# Statements on the tables themselves: the log is written for every event, and needs nothing of the mapper.
_EVENTS = cast("Table", EventRow.__table__)
_HEADS = cast("Table", EventHeadRow.__table__)
_FIELDS = (EventRow.id, EventRow.audience, EventRow.seq, EventRow.type, EventRow.at, EventRow.body, EventRow.pane)


class EventRepository:
    """The event log inside one transaction.

    The head row of an audience is changed before its event is inserted, so on PostgreSQL writers of one audience
    wait for each other and an audience's numbers become visible in order. Audiences do not wait for one another;
    a reader of the whole log must therefore look back a little (see `cti.events.hub`).
    """

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, audience: str, event: PaneEvent, *, pane: str | None = None) -> int:
        """Append an event and return its seq; with `pane` only the pane of that id gets it."""
        self._session.flush()
        seq = self._next_seq(audience)
        self._session.execute(
            insert(_EVENTS).values(
                audience=audience, seq=seq, type=event.type, at=self._clock.now(), body=event.body(), pane=pane
            )
        )
        return seq

    def add_many(self, events: Iterable[tuple[str, PaneEvent]], *, unheard: Collection[str] = ()) -> None:
        """Append events, (audience, event) each, in two statements; one that several get is written as JSON once.

        The audiences in `unheard` are told nothing, but a pane of theirs that comes back is given a snapshot: a number
        is given out to them that no event has.
        """
        rows = list(events)
        wanted = Counter([*(audience for audience, _ in rows), *unheard])
        if not wanted:
            return
        self._session.flush()
        # Each audience's numbers begin after what it had before, and an unheard one's own comes last.
        seqs = {audience: last - wanted[audience] for audience, last in self._numbers(wanted).items()}
        bodies = {key: event.body() for key, event in {id(event): event for _, event in rows}.items()}
        now = self._clock.now()
        written = []
        for audience, event in rows:
            seqs[audience] += 1
            row = {"audience": audience, "seq": seqs[audience], "type": event.type, "at": now}
            written.append(row | {"body": bodies[id(event)]})
        if written:
            self._session.execute(insert(_EVENTS), written)

    def since(self, last_id: int, *, limit: int = 1000) -> list[LoggedEvent]:
        """Events of all audiences with an id above `last_id`, oldest first, at most `limit`."""
        query = select(*_FIELDS).where(EventRow.id > last_id).order_by(EventRow.id).limit(limit)
        return [_logged(row) for row in self._session.execute(query)]

    def missed(self, audience: str, last_seq: int, *, limit: int = 500) -> list[LoggedEvent] | None:
        """Events of `audience` after `last_seq`, oldest first; an empty list when there are none.

        None when they cannot be given whole: some are expired or were never written (see `add_many`), more than
        `limit` are missing, or `last_seq` was never given out. The caller then sends a snapshot.
        """
        head = self.head(audience)
        if last_seq == head:
            return []
        if last_seq > head or head - last_seq > limit:
            return None
        query = select(*_FIELDS).where(EventRow.audience == audience, EventRow.seq > last_seq).order_by(EventRow.seq)
        found = [_logged(row) for row in self._session.execute(query)]
        whole = [event.seq for event in found[: head - last_seq]] == list(range(last_seq + 1, head + 1))
        return found if whole else None

    def head(self, audience: str) -> int:
        """The last seq given to `audience`, 0 when it never had an event."""
        return self._session.scalar(select(EventHeadRow.last_seq).where(EventHeadRow.audience == audience)) or 0

    def last_id(self) -> int:
        """The highest id in the log, 0 when it is empty."""
        return self._session.scalar(select(func.max(EventRow.id))) or 0

    def expire(self, before: datetime) -> int:
        """Delete events older than `before` and return how many; seq numbers go on from where they were."""
        gone: Sequence[int] = self._session.scalars(
            delete(EventRow).where(EventRow.at < before, EventRow.id < self.last_id()).returning(EventRow.id)
        ).all()
        return len(gone)

    def _next_seq(self, audience: str) -> int:
        bump = (
            update(_HEADS)
            .where(_HEADS.c.audience == audience)
            .values(last_seq=_HEADS.c.last_seq + 1)
            .returning(_HEADS.c.last_seq)
        )
        seq: int | None = self._session.scalar(bump)
        if seq is not None:
            return seq
        # Another transaction may be giving this audience its first event: on PostgreSQL this waits for it.
        return self._numbers({audience: 1})[audience]

    def _numbers(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Give out so many numbers to each audience; returns the last one of each."""
        on_sqlite = self._session.get_bind().dialect.name == "sqlite"
        heads = (insert_on_sqlite if on_sqlite else insert_on_postgresql)(_HEADS)
        given = heads.on_conflict_do_update(
            index_elements=[_HEADS.c.audience], set_={"last_seq": _HEADS.c.last_seq + heads.excluded.last_seq}
        ).returning(_HEADS.c.audience, _HEADS.c.last_seq)
        # Always in one order, so that two transactions do not wait for each other.
        rows = [{"audience": audience, "last_seq": count} for audience, count in sorted(wanted.items())]
        return {row[0]: row[1] for row in self._session.execute(given, rows)}


def _logged(row: Row[int, str, int, str, datetime, str, str | None]) -> LoggedEvent:
    id_, audience, seq, type_, at, body, pane = row
    return LoggedEvent(id_, audience, seq, type_, at, body, pane)
