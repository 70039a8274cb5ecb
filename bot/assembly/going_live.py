"""`live` refuses to start while something a patient's safety rests on is missing; every reason at once.

Source: product, "Modes"; specification, "How to read the evidence marks" (1).
"""

from __future__ import annotations

from typing import Final

import structlog

from bot.actions.check_coverage import DAYS_AHEAD, uncovered
from bot.actions.desk import Desk
from bot.settings import Mode, Settings
from bot.study_file import unapproved_safety_keys

_log = structlog.get_logger(__name__)

WENT_LIVE: Final = "went_live"


class NotReady(Exception):
    """Live was refused; `reasons` lists all of them."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


async def refuse_unless_ready(desk: Desk, settings: Settings) -> None:
    """Nothing outside `live`. A service that was live before always starts, whoever can be reached.

    Raises:
        NotReady: unapproved safety keys; at the first going-live also no site, or a site that nobody can be
            reached for at some level, now or within a week.
    """
    if settings.mode is not Mode.LIVE:
        return
    reasons = [
        f"{key}: still a default nobody has approved; set approved_by and approved_on in the study file"
        for key in unapproved_safety_keys(desk.study)
    ]
    async with desk.archive.read() as uow:
        sites = await uow.sites.all()
        was_live = await uow.marks.get(WENT_LIVE) is not None
    gaps = await _reasons_of_coverage(desk, has_sites=bool(sites))
    if was_live and gaps:
        _log.error("live goes on although somebody is missing", action="going_live")
    if not was_live:
        reasons += gaps
    if reasons:
        raise NotReady(tuple(reasons))
    if not was_live:
        async with desk.archive.begin() as uow:
            await uow.marks.set(WENT_LIVE, {"at": desk.clock.real_now().isoformat()})


async def _reasons_of_coverage(desk: Desk, *, has_sites: bool) -> list[str]:
    if not has_sites:
        return ["there is no site yet: suifang site add …"]
    return [
        f"site {gap.site}: nobody who can be reached for {gap.level.name} from"
        f" {gap.at.isoformat(timespec='minutes')} ({', '.join(role.value for role in gap.roles)});"
        " suifang staff add …, then staff link; suifang roster set …"
        for gap in await uncovered(desk, ahead=DAYS_AHEAD)
    ]
