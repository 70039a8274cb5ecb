"""The tables. Singular names; moments in UTC; enums as words; what people wrote is sealed bytes.

Table classes do not validate (SQLModel): values are validated before they reach them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from bot.rules.case import CaseKind, Outcome
from bot.rules.messages import OutboxStatus, RecipientKind, SendKind
from bot.rules.participant import (
    DecisionKind,
    DoseKind,
    HoldReason,
    ParticipantState,
    StatedWhat,
    TreatmentStop,
)
from bot.rules.report import OpenedBy, Reporter, ReportStatus
from bot.rules.roster import DutyKind, OutOfHours
from bot.rules.study import Language, Level, Role, Sex
from storage.columns import DecimalText, UtcDateTime, Word


def _moment(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime(), nullable=null, index=index))


def _word(kind: type, *, null: bool = False, key: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Word(kind), nullable=null, primary_key=key))


def _sealed(*, null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=null))


def _text(*, null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Text, nullable=null))


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that still matter, however many have ended."""
    only = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _number() -> Any:
    return Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))


class SiteRow(SQLModel, table=True):
    __tablename__ = "site"
    code: str = Field(primary_key=True, max_length=12)
    name_en: str = _text()
    name_zh: str = _text()
    phone: str = Field(max_length=40)
    time_zone: str = Field(max_length=60)
    out_of_hours: OutOfHours | None = _word(OutOfHours, null=True)


class StaffRow(SQLModel, table=True):
    __tablename__ = "staff"
    code: str = Field(primary_key=True, max_length=12)
    language: Language = _word(Language)
    revoked_at: datetime | None = _moment(null=True)
    revoked_because: str | None = _text(null=True)
    unreachable_since: datetime | None = _moment(null=True)


class PostingRow(SQLModel, table=True):
    __tablename__ = "posting"
    __table_args__ = (UniqueConstraint("staff_code", "role", "site_code"),)
    id: int | None = _number()
    staff_code: str = Field(foreign_key="staff.code", index=True, max_length=12)
    role: Role = _word(Role)
    site_code: str | None = Field(default=None, foreign_key="site.code", max_length=12)


class DutyRow(SQLModel, table=True):
    """A time in which somebody is on duty at a site, or away; `ended_at`: it no longer holds."""

    __tablename__ = "duty"
    number: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    site_code: str = Field(foreign_key="site.code", index=True, max_length=12)
    staff_code: str = Field(foreign_key="staff.code", max_length=12)
    kind: DutyKind = _word(DutyKind)
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    deputy: str | None = Field(default=None, foreign_key="staff.code", max_length=12)
    ended_at: datetime | None = _moment(null=True)


class ParticipantRow(SQLModel, table=True):
    __tablename__ = "participant"
    subject_code: str = Field(primary_key=True, max_length=20)
    site_code: str = Field(foreign_key="site.code", index=True, max_length=12)
    state: ParticipantState = _word(ParticipantState)
    language: Language = _word(Language)
    sex: Sex = _word(Sex)
    time_zone: str = Field(max_length=60)
    consent_signed_on: date
    day1_at: datetime = _moment()
    study_id: str = Field(max_length=64)
    study_version: str = Field(max_length=40)
    enrolled_at: datetime = _moment()
    joined_at: datetime | None = _moment(null=True)
    caregiver_may_write: bool
    messages_stopped_at: datetime | None = _moment(null=True)
    unreachable_since: datetime | None = _moment(null=True)
    next_look_at: datetime | None = _moment(null=True, index=True)
    blood_thinner: bool | None = None
    liver_disease: bool | None = None
    last_chemotherapy_on: date | None = None
    usual_stools: int | None = None
    usual_headaches: bool | None = None
    lymphoedema: bool | None = None
    emergency_contact: bool | None = None
    treatment_stopped_at: datetime | None = _moment(null=True)
    treatment_stopped_because: TreatmentStop | None = _word(TreatmentStop, null=True)
    version: int


class SubjectKeyRow(SQLModel, table=True):
    """The wrapped key of a subject's free text; once it is emptied, the text is gone for good."""

    __tablename__ = "subject_key"
    subject_code: str = Field(primary_key=True, max_length=20)
    wrapped: bytes | None = _sealed(null=True)
    erased_at: datetime | None = _moment(null=True)


class DoseRow(SQLModel, table=True):
    __tablename__ = "dose"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    kind: DoseKind = _word(DoseKind)
    number: int
    given_at: datetime = _moment()
    amount_ug: int
    recorded_by: str = Field(max_length=20)
    recorded_at: datetime = _moment()
    voided_at: datetime | None = _moment(null=True)
    whole: bool
    therapy: int | None = None
    corrects: str | None = Field(default=None, max_length=20)


class TransfusionRow(SQLModel, table=True):
    __tablename__ = "transfusion"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    at: datetime = _moment()
    platelets: bool
    recorded_by: str = Field(max_length=20)
    recorded_at: datetime = _moment()
    voided_at: datetime | None = _moment(null=True)


class DecisionRow(SQLModel, table=True):
    """What the site decided on an activity; the newest of an activity counts."""

    __tablename__ = "decision"
    seq: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    activity_key: str = Field(max_length=40)
    kind: DecisionKind = _word(DecisionKind)
    to_at: datetime | None = _moment(null=True)
    reason: str = _text()
    decided_by: str = Field(max_length=20)
    decided_at: datetime = _moment()
    overrides_last_day: bool


class HoldRow(SQLModel, table=True):
    __tablename__ = "hold"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    reason: HoldReason = _word(HoldReason)
    note: str = _text()
    placed_by: str = Field(max_length=20)
    placed_at: datetime = _moment()
    released_by: str | None = Field(default=None, max_length=20)
    released_at: datetime | None = _moment(null=True)
    release_note: str = _text()


class TherapyRow(SQLModel, table=True):
    """A planned therapy as decided; a change is a new row of the same number."""

    __tablename__ = "therapy"
    seq: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    number: int
    starts_at: datetime = _moment()
    what: str = _text()
    cytotoxic: bool
    decided_by: str = Field(max_length=20)
    decided_at: datetime = _moment()
    reason: str = _text()
    cancelled: bool
    ordered: bool
    count_before: Decimal | None = Field(default=None, sa_column=Column(DecimalText(), nullable=True))
    infusion_started_at: datetime | None = _moment(null=True)


class SaeTaskRow(SQLModel, table=True):
    __tablename__ = "sae_task"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    causes: str = _text()
    raised_at: datetime = _moment()
    aware_at: datetime | None = _moment(null=True)
    due_at: datetime | None = _moment(null=True)
    next_step_at: datetime | None = _moment(null=True, index=True)
    case_id: str | None = Field(default=None, index=True, max_length=20)
    told: int
    answered_by: str | None = Field(default=None, max_length=20)
    answered_at: datetime | None = _moment(null=True)
    serious: bool | None = None
    answer_sealed: bytes | None = _sealed(null=True)
    version: int


class StudyVersionRow(SQLModel, table=True):
    """A study file as it was published, whole: what was in force at any time can be shown and run."""

    __tablename__ = "study_version"
    __table_args__ = (UniqueConstraint("study_id", "version"),)
    id: int | None = _number()
    study_id: str = Field(max_length=64)
    version: str = Field(max_length=40)
    digest: str = Field(max_length=64)
    approved_by: str = _text()
    approved_on: date
    published_at: datetime = _moment()
    files: str = _text()


class StatedRow(SQLModel, table=True):
    __tablename__ = "stated"
    number: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    activity_key: str = Field(max_length=40)
    what: StatedWhat = _word(StatedWhat)
    stated_at: datetime = _moment()


class LabRow(SQLModel, table=True):
    __tablename__ = "lab"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    analyte: str = Field(max_length=8)
    value: Decimal = Field(sa_column=Column(DecimalText(), nullable=False))
    as_entered: str = _text()
    sampled_at: datetime | None = _moment(null=True)
    verified: bool
    baseline: bool
    recorded_by: str = Field(max_length=20)
    recorded_at: datetime = _moment()
    by_command_line: bool
    unit_unconfirmed: bool
    voided_at: datetime | None = _moment(null=True)
    clumped: bool
    laboratory: str | None = _text(null=True)
    corrects: str | None = Field(default=None, max_length=20)


class ConsentRow(SQLModel, table=True):
    __tablename__ = "consent"
    id: int | None = _number()
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    version: str = Field(max_length=40)
    language: Language = _word(Language)
    item: str = Field(max_length=40)
    agreed: bool
    at: datetime = _moment()


class IdentityRow(SQLModel, table=True):
    """The one table with identifiers: the chat's number sealed, found by its keyed hash."""

    __tablename__ = "identity"
    __table_args__ = (
        _index("one_active_link_per_chat", "lane", where="ended_at IS NULL", unique=True),
        _index(
            "one_active_link_per_owner", "owner_kind", "owner_code", where="ended_at IS NULL", unique=True
        ),
    )
    id: int | None = _number()
    lane: str = Field(max_length=64)
    chat_sealed: bytes = _sealed()
    owner_kind: RecipientKind = _word(RecipientKind)
    owner_code: str = Field(max_length=64)
    linked_at: datetime = _moment()
    ended_at: datetime | None = _moment(null=True)
    ended_because: str | None = _text(null=True)


class SecondRoadRow(SQLModel, table=True):
    """An address beside Telegram at which a person or a site is rung, sealed: it may hold a phone number."""

    __tablename__ = "second_road"
    id: int | None = _number()
    owner_kind: RecipientKind = _word(RecipientKind)
    owner_code: str = Field(index=True, max_length=64)
    address_sealed: bytes = _sealed()
    added_at: datetime = _moment()
    ended_at: datetime | None = _moment(null=True)


class StaffGroupRow(SQLModel, table=True):
    """The registered group of a site; its chat is an identity of the site (kind GROUP)."""

    __tablename__ = "staff_group"
    __table_args__ = (_index("one_group_per_site", "site_code", where="ended_at IS NULL", unique=True),)
    id: int | None = _number()
    site_code: str = Field(foreign_key="site.code", max_length=12)
    language: Language = _word(Language)
    registered_by: str = Field(foreign_key="staff.code", max_length=12)
    registered_at: datetime = _moment()
    unreachable_since: datetime | None = _moment(null=True)
    ended_at: datetime | None = _moment(null=True)


class InvitationRow(SQLModel, table=True):
    __tablename__ = "invitation"
    code_hash: str = Field(primary_key=True, max_length=64)
    owner_kind: RecipientKind = _word(RecipientKind)
    owner_code: str = Field(max_length=64)
    purpose: str = Field(max_length=12)
    expires_at: datetime = _moment()
    used_at: datetime | None = _moment(null=True)
    revoked_at: datetime | None = _moment(null=True)


class WrongTryRow(SQLModel, table=True):
    __tablename__ = "wrong_try"
    id: int | None = _number()
    lane: str = Field(index=True, max_length=64)
    at: datetime = _moment()


class ConversationRow(SQLModel, table=True):
    __tablename__ = "conversation"
    owner_kind: RecipientKind = _word(RecipientKind, key=True)
    owner_code: str = Field(primary_key=True, max_length=64)
    state_sealed: bytes = _sealed()


class ReportRow(SQLModel, table=True):
    __tablename__ = "report"
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    opened_at: datetime = _moment()
    status: ReportStatus = _word(ReportStatus)
    opened_by: OpenedBy = _word(OpenedBy)
    reporter: Reporter | None = _word(Reporter, null=True)
    language: Language = _word(Language)
    catalogue_version: str = Field(max_length=40)
    level: Level = _word(Level)
    closed_at: datetime | None = _moment(null=True)
    check_in_key: str | None = Field(default=None, max_length=80)


class AnswerRow(SQLModel, table=True):
    """An answer as given; a newer one names it, nothing is overwritten but that name."""

    __tablename__ = "answer"
    number: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    report_id: str = Field(foreign_key="report.id", index=True, max_length=20)
    symptom: str = Field(max_length=20)
    question: str = Field(max_length=20)
    codes: str = _text()
    typed_sealed: bytes | None = _sealed(null=True)
    language: Language = _word(Language)
    wording_shown: str = _text()
    catalogue_version: str = Field(max_length=40)
    shown_at: datetime = _moment()
    answered_at: datetime = _moment()
    replaced_by: str | None = Field(default=None, max_length=20)
    assumed: bool


class AssessmentRow(SQLModel, table=True):
    __tablename__ = "assessment"
    id: int | None = _number()
    report_id: str = Field(foreign_key="report.id", index=True, max_length=20)
    symptom: str = Field(max_length=20)
    grade: int
    who: int | None = None
    base_level: Level = _word(Level)
    level: Level = _word(Level)
    term: str | None = _text(null=True)
    rules: str = _text()
    at: datetime = _moment()


class GradeDecisionRow(SQLModel, table=True):
    """A grade as an investigator decided it; the newest of a report and symptom counts."""

    __tablename__ = "grade_decision"
    seq: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    report_id: str = Field(foreign_key="report.id", index=True, max_length=20)
    symptom: str = Field(max_length=20)
    proposed_grade: int
    proposed_who: int | None = None
    grade: int
    who: int | None = None
    reason: str = _text()
    decided_by: str = Field(max_length=20)
    decided_at: datetime = _moment()


class SaidRow(SQLModel, table=True):
    """Every message of a participant as typed, sealed under her key."""

    __tablename__ = "said"
    number: int | None = _number()
    id: str = Field(unique=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    text_sealed: bytes = _sealed()
    at: datetime = _moment()
    bot_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    update_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str = Field(max_length=20)


class UnderstoodRow(SQLModel, table=True):
    """What her words were taken to mean, and by which versions; `read_with`: ids parted by commas."""

    __tablename__ = "understood"
    number: int | None = _number()
    said_id: str = Field(foreign_key="said.id", index=True, max_length=20)
    read_with: str = _text()
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    at: datetime = _moment()
    rules_version: str = Field(max_length=40)
    lexicon_version: str = Field(max_length=40)
    meant_sealed: bytes = _sealed()


class CaseRow(SQLModel, table=True):
    __tablename__ = "case_"
    __table_args__ = (_index("case_open", "opened_at", where="closed_at IS NULL"),)
    id: str = Field(primary_key=True, max_length=20)
    subject_code: str = Field(foreign_key="participant.subject_code", index=True, max_length=20)
    site_code: str = Field(foreign_key="site.code", index=True, max_length=12)
    kind: CaseKind = _word(CaseKind)
    level: Level = _word(Level)
    opened_at: datetime = _moment()
    rung_from: datetime = _moment()
    chain: str = _text()
    steps_done: int
    patient_steps_done: int
    rings: int
    last_rung_at: datetime | None = _moment(null=True)
    steps_hastened: int
    next_step_at: datetime | None = _moment(null=True, index=True)
    report_id: str | None = Field(default=None, max_length=20)
    lab_id: str | None = Field(default=None, max_length=20)
    acknowledged_by: str | None = Field(default=None, max_length=20)
    acknowledged_at: datetime | None = _moment(null=True)
    contacted_by: str | None = Field(default=None, max_length=20)
    contacted_at: datetime | None = _moment(null=True)
    closed_by: str | None = Field(default=None, max_length=20)
    closed_at: datetime | None = _moment(null=True)
    outcome: Outcome | None = _word(Outcome, null=True)
    version: int


class CaseEventRow(SQLModel, table=True):
    __tablename__ = "case_event"
    id: int | None = _number()
    case_id: str = Field(foreign_key="case_.id", index=True, max_length=20)
    kind: str = Field(max_length=24)
    at: datetime = _moment()
    actor_code: str = Field(max_length=64)
    note_sealed: bytes = _sealed()


class InboxUpdateRow(SQLModel, table=True):
    """An update as received. `sealed_for` names the subject whose key closes it; None: the machine's.

    A tombstone keeps only that something came: no words, no lane.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("bot_id", "update_id"),
        _index("inbox_open", "lane", "id", where="done_at IS NULL"),
    )
    id: int | None = _number()
    bot_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    update_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    lane: str = Field(max_length=64)
    received_at: datetime = _moment()
    sealed_for: str | None = Field(default=None, max_length=20)
    raw_sealed: bytes = _sealed()
    attempts: int = 0
    lease_until: datetime | None = _moment(null=True)
    done_at: datetime | None = _moment(null=True)
    parked_because: str | None = _text(null=True)


class OutboxMessageRow(SQLModel, table=True):
    """A message with what became of it.

    A row is open until `ended_at`. `send_after` and `retry_at` are emptied once they have come: an open row
    without them is ready, and the index of the ready rows is all that a claim reads (the sealed message keeps
    the moment it was planned for).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _index(
            "outbox_ready",
            "priority",
            "id",
            where="ended_at IS NULL AND send_after IS NULL AND retry_at IS NULL",
        ),
        _index("outbox_later", "send_after", where="ended_at IS NULL AND send_after IS NOT NULL"),
        _index("outbox_again", "retry_at", where="ended_at IS NULL AND retry_at IS NOT NULL"),
        _index("outbox_expiring", "expires_at", where="ended_at IS NULL AND expires_at IS NOT NULL"),
        _index("outbox_lane_open", "lane", "priority", "id", where="ended_at IS NULL"),
        Index("outbox_lane", "lane", "id"),
    )
    id: int | None = _number()
    unique_key: str = Field(unique=True, max_length=160)
    lane: str = Field(max_length=80)
    to_kind: RecipientKind = _word(RecipientKind)
    to_code: str = Field(max_length=64)
    priority: int
    kind: SendKind = _word(SendKind)
    status: OutboxStatus = _word(OutboxStatus)
    about: str | None = Field(default=None, max_length=20)
    case_id: str | None = Field(default=None, index=True, max_length=20)
    routine: bool
    cancel_tag: str | None = Field(default=None, index=True, max_length=120)
    waits_for: str | None = Field(default=None, max_length=160)
    edits: str | None = Field(default=None, max_length=160)
    send_after: datetime | None = _moment(null=True)
    expires_at: datetime | None = _moment(null=True)
    created_at: datetime = _moment()
    message_sealed: bytes = _sealed()
    chat_sealed: bytes | None = _sealed(null=True)
    attempts: int = 0
    lease_until: datetime | None = _moment(null=True)
    retry_at: datetime | None = _moment(null=True)
    last_uncertain: bool = False
    telegram_message_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    ended_at: datetime | None = _moment(null=True)
    ended_because: str | None = _text(null=True)


class OutboxAttemptRow(SQLModel, table=True):
    """One attempt: what came of it, and the exact words."""

    __tablename__ = "outbox_attempt"
    id: int | None = _number()
    outbox_id: int = Field(foreign_key="outbox.id", index=True)
    at: datetime = _moment()
    outcome: str = Field(max_length=20)
    reason: str = _text()
    words_sealed: bytes = _sealed()


class AuditRow(SQLModel, table=True):
    """Append-only, by triggers; hash-chained per subject and for the system. Source: specification 5.2.

    `at` is the study's time of the act, `at_local` the same on the wall of the site, `recorded_at` the
    machine's time of the entry.
    """

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("chain", "seq"),)
    id: int | None = _number()
    chain: str = Field(max_length=20)
    seq: int
    at: datetime = _moment()
    at_local: str = Field(max_length=40)
    time_zone: str = Field(max_length=60)
    recorded_at: datetime = _moment()
    kind: str = Field(max_length=60)
    actor_code: str = Field(max_length=64)
    actor_role: str = Field(max_length=40)
    auth: str = Field(max_length=12)
    on_behalf_of: str | None = Field(default=None, max_length=20)
    entity: str = Field(max_length=24)
    entity_id: str = Field(max_length=64)
    field: str | None = Field(default=None, max_length=80)
    old: str | None = _text(null=True)
    new: str | None = _text(null=True)
    reason: str | None = _text(null=True)
    reason_code: str | None = Field(default=None, max_length=40)
    channel: str | None = Field(default=None, max_length=20)
    request_id: str | None = Field(default=None, max_length=80)
    software_version: str = Field(max_length=40)
    study_version: str = Field(max_length=40)
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHeadRow(SQLModel, table=True):
    """The last row of each chain: its lock, and what an anchor outside the database signs."""

    __tablename__ = "audit_head"
    chain: str = Field(primary_key=True, max_length=20)
    seq: int
    hash: str = Field(max_length=64)


class AccountRow(SQLModel, table=True):
    """`language` is the console's for this person; None: the one they have in the chat."""

    __tablename__ = "account"
    staff_code: str = Field(primary_key=True, foreign_key="staff.code", max_length=12)
    password_hash: str = _text()
    language: Language | None = _word(Language, null=True)


class SessionRow(SQLModel, table=True):
    """A signed-in browser. It ends at `expires_at`, or sooner when nobody used it until `idle_at`.

    Both are the machine's time: a rehearsal that jumps to tomorrow signs nobody out.
    """

    __tablename__ = "console_session"
    token_hash: str = Field(primary_key=True, max_length=64)
    staff_code: str = Field(foreign_key="staff.code", index=True, max_length=12)
    expires_at: datetime = _moment()
    idle_at: datetime = _moment()
    csrf: str = Field(max_length=80)


class MarkRow(SQLModel, table=True):
    """Small facts of the machine: the bot's name, the last tick, outages."""

    __tablename__ = "mark"
    key: str = Field(primary_key=True, max_length=60)
    value: str = _text()
