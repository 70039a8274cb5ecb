"""The figures of alerting, for the operator and for whoever reads the log of a site. Read only, no identity.

Source: specification 3.5.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta

from bot.actions.desk import Desk
from bot.actions.list_participants import reader
from bot.rules.access import Act, Site, sites_for
from bot.rules.calendar import local_day
from bot.rules.case import Case
from bot.rules.errors import NotEntitled
from bot.rules.escalation import acknowledge_deadline
from bot.rules.figures import Alert, LevelFigures, RuleFigures, by_level, by_rule, weeks
from bot.rules.participant import Participant
from bot.rules.study import SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

_RULE = re.compile(r"\b(?:CX-\d+|RF-\d+|U-[A-Z]+|[A-Z]{2,4}_[A-Z0-9_]+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Empty where no case has been opened yet."""

    levels: tuple[LevelFigures, ...]
    rules: tuple[RuleFigures, ...]


async def figures_for(desk: Desk, *, by: StaffCode) -> Figures:
    """The figures of the sites whose log this person may read.

    Raises:
        NotEntitled: none.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        known = {site.code: site for site in await uow.sites.all()}
        mine = sites_for(staff, Act.READ_LOG, tuple(known))
        if not mine:
            raise NotEntitled()
        return await _figures(uow, desk, [known[code] for code in mine])


async def figures_for_operator(desk: Desk, *, site: SiteCode | None = None) -> Figures:
    """The figures of one site, of all for None."""
    async with desk.archive.read() as uow:
        sites = [one for one in await uow.sites.all() if site in (None, one.code)]
        return await _figures(uow, desk, sites)


def as_csv(lines: Sequence[LevelFigures] | Sequence[RuleFigures]) -> str:
    """A table with a heading; empty text where there is no line."""
    if not lines:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(lines[0])], lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_documents(lines))
    return out.getvalue()


def as_documents(lines: Sequence[LevelFigures] | Sequence[RuleFigures]) -> list[dict[str, object]]:
    """Each line as plain words and numbers."""
    documents = [asdict(line) for line in lines]
    return [
        {name: value.name if name == "level" else value for name, value in one.items()} for one in documents
    ]


async def _figures(uow: UnitOfWork, desk: Desk, sites: Sequence[Site]) -> Figures:
    alerts: list[Alert] = []
    followed: dict[tuple[SiteCode, str], float] = {}
    for site in sites:
        for participant in await uow.participants.of_sites([site.code]):
            _add_weeks(followed, participant, site, desk.now())
            cases = await uow.cases.all_of(participant.subject_code)
            alerts += [await _alert(uow, desk, site, case) for case in cases if case.site_code == site.code]
    return Figures(levels=by_level(alerts, followed), rules=by_rule(alerts))


async def _alert(uow: UnitOfWork, desk: Desk, site: Site, case: Case) -> Alert:
    events = await uow.cases.events(case.id)
    first = dict(reversed([(one.kind, one.at) for one in events]))
    taken, contacted = first.get("ACKNOWLEDGED"), first.get("CONTACTED")
    deadline = acknowledge_deadline(case, desk.calendar_of(site))
    return Alert(
        site=site.code,
        month=_month(case.opened_at, site),
        level=case.level,
        opened_at=case.opened_at,
        acknowledged_at=taken or contacted,
        in_time=(taken or contacted or datetime.max.replace(tzinfo=UTC)) <= deadline,
        contacted_at=contacted,
        outcome=case.outcome,
        rules=await _rules(uow, desk, case, [one.note for one in events if one.kind == "ABOUT"]),
    )


async def _rules(uow: UnitOfWork, desk: Desk, case: Case, about: Sequence[str]) -> tuple[str, ...]:
    """The ids of what stood behind the case: rules of its report, red flags of its words."""
    rules: list[str] = []
    if case.report_id is not None and await uow.reports.get(case.report_id) is not None:
        for assessment in await uow.reports.assessments(case.report_id):
            rules += [found.group() for rule in assessment.rules if (found := _RULE.search(rule))]
    words = {one.id: one.text for one in await uow.said.of(case.subject_code)}
    for said_id in about:
        meant = desk.understander.understand(words[said_id]) if said_id in words else None
        rules += [flag.rule for flag in meant.red_flags] if meant is not None else []
    return tuple(dict.fromkeys(rules))


def _add_weeks(
    followed: dict[tuple[SiteCode, str], float], participant: Participant, site: Site, now: datetime
) -> None:
    """Her time in the chat, month by month, from joining until she stopped or now."""
    if participant.joined_at is None:
        return
    until = min(participant.messages_stopped_at or now, now)
    day = participant.joined_at
    while day < until:
        following = min(day + timedelta(days=1), until)
        key = (site.code, _month(day, site))
        followed[key] = followed.get(key, 0.0) + weeks(day, following)
        day = following


def _month(moment: datetime, site: Site) -> str:
    return local_day(moment, site.time_zone).isoformat()[:7]
