"""After every change of staff or roster: who is missing now or within a week, on standard error."""

from __future__ import annotations

from collections.abc import Collection

import typer

from bot.actions.audit_escalation import gap_in_codes, unreachable_in_codes
from bot.actions.check_coverage import DAYS_AHEAD, uncovered
from bot.actions.desk import Desk
from bot.actions.keep_group import list_groups
from bot.actions.manage_staff import list_staff
from bot.commands.speaking import at_desk
from bot.rules.access import is_rung
from bot.rules.study import SiteCode, StaffCode


def warn_of_gaps(*, of: StaffCode | None = None, site: str | None = None) -> None:
    """One line a gap of the sites that changed; nothing where somebody can be reached for each level.

    `of`: whose postings say which sites; somebody of all sites, and neither given, means every site. Whoever
    is changed and cannot be reached is named too.
    """

    async def read(desk: Desk) -> list[str]:
        people = {one.code: one for one in await list_staff(desk)}
        changed = people.get(of) if of is not None else None
        sites = {SiteCode(site)} if site else {one.site for one in changed.postings} if changed else {None}
        gaps = await uncovered(desk, ahead=DAYS_AHEAD)
        lost = [one.site for one in await list_groups(desk) if one.unreachable_since is not None]
        lines = [
            f"nobody can be reached for {gap_in_codes(gap, desk.now())}"
            for gap in gaps
            if _concerns(sites, gap.site)
        ]
        lines += [
            f"the staff group of {one} cannot be reached (it never counts as a person)"
            for one in lost
            if _concerns(sites, one)
        ]
        if changed is not None and is_rung(changed) and changed.unreachable_since is not None:
            lines.append(f"no alert reaches {unreachable_in_codes(changed)}")
        return lines

    for line in at_desk(read):
        typer.echo(f"Warning: {line}.", err=True)


def _concerns(sites: Collection[SiteCode | None], site: SiteCode) -> bool:
    return None in sites or site in sites
