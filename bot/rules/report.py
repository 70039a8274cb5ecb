"""A report: what she answered, and what it was judged to be. Answers are kept for good; a newer one replaces.

Source: specification 2.2 (what is stored with an answer, incomplete reports) and 2.3 (the flow).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.rules.study import Language, Level, StaffCode, SubjectCode

ReportId = NewType("ReportId", str)
AnswerId = NewType("AnswerId", str)

# What an answer is about when it is not about a symptom.
GATE = "GATE"
BLEEDING = "BLEEDING"
WHICH = "WHICH"
MENU = "MENU"
CLOSING = "CLOSING"
TIMER = "TIMER"

# The code of *skip*: an answer of its own, never the same as no answer. Source: specification 2.2.
DECLINED = "DECLINED"


class ReportStatus(StrEnum):
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"


class OpenedBy(StrEnum):
    """What began the report: a button, her own words, or a planned check-in."""

    TAP = "TAP"
    WORDS = "WORDS"
    CHECK_IN = "CHECK_IN"


class Reporter(StrEnum):
    """Who answered. A carer's answers are kept, and marked: they are not the patient's own report."""

    SELF = "SELF"
    CAREGIVER = "CAREGIVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`level` is the highest ever reached within it. `check_in_key` names the planned check-in it answers."""

    id: ReportId
    subject_code: SubjectCode
    opened_at: datetime
    status: ReportStatus
    opened_by: OpenedBy
    reporter: Reporter | None
    language: Language
    catalogue_version: str
    level: Level
    closed_at: datetime | None = None
    check_in_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as given.

    `symptom` is a symptom code or one of the words above; `question` its question (for GATE the item, for
    TIMER the question the timer belongs to). `codes` are the options chosen, in the order shown; a typed
    number stands there as a plain decimal (`38.5`). `assumed`: not said by her, but what silence counts as.
    """

    id: AnswerId
    report_id: ReportId
    symptom: str
    question: str
    codes: tuple[str, ...]
    typed: str | None
    language: Language
    wording_shown: str
    catalogue_version: str
    shown_at: datetime
    answered_at: datetime
    replaced_by: AnswerId | None = None
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a symptom was judged to be at a moment; the grade is *proposed*, an investigator confirms it.

    `base_level` is the level of the answers alone, `level` what stands after the context rules.
    `rules` say in words what fired, worst first. Source: specification 2.2 and 2.5.
    """

    report_id: ReportId
    symptom: str
    grade: int
    who: int | None
    base_level: Level
    level: Level
    term: str | None
    rules: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeDecision:
    """What an investigator decided a symptom of a report was: the *confirmed* grade beside the proposed one.

    The newest of a report and symptom counts. `who` is there where the symptom has a WHO bleeding grade.
    """

    id: str
    subject_code: SubjectCode
    report_id: ReportId
    symptom: str
    proposed_grade: int
    proposed_who: int | None
    grade: int
    who: int | None
    reason: str
    decided_by: StaffCode
    decided_at: datetime
