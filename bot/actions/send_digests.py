"""The morning digest of every site, by the site's own calendar: 08:30 on working days, never on a day off.

The next moments stand in one row of the archive, so that a tick reads that row and nothing else. After an
outage it still goes while the site is at work; later the day is over and the next morning says it.
Source: specification 3.1, 3.3 ("CRC digest 08:30"); chat.md "Morning".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.actions.desk import Desk
from bot.actions.show_today import digest
from bot.actions.worklist import worklist_in
from bot.rules.access import Site
from bot.rules.study import Role
from storage.errors import StorageUnavailable
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
_MARK = "digests"
_INSTANT = timedelta(microseconds=1)


async def send_digests(desk: Desk) -> int:
    """Says every digest that is due. Returns of how many sites; one that fails takes none from the others."""
    async with desk.archive.read() as uow:
        sites = await uow.sites.all()
        known = _moments(await uow.marks.get(_MARK))
    now = desk.now()
    said = 0
    for site in sites:
        if known.get(site.code, now) > now:
            continue
        try:
            async with desk.archive.begin() as uow:
                await _of_site(uow, desk, site)
        except StorageUnavailable:
            break  # all of them wait
        except Exception:
            _log.exception("a morning digest failed", action="send_digests", site=site.code)
        else:
            said += 1
    return said


async def next_digest(uow: UnitOfWork) -> datetime | None:
    """The next moment at which one is due; None before the first look."""
    return min(_moments(await uow.marks.get(_MARK)).values(), default=None)


async def _of_site(uow: UnitOfWork, desk: Desk, site: Site) -> None:
    """Says it to each coordinator, unless the day is over or this is the first look at the site."""
    now, calendar = desk.now(), desk.calendar_of(site)
    known = await uow.marks.get(_MARK) or {}
    due_at = _moments(known).get(site.code)
    if due_at is not None and due_at <= now:
        closes = calendar.at(calendar.day_of(due_at), calendar.hours.closes)
        if now < closes:
            await _say(uow, desk, site, due_at, closes)
        else:
            _log.warning("a morning digest was missed", action="send_digests", site=site.code)
    following = calendar.next_on_working_day(calendar.hours.digest_at, now + _INSTANT)
    await uow.marks.set(_MARK, {**known, site.code: following.isoformat()})


async def _say(uow: UnitOfWork, desk: Desk, site: Site, due_at: datetime, closes: datetime) -> None:
    for staff in await uow.staff.holding(Role.COORDINATOR, site.code):
        found = await worklist_in(uow, desk, by=staff.code)
        key = f"digest:{site.code}:{due_at.isoformat()}:{staff.code}"
        await uow.outbox.put(digest(staff, site, found.items, desk.now(), key, closes), desk.now())


def _moments(known: Mapping[str, str] | None) -> dict[str, datetime]:
    return {site: datetime.fromisoformat(at) for site, at in (known or {}).items()}
