"""Whether something was written since one looked: what lets an open page say that there is something new."""

from __future__ import annotations

from bot.actions.desk import Desk


async def feel_pulse(desk: Desk) -> int:
    """A number that grows with everything that is written, whatever process writes it."""
    async with desk.archive.read() as uow:
        return await uow.audit.count()
