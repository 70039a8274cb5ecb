"""Somebody writes that the participant has died: no advice, a neutral word, silence until a person confirms.

The case rings as the red flag it is; closing it settles what is true. With *died* she is recorded as such;
with any other outcome the words were misread, and the messages go on.
Source: specification 2.8 (RF-15), 1.3; decisions "Triage".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.plan_visits import replan_in
from bot.actions.raise_case import raise_case
from bot.actions.report_symptoms import abandon_report
from bot.actions.speak import participant_as_recipient, phrase, to_participant
from bot.actions.standing_question import conversation_of, keep_in_conversation, no_longer_asked
from bot.rules import escalation
from bot.rules.access import Actor
from bot.rules.case import Case, CaseKind, Outcome
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant, ParticipantState
from bot.rules.study import Level, TextId
from storage.unit_of_work import UnitOfWork

_CONDOLENCE = TextId("DEATH")
_REPORTED = "death_reported_at"


async def hear_of_death(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> None:
    """Everything that would still be said to her stops in this commit; staff are rung."""
    now = desk.now()
    await abandon_report(uow, desk, participant)
    await no_longer_asked(uow, participant, now)
    await keep_in_conversation(uow, participant, {_REPORTED: now.isoformat()})
    stopped = await uow.participants.save(
        replace(
            participant,
            messages_stopped_at=participant.messages_stopped_at or now,
            next_look_at=None,
        )
    )
    to = participant_as_recipient(participant.subject_code)
    await uow.outbox.cancel_routine(to, "a death was reported", now)
    case = await raise_case(
        uow, desk, stopped, kind=CaseKind.WORDS, level=Level.EMERGENCY, about="staff.story.death_reported"
    )
    await uow.cases.add_event(case.id, "ABOUT", now, participant.subject_code, said_id)
    await _ask_no_more(uow, desk, stopped)
    await uow.audit.record(
        kind="patient:death:reported",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="messages_stopped_at",
        new=now.isoformat(),
    )
    site = await site_of(uow, participant.site_code)
    words = desk.study.texts[_CONDOLENCE].text
    said = Phrase(words=words, values={"site_phone": site.phone})
    key = f"condolence:{participant.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(to_participant(stopped, key, [said], case_id=case.id), now)


async def death_is_reported(uow: UnitOfWork, participant: Participant) -> bool:
    """Nobody has confirmed or refuted it yet: nothing is said into this chat of our own accord."""
    return _REPORTED in await conversation_of(uow, participant)


async def settle_death(
    uow: UnitOfWork, desk: Desk, participant: Participant, outcome: Outcome, actor: Actor
) -> None:
    """A named person has closed a case: with *died*, or while a death was reported with something else."""
    reported = await death_is_reported(uow, participant)
    if outcome is not Outcome.DIED and not reported:
        return
    await keep_in_conversation(uow, participant, {_REPORTED: None})
    if outcome is Outcome.DIED:
        await _record_death(uow, desk, participant, actor)
    else:
        await replan_in(uow, desk, replace(participant, messages_stopped_at=None))
        site = await site_of(uow, participant.site_code)
        said = phrase("patient.going_on_again", site_phone=site.phone)
        key = f"going-on:{participant.subject_code}:{desk.now().isoformat()}"
        await uow.outbox.put(to_participant(participant, key, [said]), desk.now())


async def _record_death(uow: UnitOfWork, desk: Desk, participant: Participant, actor: Actor) -> None:
    if participant.state is ParticipantState.DIED:
        return
    now = desk.now()
    await uow.participants.save(
        replace(
            participant,
            state=ParticipantState.DIED,
            messages_stopped_at=participant.messages_stopped_at or now,
            next_look_at=None,
        )
    )
    to = participant_as_recipient(participant.subject_code)
    await uow.outbox.cancel_all(to, "died", now)
    await uow.audit.record(
        kind="staff:participant:died",
        actor=actor,
        at=now,
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="state",
        old=participant.state.value,
        new=ParticipantState.DIED.value,
    )


async def _ask_no_more(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """The questions of every open case end; the ringing of staff goes on."""
    site = await site_of(uow, participant.site_code)
    for case in await uow.cases.open_of(participant.subject_code):
        await end_questions(uow, case, desk, site.time_zone)


async def end_questions(uow: UnitOfWork, case: Case, desk: Desk, time_zone: str) -> Case:
    """She is asked no more in this case."""
    ended = escalation.end_patient_questions(case, desk.calendars.of(time_zone))
    return await uow.cases.save(ended) if ended != case else case
