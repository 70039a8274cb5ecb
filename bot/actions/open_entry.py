"""What a form needs to know before anything is entered: whose facts, and which of them stand."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk, site_of
from bot.actions.list_participants import reader
from bot.actions.plan_visits import course_of
from bot.rules import schedule
from bot.rules.access import Act, Site, Staff, may
from bot.rules.activities import Course, PlannedActivity
from bot.rules.errors import NotEntitled
from bot.rules.participant import Participant
from bot.rules.report import Assessment, ReportId
from bot.rules.sae import SaeTask, SaeTaskId
from bot.rules.study import StaffCode, Study, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """`course` is what is known of her, `planned` her plan; `study` is the version she is bound to."""

    participant: Participant
    site: Site
    other_sites: tuple[Site, ...]
    staff: Staff
    study: Study
    course: Course
    planned: tuple[PlannedActivity, ...]

    def may(self, act: Act) -> bool:
        """The person may do this with her too."""
        return may(self.staff, act, self.site.code)


async def open_entry(desk: Desk, *, subject: SubjectCode, by: StaffCode, act: Act) -> Opened:
    """The facts a form begins with, for a person who may do this there.

    Raises:
        NotEntitled: alike for a foreign subject, an unknown one and a right that is not held.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        participant = await uow.participants.get(subject)
        if participant is None or not may(staff, act, participant.site_code):
            raise NotEntitled(subject=subject)
        site = await site_of(uow, participant.site_code)
        course, study = await course_of(uow, participant), desk.bound_to(participant).study
        return Opened(
            participant=participant,
            site=site,
            other_sites=tuple(one for one in await uow.sites.all() if one.code != site.code),
            staff=staff,
            study=study,
            course=course,
            planned=schedule.plan(study, course),
        )


async def sae_task_of(desk: Desk, opened: Opened, task_id: SaeTaskId) -> SaeTask:
    """The question of a serious event that an address names.

    Raises:
        NotEntitled: she has none of that name.
    """
    async with desk.archive.read() as uow:
        task = await uow.sae_tasks.get(task_id)
    if task is None or task.subject_code != opened.participant.subject_code:
        raise NotEntitled(subject=opened.participant.subject_code)
    return task


async def judged_of(desk: Desk, opened: Opened, report_id: ReportId, symptom: str) -> Assessment:
    """What a symptom of a report was judged to be last.

    Raises:
        NotEntitled: no such report of hers, or the symptom was not judged in it.
    """
    async with desk.archive.read() as uow:
        report = await uow.reports.get(report_id)
        if report is None or report.subject_code != opened.participant.subject_code:
            raise NotEntitled(subject=opened.participant.subject_code)
        judged = [one for one in await uow.reports.assessments(report_id) if one.symptom == symptom]
    if not judged:
        raise NotEntitled(subject=opened.participant.subject_code)
    return judged[-1]
