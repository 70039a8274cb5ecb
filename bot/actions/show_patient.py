"""`/patient CODE`: one participant on one card: where she stands, what is next, what she reported last.

The look is noted like a look at the console's page. A foreign code and one that does not exist are told
alike.
Source: issue "rehearse a trial" (card with plan and last reports); specification 5.2.
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.answer_wish import waits_for_answer
from bot.actions.desk import Desk, site_of
from bot.actions.note_access import note_view
from bot.actions.plan_visits import course_of
from bot.actions.speak import Rows, button, phrase, to_staff, words
from bot.rules import schedule
from bot.rules.access import Act, AuthMethod, Staff, may
from bot.rules.activities import Course
from bot.rules.changes import name_of
from bot.rules.entry_form import RIGHTS, FormKind
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase, SendKind
from bot.rules.participant import Participant
from bot.rules.report import Report
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork

# What can be done from the card, as far as the person may.
_FORMS = {
    FormKind.LAB: "lab",
    FormKind.DOSE: "dose",
    FormKind.MOVE: "move",
    FormKind.THERAPY: "therapy",
    FormKind.HOLD: "hold",
    FormKind.CORRECT: "correct",
    FormKind.WORDS: "write",
}
_VISITS_SHOWN = 4
_REPORTS_SHOWN = 3
_WORST_SHOWN = 3


async def show_patient(uow: UnitOfWork, desk: Desk, staff: Staff, *, code: str, key: str) -> None:
    """The card, and behind it the picture of the timeline, which never holds the card back.

    Raises:
        NotEntitled: a foreign or unknown code.
    """
    subject = SubjectCode(code.strip().upper())
    participant = await uow.participants.get(subject)
    if participant is None or not may(staff, Act.READ_LOG, participant.site_code):
        raise NotEntitled(subject=subject)
    desk = desk.bound_to(participant)
    await note_view(uow, desk, staff, participant, AuthMethod.TELEGRAM)
    site = await site_of(uow, participant.site_code)
    course = await course_of(uow, participant)
    said = [
        _head(desk, participant, course),
        *_standing(participant),
        *_holds(course),
        *((phrase("staff.card.wish"),) if await waits_for_answer(uow, subject) else ()),
        await _open_cases(uow, participant),
        _plan(desk, course),
        _counts(course),
        await _reports(uow, desk, participant),
    ]
    card = to_staff(
        staff, site, f"card:{subject}:{key}", said, buttons=_rows(staff, participant), about=subject
    )
    await uow.outbox.put(card, desk.now())
    caption = [phrase("staff.card.chart", subject=subject)]
    picture = to_staff(staff, site, f"chart:{subject}:{key}", caption, about=subject)
    await uow.outbox.put(replace(picture, kind=SendKind.PICTURE), desk.now())


def _rows(staff: Staff, participant: Participant) -> Rows:
    site, subject = participant.site_code, participant.subject_code
    forms = [
        button(f"staff.card.{name}", f"n:{kind.value}:{subject}")
        for kind, name in _FORMS.items()
        if may(staff, RIGHTS[kind], site)
    ]
    return tuple(tuple(forms[start : start + 2]) for start in range(0, len(forms), 2))


def _head(desk: Desk, participant: Participant, course: Course) -> Phrase:
    day1_at = schedule.day1_of(course)
    return phrase(
        "staff.card.head",
        subject=participant.subject_code,
        site=participant.site_code,
        sex=participant.sex,
        state=participant.state,
        day=schedule.study_day(day1_at, desk.now(), participant.time_zone),
    )


def _standing(participant: Participant) -> list[Phrase]:
    """What is not as usual in her chat."""
    told = []
    if participant.joined_at is None:
        told.append(phrase("staff.card.not_joined"))
    if participant.unreachable_since is not None:
        told.append(phrase("staff.card.unreachable", at=participant.unreachable_since))
    if participant.messages_stopped_at is not None:
        told.append(phrase("staff.card.stopped", at=participant.messages_stopped_at))
    return told


def _holds(course: Course) -> list[Phrase]:
    return [phrase("staff.card.hold_standing", reason=one.reason, at=one.placed_at) for one in course.held()]


async def _open_cases(uow: UnitOfWork, participant: Participant) -> Phrase:
    cases = await uow.cases.open_of(participant.subject_code)
    lines = tuple(
        phrase("staff.card.case", level=case.level, at=case.opened_at)
        for case in sorted(cases, key=lambda case: (-case.level, case.opened_at))
    )
    return phrase("staff.card.cases", lines=lines or (phrase("staff.card.none"),))


def _plan(desk: Desk, course: Course) -> Phrase:
    coming = [one for one in schedule.plan(desk.study, course) if one.is_open]
    lines = tuple(
        phrase("staff.card.visit", activity=name_of(one), at=one.target_at, status=one.status)
        for one in coming[:_VISITS_SHOWN]
    )
    return phrase("staff.card.plan", lines=lines or (phrase("staff.card.none"),))


def _counts(course: Course) -> Phrase:
    timed = [lab for lab in course.labs if lab.sampled_at is not None and lab.voided_at is None]
    last = sorted(timed, key=lambda lab: (lab.sampled_at, lab.recorded_at))[-_REPORTS_SHOWN:]
    lines = tuple(
        phrase("staff.card.count", analyte=lab.analyte, value=lab.value, at=lab.sampled_at)
        for lab in reversed(last)
    )
    return phrase("staff.card.counts", lines=lines or (phrase("staff.card.none"),))


async def _reports(uow: UnitOfWork, desk: Desk, participant: Participant) -> Phrase:
    newest = list(await uow.reports.of(participant.subject_code))[-_REPORTS_SHOWN:]
    lines = [await _report(uow, desk, report) for report in reversed(newest)]
    return phrase("staff.card.reports", lines=tuple(lines) or (phrase("staff.card.none"),))


async def _report(uow: UnitOfWork, desk: Desk, report: Report) -> Phrase:
    """When, how it ended, its level, and the symptoms with their proposed grades, worst first."""
    newest = {one.symptom: one for one in await uow.reports.assessments(report.id)}
    known = {str(symptom.code): symptom.label for symptom in desk.study.symptoms}
    worst = sorted(
        (one for one in newest.values() if one.grade > 0 and one.symptom in known),
        key=lambda one: (-one.level, -one.grade),
    )[:_WORST_SHOWN]
    graded = tuple(
        phrase("staff.card.graded", symptom=words(known[one.symptom]), grade=one.grade) for one in worst
    )
    return phrase(
        "staff.card.report",
        at=report.opened_at,
        status=report.status,
        level=report.level,
        symptoms=graded or (phrase("staff.card.no_grade"),),
    )
