"""What words were taken to mean, with the version of the rules and of the lexicon: append-only.

Revision: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLE = "understood"


def upgrade() -> None:
    """Makes the table; no row of it is ever changed or removed."""
    op.create_table(
        _TABLE,
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("said_id", sa.String(length=20), nullable=False),
        sa.Column("read_with", sa.Text(), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules_version", sa.String(length=40), nullable=False),
        sa.Column("lexicon_version", sa.String(length=40), nullable=False),
        sa.Column("meant_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["said_id"], ["said.id"]),
        sa.ForeignKeyConstraint(["subject_code"], ["participant.subject_code"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_understood_said_id"), _TABLE, ["said_id"], unique=False)
    op.create_index(op.f("ix_understood_subject_code"), _TABLE, ["subject_code"], unique=False)
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
