"""Which calls still wait for their caller to be found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("searching", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_calls_searching",
        "calls",
        ["tenant_id", "started_at"],
        sqlite_where=sa.text("searching = 1"),
        postgresql_where=sa.text("searching"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_searching", "calls")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("searching")
