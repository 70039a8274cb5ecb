"""The people who hold a role at a site and are rung now: the roster, leave and deputies are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.access import Act, Staff, may
from bot.rules.roster import Duty, called
from bot.rules.study import Role, SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """`people` are rung, once each, in the order of the roles; `skipped` are off duty or away.

    `unstaffed` are roles that somebody holds and nobody is on duty for.
    """

    people: tuple[Staff, ...]
    skipped: tuple[Staff, ...]
    unstaffed: tuple[Role, ...]

    @property
    def reachable(self) -> tuple[Staff, ...]:
        """Those whose chat works as far as anybody knows."""
        return tuple(one for one in self.people if is_reachable(one))


def is_reachable(staff: Staff) -> bool:
    """Has a chat, and nothing sent there has come back."""
    return staff.linked and staff.unreachable_since is None


async def who_is_called(uow: UnitOfWork, site: SiteCode, roles: Sequence[Role], now: datetime) -> OnDuty:
    """Who of these roles is rung at this moment."""
    duties = await uow.rosters.of(site)
    people: dict[str, Staff] = {}
    skipped: dict[str, Staff] = {}
    unstaffed: list[Role] = []
    for role in roles:
        holders = {one.code: one for one in await uow.staff.holding(role, site)}
        answer = called(tuple(holders), duties, now)
        for code in answer.people:
            staff = holders.get(code) or await uow.staff.get(code)
            if staff is not None and may(staff, Act.ACKNOWLEDGE_CASE, site):
                people.setdefault(code, staff)
        skipped |= {code: holders[code] for code in answer.skipped}
        if holders and not answer.people:
            unstaffed.append(role)
    left = tuple(one for code, one in skipped.items() if code not in people)
    return OnDuty(people=tuple(people.values()), skipped=left, unstaffed=tuple(unstaffed))


async def everybody_of(uow: UnitOfWork, site: SiteCode, roles: Sequence[Role]) -> tuple[Staff, ...]:
    """All who hold one of the roles at the site, on duty or not, once each, in the order of the roles."""
    people: dict[str, Staff] = {}
    for role in roles:
        for staff in await uow.staff.holding(role, site):
            people.setdefault(staff.code, staff)
    return tuple(people.values())


def reachable_at(
    at: datetime,
    *,
    site: SiteCode,
    roles: Sequence[Role],
    everybody: Sequence[Staff],
    duties: Sequence[Duty],
) -> tuple[StaffCode, ...]:
    """Who of these roles would be rung at that moment and has a chat that works, as far as is known now.

    `everybody`: all staff; `duties`: those of the site, ended ones left out.
    """
    working = {one.code for one in everybody if is_reachable(one) and may(one, Act.ACKNOWLEDGE_CASE, site)}
    people: list[StaffCode] = []
    for role in roles:
        holders = tuple(one.code for one in everybody if one.holds(role, site))
        people += [code for code in called(holders, duties, at).people if code in working]
    return tuple(dict.fromkeys(people))
