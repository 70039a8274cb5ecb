"""What a report still has to ask, in order. Nothing of it is stored: it follows from what was answered.

The order: a symptom once begun is finished; then symptoms a red flag, her words or another answer opened;
the gate; any bleeding and where; the symptom menu, which can end the report; the symptoms picked, most
dangerous first (the order of the catalogue); the closing questions. Source: specification 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.rules import callback
from bot.rules.grading import holds
from bot.rules.progress import Place, Progress
from bot.rules.report import BLEEDING, CLOSING, GATE, MENU, TIMER, WHICH, Reporter, ReportStatus
from bot.rules.study import ClosingQuestion, Question, Sex, Study, Symptom, SymptomGroup

SUMMARY = "SUMMARY"

THE_GATE = Place(GATE, "ANY")
ANY_BLEEDING = Place(BLEEDING, "ANY")
BLEEDING_SITES = Place(BLEEDING, "SITES")
THE_MENU = Place(MENU, "PICKED")
CLOSING_STATEMENTS = Place(CLOSING, "STATEMENTS")
THE_SUMMARY = Place(SUMMARY, "")

# How the closing statements were answered: with one button, or one by one.
ALL_GOOD = "ALL_GOOD"
ONE_BY_ONE = "ONE_BY_ONE"

# The question in which she says it in her own words, of a symptom or (as suffix) of a closing question.
WORDS = "WORDS"


def next_place(study: Study, sex: Sex, progress: Progress, *, leave_symptom: bool = False) -> Place | None:
    """The first place not yet answered, or None when nothing is left to ask.

    `leave_symptom`: do not finish the symptom of the current screen first, something more urgent came up.
    """
    if (waiting := asked_timer(progress)) is not None:
        return waiting
    if progress.status is not ReportStatus.OPEN:
        return THE_SUMMARY
    begun = None if leave_symptom else progress.place.about
    for place in agenda(study, sex, progress, begun):
        if not progress.is_answered(place):
            return place
    return None


def asked_timer(progress: Progress) -> Place | None:
    """The timer whose question stands in the chat, oldest first."""
    for timer in progress.timers:
        if timer.asked_at is not None:
            return Place(TIMER, f"{timer.symptom}.{timer.question}")
    return None


def agenda(study: Study, sex: Sex, progress: Progress, begun: str | None = None) -> Iterator[Place]:
    """Every place of this report in the order of asking, answered ones among them."""
    picked = symptoms(study, sex, progress)
    yield from _of_symptoms(study, progress, [code for code in picked if code == begun])
    for number in range(len(progress.groups)):
        yield Place(WHICH, str(number))
    yield from _of_symptoms(study, progress, [code for code in picked if code in _opened(progress)])
    yield THE_GATE
    yield ANY_BLEEDING
    if callback.YES in progress.codes(*ANY_BLEEDING):
        yield BLEEDING_SITES
    yield THE_MENU
    yield from _of_symptoms(study, progress, picked)
    yield from closing_places(study, progress)


def place_before(study: Study, sex: Sex, progress: Progress) -> Place | None:
    """Where *back* leads: the answered place before the current one, among those that still count."""
    counting = set(agenda(study, sex, progress))
    answered = [place for place in progress.history if place in counting]
    if progress.place in answered:
        answered = answered[: answered.index(progress.place)]
    return answered[-1] if answered else None


def symptoms(study: Study, sex: Sex, progress: Progress) -> tuple[str, ...]:
    """The symptoms of this report, in catalogue order: opened, or picked on a menu that still counts."""
    named = _opened(progress) | set(progress.codes(*THE_MENU))
    if callback.YES in progress.codes(*ANY_BLEEDING):
        named |= set(progress.codes(*BLEEDING_SITES))
    return tuple(one.code for one in study.symptoms if one.code in named and fits_sex(one, sex))


def _opened(progress: Progress) -> set[str]:
    """Opened by a red flag, her words or another answer, those chosen from a group among them."""
    chosen = [progress.codes(WHICH, str(number)) for number in range(len(progress.groups))]
    return {*progress.opened, *(code for codes in chosen for code in codes)}


def fits_sex(symptom: Symptom, sex: Sex) -> bool:
    """The symptom is asked of this person at all."""
    return symptom.only_sex in (None, sex)


def places_of(study: Study, progress: Progress, symptom: Symptom) -> tuple[Place, ...]:
    """The places of a symptom that count: her own words first where it begins with them, then its questions.

    A question that its conditions leave out is no place, unless it was answered before they did.
    """
    words = (Place(symptom.code, WORDS),) if symptom.asks_words else ()
    asked = (
        Place(symptom.code, one.id)
        for one in symptom.questions
        if progress.is_answered(Place(symptom.code, one.id)) or is_asked(study, progress, symptom, one)
    )
    return (*words, *asked)


def is_asked(study: Study, progress: Progress, symptom: Symptom, question: Question) -> bool:
    """Whether the answers so far let this question be asked; what is left out is no skip."""
    said = {one: frozenset(codes) for one, codes in progress.answers.get(symptom.code, {}).items()}
    if question.skip_if and holds(question.skip_if, said):
        return False
    if question.skip_at_gate and _opened_at_gate(study, progress, symptom):
        return False
    return holds(question.only_if, said)


def _opened_at_gate(study: Study, progress: Progress, symptom: Symptom) -> bool:
    return any(symptom.code in item.opens for item in study.gate if item.code in progress.gate)


def closing_places(study: Study, progress: Progress) -> Iterator[Place]:
    """The four statements on one screen; one by one when something of them applies."""
    yield CLOSING_STATEMENTS
    if ONE_BY_ONE not in progress.codes(*CLOSING_STATEMENTS):
        return
    for question in study.closing:
        yield Place(CLOSING, question.id)
        if question.words_after & set(progress.codes(CLOSING, question.id)):
            yield words_place(question.id)


def asks_reporter(question: ClosingQuestion) -> bool:
    """Whether this closing question asks who is answering: its options are the two reporters."""
    return {option.code for option in question.options} == {reporter.value for reporter in Reporter}


def words_place(closing_id: str) -> Place:
    """Where she names it in her own words after a closing question."""
    return Place(CLOSING, f"{closing_id}.{WORDS}")


def is_complete(study: Study, progress: Progress, code: str) -> bool:
    """Every question of the symptom has an answer, a skip among them."""
    return all(progress.is_answered(place) for place in places_of(study, progress, study.symptom(code)))


def bleeding_sites(study: Study, sex: Sex) -> tuple[Symptom, ...]:
    """What the bleeding menu offers, in the order of the catalogue."""
    return tuple(
        one
        for one in study.symptoms
        if one.group is SymptomGroup.BLEEDING and one.on_menu and fits_sex(one, sex)
    )


def menu_symptoms(study: Study, sex: Sex, progress: Progress) -> tuple[Symptom, ...]:
    """What the symptom menu offers: no bleeding sites, nothing this report asks about already."""
    elsewhere = set(symptoms(study, sex, progress)) - set(progress.codes(*THE_MENU))
    offered = [
        one
        for one in study.symptoms
        if (one.group is SymptomGroup.ADVERSE_EVENT or one.also_in_symptom_menu)
        and one.on_menu
        and fits_sex(one, sex)
        and one.code not in elsewhere
    ]
    return tuple(sorted(offered, key=lambda one: not one.menu_first))


def question_at(study: Study, place: Place) -> Question | None:
    """The catalogue question of a place; None for a place of the report itself and for her own words."""
    for symptom in study.symptoms:
        if symptom.code == place.about:
            return next((one for one in symptom.questions if one.id == place.question), None)
    return None


def _of_symptoms(study: Study, progress: Progress, codes: Iterable[str]) -> Iterator[Place]:
    for code in codes:
        yield from places_of(study, progress, study.symptom(code))
