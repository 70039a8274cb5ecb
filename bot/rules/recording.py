"""An answer is set, and what follows from it at once: symptoms it opens, answers it makes void, its timer.

Source: specification 2.7 (notes: opening rules, ten-minute timers), 2.4 (not measured).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.rules import agenda, callback
from bot.rules.context import Context
from bot.rules.grading import as_judged, holds
from bot.rules.messages import Phrase
from bot.rules.progress import Place, Progress, RunningTimer
from bot.rules.report import GATE
from bot.rules.step import Given
from bot.rules.study import GateItem, OpensRule, Study


def record(
    study: Study,
    context: Context,
    progress: Progress,
    place: Place,
    codes: tuple[str, ...],
    typed: str | None,
    now: datetime,
    *,
    asked: Phrase | None = None,
    assumed: bool = False,
) -> tuple[Progress, tuple[Given, ...]]:
    """Sets the answer and what follows from it: symptoms it opens, answers it makes void, its timer.

    Returns the progress and what is to be stored: this answer, then those it carries to a symptom it opened.
    """
    if asked is None:
        question = agenda.question_at(study, place)
        asked = Phrase(words=question.text) if question else Phrase()
    given = Given(
        symptom=place.about,
        question=place.question,
        codes=codes,
        typed=typed,
        asked=asked,
        shown_at=progress.shown_at,
        answered_at=now,
        assumed=assumed,
    )
    progress = replace(progress.with_answer(place, codes, typed), nudged_at=None)
    progress = _site_if_measured(study, progress, place, codes)
    progress = _gate_taken_back(progress, place, codes)
    progress = _timer_started(study, progress, place, codes, now)
    progress, carried = _openings(study, context, progress, place, given)
    return progress, (given, *carried)


def flag_recorded(
    study: Study, context: Context, progress: Progress, item: GateItem, now: datetime
) -> tuple[Progress, Given]:
    """A yes at the gate: its level stands, its symptoms are opened."""
    given = Given(
        symptom=GATE,
        question=item.code,
        codes=(item.code,),
        typed=None,
        asked=Phrase(words=item.label),
        shown_at=progress.shown_at,
        answered_at=now,
    )
    progress = progress.with_answer(agenda.THE_GATE, (item.code,))
    progress = replace(
        progress,
        gate=(*progress.gate, item.code),
        level=max(progress.level, item.level),
        nudged_at=None,
    )
    progress = with_history(progress, agenda.THE_GATE)
    return opened_by(study, context, progress, item.opens), given


def _site_if_measured(study: Study, progress: Progress, place: Place, codes: tuple[str, ...]) -> Progress:
    """A number typed after *not measured*: where it was measured must be asked after all."""
    rules = study.triage.temperature
    if rules is None or place != Place(rules.symptom, rules.question):
        return progress
    site = Place(rules.symptom, rules.site_question)
    if rules.not_measured in progress.codes(*site) and rules.not_measured not in codes:
        return progress.without_answer(site)
    return progress


def _gate_taken_back(progress: Progress, place: Place, codes: tuple[str, ...]) -> Progress:
    """*None of these* after going back: what a mis-tap opened and she has not answered is not asked."""
    if place != agenda.THE_GATE or codes != (callback.NONE,):
        return progress
    kept = tuple(code for code in progress.opened if progress.answers.get(code))
    return replace(progress, opened=kept, groups=())


def _timer_started(
    study: Study, progress: Progress, place: Place, codes: tuple[str, ...], now: datetime
) -> Progress:
    question = agenda.question_at(study, place)
    others = tuple(one for one in progress.timers if (one.symptom, one.question) != place)
    started = [
        RunningTimer(place.about, place.question, timer.on_option, now + timer.wait, None)
        for timer in (question.timers if question else ())
        if timer.on_option in codes
    ]
    return replace(progress, timers=(*others, *started))


def _openings(
    study: Study, context: Context, progress: Progress, place: Place, given: Given
) -> tuple[Progress, tuple[Given, ...]]:
    """Opens the symptoms that the answers of this one point to, each rule once."""
    if agenda.question_at(study, place) is None:
        return progress, ()
    symptom = study.symptom(place.about)
    answers = as_judged(symptom, sets(progress.answers.get(symptom.code, {})))
    carried: list[Given] = []
    for number, rule in enumerate(symptom.opens):
        name = f"{symptom.code}.{number}"
        if name not in progress.fired and holds(rule.when, answers):
            progress = replace(progress, fired=(*progress.fired, name))
            progress = opened_by(study, context, progress, rule.symptoms)
            for code in (code for code in rule.symptoms if code in progress.opened):
                progress, taken = _carried(study, progress, rule, symptom.code, code, given)
                carried += taken
    return progress, tuple(carried)


def _carried(
    study: Study, progress: Progress, rule: OpensRule, source: str, opened: str, given: Given
) -> tuple[Progress, list[Given]]:
    """Takes over answers that the opened symptom asks for with the same options; they are not asked twice."""
    taken = []
    for question in rule.carries:
        known = {option.code for option in study.symptom(opened).question(question).options}
        codes = tuple(code for code in progress.codes(source, question) if code in known)
        place = Place(opened, question)
        if codes and not progress.is_answered(place):
            progress = progress.with_answer(place, codes)
            taken.append(replace(given, symptom=opened, question=question, codes=codes, typed=None))
    return progress, taken


def opened_symptoms(study: Study, context: Context, codes: Sequence[str]) -> tuple[str, ...]:
    """Those of the codes that are symptoms asked of this person, in catalogue order."""
    return tuple(
        one.code for one in study.symptoms if one.code in codes and agenda.fits_sex(one, context.sex)
    )


def opened_by(study: Study, context: Context, progress: Progress, codes: Sequence[str]) -> Progress:
    """One symptom is opened; of several she is asked which, unless one is being told already."""
    fitting = opened_symptoms(study, context, codes)
    if len(fitting) == 1:
        return replace(progress, opened=tuple(dict.fromkeys((*progress.opened, *fitting))))
    if not fitting or set(fitting) & set(agenda.symptoms(study, context.sex, progress)):
        return progress
    in_asked_order = tuple(code for code in codes if code in fitting)
    return replace(progress, groups=(*progress.groups, in_asked_order))


def with_history(progress: Progress, place: Place) -> Progress:
    """The place has been answered; answered again it keeps its turn, so that *back* leads the same way."""
    if place in progress.history:
        return progress
    return replace(progress, history=(*progress.history, place))


def sets(answers: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """Answers as the tables read them."""
    return {question: frozenset(codes) for question, codes in answers.items()}
