"""What she answers to a reminder. *Done* is stated: it silences the reminders; only a staff record counts.

*Cannot come* and *another day* are a wish that a person answers. Source: decisions "Facts"; specification
1.4.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.actions.answer_wish import WISHES, take_wish
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.plan_visits import cancel_tag, course_of, replan_in
from bot.actions.raise_case import raise_case
from bot.actions.speak import (
    home_rows,
    participant_as_recipient,
    phrase,
    remove_buttons,
    to_participant,
)
from bot.clock import new_id
from bot.rules import activity_token, schedule
from bot.rules.case import CaseKind
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase, SendKind
from bot.rules.participant import Participant, Stated, StatedWhat
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

# After these the buttons of the visit's reminders no longer count.
_SETTLING = (StatedWhat.DONE, *WISHES)


async def answer_reminder(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, parts: Sequence[str]
) -> Phrase | None:
    """Stores what she stated; the same tap again is harmless.

    Returns a notice for a button that no longer counts.
    """
    parsed = activity_token.parse(parts)
    if parsed is None:
        return phrase("patient.stale")
    what, activity_key = parsed
    planned = schedule.plan(desk.study, await course_of(uow, participant))
    activity = next((one for one in planned if one.key == activity_key), None)
    if activity is None:
        return phrase("patient.stale")
    earlier = [
        one for one in await uow.stated.of(participant.subject_code) if one.activity_key == activity_key
    ]
    if earlier and earlier[-1].what is what:
        return phrase("patient.already_noted")
    await _store(uow, desk, participant, activity_key, what, earlier[-1] if earlier else None)
    if what in _SETTLING:
        await take_buttons_of_reminders(uow, desk, participant, activity_key)
    await _answer(uow, desk, inbound, participant, what)
    stopped = what is StatedWhat.DONE and activity.status is schedule.ActivityStatus.CANCELLED
    if what in WISHES:
        await take_wish(uow, desk, participant, activity_key, f"staff.story.{what.value.lower()}")
    elif stopped:
        about = "staff.story.done_after_stop"
        await raise_case(uow, desk, participant, kind=CaseKind.REQUEST, level=Level.SAME_DAY, about=about)
    await replan_in(uow, desk, participant)
    return None


async def take_buttons_of_reminders(
    uow: UnitOfWork, desk: Desk, participant: Participant, activity_key: str
) -> None:
    """What was asked about this activity can no longer be answered on the messages that asked it."""
    to = participant_as_recipient(participant.subject_code)
    for row in await uow.outbox.of_tag(cancel_tag(participant.subject_code, activity_key)):
        if row.message.kind is SendKind.SEND:
            key = row.message.unique_key
            await uow.outbox.put(remove_buttons(to, participant.language, key), desk.now())


async def _store(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    activity_key: str,
    what: StatedWhat,
    before: Stated | None,
) -> None:
    now = desk.now()
    stated = Stated(
        id=new_id(),
        subject_code=participant.subject_code,
        activity_key=activity_key,
        what=what,
        stated_at=now,
    )
    await uow.stated.add(stated)
    await uow.audit.record(
        kind="patient:activity:stated",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="stated",
        entity_id=stated.id,
        field=activity_key,
        old=before.what.value if before else None,
        new=what.value,
    )


async def _answer(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, what: StatedWhat
) -> None:
    site = await site_of(uow, participant.site_code)
    key = f"stated:{participant.subject_code}:{inbound.key.update_id}"
    said = phrase(f"patient.stated.{what.value.lower()}", site_phone=site.phone)
    await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
