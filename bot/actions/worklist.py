"""The worklist of a person: what their sites have to do now, read from the record as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.actions.plan_visits import course_of
from bot.rules import schedule
from bot.rules import worklist as rules
from bot.rules.access import Act, Site
from bot.rules.case import Case, CaseId
from bot.rules.participant import Participant
from bot.rules.report import ReportStatus
from bot.rules.study import SiteCode, StaffCode
from bot.rules.worklist import Facts, WorkItem
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """`sites`: where this person may read, by code. `items` most urgent first."""

    sites: tuple[Site, ...]
    items: tuple[WorkItem, ...]

    def site(self, code: SiteCode) -> Site:
        """One of these sites."""
        return next(site for site in self.sites if site.code == code)


async def read_worklist(desk: Desk, *, by: StaffCode) -> Worklist:
    """What there is to do at every site where this person may read.

    Raises:
        NotEntitled: revoked, or not known.
    """
    async with desk.archive.read() as uow:
        return await worklist_in(uow, desk, by=by)


async def worklist_in(uow: UnitOfWork, desk: Desk, *, by: StaffCode) -> Worklist:
    """As `read_worklist`, in a unit of work that is open."""
    staff = await reader(uow, by)
    sites = await readable_sites(uow, staff, Act.READ_LOG)
    codes = [site.code for site in sites]
    cases: dict[str, list[Case]] = {}
    for case in await uow.cases.open_at(codes):
        cases.setdefault(case.subject_code, []).append(case)
    facts = [
        await _facts(uow, desk, one, cases.get(one.subject_code, []))
        for one in await uow.participants.of_sites(codes)
    ]
    return Worklist(sites=sites, items=rules.worklist(facts, desk.now()))


async def _facts(uow: UnitOfWork, desk: Desk, participant: Participant, cases: list[Case]) -> Facts:
    course = await course_of(uow, participant)
    reports = await uow.reports.of(participant.subject_code)
    raised = {case.report_id for case in cases}
    return Facts(
        participant=participant,
        time_zone=course.time_zone,
        planned=schedule.plan(desk.bound_to(participant).study, course),
        open_cases=tuple(cases),
        abouts={case.id: await _abouts(uow, case.id) for case in cases},
        reports=tuple(one for one in reports if one.status is ReportStatus.OPEN or one.id in raised),
        serious=tuple(await uow.sae_tasks.of(participant.subject_code)),
        untimed=next((one for one in course.labs if one.baseline and one.sampled_at is None), None),
    )


async def _abouts(uow: UnitOfWork, case_id: CaseId) -> tuple[str, ...]:
    return tuple(event.note for event in await uow.cases.events(case_id) if event.kind == "ABOUT")
