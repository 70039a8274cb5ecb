"""A question that only the team may answer: no advice from us, an honest word, and a state she can see.

*Waiting* stands in her chat from the moment she asked; the message is changed to *answered* when the team
wrote to her through the bot, or to *settled* when they closed the matter otherwise. Neither sees the other's
account. Source: specification 6.5 (24); issue "Understanding what people really write", item 4.
"""

from __future__ import annotations

from bot.actions.desk import Desk, site_of
from bot.actions.give_advice import away_until, say_nobody_is_there
from bot.actions.keep_words import Heard, please_read
from bot.actions.report_symptoms import show_again
from bot.actions.speak import home_rows, phrase, to_participant
from bot.rules.case import Case
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

_ASKED = "QUESTION"
_ANSWERED = "ANSWERED"


async def take_question(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """Before a person at once: the same day where a medicine or a dose is in question."""
    participant = heard.participant
    least = Level.SAME_DAY if heard.meant.advice_wanted else Level.ROUTINE
    case = await please_read(uow, desk, heard, max(heard.meant.level, least))
    await uow.cases.add_event(case.id, _ASKED, desk.now(), participant.subject_code, heard.said_id)
    site = await site_of(uow, participant.site_code)
    state = "advice" if heard.meant.advice_wanted else "other"
    said = phrase(f"patient.question.{state}", site_phone=site.phone)
    waiting = phrase("patient.question.waiting")
    await uow.outbox.put(
        to_participant(
            participant, _key(heard.said_id), [said, waiting], buttons=home_rows(), case_id=case.id
        ),
        desk.now(),
    )
    away = await away_until(uow, desk, participant)
    await say_nobody_is_there(uow, desk, participant, heard.key, away)
    await show_again(uow, desk, participant)


async def waiting_questions(uow: UnitOfWork, participant: Participant) -> int:
    """How many of her questions wait for the team."""
    return sum(
        [len(await _open_questions(uow, case)) for case in await uow.cases.open_of(participant.subject_code)]
    )


async def show_answered(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> None:
    """The team has written to her about this case: its questions say so. Call before noting the answer."""
    await _show(uow, desk, participant, case, phrase("patient.question.answered", at=desk.now()))


async def show_settled(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> None:
    """The case was closed with a question open: she is told so, and how to ask again."""
    site = await site_of(uow, participant.site_code)
    said = phrase("patient.question.settled", at=desk.now(), site_phone=site.phone)
    await _show(uow, desk, participant, case, said)


async def _show(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, said: Phrase) -> None:
    for said_id in await _open_questions(uow, case):
        key = f"{_key(said_id)}:{said.key}"
        message = to_participant(
            participant, key, [said], buttons=home_rows(), edits=_key(said_id), case_id=case.id
        )
        await uow.outbox.put(message, desk.now())


async def _open_questions(uow: UnitOfWork, case: Case) -> list[str]:
    """The ids of what she asked in this case since the team last wrote to her."""
    open_ids: list[str] = []
    for event in await uow.cases.events(case.id):
        if event.kind == _ASKED:
            open_ids.append(event.note)
        elif event.kind == _ANSWERED:
            open_ids = []
    return open_ids


def _key(said_id: str) -> str:
    return f"question:{said_id}"
