"""*I take this*: one named person takes the case.

The others see who, and the patient hears it then, not before.

Source: specification 3.3; chat.md "The coordinator's phone".
"""

from __future__ import annotations

from bot.actions.alert_staff import show_progress, tell_others
from bot.actions.desk import Desk, actor_of, entitled_to_case, site_of
from bot.actions.note_sae import note_aware
from bot.actions.plan_visits import look_again_at
from bot.actions.report_death import chat_is_silent
from bot.actions.speak import phrase, to_participant
from bot.rules import escalation
from bot.rules.access import Act, AuthMethod
from bot.rules.case import Case, CaseId
from bot.rules.study import Level, StaffCode
from storage.unit_of_work import UnitOfWork


async def acknowledge_case(
    desk: Desk, *, case_id: CaseId, by: StaffCode, auth: AuthMethod, take_over: bool = False
) -> Case:
    """Takes a case in a transaction of its own; see `acknowledge_in`."""
    async with desk.archive.begin() as uow:
        return await acknowledge_in(uow, desk, case_id=case_id, by=by, auth=auth, take_over=take_over)


async def acknowledge_in(
    uow: UnitOfWork,
    desk: Desk,
    *,
    case_id: CaseId,
    by: StaffCode,
    auth: AuthMethod,
    take_over: bool = False,
) -> Case:
    """Takes the case for this person; `take_over`: on purpose, from whoever has it.

    Raises:
        NotEntitled: another site's case, or one that does not exist.
        Refusal: closed, or taken by somebody else (who, and when, is said).
    """
    staff, participant, case = await entitled_to_case(uow, by, Act.ACKNOWLEDGE_CASE, case_id)
    now = desk.now()
    site = await site_of(uow, participant.site_code)
    taken = await uow.cases.save(
        escalation.acknowledge(case, staff.code, now, desk.calendar_of(site), take_over=take_over)
    )
    await uow.cases.add_event(case.id, "ACKNOWLEDGED", now, staff.code, "")
    await note_aware(uow, desk, case.id, now)
    await uow.audit.record(
        kind="staff:case:acknowledged",
        actor=actor_of(staff, Act.ACKNOWLEDGE_CASE, participant.site_code, auth),
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
        field="acknowledged_by",
        old=case.acknowledged_by,
        new=staff.code,
    )
    await show_progress(uow, desk, taken)
    await tell_others(uow, desk, taken, staff, now)
    reached = case.contacted_at is not None
    if case.level >= Level.URGENT and not reached and not await chat_is_silent(uow, participant):
        said = phrase(
            "patient.case.taken_still_go" if case.level is Level.EMERGENCY else "patient.case.taken"
        )
        await uow.outbox.put(
            to_participant(participant, f"taken:{case.id}:{taken.version}", [said], case_id=case.id),
            desk.now(),
        )
    await look_again_at(uow, participant.subject_code, now)
    return taken
