"""A forwarded message: advice first if a red flag is in it, then "is this about you?".

Until she answers, and whatever she answers, it is before a person at the level of its words: the answer may
open her report, it never lowers. A count in it is stored as hers only once she has said so.
Source: specification 6.1, 6.5 (11); issue "Understanding what people really write", item 4.
"""

from __future__ import annotations

from bot.actions.alarm_by_words import alarm
from bot.actions.alert_staff import show_progress
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.give_advice import give_advice
from bot.actions.keep_words import Heard, bind_to_report, meant_by, named, please_read
from bot.actions.note_stated_result import note_stated_results, results_in
from bot.actions.report_symptoms import FromWords, begin_report, report_in_hand, show_again
from bot.actions.speak import button, home_rows, phrase, to_participant
from bot.actions.standing_question import ask, no_longer_asked
from bot.clock import new_id
from bot.rules.case import Case
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import Level
from bot.understanding.findings import Understanding
from storage.unit_of_work import UnitOfWork

ANSWERS = ("me", "other", "asking")


async def ask_whose(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """What its words call for, at once; then the one question."""
    case = await _acted_on(uow, desk, heard)
    await uow.cases.add_event(
        case.id, "ABOUT", desk.now(), heard.participant.subject_code, "staff.story.forwarded_unanswered"
    )
    await show_progress(uow, desk, case, said_by=heard.said_id)
    rows = tuple(
        (button(f"patient.words.whose_{answer}", f"o:{answer}:{heard.said_id}"),) for answer in ANSWERS
    )
    said = [phrase("patient.words.whose")]
    message = to_participant(heard.participant, f"whose:{heard.key}", said, buttons=rows)
    await ask(uow, heard.participant, message, desk.now())


async def _acted_on(uow: UnitOfWork, desk: Desk, heard: Heard) -> Case:
    if heard.meant.red_flags:
        return await alarm(uow, desk, heard, heard.meant.red_flags, asks=False)
    case = await please_read(uow, desk, heard, max(heard.meant.level, Level.ROUTINE))
    if heard.meant.level >= Level.SAME_DAY:
        triage = desk.study.triage
        text = triage.urgent_fallback if heard.meant.level >= Level.URGENT else triage.same_day_text
        key = f"{heard.inbound.key.bot_id}:{heard.inbound.key.update_id}"
        await give_advice(uow, desk, heard.participant, (text,), key, case)
    return case


async def answer_whose(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, answer: str, said_id: str
) -> Phrase | None:
    """Kept with the case; *me* takes it up as if she had written it herself."""
    meant = await meant_by(uow, desk, participant, said_id)
    case = await case_about(uow, participant, said_id)
    if meant is None or answer not in ANSWERS or case is None:
        return phrase("patient.stale")
    if await _is_answered(uow, case, said_id):
        return phrase("patient.already_noted")
    await uow.cases.add_event(case.id, "WHOSE", desk.now(), participant.subject_code, said_id)
    story = f"staff.story.forwarded_{answer}"
    await keep_answer(
        uow, desk, participant, case, said_id, answer, kind="patient:forward:answered", story=story
    )
    if answer != "me" or not await _take_up(uow, desk, participant, meant, said_id):
        await thank(uow, desk, inbound, participant, f"whose_{answer}")
    return None


async def _take_up(
    uow: UnitOfWork, desk: Desk, participant: Participant, meant: Understanding, said_id: str
) -> bool:
    """It is hers: her counts are stored, her symptoms asked about. False where nothing is to be asked."""
    await note_stated_results(uow, desk, participant, results_in(meant))
    flagged = [code for flag in meant.red_flags for code in flag.symptoms]
    codes = [*flagged, *(symptom.code for symptom in named(desk, participant, meant))]
    opened = tuple(dict.fromkeys(code for code in codes if not desk.study.symptom(code).asks_words))
    if not opened and not flagged:
        return False
    report_id = await report_in_hand(uow, participant) or new_id()
    await bind_to_report(uow, participant, said_id, report_id)
    told = FromWords(
        symptoms=opened,
        level=max((flag.level for flag in meant.red_flags), default=Level.NONE),
        advice_given=tuple(dict.fromkeys(flag.text_id for flag in meant.red_flags)),
    )
    await begin_report(uow, desk, participant, OpenedBy.WORDS, words=told, report_id=report_id)
    return True


async def keep_answer(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    case: Case,
    said_id: str,
    answer: str,
    *,
    kind: str,
    story: str,
) -> None:
    """What she answered to a question about her words: in the trail as `kind`, on the cards as `story`."""
    now = desk.now()
    await no_longer_asked(uow, participant, now)
    await uow.cases.add_event(case.id, "ABOUT", now, participant.subject_code, story)
    await uow.audit.record(
        kind=kind,
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="said",
        entity_id=said_id,
        new=answer,
    )
    await show_progress(uow, desk, case, said_by=f"{kind}-{said_id}")


async def thank(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, what: str) -> None:
    """Says what becomes of her answer, and shows again the question it stood in the way of."""
    site = await site_of(uow, participant.site_code)
    key = f"{what}:{participant.subject_code}:{inbound.key.update_id}"
    said = phrase(f"patient.words.{what}_kept", site_phone=site.phone)
    await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
    await show_again(uow, desk, participant)


async def case_about(uow: UnitOfWork, participant: Participant, said_id: str) -> Case | None:
    """The newest case in which a person reads these words."""
    for case in reversed(await uow.cases.all_of(participant.subject_code)):
        if any(event.note == said_id for event in await uow.cases.events(case.id)):
            return case
    return None


async def _is_answered(uow: UnitOfWork, case: Case, said_id: str) -> bool:
    return any(event.kind == "WHOSE" and event.note == said_id for event in await uow.cases.events(case.id))
