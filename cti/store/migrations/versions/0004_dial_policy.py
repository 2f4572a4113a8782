"""Which numbers a tenant lets its agents call; those that are there get what a new one gets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    countries = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dial_countries", countries, nullable=False, server_default='["EU"]'))
        batch_op.add_column(sa.Column("dial_premium", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("dial_satellite", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("dial_satellite")
        batch_op.drop_column("dial_premium")
        batch_op.drop_column("dial_countries")
