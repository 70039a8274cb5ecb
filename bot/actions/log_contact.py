"""A person writes down that the patient was reached, or could not be, and what was learnt.

A case that only asks for this call, because nobody heard from her, ends with it once she was reached. Not
reached, it stays before people with the attempts that were made. Source: specification 1.8, 3.3.
"""

from __future__ import annotations

from bot.actions.alert_staff import show_progress
from bot.actions.close_case import close_in
from bot.actions.desk import Desk, actor_of, entitled_to_case, site_of
from bot.actions.mind_silence import is_about_silence
from bot.clock import new_id
from bot.rules import escalation
from bot.rules.access import Act, AuthMethod, may
from bot.rules.case import Case, CaseId, Outcome
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork


async def log_contact(
    desk: Desk, *, case_id: CaseId, by: StaffCode, reached: bool, auth: AuthMethod, learnt: str = ""
) -> Case:
    """Logs a call with what was learnt; one that reached her ends a case about silence.

    Raises:
        NotEntitled: another site's case, or one that does not exist.
        Refusal: the case is closed.
    """
    async with desk.archive.begin() as uow:
        case = await log_contact_in(
            uow, desk, case_id=case_id, by=by, reached=reached, auth=auth, learnt=learnt
        )
        if reached and await is_ended_by_call(uow, case, by):
            case = await end_with_call(uow, desk, case_id=case_id, by=by, auth=auth, learnt="")
        return case


async def log_contact_in(
    uow: UnitOfWork,
    desk: Desk,
    *,
    case_id: CaseId,
    by: StaffCode,
    reached: bool,
    auth: AuthMethod,
    learnt: str = "",
) -> Case:
    """Reached ends the contact timer; not reached is a logged attempt and the chain goes on.

    Raises:
        NotEntitled: another site's case, or one that does not exist.
        Refusal: the case is closed.
    """
    staff, participant, case = await entitled_to_case(uow, by, Act.LOG_CONTACT, case_id)
    now = desk.now()
    site = await site_of(uow, participant.site_code)
    calendar = desk.calendar_of(site)
    changed = (
        escalation.contacted(case, staff.code, now, calendar)
        if reached
        else escalation.contact_failed(case, now, calendar)
    )
    saved = await uow.cases.save(changed)
    event = "CONTACTED" if reached else "CONTACT_FAILED"
    await uow.cases.add_event(case.id, event, now, staff.code, learnt)
    await uow.audit.record(
        kind=f"staff:case:{event.lower()}",
        actor=actor_of(staff, Act.LOG_CONTACT, participant.site_code, auth),
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
        reason=learnt or None,
    )
    await show_progress(uow, desk, saved, said_by="" if reached else new_id())
    return saved


async def is_ended_by_call(uow: UnitOfWork, case: Case, by: StaffCode) -> bool:
    """The case asks for nothing but a call, and this person may end it."""
    staff = await uow.staff.get(by)
    ends = staff is not None and may(staff, escalation.act_to_close(case.level), case.site_code)
    return ends and await is_about_silence(uow, case)


async def end_with_call(
    uow: UnitOfWork, desk: Desk, *, case_id: CaseId, by: StaffCode, auth: AuthMethod, learnt: str
) -> Case:
    """She was reached and nothing more is to be done about her silence.

    Raises:
        NotEntitled, Refusal: as `close_in`.
    """
    return await close_in(uow, desk, case_id=case_id, by=by, outcome=Outcome.REACHED, auth=auth, note=learnt)
