"""A console session ends when nobody uses it; each person has a language of their own in the console.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever is signed in signs in anew."""
    op.execute("DELETE FROM console_session")
    with op.batch_alter_table("console_session") as table:
        table.add_column(sa.Column("idle_at", sa.DateTime(timezone=True), nullable=False))
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("language", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Sessions end at their longest again, the language is the one of the chat."""
    with op.batch_alter_table("account") as table:
        table.drop_column("language")
    with op.batch_alter_table("console_session") as table:
        table.drop_column("idle_at")
