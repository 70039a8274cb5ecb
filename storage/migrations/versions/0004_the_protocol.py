"""Decisions, holds, therapies, transfusions, serious events and study versions; more is kept of each fact.

Revision: 0004
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What may still change in a row of these tables; everything else, and the row itself, stays.
KEPT: dict[str, tuple[str, ...]] = {
    "decision": (),
    "hold": ("released_by", "released_at", "release_note"),
    "study_version": (),
    "therapy": (),
    "transfusion": ("voided_at",),
}
# Columns that older tables gain.
GAINED = {
    "dose": ("whole", "therapy", "corrects"),
    "lab": ("clumped", "laboratory", "corrects"),
    "participant": (
        "usual_stools",
        "usual_headaches",
        "lymphoedema",
        "emergency_contact",
        "treatment_stopped_at",
        "treatment_stopped_because",
    ),
}
_CHANGEABLE: dict[str, tuple[str, ...]] = {"dose": ("voided_at",), "lab": ("voided_at",)}


def upgrade() -> None:
    """Makes the tables, and lets the triggers of the older ones guard what they gained."""
    for table, columns in GAINED.items():
        for column in columns:
            op.add_column(table, _gained(column))
    for table, may_change in _CHANGEABLE.items():
        _drop_guard(table)
        _guard(table, may_change)
    _make_tables()
    for table, may_change in KEPT.items():
        _refuse("DELETE", table)
        _guard(table, may_change)


def downgrade() -> None:
    """Removes them; the older tables are guarded as before."""
    for table in KEPT:
        if _on_postgresql():
            op.execute(f"DROP FUNCTION keep_{table}_delete CASCADE")
            op.execute(f"DROP FUNCTION keep_{table}_update CASCADE")
    for table in ("study_version", "sae_task", "therapy", "hold", "decision", "transfusion"):
        op.drop_table(table)
    for table in _CHANGEABLE:
        _drop_guard(table)
    for table, columns in GAINED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table, may_change in _CHANGEABLE.items():
        _guard(table, may_change)


def _make_tables() -> None:
    op.create_table(
        "transfusion",
        sa.Column("id", sa.String(length=20), nullable=False),
        _subject(),
        _moment("at"),
        sa.Column("platelets", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(length=20), nullable=False),
        _moment("recorded_at"),
        _moment("voided_at", null=True),
        *_keys(),
    )
    op.create_table(
        "decision",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        _subject(),
        sa.Column("activity_key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        _moment("to_at", null=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=20), nullable=False),
        _moment("decided_at"),
        sa.Column("overrides_last_day", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["subject_code"], ["participant.subject_code"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=20), nullable=False),
        _subject(),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(length=20), nullable=False),
        _moment("placed_at"),
        sa.Column("released_by", sa.String(length=20), nullable=True),
        _moment("released_at", null=True),
        sa.Column("release_note", sa.Text(), nullable=False),
        *_keys(),
    )
    op.create_table(
        "therapy",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        _subject(),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("starts_at"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cytotoxic", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(length=20), nullable=False),
        _moment("decided_at"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("count_before", sa.String(length=32), nullable=True),
        _moment("infusion_started_at", null=True),
        sa.ForeignKeyConstraint(["subject_code"], ["participant.subject_code"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "sae_task",
        sa.Column("id", sa.String(length=20), nullable=False),
        _subject(),
        sa.Column("causes", sa.Text(), nullable=False),
        _moment("raised_at"),
        _moment("aware_at", null=True),
        _moment("due_at", null=True),
        _moment("next_step_at", null=True),
        sa.Column("case_id", sa.String(length=20), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.String(length=20), nullable=True),
        _moment("answered_at", null=True),
        sa.Column("serious", sa.Boolean(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_keys(),
    )
    op.create_table(
        "study_version",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        _moment("published_at"),
        sa.Column("files", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("study_id", "version"),
    )
    for table in ("transfusion", "decision", "hold", "therapy", "sae_task"):
        op.create_index(op.f(f"ix_{table}_subject_code"), table, ["subject_code"], unique=False)
    for column in ("next_step_at", "case_id"):
        op.create_index(op.f(f"ix_sae_task_{column}"), "sae_task", [column], unique=False)


def _gained(column: str) -> sa.Column[object]:
    """With what stands in rows that are there already: doses were whole, samples not clumped."""
    match column:
        case "whole":
            return sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.true())
        case "clumped":
            return sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false())
        case "therapy" | "usual_stools":
            return sa.Column(column, sa.Integer(), nullable=True)
        case "corrects":
            return sa.Column(column, sa.String(length=20), nullable=True)
        case "laboratory":
            return sa.Column(column, sa.Text(), nullable=True)
        case "treatment_stopped_at":
            return _moment(column, null=True)
        case "treatment_stopped_because":
            return sa.Column(column, sa.String(length=40), nullable=True)
        case _:
            return sa.Column(column, sa.Boolean(), nullable=True)


def _subject() -> sa.Column[str]:
    return sa.Column("subject_code", sa.String(length=20), nullable=False)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _keys() -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(["subject_code"], ["participant.subject_code"]),
        sa.PrimaryKeyConstraint("id"),
    )


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guard(table: str, may_change: Sequence[str]) -> None:
    """Refuses a change of every column but those."""
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
    _refuse("UPDATE", table, [name for name in columns if name not in may_change])


def _drop_guard(table: str) -> None:
    if _on_postgresql():
        op.execute(f"DROP FUNCTION keep_{table}_update CASCADE")
    else:
        op.execute(f"DROP TRIGGER keep_{table}_update")


def _refuse(act: str, table: str, columns: Sequence[str] = ()) -> None:
    """A trigger that refuses this act on this table, or on these columns of it; see 0001."""
    name = f"keep_{table}_{act.lower()}"
    what = f"{act} OF {', '.join(columns)}" if columns else act
    if not _on_postgresql():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if act == "DELETE":
        op.execute(
            f"CREATE TRIGGER keep_{table}_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
