"""A report, answer by answer.

The state in the archive, advice the moment an answer reaches it, the case at once.

Source: specification 2.3 to 2.6; architecture, "How one message travels" (5, 6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from bot.actions.correct_report import (
    case_of_report,
    note_answers_changed,
    note_corrected,
)
from bot.actions.desk import Desk
from bot.actions.give_advice import give_advice
from bot.actions.keep_report import close_row, close_unfinished, open_row, store_answers, store_assessments
from bot.actions.note_sae import note_potential_sae
from bot.actions.place_hold import hold_in
from bot.actions.plan_visits import look_again_at
from bot.actions.raise_case import raise_case
from bot.actions.speak import Rows, home_rows, phrase, to_participant
from bot.actions.standing_question import ask, conversation_of, keep_in_conversation, standing
from bot.clock import new_id
from bot.rules import agenda, callback, questionnaire, sae, screens, triage
from bot.rules import step as steps
from bot.rules.case import Case, CaseKind
from bot.rules.context import Context, context_of
from bot.rules.hearing import Known
from bot.rules.messages import Message, Phrase
from bot.rules.participant import DoseKind, Participant
from bot.rules.progress import Place, Progress
from bot.rules.report import CLOSING, OpenedBy, ReportStatus
from bot.rules.screens import ScreenKind
from bot.rules.step import Step
from bot.rules.study import Level, TextId
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class FromWords:
    """What her words brought into a report: symptoms, the level they reached, the texts she was given.

    `known`: answers that she has confirmed; these are not asked again. `temperature_c` is shown back to her
    before it counts, `typed` the words it stood in. `first`: what is asked before the questions go on.
    """

    symptoms: tuple[str, ...] = ()
    known: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    level: Level = Level.NONE
    advice_given: tuple[TextId, ...] = ()
    temperature_c: Decimal | None = None
    typed: str = ""
    first: Message | None = None


# ---------------------------------------------------------------- opening


async def begin_report(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    opened_by: OpenedBy,
    *,
    words: FromWords | None = None,
    gate: Sequence[str] = (),
    report_id: str | None = None,
) -> None:
    """Opens a report, or takes new symptoms up in the one that is open and shows where it stands.

    `gate`: red flags tapped on an old screen. `report_id`: of a new one, where it is known beforehand.
    """
    words = words or FromWords()
    await _renew(uow, desk, participant)
    progress = await _progress(uow, participant)
    if progress is not None and progress.status is ReportStatus.OPEN:
        await _go_on_with(uow, desk, participant, progress, opened_by, words, gate)
        return
    report_id = report_id or new_id()
    step = questionnaire.begin(
        desk.study,
        await _context(uow, desk, participant),
        report_id=report_id,
        opened_by=opened_by,
        now=desk.now(),
        symptoms=_with_running(progress, words.symptoms),
        gate=gate,
        known=words.known,
        level=words.level,
        advice_given=words.advice_given,
    )
    step = _with_timers_of(_with_number(desk, await _context(uow, desk, participant), step, words), progress)
    await open_row(uow, desk, participant, step.progress, None)
    await _carry_out(uow, desk, participant, step, first=words.first)


async def offer_report(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    message: Message,
    *,
    opened_by: OpenedBy = OpenedBy.WORDS,
    check_in_key: str | None = None,
) -> None:
    """Shows the first screen of a report under the words of `message`; nothing is begun until she answers.

    What she does not touch is no report: silence is never read as "no symptoms", nor as an unfinished report.
    """
    await _renew(uow, desk, participant)
    progress = await _progress(uow, participant)
    context, now = await _context(uow, desk, participant), desk.now()
    if progress is not None and progress.status is ReportStatus.OPEN:
        step = questionnaire.resume(desk.study, context, progress, now)
    elif progress is not None and progress.timers:
        await uow.outbox.put(message, now)
        return
    else:
        step = questionnaire.begin(desk.study, context, report_id=new_id(), opened_by=opened_by, now=now)
    await _keep(uow, participant, step.progress)
    if check_in_key is not None:
        await keep_in_conversation(uow, participant, {"check_in_key": check_in_key})
    if step.screen is None:
        return
    shown = replace(
        message,
        phrases=(*message.phrases, *step.screen.phrases),
        buttons=screens.buttons(step.screen, step.progress.report_id),
    )
    await ask(uow, participant, shown, now)


async def _go_on_with(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    progress: Progress,
    opened_by: OpenedBy,
    words: FromWords,
    gate: Sequence[str],
) -> None:
    """The report that is open: red flags and symptoms are added, else its question is shown again."""
    context, now = await _context(uow, desk, participant), desk.now()
    if not progress.has_begun:
        progress = replace(progress, opened_by=opened_by)
    if gate:
        for code in gate:
            tap = steps.Tap(progress.screen_no, callback.RED_FLAG + code)
            step = questionnaire.advance(desk.study, context, progress, tap, now)
            await _carry_out(uow, desk, participant, step)
            progress = step.progress
        return
    if words.symptoms or words.level > Level.NONE:
        step = questionnaire.open_symptoms(
            desk.study,
            context,
            progress,
            words.symptoms,
            now,
            known=words.known,
            level=words.level,
            advice_given=words.advice_given,
        )
        step = _with_number(desk, context, step, words)
    else:
        step = questionnaire.resume(desk.study, context, progress, now)
    await open_row(uow, desk, participant, step.progress, await _check_in_key(uow, participant))
    await _carry_out(uow, desk, participant, step, first=words.first)


def _with_running(progress: Progress | None, symptoms: Sequence[str]) -> tuple[str, ...]:
    """A wait that still runs is taken into the next report, with the symptom it belongs to."""
    running = [timer.symptom for timer in progress.timers] if progress is not None else []
    return tuple(dict.fromkeys((*running, *symptoms)))


def _with_number(desk: Desk, context: Context, step: Step, words: FromWords) -> Step:
    if words.temperature_c is None:
        return step
    return questionnaire.proposed(desk.study, context, step, words.temperature_c, words.typed)


def _with_timers_of(step: Step, progress: Progress | None) -> Step:
    if progress is None or not progress.timers:
        return step
    return replace(step, progress=replace(step.progress, timers=progress.timers))


# ---------------------------------------------------------------- answers


async def answer_question(uow: UnitOfWork, desk: Desk, participant: Participant, token: str) -> Phrase | None:
    """A tap on a screen of a report. Returns a short word for a button that no longer counts.

    A red flag counts on whatever screen it was tapped, be it of last week.
    """
    tapped = callback.parse(token)
    if tapped is None:
        return phrase("patient.stale")
    renewed = await _renew(uow, desk, participant)
    progress = await _progress(uow, participant)
    if progress is None or progress.report_id != tapped.report_id:
        flag = callback.red_flag_in(token)
        if flag is not None and any(item.code == flag for item in desk.study.gate):
            await begin_report(uow, desk, participant, OpenedBy.TAP, gate=(flag,))
            return None
        return phrase("patient.report.renewed") if renewed else phrase("patient.stale")
    context = await _context(uow, desk, participant)
    tap = steps.Tap(tapped.screen_no, tapped.code)
    step = questionnaire.advance(desk.study, context, progress, tap, desk.now())
    await _carry_out(uow, desk, participant, step, in_place=True)
    return phrase(step.notice) if step.notice else None


async def answer_in_words(uow: UnitOfWork, desk: Desk, participant: Participant, text: str) -> bool:
    """Words as the answer to the open question. False where they answer nothing that was asked."""
    await _renew(uow, desk, participant)
    progress = await _progress(uow, participant)
    if progress is None or progress.status is not ReportStatus.OPEN:
        return False
    context = await _context(uow, desk, participant)
    step = questionnaire.advance(desk.study, context, progress, steps.Typed(text), desk.now())
    if step.understood:
        await _carry_out(uow, desk, participant, step)
    return step.understood


async def show_again(uow: UnitOfWork, desk: Desk, participant: Participant) -> bool:
    """Puts the open question back at the end of the chat; False where there is none."""
    await _renew(uow, desk, participant)
    progress = await _progress(uow, participant)
    if progress is None or progress.status is not ReportStatus.OPEN:
        return False
    context = await _context(uow, desk, participant)
    step = questionnaire.resume(desk.study, context, progress, desk.now())
    await _carry_out(uow, desk, participant, step)
    return True


async def report_is_open(uow: UnitOfWork, participant: Participant) -> str | None:
    """The id of the report she is in the middle of, or in whose ten minutes she is; not of one offered."""
    progress = await _progress(uow, participant)
    if progress is None:
        return None
    under_way = progress.status is ReportStatus.OPEN and questionnaire.is_begun(progress)
    return progress.report_id if under_way or progress.timers else None


async def report_in_hand(uow: UnitOfWork, participant: Participant) -> str | None:
    """The id of the report whose question stands in the chat, be it only offered."""
    progress = await _progress(uow, participant)
    return progress.report_id if progress is not None and progress.status is ReportStatus.OPEN else None


async def not_yet_answered(uow: UnitOfWork, participant: Participant, known: Known) -> Known:
    """What of it the report whose question stands in the chat asks about and has no answer to."""
    progress = await _progress(uow, participant)
    if progress is None or progress.status is not ReportStatus.OPEN:
        return {}
    left = {
        code: {
            question: codes
            for question, codes in answers.items()
            if not progress.is_answered(Place(code, question))
        }
        for code, answers in known.items()
        if code in progress.opened
    }
    return {code: answers for code, answers in left.items() if answers}


async def symptoms_in_hand(uow: UnitOfWork, participant: Participant) -> frozenset[str]:
    """The symptoms that the report whose question stands in the chat asks about."""
    progress = await _progress(uow, participant)
    if progress is None or progress.status is not ReportStatus.OPEN:
        return frozenset()
    return frozenset((*progress.opened, *progress.answers, *progress.reached))


async def note_silence(uow: UnitOfWork, desk: Desk, participant: Participant) -> datetime | None:
    """Timers, the nudge, and the close as incomplete: never as "no symptoms".

    Gives the moment at which silence has something to do next.
    """
    await _renew(uow, desk, participant)
    while (progress := await _progress(uow, participant)) is not None:
        context = await _context(uow, desk, participant)
        step = questionnaire.silence(desk.study, context, progress, desk.now())
        if step is None:
            return questionnaire.next_moment(desk.study, progress)
        await _carry_out(uow, desk, participant, step)
    return None


async def abandon_report(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """Nothing more is asked: what was open ends as INCOMPLETE, and no wait is asked about."""
    progress = await _progress(uow, participant)
    if progress is not None:
        await close_unfinished(uow, desk, progress.report_id, progress.level)
    await _keep(uow, participant, None)


async def _renew(uow: UnitOfWork, desk: Desk, participant: Participant) -> bool:
    """A report asked by questions that were replaced ends as it stands, and is begun anew by the new ones.

    What she told of it is kept and put before a person; symptoms that she named are asked again.
    """
    progress = await _progress(uow, participant)
    if progress is None or progress.catalogue_version == desk.study.catalogue_version:
        return False
    await _keep(uow, participant, None)
    if progress.status is not ReportStatus.OPEN or not progress.has_begun:
        return False
    known = {symptom.code for symptom in desk.study.symptoms}
    named = [*progress.opened, *(about for about in progress.answers if about in known)]
    told = tuple(dict.fromkeys(code for code in named if code in known))
    level = triage.level_if_incomplete(desk.study, told, progress.level)
    if callback.YES in progress.codes(*agenda.ANY_BLEEDING):
        level = max(level, Level.SAME_DAY)
    await close_unfinished(uow, desk, progress.report_id, level)
    if level >= Level.ROUTINE:
        await raise_case(
            uow,
            desk,
            participant,
            kind=CaseKind.REPORT,
            level=level,
            about="staff.story.questions_renewed",
            report_id=progress.report_id,
        )
    key = f"renewed:{progress.report_id}"
    await uow.outbox.put(to_participant(participant, key, [phrase("patient.report.renewed")]), desk.now())
    await begin_report(uow, desk, participant, progress.opened_by, words=FromWords(symptoms=told))
    return True


# ---------------------------------------------------------------- what a step comes to


async def _carry_out(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    step: Step,
    *,
    in_place: bool = False,
    first: Message | None = None,
) -> None:
    """Stores what was answered, raises the case, and says what is due: advice before everything else.

    `first` is asked in place of the next question, which comes after it.
    """
    report_id = step.progress.report_id
    before = await _progress(uow, participant)
    if step.recorded or step.finished is not None:
        await open_row(uow, desk, participant, step.progress, await _check_in_key(uow, participant))
    alarmed = await case_of_report(uow, participant, report_id)
    changed = await store_answers(uow, desk, participant, step.progress, step.recorded)
    if step.recorded or step.finished is not None or step.level >= Level.URGENT:
        await store_assessments(uow, desk, step)
    case = await _raised(uow, desk, participant, step, before)
    await _ask_if_serious(uow, desk, participant, step, case)
    if alarmed is not None and changed:
        await note_answers_changed(uow, desk, alarmed, changed)
    await _say_advice(uow, desk, participant, step, case)
    if step.finished is not None:
        await close_row(uow, desk, report_id, step.finished)
        await note_corrected(uow, desk, participant, step.finished, report_id)
    await _keep(uow, participant, step.progress)
    if first is not None:
        await ask(uow, participant, first, desk.now())
    else:
        await _show(uow, desk, participant, step, before, in_place=in_place)
    moment = questionnaire.next_moment(desk.study, step.progress)
    if moment is not None:
        await look_again_at(uow, participant.subject_code, moment)
    if step.restart:
        await _begin_anew(uow, desk, participant, step)


async def _ask_if_serious(
    uow: UnitOfWork, desk: Desk, participant: Participant, step: Step, case: Case | None
) -> None:
    """What she answered may be a serious event; an investigator decides. Source: specification 3.6."""
    if case is None:
        return
    judged = step.finished.assessed if step.finished is not None else step.assessed
    symptoms = [(one.symptom, one.graded.answers) for one in judged]
    causes = sae.causes_of(
        desk.study.sae,
        symptoms=symptoms,
        grade=max((one.graded.grade for one in judged), default=0),
        who=max((one.graded.who or 0 for one in judged), default=0),
        closing={key: (value,) for key, value in (step.finished.closing if step.finished else {}).items()},
        answers=[(one.question, one.codes) for one in step.recorded],
    )
    await note_potential_sae(uow, desk, participant, causes, case_id=case.id)
    for reason in sae.holds_of(desk.study.sae, symptoms):
        await hold_in(uow, desk, participant, reason, note="")


async def _raised(
    uow: UnitOfWork, desk: Desk, participant: Participant, step: Step, before: Progress | None
) -> Case | None:
    """The case of this report, once its level calls for one; a correction belongs to the case it corrects.

    One that a person has closed is not opened again by what was known when it was closed.
    """
    over = step.progress.status is not ReportStatus.OPEN
    if step.level < Level.URGENT and not (over and step.level >= Level.ROUTINE):
        return None
    corrects = (await conversation_of(uow, participant)).get("corrects")
    known = await case_of_report(uow, participant, corrects) if isinstance(corrects, str) else None
    return await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.REPORT,
        level=step.level,
        about="",
        report_id=known.report_id if known is not None else step.progress.report_id,
        is_news=_says_more(desk, step, before),
        symptoms=_named(desk, step),
    )


def _named(desk: Desk, step: Step) -> frozenset[str]:
    """The symptoms that call for a person, and those that the red flags of the gate speak of."""
    reached = {code for code, one in step.progress.reached.items() if one.level >= Level.ROUTINE}
    flagged = {code for item in desk.study.gate if item.code in step.progress.gate for code in item.opens}
    return frozenset(reached | flagged)


def _says_more(desk: Desk, step: Step, before: Progress | None) -> bool:
    """This step brought a red flag, raised a symptom, or a closing answer that somebody must see."""
    if before is None or before.report_id != step.progress.report_id:
        return True
    good = {question.id: question.good_answer for question in desk.study.closing}
    known = before.reached
    return (
        step.progress.gate != before.gate
        or any(
            code not in known or one.level > known[code].level for code, one in step.progress.reached.items()
        )
        or any(one.symptom == CLOSING and one.codes != (good.get(one.question),) for one in step.recorded)
    )


async def _begin_anew(uow: UnitOfWork, desk: Desk, participant: Participant, step: Step) -> None:
    """A finished report is corrected, or a red flag was tapped on it: a new one; the earlier one stays."""
    await keep_in_conversation(uow, participant, {"check_in_key": None})
    if step.red_flag is not None:
        await begin_report(uow, desk, participant, OpenedBy.TAP, gate=(step.red_flag,))
        return
    corrects = (await conversation_of(uow, participant)).get("corrects") or step.progress.report_id
    await begin_report(uow, desk, participant, OpenedBy.TAP)
    await keep_in_conversation(uow, participant, {"corrects": corrects})


async def _show(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    step: Step,
    before: Progress | None,
    *,
    in_place: bool,
) -> None:
    """The new screen; the one before loses its buttons, so that only one question stands in the chat.

    `in_place`: a tick on a screen that stands is shown on that very screen.
    """
    if step.screen is None:
        return
    now = desk.now()
    old = await standing(uow, participant)
    shown = _screen_key(step.progress)
    is_same = before is not None and _screen_key(before) == shown
    said = list(step.screen.phrases)
    rows = screens.buttons(step.screen, step.progress.report_id)
    if step.screen.kind is ScreenKind.SUMMARY:
        said, rows = _with_home(desk, step, said, rows)
    if in_place and is_same and old is not None and not step.advice:
        message = to_participant(participant, f"{shown}:{new_id()}", said, buttons=rows, edits=old)
        await uow.outbox.put(message, now)
        return
    key = f"{shown}:{new_id()}" if is_same else shown
    message = to_participant(participant, key, said, buttons=rows, routine=step.nudged)
    await ask(uow, participant, message, now)


def _with_home(desk: Desk, step: Step, said: list[Phrase], rows: Rows) -> tuple[list[Phrase], Rows]:
    """Under the summary of a report that needs nobody today: its approved text, and what she can do next."""
    text = desk.study.texts.get(TextId("RT-1"))
    if step.progress.level <= Level.ROUTINE and text is not None:
        said = [*said, Phrase(words=text.text)]
    return said, (*rows, *home_rows())


def _screen_key(progress: Progress) -> str:
    return f"screen:{progress.report_id}:{progress.screen_no}"


async def _say_advice(
    uow: UnitOfWork, desk: Desk, participant: Participant, step: Step, case: Case | None
) -> None:
    if not step.advice:
        return
    if case is None:
        raise LookupError("advice is due and no case was raised")
    key = f"{step.progress.report_id}:{len(step.progress.advice_given)}"
    await give_advice(uow, desk, participant, step.advice, key, case)


# ---------------------------------------------------------------- what is kept of it


async def _progress(uow: UnitOfWork, participant: Participant) -> Progress | None:
    kept = (await conversation_of(uow, participant)).get("report")
    return Progress.from_json(kept) if isinstance(kept, dict) else None


async def _keep(uow: UnitOfWork, participant: Participant, progress: Progress | None) -> None:
    """A new report forgets what belonged to the one before: its check-in, and what it corrected."""
    before = await _progress(uow, participant)
    changed: dict[str, object] = {"report": progress.to_json() if progress else None}
    if progress is not None and before is not None and before.report_id != progress.report_id:
        changed |= {"check_in_key": None, "corrects": None}
    await keep_in_conversation(uow, participant, changed)


async def _check_in_key(uow: UnitOfWork, participant: Participant) -> str | None:
    key = (await conversation_of(uow, participant)).get("check_in_key")
    return key if isinstance(key, str) else None


async def _context(uow: UnitOfWork, desk: Desk, participant: Participant) -> Context:
    """What is known of her beside the answers."""
    subject = participant.subject_code
    earlier = [
        assessment
        for report in await uow.reports.of(subject)
        if report.status is not ReportStatus.OPEN
        for assessment in await uow.reports.assessments(report.id)
    ]
    contacts = [case.contacted_at for case in await uow.cases.all_of(subject) if case.contacted_at]
    doses = [dose.given_at for dose in await uow.doses.of(subject) if dose.kind is DoseKind.TREATMENT]
    return context_of(
        desk.study,
        participant,
        await uow.labs.of(subject),
        earlier,
        desk.now(),
        contacted_at=max(contacts, default=None),
        first_dose_at=min(doses, default=None),
        new_blood_thinner=await _told_of_blood_thinner(uow, desk, participant),
    )


async def _told_of_blood_thinner(uow: UnitOfWork, desk: Desk, participant: Participant) -> bool:
    """She wrote of late that she took aspirin, a painkiller of that kind or a blood thinner.

    Source: specification 2.5 (inputs, `ac`: in the last 7 days), 6.5 (24).
    """
    since = desk.now() - desk.study.triage.words.medicine_counts_for
    told = await uow.understood.of(participant.subject_code, since=since)
    return any(one.meant.get("drug_taken") for one in told)
