"""After every change of staff or roster: who is missing now or within a week, on standard error."""

from __future__ import annotations

import typer

from bot.actions.audit_escalation import gap_in_codes
from bot.actions.check_coverage import DAYS_AHEAD, uncovered
from bot.actions.desk import Desk
from bot.actions.keep_group import list_groups
from bot.commands.speaking import at_desk


def warn_of_gaps() -> None:
    """One line a gap; nothing where somebody can be reached for every site and level."""

    async def read(desk: Desk) -> list[str]:
        gaps = await uncovered(desk, ahead=DAYS_AHEAD)
        lost = [one.site for one in await list_groups(desk) if one.unreachable_since is not None]
        return [
            *(f"nobody can be reached for {gap_in_codes(gap, desk.now())}" for gap in gaps),
            *(f"the staff group of {site} cannot be reached (it never counts as a person)" for site in lost),
        ]

    for line in at_desk(read):
        typer.echo(f"Warning: {line}.", err=True)
