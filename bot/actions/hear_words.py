"""Free text of a participant: kept as typed, scanned for red flags at once, answered, put before a person.

Words may open a report, raise a level, or answer the open question; they never lower, close or grade.
Source: specification 6.1, 6.6; decisions "Triage".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bot.actions.alert_staff import show_progress, tell_rung
from bot.actions.choose_language import ask_language
from bot.actions.correct_report import case_of_report
from bot.actions.desk import Desk, site_of
from bot.actions.give_advice import away_until, give_advice, say_nobody_is_there
from bot.actions.join_study import continue_joining
from bot.actions.note_stated_result import StatedResult, note_stated_results
from bot.actions.raise_case import raise_case
from bot.actions.report_death import hear_of_death
from bot.actions.report_symptoms import (
    FromWords,
    answer_in_words,
    begin_report,
    offer_report,
    report_in_hand,
    show_again,
)
from bot.actions.speak import button, home_rows, phrase, to_participant, words
from bot.actions.standing_question import ask, no_longer_asked
from bot.actions.stop_messages import ask_what_to_stop
from bot.clock import new_id
from bot.rules.case import Case, CaseKind
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.masking import masked
from bot.rules.messages import Phrase, Recipient
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import Level, Symptom, TextId
from bot.understanding.findings import Intent, RedFlag, Understanding
from bot.understanding.red_flags import CATALOGUE_CODES
from storage.unit_of_work import UnitOfWork

# In these a red flag may have been said that nobody here can read.
_SPOKEN = frozenset({"voice", "video_note", "video", "audio"})


async def hear_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient
) -> None:
    """Words, a caption, an edit, or content without words; joined or not."""
    if inbound.edited and await _said_before(uow, participant, inbound.text):
        return  # Telegram announces edits in which nothing she wrote has changed
    said_id = await _keep(uow, desk, inbound, participant)
    if inbound.kind is InboundKind.CONTENT:
        await _answer_content(uow, desk, inbound, participant)
        return
    meant = desk.understander.understand(inbound.text)
    if participant.joined_at is not None and not meant.death:
        await note_stated_results(uow, desk, participant, _results(meant))
    if meant.death:
        await hear_of_death(uow, desk, inbound, participant, said_id)
    elif meant.red_flags:
        await _alarm(uow, desk, inbound, participant, meant.red_flags, said_id)
    elif (meant.intent is Intent.STOP or meant.stop_wanted) and participant.joined_at is not None:
        await ask_what_to_stop(uow, desk, inbound, participant)
    elif meant.confirm:
        await _ask_if_now(uow, desk, inbound, participant, said_id)
    elif participant.joined_at is None:
        await continue_joining(uow, desk, inbound, participant, whom)
    elif not _has_words(inbound.text):
        await _answer_nothing_said(uow, desk, inbound, participant)
    elif _changes_or_passes_on(inbound) or not await answer_in_words(uow, desk, participant, inbound.text):
        await _answer_words(uow, desk, inbound, participant, meant, said_id)


def _results(meant: Understanding) -> list[StatedResult]:
    """The counts that are hers and of now, as she wrote them."""
    return [
        StatedResult(
            analyte=one.analyte.value,
            value=one.value,
            quote=one.quote,
            unit_doubtful=one.unit_doubtful,
        )
        for one in meant.counts
        if one.current
    ]


async def confirm_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str, *, yes: bool
) -> Phrase | None:
    """Her answer to "is this happening to you now?"; a yes is an alarm, a no stays before a person."""
    meant = await _meant_by(uow, desk, participant, said_id)
    flags = (meant.red_flags or meant.confirm) if meant is not None else ()
    if meant is None or not flags:
        return phrase("patient.stale")
    await no_longer_asked(uow, participant, desk.now())
    if yes:
        await _alarm(uow, desk, inbound, participant, flags, said_id)
    else:
        await _put_before_person(uow, desk, inbound, participant, meant.level, said_id)
    return None


async def confirm_understood(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str, *, right: bool
) -> Phrase | None:
    """Her answer to "this is what I understood": a yes opens the report, a no leaves it to a person."""
    meant = await _meant_by(uow, desk, participant, said_id)
    named = _named(desk, participant, meant) if meant is not None else ()
    if not named:
        return phrase("patient.stale")
    await no_longer_asked(uow, participant, desk.now())
    if right:
        report_id = await report_in_hand(uow, participant) or new_id()
        await _bind(uow, participant, said_id, report_id)
        told = FromWords(symptoms=tuple(symptom.code for symptom in named))
        await begin_report(uow, desk, participant, OpenedBy.WORDS, words=told, report_id=report_id)
        return None
    key = f"misunderstood:{participant.subject_code}:{inbound.key.update_id}"
    said = phrase("patient.words.misunderstood")
    await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
    await show_again(uow, desk, participant)
    return None


# ---------------------------------------------------------------- what is kept and looked up


async def _keep(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> str:
    said_id = new_id()
    kind = inbound.content or ("edit" if inbound.edited else "forward" if inbound.forwarded else "text")
    await uow.said.add(said_id, participant.subject_code, inbound.text, desk.now(), inbound.key, kind)
    return said_id


async def _said_before(uow: UnitOfWork, participant: Participant, text: str) -> bool:
    return any(one.text == text for one in await uow.said.of(participant.subject_code))


async def _meant_by(
    uow: UnitOfWork, desk: Desk, participant: Participant, said_id: str
) -> Understanding | None:
    """What she wrote then, read again; the same words mean the same."""
    said = next((one for one in await uow.said.of(participant.subject_code) if one.id == said_id), None)
    return desk.understander.understand(said.text) if said is not None else None


def _has_words(text: str) -> bool:
    """Something to read: a letter, a figure, a sign; not only spaces and what cannot be seen."""
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in text)


def _changes_or_passes_on(inbound: Inbound) -> bool:
    """An edit changes what was said before, a forward is somebody else's: neither answers a question."""
    return inbound.edited or inbound.forwarded


def _named(desk: Desk, participant: Participant, meant: Understanding) -> tuple[Symptom, ...]:
    """The symptoms of the study that her words report, in its order; blood without a place is none yet."""
    codes = {
        code for one in meant.symptoms if one not in ("bleeding", "death") for code in CATALOGUE_CODES[one]
    }
    return tuple(
        symptom
        for symptom in desk.study.symptoms
        if symptom.code in codes and symptom.only_sex in (None, participant.sex)
    )


# ---------------------------------------------------------------- a red flag


async def _alarm(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    flags: Sequence[RedFlag],
    said_id: str,
) -> None:
    """Advice first, then the case; an open report goes on with its question, else a report begins."""
    texts = tuple(dict.fromkeys(TextId(flag.text_id) for flag in flags))
    level = max(flag.level for flag in flags)
    report_id = await report_in_hand(uow, participant) or new_id()
    known = await case_of_report(uow, participant, report_id)
    case = await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.WORDS,
        level=level,
        about=said_id,
        report_id=report_id if participant.joined_at is not None else None,
        symptoms=tuple(code for flag in flags for code in flag.symptoms),
    )
    if known is not None and case.level is known.level:
        await _tell_further_words(uow, desk, case, inbound, said_id)
    key = f"{inbound.key.bot_id}:{inbound.key.update_id}"
    await give_advice(uow, desk, participant, texts, key, case)
    if participant.joined_at is not None:
        opened = tuple(dict.fromkeys(code for flag in flags for code in flag.symptoms))
        told = FromWords(symptoms=opened, level=level, advice_given=texts)
        await begin_report(uow, desk, participant, OpenedBy.WORDS, words=told, report_id=report_id)


async def _tell_further_words(
    uow: UnitOfWork, desk: Desk, case: Case, inbound: Inbound, said_id: str
) -> None:
    """Further words to an alarm that rings already: one line to those who were rung, no second alarm."""
    said = phrase("staff.alert.further_words", subject=case.subject_code, words=masked(inbound.text))
    await tell_rung(uow, desk, case, said, f"further:{case.id}:{inbound.key.update_id}")
    await show_progress(uow, desk, case, said_by=said_id)


async def _ask_if_now(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> None:
    rows = (
        (button("patient.words.now_yes", f"c:yes:{said_id}"),),
        (button("patient.words.now_no", f"c:no:{said_id}"),),
    )
    key = f"now:{participant.subject_code}:{inbound.key.update_id}"
    said = [phrase("patient.words.happening_now")]
    await ask(uow, participant, to_participant(participant, key, said, buttons=rows), desk.now())


# ---------------------------------------------------------------- words without a red flag


async def _answer_words(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    meant: Understanding,
    said_id: str,
) -> None:
    """One useful answer to what she meant; whatever was not plain chat goes before a person."""
    named = _named(desk, participant, meant)
    if meant.intent is Intent.LANGUAGE_SWITCH:
        await ask_language(uow, desk, inbound, participant)
    elif named:
        await _ask_if_understood(uow, desk, inbound, participant, meant, named, said_id)
    elif meant.intent in (Intent.THANKS, Intent.GREETING) and meant.level is Level.NONE:
        await _say(uow, desk, inbound, participant, phrase(f"patient.words.{meant.intent.value}"))
        await show_again(uow, desk, participant)
    elif meant.intent in (Intent.HUMAN, Intent.RESCHEDULE):
        await _put_before_person(uow, desk, inbound, participant, max(meant.level, Level.SAME_DAY), said_id)
    elif meant.open_gate or meant.symptoms:
        await _please_read(uow, desk, participant, max(meant.level, Level.ROUTINE), said_id)
        await _offer_gate(uow, desk, inbound, participant, "patient.words.kept_and_gate")
    else:
        await _put_before_person(uow, desk, inbound, participant, meant.level, said_id)


async def _ask_if_understood(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    meant: Understanding,
    named: Sequence[Symptom],
    said_id: str,
) -> None:
    """Shows back what was understood; it is before a person already, whatever she answers."""
    await _please_read(uow, desk, participant, max(meant.level, Level.ROUTINE), said_id)
    rows = (
        (
            button("patient.button.right", f"w:yes:{said_id}"),
            button("patient.button.wrong", f"w:no:{said_id}"),
        ),
        (button("patient.button.unwell", "h:unwell"),),
    )
    labels = tuple(words(symptom.label) for symptom in named)
    key = f"understood:{participant.subject_code}:{inbound.key.update_id}"
    said = [phrase("patient.words.understood", symptoms=labels)]
    await ask(uow, participant, to_participant(participant, key, said, buttons=rows), desk.now())


async def _put_before_person(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    level: Level,
    said_id: str,
) -> None:
    """Nothing said is dropped: a case at the level of what was understood, ROUTINE at least."""
    case = await _please_read(uow, desk, participant, max(level, Level.ROUTINE), said_id)
    site = await site_of(uow, participant.site_code)
    key = f"{inbound.key.bot_id}:{inbound.key.update_id}"
    if level >= Level.SAME_DAY:
        triage = desk.study.triage
        text = triage.urgent_fallback if level >= Level.URGENT else triage.same_day_text
        await give_advice(uow, desk, participant, (text,), key, case)
    elif inbound.edited:
        await _say(uow, desk, inbound, participant, phrase("patient.words.edited", site_phone=site.phone))
    else:
        await _say(uow, desk, inbound, participant, phrase("patient.words.kept", site_phone=site.phone))
    if level < Level.SAME_DAY:
        away = await away_until(uow, desk, participant)
        await say_nobody_is_there(uow, desk, participant, key, away)
    await show_again(uow, desk, participant)


async def _please_read(
    uow: UnitOfWork, desk: Desk, participant: Participant, level: Level, about: str
) -> Case:
    """A case "please read" about these words; one that nobody has taken yet takes further words in."""
    for case in await uow.cases.open_of(participant.subject_code):
        untaken = case.kind is CaseKind.WORDS and case.acknowledged_at is None and case.report_id is None
        if untaken and case.level is level:
            await uow.cases.add_event(case.id, "ABOUT", desk.now(), participant.subject_code, about)
            await show_progress(uow, desk, case, said_by=new_id())
            return case
    return await raise_case(uow, desk, participant, kind=CaseKind.WORDS, level=level, about=about)


async def _bind(uow: UnitOfWork, participant: Participant, said_id: str, report_id: str) -> None:
    """The case of these words goes on as the case of the report that they opened: one matter, one case."""
    if await case_of_report(uow, participant, report_id) is not None:
        return
    for case in await uow.cases.open_of(participant.subject_code):
        is_about = any(event.note == said_id for event in await uow.cases.events(case.id))
        if is_about and case.report_id is None:
            await uow.cases.save(replace(case, report_id=report_id))
            return


# ---------------------------------------------------------------- what has no words


async def _answer_content(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    """A voice note, photo, file …: we say that we cannot read it, ask about red flags, and tell a person.

    Source: specification 6.6.
    """
    about = f"staff.story.content:{inbound.content}"
    await _please_read(
        uow, desk, participant, await _level_of_content(uow, desk, inbound, participant), about
    )
    if participant.joined_at is None:
        site = await site_of(uow, participant.site_code)
        said = phrase("patient.words.cannot_read", site_phone=site.phone)
        await _say(uow, desk, inbound, participant, said, home=False)
        return
    await _offer_gate(uow, desk, inbound, participant, "patient.words.cannot_read")


async def _level_of_content(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> Level:
    """ROUTINE; today where something was said, an alarm is open, or the last platelets are very low."""
    if inbound.content in _SPOKEN:
        return Level.SAME_DAY
    cases = await uow.cases.open_of(participant.subject_code)
    if any(case.level >= Level.SAME_DAY for case in cases):
        return Level.SAME_DAY
    counts = [lab for lab in await uow.labs.of(participant.subject_code) if lab.analyte == "PLT"]
    very_low = bool(counts) and counts[-1].value < desk.study.check_ins.phone_below
    return Level.SAME_DAY if very_low else Level.ROUTINE


async def _answer_nothing_said(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant
) -> None:
    """A message of spaces only: nobody need read it, but she may be trying to reach somebody."""
    await _offer_gate(uow, desk, inbound, participant, "patient.words.empty")


async def _offer_gate(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, key: str
) -> None:
    """The answer with the red flags under it; where a question stands open, that question."""
    site = await site_of(uow, participant.site_code)
    message = to_participant(
        participant,
        f"gate:{participant.subject_code}:{inbound.key.update_id}",
        [phrase(key, site_phone=site.phone)],
    )
    await offer_report(uow, desk, participant, message)


async def _say(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    said: Phrase,
    *,
    home: bool = True,
) -> None:
    key = f"words:{participant.subject_code}:{inbound.key.update_id}"
    rows = home_rows() if home else ()
    await uow.outbox.put(to_participant(participant, key, [said], buttons=rows), desk.now())
