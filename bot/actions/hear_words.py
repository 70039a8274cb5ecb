"""Free text of a participant: kept as typed, scanned for red flags at once, answered, put before a person.

Words may open a report, raise a level, or answer the open question; they never lower, close or grade. What
comes in pieces is read piece by piece and together. Source: specification 6.1, 6.5, 6.6; decisions "Triage".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.actions.alarm_by_words import add_to_alarm, alarm
from bot.actions.answer_wish import case_of_wish, note_wish, wished_again
from bot.actions.ask_unit import ask_unit
from bot.actions.ask_who_died import ask_who_died, is_death_of_participant
from bot.actions.ask_whose import answer_whose, ask_whose
from bot.actions.choose_language import ask_language
from bot.actions.confirm_activity import answer_reminder
from bot.actions.desk import Desk, site_of
from bot.actions.give_advice import away_until, give_advice, say_nobody_is_there
from bot.actions.hear_fragments import Burst, drop_piece, keep_burst, meaning_of, take_up
from bot.actions.join_study import continue_joining
from bot.actions.keep_words import (
    Heard,
    bind_to_report,
    has_words,
    keep_understood,
    keep_words,
    meant_by,
    named,
    please_read,
    say,
    told_of,
)
from bot.actions.note_stated_result import note_stated_results, results_in
from bot.actions.plan_visits import course_of, visit_in_mind
from bot.actions.relay_question import take_question
from bot.actions.report_death import death_is_reported, hear_of_death
from bot.actions.report_symptoms import (
    FromWords,
    answer_in_words,
    begin_report,
    offer_report,
    report_in_hand,
    show_again,
    symptoms_in_hand,
)
from bot.actions.show_back import shown_back
from bot.actions.speak import button, home_rows, phrase, to_participant
from bot.actions.standing_question import ask, no_longer_asked, typed_token
from bot.actions.stop_messages import answer_stop, ask_what_to_stop
from bot.clock import new_id
from bot.rules import commands
from bot.rules.hearing import known_answers
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Recipient
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import Level, Symptom
from bot.understanding.findings import Intent
from storage.unit_of_work import UnitOfWork

# In these a red flag may have been said that nobody here can read.
_SPOKEN = frozenset({"voice", "video_note", "video", "audio"})


async def hear_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient
) -> None:
    """Words, a caption, an edit, or content without words; joined or not."""
    if inbound.edited and await _said_before(uow, participant, inbound.text):
        return  # Telegram announces edits in which nothing she wrote has changed
    said_id = await keep_words(uow, desk, inbound, participant)
    heard = await _heard(uow, desk, inbound, participant, said_id)
    if inbound.kind is InboundKind.CONTENT:
        await _answer_content(uow, desk, heard)
    elif is_death_of_participant(heard):
        await hear_of_death(uow, desk, inbound, participant, said_id)
    elif participant.joined_at is None:
        await _hear_before_joining(uow, desk, heard, whom)
    elif heard.meant.death or heard.meant.death_doubted:
        await ask_who_died(uow, desk, heard)
    elif inbound.forwarded:
        await ask_whose(uow, desk, heard)
    else:
        await _hear(uow, desk, heard)


async def _heard(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> Heard:
    """Edits, forwards and commands with words stand alone; everything else may be a piece of a sentence."""
    stands_alone = (
        inbound.edited
        or inbound.forwarded
        or inbound.kind is InboundKind.CONTENT
        or commands.command_in(inbound.text) is not None
    )
    burst = Burst() if stands_alone else await take_up(uow, desk, inbound, participant, said_id)
    by_itself = desk.understander.understand(inbound.text)
    together = await meaning_of(uow, desk, burst.ids) if len(burst.pieces) > 1 else None
    if not stands_alone:
        await keep_burst(uow, participant, burst)
    if inbound.kind is not InboundKind.CONTENT:
        await keep_understood(uow, desk, participant, said_id, together or by_itself, burst.ids)
    return Heard(
        inbound=inbound,
        participant=participant,
        said_id=said_id,
        meant=together or by_itself,
        alone=by_itself,
        burst=burst,
    )


async def _hear_before_joining(uow: UnitOfWork, desk: Desk, heard: Heard, whom: Recipient) -> None:
    if heard.meant.red_flags:
        await alarm(uow, desk, heard, heard.meant.red_flags)
    elif heard.meant.confirm:
        await _ask_if_now(uow, desk, heard)
    else:
        if heard.meant.death or heard.meant.death_doubted:
            await please_read(uow, desk, heard, Level.URGENT)
        if await death_is_reported(uow, heard.participant):
            await _put_before_person(uow, desk, heard, Level.NONE)
        else:
            await continue_joining(uow, desk, heard.inbound, heard.participant, whom)


async def _hear(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """Words of somebody who has joined: red flags, then stop words, then what else she meant."""
    inbound, participant, meant = heard.inbound, heard.participant, heard.meant
    counted = await note_stated_results(uow, desk, participant, results_in(meant))
    if counted.case_id is not None:
        heard = replace(heard, burst=replace(heard.burst, case_id=counted.case_id))
        await keep_burst(uow, participant, heard.burst)
    fresh = [flag for flag in meant.red_flags if flag.rule not in heard.burst.alarmed]
    whole = heard
    if not fresh and heard.burst.alarmed:
        heard, meant = replace(heard, meant=heard.alone), heard.alone
    if fresh:
        await alarm(uow, desk, heard, fresh)
    elif not inbound.edited and await _answer_by_typing(uow, desk, heard):
        await drop_piece(uow, participant, heard.said_id)
    elif meant.intent is Intent.STOP or meant.stop_wanted:
        await ask_what_to_stop(uow, desk, inbound, participant)
    elif meant.confirm:
        await _ask_if_now(uow, desk, heard)
    elif counted.unit_doubtful is not None:
        await ask_unit(uow, desk, heard, counted.unit_doubtful)
    elif not has_words(inbound.text):
        await _offer_gate(uow, desk, heard, "patient.words.empty")
    elif not inbound.edited and await answer_in_words(uow, desk, participant, inbound.text):
        await drop_piece(uow, participant, heard.said_id)
    elif heard.burst.alarmed and await _says_no_more(uow, desk, heard):
        await add_to_alarm(uow, desk, heard, whole)
    else:
        await _answer_words(uow, desk, heard)


async def _answer_by_typing(uow: UnitOfWork, desk: Desk, heard: Heard) -> bool:
    """She typed what a button of the standing question or of a reminder says: that is the tap."""
    inbound, participant = heard.inbound, heard.participant
    token = await typed_token(uow, participant, inbound.text)
    match (token or "").split(":"):
        case ["w", answer, said_id]:
            await confirm_understood(uow, desk, inbound, participant, said_id, right=answer == "yes")
        case ["c", answer, said_id]:
            await confirm_words(uow, desk, inbound, participant, said_id, yes=answer == "yes")
        case ["o", answer, said_id]:
            await answer_whose(uow, desk, inbound, participant, answer, said_id)
        case ["s", choice]:
            await answer_stop(uow, desk, inbound, participant, choice)
        case ["v", *rest]:
            notice = await answer_reminder(uow, desk, inbound, participant, rest)
            if notice is not None:
                await say(uow, desk, heard, notice)
        case _:
            return False
    return True


async def _says_no_more(uow: UnitOfWork, desk: Desk, heard: Heard) -> bool:
    """A further piece of what rings already: it names nothing that is not asked about, and asks nothing."""
    told = {symptom.code for symptom in named(desk, heard.participant, heard.meant)}
    plain = heard.meant.intent in (Intent.SYMPTOM_REPORT, Intent.OTHER) and not heard.meant.advice_wanted
    return plain and told <= await symptoms_in_hand(uow, heard.participant)


async def confirm_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str, *, yes: bool
) -> Phrase | None:
    """Her answer to "is this happening to you now?"; a yes is an alarm, a no stays before a person."""
    meant = await meant_by(uow, desk, participant, said_id)
    flags = (meant.red_flags or meant.confirm) if meant is not None else ()
    if meant is None or not flags:
        return phrase("patient.stale")
    await no_longer_asked(uow, participant, desk.now())
    heard = Heard(
        inbound=inbound, participant=participant, said_id=said_id, meant=meant, alone=meant, burst=Burst()
    )
    if yes:
        await alarm(uow, desk, heard, flags)
    else:
        await _put_before_person(uow, desk, heard, meant.level)
    return None


async def confirm_understood(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str, *, right: bool
) -> Phrase | None:
    """Her answer to "this is what I understood": a yes opens the report, a no leaves it to a person."""
    meant = await meant_by(uow, desk, participant, said_id)
    symptoms = named(desk, participant, meant) if meant is not None else ()
    if meant is None or not symptoms:
        return phrase("patient.stale")
    await no_longer_asked(uow, participant, desk.now())
    if right:
        report_id = await report_in_hand(uow, participant) or new_id()
        await bind_to_report(uow, participant, said_id, report_id)
        told = FromWords(
            symptoms=tuple(symptom.code for symptom in symptoms),
            known=known_answers(desk.study, told_of(meant)),
            temperature_c=meant.temperature_c,
            typed=meant.text,
        )
        await begin_report(uow, desk, participant, OpenedBy.WORDS, words=told, report_id=report_id)
        return None
    key = f"misunderstood:{participant.subject_code}:{inbound.key.update_id}"
    said = phrase("patient.words.misunderstood")
    await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
    await show_again(uow, desk, participant)
    return None


async def _said_before(uow: UnitOfWork, participant: Participant, text: str) -> bool:
    return any(one.text == text for one in await uow.said.of(participant.subject_code))


async def _ask_if_now(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    rows = (
        (button("patient.words.now_yes", f"c:yes:{heard.said_id}"),),
        (button("patient.words.now_no", f"c:no:{heard.said_id}"),),
    )
    said = [phrase("patient.words.happening_now")]
    message = to_participant(heard.participant, f"now:{heard.key}", said, buttons=rows)
    await ask(uow, heard.participant, message, desk.now())


# ---------------------------------------------------------------- words without a red flag


async def _answer_words(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """One useful answer to what she meant; whatever was not plain chat goes before a person."""
    symptoms = named(desk, heard.participant, heard.meant)
    if _asks_beside(heard, symptoms):
        heard, symptoms = replace(heard, meant=heard.alone), ()
    meant = heard.meant
    if meant.intent is Intent.LANGUAGE_SWITCH:
        await ask_language(uow, desk, heard.inbound, heard.participant)
    elif symptoms:
        await _ask_if_understood(uow, desk, heard, symptoms)
    elif meant.intent in (Intent.THANKS, Intent.GREETING) and meant.level is Level.NONE:
        await say(uow, desk, heard, phrase(f"patient.words.{meant.intent.value}"))
        await show_again(uow, desk, heard.participant)
    elif meant.intent is Intent.RESCHEDULE and meant.level <= Level.SAME_DAY:
        await _take_wish(uow, desk, heard)
    elif meant.intent in (Intent.HUMAN, Intent.RESCHEDULE):
        await _put_before_person(uow, desk, heard, max(meant.level, Level.SAME_DAY))
    elif meant.advice_wanted or meant.intent is Intent.QUESTION:
        await take_question(uow, desk, heard)
    elif meant.open_gate or meant.symptoms:
        await please_read(uow, desk, heard, max(meant.level, Level.ROUTINE))
        await _offer_gate(uow, desk, heard, "patient.words.kept_and_gate")
    else:
        await _put_before_person(uow, desk, heard, meant.level)


async def _take_wish(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """She asks for another day: before a person today, once, for the visit that she must mean."""
    participant = heard.participant
    visit = visit_in_mind(desk, await course_of(uow, participant))
    about = visit.key if visit is not None else ""
    known = await case_of_wish(uow, participant.subject_code, about)
    same_sentence = known is not None and heard.burst.case_id == known.id
    if known is not None:
        heard = replace(heard, burst=replace(heard.burst, case_id=known.id))
    case = await please_read(uow, desk, heard, Level.SAME_DAY)
    if known is not None and not same_sentence:
        case = await wished_again(uow, desk, participant, case)
    await note_wish(uow, desk, participant, case, about)
    site = await site_of(uow, participant.site_code)
    said = phrase("patient.stated.another_day", site_phone=site.phone)
    waiting = phrase("patient.question.waiting")
    message = to_participant(participant, f"wish:{heard.key}", [said, waiting], buttons=home_rows())
    await uow.outbox.put(message, desk.now())
    await say_nobody_is_there(uow, desk, participant, heard.key, await away_until(uow, desk, participant))
    await show_again(uow, desk, participant)


def _asks_beside(heard: Heard, symptoms: Sequence[Symptom]) -> bool:
    """A further piece that names nothing new, but wants an answer: about a medicine, a day, a person."""
    shown = {symptom.code for symptom in symptoms} <= set(heard.burst.shown)
    wants = (Intent.QUESTION, Intent.HUMAN, Intent.RESCHEDULE)
    return bool(symptoms) and shown and (heard.alone.advice_wanted or heard.alone.intent in wants)


async def _ask_if_understood(uow: UnitOfWork, desk: Desk, heard: Heard, symptoms: Sequence[Symptom]) -> None:
    """Shows back what was understood; it is before a person already, whatever she answers.

    A further piece of the same sentence that says no more is shown to staff, and asks her nothing twice.
    """
    case = await please_read(uow, desk, heard, max(heard.meant.level, Level.ROUTINE))
    codes = tuple(symptom.code for symptom in symptoms)
    if set(codes) <= set(heard.burst.shown):
        return
    shown = replace(heard.burst, case_id=case.id, shown=codes)
    await keep_burst(uow, heard.participant, shown)
    message = shown_back(heard, symptoms, known_answers(desk.study, told_of(heard.meant)))
    await ask(uow, heard.participant, message, desk.now())


async def _put_before_person(uow: UnitOfWork, desk: Desk, heard: Heard, level: Level) -> None:
    """Nothing said is dropped: a case at the level of what was understood, ROUTINE at least."""
    case = await please_read(uow, desk, heard, max(level, Level.ROUTINE))
    site = await site_of(uow, heard.participant.site_code)
    key = f"{heard.inbound.key.bot_id}:{heard.inbound.key.update_id}"
    if level >= Level.SAME_DAY:
        triage = desk.study.triage
        text = triage.urgent_fallback if level >= Level.URGENT else triage.same_day_text
        await give_advice(uow, desk, heard.participant, (text,), key, case)
    else:
        said = "patient.words.edited" if heard.inbound.edited else "patient.words.kept"
        await say(uow, desk, heard, phrase(said, site_phone=site.phone))
        away = await away_until(uow, desk, heard.participant)
        await say_nobody_is_there(uow, desk, heard.participant, key, away)
    await show_again(uow, desk, heard.participant)


# ---------------------------------------------------------------- what has no words


async def _answer_content(uow: UnitOfWork, desk: Desk, heard: Heard) -> None:
    """A voice note, photo, file …: we say that we cannot read it, ask about red flags, and tell a person.

    Source: specification 6.6.
    """
    about = replace(heard, said_id=f"staff.story.content:{heard.inbound.content}")
    await please_read(uow, desk, about, await _level_of_content(uow, desk, heard))
    if heard.participant.joined_at is None:
        site = await site_of(uow, heard.participant.site_code)
        said = phrase("patient.words.cannot_read", site_phone=site.phone)
        await say(uow, desk, heard, said, home=False)
        return
    await _offer_gate(uow, desk, heard, "patient.words.cannot_read")


async def _level_of_content(uow: UnitOfWork, desk: Desk, heard: Heard) -> Level:
    """ROUTINE; today where something was said, an alarm is open, or the last platelets are very low."""
    if heard.inbound.content in _SPOKEN:
        return Level.SAME_DAY
    subject = heard.participant.subject_code
    if any(case.level >= Level.SAME_DAY for case in await uow.cases.open_of(subject)):
        return Level.SAME_DAY
    counts = (await course_of(uow, heard.participant)).acted_on(desk.study.labs.lead)
    very_low = bool(counts) and counts[-1].value < desk.study.check_ins.phone_below
    return Level.SAME_DAY if very_low else Level.ROUTINE


async def _offer_gate(uow: UnitOfWork, desk: Desk, heard: Heard, key: str) -> None:
    """The answer with the red flags under it; where a question stands open, that question."""
    site = await site_of(uow, heard.participant.site_code)
    message = to_participant(heard.participant, f"gate:{heard.key}", [phrase(key, site_phone=site.phone)])
    await offer_report(uow, desk, heard.participant, message)
