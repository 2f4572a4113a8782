"""The tables and the repository of calls as their facts make them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    Index,
    String,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from cti.domain.call import Call, State, StoredCall
from cti.domain.outcome import Outcome
from cti.domain.presence import Attendance
from cti.domain.record import Claim, Record, Related
from cti.store.accounts import TenantRow
from cti.store.agents import AttendanceRow
from cti.store.base import Base
from cti.store.facts import PBX_SOURCES, FactRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from cti.clock import Clock

_UP = tuple(state.value for state in State if state is not State.ENDED)
_AT_ONE_PLACE = 50
"""So many calls of one agent with one number are looked at; more at once nobody could tell apart."""

_CALL: Final = TypeAdapter(Call)
# The domain names these for the type checker only.
_CALL.rebuild(
    _types_namespace={"datetime": datetime, "Outcome": Outcome, "Claim": Claim, "Record": Record, "Related": Related}
)


def call_to_json(call: Call) -> dict[str, Any]:
    """The call as JSON: every field by its name, times in ISO 8601 with an offset."""
    plain: dict[str, Any] = _CALL.dump_python(call, mode="json")
    return plain


def call_from_json(data: Mapping[str, Any]) -> Call:
    """What `call_to_json` of any release wrote: unknown keys are ignored, missing ones take their defaults."""
    return _CALL.validate_python(data)


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
    """`StoredCall.redacted`: the column has the word of the first release."""
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
                found[key] = StoredCall(key, tenant_id, call_from_json(projection), *marks)
        return found

    def _stored(self, row: CallRow) -> StoredCall:
        if row.key not in self._read:
            call = call_from_json(row.projection)
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
        row.shrunk = stored.redacted
        row.unchecked = bool(call.unchecked) and not stored.redacted
        row.searching = stored.searching
        row.projection = call_to_json(call)
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
            FactRow.source.in_(PBX_SOURCES),
            FactRow.calls_id.is_not(None),
        )
        return self._where(CallRow.tenant_id == tenant_id, CallRow.calls_id.in_(named))

    def count_up(self, tenant_id: str, *, since: datetime) -> int:
        """How many of the tenant's calls are up, leaving out those not heard of since then."""
        conditions = (CallRow.tenant_id == tenant_id, CallRow.state.in_(_UP), CallRow.updated_at >= since)
        return self._session.scalar(select(func.count()).select_from(CallRow).where(*conditions)) or 0

    def unchecked(self, *, limit: int) -> list[StoredCall]:
        """Calls with records that panes named and nobody checked yet, the newest first."""
        return self._where(CallRow.unchecked, order=CallRow.started_at.desc(), limit=limit)

    def searching(self, tenant_id: str, *, limit: int) -> list[StoredCall]:
        """The tenant's calls whose other side is still to be found out, the newest first."""
        newest = CallRow.started_at.desc()
        return self._where(CallRow.tenant_id == tenant_id, CallRow.searching, order=newest, limit=limit)

    def old(self, before: datetime, *, limit: int) -> list[StoredCall]:
        """Calls that began before that moment and are not redacted yet."""
        return self._where(CallRow.started_at < before, CallRow.shrunk.is_(False), limit=limit)

    def with_number(self, tenant_id: str, number: str) -> list[StoredCall]:
        """All calls with that number."""
        return self._where(CallRow.tenant_id == tenant_id, CallRow.number == number)

    def ended_since(self, tenant_id: str, moment: datetime) -> list[StoredCall]:
        """The tenant's calls, known to FCC, that ended since then."""
        return self._where(CallRow.tenant_id == tenant_id, CallRow.ended_at >= moment, CallRow.calls_id.is_not(None))

    def _where(self, *conditions: Any, order: Any = None, limit: int | None = None) -> list[StoredCall]:
        query = select(CallRow).where(*conditions).order_by(order).limit(limit)
        return [self._stored(row) for row in self._session.scalars(query)]

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
