"""Every open case goes on by itself: ring, ring others, ask the patient, until a person has ended it.

A tick looks only at cases whose next moment has come; one bad case never stops the others.
Source: specification 3.3; architecture, "How an escalation travels".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from bot.actions.alert_staff import alert_card, ring, tell_unconfirmed
from bot.actions.desk import Desk, site_of
from bot.actions.each_due import each_due
from bot.actions.give_advice import answers_of
from bot.actions.plan_visits import later
from bot.actions.report_death import death_is_reported
from bot.actions.ring_second_road import ring_second_road
from bot.actions.speak import advice, button, participant_as_recipient, phrase, to_participant
from bot.actions.tell_group import ring_group
from bot.actions.who_is_called import OnDuty, everybody_of, is_reachable, who_is_called
from bot.rules import escalation
from bot.rules.access import SYSTEM, Site, Staff
from bot.rules.calendar import after_quiet
from bot.rules.case import Case, CaseId
from bot.rules.escalation import AskPatient, Notify, Wait
from bot.rules.messages import Priority
from bot.rules.participant import TERMINAL_STATES
from bot.rules.study import ChainStep, Level, Role, StaffCode
from storage.unit_of_work import UnitOfWork

# So many are looked up at once.
AT_ONCE = 50


async def advance_escalations(desk: Desk) -> int:
    """Advances every case that is due. Returns how many were."""

    async def find(tried: Collection[CaseId]) -> Sequence[CaseId]:
        async with desk.archive.read() as uow:
            return await uow.cases.due(desk.now(), AT_ONCE, but=tried)

    return await each_due(find, partial(advance_case, desk), action="advance_escalations")


async def advance_case(desk: Desk, case_id: CaseId) -> None:
    """Does for one case all that is due now, in one commit."""
    async with desk.archive.begin() as uow:
        case = await uow.cases.get(case_id)
        if case is None or case.closed_at is not None:
            return
        site = await site_of(uow, case.site_code)
        calendar = desk.calendar_of(site)
        current, told, rung = case, set[StaffCode](), 0
        unconfirmed = await _help_is_unconfirmed(uow, desk, case, site)
        while not isinstance(step := escalation.next_step(current, desk.now(), calendar), Wait):
            match step:
                case Notify():
                    current = await notify(uow, desk, site, step, before=current, told=told)
                    rung = step.round if step.roles else rung
                case AskPatient():
                    await _ask(uow, desk, site, step)
                    current = step.case
                case _:
                    return
        if rung:
            await ring_group(uow, desk, step.case, await alert_card(uow, desk, step.case), ring=rung)
        if unconfirmed:
            await tell_unconfirmed(uow, desk, step.case, already=told, group=not rung)
        await uow.cases.save(step.case)


async def ring_for_her(uow: UnitOfWork, desk: Desk, case: Case) -> Case:
    """She says that nobody has reached her: rung again at once, in the group too; the case as it stands then.

    Where everybody was rung this very minute, only a contact that was logged is taken back.
    """
    site, now = await site_of(uow, case.site_code), desk.now()
    calendar = desk.calendar_of(site)
    step = escalation.ring_for_her(case, now, calendar)
    if step is None:
        denied = escalation.contact_denied(case, calendar)
        return await uow.cases.save(denied) if denied != case else case
    rung = await notify(uow, desk, site, step, before=case, told=set())
    await ring_group(uow, desk, rung, await alert_card(uow, desk, rung), ring=step.round)
    return await uow.cases.save(rung)


async def notify(
    uow: UnitOfWork,
    desk: Desk,
    site: Site,
    step: Notify,
    *,
    before: Case,
    told: set[StaffCode],
    ahead: bool = False,
) -> Case:
    """Rings everybody of the roles who is on duty, by the roads of the step; gives the case after it.

    Where nobody who should be rung in the chat can be, or a role is called for the first time, nobody is on
    duty for it and nobody of a later role hears this ring either, the next people of the chain are rung at
    once (`ahead`); whoever was rung this moment (`told`) gets no second copy. A second road that does not
    exist is written down and hurries nothing.
    """
    now, case = desk.now(), step.case
    on_duty = await who_is_called(uow, site.code, step.roles, now)
    reachable = on_duty.reachable
    if step.roles and not reachable:
        reachable = await _in_their_place(uow, site, case, now, ahead=ahead)
    rung = tuple(one for one in reachable if one.code not in told)
    told |= {one.code for one in rung}
    await ring(uow, desk, case, rung, ring_number=step.round, next_told=None)
    unreachable = [one for one in on_duty.people if one not in reachable]
    for one in unreachable:
        await uow.cases.add_event(case.id, "NOT_REACHABLE", now, one.code, "no chat")
    for one in on_duty.skipped:
        await uow.cases.add_event(case.id, "OFF_DUTY", now, one.code, "")
    await _ring_beside(uow, desk, site, step, unreachable)
    names = ",".join(one.code for one in rung)
    await uow.cases.add_event(case.id, "RUNG", now, "system", names)
    await uow.audit.record(
        kind="system:case:rung",
        actor=SYSTEM,
        at=now,
        subject=case.subject_code,
        entity="case",
        entity_id=case.id,
        field=f"ring {step.round}",
        new=names or "nobody reachable",
        reason=step.why.value,
    )
    goes_on = not on_duty.reachable and (ahead or not escalation.is_ahead(before))
    if step.roles and (goes_on or _role_is_missing(site, step, before, on_duty, reachable)):
        further = escalation.ring_ahead(case, now, desk.calendar_of(site), second_road=False)
        if further is not None:
            return await notify(uow, desk, site, further, before=case, told=told, ahead=True)
    return case


async def _in_their_place(
    uow: UnitOfWork, site: Site, case: Case, now: datetime, *, ahead: bool
) -> tuple[Staff, ...]:
    """Who is rung where nobody of a step can be: those who stand in for them since an earlier ring.

    With the whole chain rung and nobody on duty to be reached, those off duty: no escalation ends in silence.
    """
    steps = case.chain.steps
    if not ahead and escalation.is_ahead(case):
        stand_in = await who_is_called(uow, site.code, _roles(steps[: case.steps_hastened]), now)
        if stand_in.reachable:
            return stand_in.reachable
    if (
        not escalation.has_rung_all(case)
        or (await who_is_called(uow, site.code, _roles(steps), now)).reachable
    ):
        return ()
    return tuple(filter(is_reachable, await everybody_of(uow, site.code, _roles(steps))))


async def hears_somebody(uow: UnitOfWork, site: Site, case: Case, now: datetime) -> bool:
    """Whether anybody on duty of the steps rung so far can be reached in a chat, as far as is known."""
    begun = max(case.steps_done, case.steps_hastened)
    return bool((await who_is_called(uow, site.code, _roles(case.chain.steps[:begun]), now)).reachable)


def _roles(steps: Sequence[ChainStep]) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(role for step in steps for role in step.roles))


def _role_is_missing(
    site: Site, step: Notify, before: Case, on_duty: OnDuty, reachable: Sequence[Staff]
) -> bool:
    """A role called for the first time has nobody on duty, and nobody of a later role hears this ring.

    Source: specification 3.2 ("the alert goes straight to the next role").
    """
    rung_before = before.chain.steps[: max(before.steps_done, before.steps_hastened)]
    called_before = {role for one in rung_before for role in one.roles}
    for role in set(on_duty.unstaffed) - called_before:
        later = step.roles[step.roles.index(role) + 1 :]
        if not any(one.holds(other, site.code) for one in reachable for other in later):
            return True
    return False


async def _ring_beside(
    uow: UnitOfWork, desk: Desk, site: Site, step: Notify, unreachable: Sequence[Staff]
) -> None:
    """The second road: where the step says so, and to whoever has no chat in a matter that cannot wait."""
    case = step.case
    people = (await who_is_called(uow, site.code, step.second_roles, desk.now())).people
    if not people and escalation.has_rung_all(case):
        people = await everybody_of(uow, site.code, step.second_roles)
    if case.level >= Level.URGENT:
        people = (*people, *(one for one in unreachable if one not in people))
    await ring_second_road(uow, desk, case, people, ring=str(step.round))
    for role in step.second_roles:
        if not await uow.staff.holding(role, site.code):
            await uow.cases.add_event(case.id, "NOT_REACHABLE", desk.now(), role.value, "nobody has the role")


async def _help_is_unconfirmed(uow: UnitOfWork, desk: Desk, case: Case, site: Site) -> bool:
    """Written to the case first, so that whoever is rung at this moment reads it on the card."""
    if not escalation.help_is_unconfirmed(case, desk.now(), desk.calendar_of(site)):
        return False
    participant = await uow.participants.get(case.subject_code)
    if participant is None or participant.state in TERMINAL_STATES:
        return False
    if await death_is_reported(uow, participant):
        return False
    await uow.cases.add_event(case.id, "NO_CONFIRMATION", desk.now(), "system", "")
    return True


async def _ask(uow: UnitOfWork, desk: Desk, site: Site, step: AskPatient) -> None:
    """One question or one repeated advice to the patient, at any hour where it cannot wait.

    The question of the next morning waits for the end of quiet time by her own clock. Source: 1.10, 3.3.
    """
    case = step.case
    participant = await uow.participants.get(case.subject_code)
    if participant is None or participant.state in TERMINAL_STATES:
        return
    if await death_is_reported(uow, participant):
        return
    if await uow.identities.chat_of(participant_as_recipient(case.subject_code)) is None:
        return
    # A case that rings from the start again asks her again.
    key = f"loop:{case.id}:{case.rung_from.isoformat()}:{case.patient_steps_done}"
    await uow.cases.add_event(case.id, "ASKED", desk.now(), "system", step.step.key)
    if not step.step.options and case.level is Level.EMERGENCY:
        text = desk.study.texts[desk.study.triage.emergency_fallback]
        said_again = advice(participant, site, text, key, case_id=case.id, rows=answers_of(case))
        await uow.outbox.put(said_again, desk.now())
        return
    rows = tuple(
        (button(f"patient.answer.{option}", f"p:{case.id}:{option}"),) for option in step.step.options
    )
    said = phrase(step.step.key, site_phone=site.phone)
    priority = Priority.ALERT if case.level >= Level.URGENT else Priority.REPLY
    message = to_participant(participant, key, [said], buttons=rows, priority=priority, case_id=case.id)
    now = desk.now()
    if case.level < Level.URGENT:
        message = later(message, after_quiet(desk.study.quiet_hours, now, participant.time_zone), now)
    await uow.outbox.put(message, now)
