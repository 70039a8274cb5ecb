"""Response after two weeks, site by site, in both readings; read only, no identity.

Source: specification 1.12; issue "The protocol to the letter" (per participant and per site).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.actions.plan_visits import course_of
from bot.rules.access import Site
from bot.rules.endpoints import SiteReading, endpoints, of_site
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResponses:
    """`readings`: with every count, and without those soon after platelets were given."""

    site: Site
    readings: tuple[SiteReading, ...]


async def responses_for(desk: Desk, *, by: StaffCode) -> tuple[SiteResponses, ...]:
    """Of the sites whose log this person may read; sites where nobody had dose 1 are left out.

    Raises:
        NotEntitled: revoked, or not known.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        found = [await _of(uow, desk, site) for site in await readable_sites(uow, staff)]
    return tuple(one for one in found if one.readings[0].treated)


async def _of(uow: UnitOfWork, desk: Desk, site: Site) -> SiteResponses:
    known = []
    for participant in await uow.participants.of_sites([site.code]):
        course, study = await course_of(uow, participant), desk.bound_to(participant).study
        known.append(endpoints(study, course, desk.now()))
    return SiteResponses(site=site, readings=of_site([one for one in known if one is not None]))
