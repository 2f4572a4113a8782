"""The SIP dialogs of agents' phones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sip_dialogs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("local_tag", sa.Text(), nullable=False),
        sa.Column("remote_tag", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("local", sa.Text(), nullable=False),
        sa.Column(
            "targets",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "routes",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sip_dialogs")),
    )
    with op.batch_alter_table("sip_dialogs", schema=None) as batch_op:
        batch_op.create_index("ix_sip_dialogs_at", ["at"], unique=False)
        batch_op.create_index("ix_sip_dialogs_audience", ["audience"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sip_dialogs", schema=None) as batch_op:
        batch_op.drop_index("ix_sip_dialogs_audience")
        batch_op.drop_index("ix_sip_dialogs_at")

    op.drop_table("sip_dialogs")
