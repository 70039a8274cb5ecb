"""After every change of staff or roster: who is missing now or within a week, on standard error."""

from __future__ import annotations

import typer

from bot.actions.audit_escalation import gap_in_codes
from bot.actions.check_coverage import DAYS_AHEAD, uncovered
from bot.actions.desk import Desk
from bot.commands.speaking import at_desk


def warn_of_gaps() -> None:
    """One line a gap; nothing where somebody can be reached for every site and level."""

    async def read(desk: Desk) -> list[str]:
        return [gap_in_codes(gap, desk.now()) for gap in await uncovered(desk, ahead=DAYS_AHEAD)]

    for line in at_desk(read):
        typer.echo(f"Warning: nobody can be reached for {line}.", err=True)
