"""What a site's staff group is told: each alert once more, who has it, and many at once where many wait.

Beside the private chats, never instead of them. Subject code and site only, like every alert. A card stands
there with buttons that mean the same for whoever taps; what belongs to one person stays in the private chat.

Source: specification 3.3; lessons 2, 22; stack.md (20 messages a minute in a group).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.actions.desk import Desk, site_of
from bot.actions.speak import Rows, button, phrase
from bot.clock import new_id
from bot.rules.access import Site
from bot.rules.case import Case, CaseId
from bot.rules.messages import (
    Message,
    OutboxRow,
    OutboxStatus,
    Phrase,
    Priority,
    Recipient,
    RecipientKind,
    SendKind,
)
from bot.rules.staff_group import MOST_IN_ONE, StaffGroup, is_gathered
from bot.rules.study import Level, SiteCode, SubjectCode
from storage.unit_of_work import UnitOfWork

# Unique keys of the alerts in a group begin so: they are no ring of a person, and are counted apart.
_ALERT: Final = "group:"
# A word of courtesy is stale soon.
_COURTESY_LIFE: Final = timedelta(minutes=1)
_BUTTONS_IN_A_ROW: Final = 2


def group_as_recipient(site: SiteCode) -> Recipient:
    """The registered group of a site."""
    return Recipient(RecipientKind.GROUP, site)


async def group_that_hears(uow: UnitOfWork, site: SiteCode) -> StaffGroup | None:
    """The site's group, if it has one that can be reached as far as anybody knows."""
    group = await uow.groups.get(site)
    return None if group is None or group.unreachable_since is not None else group


async def said_again(uow: UnitOfWork, case: Case, ring: int, now: datetime) -> Phrase:
    """The first line of a further ring, which a locked screen shows: how urgent, and whether it is worse."""
    events = await uow.cases.events(case.id)
    raised = [event.at for event in events if event.kind == "RAISED"]
    rung = [event.at for event in events if event.kind == "RUNG" and event.at < now]
    worse = bool(raised) and not any(raised[-1] <= at for at in rung)
    key = "staff.alert.again_worse" if worse else "staff.alert.again"
    return phrase(key, level=case.level, count=ring, subject=case.subject_code)


async def ring_group(
    uow: UnitOfWork, desk: Desk, case: Case, card: Sequence[Phrase], *, ring: int | str
) -> None:
    """One alert for the group of the case's site; `ring` names the ring, a second with its name is none."""
    group = await group_that_hears(uow, case.site_code)
    if group is None:
        return
    site = await site_of(uow, case.site_code)
    further = isinstance(ring, int) and ring > 1
    again = [await said_again(uow, case, int(ring), desk.now())] if further else []
    message = to_group(
        group,
        site,
        f"{_ALERT}{case.id}:{ring}",
        [*again, *card],
        buttons=_rows(case),
        priority=_priority(case),
        about=case.subject_code,
        case_id=case.id,
    )
    await uow.outbox.put(message, desk.now())


async def show_in_group(uow: UnitOfWork, desk: Desk, case: Case, card: Sequence[Phrase]) -> None:
    """Edits what groups show of this case, so that all see who has it.

    An older edit that still waits is dropped. The group of a site it was transferred from loses the buttons.
    """
    for key, to in (await _shown_in(uow, case)).items():
        group = await group_that_hears(uow, SiteCode(to.code))
        row = await uow.outbox.get_by_key(key)
        if group is None or row is None:
            continue
        site = await site_of(uow, group.site)
        if row.message.cases:
            said, buttons = await _gathered(uow, group, site, row.message.cases)
        elif case.site_code != group.site:
            said, buttons = [phrase("staff.alert.transferred", subject=case.subject_code)], ()
        else:
            said, buttons = list(card), _rows(case)
        message = to_group(
            group,
            site,
            f"board:{new_id()}",
            said,
            buttons=buttons,
            priority=Priority.REMINDER,
            about=row.message.about,
            edits=await _standing_as(uow, row),
        )
        await uow.outbox.cancel(_board(key), "a newer state is shown", desk.now(), waiting_only=True)
        await uow.outbox.put(replace(message, cancel_tag=_board(key)), desk.now())


async def gather_alerts(uow: UnitOfWork, desk: Desk, row: OutboxRow, *, room: int) -> bool:
    """Tells what waits for this group as one, if it is more than `room`; whether this row was among them.

    The worst stand first, and what cannot wait is not mixed with what can. Each case keeps a button of its
    own, and is shown as it stands at this moment.
    """
    to = row.message.to
    if to.kind is not RecipientKind.GROUP or not row.message.unique_key.startswith(_ALERT):
        return False
    group = await uow.groups.get(SiteCode(to.code))
    alike = [
        one
        for one in await uow.outbox.waiting_for(to, _ALERT)
        if one.message.priority is row.message.priority and one.message.case_id is not None
    ]
    if group is None or not is_gathered(len({one.message.case_id for one in alike}), room):
        return False
    site = await site_of(uow, group.site)
    found = [await uow.cases.get(CaseId(str(one.message.case_id))) for one in alike]
    cases = {one.id: one for one in found if one is not None}
    worst_first = sorted(cases.values(), key=lambda one: (-one.level, one.opened_at))
    for first in range(0, len(worst_first), MOST_IN_ONE):
        await _tell_together(uow, desk, group, site, worst_first[first : first + MOST_IN_ONE], alike)
    return True


async def _tell_together(
    uow: UnitOfWork,
    desk: Desk,
    group: StaffGroup,
    site: Site,
    cases: Sequence[Case],
    alerts: Sequence[OutboxRow],
) -> None:
    now = desk.now()
    key, listed = f"gathered:{new_id()}", tuple(one.id for one in cases)
    said, buttons = await _gathered(uow, group, site, listed)
    priority = min(_priority(one) for one in cases)
    message = to_group(group, site, key, said, buttons=buttons, priority=priority)
    await uow.outbox.put(replace(message, cases=listed), now)
    for alert in alerts:
        if alert.message.case_id in listed:
            await uow.outbox.gather(alert.id, key, now)
            # An edit of a card that is not sent would be said as a message of its own.
            await uow.outbox.cancel(_board(alert.message.unique_key), "told together", now, waiting_only=True)


async def tell_group(uow: UnitOfWork, desk: Desk, case: Case, said: Phrase, key: str) -> None:
    """A new line about a case that must be heard: an edit alone makes no sound. No buttons of its own."""
    group = await group_that_hears(uow, case.site_code)
    if group is None:
        return
    site = await site_of(uow, case.site_code)
    message = to_group(
        group,
        site,
        f"group-line:{key}",
        [said],
        priority=_priority(case),
        about=case.subject_code,
        case_id=case.id,
    )
    await uow.outbox.put(message, desk.now())


async def say_in_group(uow: UnitOfWork, desk: Desk, group: StaffGroup, key: str, said: Phrase) -> None:
    """A short word that holds nothing of a patient; not worth saying later."""
    site = await site_of(uow, group.site)
    message = to_group(group, site, key, [said], priority=Priority.DIGEST)
    await uow.outbox.put(replace(message, expires_at=desk.now() + _COURTESY_LIFE), desk.now())


def to_group(
    group: StaffGroup,
    site: Site,
    unique_key: str,
    phrases: Sequence[Phrase],
    *,
    priority: Priority,
    buttons: Rows = (),
    about: SubjectCode | None = None,
    edits: str | None = None,
    case_id: str | None = None,
) -> Message:
    """A message to a staff group, in its language, at the site's time; it carries no identity."""
    return Message(
        unique_key=unique_key,
        to=group_as_recipient(group.site),
        language=group.language,
        time_zone=site.time_zone,
        about=about,
        priority=priority,
        phrases=tuple(phrases),
        kind=SendKind.EDIT if edits else SendKind.SEND,
        edits=edits,
        buttons=buttons,
        protect_content=True,
        case_id=case_id,
    )


def _priority(case: Case) -> Priority:
    """What cannot wait goes before what can, and both before the edits of what stands there already."""
    return Priority.ALERT if case.level >= Level.URGENT else Priority.REPLY


def _rows(case: Case) -> Rows:
    """What anybody entitled may do from the group: take it. All else is between the person and the bot."""
    if case.closed_at is not None or case.contacted_at is not None:
        return ()
    if case.acknowledged_by is None:
        return ((button("staff.case.take", f"k:take:{case.id}"),),)
    return ((button("staff.case.take_over", f"k:over:{case.id}"),),)


async def _gathered(
    uow: UnitOfWork, group: StaffGroup, site: Site, listed: Sequence[str]
) -> tuple[list[Phrase], Rows]:
    """A numbered line a case, in the order in which they were told first, with the buttons under them."""
    cases = [await uow.cases.get(CaseId(one)) for one in listed]
    lines: list[Phrase] = []
    open_ones = []
    for number, case in enumerate(cases, 1):
        if case is None:
            continue
        gone = case.site_code != group.site
        lines.append(_line(case, number, gone=gone))
        if case.closed_at is None and case.acknowledged_by is None and not gone:
            open_ones.append(
                button("staff.group.take", f"k:take:{case.id}", number=number, subject=case.subject_code)
            )
    worst = max((case.level for case in cases if case is not None), default=Level.NONE)
    head = phrase("staff.group.gathered", level=worst, count=len(lines), site=site.code)
    told = Phrase(key="staff.alert.lines", values={"lines": tuple(lines)})
    in_rows = range(0, len(open_ones), _BUTTONS_IN_A_ROW)
    return [head, told], tuple(tuple(open_ones[at : at + _BUTTONS_IN_A_ROW]) for at in in_rows)


def _line(case: Case, number: int, *, gone: bool) -> Phrase:
    told = {"number": number, "level": case.level, "subject": case.subject_code, "at": case.opened_at}
    if gone:
        return phrase("staff.group.line_transferred", **told)
    if case.closed_at is not None:
        return phrase("staff.group.line_closed", **told, staff=case.closed_by, ended=case.closed_at)
    if case.acknowledged_at is not None:
        return phrase(
            "staff.group.line_taken", **told, staff=case.acknowledged_by, taken=case.acknowledged_at
        )
    return phrase("staff.group.line", **told)


async def _shown_in(uow: UnitOfWork, case: Case) -> dict[str, Recipient]:
    """Where a group shows this case: its newest card, and its newest line among others."""
    newest: dict[tuple[str, bool], tuple[str, Recipient]] = {}
    for row in await uow.outbox.of_case(case.id):
        to = row.message.to
        if to.kind is RecipientKind.GROUP and row.message.unique_key.startswith(_ALERT):
            together = row.gathered_into is not None
            newest[to.code, together] = (row.gathered_into or row.message.unique_key, to)
    return dict(newest.values())


async def _standing_as(uow: UnitOfWork, row: OutboxRow) -> str:
    """The row whose message stands there now: this one, or the edit that had to be said anew."""
    edits = await uow.outbox.of_tag(_board(row.message.unique_key))
    said = [one for one in edits if one.status is OutboxStatus.DELIVERED and one.telegram_message_id]
    return said[-1].message.unique_key if said else row.message.unique_key


def _board(key: str) -> str:
    return f"board:{key}"
