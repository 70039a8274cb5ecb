"""Asks each day, without a word, whether the chats of staff still work: before an emergency needs them.

Telegram tells a bot at once when somebody blocks it, but not that an account was deleted, and nothing at all
while the bot is away. So every chat is knocked at once a day at a quiet hour of the site, and at each start.
A knock makes no sound and leaves no message; what Telegram refuses counts like a refused alert.

Source: issue of the escalation, "Reaching people" (a routine check); lessons 4 (pre-flight coverage check).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from bot.actions.desk import Desk
from bot.actions.note_reach import NEVER_BEGUN, note_staff_lost
from bot.actions.speak import staff_as_recipient
from bot.rules.access import Staff, is_rung
from bot.rules.calendar import next_local
from bot.rules.messages import Message, Priority, SendKind
from storage.unit_of_work import UnitOfWork

_MARK: Final = "knocks"
_INSTANT: Final = timedelta(microseconds=1)
# While Telegram is away a knock tells nothing; the next start or day knocks again.
_LIFE: Final = timedelta(minutes=10)


async def knock_each_day(desk: Desk, *, at: time) -> int:
    """Knocks at the chats of every site where `at` has come on its clock. Returns how many sites were due.

    A site that is looked at for the first time waits for its next hour. After an outage one round is made up.
    """
    async with desk.archive.read() as uow:
        sites = await uow.sites.all()
        known = await uow.marks.get(_MARK) or {}
    now = desk.now()
    coming: dict[str, str] = {
        site.code: next_local(at, site.time_zone, now + _INSTANT).isoformat() for site in sites
    }
    due = [site for site in sites if site.code in known and datetime.fromisoformat(known[site.code]) <= now]
    if not due and all(site.code in known for site in sites):
        return 0
    async with desk.archive.begin() as uow:
        people = await uow.staff.all()
        of_due = [
            one
            for one in people
            if any(posting.works_at(site.code) for posting in one.postings for site in due)
        ]
        await _knock(uow, desk, of_due, key=now.isoformat())
        fresh = {code: moment for code, moment in coming.items() if code not in known}
        again: dict[str, str] = {site.code: coming[site.code] for site in due}
        await uow.marks.set(_MARK, {**known, **fresh, **again})
    return len(due)


async def knock_at_start(desk: Desk) -> None:
    """Knocks at every chat of the staff, whatever the hour: nobody knows what happened while it was down."""
    async with desk.archive.begin() as uow:
        started = desk.clock.real_now().isoformat()
        await _knock(uow, desk, await uow.staff.all(), key=f"start:{started}")


async def _knock(uow: UnitOfWork, desk: Desk, people: Sequence[Staff], *, key: str) -> None:
    """Whoever would be rung and never began the chat cannot be knocked at and counts as unreachable."""
    for staff in people:
        if staff.revoked_at is not None:
            continue
        if staff.linked:
            await uow.outbox.put(_knock_at(staff, key, desk.now()), desk.now())
        elif is_rung(staff):
            await note_staff_lost(uow, desk, code=staff.code, reason=NEVER_BEGUN)


def _knock_at(staff: Staff, key: str, now: datetime) -> Message:
    return Message(
        unique_key=f"knock:{key}:{staff.code}",
        to=staff_as_recipient(staff.code),
        language=staff.language,
        priority=Priority.DIGEST,
        phrases=(),
        kind=SendKind.KNOCK,
        expires_at=now + _LIFE,
    )
