"""The tables of the first release."""
# ruff: noqa: PLR0915 - a statement for each table

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_panes",
        sa.Column("pairing_id", sa.String(length=64), nullable=False),
        sa.Column("users_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("sf_user_id", sa.String(length=18), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("release_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pairing_id", "users_id", name=op.f("pk_agent_panes")),
    )
    with op.batch_alter_table("agent_panes", schema=None) as batch_op:
        batch_op.create_index("ix_agent_panes_tenant_id_users_id", ["tenant_id", "users_id"], unique=False)

    op.create_table(
        "agents",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("users_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "presence",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "users_id", name=op.f("pk_agents")),
    )
    op.create_table(
        "call_agents",
        sa.Column("call_key", sa.String(length=64), nullable=False),
        sa.Column("users_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("call_key", "users_id", name=op.f("pk_call_agents")),
    )
    with op.batch_alter_table("call_agents", schema=None) as batch_op:
        batch_op.create_index("ix_call_agents_tenant_id_users_id", ["tenant_id", "users_id"], unique=False)

    op.create_table(
        "call_logs",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("pairing_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=18), nullable=True),
        sa.Column(
            "delivered",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_call_logs")),
    )
    with op.batch_alter_table("call_logs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_logs_pairing_id"), ["pairing_id"], unique=False)

    op.create_table(
        "calls",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("calls_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("shrunk", sa.Boolean(), nullable=False),
        sa.Column(
            "projection",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_calls")),
        sa.UniqueConstraint("tenant_id", "calls_id", name=op.f("uq_calls_tenant_id_calls_id")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_tenant_id_number", ["tenant_id", "number"], unique=False)
        batch_op.create_index("ix_calls_tenant_id_started_at", ["tenant_id", "started_at"], unique=False)
        batch_op.create_index("ix_calls_tenant_id_state", ["tenant_id", "state"], unique=False)

    op.create_table(
        "event_heads",
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("audience", name=op.f("pk_event_heads")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("pane", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_at", ["at"], unique=False)
        batch_op.create_index("ix_events_audience_seq", ["audience", "seq"], unique=True)

    op.create_table(
        "facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("call_key", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls_id", sa.BigInteger(), nullable=True),
        sa.Column("sip_call_id", sa.String(length=255), nullable=True),
        sa.Column(
            "content",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
        sa.UniqueConstraint("tenant_id", "identity", name=op.f("uq_facts_tenant_id_identity")),
    )
    with op.batch_alter_table("facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_facts_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_facts_call_key"), ["call_key"], unique=False)
        batch_op.create_index("ix_facts_tenant_id_calls_id", ["tenant_id", "calls_id"], unique=False)
        batch_op.create_index(
            "ix_facts_tenant_id_kind_subject_at", ["tenant_id", "kind", "subject", "at"], unique=False
        )

    op.create_table(
        "nonces",
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("user_id", sa.String(length=18), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "user_id", "key", name=op.f("pk_nonces")),
    )
    with op.batch_alter_table("nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nonces_first_at"), ["first_at"], unique=False)

    op.create_table(
        "orgs",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("my_domain_url", sa.String(length=1024), nullable=False),
        sa.Column("lightning_origin", sa.String(length=1024), nullable=False),
        sa.Column("vf_origin", sa.String(length=1024), nullable=False),
        sa.Column("canvas_key", sa.String(length=255), nullable=False),
        sa.Column("canvas_secret", sa.Text(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("environment", sa.String(length=16), nullable=False),
        sa.Column("api_version", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orgs")),
    )
    op.create_table(
        "outbox",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("pairing_id", sa.String(length=64), nullable=False),
        sa.Column(
            "fields",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "sent",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_due", ["state", "run_after"], unique=False)
        batch_op.create_index("ix_outbox_org", ["org_id", "state"], unique=False)

    op.create_table(
        "outbox_attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_attempts")),
    )
    with op.batch_alter_table("outbox_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_attempts_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_attempts_key"), ["key"], unique=False)

    op.create_table(
        "pane_calls",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("users_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dial_id", sa.String(length=64), nullable=True),
        sa.Column("sip_call_id", sa.String(length=255), nullable=True),
        sa.Column("call_key", sa.String(length=64), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pane_calls")),
        sa.UniqueConstraint("tenant_id", "dial_id", name=op.f("uq_pane_calls_tenant_id_dial_id")),
        sa.UniqueConstraint("tenant_id", "sip_call_id", name=op.f("uq_pane_calls_tenant_id_sip_call_id")),
    )
    with op.batch_alter_table("pane_calls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pane_calls_call_key"), ["call_key"], unique=False)
        batch_op.create_index(
            "ix_pane_calls_tenant_id_users_id_settled", ["tenant_id", "users_id", "settled"], unique=False
        )

    op.create_table(
        "poll_cursors",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=1024), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_poll_cursors")),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("base_url", sa.String(length=1024), nullable=False),
        sa.Column("admin_login", sa.String(length=255), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("webhook_user", sa.String(length=255), nullable=False),
        sa.Column("webhook_password_hash", sa.String(length=255), nullable=False),
        sa.Column("default_region", sa.String(length=2), nullable=False),
        sa.Column("correlation", sa.String(length=16), nullable=False),
        sa.Column("hash_method", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("domain", name=op.f("uq_tenants_domain")),
    )
    op.create_table(
        "pairings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("off_campaign_id", sa.Integer(), nullable=True),
        sa.Column("default_user_id", sa.String(length=18), nullable=True),
        sa.Column("record_other_phones", sa.Boolean(), nullable=False),
        sa.Column("create_case", sa.Boolean(), nullable=False),
        sa.Column("case_by_ivr_code", sa.Boolean(), nullable=False),
        sa.Column("person_accounts", sa.Boolean(), nullable=False),
        sa.Column(
            "campaigns",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("poll_enabled", sa.Boolean(), nullable=False),
        sa.Column("webhooks_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_pairings_org_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_pairings_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
        sa.UniqueConstraint("tenant_id", "org_id", name=op.f("uq_pairings_tenant_id_org_id")),
    )
    with op.batch_alter_table("pairings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairings_org_id"), ["org_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("pairing_id", sa.String(length=64), nullable=False),
        sa.Column("sf_user_id", sa.String(length=18), nullable=False),
        sa.Column("fcc_user_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("token_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_sessions_org_id")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairings.id"], name=op.f("fk_sessions_pairing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_pairing_id"), ["pairing_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_sf_user_id"), ["sf_user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_sf_user_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_pairing_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))

    op.drop_table("sessions")
    with op.batch_alter_table("pairings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pairings_org_id"))

    op.drop_table("pairings")
    op.drop_table("tenants")
    op.drop_table("poll_cursors")
    with op.batch_alter_table("pane_calls", schema=None) as batch_op:
        batch_op.drop_index("ix_pane_calls_tenant_id_users_id_settled")
        batch_op.drop_index(batch_op.f("ix_pane_calls_call_key"))

    op.drop_table("pane_calls")
    with op.batch_alter_table("outbox_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_attempts_key"))
        batch_op.drop_index(batch_op.f("ix_outbox_attempts_at"))

    op.drop_table("outbox_attempts")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_org")
        batch_op.drop_index("ix_outbox_due")

    op.drop_table("outbox")
    op.drop_table("orgs")
    with op.batch_alter_table("nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nonces_first_at"))

    op.drop_table("nonces")
    with op.batch_alter_table("facts", schema=None) as batch_op:
        batch_op.drop_index("ix_facts_tenant_id_kind_subject_at")
        batch_op.drop_index("ix_facts_tenant_id_calls_id")
        batch_op.drop_index(batch_op.f("ix_facts_call_key"))
        batch_op.drop_index(batch_op.f("ix_facts_at"))

    op.drop_table("facts")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_audience_seq")
        batch_op.drop_index("ix_events_at")

    op.drop_table("events")
    op.drop_table("event_heads")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_tenant_id_state")
        batch_op.drop_index("ix_calls_tenant_id_started_at")
        batch_op.drop_index("ix_calls_tenant_id_number")

    op.drop_table("calls")
    with op.batch_alter_table("call_logs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_logs_pairing_id"))

    op.drop_table("call_logs")
    with op.batch_alter_table("call_agents", schema=None) as batch_op:
        batch_op.drop_index("ix_call_agents_tenant_id_users_id")

    op.drop_table("call_agents")
    op.drop_table("agents")
    with op.batch_alter_table("agent_panes", schema=None) as batch_op:
        batch_op.drop_index("ix_agent_panes_tenant_id_users_id")

    op.drop_table("agent_panes")
