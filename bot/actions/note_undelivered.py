"""An alert that did not reach its person: written to the case, and the chain jumps one step at once.

Source: specification 3.3 ("alert delivery failures"); decisions "Settled on a second reading".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.advance_escalations import hears_somebody, notify
from bot.actions.alert_staff import tell_patient_unreached
from bot.actions.desk import Desk, site_of
from bot.actions.keep_group import note_group_lost
from bot.actions.note_reach import note_staff_lost
from bot.actions.ring_second_road import is_one_ring, ring_second_road
from bot.rules import escalation
from bot.rules.access import SYSTEM
from bot.rules.case import Case, CaseId
from bot.rules.messages import OutboxRow, RecipientKind, SendKind
from bot.rules.study import Level, SiteCode, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


async def note_undelivered(
    uow: UnitOfWork, desk: Desk, row: OutboxRow, reason: str, *, for_good: bool
) -> None:
    """What follows from a message that could not be delivered.

    `for_good`: the chat cannot be reached at all. A group is no step of a chain: nothing waits for it.
    """
    now = desk.now()
    to = row.message.to
    if to.kind is RecipientKind.GROUP:
        if for_good and row.chat_id == await uow.identities.chat_of(to):
            await note_group_lost(uow, desk, site=SiteCode(to.code), reason=reason)
        return
    beside = row.message.kind is SendKind.SECOND_ROAD
    if for_good and to.kind is RecipientKind.STAFF and not beside:
        await note_staff_lost(uow, desk, code=StaffCode(to.code), reason=reason)
    if for_good and to.kind is RecipientKind.PARTICIPANT:
        participant = await uow.participants.lock(SubjectCode(to.code))
        if participant is not None and participant.unreachable_since is None:
            await uow.participants.save(replace(participant, unreachable_since=now))
            await uow.audit.record(
                kind="system:chat:unreachable",
                actor=SYSTEM,
                at=now,
                subject=participant.subject_code,
                entity="participant",
                entity_id=participant.subject_code,
                field="unreachable_since",
                new=now.isoformat(),
                reason=reason,
            )
    if to.kind is RecipientKind.PARTICIPANT and row.message.case_id is not None:
        await _patient_not_reached(uow, desk, row)
        return
    if row.message.case_id is None or not row.message.unique_key.startswith(("alert:", "second:")):
        return
    case = await uow.cases.get(CaseId(row.message.case_id))
    if case is None or case.closed_at is not None:
        return
    known = await uow.cases.events(case.id)
    lost_before = any(
        one.kind == "NOT_DELIVERED" and one.actor_code == to.code and one.at >= case.rung_from
        for one in known
    )
    await uow.cases.add_event(case.id, "NOT_DELIVERED", now, to.code, reason)
    if not beside:
        told = {
            StaffCode(code)
            for one in known
            if one.kind == "RUNG" and one.at >= case.rung_from and is_one_ring(one.at, now)
            for code in one.note.split(",")
        }
        await _go_on(uow, desk, case, row, jumps=not lost_before, told=told)
    await uow.audit.record(
        kind="system:alert:not_delivered",
        actor=SYSTEM,
        at=now,
        subject=case.subject_code,
        entity="case",
        entity_id=case.id,
        field="second road" if beside else None,
        new=to.code,
        reason=reason,
    )


async def _patient_not_reached(uow: UnitOfWork, desk: Desk, row: OutboxRow) -> None:
    """Advice or a question of an open case did not reach her: those who were rung hear it, once for a row."""
    case = await uow.cases.get(CaseId(row.message.case_id or ""))
    hers = row.message.unique_key.startswith(("advice:", "loop:"))
    if hers and case is not None and case.closed_at is None and case.level >= Level.URGENT:
        await tell_patient_unreached(uow, desk, case, f"patient-lost:{case.id}:{row.id}")


async def _go_on(
    uow: UnitOfWork, desk: Desk, case: Case, row: OutboxRow, *, jumps: bool, told: set[StaffCode]
) -> None:
    """The chain jumps one step, once for each person; where it cannot wait they are rung beside Telegram.

    Where nobody is left in a chat of all who have been rung, it goes on until somebody is. `told` were rung
    this moment, such as a deputy for somebody else: they get no second copy.
    """
    site, now, to = await site_of(uow, case.site_code), desk.now(), row.message.to
    ahead = escalation.ring_ahead(case, now, desk.calendar_of(site)) if jumps else None
    if ahead is not None:
        rung = await notify(uow, desk, site, ahead, before=case, told=told, ahead=True)
        further = escalation.ring_ahead(rung, now, desk.calendar_of(site), second_road=False)
        if further is not None and not await hears_somebody(uow, site, rung, now):
            rung = await notify(uow, desk, site, further, before=rung, told=told, ahead=True)
        await uow.cases.save(rung)
    staff = await uow.staff.get(StaffCode(to.code)) if to.kind is RecipientKind.STAFF else None
    if staff is not None and case.level >= Level.URGENT:
        await ring_second_road(uow, desk, case, [staff], ring=f"lost-{row.id}")
