"""A potential serious adverse event: raised once for a case, its clock kept (`answer_sae` ends it).

What comes to the case after the answer, such as an admission, is asked anew with a clock of its own. The bot
never decides seriousness. Source: specification 3.6.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.actions.desk import Desk, site_of
from bot.actions.each_due import each_due
from bot.actions.speak import phrase, to_staff
from bot.clock import new_id
from bot.rules import sae
from bot.rules.access import SYSTEM, Staff
from bot.rules.messages import Priority
from bot.rules.participant import Participant
from bot.rules.sae import SaeCause, SaeReminder, SaeTask, SaeTaskId
from bot.rules.study import Role, SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

AT_ONCE = 50
# Until somebody of the staff has been told, whether they have is looked up so often.
_LOOK_AGAIN = timedelta(minutes=15)
# Told where a site has nobody in the roles that should hear: no clock ends in silence.
_WHO_ELSE = (Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR, Role.COORDINATOR, Role.CENTRAL)


async def note_potential_sae(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    causes: tuple[SaeCause, ...],
    *,
    case_id: str | None = None,
    aware_at: datetime | None = None,
) -> SaeTask | None:
    """Raises the question for this case, or adds causes to the one that stands; None without a cause.

    Where it was answered, causes that were known then ask nothing again; gives the question last asked.
    `aware_at`: a person of the site knew then, as with what staff enter themselves.
    """
    if not causes:
        return None
    known = await uow.sae_tasks.of_case(case_id) if case_id is not None else ()
    asked = {cause for task in known for cause in task.causes}
    fresh = tuple(cause for cause in SaeCause if cause in causes and cause not in asked)
    task = next((one for one in known if one.answered_at is None), None)
    if task is None and known and not fresh:
        return known[-1]
    if task is None:
        task = await _raised(uow, desk, participant, fresh, case_id)
    merged = tuple(cause for cause in SaeCause if cause in {*task.causes, *fresh})
    changed = replace(task, causes=merged)
    if merged != task.causes:
        await _record(uow, desk, changed, old=",".join(task.causes))
    if aware_at is not None:
        changed = sae.aware(desk.study.sae, changed, aware_at)
    return changed if changed == task else await uow.sae_tasks.save(changed)


async def _raised(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    causes: tuple[SaeCause, ...],
    case_id: str | None,
) -> SaeTask:
    task = SaeTask(
        id=SaeTaskId(new_id()),
        subject_code=participant.subject_code,
        causes=causes,
        raised_at=desk.now(),
        aware_at=None,
        due_at=None,
        next_step_at=desk.now() + _LOOK_AGAIN,
        case_id=case_id,
    )
    await uow.sae_tasks.add(task)
    await _record(uow, desk, task, old=None)
    return task


async def _record(uow: UnitOfWork, desk: Desk, task: SaeTask, *, old: str | None) -> None:
    await uow.audit.record(
        kind="system:sae:raised",
        actor=SYSTEM,
        at=desk.now(),
        subject=task.subject_code,
        entity="sae",
        entity_id=task.id,
        field="causes",
        old=old,
        new=",".join(task.causes),
    )


async def note_aware(uow: UnitOfWork, desk: Desk, case_id: str, at: datetime) -> None:
    """A person of the site was delivered an alert of this case, or logged something: the clock begins."""
    for task in await uow.sae_tasks.of_case(case_id):
        begun = task if task.answered_at is not None else sae.aware(desk.study.sae, task, at)
        if begun != task:
            await uow.sae_tasks.save(begun)


async def advance_sae_tasks(desk: Desk) -> int:
    """Reminds of every task whose moment has come. Returns how many were due."""

    async def find(tried: Collection[SaeTaskId]) -> Sequence[SaeTaskId]:
        async with desk.archive.read() as uow:
            return await uow.sae_tasks.due(desk.now(), AT_ONCE, but=tried)

    return await each_due(find, partial(_advance, desk), action="advance_sae_tasks")


async def _advance(desk: Desk, task_id: SaeTaskId) -> None:
    async with desk.archive.begin() as uow:
        task = await uow.sae_tasks.get(task_id)
        if task is None:
            return
        participant = await uow.participants.get(task.subject_code)
        if participant is None:
            raise LookupError("a task is about nobody")
        if task.aware_at is None:
            await _look_who_knows(uow, desk, task)
            return
        reminder = sae.next_reminder(desk.bound_to(participant).study.sae, task, desk.now())
        if reminder is not None:
            saved = await uow.sae_tasks.save(reminder.task)
            await _remind(uow, desk, participant, reminder, saved)


async def _look_who_knows(uow: UnitOfWork, desk: Desk, task: SaeTask) -> None:
    """The clock begins with the first alert that reached a person of the staff."""
    told_at = await uow.outbox.first_delivered(task.case_id) if task.case_id else task.raised_at
    begun = (
        sae.aware(desk.study.sae, task, told_at)
        if told_at is not None
        else replace(task, next_step_at=desk.now() + _LOOK_AGAIN)
    )
    await uow.sae_tasks.save(begun)


async def _holding(uow: UnitOfWork, roles: Sequence[Role], site: SiteCode) -> dict[StaffCode, Staff]:
    """Everybody in these roles there, each once."""
    return {staff.code: staff for role in roles for staff in await uow.staff.holding(role, site)}


async def _remind(
    uow: UnitOfWork, desk: Desk, participant: Participant, reminder: SaeReminder, task: SaeTask
) -> None:
    site = await site_of(uow, participant.site_code)
    key = "staff.sae.overdue" if reminder.overdue else "staff.sae.due"
    said = phrase(key, subject=participant.subject_code, at=task.due_at)
    told = await _holding(uow, reminder.roles, site.code) or await _holding(uow, _WHO_ELSE, site.code)
    for staff in told.values():
        await uow.outbox.put(
            to_staff(
                staff,
                site,
                f"sae:{task.id}:{task.told}:{staff.code}",
                [said],
                priority=Priority.ALERT,
                about=participant.subject_code,
            ),
            desk.now(),
        )
    await uow.audit.record(
        kind="system:sae:reminded",
        actor=SYSTEM,
        at=desk.now(),
        subject=participant.subject_code,
        entity="sae",
        entity_id=task.id,
        new=",".join(sorted(told)) or "nobody",
    )
