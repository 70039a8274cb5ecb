"""Whether somebody can be reached for each site and level, now and in the days ahead.

Looked at by the watchman every minute, by `health`, before a first going-live, and after every change of
staff or roster. A site that promises advice only out of hours needs nobody then.
Source: lessons 4; product, "Modes"; specification 3.1, 3.2 ("at least two people per clinical role").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.actions.desk import Desk
from bot.actions.who_is_called import reachable_at
from bot.rules.access import Site, Staff
from bot.rules.calendar import WorkingCalendar
from bot.rules.roster import Duty, OutOfHours, turns
from bot.rules.study import Chain, ChainHours, Level, Road, Role, SiteCode, StaffCode

DAYS_AHEAD: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A level for which the first people of the chain at a site cannot be reached by chat, from `at` on.

    `fallback` is who would be rung first all the same: somebody later in the chain; None where nobody is.
    """

    site: SiteCode
    level: Level
    roles: tuple[Role, ...]
    at: datetime
    fallback: StaffCode | None = None


async def uncovered(desk: Desk, *, ahead: timedelta = timedelta(0)) -> tuple[Gap, ...]:
    """Every gap now, by site and then by level; with `ahead` also the first of each in that time."""
    now = desk.now()
    gaps: list[Gap] = []
    async with desk.archive.read() as uow:
        everybody = await uow.staff.all()
        for site in await uow.sites.all():
            duties = await uow.rosters.of(site.code)
            calendar = desk.calendar_of(site)
            moments = (now, *turns(duties, now, now + ahead))
            for _, chain in sorted(desk.study.chains.items()):
                needed = [one for one in moments if _is_needed(site, chain, calendar, one)]
                found = (_gap(site, chain, everybody, duties, one) for one in needed)
                gaps += [gap for gap in found if gap is not None][:1]
    return tuple(gaps)


def _is_needed(site: Site, chain: Chain, calendar: WorkingCalendar, moment: datetime) -> bool:
    """Whether anybody must be there at that moment: chains that keep working hours ring within these."""
    if chain.hours is ChainHours.ALWAYS and site.out_of_hours is OutOfHours.COVERED:
        return True
    return calendar.is_working(moment)


def _gap(
    site: Site, chain: Chain, everybody: Sequence[Staff], duties: Sequence[Duty], at: datetime
) -> Gap | None:
    steps = [step.roles for step in chain.steps if step.road is Road.TELEGRAM]
    by_step = [
        reachable_at(at, site=site.code, roles=roles, everybody=everybody, duties=duties) for roles in steps
    ]
    if by_step and by_step[0]:
        return None
    later = [code for codes in by_step for code in codes]
    return Gap(
        site=site.code,
        level=chain.level,
        roles=steps[0] if steps else (),
        at=at,
        fallback=later[0] if later else None,
    )
