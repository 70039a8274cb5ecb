"""Years whose official holidays are not known: said on standard error, never a reason to refuse."""

from __future__ import annotations

from datetime import timedelta

import typer

from bot.actions.desk import DAYS_PLANNED_AHEAD
from bot.calendars import uncovered_years
from bot.clock import SystemClock


def warn_of_unknown_years() -> None:
    """One line for each year in which a visit may be planned now and whose table is not known."""
    now = SystemClock().now()
    ahead = now + timedelta(days=DAYS_PLANNED_AHEAD)
    for year in uncovered_years(range(now.year, ahead.year + 1)):
        typer.echo(
            f"Warning: the holidays of {year} are not known; only weekends count as days off then.", err=True
        )
