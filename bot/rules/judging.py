"""After every answer: the level so far, the advice due now, and where the report goes next, or how it ends.

Nothing falls below what was reached. Advice is due the moment a partial level reaches EMERGENCY or URGENT.
Source: specification 2.2 (incomplete reports), 2.3.2 (explicit zeros), 2.6, 2.8; decisions "Triage".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.rules import agenda, callback, screens, triage
from bot.rules.context import Context
from bot.rules.grading import Graded
from bot.rules.messages import Phrase
from bot.rules.progress import Place, Progress, Reached
from bot.rules.recording import sets
from bot.rules.report import CLOSING, DECLINED, WHICH, Reporter, ReportStatus
from bot.rules.step import Finished, Given, Step
from bot.rules.study import Level, QuestionKind, Study, SymptomGroup, TextId
from bot.rules.triage import Assessed


def at(study: Study, progress: Progress, place: Place, now: datetime) -> Progress:
    """A new screen; where several may be chosen, an earlier answer stands ticked."""
    question = agenda.question_at(study, place)
    several = place in (agenda.BLEEDING_SITES, agenda.THE_MENU) or place.about == WHICH
    ticks = several or (question is not None and question.kind is QuestionKind.MULTI)
    earlier = progress.codes(*place) if ticks else ()
    return replace(
        progress,
        place=place,
        screen_no=progress.screen_no + 1,
        shown_at=now,
        selected=tuple(code for code in earlier if code not in (callback.NONE, DECLINED)),
        unconfirmed=None,
        nudged_at=None,
    )


def go_on(
    study: Study,
    context: Context,
    progress: Progress,
    recorded: Sequence[Given],
    now: datetime,
    *,
    advice: Sequence[TextId] = (),
    first: Sequence[Phrase] = (),
    leave_symptom: bool = False,
) -> Step:
    """To the next place, or to the end of the report."""
    place = agenda.next_place(study, context.sex, progress, leave_symptom=leave_symptom)
    if place is None:
        return close(study, context, progress, recorded, now, advice=advice, first=first)
    progress = at(study, progress, place, now)
    return judged(study, context, progress, recorded, now, advice=advice, first=first)


def judged(
    study: Study,
    context: Context,
    progress: Progress,
    recorded: Sequence[Given],
    now: datetime,
    *,
    advice: Sequence[TextId] = (),
    first: Sequence[Phrase] = (),
) -> Step:
    """Levels and advice of the answers so far; nothing falls below what was reached."""
    assessed = judge(study, context, progress)
    level, rules = triage.report_level(
        study, assessed, _closing_answers(study, progress), context, gate=progress.gate
    )
    reached = {one.symptom: Reached(one.level, one.rules) for one in assessed if one.level > Level.NONE}
    progress = replace(progress, reached={**progress.reached, **reached}, level=max(progress.level, level))
    due = _due_advice(study, context, progress, assessed, level)
    progress = replace(progress, advice_given=(*progress.advice_given, *due))
    return Step(
        progress=progress,
        level=progress.level,
        screen=screens.draw(study, context.sex, progress).saying_first(first),
        advice=(*advice, *due),
        assessed=assessed,
        rules=rules,
        recorded=tuple(recorded),
    )


def judge(study: Study, context: Context, progress: Progress) -> tuple[Assessed, ...]:
    """Every symptom of the report by the answers so far, ticks included; none below what it reached."""
    return tuple(
        _judged_symptom(study, context, progress, code)
        for code in agenda.symptoms(study, context.sex, progress)
    )


def _judged_symptom(study: Study, context: Context, progress: Progress, code: str) -> Assessed:
    symptom = study.symptom(code)
    answers = sets(progress.answers.get(code, {}))
    if progress.place.about == code and progress.selected:
        answers = {**answers, progress.place.question: frozenset(progress.selected)}
    over = progress.status is not ReportStatus.OPEN
    finished = over or agenda.is_complete(study, progress, code)
    now_judged = triage.assess(study, symptom, answers, context, finished=finished)
    before = progress.reached.get(code)
    if before is None or before.level <= now_judged.level:
        return now_judged
    rules = tuple(dict.fromkeys((*before.rules, *now_judged.rules)))
    return replace(now_judged, level=before.level, rules=rules)


def _due_advice(
    study: Study, context: Context, progress: Progress, assessed: Sequence[Assessed], level: Level
) -> tuple[TextId, ...]:
    """Texts of the highest level only: a milder one after *call 120* would take it back."""
    top = progress.level
    if top < Level.URGENT or level < top:
        return ()
    texts = [
        triage.advice(study, study.symptom(one.symptom), one.graded.answers, top, context.band)
        for one in assessed
        if one.level == top
    ]
    if not texts and not any(item.level == top for item in study.gate if item.code in progress.gate):
        texts = [triage.general_advice(study, top)]
    return tuple(text for text in dict.fromkeys(texts) if text not in progress.advice_given)


def _closing_answers(study: Study, progress: Progress) -> dict[str, str]:
    return {
        question.id: codes[0]
        for question in study.closing
        if (codes := progress.codes(CLOSING, question.id)) and codes != (DECLINED,)
    }


def close(
    study: Study,
    context: Context,
    progress: Progress,
    recorded: Sequence[Given],
    now: datetime,
    *,
    advice: Sequence[TextId] = (),
    first: Sequence[Phrase] = (),
    stopped: bool = False,
) -> Step:
    """Ends the report: COMPLETE, or INCOMPLETE when she stopped or left out what may be a red flag."""
    picked = agenda.symptoms(study, context.sex, progress)
    skipped = [code for code in picked if _skipped_red_flag(study, progress, code)]
    status = ReportStatus.INCOMPLETE if stopped or skipped else ReportStatus.COMPLETE
    ended = at(study, replace(progress, status=status), agenda.THE_SUMMARY, now)
    if status is ReportStatus.INCOMPLETE:
        touched = picked if stopped else skipped
        least = triage.level_if_incomplete(study, touched, ended.level)
        if callback.YES in progress.codes(*agenda.ANY_BLEEDING) and stopped:
            least = max(least, Level.SAME_DAY)
        ended = replace(ended, level=least)
    step = judged(study, context, ended, recorded, now, advice=advice, first=first)
    return _with_end(study, context, step)


def _with_end(study: Study, context: Context, step: Step) -> Step:
    progress, texts = step.progress, list(step.advice)
    if progress.level is Level.SAME_DAY:
        texts.append(study.triage.same_day_text)
    progress = replace(progress, advice_given=tuple(dict.fromkeys((*progress.advice_given, *texts))))
    closing = _closing_answers(study, progress)
    finished = Finished(
        status=progress.status,
        level=progress.level,
        rules=step.rules,
        assessed=(*step.assessed, *_denied(study, context, progress)),
        closing=closing,
        reporter=_reporter(study, closing),
    )
    return replace(step, progress=progress, advice=tuple(texts), finished=finished)


def _skipped_red_flag(study: Study, progress: Progress, code: str) -> bool:
    symptom = study.symptom(code)
    skipped = any(codes == (DECLINED,) for codes in progress.answers.get(code, {}).values())
    return skipped and triage.is_red_flag_capable(symptom)


def _denied(study: Study, context: Context, progress: Progress) -> tuple[Assessed, ...]:
    """*No bleeding* is an answer for every bleeding site: grade 0, WHO 0. Source: specification 2.3.2."""
    if callback.NO not in progress.codes(*agenda.ANY_BLEEDING):
        return ()
    told = agenda.symptoms(study, context.sex, progress)
    return tuple(
        _zero(symptom.code)
        for symptom in study.symptoms
        if symptom.group is SymptomGroup.BLEEDING
        and not symptom.also_in_symptom_menu
        and symptom.code not in told
        and agenda.fits_sex(symptom, context.sex)
    )


def _zero(code: str) -> Assessed:
    rule = (f"{code}: no bleeding",)
    zero = Graded(symptom=code, grade=0, who=0, level=Level.NONE, term=None, rules=rule, answers={})
    return Assessed(symptom=code, graded=zero, level=Level.NONE, rules=rule)


def _reporter(study: Study, closing: Mapping[str, str]) -> Reporter | None:
    for question in study.closing:
        if agenda.asks_reporter(question) and question.id in closing:
            return Reporter(closing[question.id])
    return None
