"""Second roads of people and sites, duty and leave, and what a site promises out of hours.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A site that says nothing is covered at all hours, as it was."""
    op.create_table(
        "second_road",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("owner_kind", sa.String(length=40), nullable=False),
        sa.Column("owner_code", sa.String(length=64), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_second_road_owner_code"), "second_road", ["owner_code"], unique=False)
    op.create_table(
        "duty",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("site_code", sa.String(length=12), nullable=False),
        sa.Column("staff_code", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deputy", sa.String(length=12), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["deputy"], ["staff.code"]),
        sa.ForeignKeyConstraint(["site_code"], ["site.code"]),
        sa.ForeignKeyConstraint(["staff_code"], ["staff.code"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_duty_site_code"), "duty", ["site_code"], unique=False)
    with op.batch_alter_table("site") as table:
        table.add_column(sa.Column("out_of_hours", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """The addresses and the rosters are lost; everybody of a role is rung again."""
    with op.batch_alter_table("site") as table:
        table.drop_column("out_of_hours")
    op.drop_index(op.f("ix_duty_site_code"), table_name="duty")
    op.drop_table("duty")
    op.drop_index(op.f("ix_second_road_owner_code"), table_name="second_road")
    op.drop_table("second_road")
