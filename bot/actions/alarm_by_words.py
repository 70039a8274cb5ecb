"""A red flag in her words: advice first, then the case, then the questions that help.

Pieces of one sentence ring once: what a further piece adds is shown on the alert that stands.
Source: specification 2.8, 6.1; issue "Understanding what people really write", item 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.actions.alert_staff import show_progress, tell_rung
from bot.actions.correct_report import case_of_report
from bot.actions.desk import Desk
from bot.actions.give_advice import give_advice
from bot.actions.hear_fragments import case_in_hand, keep_burst, note_together
from bot.actions.keep_words import Heard, told_of
from bot.actions.raise_case import raise_case
from bot.actions.report_symptoms import FromWords, begin_report, not_yet_answered, report_in_hand
from bot.actions.show_back import shown_back
from bot.actions.speak import phrase
from bot.actions.standing_question import ask, is_asked_already
from bot.clock import new_id
from bot.rules.case import Case, CaseKind
from bot.rules.hearing import Known, known_answers
from bot.rules.masking import masked
from bot.rules.report import OpenedBy
from bot.rules.study import Level, TextId
from bot.understanding.findings import RedFlag
from bot.understanding.red_flags import LESSER_ERRANDS
from storage.unit_of_work import UnitOfWork


async def alarm(
    uow: UnitOfWork, desk: Desk, heard: Heard, flags: Sequence[RedFlag], *, asks: bool = True
) -> Case:
    """Advice first, then the case; with `asks` an open report goes on with its question, else one begins.

    `flags`: those that this sentence was not answered for yet; at least one.
    """
    participant = heard.participant
    texts = _texts(heard, flags)
    level = max(flag.level for flag in flags)
    report_id = await report_in_hand(uow, participant) or new_id()
    joined = participant.joined_at is not None
    before = await case_in_hand(uow, heard.burst)
    if before is not None and before.report_id is None and joined and asks:
        before = await uow.cases.save(replace(before, report_id=report_id))
    known = before or await case_of_report(uow, participant, report_id)
    if before is not None:
        await uow.cases.add_event(before.id, "ABOUT", desk.now(), participant.subject_code, heard.said_id)
    case = await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.WORDS,
        level=level,
        about="" if before is not None else heard.said_id,
        report_id=report_id if joined and asks else None,
        symptoms=tuple(code for flag in flags for code in flag.symptoms),
        raising=before,
    )
    await note_together(uow, desk, case, heard.burst)
    alarmed = tuple(dict.fromkeys((*heard.burst.alarmed, *(flag.rule for flag in flags))))
    await keep_burst(uow, participant, replace(heard.burst, case_id=case.id, alarmed=alarmed))
    if known is not None and case.level is known.level:
        await _tell_further(uow, desk, case, heard)
    key = f"{heard.inbound.key.bot_id}:{heard.inbound.key.update_id}"
    if texts:
        await give_advice(uow, desk, participant, texts, key, case)
    if joined and asks:
        await _ask(uow, desk, heard, flags, level, texts, report_id)
    return case


async def add_to_alarm(uow: UnitOfWork, desk: Desk, heard: Heard, whole: Heard) -> None:
    """A further piece of a sentence that rings already: the alert shows it, nobody is rung anew.

    `whole`: with what it means together with the pieces before it. What it tells of a question that is still
    to come is shown back, once: what stands there already in the same words is not asked again.
    """
    case = await case_in_hand(uow, heard.burst)
    if case is None:
        return
    await uow.cases.add_event(case.id, "ABOUT", desk.now(), heard.participant.subject_code, heard.said_id)
    await note_together(uow, desk, case, heard.burst)
    await show_progress(uow, desk, case, said_by=heard.said_id)
    known = await not_yet_answered(uow, heard.participant, _known(desk, whole))
    if known:
        message = shown_back(heard, [desk.study.symptom(code) for code in known], known)
        if not await is_asked_already(uow, heard.participant, message):
            await ask(uow, heard.participant, message, desk.now())


def _known(desk: Desk, heard: Heard) -> Known:
    """The answers that her words hold already."""
    return known_answers(desk.study, told_of(heard.meant))


def _texts(heard: Heard, flags: Sequence[RedFlag]) -> tuple[TextId, ...]:
    """Never a slower way beside the call to 120 that this sentence was answered with."""
    texts = dict.fromkeys(TextId(flag.text_id) for flag in flags)
    called = heard.burst.alarm is Level.EMERGENCY
    return tuple(text for text in texts if not (called and text in LESSER_ERRANDS))


async def _tell_further(uow: UnitOfWork, desk: Desk, case: Case, heard: Heard) -> None:
    """Further words to an alarm that rings already: one line to those who were rung, no second alarm."""
    said = phrase("staff.alert.further_words", subject=case.subject_code, words=masked(heard.inbound.text))
    await tell_rung(uow, desk, case, said, f"further:{case.id}:{heard.inbound.key.update_id}")
    await show_progress(uow, desk, case, said_by=heard.said_id)


async def _ask(
    uow: UnitOfWork,
    desk: Desk,
    heard: Heard,
    flags: Sequence[RedFlag],
    level: Level,
    texts: Sequence[TextId],
    report_id: str,
) -> None:
    """The questions of what she named; of blood without a place the report asks where."""
    codes = dict.fromkeys(code for flag in flags for code in flag.symptoms)
    opened = tuple(code for code in codes if not desk.study.symptom(code).asks_words)
    known = {code: told for code, told in _known(desk, heard).items() if code in opened}
    told = FromWords(
        symptoms=opened,
        level=level,
        advice_given=tuple(texts),
        temperature_c=heard.meant.temperature_c,
        typed=heard.inbound.text,
        first=shown_back(heard, [desk.study.symptom(code) for code in opened], known) if known else None,
    )
    await begin_report(uow, desk, heard.participant, OpenedBy.WORDS, words=told, report_id=report_id)
