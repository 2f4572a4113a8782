"""Indexes by what is looked for, so that no query gets slower with age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.text("content IS NOT NULL")
GONE = (
    ("ix_facts_at", "facts", ["at"]),
    ("ix_facts_tenant_id_calls_id", "facts", ["tenant_id", "calls_id"]),
    ("ix_calls_tenant_id_state", "calls", ["tenant_id", "state"]),
    ("ix_calls_tenant_id_started_at", "calls", ["tenant_id", "started_at"]),
    ("ix_calls_tenant_id_number", "calls", ["tenant_id", "number"]),
    ("ix_call_agents_tenant_id_users_id", "call_agents", ["tenant_id", "users_id"]),
    ("ix_pane_calls_tenant_id_users_id_settled", "pane_calls", ["tenant_id", "users_id", "settled"]),
    ("ix_sessions_pairing_id", "sessions", ["pairing_id"]),
)
MADE = (
    ("ix_facts_tenant_id_sip_call_id", "facts", ["tenant_id", "sip_call_id"]),
    ("ix_facts_tenant_id_received_at", "facts", ["tenant_id", "received_at"]),
    ("ix_calls_tenant_id_state_updated_at", "calls", ["tenant_id", "state", "updated_at"]),
    ("ix_calls_tenant_id_number_started_at", "calls", ["tenant_id", "number", "started_at"]),
    ("ix_calls_tenant_id_ended_at", "calls", ["tenant_id", "ended_at"]),
    ("ix_calls_shrunk_started_at", "calls", ["shrunk", "started_at"]),
    (
        "ix_pane_calls_tenant_id_users_id_settled_seen_at",
        "pane_calls",
        ["tenant_id", "users_id", "settled", "seen_at"],
    ),
    ("ix_pane_calls_at", "pane_calls", ["at"]),
    ("ix_outbox_state_updated_at", "outbox", ["state", "updated_at"]),
    ("ix_call_logs_closed_updated_at", "call_logs", ["closed", "updated_at"]),
    ("ix_sessions_pairing_id_fcc_user_id", "sessions", ["pairing_id", "fcc_user_id"]),
)


def upgrade() -> None:
    for name, table, columns in MADE:
        op.create_index(name, table, columns)
    op.create_index("ix_facts_whole_at", "facts", ["at"], sqlite_where=WHOLE, postgresql_where=WHOLE)
    for name, table, _ in GONE:
        op.drop_index(name, table_name=table)


def downgrade() -> None:
    for name, table, columns in GONE:
        op.create_index(name, table, columns)
    op.drop_index("ix_facts_whole_at", table_name="facts")
    for name, table, _ in reversed(MADE):
        op.drop_index(name, table_name=table)
