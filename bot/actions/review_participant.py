"""What is known of one participant in a few lines, for the operator at the command line: no words of hers."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from bot.actions.desk import Desk
from bot.actions.plan_visits import course_of
from bot.actions.publish_study import bindings_of
from bot.rules import schedule
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import DoseKind
from bot.rules.report import Assessment, Report, ReportId
from bot.rules.sae import SaeTaskId
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork


async def summary_of(desk: Desk, subject: SubjectCode) -> dict[str, Any]:
    """State, facts, plan and open cases as plain values, all times local to the participant.

    Raises:
        NotEntitled: there is nobody of that code.
    """
    async with desk.archive.read() as uow:
        participant = await uow.participants.get(subject)
        if participant is None:
            raise NotEntitled(subject=subject)
        course = await course_of(uow, participant)
        cases = await uow.cases.open_of(subject)
        doses, labs = await uow.doses.of(subject), await uow.labs.of(subject)
        reports, tasks = await _judged(uow, subject), await uow.sae_tasks.of(subject)
        bindings = await bindings_of(uow, participant)
    local = ZoneInfo(participant.time_zone)
    return {
        "code": subject,
        "site": participant.site_code,
        "state": participant.state.value,
        "language": participant.language.value,
        "sex": participant.sex.value,
        "consent_signed_on": participant.consent_signed_on,
        "day1_at": participant.day1_at.astimezone(local),
        "joined_at": participant.joined_at and participant.joined_at.astimezone(local),
        "unreachable_since": participant.unreachable_since,
        "study": f"{participant.study_id} {participant.study_version}",
        "versions": [
            {"version": one.version, "since": one.since.astimezone(local), "by": one.by, "why": one.reason}
            for one in bindings
        ],
        "doses": [
            {"number": one.number, "given_at": one.given_at.astimezone(local), "by": one.recorded_by}
            for one in doses
        ],
        "labs": [
            {
                "analyte": one.analyte,
                "value": one.value,
                "sampled_at": one.sampled_at and one.sampled_at.astimezone(local),
                "verified": one.verified,
            }
            for one in labs
        ],
        "plan": [
            {"key": one.key, "at": one.target_at.astimezone(local), "status": one.status.value}
            for one in schedule.plan(desk.bound_to(participant).study, course)
        ],
        "reports": [
            {
                "id": report.id,
                "at": report.opened_at.astimezone(local),
                "grades": " ".join(f"{one.symptom}:{_graded(one)}" for one in judged.values()),
            }
            for report, judged in reports
        ],
        "events": [
            {
                "id": one.id,
                "causes": " ".join(one.causes),
                "due_at": one.due_at and one.due_at.astimezone(local),
                "serious": one.serious,
            }
            for one in tasks
        ],
        "open_cases": [
            {"id": one.id, "level": one.level.name, "opened_at": one.opened_at.astimezone(local)}
            for one in cases
        ],
    }


async def report_id_of(desk: Desk, subject: SubjectCode, symptom: str, named: str | None) -> ReportId:
    """The report in which this symptom was judged: `named` by id or local time, or the only one there is.

    Raises:
        NotEntitled: there is nobody of that code.
        Refusal: no such report, or several.
    """
    async with desk.archive.read() as uow:
        local = await _local(uow, subject)
        found = [
            report.id
            for report, judged in await _judged(uow, subject)
            if symptom in judged
            and named in (None, report.id, f"{report.opened_at.astimezone(local):%Y-%m-%d %H:%M}")
        ]
    if len(found) != 1:
        raise Refusal("refusal.no_such_report", symptom=symptom, count=len(found))
    return found[0]


async def sae_task_id_of(desk: Desk, subject: SubjectCode, named: str | None) -> SaeTaskId:
    """The event that `named` means, or the only one that is open.

    Raises:
        NotEntitled: there is nobody of that code.
        Refusal: no such event, or several are open.
    """
    async with desk.archive.read() as uow:
        await _local(uow, subject)
        tasks = await uow.sae_tasks.of(subject)
    found = [one.id for one in tasks if (one.answered_at is None if named is None else one.id == named)]
    if len(found) != 1:
        raise Refusal("refusal.no_such_event", count=len(found))
    return found[0]


async def _judged(uow: UnitOfWork, subject: SubjectCode) -> list[tuple[Report, dict[str, Assessment]]]:
    """Every report, oldest first, with what each symptom in it was judged to be last."""
    return [
        (report, {one.symptom: one for one in await uow.reports.assessments(report.id)})
        for report in await uow.reports.of(subject)
    ]


def _graded(judged: Assessment) -> str:
    return f"G{judged.grade}" if judged.who is None else f"G{judged.grade}/WHO{judged.who}"


async def _local(uow: UnitOfWork, subject: SubjectCode) -> ZoneInfo:
    participant = await uow.participants.get(subject)
    if participant is None:
        raise NotEntitled(subject=subject)
    return ZoneInfo(participant.time_zone)


async def lab_id_of(desk: Desk, subject: SubjectCode, named: str, analyte: str | None) -> str:
    """The result that `named` means: its id, or the local time at which it says it was sampled.

    Raises:
        NotEntitled: there is nobody of that code.
        Refusal: no such result, or several.
    """
    async with desk.archive.read() as uow:
        local = await _local(uow, subject)
        wanted = analyte or desk.study.labs.lead
        found = [
            lab.id
            for lab in await uow.labs.of(subject)
            if named == lab.id
            or (
                lab.analyte.lower() == wanted.lower()
                and lab.sampled_at is not None
                and named
                in (f"{lab.sampled_at.astimezone(local):%Y-%m-%d %H:%M}", lab.sampled_at.isoformat())
            )
        ]
        if not found and await uow.labs.get(named) is not None:
            return named
    if len(found) != 1:
        raise Refusal("refusal.no_such_result", named=named, count=len(found))
    return found[0]


async def dose_id_of(desk: Desk, subject: SubjectCode, number: int) -> str:
    """The treatment dose of this number that stands.

    Raises:
        NotEntitled: there is nobody of that code.
        Refusal: it was not recorded.
    """
    async with desk.archive.read() as uow:
        if await uow.participants.get(subject) is None:
            raise NotEntitled(subject=subject)
        for dose in await uow.doses.of(subject):
            if dose.kind is DoseKind.TREATMENT and dose.number == number:
                return dose.id
    raise Refusal("refusal.no_such_dose", number=number)
