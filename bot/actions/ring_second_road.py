"""Rings people beside Telegram: at their own addresses, else at the site's. Level, code and site only.

Who has none is written to the case as not reachable; the chain goes on by its own timers, no faster.
Source: specification 3.3 ("phone/SMS fallback"); decisions ("the chain's own timers decide who is paged").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.actions.desk import Desk, site_of
from bot.actions.speak import phrase, staff_as_recipient
from bot.rules.access import Site, Staff
from bot.rules.case import Case
from bot.rules.messages import Message, Phrase, Priority, Recipient, RecipientKind, SendKind
from bot.rules.study import Language, SiteCode
from storage.unit_of_work import UnitOfWork

# Tried again that long; by then the chain has rung others.
TRIED_FOR: Final = timedelta(minutes=30)
# Two reasons to ring somebody within a minute (a step, an alert that was lost) are one ring.
_ONE_RING: Final = timedelta(minutes=1)


def site_as_recipient(site: SiteCode) -> Recipient:
    """The second road of a site, such as the telephone of its ward."""
    return Recipient(RecipientKind.SITE, site)


def is_one_ring(rung_at: datetime, now: datetime) -> bool:
    """Whether a ring now would be the same again. A clock that was set back silences nobody for longer."""
    return abs(now - rung_at) < _ONE_RING


async def ring_second_road(
    uow: UnitOfWork, desk: Desk, case: Case, people: Sequence[Staff], *, ring: str
) -> None:
    """One row per person with an address, one for the site where anybody has none; `ring` names the ring.

    Whoever was rung so for this case within the last minute is not rung again.
    """
    if not people:
        return
    now = desk.now()
    site = await site_of(uow, case.site_code)
    of_site = site_as_recipient(site.code)
    owners = {staff_as_recipient(one.code) for one in people}
    roads = await uow.second_roads.of_all({*owners, of_site})
    rung = {
        code
        for event in await uow.cases.events(case.id)
        if event.kind == "RUNG_BESIDE" and is_one_ring(event.at, now)
        for code in event.note.split(",")
    }
    told: list[str] = []
    for one in people:
        own = staff_as_recipient(one.code)
        to = own if own in roads else of_site
        if to not in roads:
            await uow.cases.add_event(case.id, "NOT_REACHABLE", now, one.code, "no second road")
            continue
        if to.code in rung:
            continue
        language = one.language if to == own else Language.ZH
        message = _message(case, site, to, language, f"second:{case.id}:{ring}:{to.code}", desk)
        if await uow.outbox.put(message, now):
            told.append(to.code)
    if told:
        await uow.cases.add_event(case.id, "RUNG_BESIDE", now, "system", ",".join(told))


def _message(case: Case, site: Site, to: Recipient, language: Language, key: str, desk: Desk) -> Message:
    body = phrase("staff.second_road.body", subject=case.subject_code, at=case.opened_at)
    return Message(
        unique_key=key,
        to=to,
        language=language,
        priority=Priority.ALERT,
        phrases=(_title(case), body),
        kind=SendKind.SECOND_ROAD,
        about=case.subject_code,
        time_zone=site.time_zone,
        both_languages=to.kind is RecipientKind.SITE,
        expires_at=desk.now() + TRIED_FOR,
        case_id=case.id,
    )


def _title(case: Case) -> Phrase:
    return phrase("staff.second_road.title", level=case.level, subject=case.subject_code, site=case.site_code)
