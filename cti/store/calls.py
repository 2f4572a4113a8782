"""The store of facts, calls, agents' presence and polling cursors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    String,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.call import State, StoredCall
from cti.domain.facts import Fact
from cti.domain.pane_call import PaneCall
from cti.domain.presence import AgentPresence, Attendance, Presence
from cti.domain.projection import from_json, to_json
from cti.store.base import Base, Json
from cti.store.models_core import TenantRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

    from cti.clock import Clock

_CHUNK = 500
_PBX = ("fcc", "list")
_UP = tuple(state.value for state in State if state is not State.ENDED)
_AT_ONE_PLACE = 50
"""So many calls or dialogs of one agent with one number are looked at; more at once nobody could tell apart."""


class FactRow(Base):
    """One report, as it was made. `content` None: past its retention, only the identity is left."""

    __tablename__ = "facts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "identity"),
        Index("ix_facts_tenant_id_kind_subject_at", "tenant_id", "kind", "subject", "at"),
        Index("ix_facts_tenant_id_sip_call_id", "tenant_id", "sip_call_id"),
        Index("ix_facts_tenant_id_received_at", "tenant_id", "received_at"),
        # Only of those that are whole: what was shrunk stays for ever, and is not to be looked through each hour.
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


class CallRow(Base):
    """A call's projection, with the columns it is found by."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("tenant_id", "calls_id"),
        Index(
            "ix_calls_unchecked", "started_at", sqlite_where=text("unchecked = 1"), postgresql_where=text("unchecked")
        ),
        Index("ix_calls_tenant_id_state_updated_at", "tenant_id", "state", "updated_at"),
        Index("ix_calls_tenant_id_number_started_at", "tenant_id", "number", "started_at"),
        Index("ix_calls_tenant_id_ended_at", "tenant_id", "ended_at"),
        Index("ix_calls_shrunk_started_at", "shrunk", "started_at"),
        Index(
            "ix_calls_searching",
            "tenant_id",
            "started_at",
            sqlite_where=text("searching = 1"),
            postgresql_where=text("searching"),
        ),
    )

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    calls_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8))
    direction: Mapped[str | None] = mapped_column(String(8))
    number: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    shown: Mapped[bool] = mapped_column(default=False)
    shrunk: Mapped[bool] = mapped_column(default=False)
    unchecked: Mapped[bool] = mapped_column(default=False)
    searching: Mapped[bool] = mapped_column(default=False)
    projection: Mapped[dict[str, Any]]


class CallAgentRow(Base):
    """Which agents a call rang or talked to.

    Found by call only: an agent has thousands, so their calls are looked for by time first, and by agent then.
    """

    __tablename__ = "call_agents"

    call_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    users_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))


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
        for start in range(0, len(identities), _CHUNK):
            chunk = identities[start : start + _CHUNK]
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
            FactRow.call_key == call_key, FactRow.source.in_(_PBX), FactRow.sip_call_id.is_not(None)
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
        """The pairing's settings as they were at that moment; None when none were recorded by then."""
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

    def shrink(self, before: datetime, *, limit: int) -> int:
        """Empty up to `limit` facts about calls and agents made before that moment; gives how many.

        Their identities stay. Settings are kept: calls are judged by them.
        """
        self._session.flush()
        old = (FactRow.at < before, FactRow.content.is_not(None), FactRow.kind != "settings")
        ids = self._session.scalars(select(FactRow.id).where(*old).order_by(FactRow.at).limit(limit)).all()
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            self._session.execute(
                update(FactRow).where(FactRow.id.in_(chunk)).values(content=None, sip_call_id=None),
                execution_options={"synchronize_session": False},
            )
        return len(ids)

    def shrink_calls(self, keys: Collection[str]) -> None:
        """Empty the facts of these calls."""
        self._session.flush()
        self._session.execute(update(FactRow).where(FactRow.call_key.in_(keys)).values(content=None, sip_call_id=None))


class CallRepository:
    """Calls inside one transaction; what was read once is not read again."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._read: dict[str, tuple[CallRow, StoredCall]] = {}

    def lock(self, tenant_id: str) -> None:
        """Have other transactions that record calls of this tenant wait until this one ends.

        A call is folded from all its facts, so two transactions must not fold one call at once. On SQLite there is
        only one writer anyway.
        """
        if self._session.get_bind().dialect.name != "sqlite":
            wanted = select(TenantRow.id).where(TenantRow.id == tenant_id)
            self._session.execute(wanted.with_for_update(key_share=True))

    def get(self, key: str) -> StoredCall | None:
        """The call of that key."""
        if key in self._read:
            return self._read[key][1]
        row = self._session.get(CallRow, key)
        return None if row is None else self._stored(row)

    def by_calls_id(self, tenant_id: str, calls_id: int) -> StoredCall | None:
        """The call FCC knows by that id."""
        row = self._session.scalar(select(CallRow).where(CallRow.tenant_id == tenant_id, CallRow.calls_id == calls_id))
        return None if row is None else self._stored(row)

    def attended(self, tenant_id: str, calls_ids: Collection[int]) -> list[tuple[str, Attendance]]:
        """Of the calls FCC knows by these ids the keys, each with every attendance of its agents."""
        query = (
            select(CallRow.key, *(getattr(AttendanceRow, name) for name in Attendance.__dataclass_fields__))
            .join(CallAgentRow, CallAgentRow.call_key == CallRow.key)
            .join(
                AttendanceRow,
                and_(
                    AttendanceRow.tenant_id == CallAgentRow.tenant_id, AttendanceRow.users_id == CallAgentRow.users_id
                ),
            )
            .where(CallRow.tenant_id == tenant_id, CallRow.calls_id.in_(calls_ids))
        )
        return [(row[0], Attendance(*row[1:])) for row in self._session.execute(query)]

    def of(self, keys: Collection[str]) -> dict[str, StoredCall]:
        """The calls of these keys, where there are any."""
        found = {key: self._read[key][1] for key in keys if key in self._read}
        unread = [key for key in keys if key not in found]
        if unread:
            columns = (CallRow.tenant_id, CallRow.projection, CallRow.shown, CallRow.shrunk, CallRow.searching)
            for key, tenant_id, projection, *marks in self._session.execute(
                select(CallRow.key, *columns).where(CallRow.key.in_(unread))
            ):
                found[key] = StoredCall(key, tenant_id, from_json(projection), *marks)
        return found

    def _stored(self, row: CallRow) -> StoredCall:
        if row.key not in self._read:
            call = from_json(row.projection)
            stored = StoredCall(row.key, row.tenant_id, call, row.shown, row.shrunk, row.searching)
            self._read[row.key] = (row, stored)
        return self._read[row.key][1]

    def save(self, stored: StoredCall) -> None:
        """Keep a call's projection, new or changed."""
        call = stored.call
        before = self.get(stored.key)
        if before is None:
            row = CallRow(key=stored.key)
            self._session.add(row)
        else:
            row = self._read[stored.key][0]
        row.tenant_id = stored.tenant_id
        row.calls_id = call.calls_id
        row.state = call.state.value
        row.direction = call.direction.value if call.direction else None
        row.number = call.number[:64]
        row.started_at = call.started_at
        row.ended_at = call.ended_at
        row.updated_at = self._clock.now()
        row.shown = stored.shown
        row.shrunk = stored.shrunk
        row.unchecked = bool(call.unchecked) and not stored.shrunk
        row.searching = stored.searching
        row.projection = to_json(call)
        for users_id in sorted(call.agents - (before.call.agents if before is not None else frozenset())):
            self._session.merge(CallAgentRow(call_key=stored.key, users_id=users_id, tenant_id=stored.tenant_id))
        self._session.flush()
        self._read[stored.key] = (row, stored)

    def remove(self, key: str) -> None:
        """Take away a projection whose facts went to another call."""
        self._session.flush()
        self._session.execute(delete(CallAgentRow).where(CallAgentRow.call_key == key))
        kept = self._read.pop(key, None)
        if kept is not None:
            self._session.expunge(kept[0])
        self._session.execute(delete(CallRow).where(CallRow.key == key))

    def up_of(self, tenant_id: str, users_id: int, *, since: datetime, pane_since: datetime) -> list[StoredCall]:
        """The agent's calls that are up, oldest first.

        Those not heard of since `since` are taken for over, those FCC never spoke of already since `pane_since`.
        """
        heard = or_(
            and_(CallRow.calls_id.is_not(None), CallRow.updated_at >= since),
            and_(CallRow.calls_id.is_(None), CallRow.updated_at >= pane_since),
        )
        conditions = (CallRow.state.in_(_UP), CallRow.updated_at >= min(since, pane_since), heard)
        return self._of_agent(tenant_id, users_id, *conditions, order=CallRow.started_at)

    def last_ended_of(self, tenant_id: str, users_id: int, *, since: datetime) -> StoredCall | None:
        """The agent's newest call that ended since then."""
        found = self._of_agent(
            tenant_id,
            users_id,
            CallRow.state == State.ENDED.value,
            CallRow.ended_at >= since,
            order=CallRow.ended_at.desc(),
            limit=1,
        )
        return found[0] if found else None

    def around(
        self, tenant_id: str, users_id: int, *, direction: str, number: str, since: datetime, until: datetime
    ) -> list[StoredCall]:
        """The agent's calls with that number and direction, known to FCC, that began between these moments."""
        return self._of_agent(
            tenant_id,
            users_id,
            CallRow.direction == direction,
            CallRow.number == number[:64],
            CallRow.calls_id.is_not(None),
            CallRow.started_at.between(since, until),
            order=CallRow.started_at.desc(),
            limit=_AT_ONE_PLACE,
        )

    def by_sip_call_ids(self, tenant_id: str, sip_call_ids: Collection[str]) -> list[StoredCall]:
        """The calls of which FCC itself named any of these SIP Call-IDs."""
        named = select(FactRow.calls_id).where(
            FactRow.tenant_id == tenant_id,
            FactRow.sip_call_id.in_(sip_call_ids),
            FactRow.source.in_(_PBX),
            FactRow.calls_id.is_not(None),
        )
        query = select(CallRow).where(CallRow.tenant_id == tenant_id, CallRow.calls_id.in_(named))
        return [self._stored(row) for row in self._session.scalars(query)]

    def count_up(self, tenant_id: str, *, since: datetime) -> int:
        """How many of the tenant's calls are up, leaving out those not heard of since then."""
        query = select(func.count()).select_from(CallRow)
        conditions = (CallRow.tenant_id == tenant_id, CallRow.state.in_(_UP), CallRow.updated_at >= since)
        return self._session.scalar(query.where(*conditions)) or 0

    def unchecked(self, *, limit: int) -> list[StoredCall]:
        """Calls with records that panes named and nobody checked yet, the newest first."""
        query = select(CallRow).where(CallRow.unchecked).order_by(CallRow.started_at.desc()).limit(limit)
        return [self._stored(row) for row in self._session.scalars(query)]

    def searching(self, tenant_id: str, *, limit: int) -> list[StoredCall]:
        """The tenant's calls whose other side is still to be found out, the newest first."""
        query = select(CallRow).where(CallRow.tenant_id == tenant_id, CallRow.searching)
        query = query.order_by(CallRow.started_at.desc()).limit(limit)
        return [self._stored(row) for row in self._session.scalars(query)]

    def open_dialogs_of(self, call_keys: Collection[str]) -> list[PaneCall]:
        """The dialogs under these calls whose PBX call is not known yet."""
        query = select(PaneCallRow).where(PaneCallRow.call_key.in_(call_keys), PaneCallRow.settled.is_(False))
        return [_dialog(row) for row in self._session.scalars(query)] if call_keys else []

    def open_dialogs(
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
        return [_dialog(row) for row in self._session.scalars(query)]

    def last_settled(self, tenant_id: str, users_id: int, *, number: str, since: datetime) -> PaneCall | None:
        """The agent's newest dialog with that number whose PBX call is known, first heard of since then."""
        query = select(PaneCallRow).where(
            PaneCallRow.tenant_id == tenant_id,
            PaneCallRow.users_id == users_id,
            PaneCallRow.settled.is_(True),
            PaneCallRow.seen_at >= since,
            PaneCallRow.number == number[:64],
        )
        row = self._session.scalar(query.order_by(PaneCallRow.seen_at.desc()).limit(1))
        return None if row is None else _dialog(row)

    def dialogs_of_call(self, call_key: str) -> list[PaneCall]:
        """The dialogs under one call."""
        return [
            _dialog(row) for row in self._session.scalars(select(PaneCallRow).where(PaneCallRow.call_key == call_key))
        ]

    def dialog(self, tenant_id: str, *, sip_call_id: str | None = None, dial_id: str | None = None) -> PaneCall | None:
        """One dialog by its SIP Call-ID or its dial command."""
        query = select(PaneCallRow).where(PaneCallRow.tenant_id == tenant_id)
        for column, value in ((PaneCallRow.sip_call_id, sip_call_id), (PaneCallRow.dial_id, dial_id)):
            if value is not None:
                row = self._session.scalar(query.where(column == value))
                if row is not None:
                    return _dialog(row)
        return None

    def save_dialog(self, dialog: PaneCall) -> None:
        """Keep a dialog, new or changed."""
        row = self._session.get(PaneCallRow, dialog.id)
        if row is None:
            row = PaneCallRow(id=dialog.id)
            self._session.add(row)
        for name in PaneCall.__dataclass_fields__:
            setattr(row, name, getattr(dialog, name))
        row.number = dialog.number[:64]
        self._session.flush()

    def old(self, before: datetime, *, limit: int) -> list[StoredCall]:
        """Calls that began before that moment and are not shrunk yet."""
        query = select(CallRow).where(CallRow.started_at < before, CallRow.shrunk.is_(False)).limit(limit)
        return [self._stored(row) for row in self._session.scalars(query)]

    def with_number(self, tenant_id: str, number: str) -> list[StoredCall]:
        """All calls with that number."""
        query = select(CallRow).where(CallRow.tenant_id == tenant_id, CallRow.number == number)
        return [self._stored(row) for row in self._session.scalars(query)]

    def forget_dialogs(self, *, before: datetime | None = None, keys: Collection[str] = ()) -> None:
        """Delete the dialogs begun before that moment, or those of these calls."""
        self._session.flush()
        if before is not None:
            self._session.execute(delete(PaneCallRow).where(PaneCallRow.at < before))
        if keys:
            self._session.execute(delete(PaneCallRow).where(PaneCallRow.call_key.in_(keys)))

    def _of_agent(
        self, tenant_id: str, users_id: int, *conditions: Any, order: Any, limit: int = 50
    ) -> list[StoredCall]:
        query = (
            select(CallRow)
            .join(CallAgentRow, and_(CallAgentRow.call_key == CallRow.key, CallAgentRow.users_id == users_id))
            .where(CallRow.tenant_id == tenant_id, *conditions)
            .order_by(order)
            .limit(limit)
        )
        return [self._stored(row) for row in self._session.scalars(query)]


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


def _dialog(row: PaneCallRow) -> PaneCall:
    return PaneCall(**{name: getattr(row, name) for name in PaneCall.__dataclass_fields__})


def _attendance(row: AttendanceRow) -> Attendance:
    return Attendance(**{name: getattr(row, name) for name in Attendance.__dataclass_fields__})
