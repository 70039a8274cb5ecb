"""A named person ends a case with an outcome. EMERGENCY and URGENT: an investigator only (decisions)."""

from __future__ import annotations

from bot.actions.alert_staff import show_progress, tell_closed_unreached
from bot.actions.desk import Desk, actor_of, entitled_to_case
from bot.actions.mind_silence import is_about_silence
from bot.actions.note_sae import note_potential_sae
from bot.actions.plan_visits import look_again_at
from bot.actions.relay_question import show_settled
from bot.actions.report_death import chat_is_silent, settle_death
from bot.rules import escalation, sae
from bot.rules.access import Act, AuthMethod
from bot.rules.case import Case, CaseId, Outcome, outcomes
from bot.rules.errors import Refusal
from bot.rules.study import Level, StaffCode
from storage.unit_of_work import UnitOfWork


async def close_case(
    desk: Desk, *, case_id: CaseId, by: StaffCode, outcome: Outcome, auth: AuthMethod, note: str = ""
) -> Case:
    """Closes a case in a transaction of its own; see `close_in`."""
    async with desk.archive.begin() as uow:
        return await close_in(uow, desk, case_id=case_id, by=by, outcome=outcome, auth=auth, note=note)


async def close_in(
    uow: UnitOfWork,
    desk: Desk,
    *,
    case_id: CaseId,
    by: StaffCode,
    outcome: Outcome,
    auth: AuthMethod,
    note: str,
) -> Case:
    """Closes the case; dose reminders that it held go on by themselves, and a reported death is settled.

    Raises:
        NotEntitled: another site's case, one that does not exist, or a level this person may not close.
        Refusal: closed already; UNREACHABLE with fewer than three logged attempts; an outcome that this case
            cannot have; MEDICATION_CHANGED without words (specification 3.3).
    """
    staff, participant, case = await entitled_to_case(uow, by, Act.ACKNOWLEDGE_CASE, case_id)
    desk = desk.bound_to(participant)
    act = escalation.act_to_close(case.level)
    if outcome not in outcomes(silence=await is_about_silence(uow, case)):
        raise Refusal("refusal.outcome_needed")
    if outcome is Outcome.MEDICATION_CHANGED and not note.strip():
        raise Refusal("refusal.medication_needed")
    actor = actor_of(staff, act, participant.site_code, auth)
    now = desk.now()
    events = await uow.cases.events(case.id)
    attempts = len(escalation.attempts_in_vain((one.kind, one.at) for one in events))
    closed = await uow.cases.save(escalation.close(case, staff.code, outcome, now, attempts=attempts))
    await uow.cases.add_event(case.id, "CLOSED", now, staff.code, note)
    await uow.audit.record(
        kind="staff:case:closed",
        actor=actor,
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
        field="outcome",
        new=outcome.value,
        reason=note or None,
    )
    await show_progress(uow, desk, closed)
    if outcome is Outcome.UNREACHABLE and case.level is Level.EMERGENCY:
        await tell_closed_unreached(uow, desk, closed)
    if outcome is not Outcome.DIED and not await chat_is_silent(uow, participant):
        await show_settled(uow, desk, participant, closed)
    causes = sae.causes_of(desk.study.sae, outcome=outcome.value)
    await note_potential_sae(uow, desk, participant, causes, case_id=case.id, aware_at=now)
    await settle_death(uow, desk, participant, closed, outcome, actor)
    await look_again_at(uow, participant.subject_code, now)
    return closed
