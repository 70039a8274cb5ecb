"""The figures of alerting, for the operator and for whoever reads the log of a site. Read only, no identity.

Source: specification 3.5.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from bot.actions.desk import Desk
from bot.actions.list_participants import reader
from bot.rules.access import Act, Site, sites_for
from bot.rules.calendar import at_local, local_day
from bot.rules.case import Case, Outcome
from bot.rules.errors import NotEntitled
from bot.rules.escalation import acknowledge_deadline, first_ring_at
from bot.rules.figures import Alert, LevelFigures, RuleFigures, by_level, by_rule, weeks
from bot.rules.participant import Participant
from bot.rules.study import SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

# A case counts anew from the last of these; the others hand it on and change nothing about its time.
_BEGINS_ANEW: Final = frozenset({"RAISED", "RUNG_ANEW", "REOPENED"})
_PASSES_ON: Final = frozenset({"LET_GO", "TRANSFERRED"})
_MORE_THAN_A_MONTH: Final = timedelta(days=31)
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
    """Of cases at these sites, also those of participants who have gone on elsewhere since."""
    alerts: list[Alert] = []
    followed: dict[tuple[SiteCode, str], float] = {}
    known = {site.code: site for site in sites}
    for participant in await uow.participants.of_sites(None):
        for since, site_code in await _stays(uow, participant):
            if site_code in known:
                _add_weeks(followed, since, known[site_code], desk.now())
        for case in await uow.cases.all_of(participant.subject_code):
            if case.site_code in known:
                alerts.append(await _alert(uow, desk, known[case.site_code], case))
    return Figures(levels=by_level(alerts, followed), rules=by_rule(alerts))


async def _alert(uow: UnitOfWork, desk: Desk, site: Site, case: Case) -> Alert:
    """Times count from the opening, or from when the case last became worse or was told anew."""
    events = await uow.cases.events(case.id)
    begun_at = max([case.opened_at, *(one.at for one in events if one.kind in _BEGINS_ANEW)])
    first = dict(reversed([(one.kind, one.at) for one in events if one.at >= begun_at]))
    taken, contacted = first.get("ACKNOWLEDGED"), first.get("CONTACTED")
    calendar = desk.calendar_of(site)
    passed_on = any(one.kind in _PASSES_ON for one in events)
    # Who answered by herself before anybody had to take the case was late for nobody.
    by_herself = case.closed_at if case.outcome is Outcome.ANSWERED else None
    rung_from = first_ring_at(case.chain, begun_at, calendar, cannot_wait=False)
    begun = replace(case, rung_from=rung_from) if passed_on else case
    return Alert(
        site=site.code,
        month=_month(case.opened_at, site),
        level=case.level,
        opened_at=begun_at,
        acknowledged_at=taken or contacted,
        in_time=(taken or contacted or by_herself or datetime.max.replace(tzinfo=UTC))
        <= acknowledge_deadline(begun, calendar),
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


async def _stays(
    uow: UnitOfWork, participant: Participant
) -> list[tuple[tuple[datetime, datetime], SiteCode]]:
    """From when to when she was in the chat, and at which site: from joining until she stopped or today."""
    if participant.joined_at is None:
        return []
    ends = participant.messages_stopped_at or datetime.max.replace(tzinfo=UTC)
    trail = await uow.audit.of_kind("staff:participant:transferred", participant.subject_code)
    moves = [(one.at, SiteCode(one.new or "")) for one in trail]
    first = SiteCode(trail[0].old or "") if trail else participant.site_code
    starts = [(participant.joined_at, first), *moves]
    until = [*(at for at, _ in moves), ends]
    return [
        ((max(since, participant.joined_at), min(end, ends)), site)
        for (since, site), end in zip(starts, until, strict=True)
    ]


def _add_weeks(
    followed: dict[tuple[SiteCode, str], float], stay: tuple[datetime, datetime], site: Site, now: datetime
) -> None:
    """The stay month by month by the site's calendar, up to now."""
    moment, until = stay[0], min(stay[1], now)
    while moment < until:
        first = local_day(moment, site.time_zone).replace(day=1)
        next_month = at_local((first + _MORE_THAN_A_MONTH).replace(day=1), time(), site.time_zone)
        key = (site.code, _month(moment, site))
        followed[key] = followed.get(key, 0.0) + weeks(moment, min(next_month, until))
        moment = next_month


def _month(moment: datetime, site: Site) -> str:
    return local_day(moment, site.time_zone).isoformat()[:7]
