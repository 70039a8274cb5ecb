"""A case: a matter a human must take. Opened by triage, ended only by a named person.

Source: specification 3.1 to 3.3; decisions "Roles and rights".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.rules.study import Chain, Level, SiteCode, StaffCode, SubjectCode

CaseId = NewType("CaseId", str)


class CaseKind(StrEnum):
    """What the case is about: answers to questions, words outside a question, a wish, a result."""

    REPORT = "REPORT"
    WORDS = "WORDS"
    REQUEST = "REQUEST"
    LAB = "LAB"
    SYSTEM = "SYSTEM"


class Outcome(StrEnum):
    """Closing needs one of these. Source: specification 3.3.

    REACHED and ANSWERED end a case about silence only: somebody spoke with her and nothing more is to be
    done, or she answered by herself; the latter is never chosen by a person.
    """

    ADVICE_GIVEN = "ADVICE_GIVEN"
    SENT_TO_ED = "SENT_TO_ED"
    ADMITTED = "ADMITTED"
    VISIT_TODAY = "VISIT_TODAY"
    LAB_ORDERED = "LAB_ORDERED"
    MEDICATION_CHANGED = "MEDICATION_CHANGED"
    FALSE_ALARM = "FALSE_ALARM"
    DUPLICATE = "DUPLICATE"
    UNREACHABLE = "UNREACHABLE"
    DIED = "DIED"
    REACHED = "REACHED"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`chain` is the copy of the chain in force when the case opened; `level` never falls.

    `steps_done` counts the chain steps already announced (repeats count on), `next_step_at` is the timer:
    an indexed column says when somebody must look again. None only when closed. `rung_from` is the moment
    the chain counts from: opening (later if held over night), or the moment a worsening rang it anew.
    `rings` counts every ring of this case and never starts again, `last_rung_at` is the moment of the last
    one. Everybody of the steps before `steps_hastened` has been rung, ahead of time: somebody could not be
    reached.
    """

    id: CaseId
    subject_code: SubjectCode
    site_code: SiteCode
    kind: CaseKind
    level: Level
    opened_at: datetime
    rung_from: datetime
    chain: Chain
    steps_done: int
    patient_steps_done: int
    next_step_at: datetime | None
    report_id: str | None = None
    lab_id: str | None = None
    acknowledged_by: StaffCode | None = None
    acknowledged_at: datetime | None = None
    contacted_by: StaffCode | None = None
    contacted_at: datetime | None = None
    closed_by: StaffCode | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    rings: int = 0
    last_rung_at: datetime | None = None
    steps_hastened: int = 0
    version: int = 1


def outcomes(*, silence: bool) -> tuple[Outcome, ...]:
    """What a person may end a case with; of one about silence, first that she was reached."""
    first = (Outcome.REACHED,) if silence else ()
    return (*first, *(one for one in Outcome if one not in (Outcome.REACHED, Outcome.ANSWERED)))
