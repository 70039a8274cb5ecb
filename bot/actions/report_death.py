"""Somebody writes that the participant has died: no advice, a neutral word, silence until a person confirms.

The case rings as the red flag it is; closing it settles what is true. With *died* she is recorded as such;
with any other outcome the words were misread, and the messages go on, unless she had stopped them before.
Closing another case of hers says nothing about it: told twice, it is taken back with the last of its cases.
Source: specification 2.8 (RF-15), 1.3; decisions "Triage".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.plan_visits import cancel_for_staff, replan_in
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
_ABOUT = "staff.story.death_reported"
_REPORTED = "death_reported_at"
_STOPPED_BEFORE = "messages_stopped_before_death_report"


async def hear_of_death(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    said_id: str,
    *,
    case: Case | None = None,
) -> None:
    """Everything that would still be said to her stops in this commit; staff are rung.

    `case`: the one in which a person reads these words already.
    """
    now = desk.now()
    await abandon_report(uow, desk, participant)
    await no_longer_asked(uow, participant, now)
    if not await death_is_reported(uow, participant):
        before = participant.messages_stopped_at
        kept = {_REPORTED: now.isoformat(), _STOPPED_BEFORE: before.isoformat() if before else None}
        await keep_in_conversation(uow, participant, kept)
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
        uow,
        desk,
        stopped,
        kind=CaseKind.WORDS,
        level=Level.EMERGENCY,
        about=_ABOUT,
        raising=case,
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


async def chat_is_silent(uow: UnitOfWork, participant: Participant) -> bool:
    """Whoever holds this phone is told nothing of our own accord: she has died, or somebody says so."""
    return participant.state is ParticipantState.DIED or await death_is_reported(uow, participant)


async def settle_death(
    uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, outcome: Outcome, actor: Actor
) -> None:
    """A named person has closed `case`: with *died*, or the one in which a death was told with another."""
    if outcome is Outcome.DIED:
        await keep_in_conversation(uow, participant, {_REPORTED: None, _STOPPED_BEFORE: None})
        await _record_death(uow, desk, participant, actor)
    elif await death_is_reported(uow, participant) and await _is_the_last_about_it(uow, case):
        await _take_back(uow, desk, participant)


async def _is_the_last_about_it(uow: UnitOfWork, closed: Case) -> bool:
    """A death was told in this case, and in none that is open."""
    still_open = await uow.cases.open_of(closed.subject_code)
    return await _is_about_it(uow, closed) and not any([await _is_about_it(uow, one) for one in still_open])


async def _is_about_it(uow: UnitOfWork, case: Case) -> bool:
    return any(one.kind == "ABOUT" and one.note == _ABOUT for one in await uow.cases.events(case.id))


async def _take_back(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """The words were misread: she stands as she stood before them, and hears so if she is written to."""
    before = (await conversation_of(uow, participant)).get(_STOPPED_BEFORE)
    await keep_in_conversation(uow, participant, {_REPORTED: None, _STOPPED_BEFORE: None})
    stopped_at = datetime.fromisoformat(before) if isinstance(before, str) else None
    await replan_in(uow, desk, replace(participant, messages_stopped_at=stopped_at))
    if stopped_at is not None:
        return
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
    await cancel_for_staff(uow, desk, participant)
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
