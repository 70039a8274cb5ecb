"""The sites with their people, for the console: who can be reached, where nobody can, the staff group."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.check_coverage import DAYS_AHEAD, Gap, uncovered
from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.rules.access import RIGHTS, Act, Site, Staff, may
from bot.rules.roster import called
from bot.rules.staff_group import StaffGroup
from bot.rules.study import Role, StaffCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody alerts of the site go to. `on_duty`: is rung at this moment, as far as the roster goes."""

    staff: Staff
    roles: tuple[Role, ...]
    on_duty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """`may_keep`: this person may have a group registered there, or take it away.

    `people`: by code; `gaps`: the first of each level from now on within a week.
    """

    site: Site
    group: StaffGroup | None
    may_keep: bool
    people: tuple[Contact, ...]
    gaps: tuple[Gap, ...]


async def review_sites(desk: Desk, *, by: StaffCode) -> tuple[SiteCard, ...]:
    """By site; may be empty.

    Raises:
        NotEntitled: revoked, or not known.
    """
    now = desk.now()
    gaps = await uncovered(desk, ahead=DAYS_AHEAD)
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        groups = {one.site: one for one in await uow.groups.all()}
        everybody = await uow.staff.all()
        cards = []
        for site in await readable_sites(uow, staff, Act.READ_COVERAGE):
            roles = {one.code: _roles_at(one, site) for one in everybody}
            duties = await uow.rosters.of(site.code)
            rung = {
                code
                for role in Role
                for code in called([code for code, held in roles.items() if role in held], duties, now).people
            }
            people = tuple(
                Contact(staff=one, roles=roles[one.code], on_duty=one.code in rung)
                for one in everybody
                if roles[one.code]
            )
            cards.append(
                SiteCard(
                    site=site,
                    group=groups.get(site.code),
                    may_keep=may(staff, Act.KEEP_GROUP, site.code),
                    people=people,
                    gaps=tuple(gap for gap in gaps if gap.site == site.code),
                )
            )
        return tuple(cards)


def _roles_at(staff: Staff, site: Site) -> tuple[Role, ...]:
    """The roles in which this person is rung for this site; none once revoked."""
    return tuple(
        role for role in Role if role in RIGHTS[Act.ACKNOWLEDGE_CASE] and staff.holds(role, site.code)
    )
