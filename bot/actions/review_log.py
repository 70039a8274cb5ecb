"""One participant's symptom log in order of time: what a person reads before she decides.

Each entry is one thing that happened: a report with its answers and grades, her own words, a count, a dose,
something she stated, a case with its course, a check-in that she left unanswered.
Nothing is left out because it was replaced or voided.
Source: specification 5.2 (original record, attributable); screens.md "Participant".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.actions.answer_wish import waits_for_answer
from bot.actions.asked_of import asked_of
from bot.actions.desk import Desk
from bot.actions.list_participants import reader
from bot.actions.note_access import note_view
from bot.actions.plan_visits import course_of
from bot.actions.publish_study import Binding, bindings_of, other_versions
from bot.actions.review_cases import CaseCard, card_of
from bot.rules import schedule
from bot.rules.access import Act, Site, Staff, may
from bot.rules.activities import Course
from bot.rules.asked_check_ins import AskedCheckIn
from bot.rules.case import Case, CaseId
from bot.rules.changes import name_of
from bot.rules.doses import injection_key
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.participant import (
    Decision,
    Dose,
    DoseKind,
    Hold,
    LabResult,
    Participant,
    Stated,
    Therapy,
    Transfusion,
)
from bot.rules.plan_strip import stated_on_another_day
from bot.rules.prophylaxis import prophylaxis_key
from bot.rules.reading_back import ReadReport, read_back
from bot.rules.report import Answer, Assessment, GradeDecision, Report
from bot.rules.sae import SaeAnswer, SaeTask
from bot.rules.schedule import PlannedActivity
from bot.rules.study import StaffCode, Study, SubjectCode
from storage.cases import CaseEvent
from storage.conversations import SaidText
from storage.overviews import LogEntry, LoggedEvent
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidWords:
    """Her words as typed; `text` is None for a reader who works without identities. `kind` as stored."""

    id: str
    text: str | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCourse:
    """A case with what happened in it, oldest first; `card` as it stands now."""

    card: CaseCard
    events: tuple[CaseEvent, ...]


Fact = (
    SaidWords
    | Stated
    | ReadReport
    | LabResult
    | Dose
    | Transfusion
    | Therapy
    | Decision
    | Hold
    | CaseCourse
    | AskedCheckIn
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`case_ids`: cases that this entry raised."""

    at: datetime
    fact: Fact
    case_ids: tuple[CaseId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLog:
    """`study_day` counts from day 1 as known now. `planned` is her plan, oldest target first.

    `may`: what the reader may do with her; the actions ask again. `grades`: what investigators decided of a
    report's symptom, oldest first. `wish_waits`: she asks for another day and has no answer yet. `serious`:
    questions of serious events, oldest first, with their answers.
    `bindings`: the versions of the study she was bound to, oldest first; `in_force` is that of new
    participants.
    """

    participant: Participant
    site: Site
    study_day: int
    day1_at: datetime
    study: Study
    course: Course
    planned: tuple[PlannedActivity, ...]
    entries: tuple[Entry, ...]
    grades: Mapping[tuple[str, str], tuple[GradeDecision, ...]]
    wish_waits: bool
    serious: tuple[tuple[SaeTask, SaeAnswer | None], ...]
    bindings: tuple[Binding, ...]
    in_force: str
    other_versions: tuple[str, ...]
    may: frozenset[Act]

    def name_of(self, activity_key: str) -> Phrase | None:
        """What a key of her plan is called, such as *dose 2*; None for what the plan no longer has."""
        return next((name_of(one) for one in self.planned if one.key == activity_key), None)

    def stated_otherwise(self, dose: Dose) -> datetime | None:
        """When she said that this dose was done, where that was another day than the one on record."""
        key = injection_key(dose.number) if dose.kind is DoseKind.TREATMENT else None
        if dose.kind is DoseKind.PROPHYLAXIS and dose.therapy is not None:
            key = prophylaxis_key(dose.therapy)
        return (
            None if key is None or dose.voided_at else stated_on_another_day(self.course, key, dose.given_at)
        )


async def review_log(desk: Desk, *, subject: SubjectCode, by: StaffCode) -> ParticipantLog:
    """The whole log, oldest first; the look itself is noted in the audit trail.

    Raises:
        NotEntitled: alike for a foreign subject, an unknown one and a revoked person.
    """
    async with desk.archive.begin() as uow:
        staff, participant, site = await _readable(uow, subject, by)
        await note_view(uow, desk, staff, participant)
    async with desk.archive.read() as uow:
        staff, participant, site = await _readable(uow, subject, by)
        course = await course_of(uow, participant)
        day1_at, study = schedule.day1_of(course), desk.bound_to(participant).study
        return ParticipantLog(
            participant=participant,
            site=site,
            study_day=schedule.study_day(day1_at, desk.now(), site.time_zone),
            day1_at=day1_at,
            study=study,
            course=course,
            planned=schedule.plan(study, course),
            entries=await _entries(uow, desk, staff, participant, site),
            grades=_grades(await uow.grades.of(subject)),
            wish_waits=await waits_for_answer(uow, subject),
            serious=tuple(
                [(one, await uow.sae_tasks.answer_of(one.id)) for one in await uow.sae_tasks.of(subject)]
            ),
            bindings=await bindings_of(uow, participant),
            in_force=desk.in_force.version,
            other_versions=other_versions(desk, participant),
            may=frozenset(act for act in Act if may(staff, act, site.code)),
        )


async def _readable(uow: UnitOfWork, subject: SubjectCode, by: StaffCode) -> tuple[Staff, Participant, Site]:
    staff = await reader(uow, by)
    participant = await uow.participants.get(subject)
    if participant is None or not may(staff, Act.READ_LOG, participant.site_code):
        raise NotEntitled(subject=subject)
    site = await uow.sites.get(participant.site_code)
    if site is None:
        raise NotEntitled(subject=subject)
    return staff, participant, site


async def _entries(
    uow: UnitOfWork, desk: Desk, staff: Staff, participant: Participant, site: Site
) -> tuple[Entry, ...]:
    log = await uow.overviews.log(participant.subject_code)
    gathered = _Gathered(log)
    reads_words = may(staff, Act.READ_WORDS, site.code)
    entries = []
    for one in log:
        match one.fact:
            case Report():
                report = read_back(
                    desk.bound_to(participant).study,
                    participant.sex,
                    one.fact,
                    gathered.answers.get(one.fact.id, ()),
                    gathered.assessments.get(one.fact.id, ()),
                )
                entries.append(Entry(at=one.at, fact=report, case_ids=gathered.cases_of(one.fact.id)))
            case SaidText():
                text = one.fact.text if reads_words else None
                said = SaidWords(id=one.fact.id, text=text, kind=one.fact.kind)
                entries.append(Entry(at=one.at, fact=said, case_ids=gathered.cases_of(one.fact.id)))
            case LabResult():
                entries.append(Entry(at=one.at, fact=one.fact, case_ids=gathered.cases_of(one.fact.id)))
            case Case():
                card = await card_of(uow, desk, staff, one.fact, site)
                course = CaseCourse(card=card, events=tuple(gathered.events.get(one.fact.id, ())))
                entries.append(Entry(at=one.at, fact=course, case_ids=(one.fact.id,)))
            case Stated() | Dose() | Transfusion() | Therapy() | Decision() | Hold():
                entries.append(Entry(at=one.at, fact=one.fact))
            case Answer() | Assessment() | GradeDecision() | LoggedEvent():
                continue
    asked = await asked_of(uow, participant.subject_code)
    entries += [Entry(at=one.asked_at, fact=one) for one in asked if one.is_gap(desk.now())]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _grades(decided: Iterable[GradeDecision]) -> dict[tuple[str, str], tuple[GradeDecision, ...]]:
    found: dict[tuple[str, str], tuple[GradeDecision, ...]] = {}
    for one in decided:
        key = (str(one.report_id), one.symptom)
        found[key] = (*found.get(key, ()), one)
    return found


class _Gathered:
    """What belongs to a report or a case, gathered by it."""

    def __init__(self, log: tuple[LogEntry, ...]) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.assessments: dict[str, list[Assessment]] = {}
        self.events: dict[str, list[CaseEvent]] = {}
        self._cases: dict[str, list[CaseId]] = {}
        for entry in log:
            match entry.fact:
                case Answer() as answer:
                    self.answers.setdefault(answer.report_id, []).append(answer)
                case Assessment() as assessment:
                    self.assessments.setdefault(assessment.report_id, []).append(assessment)
                case LoggedEvent(case_id=case_id, event=event):
                    self.events.setdefault(case_id, []).append(event)
                    if event.kind == "ABOUT" and event.note:
                        self._cases.setdefault(event.note, []).append(case_id)
                case Case() as case:
                    for cause in (case.report_id, case.lab_id):
                        if cause is not None:
                            self._cases.setdefault(cause, []).append(case.id)
                case _:
                    continue

    def cases_of(self, cause: str) -> tuple[CaseId, ...]:
        """Cases that this report, count or message raised, oldest first."""
        return tuple(dict.fromkeys(self._cases.get(cause, ())))
