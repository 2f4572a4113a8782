"""Whether calls of other phones are logged is said with the word for it: a record is Salesforce's."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("pairings", "record_other_phones", new_column_name="log_other_phones")


def downgrade() -> None:
    op.alter_column("pairings", "log_other_phones", new_column_name="record_other_phones")
