"""Times of duty, leave and deputies of a site. Nothing is deleted; what no longer holds has ended.

Source: specification 3.2 (roster with start and end times, deputy rule).
"""

from __future__ import annotations

from datetime import datetime

from bot.actions.desk import Desk
from bot.clock import new_id
from bot.rules.access import RIGHTS, Act, Actor
from bot.rules.errors import Refusal
from bot.rules.roster import Duty, DutyKind
from bot.rules.study import SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork


async def add_duty(
    desk: Desk,
    *,
    site: SiteCode,
    staff: StaffCode,
    kind: DutyKind,
    starts_at: datetime,
    ends_at: datetime,
    by: Actor,
    deputy: StaffCode | None = None,
) -> Duty:
    """A time of duty or of leave.

    Raises:
        Refusal: unknown site; a person, or deputy, who may not take a case there; an end that is not after
            the start; a deputy for a time of duty, or for oneself.
    """
    if ends_at <= starts_at:
        raise Refusal("refusal.roster_times")
    if deputy is not None and (kind is DutyKind.DUTY or deputy == staff):
        raise Refusal("refusal.roster_deputy")
    duty = Duty(
        id=new_id(), site=site, staff=staff, kind=kind, starts_at=starts_at, ends_at=ends_at, deputy=deputy
    )
    async with desk.archive.begin() as uow:
        if await uow.sites.get(site) is None:
            raise Refusal("refusal.no_such_site", site=site)
        for code in filter(None, (staff, deputy)):
            await _refuse_unless_clinical(uow, code, site)
        await uow.rosters.add(duty)
        await _audit(uow, desk, duty, by, "added")
    return duty


async def end_duty(desk: Desk, *, duty_id: str, by: Actor) -> Duty:
    """It no longer holds.

    Raises:
        Refusal: there is none of that id that still holds.
    """
    async with desk.archive.begin() as uow:
        ended = await uow.rosters.end(duty_id, desk.now())
        if ended is None:
            raise Refusal("refusal.no_such_duty", duty=duty_id)
        await _audit(uow, desk, ended, by, "ended")
    return ended


async def roster_of(desk: Desk, *, site: SiteCode) -> tuple[Duty, ...]:
    """What holds now or later, by its start.

    Raises:
        Refusal: unknown site.
    """
    async with desk.archive.read() as uow:
        if await uow.sites.get(site) is None:
            raise Refusal("refusal.no_such_site", site=site)
        return tuple(duty for duty in await uow.rosters.of(site) if duty.ends_at > desk.now())


async def _refuse_unless_clinical(uow: UnitOfWork, code: StaffCode, site: SiteCode) -> None:
    staff = await uow.staff.get(code)
    if staff is None:
        raise Refusal("refusal.no_such_staff", staff=code)
    if not any(staff.holds(role, site) for role in RIGHTS[Act.ACKNOWLEDGE_CASE]):
        raise Refusal("refusal.roster_not_clinical", staff=code, site=site)


async def _audit(uow: UnitOfWork, desk: Desk, duty: Duty, by: Actor, what: str) -> None:
    times = f"{duty.starts_at.isoformat()} {duty.ends_at.isoformat()}"
    await uow.audit.record(
        kind=f"operator:duty:{what}",
        actor=by,
        at=desk.now(),
        subject=None,
        entity="duty",
        entity_id=duty.id,
        field=duty.kind.value,
        new=f"{duty.site} {duty.staff} {times}{f' deputy {duty.deputy}' if duty.deputy else ''}",
    )
