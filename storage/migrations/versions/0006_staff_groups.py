"""The registered staff group of a site; its chat is an identity like any other.

Revision: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No site has a group yet."""
    op.create_table(
        "staff_group",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site_code", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("registered_by", sa.String(length=12), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unreachable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["registered_by"], ["staff.code"]),
        sa.ForeignKeyConstraint(["site_code"], ["site.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_group_per_site",
        "staff_group",
        ["site_code"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """The groups are lost; alerts go to private chats alone."""
    op.drop_index("one_group_per_site", table_name="staff_group")
    op.drop_table("staff_group")
