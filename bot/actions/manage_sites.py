"""Sites: a hospital of the trial, its phone and its time zone."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from bot.actions.desk import Desk
from bot.rules.access import Actor, Site
from bot.rules.errors import Refusal
from bot.rules.roster import OutOfHours
from bot.rules.study import SiteCode

_CODE = re.compile(r"[A-Z]{2,6}")


async def add_site(desk: Desk, *, site: Site, by: Actor) -> None:
    """Adds a site.

    Raises:
        Refusal: malformed code, empty name or phone, unknown time zone, or a site of that code exists.
    """
    _check(site)
    async with desk.archive.begin() as uow:
        if await uow.sites.get(site.code) is not None:
            raise Refusal("refusal.site_exists", site=site.code)
        await uow.sites.add(site)
        await uow.audit.record(
            kind="operator:site:added",
            actor=by,
            at=desk.now(),
            subject=None,
            entity="site",
            entity_id=site.code,
            new=site.name.en,
        )


async def set_out_of_hours(desk: Desk, *, site: SiteCode, promise: OutOfHours, by: Actor) -> None:
    """What patients of a site may expect at night and on days off. Source: specification 3.1, 7.2 Q10.

    Raises:
        Refusal: unknown site.
    """
    async with desk.archive.begin() as uow:
        known = await uow.sites.get(site)
        if known is None:
            raise Refusal("refusal.no_such_site", site=site)
        await uow.sites.set_out_of_hours(site, promise)
        await uow.audit.record(
            kind="operator:site:out_of_hours",
            actor=by,
            at=desk.now(),
            subject=None,
            entity="site",
            entity_id=site,
            field="out_of_hours",
            old=known.out_of_hours.value,
            new=promise.value,
        )


async def list_sites(desk: Desk) -> tuple[Site, ...]:
    """All sites, by code; may be empty."""
    async with desk.archive.read() as uow:
        return await uow.sites.all()


def _check(site: Site) -> None:
    if not _CODE.fullmatch(site.code):
        raise Refusal("refusal.site_code", site=site.code)
    if not site.name.zh.strip() or not site.name.en.strip() or not site.phone.strip():
        raise Refusal("refusal.site_incomplete", site=site.code)
    if site.time_zone not in available_timezones():
        raise Refusal("refusal.time_zone", zone=site.time_zone)
