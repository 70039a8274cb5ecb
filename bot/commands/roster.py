"""`suifang roster`: who is on duty at a site, from when to when; leave and deputies."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bot.actions.desk import Desk
from bot.actions.keep_roster import add_duty, end_duty, roster_of
from bot.actions.manage_sites import list_sites
from bot.commands.coverage import warn_of_gaps
from bot.commands.speaking import OPERATOR, SITE_ZONE, AsJson, at_desk, moment_typed, tell
from bot.rules.calendar import local_clock, local_day
from bot.rules.roster import Duty, DutyKind
from bot.rules.study import SiteCode, StaffCode

roster_app = typer.Typer(help="Who is on duty, who is away, who stands in.", no_args_is_help=True)


@roster_app.command("set")
def roster_set(
    site: str,
    staff: Annotated[str, typer.Option(help="Code of the person.")] = "",
    starts: Annotated[str, typer.Option("--from", help="Date and time, at the site.")] = "",
    ends: Annotated[str, typer.Option("--to", help="Date and time, at the site.")] = "",
    leave: Annotated[bool, typer.Option("--leave", help="Away, not on duty.")] = False,
    deputy: Annotated[str | None, typer.Option(help="With --leave: who stands in.")] = None,
    end: Annotated[str | None, typer.Option(help="Ends the entry of this id instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Adds a time of duty or of leave, or ends one. With a first time of duty only those on duty are rung."""
    if end is not None:
        ended = at_desk(lambda desk: end_duty(desk, duty_id=end, by=OPERATOR))
        warn_of_gaps(site=ended.site)
        tell(as_json, _document(ended), [f"Ended: {ended.staff} at {ended.site}."])
        return
    if not (staff and starts and ends):
        raise typer.BadParameter("give --staff, --from and --to, or --end ID")

    async def add(desk: Desk) -> Duty:
        zone = next((one.time_zone for one in await list_sites(desk) if one.code == site), SITE_ZONE)
        return await add_duty(
            desk,
            site=SiteCode(site),
            staff=StaffCode(staff),
            kind=DutyKind.LEAVE if leave else DutyKind.DUTY,
            starts_at=moment_typed(starts, zone),
            ends_at=moment_typed(ends, zone),
            deputy=None if deputy is None else StaffCode(deputy),
            by=OPERATOR,
        )

    duty = at_desk(add)
    warn_of_gaps(site=site)
    tell(as_json, _document(duty), [f"{duty.staff} at {duty.site}: {duty.kind.value.lower()}, id {duty.id}."])


@roster_app.command("show")
def roster_show(site: str, as_json: AsJson = False) -> None:
    """What holds now and later, at the site's time."""

    async def read(desk: Desk) -> tuple[tuple[Duty, ...], str]:
        duties = await roster_of(desk, site=SiteCode(site))
        return duties, next(one.time_zone for one in await list_sites(desk) if one.code == site)

    duties, zone = at_desk(read)
    lines = [
        f"{_local(duty.starts_at, zone)} to {_local(duty.ends_at, zone)}  {duty.staff}"
        f"  {duty.kind.value.lower()}{f', deputy {duty.deputy}' if duty.deputy else ''}  {duty.id}"
        for duty in duties
    ]
    tell(as_json, [_document(duty) for duty in duties], lines or ["No roster: everybody of a role is rung."])


def _local(moment: datetime, zone: str) -> str:
    return f"{local_day(moment, zone).isoformat()} {local_clock(moment, zone).isoformat('minutes')}"


def _document(duty: Duty) -> dict[str, object]:
    return {
        "id": duty.id,
        "site": duty.site,
        "staff": duty.staff,
        "kind": duty.kind.value,
        "from": duty.starts_at,
        "to": duty.ends_at,
        "deputy": duty.deputy,
    }
