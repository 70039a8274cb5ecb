"""Cases as the console shows them: what each is about, how it stands, what this person may do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.alert_staff import alert_card
from bot.actions.answer_wish import visit_wished
from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.actions.mind_silence import is_about_silence
from bot.rules import escalation
from bot.rules.access import Act, Site, Staff, may
from bot.rules.case import Case, CaseId, Outcome, outcomes
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork

# Lines of an alert that carry what she typed.
_HER_WORDS = frozenset({"staff.alert.her_words", "staff.alert.typed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """One case. `lines` say what it is about and how it stands, as the alert in the chat does.

    `contact_by`: until when she must have been contacted, once somebody has the case. `attempts`: how often
    she could not be reached. `closing`: the outcomes this person may close it with, empty when they may not.
    `ends_with_call`: it only asks that she be phoned because nobody heard from her. `wished`: the visit
    that this person may move because she asks for it.
    """

    case: Case
    site: Site
    lines: tuple[Phrase, ...]
    contact_by: datetime | None
    attempts: int
    may_take: bool
    may_log: bool
    closing: tuple[Outcome, ...]
    ends_with_call: bool
    wished: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCases:
    sites: tuple[Site, ...]
    cards: tuple[CaseCard, ...]


async def review_open_cases(desk: Desk, *, by: StaffCode) -> OpenCases:
    """The open cases of every site where this person may read; the highest level first, then the oldest."""
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        sites = await readable_sites(uow, staff)
        lines = await uow.overviews.open_cases([site.code for site in sites])
        by_code = {site.code: site for site in sites}
        cards = [await card_of(uow, desk, staff, line.case, by_code[line.case.site_code]) for line in lines]
        return OpenCases(sites=sites, cards=tuple(cards))


async def review_case(desk: Desk, *, case_id: CaseId, by: StaffCode) -> CaseCard:
    """One case, open or closed.

    Raises:
        NotEntitled: alike for a case of another site and one that does not exist.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        case = await uow.cases.get(case_id)
        if case is None or not may(staff, Act.READ_LOG, case.site_code):
            raise NotEntitled()
        site = await uow.sites.get(case.site_code)
        if site is None:
            raise NotEntitled()
        return await card_of(uow, desk, staff, case, site)


async def card_of(uow: UnitOfWork, desk: Desk, staff: Staff, case: Case, site: Site) -> CaseCard:
    """The case as this person sees it."""
    lines = (await alert_card(uow, desk, case))[1:]
    if not may(staff, Act.READ_WORDS, site.code):
        lines = list(_without_words(lines))
    calendar, is_open = desk.calendar_of(site), case.closed_at is None
    held = escalation.is_held(case, desk.now(), calendar)
    events, silent = await uow.cases.events(case.id), await is_about_silence(uow, case)
    return CaseCard(
        case=case,
        site=site,
        lines=tuple(lines),
        contact_by=escalation.contact_deadline(case, calendar) if is_open else None,
        attempts=len(escalation.attempts_in_vain((one.kind, one.at) for one in events)),
        may_take=is_open and not held and may(staff, Act.ACKNOWLEDGE_CASE, site.code),
        may_log=is_open and may(staff, Act.LOG_CONTACT, site.code),
        closing=outcomes(silence=silent)
        if is_open and may(staff, escalation.act_to_close(case.level), site.code)
        else (),
        ends_with_call=silent,
        wished=await visit_wished(uow, case) if may(staff, Act.MOVE_VISIT, site.code) else None,
    )


def _without_words(lines: Iterable[Phrase]) -> Iterable[Phrase]:
    """The lines less what she typed, wherever it stands in them."""
    for line in lines:
        if line.key not in _HER_WORDS:
            values = {name: _value(value) for name, value in line.values.items()}
            yield replace(line, values=values)


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_without_words([one for one in value if isinstance(one, Phrase)]))
    return value
