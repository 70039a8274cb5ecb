"""The clock of a potential serious adverse event: who is reminded when, until an investigator has answered.

The bot never decides seriousness, causality or expectedness; it raises the question and keeps the time. The
clock begins when a person of the site was first delivered the information or wrote it down, runs day and
night, weekends too, and goes on until somebody has answered.

Worked case, known Friday 18:00: due Saturday 18:00. Sub-investigator at 20:00, Saturday 02:00, 10:00, 14:00
(with the principal investigator) and 16:00; from 18:00 principal investigator and central, every two hours.

Source: specification 3.6, 7.1 (16).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from bot.rules.errors import Refusal
from bot.rules.grading import holds as answers_hold
from bot.rules.lab_bands import holds
from bot.rules.participant import HoldReason
from bot.rules.study import Band, Level, Role, SaeRules, SpecialRule, StaffCode, SubjectCode
from bot.rules.temperature import Answers

SaeTaskId = NewType("SaeTaskId", str)


class SaeCause(StrEnum):
    """Why an event may be serious; shown to the investigator, never a decision."""

    LEVEL = "LEVEL"
    GRADE = "GRADE"
    BLEEDING = "BLEEDING"
    ADMITTED = "ADMITTED"
    TREATED = "TREATED"
    OUTCOME = "OUTCOME"
    HIGH_COUNT = "HIGH_COUNT"
    DIED = "DIED"
    PREGNANCY = "PREGNANCY"
    MEDICATION_ERROR = "MEDICATION_ERROR"
    SITE = "SITE"
    SPECIAL_INTEREST = "SPECIAL_INTEREST"
    REBOUND = "REBOUND"


class SaeCriterion(StrEnum):
    """The boxes of a serious event, in the names of CDISC. Source: specification 3.6."""

    AESDTH = "AESDTH"
    AESLIFE = "AESLIFE"
    AESHOSP = "AESHOSP"
    AESDISAB = "AESDISAB"
    AESCONG = "AESCONG"
    AESMIE = "AESMIE"


class Causality(StrEnum):
    RELATED = "RELATED"
    NOT_RELATED = "NOT_RELATED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaeAnswer:
    """What the investigator decided. Serious needs a criterion; not serious its reason in `narrative`."""

    serious: bool
    narrative: str
    criteria: tuple[SaeCriterion, ...] = ()
    started_on: date | None = None
    to_study_drug: Causality | None = None
    to_other_therapy: Causality | None = None
    action_with_drug: str = ""
    outcome: str = ""
    grade: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaeTask:
    """`next_step_at` is the timer, None once answered. `told` counts the moments that were announced."""

    id: SaeTaskId
    subject_code: SubjectCode
    causes: tuple[SaeCause, ...]
    raised_at: datetime
    aware_at: datetime | None
    due_at: datetime | None
    next_step_at: datetime | None
    case_id: str | None = None
    told: int = 0
    answered_by: StaffCode | None = None
    answered_at: datetime | None = None
    serious: bool | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class SaeReminder:
    """Tell these roles now; `overdue` once the time is over."""

    roles: tuple[Role, ...]
    overdue: bool
    task: SaeTask


def causes_of(
    rules: SaeRules,
    *,
    level: Level = Level.NONE,
    grade: int = 0,
    who: int = 0,
    closing: Mapping[str, Collection[str]] | None = None,
    answers: Sequence[tuple[str, Collection[str]]] = (),
    outcome: str = "",
    count_band: Band | None = None,
    count_is_high: bool = False,
    symptoms: Sequence[tuple[str, Answers]] = (),
    result_reasons: Collection[str] = (),
) -> tuple[SaeCause, ...]:
    """Everything that makes this potentially serious, in the order of the enum; may be empty.

    `symptoms`: those of a report with their answers. `result_reasons`: why a verified result calls for a
    person.
    """
    said = closing or {}
    special = {rule.cause for rule in _special(rules, symptoms)}
    found = {
        SaeCause.LEVEL: level >= rules.level_at_least,
        SaeCause.GRADE: grade >= rules.grade_at_least,
        SaeCause.BLEEDING: who >= rules.who_at_least,
        SaeCause.ADMITTED: any(
            rules.closing.get(one, frozenset()) & set(codes) for one, codes in said.items()
        ),
        SaeCause.TREATED: any(
            rules.answers.get(question, frozenset()) & set(codes) for question, codes in answers
        ),
        SaeCause.OUTCOME: outcome in rules.outcomes,
        SaeCause.HIGH_COUNT: count_is_high
        or (
            count_band is not None
            and rules.count_at_or_above is not None
            and holds(count_band, rules.count_at_or_above)
        ),
        SaeCause.PREGNANCY: SaeCause.PREGNANCY in special,
        SaeCause.SPECIAL_INTEREST: SaeCause.SPECIAL_INTEREST in special,
        SaeCause.REBOUND: bool(rules.result_reasons & set(result_reasons)),
    }
    return tuple(cause for cause in SaeCause if found.get(cause))


def holds_of(rules: SaeRules, symptoms: Sequence[tuple[str, Answers]]) -> tuple[HoldReason, ...]:
    """Why these answers make the doses wait for a person. Source: specification 1.4 SCH-5, 2.7 (AE_PREG)."""
    found = {rule.hold for rule in _special(rules, symptoms)}
    return tuple(reason for reason in HoldReason if reason in found)


def _special(rules: SaeRules, symptoms: Sequence[tuple[str, Answers]]) -> list[SpecialRule]:
    return [
        rule
        for rule in rules.special
        for code, answers in symptoms
        if code == rule.symptom and answers_hold(rule.when, answers)
    ]


def aware(rules: SaeRules, task: SaeTask, at: datetime) -> SaeTask:
    """A person of the site knows since `at`; the first moment counts for good."""
    if task.aware_at is not None and task.aware_at <= at:
        return task
    timed = replace(task, aware_at=at, due_at=at + rules.due_within, told=0)
    return replace(timed, next_step_at=_moments(rules, timed, 1)[0])


def next_reminder(rules: SaeRules, task: SaeTask, now: datetime) -> SaeReminder | None:
    """Who is told now, and the task after it; None while nothing is due. Missed ones become one."""
    if task.answered_at is not None or task.next_step_at is None or now < task.next_step_at:
        return None
    if task.aware_at is None or task.due_at is None:
        raise ValueError("a clock that has not begun has no next step")
    told = task.told
    while _moments(rules, task, told + 1)[told] <= now:
        told += 1
    overdue = is_overdue(task, now)
    since = now - task.aware_at
    first = [Role.SUB_INVESTIGATOR]
    if any(at <= since for at in rules.remind_principal_after):
        first.append(Role.PRINCIPAL_INVESTIGATOR)
    roles = (Role.PRINCIPAL_INVESTIGATOR, Role.CENTRAL) if overdue else tuple(first)
    after = replace(task, told=told, next_step_at=_moments(rules, task, told + 1)[told])
    return SaeReminder(roles, overdue, after)


def is_overdue(task: SaeTask, now: datetime) -> bool:
    """Nobody has answered and the time is over: from the very moment it is due."""
    return task.answered_at is None and task.due_at is not None and now >= task.due_at


def answered_in_time(task: SaeTask) -> bool | None:
    """Whether the answer came before its time was over; None while there is none."""
    if task.answered_at is None:
        return None
    return task.due_at is None or task.answered_at <= task.due_at


def check_answer(task: SaeTask, answer: SaeAnswer) -> None:
    """Whether this answer is complete.

    Raises:
        Refusal: answered already; serious without a criterion; not serious without a reason.
    """
    if task.answered_at is not None:
        raise Refusal("refusal.sae_answered", staff=task.answered_by or "", at=task.answered_at)
    if answer.serious and not answer.criteria:
        raise Refusal("refusal.sae_criterion")
    if not answer.narrative.strip():
        raise Refusal("refusal.reason_needed")


def _moments(rules: SaeRules, task: SaeTask, most: int) -> list[datetime]:
    """The first `most` moments of this clock, oldest first: the reminders, the deadline, then for ever."""
    if task.aware_at is None or task.due_at is None:
        raise ValueError("a clock that has not begun has no moments")
    within = sorted({*rules.remind_after, *rules.remind_principal_after})
    moments = [task.aware_at + after for after in within if after < rules.due_within]
    late = task.due_at
    while len(moments) < most:
        moments.append(late)
        late += rules.overdue_every
    return moments
