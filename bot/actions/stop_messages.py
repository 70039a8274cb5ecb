"""Stop: the words beat any flow, and lead to one question: stop the messages, or leave the study?

Stopping silences every routine message at once; leaving is told to the site, which must talk with her.
What she writes later is still heard, and a red flag is still answered. Source: specification 1.3, 6.5 (25).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.raise_case import raise_case
from bot.actions.report_death import end_questions
from bot.actions.report_symptoms import abandon_report, show_again
from bot.actions.speak import button, home_rows, participant_as_recipient, phrase, to_participant
from bot.actions.standing_question import ask, no_longer_asked
from bot.rules.case import CaseKind
from bot.rules.inbound import Inbound
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

_STOPS = ("patient:messages:stopped", "patient:study:stopped")


async def ask_what_to_stop(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    """The one question that every stop word leads to."""
    rows = (
        (button("patient.stop.messages", "s:messages"),),
        (button("patient.stop.study", "s:study"),),
        (button("patient.stop.neither", "s:neither"),),
    )
    key = f"stop-ask:{participant.subject_code}:{inbound.key.update_id}"
    message = to_participant(participant, key, [phrase("patient.stop.ask")], buttons=rows)
    await ask(uow, participant, message, desk.now())


async def answer_stop(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, choice: str
) -> None:
    """`choice` is messages, study or neither; anything else changes nothing."""
    if choice not in ("messages", "study", "neither"):
        return
    site, now = await site_of(uow, participant.site_code), desk.now()
    await no_longer_asked(uow, participant, now)
    key = f"stop-{choice}:{participant.subject_code}:{inbound.key.update_id}"
    if choice == "neither":
        said = phrase("patient.stop.going_on")
        await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), now)
        await show_again(uow, desk, participant)
        return
    await abandon_report(uow, desk, participant)
    stopped = await uow.participants.save(replace(participant, messages_stopped_at=now, next_look_at=None))
    await uow.outbox.cancel_routine(
        participant_as_recipient(participant.subject_code), "stopped by the participant", now
    )
    await uow.audit.record(
        kind=f"patient:{choice}:stopped",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="messages_stopped_at",
        new=now.isoformat(),
    )
    case = await raise_case(
        uow, desk, stopped, kind=CaseKind.REQUEST, level=Level.SAME_DAY, about=f"staff.story.stop_{choice}"
    )
    await end_questions(uow, case, desk, site.time_zone)
    said = phrase(f"patient.stop.{choice}_stopped", site_phone=site.phone)
    await uow.outbox.put(to_participant(stopped, key, [said], case_id=case.id), desk.now())


async def stopped_herself_at(uow: UnitOfWork, participant: Participant) -> datetime | None:
    """When she last said stop herself; None where she never did, or has joined again since.

    The record tells, not `messages_stopped_at`: an end that somebody recorded stops the messages, too.
    """
    subject, joined_at = participant.subject_code, participant.joined_at
    said = [one.at for kind in _STOPS for one in await uow.audit.of_kind(kind, subject)]
    return max((at for at in said if joined_at is None or at >= joined_at), default=None)
