"""A person writes down that the patient was reached, or could not be reached. Source: specification 3.3."""

from __future__ import annotations

from bot.actions.alert_staff import show_progress
from bot.actions.desk import Desk, actor_of, entitled, site_of
from bot.rules import escalation
from bot.rules.access import Act, AuthMethod
from bot.rules.case import Case, CaseId
from bot.rules.errors import NotEntitled
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork


async def log_contact(desk: Desk, *, case_id: CaseId, by: StaffCode, reached: bool, auth: AuthMethod) -> Case:
    """Logs an attempt in a transaction of its own; see `log_contact_in`."""
    async with desk.archive.begin() as uow:
        return await log_contact_in(uow, desk, case_id=case_id, by=by, reached=reached, auth=auth)


async def log_contact_in(
    uow: UnitOfWork, desk: Desk, *, case_id: CaseId, by: StaffCode, reached: bool, auth: AuthMethod
) -> Case:
    """Reached ends the contact timer; not reached is a logged attempt and the chain goes on.

    Raises:
        NotEntitled: another site's case, or one that does not exist.
        Refusal: the case is closed.
    """
    case = await uow.cases.get(case_id)
    if case is None:
        raise NotEntitled()
    staff, participant = await entitled(uow, by, Act.LOG_CONTACT, case.subject_code)
    case = await uow.cases.get(case_id) or case
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
    await uow.cases.add_event(case.id, event, now, staff.code, "")
    await uow.audit.record(
        kind=f"staff:case:{event.lower()}",
        actor=actor_of(staff, Act.LOG_CONTACT, participant.site_code, auth),
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
    )
    await show_progress(uow, desk, saved)
    return saved
