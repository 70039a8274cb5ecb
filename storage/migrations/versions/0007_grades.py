"""Grades as investigators decided them, beside what the rules proposed: append-only.

Revision: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "grade_decision"


def upgrade() -> None:
    """Makes the table; no row of it is ever changed or removed."""
    op.create_table(
        _TABLE,
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("report_id", sa.String(length=20), nullable=False),
        sa.Column("symptom", sa.String(length=20), nullable=False),
        sa.Column("proposed_grade", sa.Integer(), nullable=False),
        sa.Column("proposed_who", sa.Integer(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("who", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.ForeignKeyConstraint(["subject_code"], ["participant.subject_code"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_grade_decision_report_id"), _TABLE, ["report_id"], unique=False)
    op.create_index(op.f("ix_grade_decision_subject_code"), _TABLE, ["subject_code"], unique=False)
    for act in ("DELETE", "UPDATE"):
        _refuse(act)


def downgrade() -> None:
    """Removes it."""
    if op.get_bind().dialect.name == "postgresql":
        for act in ("delete", "update"):
            op.execute(f"DROP FUNCTION keep_{_TABLE}_{act} CASCADE")
    op.drop_table(_TABLE)


def _refuse(act: str) -> None:
    """A trigger that refuses this act; see 0001."""
    name = f"keep_{_TABLE}_{act.lower()}"
    if op.get_bind().dialect.name != "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {_TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_TABLE} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_TABLE} is append-only'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {_TABLE} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if act == "DELETE":
        op.execute(
            f"CREATE TRIGGER keep_{_TABLE}_truncate BEFORE TRUNCATE ON {_TABLE} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
