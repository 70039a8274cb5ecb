"""An alert that did not reach its person: written to the case, and the chain jumps one step at once.

Source: specification 3.3 ("alert delivery failures"); decisions "Settled on a second reading".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.desk import Desk, site_of
from bot.rules import escalation
from bot.rules.access import SYSTEM
from bot.rules.case import CaseId
from bot.rules.messages import OutboxRow, RecipientKind
from bot.rules.study import StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


async def note_undelivered(
    uow: UnitOfWork, desk: Desk, row: OutboxRow, reason: str, *, for_good: bool
) -> None:
    """What follows from a message that could not be delivered.

    `for_good`: the chat cannot be reached at all.
    """
    now = desk.now()
    to = row.message.to
    if for_good and to.kind is RecipientKind.STAFF:
        await uow.staff.set_unreachable(StaffCode(to.code), now)
    if for_good and to.kind is RecipientKind.PARTICIPANT:
        participant = await uow.participants.lock(SubjectCode(to.code))
        if participant is not None and participant.unreachable_since is None:
            await uow.participants.save(replace(participant, unreachable_since=now))
    if row.message.case_id is None or not row.message.unique_key.startswith("alert:"):
        return
    case = await uow.cases.get(CaseId(row.message.case_id))
    if case is None or case.closed_at is not None:
        return
    await uow.cases.add_event(case.id, "NOT_DELIVERED", now, to.code, reason)
    site = await site_of(uow, case.site_code)
    await uow.cases.save(escalation.after_undelivered(case, now, desk.calendar_of(site)))
    await uow.audit.record(
        kind="system:alert:not_delivered",
        actor=SYSTEM,
        at=now,
        subject=case.subject_code,
        entity="case",
        entity_id=case.id,
        new=to.code,
        reason=reason,
    )
