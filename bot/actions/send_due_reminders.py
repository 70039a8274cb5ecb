"""The look at each participant whose time has come: reminders, check-ins, silence, and what staff must know.

A tick reads an indexed column, never everybody; one bad participant never stops it.
Source: architecture, "How a reminder travels"; specification 1.8, 1.10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.actions.asked_of import asked_in
from bot.actions.confirm_activity import take_buttons_of_reminders
from bot.actions.desk import Desk, site_of
from bot.actions.mind_silence import raise_silence, silence_of
from bot.actions.plan_visits import cancel_tag, course_of, staff_tag
from bot.actions.raise_case import raise_case
from bot.actions.report_symptoms import note_silence, offer_report, report_is_open
from bot.actions.speak import Rows, button, phrase, to_participant, to_staff
from bot.actions.who_is_called import everybody_of, who_is_called
from bot.rules import activity_token, reminders
from bot.rules.access import SYSTEM
from bot.rules.case import CaseKind
from bot.rules.check_ins import CheckIn
from bot.rules.messages import Priority
from bot.rules.participant import Participant
from bot.rules.prophylaxis import StaffReminder
from bot.rules.reminders import Reminder, ReminderKind
from bot.rules.report import OpenedBy
from bot.rules.silence import is_about_silence
from bot.rules.staff_notices import StaffNotice
from bot.rules.study import Level, Role, SubjectCode
from storage.audit_trail import AuditEntry
from storage.errors import StorageUnavailable
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger()
# One tick takes this many; the next follows at once while any are due.
AT_ONCE = 200
AFTER_A_FAULT = timedelta(minutes=1)
# Who gives the dose before a therapy ("Nurse/CRC reminder", specification 1.7), and who where nobody does.
_WHO_GIVES = (Role.COORDINATOR,)
_WHO_ELSE_GIVES = (Role.COORDINATOR, Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR)


async def send_due_reminders(desk: Desk) -> int:
    """Looks at everybody who is due. Returns how many were."""
    async with desk.archive.read() as uow:
        due = await uow.participants.due_for_look(desk.now(), AT_ONCE)
    for subject in due:
        try:
            await look_after(desk, subject)
        except Exception:
            _log.exception("participant_not_looked_at", action="send_due_reminders", subject=subject)
            await _look_later(desk, subject)
    return len(due)


async def _look_later(desk: Desk, subject: SubjectCode) -> None:
    """A look that fails is tried again in a while: those who are due behind her must not wait for it."""
    try:
        async with desk.archive.begin() as uow:
            participant = await uow.participants.lock(subject)
            if participant is not None:
                await uow.participants.save(replace(participant, next_look_at=desk.now() + AFTER_A_FAULT))
    except StorageUnavailable:
        return  # all of them wait


async def look_after(desk: Desk, subject: SubjectCode) -> None:
    """Everything that is due for one participant, in one commit."""
    async with desk.archive.begin() as uow:
        participant = await uow.participants.lock(subject)
        if participant is None:
            return
        desk = desk.bound_to(participant)
        silent_until = await note_silence(uow, desk, participant)
        participant = await uow.participants.lock(subject) or participant
        await _look(uow, desk, participant, silent_until)


async def _look(uow: UnitOfWork, desk: Desk, participant: Participant, silent_until: datetime | None) -> None:
    """`silent_until`: when silence in an open report has something to do next."""
    subject, now = participant.subject_code, desk.now()
    course = await course_of(uow, participant)
    held = any(case.level >= Level.URGENT for case in await uow.cases.open_of(subject))
    reports, record = await uow.reports.of(subject), await uow.audit.of(subject)
    reported_at = [report.opened_at for report in reports]
    decision = reminders.decide(
        desk.study,
        participant,
        course,
        now,
        held=held,
        known=_known(record),
        reported_at=reported_at,
        report_open=await report_is_open(uow, participant) is not None,
        calendar=desk.calendar_of(await site_of(uow, participant.site_code)),
        silence=await silence_of(uow, subject, asked_in(record, reports), reported_at),
    )
    for reminder in decision.reminders:
        await _remind(uow, desk, participant, reminder)
    for staff_reminder in decision.for_staff:
        await _remind_staff(uow, desk, participant, staff_reminder)
    for check_in in decision.check_ins:
        await _check_in(uow, desk, participant, check_in, now)
    for notice in decision.notices:
        await _tell_staff(uow, desk, participant, notice)
    for missed in decision.missed:
        await _record(uow, participant, "system:reminder:missed", missed.key, now)
    moments = (decision.next_look_at, _own_moment(participant, now), silent_until)
    later = [moment for moment in moments if moment]
    await uow.participants.save(replace(participant, next_look_at=min(later, default=None)))


def _own_moment(participant: Participant, now: datetime) -> datetime | None:
    """A moment that something else asked for and that is still to come, such as a timer of a report."""
    asked = participant.next_look_at
    return asked if asked is not None and asked > now else None


def _known(record: Iterable[AuditEntry]) -> frozenset[str]:
    """Keys said, raised, or recorded as missed before."""
    return frozenset(entry.entity_id for entry in record if entry.entity == "reminder")


async def _remind(uow: UnitOfWork, desk: Desk, participant: Participant, reminder: Reminder) -> None:
    """The reminder with its answers; the buttons of the one before, of the same visit, no longer count."""
    now = desk.now()
    rows: Rows = (
        tuple(
            button(reminder.label_key(what), activity_token.token(what, reminder.activity_key))
            for what in reminder.buttons
        ),
    )
    if reminder.kind is not ReminderKind.ASK_DONE:
        rows = (*rows, (button("patient.button.unwell", "h:unwell"),))
    await take_buttons_of_reminders(uow, desk, participant, reminder.activity_key)
    message = to_participant(
        participant,
        reminder.key,
        [phrase(reminder.phrase_key, at=reminder.visit_at)],
        buttons=rows,
        priority=Priority.REMINDER,
        expires_at=reminder.expires_at,
        cancel_tag=cancel_tag(participant.subject_code, reminder.activity_key),
        routine=True,
    )
    await uow.outbox.put(message, now)
    await _record(uow, participant, "system:reminder:sent", reminder.key, now)


async def _remind_staff(
    uow: UnitOfWork, desk: Desk, participant: Participant, reminder: StaffReminder
) -> None:
    """To those who give the dose and are on duty; where nobody is, to everybody of the site's roles.

    It cannot wait for the morning: the therapy starts when it starts.
    """
    site, now = await site_of(uow, participant.site_code), desk.now()
    called = await who_is_called(uow, site.code, _WHO_GIVES, now)
    people = called.people or await everybody_of(uow, site.code, _WHO_ELSE_GIVES)
    key = "staff.prophylaxis.due" if reminder.now_due else "staff.prophylaxis.soon"
    said = phrase(key, subject=participant.subject_code, number=reminder.therapy, at=reminder.target_at)
    for staff in people:
        message = to_staff(
            staff,
            site,
            f"{reminder.key}:{staff.code}",
            [said],
            buttons=((button("staff.prophylaxis.see", f"y:{participant.subject_code}"),),),
            priority=Priority.REMINDER,
            about=participant.subject_code,
            expires_at=reminder.expires_at,
            cancel_tag=staff_tag(participant.subject_code, reminder.activity_key),
        )
        await uow.outbox.put(message, now)
    await _record(uow, participant, "system:reminder:sent", reminder.key, now)


async def _check_in(
    uow: UnitOfWork, desk: Desk, participant: Participant, check_in: CheckIn, now: datetime
) -> None:
    """The first screen of a report, so that a good day is three taps; its nudge shows that screen again."""
    words = phrase("patient.check_in.nudge" if check_in.nudge_of is not None else "patient.check_in")
    message = to_participant(
        participant,
        check_in.key,
        [words],
        priority=Priority.REMINDER,
        expires_at=check_in.expires_at,
        routine=True,
    )
    await offer_report(
        uow,
        desk,
        participant,
        message,
        opened_by=OpenedBy.CHECK_IN,
        check_in_key=check_in.nudge_of or check_in.key,
    )
    await _record(uow, participant, "system:reminder:sent", check_in.key, now)


async def _tell_staff(uow: UnitOfWork, desk: Desk, participant: Participant, notice: StaffNotice) -> None:
    about = f"staff.notice.{notice.kind.value.replace('-', '_')}"
    level = max(notice.level, Level.ROUTINE)
    if is_about_silence(notice):
        await raise_silence(uow, desk, participant, level, about)
    else:
        await raise_case(uow, desk, participant, kind=CaseKind.REQUEST, level=level, about=about)
    await _record(uow, participant, "system:notice:raised", notice.key, desk.now())


async def _record(uow: UnitOfWork, participant: Participant, kind: str, key: str, now: datetime) -> None:
    await uow.audit.record(
        kind=kind,
        actor=SYSTEM,
        at=now,
        subject=participant.subject_code,
        entity="reminder",
        entity_id=key,
    )
