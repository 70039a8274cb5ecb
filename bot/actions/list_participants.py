"""The participants of the sites at which a person may read, for the console's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.actions.desk import Desk
from bot.actions.plan_visits import course_of
from bot.rules import schedule
from bot.rules.access import Act, Site, Staff, sites_for
from bot.rules.errors import NotEntitled
from bot.rules.participant import Participant
from bot.rules.study import Level, SiteCode, StaffCode
from storage.overviews import ParticipantLine
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedParticipant:
    """One line. `study_day` counts from day 1 as it is known now; `next_visit_at` None: no visit is ahead."""

    participant: Participant
    study_day: int
    open_cases: int
    worst_open: Level | None
    last_report_at: datetime | None
    next_visit_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantList:
    """`sites`: where this person may read; empty when they may read nowhere."""

    sites: tuple[Site, ...]
    lines: tuple[ListedParticipant, ...]


async def list_participants(desk: Desk, *, by: StaffCode) -> ParticipantList:
    """Everybody this person may see, by subject code.

    Raises:
        NotEntitled: revoked, or not known.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        sites = await readable_sites(uow, staff)
        lines = await uow.overviews.participants([site.code for site in sites])
        return ParticipantList(sites=sites, lines=tuple([await _listed(uow, desk, line) for line in lines]))


async def reader(uow: UnitOfWork, by: StaffCode) -> Staff:
    """The person, unless unknown or revoked."""
    staff = await uow.staff.get(by)
    if staff is None or staff.revoked_at is not None:
        raise NotEntitled()
    return staff


async def readable_sites(uow: UnitOfWork, staff: Staff, act: Act = Act.READ_LOG) -> tuple[Site, ...]:
    """The sites where this person may do this, by code."""
    known = {site.code: site for site in await uow.sites.all()}
    return tuple(known[code] for code in sites_for(staff, act, tuple(SiteCode(code) for code in known)))


async def _listed(uow: UnitOfWork, desk: Desk, line: ParticipantLine) -> ListedParticipant:
    her, now = line.participant, desk.now()
    course = await course_of(uow, her)
    ahead = [
        visit.target_at
        for visit in schedule.visits(schedule.plan(desk.bound_to(her).study, course), her.time_zone)
        if not course.is_behind(visit.target_at, now) and any(one.is_open for one in visit.activities)
    ]
    return ListedParticipant(
        participant=her,
        study_day=schedule.study_day(schedule.day1_of(course), now, her.time_zone),
        open_cases=line.open_cases,
        worst_open=line.worst_open,
        last_report_at=line.last_report_at,
        next_visit_at=min(ahead, default=None),
    )
