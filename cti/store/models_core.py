"""The tables of tenants, orgs, pairings, pane sessions and used Canvas requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cti.store.base import Base, Json
from cti.store.secrets import EncryptedText


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
    record_other_phones: Mapped[bool]
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
