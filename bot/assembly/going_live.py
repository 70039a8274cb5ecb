"""`live` refuses to start while something a patient's safety rests on is missing; every reason at once.

Source: product, "Modes"; specification, "How to read the evidence marks" (1).
"""

from __future__ import annotations

from bot.actions.check_coverage import uncovered
from bot.actions.desk import Desk
from bot.settings import Mode, Settings
from bot.study_file import unapproved_safety_keys


class NotReady(Exception):
    """Live was refused; `reasons` lists all of them."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


async def refuse_unless_ready(desk: Desk, settings: Settings) -> None:
    """Nothing outside `live`.

    Raises:
        NotReady: unapproved safety keys, no site, or a site that nobody can be reached for at some level.
    """
    if settings.mode is not Mode.LIVE:
        return
    reasons = [
        f"{key}: still a default nobody has approved; set approved_by and approved_on in the study file"
        for key in unapproved_safety_keys(desk.study)
    ]
    async with desk.archive.read() as uow:
        sites = await uow.sites.all()
    if not sites:
        reasons.append("there is no site yet: suifang site add …")
    reasons += [
        f"site {gap.site}: nobody who can be reached for {gap.level.name}"
        f" ({', '.join(role.value for role in gap.roles)}); suifang staff add …, then staff link"
        for gap in await uncovered(desk)
    ]
    if reasons:
        raise NotReady(tuple(reasons))
