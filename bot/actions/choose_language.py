"""Her language: chosen when she joins and changed whenever she likes.

Nothing is lost by it: the question that stands is asked again in the other language, and the codes that are
stored are the same whichever was used. Source: product, promise 9.
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.desk import Desk, patient_actor
from bot.actions.report_symptoms import show_again
from bot.actions.show_menu import show_patient_menu
from bot.actions.speak import button, phrase, to_participant, whole_home_rows
from bot.actions.standing_question import ask, no_longer_asked
from bot.rules.inbound import Inbound
from bot.rules.participant import Participant
from bot.rules.study import Language
from storage.unit_of_work import UnitOfWork

_TOKENS = {"zh": Language.ZH, "en": Language.EN}


async def ask_language(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    """One question in both languages, so that somebody who reads only the other one finds it."""
    rows = ((button("patient.join.chinese", "l:zh"), button("patient.join.english", "l:en")),)
    key = f"language-ask:{participant.subject_code}:{inbound.key.update_id}"
    message = to_participant(participant, key, [phrase("patient.language.ask")], buttons=rows)
    await ask(uow, participant, replace(message, both_languages=True), desk.now())


async def change_language(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, code: str
) -> Participant:
    """From now on everything is said in it; `code` is zh or en, anything else changes nothing."""
    language = _TOKENS.get(code)
    if language is None:
        return participant
    changed = await keep_language(uow, desk, participant, language)
    await show_patient_menu(uow, desk, changed, str(inbound.key.update_id))
    key = f"language:{participant.subject_code}:{inbound.key.update_id}"
    said = [phrase("patient.language.changed")]
    if await show_again(uow, desk, changed):
        return changed
    await no_longer_asked(uow, changed, desk.now())
    await uow.outbox.put(to_participant(changed, key, said, buttons=whole_home_rows()), desk.now())
    return changed


async def keep_language(
    uow: UnitOfWork, desk: Desk, participant: Participant, language: Language
) -> Participant:
    """Stores it, with its trace; the same language again changes nothing."""
    if participant.language is language:
        return participant
    await uow.audit.record(
        kind="patient:language:chosen",
        actor=patient_actor(participant),
        at=desk.now(),
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="language",
        old=participant.language.value,
        new=language.value,
    )
    return await uow.participants.save(replace(participant, language=language))
