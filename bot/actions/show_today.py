"""`/today` and the morning digest: what a person's sites have to do now, most urgent first, page by page.

The list is the console's (`bot/rules/worklist.py`); only its words and buttons are those of a chat.
Source: chat.md "Morning"; specification 3.1, 3.3 (digest at 08:30).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.actions.desk import Desk
from bot.actions.speak import Rows, button, phrase, remove_buttons, staff_as_recipient, to_staff
from bot.actions.worklist import worklist_in
from bot.rules.access import Act, Site, Staff, may
from bot.rules.activities import ActivityKind
from bot.rules.changes import name_of
from bot.rules.messages import Button, Message, Phrase, Priority
from bot.rules.sae import SaeTask, is_overdue
from bot.rules.study import Level
from bot.rules.worklist import WorkItem, WorkKind, counts
from storage.unit_of_work import UnitOfWork

A_PAGE = 6
_TO_ENTER_DOSES = frozenset(
    {WorkKind.INJECTION, WorkKind.UNCONFIRMED, WorkKind.WINDOW_CLOSES, WorkKind.WINDOW_CLOSED}
)
# What is asked for, or late, may need another date rather than an entry.
_TO_MOVE = frozenset({WorkKind.WISH, WorkKind.WINDOW_CLOSES, WorkKind.WINDOW_CLOSED})
_TO_ENTER_RESULTS = frozenset({WorkKind.RESULT, WorkKind.DRAW})


async def show_today(uow: UnitOfWork, desk: Desk, staff: Staff, *, page: int, key: str) -> None:
    """One page of the list, in place of the page before; `page` counts from 1, beyond the end is the last.

    Raises:
        NotEntitled: revoked, or not known.
    """
    found = await worklist_in(uow, desk, by=staff.code)
    pages = max(1, -(-len(found.items) // A_PAGE))
    page = min(max(page, 1), pages)
    shown = found.items[(page - 1) * A_PAGE : page * A_PAGE]
    said = [_head(found.sites, found.items, desk.now())]
    several = len(found.sites) > 1
    said += [_line(item, page, place, desk.now(), several) for place, item in enumerate(shown, 1)]
    if pages > 1:
        said.append(phrase("staff.today.page", page=page, pages=pages))
    rows = (*_rows(staff, shown, page), *_turning(page, pages))
    await _put(uow, desk, staff, found.sites, key, said, rows)


def digest(
    staff: Staff, site: Site, items: Sequence[WorkItem], now: datetime, key: str, expires_at: datetime
) -> Message:
    """The morning's line of one site: how much of what, and a button to begin with the most urgent."""
    here = [item for item in items if item.site == site.code]
    rows: Rows = ((button("staff.today.begin", "t:1"),),) if here else ()
    return to_staff(
        staff,
        site,
        key,
        [_head((site,), here, now)],
        buttons=rows,
        priority=Priority.DIGEST,
        expires_at=expires_at,
    )


def _head(sites: Sequence[Site], items: Sequence[WorkItem], now: datetime) -> Phrase:
    names = tuple(phrase("staff.today.site", site=site.name) for site in sites)
    tally = tuple(
        phrase("staff.today.tally", kind=kind, number=number) for kind, number in counts(items).items()
    )
    return phrase(
        "staff.today.head",
        at=now,
        sites=names,
        tally=tally or (phrase("staff.today.nothing"),),
    )


def _line(item: WorkItem, page: int, place: int, now: datetime, several: bool) -> Phrase:
    """One item: who, where if there are several sites, what, since or for when, and who has it."""
    number = (page - 1) * A_PAGE + place
    told = [phrase("staff.today.what", number=number, subject=item.subject, kind=item.kind)]
    if several:
        told.append(phrase("staff.today.site", site=item.site))
    if item.level > Level.NONE:
        told.append(phrase("staff.today.level", level=item.level))
    if item.serious is not None:
        told.append(_deadline(item.serious, now))
    elif item.activity is not None:
        told.append(name_of(item.activity))
        told.append(phrase("staff.today.when", at=item.at))
    else:
        told.append(phrase("staff.today.since", at=item.at))
    told += _holder(item)
    return phrase("staff.today.item", told=tuple(told))


def _deadline(task: SaeTask, now: datetime) -> Phrase:
    """By when an investigator answers whether an event was serious."""
    if task.due_at is None:
        return phrase("staff.today.since", at=task.raised_at)
    late = is_overdue(task, now)
    return phrase("staff.today.overdue" if late else "staff.today.answer_by", at=task.due_at)


def _holder(item: WorkItem) -> list[Phrase]:
    if not item.cases:
        return []
    case = item.cases[0]
    if case.acknowledged_by is None:
        return [phrase("staff.today.nobody")]
    return [phrase("staff.today.taken", staff=case.acknowledged_by)]


def _rows(staff: Staff, items: Sequence[WorkItem], page: int) -> Rows:
    """One button an item: what comes next, as far as this person may do it."""
    return tuple(_next(staff, item, (page - 1) * A_PAGE + place) for place, item in enumerate(items, 1))


def _next(staff: Staff, item: WorkItem, number: int) -> tuple[Button, ...]:
    """The form of this item; beside it moving the visit, where that may be what is needed."""
    first = _first(staff, item, number)
    if item.kind not in _TO_MOVE or not may(staff, Act.MOVE_VISIT, item.site):
        return (first,)
    leads_there = f"n:move:{item.subject}:{item.activity.key}" if item.activity else f"n:move:{item.subject}"
    return first, button("staff.today.move", leads_there, number=number, subject=item.subject)


def _first(staff: Staff, item: WorkItem, number: int) -> Button:
    subject = item.subject
    is_draw = item.activity is not None and item.activity.kind is ActivityKind.DRAW
    if item.cases and may(staff, Act.ACKNOWLEDGE_CASE, item.site) and item.activity is None:
        return button("staff.today.open", f"k:show:{item.cases[0].id}", number=number, subject=subject)
    if (item.kind in _TO_ENTER_RESULTS or is_draw) and may(staff, Act.RECORD_LAB, item.site):
        return button("staff.today.lab", f"n:lab:{subject}", number=number, subject=subject)
    if item.kind in _TO_ENTER_DOSES and may(staff, Act.RECORD_DOSE, item.site):
        return button("staff.today.dose", f"n:dose:{subject}", number=number, subject=subject)
    if item.kind is WorkKind.RECORD and may(staff, Act.CORRECT_FACT, item.site):
        return button("staff.today.correct", f"n:correct:{subject}", number=number, subject=subject)
    return button("staff.today.see", f"y:{subject}", number=number, subject=subject)


def _turning(page: int, pages: int) -> Rows:
    back = (button("staff.today.back", f"t:{page - 1}"),) if page > 1 else ()
    on = (button("staff.today.on", f"t:{page + 1}"),) if page < pages else ()
    return ((*back, *on),) if back or on else ()


async def _put(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    sites: Sequence[Site],
    key: str,
    said: Sequence[Phrase],
    rows: Rows,
) -> None:
    """The page before loses its buttons: one list counts, the newest."""
    to = staff_as_recipient(staff.code)
    state = await uow.conversations.get(to) or {}
    before = state.get("today")
    if isinstance(before, str):
        await uow.outbox.put(remove_buttons(to, staff.language, before), desk.now())
    site = sites[0] if sites else None
    await uow.outbox.put(to_staff(staff, site, f"today:{key}", said, buttons=rows), desk.now())
    await uow.conversations.put(to, {**state, "today": f"today:{key}"})
