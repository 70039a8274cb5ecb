"""The plan of a participant from her facts, and when she must be looked at next.

Nothing is planned in the archive: every look computes the plan anew from the facts, so a new fact (a
result, a
dose, a wish) changes it in its own commit and what is no longer true is cancelled there.
Source: architecture, "How a reminder travels".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk
from bot.actions.speak import phrase
from bot.rules import schedule
from bot.rules.activities import Course, PlannedActivity
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork


async def course_of(uow: UnitOfWork, participant: Participant) -> Course:
    """All that is known of her course, as the records stand."""
    subject = participant.subject_code
    return Course.of(
        participant,
        doses=await uow.doses.of(subject),
        labs=await uow.labs.of(subject),
        stated=await uow.stated.of(subject),
    )


async def replan_in(uow: UnitOfWork, desk: Desk, participant: Participant) -> Participant:
    """After a new fact.

    Cancels waiting reminders of activities that are no longer open, and looks again now.
    """
    planned = schedule.plan(desk.study, await course_of(uow, participant))
    now = desk.now()
    for activity in planned:
        if not activity.is_open:
            await uow.outbox.cancel(cancel_tag(participant.subject_code, activity.key), "no longer true", now)
    return await uow.participants.save(replace(participant, next_look_at=now))


async def look_again_at(uow: UnitOfWork, subject: SubjectCode, moment: datetime) -> None:
    """She is looked at no later than this."""
    participant = await uow.participants.lock(subject)
    if participant is None:
        return
    if participant.next_look_at is None or moment < participant.next_look_at:
        await uow.participants.save(replace(participant, next_look_at=moment))


async def next_visit_phrase(uow: UnitOfWork, desk: Desk, participant: Participant) -> Phrase:
    """Her next visit in words: when, and whether for blood, injection or both."""
    planned = schedule.plan(desk.study, await course_of(uow, participant))
    now = desk.now()
    coming = [
        visit for visit in schedule.visits(_open(planned), participant.time_zone) if visit.target_at >= now
    ]
    if not coming:
        return phrase("patient.no_visits")
    visit = coming[0]
    has_dose = any(activity.number is not None for activity in visit.activities)
    has_draw = any(activity.number is None for activity in visit.activities)
    content = "visit" if has_dose and has_draw else "injection" if has_dose else "draw"
    return phrase(f"patient.next_visit.{content}", at=visit.target_at)


def cancel_tag(subject: SubjectCode, activity_key: str) -> str:
    """The tag of the reminders of one activity."""
    return f"reminder:{subject}:{activity_key}"


def _open(planned: tuple[PlannedActivity, ...]) -> list[PlannedActivity]:
    return [activity for activity in planned if activity.is_open]
