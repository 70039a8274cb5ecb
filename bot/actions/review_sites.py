"""The sites whose log one may read, with their staff groups, for the console."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.rules.access import Act, Site, may
from bot.rules.staff_group import StaffGroup
from bot.rules.study import StaffCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """`may_keep`: this person may have a group registered there, or take it away."""

    site: Site
    group: StaffGroup | None
    may_keep: bool


async def review_sites(desk: Desk, *, by: StaffCode) -> tuple[SiteCard, ...]:
    """By site; may be empty.

    Raises:
        NotEntitled: revoked, or not known.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        groups = {one.site: one for one in await uow.groups.all()}
        return tuple(
            SiteCard(site=site, group=groups.get(site.code), may_keep=may(staff, Act.KEEP_GROUP, site.code))
            for site in await readable_sites(uow, staff)
        )
