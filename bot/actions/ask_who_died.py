"""Somebody has died, and the words do not say that it is the participant: one question, no advice.

`她昨天走了`, `he died yesterday`, and whatever was passed on. Until it is answered a person is rung at URGENT
and nothing is stopped. *Yes* is the report of a death that `report_death` takes; *no* leaves it to her.
Source: specification 2.8 (RF-15), 6.5 (11); decisions "Triage" (a reported death).
"""

from __future__ import annotations

from bot.actions.alert_staff import show_progress
from bot.actions.ask_whose import case_about, keep_answer, thank
from bot.actions.desk import Desk
from bot.actions.keep_words import Heard, please_read
from bot.actions.report_death import hear_of_death
from bot.actions.speak import button, phrase, to_participant
from bot.actions.standing_question import ask
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

_ANSWERS = ("yes", "no")


def is_death_of_participant(heard: Heard) -> bool:
    """Said plainly, and by whoever writes here; what was passed on counts where a caregiver may write."""
    return heard.meant.death and (not heard.inbound.forwarded or heard.participant.caregiver_may_write)


async def ask_who_died(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """Rings a person, and asks."""
    case = await please_read(uow, desk, heard, max(heard.meant.level, Level.URGENT))
    subject = heard.participant.subject_code
    await uow.cases.add_event(case.id, "ABOUT", desk.now(), subject, "staff.story.death_unanswered")
    await show_progress(uow, desk, case, said_by=heard.said_id)
    rows = tuple((button(f"patient.words.died_{one}", f"d:{one}:{heard.said_id}"),) for one in _ANSWERS)
    said = [phrase("patient.words.died")]
    message = to_participant(heard.participant, f"died:{heard.key}", said, buttons=rows)
    await ask(uow, heard.participant, message, desk.now())


async def answer_who_died(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, answer: str, said_id: str
) -> Phrase | None:
    """*Yes* stops everything that would be said to her; *no* is told to those who were rung."""
    case = await case_about(uow, participant, said_id)
    if answer not in _ANSWERS or case is None:
        return phrase("patient.stale")
    told = {event.note for event in await uow.cases.events(case.id)}
    if told & {"staff.story.death_reported", "staff.story.death_no"}:
        return phrase("patient.already_noted")
    if answer == "yes":
        await hear_of_death(uow, desk, inbound, participant, said_id, case=case)
        return None
    story = "staff.story.death_no"
    await keep_answer(uow, desk, participant, case, said_id, answer, kind="patient:death:denied", story=story)
    await thank(uow, desk, inbound, participant, "died_no")
    return None
