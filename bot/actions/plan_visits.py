"""The plan of a participant from her facts, and when she must be looked at next.

Nothing is planned in the archive: every look computes the plan anew from the facts, so a new fact (a result,
a dose, a wish) changes it in its own commit and what is no longer true is cancelled there. `settle` is what
every such fact ends with: waiting reminders that are no longer true go, the state follows, the patient hears
of it once. Source: architecture, "How a reminder travels"; specification 1.3, 1.4.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk, site_of
from bot.actions.speak import phrase, to_participant, to_staff
from bot.clock import new_id
from bot.rules import schedule
from bot.rules.access import SYSTEM
from bot.rules.activities import ActivityKind, ActivityStatus, CancelReason, Course, PlannedActivity, Visit
from bot.rules.changes import Change, ChangeKind, Effects, effects, send_after
from bot.rules.messages import Message, Phrase, Priority
from bot.rules.participant import Participant
from bot.rules.states import state_of
from bot.rules.study import Role, SubjectCode
from storage.unit_of_work import UnitOfWork

_NO_LONGER_PLANNED = frozenset({ChangeKind.MOVED, ChangeKind.CANCELLED, ChangeKind.CLOSED})


async def course_of(uow: UnitOfWork, participant: Participant) -> Course:
    """All that is known of her course, as the records stand."""
    subject = participant.subject_code
    site = await site_of(uow, participant.site_code)
    return Course.of(
        participant,
        site_zone=site.time_zone,
        doses=await uow.doses.of(subject),
        labs=await uow.labs.of(subject),
        stated=await uow.stated.of(subject),
        decisions=await uow.decisions.of(subject),
        transfusions=await uow.transfusions.of(subject),
        therapies=await uow.therapies.of(subject),
        holds=await uow.holds.of(subject),
    )


async def settle(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    before: Course,
    *,
    planned_before: tuple[PlannedActivity, ...] | None = None,
) -> Participant:
    """After a new fact is stored: everything it changes, in the same commit.

    `before` is her course as it was, `planned_before` her plan where it was made under another version of the
    study. Gives her as saved, in the state that the facts now give.
    """
    now = desk.now()
    after = await course_of(uow, participant)
    found = effects(desk.study, participant, before, after, now, planned_before=planned_before)
    for change in found.changes:
        if change.kind in _NO_LONGER_PLANNED:
            await _cancel_reminders(uow, participant.subject_code, change.activity.key, "no longer true", now)
    await _hold_back(uow, desk, participant, after)
    await _tell_her(uow, desk, participant, after, found)
    if found.state_after is not participant.state:
        await uow.audit.record(
            kind="system:participant:state",
            actor=SYSTEM,
            at=now,
            subject=participant.subject_code,
            entity="participant",
            entity_id=participant.subject_code,
            field="state",
            old=participant.state.value,
            new=found.state_after.value,
        )
    saved = await uow.participants.save(replace(participant, state=found.state_after, next_look_at=now))
    await _tell_coordinators(uow, desk, saved, after, found.changes)
    return saved


async def replan_in(uow: UnitOfWork, desk: Desk, participant: Participant) -> Participant:
    """After something she said herself: nothing moves by it, but reminders may fall away; looks again now."""
    course = await course_of(uow, participant)
    planned = schedule.plan(desk.study, course)
    now = desk.now()
    for activity in planned:
        if not activity.is_open or course.says_done(activity.key):
            await uow.outbox.cancel(cancel_tag(participant.subject_code, activity.key), "no longer true", now)
    state = state_of(desk.study, participant, course, planned, now)
    return await uow.participants.save(replace(participant, state=state, next_look_at=now))


async def look_again_at(uow: UnitOfWork, subject: SubjectCode, moment: datetime) -> None:
    """She is looked at no later than this."""
    participant = await uow.participants.lock(subject)
    if participant is None:
        return
    if participant.next_look_at is None or moment < participant.next_look_at:
        await uow.participants.save(replace(participant, next_look_at=moment))


async def next_visit_phrase(uow: UnitOfWork, desk: Desk, participant: Participant) -> Phrase:
    """Her next visit in words: when, and whether for blood, injection or both."""
    return coming_visit(desk, participant, await course_of(uow, participant))


def coming_visit(desk: Desk, participant: Participant, course: Course) -> Phrase:
    """As `next_visit_phrase`, of a course that is at hand."""
    planned = schedule.plan(desk.study, course)
    now = desk.now()
    ahead = schedule.visits(_open(planned), participant.time_zone)
    coming = [visit for visit in ahead if not course.is_behind(visit.target_at, now)]
    if not coming:
        return phrase("patient.no_visits")
    visit = coming[0]
    has_dose = any(activity.kind is not ActivityKind.DRAW for activity in visit.activities)
    has_draw = any(activity.kind is ActivityKind.DRAW for activity in visit.activities)
    content = "visit" if has_dose and has_draw else "injection" if has_dose else "draw"
    return phrase(f"patient.next_visit.{content}", at=visit.target_at)


def visit_in_mind(desk: Desk, course: Course) -> Visit | None:
    """The visit she means when she names none: the first that is still to be done and has not slipped away.

    A dose that was missed counts while its window is open, a draw of its own on its day only.
    """
    today = course.day_of(desk.now())
    to_do = [one for one in schedule.plan(desk.study, course) if one.status is ActivityStatus.PLANNED]
    for visit in schedule.visits(to_do, course.time_zone):
        dose = next((one for one in visit.activities if one.kind is not ActivityKind.DRAW), None)
        if visit.day >= today or (dose is not None and not dose.has_closed(today)):
            return visit
    return None


def cancel_tag(subject: SubjectCode, activity_key: str) -> str:
    """The tag of the reminders of one activity."""
    return f"reminder:{subject}:{activity_key}"


def staff_tag(subject: SubjectCode, activity_key: str) -> str:
    """The tag of what staff are reminded of for one activity."""
    return f"staff-reminder:{subject}:{activity_key}"


async def cancel_for_staff(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """What staff were still to be reminded of for her: she left the study, or died."""
    for activity in schedule.plan(desk.study, await course_of(uow, participant)):
        await uow.outbox.cancel(
            staff_tag(participant.subject_code, activity.key), "participation ended", desk.now()
        )


async def _cancel_reminders(
    uow: UnitOfWork, subject: SubjectCode, activity_key: str, reason: str, now: datetime
) -> None:
    """What waits to be said of this activity, to her and to staff."""
    for tag in (cancel_tag(subject, activity_key), staff_tag(subject, activity_key)):
        await uow.outbox.cancel(tag, reason, now)


def _open(planned: tuple[PlannedActivity, ...]) -> list[PlannedActivity]:
    return [activity for activity in planned if activity.is_open]


async def _hold_back(uow: UnitOfWork, desk: Desk, participant: Participant, course: Course) -> None:
    """While doses are on hold, no reminder of one that still waits may go."""
    if not course.held():
        return
    for activity in schedule.plan(desk.study, course):
        if activity.kind is not ActivityKind.DRAW:
            await _cancel_reminders(
                uow, participant.subject_code, activity.key, "doses are on hold", desk.now()
            )


async def _tell_her(
    uow: UnitOfWork, desk: Desk, participant: Participant, course: Course, found: Effects
) -> None:
    """One message with what changed and, below, her next date: it is the last thing she reads of it.

    An earlier one that still waits is replaced: she is left with one date, the one that counts.
    """
    if not found.news:
        return
    tag = f"plan:{participant.subject_code}"
    now = desk.now()
    unread = await uow.outbox.cancel(tag, "the plan changed again", now)
    told = (phrase("patient.plan.changed"),) if unread else found.news
    message = to_participant(
        participant,
        f"plan:{participant.subject_code}:{new_id()}",
        [*told, coming_visit(desk, participant, course)],
        priority=Priority.REMINDER,
        cancel_tag=tag,
        routine=True,
    )
    await uow.outbox.put(later(message, send_after(desk.study, course, found.changes, now), now), now)


def later(message: Message, moment: datetime, now: datetime) -> Message:
    """The message, not sent before `moment` where that is still to come."""
    return replace(message, send_after=moment) if moment > now else message


async def _tell_coordinators(
    uow: UnitOfWork, desk: Desk, participant: Participant, course: Course, found: tuple[Change, ...]
) -> None:
    """The coordinator hears at once that dosing ended by the stop rule. Source: specification 1.4, SCH-2."""
    ended = any(
        one.kind is ChangeKind.CANCELLED and one.activity.cancelled_because is CancelReason.RESPONSE
        for one in found
    )
    if not ended:
        return
    ended_at = schedule.responded_at(desk.study, course)
    stopping = next(lab for lab in course.counts(desk.study.stop.analyte) if lab.sampled_at == ended_at)
    site = await site_of(uow, participant.site_code)
    for staff in await uow.staff.holding(Role.COORDINATOR, site.code):
        said = phrase(
            "staff.responded", subject=participant.subject_code, value=stopping.value, at=stopping.sampled_at
        )
        key = f"responded:{stopping.id}:{new_id()}:{staff.code}"
        await uow.outbox.put(
            to_staff(staff, site, key, [said], priority=Priority.REMINDER, about=participant.subject_code),
            desk.now(),
        )
