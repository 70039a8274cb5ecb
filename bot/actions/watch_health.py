"""Is the machine well? One line per part, each well or in need of a person.

The running service writes down that it lives and what troubles it; a command reads that, and looks at the
archive itself, so that a service that has died is seen as well.
Source: architecture, "How an escalation travels"; the operator's contract (`suifang health`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.actions.audit_escalation import LATE_AFTER, unreachable_in_codes
from bot.actions.check_coverage import uncovered
from bot.actions.desk import Desk, years_without_holidays
from bot.actions.keep_watch import MARK
from bot.actions.who_is_called import is_reachable
from bot.rules.access import is_rung
from bot.rules.messages import Phrase
from storage.unit_of_work import UnitOfWork

# The service says that it lives every ten seconds.
SILENT_AFTER: Final = timedelta(seconds=60)
# The watchman looks every minute.
UNWATCHED_AFTER: Final = timedelta(minutes=3)
_ALIVE: Final = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """`part` is a word for machines (`database`), `said` the line for people."""

    part: str
    well: bool
    said: Phrase


async def note_alive(desk: Desk, *, troubles: Mapping[str, str]) -> None:
    """What the running service says of itself; `troubles` by part."""
    async with desk.archive.begin() as uow:
        await uow.marks.set(
            _ALIVE,
            {
                "at": desk.now().isoformat(),
                "real_at": desk.clock.real_now().isoformat(),
                "troubles": dict(troubles),
            },
        )


async def health(desk: Desk) -> tuple[PartHealth, ...]:
    """Every part, in the order in which a person at 3 a.m. would look.

    Raises:
        StorageUnavailable: the database cannot be read at all.
    """
    problems = await desk.archive.check()
    parts = [
        _part("database", not problems, said="; ".join(problems) or "sound"),
    ]
    async with desk.archive.read() as uow:
        parts += await _service(uow, desk)
        parts += [await _inbox(uow), await _outbox(uow, desk), await _cases(uow, desk)]
        parts += [await _watchman(uow, desk), await _groups(uow)]
    parts.append(await _holidays(desk))
    parts.append(await _staff(desk))
    gaps = await uncovered(desk)
    nobody = ", ".join(f"{gap.site} {gap.level.name}" for gap in gaps)
    parts.append(
        _part("coverage", not gaps, said=f"nobody for {nobody}" if gaps else "somebody for each level")
    )
    return tuple(parts)


async def _service(uow: UnitOfWork, desk: Desk) -> list[PartHealth]:
    alive = await uow.marks.get(_ALIVE)
    if alive is None:
        return [_part("service", False, said="never started on this database")]
    seen_at = datetime.fromisoformat(alive["real_at"])
    silent = desk.clock.real_now() - seen_at > SILENT_AFTER
    troubles: dict[str, str] = alive["troubles"]
    return [
        _part("service", not silent, said=f"last sign of life {seen_at.isoformat(timespec='seconds')}"),
        _part("telegram", not troubles, said="; ".join(troubles.values()) or "answers"),
    ]


async def _inbox(uow: UnitOfWork) -> PartHealth:
    parked = await uow.inbox.parked()
    waiting = await uow.inbox.waiting()
    return _part("inbox", not parked, said=f"{waiting} waiting, {len(parked)} set aside")


async def _outbox(uow: UnitOfWork, desk: Desk) -> PartHealth:
    late = await uow.outbox.late(desk.now() - LATE_AFTER)
    waiting = await uow.outbox.waiting()
    return _part("outbox", late == 0, said=f"{waiting} waiting, {late} late")


async def _cases(uow: UnitOfWork, desk: Desk) -> PartHealth:
    """An open case always has a next moment, and it is never long past."""
    cases = await uow.cases.open_at(None)
    stuck = [
        case for case in cases if case.next_step_at is None or case.next_step_at < desk.now() - LATE_AFTER
    ]
    return _part("cases", not stuck, said=f"{len(cases)} open, {len(stuck)} not going on")


async def _holidays(desk: Desk) -> PartHealth:
    """Said and never an alarm: the official table of a year appears in the autumn before it."""
    async with desk.archive.read() as uow:
        sites = await uow.sites.all()
    unknown = sorted({year for site in sites for year in years_without_holidays(desk, site)})
    said = ", ".join(f"{year} not known, weekdays count" for year in unknown) or "known for the days ahead"
    return _part("holidays", True, said=said)


async def _watchman(uow: UnitOfWork, desk: Desk) -> PartHealth:
    """He looks every minute, and in `live` he has an address to tell the operator."""
    mark = await uow.marks.get(MARK)
    if mark is None:
        return _part("watchman", False, said="never looked on this database")
    seen_at = datetime.fromisoformat(mark["real_at"])
    silent = desk.clock.real_now() - seen_at > UNWATCHED_AFTER
    voiceless = not mark["addresses"] and not desk.marks_demo
    found = "; ".join(mark["found"]) or "found no trouble"
    roads = f"{mark['addresses']} addresses of the operator"
    said = f"last look {seen_at.isoformat(timespec='seconds')}, {found}; {roads}"
    return _part("watchman", not (silent or voiceless or mark["found"]), said=said)


async def _groups(uow: UnitOfWork) -> PartHealth:
    """The staff groups of the sites; none is well too."""
    groups = await uow.groups.all()
    lost = [one for one in groups if one.unreachable_since is not None]
    since = ", ".join(f"{one.site} since {one.unreachable_since:%Y-%m-%dT%H:%MZ}" for one in lost)
    said = f"{len(groups)} registered, {len(lost)} unreachable{': ' if lost else ''}{since}"
    return _part("groups", not lost, said=said)


async def _staff(desk: Desk) -> PartHealth:
    """Whoever alerts go to and cannot be reached: known before an emergency."""
    async with desk.archive.read() as uow:
        people = [one for one in await uow.staff.all() if is_rung(one)]
    lost = [one for one in people if not is_reachable(one)]
    who = "; ".join(unreachable_in_codes(one) for one in lost)
    said = f"{len(people)} are rung, {len(lost)} unreachable{': ' if lost else ''}{who}"
    return _part("staff", not lost, said=said)


def _part(part: str, well: bool, *, said: str) -> PartHealth:
    key = "operator.health.well" if well else "operator.health.person_needed"
    return PartHealth(part=part, well=well, said=Phrase(key=key, values={"part": part, "said": said}))
