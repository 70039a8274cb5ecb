"""The worklist as the console shows it: each case with its story and what this person may do with it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk, years_without_holidays
from bot.actions.list_participants import reader
from bot.actions.review_cases import CaseCard, card_of
from bot.actions.worklist import worklist_in
from bot.rules.access import Act, Site, may
from bot.rules.study import StaffCode
from bot.rules.worklist import Section, WorkItem, WorkKind, counts


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """An item with the cards of its cases. `may`: what this person may do there; the actions ask again."""

    item: WorkItem
    site: Site
    cards: tuple[CaseCard, ...]
    may: frozenset[Act]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistPage:
    """`sections` in order, those without a row left out; `counts` by kind, in the order of the kinds.

    `years_unknown`: years ahead whose holidays are not known at one of the sites.
    """

    sites: tuple[Site, ...]
    sections: tuple[tuple[Section, tuple[WorkRow, ...]], ...]
    counts: dict[WorkKind, int]
    years_unknown: tuple[int, ...] = ()


async def review_worklist(desk: Desk, *, by: StaffCode) -> WorklistPage:
    """What there is to do at every site where this person may read.

    Raises:
        NotEntitled: revoked, or not known.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        found = await worklist_in(uow, desk, by=by)
        rows = []
        for item in found.items:
            site = found.site(item.site)
            cards = [await card_of(uow, desk, staff, case, site) for case in item.cases]
            acts = frozenset(act for act in Act if may(staff, act, site.code))
            rows.append(WorkRow(item=item, site=site, cards=tuple(cards), may=acts))
    sections = ((section, tuple(row for row in rows if row.item.section is section)) for section in Section)
    return WorklistPage(
        sites=found.sites,
        sections=tuple((section, kept) for section, kept in sections if kept),
        counts=counts(found.items),
        years_unknown=tuple(
            sorted({year for site in found.sites for year in years_without_holidays(desk, site)})
        ),
    )
