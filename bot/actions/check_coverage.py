"""Whether somebody can be reached for each site and level, before anybody needs it.

Source: lessons 4; product, "Modes"; specification 3.2 ("at least two people per clinical role").
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk
from bot.rules.study import Level, Role, SiteCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A level for which the first people of the chain at a site cannot be reached by chat."""

    site: SiteCode
    level: Level
    roles: tuple[Role, ...]


async def uncovered(desk: Desk) -> tuple[Gap, ...]:
    """Every gap, by site and then by level; empty when each level has somebody with a working chat."""
    gaps: list[Gap] = []
    async with desk.archive.read() as uow:
        for site in await uow.sites.all():
            for level, chain in sorted(desk.study.chains.items()):
                first = chain.steps[0].roles if chain.steps else ()
                people = [one for role in first for one in await uow.staff.holding(role, site.code)]
                if not any(one.linked and one.unreachable_since is None for one in people):
                    gaps.append(Gap(site=site.code, level=level, roles=first))
    return tuple(gaps)
