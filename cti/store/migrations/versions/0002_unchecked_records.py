"""Which calls have records named by panes that nobody checked yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unchecked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_calls_unchecked",
        "calls",
        ["started_at"],
        sqlite_where=sa.text("unchecked = 1"),
        postgresql_where=sa.text("unchecked"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_unchecked", "calls")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("unchecked")
