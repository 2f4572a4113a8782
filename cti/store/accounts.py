"""Tables and repositories of tenants, orgs, pairings, pane sessions and used Canvas requests."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from cti.accounts import Org, Pairing, PaneSession, Tenant
from cti.store.base import Base, Json
from cti.store.secrets import EncryptedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from cti.clock import Clock

T = TypeVar("T", Org, PaneSession)


class TenantRow(Base):
    """An FCC instance."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    domain: Mapped[str] = mapped_column(String(255), unique=True)
    base_url: Mapped[str] = mapped_column(String(1024))
    admin_login: Mapped[str] = mapped_column(String(255))
    api_key: Mapped[str] = mapped_column(EncryptedText)
    webhook_user: Mapped[str] = mapped_column(String(255))
    webhook_password_hash: Mapped[str] = mapped_column(String(255))
    default_region: Mapped[str] = mapped_column(String(2))
    correlation: Mapped[str] = mapped_column(String(16))
    hash_method: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    dial_countries: Mapped[list[Any]] = mapped_column(Json)
    dial_premium: Mapped[bool]
    dial_satellite: Mapped[bool]


class OrgRow(Base):
    """A Salesforce org."""

    __tablename__ = "orgs"

    id: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    my_domain_url: Mapped[str] = mapped_column(String(1024))
    lightning_origin: Mapped[str] = mapped_column(String(1024))
    vf_origin: Mapped[str] = mapped_column(String(1024))
    canvas_key: Mapped[str] = mapped_column(String(255))
    canvas_secret: Mapped[str] = mapped_column(EncryptedText)
    client_id: Mapped[str] = mapped_column(String(255))
    client_secret: Mapped[str] = mapped_column(EncryptedText)
    environment: Mapped[str] = mapped_column(String(16))
    api_version: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]


class PairingRow(Base):
    """A tenant working with an org, and the integration's settings (R13-R21)."""

    __tablename__ = "pairings"
    __table_args__ = (UniqueConstraint("tenant_id", "org_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    org_id: Mapped[str] = mapped_column(ForeignKey("orgs.id"), index=True)
    active: Mapped[bool]
    off_campaign_id: Mapped[int | None]
    default_user_id: Mapped[str | None] = mapped_column(String(18))
    log_other_phones: Mapped[bool]
    create_case: Mapped[bool]
    case_by_ivr_code: Mapped[bool]
    person_accounts: Mapped[bool]
    campaigns: Mapped[list[Any]] = mapped_column(Json)
    poll_enabled: Mapped[bool]
    webhooks_enabled: Mapped[bool]
    created_at: Mapped[datetime]


class SessionRow(Base):
    """A signed-in pane."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_pairing_id_fcc_user_id", "pairing_id", "fcc_user_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("orgs.id"))
    pairing_id: Mapped[str] = mapped_column(ForeignKey("pairings.id"))
    sf_user_id: Mapped[str] = mapped_column(String(18), index=True)
    fcc_user_id: Mapped[int]
    language: Mapped[str] = mapped_column(String(2))
    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    token: Mapped[str | None] = mapped_column(EncryptedText)
    token_at: Mapped[datetime]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class NonceRow(Base):
    """What Canvas requests that were accepted used up.

    `key` is a hash of a page load's `n`, of a whole request, or of the org token in it, whose age counts from here.
    """

    __tablename__ = "nonces"

    org_id: Mapped[str] = mapped_column(String(18), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(18), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(index=True)


def _value(kind: type[T], row: Base) -> T:
    return kind(**{column.name: getattr(row, column.name) for column in fields(kind)})


def _assign(row: Base, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


class TenantRepository:
    """FCC tenants."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def save(self, tenant: Tenant) -> None:
        """Add the tenant, or replace the one with the same id."""
        row = self._session.get(TenantRow, tenant.id) or TenantRow(id=tenant.id)
        _assign(row, asdict(tenant) | {"dial_countries": list(tenant.dial_countries)})
        self._session.add(row)

    def remove(self, tenant_id: str) -> None:
        """Delete it; what refers to it has to be gone."""
        self._session.execute(delete(TenantRow).where(TenantRow.id == tenant_id))

    def get(self, tenant_id: str) -> Tenant | None:
        """The tenant, or None."""
        row = self._session.get(TenantRow, tenant_id)
        return None if row is None else _tenant(row)

    def all(self) -> Sequence[Tenant]:
        """All tenants, by id."""
        return [_tenant(row) for row in self._session.scalars(select(TenantRow).order_by(TenantRow.id))]


def _tenant(row: TenantRow) -> Tenant:
    values = {column.name: getattr(row, column.name) for column in fields(Tenant)}
    return Tenant(**values | {"dial_countries": tuple(row.dial_countries)})


class OrgRepository:
    """Salesforce orgs."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def save(self, org: Org) -> None:
        """Add the org, or replace the one with the same id."""
        row = self._session.get(OrgRow, org.id) or OrgRow(id=org.id)
        _assign(row, asdict(org))
        self._session.add(row)

    def remove(self, org_id: str) -> None:
        """Delete it; what refers to it has to be gone."""
        self._session.execute(delete(OrgRow).where(OrgRow.id == org_id))

    def get(self, org_id: str) -> Org | None:
        """The org with this 18-character id, or None."""
        row = self._session.get(OrgRow, org_id)
        return None if row is None else _value(Org, row)

    def all(self) -> Sequence[Org]:
        """All orgs, by id."""
        return [_value(Org, row) for row in self._session.scalars(select(OrgRow).order_by(OrgRow.id))]


class PairingRepository:
    """Which tenant works with which org, and how."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def save(self, pairing: Pairing) -> None:
        """Add the pairing, or replace the one with the same id; a tenant and an org are paired once."""
        row = self._session.get(PairingRow, pairing.id) or PairingRow(id=pairing.id)
        _assign(row, asdict(pairing) | {"campaigns": list(pairing.campaigns)})
        self._session.add(row)

    def remove(self, pairing_id: str) -> None:
        """Delete it; what refers to it has to be gone."""
        self._session.execute(delete(PairingRow).where(PairingRow.id == pairing_id))

    def get(self, pairing_id: str) -> Pairing | None:
        """The pairing, or None."""
        row = self._session.get(PairingRow, pairing_id)
        return None if row is None else _pairing(row)

    def of_org(self, org_id: str) -> Sequence[Pairing]:
        """The org's pairings, oldest first."""
        return self._select(PairingRow.org_id == org_id)

    def of_tenant(self, tenant_id: str) -> Sequence[Pairing]:
        """The tenant's pairings, oldest first."""
        return self._select(PairingRow.tenant_id == tenant_id)

    def all(self) -> Sequence[Pairing]:
        """All pairings, oldest first."""
        return self._select()

    def _select(self, *conditions: Any) -> Sequence[Pairing]:
        query = select(PairingRow).where(*conditions).order_by(PairingRow.created_at, PairingRow.id)
        return [_pairing(row) for row in self._session.scalars(query)]


def _pairing(row: PairingRow) -> Pairing:
    values = {column.name: getattr(row, column.name) for column in fields(Pairing)}
    return Pairing(**values | {"campaigns": tuple(row.campaigns)})


class SessionRepository:
    """Signed-in panes."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, pane_session: PaneSession) -> None:
        """Keep a new session."""
        self._session.add(SessionRow(**asdict(pane_session)))

    def get(self, session_id: str) -> PaneSession | None:
        """The session, over or not; None when there is no such."""
        row = self._session.get(SessionRow, session_id)
        return None if row is None else _value(PaneSession, row)

    def change(self, session_id: str, **values: Any) -> PaneSession | None:
        """Set the named fields of a session and return it as it is then; None when there is no such."""
        row = self._session.get(SessionRow, session_id, with_for_update=True)
        if row is None:
            return None
        changed = replace(_value(PaneSession, row), **values)
        _assign(row, values)
        return changed

    def live_of(self, pairing_id: str, fcc_user_id: int) -> Sequence[PaneSession]:
        """An agent's sessions that are not over, the newest first."""
        query = (
            select(SessionRow)
            .where(
                SessionRow.pairing_id == pairing_id,
                SessionRow.fcc_user_id == fcc_user_id,
                SessionRow.revoked_at.is_(None),
                SessionRow.expires_at > self._clock.now(),
            )
            .order_by(SessionRow.created_at.desc(), SessionRow.id)
        )
        return [_value(PaneSession, row) for row in self._session.scalars(query)]

    def count_live(self, pairing_id: str) -> int:
        """How many of a pairing's sessions are not over."""
        live = (SessionRow.revoked_at.is_(None), SessionRow.expires_at > self._clock.now())
        query = select(func.count()).select_from(SessionRow).where(SessionRow.pairing_id == pairing_id, *live)
        return self._session.scalar(query) or 0

    def forget_ended(self, before: datetime) -> None:
        """Delete sessions that were over by `before`."""
        self._session.execute(delete(SessionRow).where(SessionRow.expires_at < before))


class NonceRepository:
    """Canvas requests that were accepted."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def first_use(self, org_id: str, user_id: str, key: str) -> datetime | None:
        """Note this use of `key`; None when it is the first ever, else the moment of the first.

        Two transactions that try the same key at once never both get None.
        """
        seen = self._session.get(NonceRow, (org_id, user_id, key))
        if seen is not None:
            return seen.first_at
        now = self._clock.now()
        try:
            with self._session.begin_nested():
                self._session.add(NonceRow(org_id=org_id, user_id=user_id, key=key, first_at=now))
        except IntegrityError:
            return now
        return None

    def forget(self, before: datetime) -> None:
        """Delete what was first used before that moment."""
        self._session.execute(delete(NonceRow).where(NonceRow.first_at < before))
