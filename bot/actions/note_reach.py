"""Whether a member of staff can be reached in their chat: lost and found again, each written down once.

A spell begins with the first sign (a message or a knock that Telegram refuses, the bot blocked, a chat never
begun) and ends with the first proof of the contrary. Whoever administers hears of its beginning once; the
operator hears it from the watchman. The chain passes over the person all that time.

Source: specification 3.3 ("alert delivery failures"); issue of the escalation, "Reaching people";
lessons 1, 4.
"""

from __future__ import annotations

from bot.actions.desk import Desk
from bot.actions.speak import phrase, to_staff
from bot.rules.access import SYSTEM, Staff, is_rung
from bot.rules.messages import Priority
from bot.rules.study import Role, StaffCode
from storage.unit_of_work import UnitOfWork

NEVER_BEGUN = "never began the chat"


async def note_staff_lost(uow: UnitOfWork, desk: Desk, *, code: StaffCode, reason: str) -> None:
    """The chat of this person does not work; nothing where that is known, or the person is revoked."""
    staff = await uow.staff.get(code)
    if staff is None or staff.revoked_at is not None or staff.unreachable_since is not None:
        return
    now = desk.now()
    await uow.staff.set_unreachable(code, now)
    await uow.audit.record(
        kind="system:staff:unreachable",
        actor=SYSTEM,
        at=now,
        subject=None,
        entity="staff",
        entity_id=code,
        field="unreachable_since",
        new=now.isoformat(),
        reason=reason,
    )
    if not is_rung(staff):
        return
    key = "staff.reach.lost" if staff.linked else "staff.reach.never_begun"
    said = phrase(key, staff=code, at=now)
    for other in await uow.staff.all():
        if other.code != code and _administers(other, staff):
            told = f"reach-lost:{code}:{now.isoformat()}:{other.code}"
            await uow.outbox.put(to_staff(other, None, told, [said], priority=Priority.ALERT), now)


async def note_staff_back(uow: UnitOfWork, desk: Desk, *, code: StaffCode) -> None:
    """Something arrived there, or came from there; nothing where the person counted as reachable."""
    staff = await uow.staff.get(code)
    if staff is None or staff.unreachable_since is None:
        return
    await uow.staff.set_unreachable(code, None)
    await uow.audit.record(
        kind="system:staff:reachable",
        actor=SYSTEM,
        at=desk.now(),
        subject=None,
        entity="staff",
        entity_id=code,
        field="unreachable_since",
        old=staff.unreachable_since.isoformat(),
    )


def _administers(one: Staff, lost: Staff) -> bool:
    if one.revoked_at is not None:
        return False
    return any(
        posting.role is Role.ADMINISTRATOR and (posting.site is None or posting.site == of_lost.site)
        for posting in one.postings
        for of_lost in lost.postings
    )
