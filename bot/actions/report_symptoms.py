"""A report, answer by answer.

The state in the archive, advice the moment an answer reaches it, the case at once.

Source: specification 2.3 to 2.6; architecture, "How one message travels" (5, 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.actions.desk import Desk, site_of
from bot.actions.plan_visits import look_again_at
from bot.actions.raise_case import raise_case
from bot.actions.speak import (
    advice,
    home_rows,
    participant_as_recipient,
    phrase,
    remove_buttons,
    to_participant,
)
from bot.clock import new_id
from bot.rules import callback, questionnaire, screens
from bot.rules import step as steps
from bot.rules.calendar import ByWhen
from bot.rules.case import CaseKind
from bot.rules.context import Context, context_of
from bot.rules.messages import Phrase
from bot.rules.participant import DoseKind, Participant
from bot.rules.progress import Progress
from bot.rules.report import Answer, AnswerId, Assessment, OpenedBy, Report, ReportId, ReportStatus
from bot.rules.step import Finished, Given, Step
from bot.rules.study import Level, TextId
from storage.unit_of_work import UnitOfWork


async def begin_report(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    opened_by: OpenedBy,
    *,
    symptoms: Iterable[str] = (),
    gate: Iterable[str] = (),
    level: Level = Level.NONE,
    advice_given: Iterable[TextId] = (),
    check_in_key: str | None = None,
) -> ReportId:
    """Opens a report, or takes new symptoms up in the open one and shows where it stands; gives its id.

    `gate`: red flags tapped on an old screen. `level`: what her words reached; `advice_given`: the texts they
    were answered with, which are not said twice.
    """
    context = await _context(uow, desk, participant)
    now = desk.now()
    progress = await _progress(uow, participant)
    if progress is not None and progress.status is ReportStatus.OPEN:
        found = tuple(symptoms)
        step = (
            questionnaire.open_symptoms(
                desk.study, context, progress, found, now, level=level, advice_given=tuple(advice_given)
            )
            if found or level > Level.NONE
            else questionnaire.resume(desk.study, context, progress, now)
        )
        await _carry_out(uow, desk, participant, step)
        return ReportId(progress.report_id)
    report_id = ReportId(new_id())
    await uow.reports.open(
        Report(
            id=report_id,
            subject_code=participant.subject_code,
            opened_at=now,
            status=ReportStatus.OPEN,
            opened_by=opened_by,
            reporter=None,
            language=participant.language,
            catalogue_version=desk.study.catalogue_version,
            level=Level.NONE,
            check_in_key=check_in_key,
        )
    )
    step = questionnaire.begin(
        desk.study,
        context,
        report_id=report_id,
        opened_by=opened_by,
        now=now,
        symptoms=tuple(symptoms),
        gate=tuple(gate),
        level=level,
        advice_given=tuple(advice_given),
    )
    await _carry_out(uow, desk, participant, step)
    return report_id


async def answer_question(uow: UnitOfWork, desk: Desk, participant: Participant, token: str) -> Phrase | None:
    """A tap on a screen of a report. Returns a short word for a button that no longer counts.

    A red flag of the gate counts on whatever screen it was tapped, of a report long closed too.
    """
    tapped = callback.parse(token)
    progress = await _progress(uow, participant)
    if tapped is None or progress is None or progress.report_id != tapped.report_id:
        return await _old_button(uow, desk, participant, progress, callback.red_flag_in(token))
    context = await _context(uow, desk, participant)
    tap = steps.Tap(tapped.screen_no, tapped.code)
    step = questionnaire.advance(desk.study, context, progress, tap, desk.now())
    await _carry_out(uow, desk, participant, step)
    return phrase(step.notice) if step.notice else None


async def _old_button(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    progress: Progress | None,
    red_flag: str | None,
) -> Phrase | None:
    if red_flag is None or red_flag not in {item.code for item in desk.study.gate}:
        return phrase("patient.stale")
    if progress is None or progress.status is not ReportStatus.OPEN:
        await begin_report(uow, desk, participant, OpenedBy.TAP, gate=(red_flag,))
        return None
    context = await _context(uow, desk, participant)
    tap = steps.Tap(progress.screen_no, callback.RED_FLAG + red_flag)
    await _carry_out(
        uow, desk, participant, questionnaire.advance(desk.study, context, progress, tap, desk.now())
    )
    return None


async def answer_in_words(uow: UnitOfWork, desk: Desk, participant: Participant, text: str) -> bool:
    """Words as the answer to the open question. False where they answer nothing that was asked."""
    progress = await _progress(uow, participant)
    if progress is None or progress.status is not ReportStatus.OPEN:
        return False
    context = await _context(uow, desk, participant)
    step = questionnaire.advance(desk.study, context, progress, steps.Typed(text), desk.now())
    if step.understood:
        await _carry_out(uow, desk, participant, step)
    return step.understood


async def show_again(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """Puts the open question back at the end of the chat, if there is one."""
    progress = await _progress(uow, participant)
    if progress is not None and progress.status is ReportStatus.OPEN:
        context = await _context(uow, desk, participant)
        step = questionnaire.resume(desk.study, context, progress, desk.now())
        await _carry_out(uow, desk, participant, step)


async def report_is_open(uow: UnitOfWork, participant: Participant) -> str | None:
    """The id of the report she is in the middle of."""
    progress = await _progress(uow, participant)
    return progress.report_id if progress is not None and progress.status is ReportStatus.OPEN else None


async def note_silence(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """Timers, the nudge, and the close as incomplete: never as "no symptoms"."""
    while (progress := await _progress(uow, participant)) is not None:
        context = await _context(uow, desk, participant)
        step = questionnaire.silence(desk.study, context, progress, desk.now())
        if step is None:
            return
        await _carry_out(uow, desk, participant, step)


async def _carry_out(uow: UnitOfWork, desk: Desk, participant: Participant, step: Step) -> None:
    """Stores what was answered, raises the case, and says what is due: advice before everything else."""
    before = await _progress(uow, participant)
    await _store_answers(uow, desk, participant, step.progress.report_id, step.recorded)
    worse = await _store_assessments(uow, desk, step)
    if step.level >= Level.URGENT or (step.finished is not None and step.level >= Level.ROUTINE):
        await raise_case(
            uow,
            desk,
            participant,
            kind=CaseKind.REPORT,
            level=step.level,
            about="",
            report_id=step.progress.report_id,
            is_news=worse or bool(step.advice),
        )
    await _say_advice(uow, desk, participant, step)
    if step.finished is not None:
        await _close(uow, desk, participant, step.finished, step.progress.report_id)
    await _keep(uow, participant, step.progress)
    await _show(uow, desk, participant, step, before)
    moment = questionnaire.next_moment(desk.study, step.progress)
    if moment is not None:
        await look_again_at(uow, participant.subject_code, moment)
    if step.restart:
        await _keep(uow, participant, None)
        gate = (step.red_flag,) if step.red_flag else ()
        await begin_report(uow, desk, participant, OpenedBy.TAP, gate=gate)


async def _show(
    uow: UnitOfWork, desk: Desk, participant: Participant, step: Step, before: Progress | None
) -> None:
    """The new screen; the one before loses its buttons, so that only one question stands in the chat."""
    if step.screen is None:
        return
    now = desk.now()
    shown = _screen_key(step.progress)
    state = await uow.conversations.get(participant_as_recipient(participant.subject_code)) or {}
    old = state.get("screen_key")
    if isinstance(old, str):
        to = participant_as_recipient(participant.subject_code)
        await uow.outbox.put(remove_buttons(to, participant.language, old), now)
    key = f"{shown}:{new_id()}" if old and str(old).startswith(shown) else shown
    message = to_participant(
        participant,
        key,
        step.screen.phrases,
        buttons=screens.buttons(step.screen, step.progress.report_id),
        routine=step.nudged,
    )
    await uow.outbox.put(message, now)
    await uow.conversations.put(
        participant_as_recipient(participant.subject_code), {**state, "screen_key": key}
    )


def _screen_key(progress: Progress) -> str:
    return f"screen:{progress.report_id}:{progress.screen_no}"


async def _say_advice(uow: UnitOfWork, desk: Desk, participant: Participant, step: Step) -> None:
    site = await site_of(uow, participant.site_code)
    for text_id in step.advice:
        key = f"advice:{step.progress.report_id}:{text_id}:{len(step.progress.advice_given)}"
        text = desk.study.texts[text_id]
        values = {"by_when": await _by_when(uow, desk, participant, step.level)}
        message = advice(participant, site, text, key)
        told = replace(message.phrases[0], values={**message.phrases[0].values, **values})
        await uow.outbox.put(replace(message, phrases=(told,)), desk.now())


async def _by_when(uow: UnitOfWork, desk: Desk, participant: Participant, level: Level) -> Phrase:
    """When a person will be in touch, from the calendar; a promise is never made across days off."""
    site = await site_of(uow, participant.site_code)
    told: ByWhen = desk.calendar_of(site).by_when(level, desk.now(), on_call=True)
    return phrase(f"patient.by_when.{told.kind.value}", at=told.at)


async def _close(
    uow: UnitOfWork, desk: Desk, participant: Participant, finished: Finished, report_id: str
) -> None:
    report = await uow.reports.get(report_id)
    if report is None:
        raise LookupError("a report under way is not in the archive")
    await uow.reports.save(
        replace(
            report,
            status=finished.status,
            level=finished.level,
            reporter=finished.reporter,
            closed_at=desk.now(),
        )
    )
    text = desk.study.texts.get(TextId("RT-1"))
    if finished.level <= Level.ROUTINE and text is not None:
        key = f"recorded:{report_id}"
        said = [Phrase(words=text.text)]
        await uow.outbox.put(to_participant(participant, key, said, buttons=home_rows()), desk.now())


async def _store_answers(
    uow: UnitOfWork, desk: Desk, participant: Participant, report_id: str, given: Iterable[Given]
) -> None:
    for one in given:
        await uow.reports.add_answer(
            Answer(
                id=AnswerId(new_id()),
                report_id=ReportId(report_id),
                symptom=one.symptom,
                question=one.question,
                codes=one.codes,
                typed=one.typed,
                language=participant.language,
                wording_shown=one.asked.words.said_in(participant.language)
                if one.asked.words
                else one.asked.key,
                catalogue_version=desk.study.catalogue_version,
                shown_at=one.shown_at,
                answered_at=one.answered_at,
                assumed=one.assumed,
            )
        )


async def _store_assessments(uow: UnitOfWork, desk: Desk, step: Step) -> bool:
    """Each symptom as judged now; only what changed since the last time is written.

    Returns whether a symptom is new or worse, at a level a person must look at today.
    """
    report_id = ReportId(step.progress.report_id)
    last = {one.symptom: one for one in await uow.reports.assessments(report_id)}
    judged = step.finished.assessed if step.finished is not None else step.assessed
    worse = False
    for one in judged:
        new = Assessment(
            report_id=report_id,
            symptom=one.symptom,
            grade=one.graded.grade,
            who=one.graded.who,
            base_level=one.graded.level,
            level=one.level,
            term=one.graded.term,
            rules=one.rules,
            at=desk.now(),
        )
        known = last.get(one.symptom)
        if known is None or replace(known, at=new.at) != new:
            await uow.reports.add_assessment(new)
        before = known.level if known is not None else Level.NONE
        worse = worse or (new.level >= Level.SAME_DAY and new.level > before)
    return worse


async def _progress(uow: UnitOfWork, participant: Participant) -> Progress | None:
    state = await uow.conversations.get(participant_as_recipient(participant.subject_code)) or {}
    kept = state.get("report")
    return Progress.from_json(kept) if isinstance(kept, dict) else None


async def _keep(uow: UnitOfWork, participant: Participant, progress: Progress | None) -> None:
    whom = participant_as_recipient(participant.subject_code)
    state = await uow.conversations.get(whom) or {}
    await uow.conversations.put(whom, {**state, "report": progress.to_json() if progress else None})


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
    )
