"""What events that were not understood said is forgotten; that they came stays known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    facts = sa.table("facts", sa.column("kind", sa.String), sa.column("content", sa.JSON(none_as_null=True)))
    op.execute(sa.update(facts).where(facts.c.kind == "unknown").values(content=sa.null()))


def downgrade() -> None:
    """Nothing can be brought back."""
