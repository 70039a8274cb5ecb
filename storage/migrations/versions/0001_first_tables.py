"""The first tables, and the triggers that make the record append-only.

Revision: 0001
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What may still change in a row of these tables; everything else, and the row itself, stays.
# Source: specification 5.2 (patient entries immutable, a correction is a new version linked to the old).
KEPT = {
    "answer": ("replaced_by",),
    "assessment": (),
    "audit": (),
    "case_event": (),
    "consent": (),
    "dose": ("voided_at",),
    "lab": ("voided_at",),
    "outbox_attempt": (),
    "said": (),
    "stated": (),
}


def upgrade() -> None:
    """Makes the tables and their triggers."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("chain", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at_local", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("actor_code", sa.String(length=64), nullable=False),
        sa.Column("actor_role", sa.String(length=40), nullable=False),
        sa.Column("auth", sa.String(length=12), nullable=False),
        sa.Column("on_behalf_of", sa.String(length=20), nullable=True),
        sa.Column("entity", sa.String(length=24), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=True),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("request_id", sa.String(length=80), nullable=True),
        sa.Column("software_version", sa.String(length=40), nullable=False),
        sa.Column("study_version", sa.String(length=40), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain", "seq"),
    )
    op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_table(
        "conversation",
        sa.Column("owner_kind", sa.String(length=40), nullable=False),
        sa.Column("owner_code", sa.String(length=64), nullable=False),
        sa.Column("state_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("owner_kind", "owner_code"),
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("chat_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("owner_kind", sa.String(length=40), nullable=False),
        sa.Column("owner_code", sa.String(length=64), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_active_link_per_chat",
        "identity",
        ["lane"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "one_active_link_per_owner",
        "identity",
        ["owner_kind", "owner_code"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_for", sa.String(length=20), nullable=True),
        sa.Column("raw_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("bot_id", "update_id"),
    )
    op.create_index(
        "inbox_open",
        "inbox",
        ["lane", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "invitation",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("owner_kind", sa.String(length=40), nullable=False),
        sa.Column("owner_code", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_table(
        "mark",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("unique_key", sa.String(length=160), nullable=False),
        sa.Column("lane", sa.String(length=80), nullable=False),
        sa.Column("to_kind", sa.String(length=40), nullable=False),
        sa.Column("to_code", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=True),
        sa.Column("case_id", sa.String(length=20), nullable=True),
        sa.Column("routine", sa.Boolean(), nullable=False),
        sa.Column("cancel_tag", sa.String(length=120), nullable=True),
        sa.Column("waits_for", sa.String(length=160), nullable=True),
        sa.Column("edits", sa.String(length=160), nullable=True),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("chat_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_uncertain", sa.Boolean(), nullable=False),
        sa.Column("telegram_message_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("unique_key"),
    )
    op.create_index(op.f("ix_outbox_cancel_tag"), "outbox", ["cancel_tag"], unique=False)
    op.create_index(op.f("ix_outbox_case_id"), "outbox", ["case_id"], unique=False)
    op.create_index(
        "outbox_again",
        "outbox",
        ["retry_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND retry_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND retry_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_expiring",
        "outbox",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND expires_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND expires_at IS NOT NULL"),
    )
    op.create_index("outbox_lane", "outbox", ["lane", "id"], unique=False)
    op.create_index(
        "outbox_lane_open",
        "outbox",
        ["lane", "priority", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "outbox_later",
        "outbox",
        ["send_after"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND send_after IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND send_after IS NOT NULL"),
    )
    op.create_index(
        "outbox_ready",
        "outbox",
        ["priority", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND send_after IS NULL AND retry_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND send_after IS NULL AND retry_at IS NULL"),
    )
    op.create_table(
        "site",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "staff",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=True),
        sa.Column("unreachable_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "subject_key",
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject_code"),
    )
    op.create_table(
        "wrong_try",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_wrong_try_lane"), "wrong_try", ["lane"], unique=False)
    op.create_table(
        "account",
        sa.Column("staff_code", sa.String(length=12), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_code"],
            ["staff.code"],
        ),
        sa.PrimaryKeyConstraint("staff_code"),
    )
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_code", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("csrf", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_code"],
            ["staff.code"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_console_session_staff_code"), "console_session", ["staff_code"], unique=False)
    op.create_table(
        "outbox_attempt",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"],
            ["outbox.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_outbox_attempt_outbox_id"), "outbox_attempt", ["outbox_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("site_code", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("sex", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("consent_signed_on", sa.Date(), nullable=False),
        sa.Column("day1_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("study_version", sa.String(length=40), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caregiver_may_write", sa.Boolean(), nullable=False),
        sa.Column("messages_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreachable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blood_thinner", sa.Boolean(), nullable=True),
        sa.Column("liver_disease", sa.Boolean(), nullable=True),
        sa.Column("last_chemotherapy_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_code"],
            ["site.code"],
        ),
        sa.PrimaryKeyConstraint("subject_code"),
    )
    op.create_index(op.f("ix_participant_next_look_at"), "participant", ["next_look_at"], unique=False)
    op.create_index(op.f("ix_participant_site_code"), "participant", ["site_code"], unique=False)
    op.create_table(
        "posting",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("staff_code", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("site_code", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_code"],
            ["site.code"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_code"],
            ["staff.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_code", "role", "site_code"),
    )
    op.create_index(op.f("ix_posting_staff_code"), "posting", ["staff_code"], unique=False)
    op.create_table(
        "case_",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("site_code", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("steps_done", sa.Integer(), nullable=False),
        sa.Column("patient_steps_done", sa.Integer(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("last_rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps_hastened", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report_id", sa.String(length=20), nullable=True),
        sa.Column("lab_id", sa.String(length=20), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=20), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_by", sa.String(length=20), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=20), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_code"],
            ["site.code"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "case_open",
        "case_",
        ["opened_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_case__next_step_at"), "case_", ["next_step_at"], unique=False)
    op.create_index(op.f("ix_case__site_code"), "case_", ["site_code"], unique=False)
    op.create_index(op.f("ix_case__subject_code"), "case_", ["subject_code"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_consent_subject_code"), "consent", ["subject_code"], unique=False)
    op.create_table(
        "dose",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_ug", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.String(length=20), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_dose_subject_code"), "dose", ["subject_code"], unique=False)
    op.create_table(
        "lab",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("analyte", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("as_entered", sa.Text(), nullable=False),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(length=20), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_command_line", sa.Boolean(), nullable=False),
        sa.Column("unit_unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_lab_subject_code"), "lab", ["subject_code"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("reporter", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("catalogue_version", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_in_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_report_subject_code"), "report", ["subject_code"], unique=False)
    op.create_table(
        "said",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_said_subject_code"), "said", ["subject_code"], unique=False)
    op.create_table(
        "stated",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("subject_code", sa.String(length=20), nullable=False),
        sa.Column("activity_key", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_code"],
            ["participant.subject_code"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_stated_subject_code"), "stated", ["subject_code"], unique=False)
    op.create_table(
        "answer",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("report_id", sa.String(length=20), nullable=False),
        sa.Column("symptom", sa.String(length=20), nullable=False),
        sa.Column("question", sa.String(length=20), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("typed_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("wording_shown", sa.Text(), nullable=False),
        sa.Column("catalogue_version", sa.String(length=40), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.String(length=20), nullable=True),
        sa.Column("assumed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_answer_report_id"), "answer", ["report_id"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.String(length=20), nullable=False),
        sa.Column("symptom", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("who", sa.Integer(), nullable=True),
        sa.Column("base_level", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("term", sa.Text(), nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_assessment_report_id"), "assessment", ["report_id"], unique=False)
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_code", sa.String(length=64), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_case_event_case_id"), "case_event", ["case_id"], unique=False)
    for table, may_change in KEPT.items():
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        _refuse("DELETE", table)
        _refuse("UPDATE", table, [name for name in columns if name not in may_change])


def downgrade() -> None:
    """Removes them all."""
    if op.get_bind().dialect.name == "postgresql":
        for table in KEPT:
            op.execute(f"DROP FUNCTION keep_{table}_delete CASCADE")
            op.execute(f"DROP FUNCTION keep_{table}_update CASCADE")
    op.drop_index(op.f("ix_case_event_case_id"), table_name="case_event")
    op.drop_table("case_event")
    op.drop_index(op.f("ix_assessment_report_id"), table_name="assessment")
    op.drop_table("assessment")
    op.drop_index(op.f("ix_answer_report_id"), table_name="answer")
    op.drop_table("answer")
    op.drop_index(op.f("ix_stated_subject_code"), table_name="stated")
    op.drop_table("stated")
    op.drop_index(op.f("ix_said_subject_code"), table_name="said")
    op.drop_table("said")
    op.drop_index(op.f("ix_report_subject_code"), table_name="report")
    op.drop_table("report")
    op.drop_index(op.f("ix_lab_subject_code"), table_name="lab")
    op.drop_table("lab")
    op.drop_index(op.f("ix_dose_subject_code"), table_name="dose")
    op.drop_table("dose")
    op.drop_index(op.f("ix_consent_subject_code"), table_name="consent")
    op.drop_table("consent")
    op.drop_index(op.f("ix_case__subject_code"), table_name="case_")
    op.drop_index(op.f("ix_case__site_code"), table_name="case_")
    op.drop_index(op.f("ix_case__next_step_at"), table_name="case_")
    op.drop_index(
        "case_open",
        table_name="case_",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("case_")
    op.drop_index(op.f("ix_posting_staff_code"), table_name="posting")
    op.drop_table("posting")
    op.drop_index(op.f("ix_participant_site_code"), table_name="participant")
    op.drop_index(op.f("ix_participant_next_look_at"), table_name="participant")
    op.drop_table("participant")
    op.drop_index(op.f("ix_outbox_attempt_outbox_id"), table_name="outbox_attempt")
    op.drop_table("outbox_attempt")
    op.drop_index(op.f("ix_console_session_staff_code"), table_name="console_session")
    op.drop_table("console_session")
    op.drop_table("account")
    op.drop_index(op.f("ix_wrong_try_lane"), table_name="wrong_try")
    op.drop_table("wrong_try")
    op.drop_table("subject_key")
    op.drop_table("staff")
    op.drop_table("site")
    op.drop_index(
        "outbox_ready",
        table_name="outbox",
        sqlite_where=sa.text("ended_at IS NULL AND send_after IS NULL AND retry_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND send_after IS NULL AND retry_at IS NULL"),
    )
    op.drop_index(
        "outbox_later",
        table_name="outbox",
        sqlite_where=sa.text("ended_at IS NULL AND send_after IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND send_after IS NOT NULL"),
    )
    op.drop_index(
        "outbox_lane_open",
        table_name="outbox",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("outbox_lane", table_name="outbox")
    op.drop_index(
        "outbox_expiring",
        table_name="outbox",
        sqlite_where=sa.text("ended_at IS NULL AND expires_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND expires_at IS NOT NULL"),
    )
    op.drop_index(
        "outbox_again",
        table_name="outbox",
        sqlite_where=sa.text("ended_at IS NULL AND retry_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND retry_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_outbox_case_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_cancel_tag"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("mark")
    op.drop_table("invitation")
    op.drop_index(
        "inbox_open",
        table_name="inbox",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_table("inbox")
    op.drop_index(
        "one_active_link_per_owner",
        table_name="identity",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(
        "one_active_link_per_chat",
        table_name="identity",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("identity")
    op.drop_table("conversation")
    op.drop_table("audit_head")
    op.drop_table("audit")


def _refuse(act: str, table: str, columns: Sequence[str] = ()) -> None:
    """A trigger that refuses this act on this table, or on these columns of it.

    On PostgreSQL deleting includes TRUNCATE, which no trigger of rows sees.
    """
    name = f"keep_{table}_{act.lower()}"
    what = f"{act} OF {', '.join(columns)}" if columns else act
    if op.get_bind().dialect.name != "postgresql":
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
