"""The screens of a report: what is said and which buttons stand under it, before they have words.

A screen is drawn from progress alone, so that it can be shown again after a restart. Chrome is named by
message key (`patient.…`), clinical words come from the study. Source: specification 2.3; decisions "Settled
on a second reading" (gate, menu and closing screens).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.rules import agenda, callback
from bot.rules.messages import Button, Phrase
from bot.rules.progress import Place, Progress
from bot.rules.report import CLOSING, DECLINED
from bot.rules.study import (
    Bilingual,
    Option,
    Question,
    QuestionKind,
    Sex,
    Study,
    Symptom,
    SymptomGroup,
)


class ScreenKind(StrEnum):
    GATE = "GATE"
    BLEEDING = "BLEEDING"
    SITES = "SITES"
    WHICH = "WHICH"
    MENU = "MENU"
    QUESTION = "QUESTION"
    NUMBER = "NUMBER"
    WORDS = "WORDS"
    CONFIRM = "CONFIRM"
    TIMER = "TIMER"
    CLOSING = "CLOSING"
    SUMMARY = "SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One button: the code it sends and its words."""

    code: str
    label: Phrase
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`rows` of buttons from top to bottom; `takes_text`: what she types next is the answer.

    `asked` is the question alone, as it is kept with the answer; `phrases` may say more before it.
    `multi`: buttons are ticked, and a further one says that all are.
    """

    kind: ScreenKind
    id: str
    number: int
    asked: Phrase
    phrases: tuple[Phrase, ...]
    rows: tuple[tuple[Choice, ...], ...]
    multi: bool = False
    takes_text: bool = False

    def choice(self, code: str) -> Choice | None:
        """The button with this code, if it stands on the screen."""
        return next((choice for row in self.rows for choice in row if choice.code == code), None)

    def without(self, code: str) -> Screen:
        rows = (tuple(choice for choice in row if choice.code != code) for row in self.rows)
        return replace(self, rows=tuple(row for row in rows if row))

    def saying_first(self, said: Sequence[Phrase]) -> Screen:
        return replace(self, phrases=(*said, *self.phrases)) if said else self


def buttons(screen: Screen, report_id: str) -> tuple[tuple[Button, ...], ...]:
    """The rows as buttons with their tokens; a ticked one carries a tick."""
    return tuple(
        tuple(
            Button(label=_ticked(choice), data=callback.token(report_id, screen.number, choice.code))
            for choice in row
        )
        for row in screen.rows
    )


def _ticked(choice: Choice) -> Phrase:
    if not choice.selected:
        return choice.label
    return Phrase(key="patient.button.ticked", values={"label": choice.label})


def draw(study: Study, sex: Sex, progress: Progress) -> Screen:
    """The screen of the current place; *back* only where something was answered before it."""
    screen = _drawn(study, sex, progress)
    return screen if agenda.place_before(study, sex, progress) else screen.without(callback.BACK)


def _drawn(study: Study, sex: Sex, progress: Progress) -> Screen:
    place = progress.place
    match place.about:
        case agenda.SUMMARY:
            return _summary(study, progress)
        case _ if place == agenda.THE_GATE:
            return _gate(study, progress)
        case _ if place == agenda.ANY_BLEEDING:
            return _any_bleeding(study, sex, progress)
        case _ if place == agenda.BLEEDING_SITES:
            return _sites(study, sex, progress)
        case _ if place == agenda.THE_MENU:
            return _menu(study, sex, progress)
        case _ if place == agenda.CLOSING_STATEMENTS:
            return _closing_statements(study, progress)
        case "WHICH":
            return _which(study, progress)
        case "TIMER":
            return _timer(study, progress)
        case "CLOSING":
            return _closing(study, progress)
        case _:
            return _of_symptom(study, progress)


# ---------------------------------------------------------------- screens of the report


def _gate(study: Study, progress: Progress) -> Screen:
    rows = [_row(callback.NONE, _words(study.gate_none)), *_red_flags(study, ())]
    return _screen(progress, ScreenKind.GATE, _words(study.gate_ask), rows, back=True)


def _red_flags(study: Study, but: Iterable[str]) -> list[tuple[Choice, ...]]:
    said = frozenset(but)
    return [
        _row(callback.RED_FLAG + item.code, _words(item.label))
        for item in study.gate
        if item.code not in said
    ]


def _any_bleeding(study: Study, sex: Sex, progress: Progress) -> Screen:
    """After a red flag the others stand here too, so that a second one can be told."""
    known = bool(agenda.symptoms(study, sex, progress))
    asked = _key("patient.bleeding.any_other" if known else "patient.bleeding.any")
    said = progress.codes(*agenda.ANY_BLEEDING)
    rows = [
        _row(callback.NO, _key("patient.button.no"), selected=callback.NO in said),
        _row(callback.YES, _key("patient.button.yes"), selected=callback.YES in said),
    ]
    others = _red_flags(study, progress.gate) if progress.gate else []
    phrases = (asked, _key("patient.bleeding.other_red_flags")) if others else (asked,)
    screen = _screen(progress, ScreenKind.BLEEDING, asked, [*rows, *others], back=True)
    return replace(screen, phrases=phrases)


def _sites(study: Study, sex: Sex, progress: Progress) -> Screen:
    rows = _ticks(agenda.bleeding_sites(study, sex), progress)
    return _several(progress, ScreenKind.SITES, _key("patient.bleeding.sites"), rows)


def _which(study: Study, progress: Progress) -> Screen:
    group = progress.groups[int(progress.place.question)]
    rows = _ticks([study.symptom(code) for code in group], progress)
    if not progress.selected:
        rows.append(_row(callback.NONE, _key("patient.button.none_of_these")))
    return _several(progress, ScreenKind.WHICH, _key("patient.which"), rows)


def _menu(study: Study, sex: Sex, progress: Progress) -> Screen:
    """Symptoms to pick; above them the closing statements, so that one button may end the report."""
    asked = Phrase(key="patient.menu", values={"statements": _statements(study)})
    rows = _ticks(agenda.menu_symptoms(study, sex, progress), progress)
    if not progress.selected:
        rows.insert(0, _row(callback.FINISH, _key("patient.button.finish")))
    rows.append(_row(callback.DETAILS, _key("patient.button.details")))
    return _several(progress, ScreenKind.MENU, asked, rows)


def _closing_statements(study: Study, progress: Progress) -> Screen:
    asked = Phrase(key="patient.closing", values={"statements": _statements(study)})
    rows = [
        _row(callback.FINISH, _key("patient.button.finish")),
        _row(callback.DETAILS, _key("patient.button.details")),
    ]
    return _screen(progress, ScreenKind.CLOSING, asked, rows, back=True)


def _statements(study: Study) -> tuple[Phrase, ...]:
    """What may apply to her; who is answering stands on the button that ends the report."""
    return tuple(
        _words(question.statement)
        for question in study.closing
        if question.shown_on_good_day and not agenda.asks_reporter(question)
    )


def _closing(study: Study, progress: Progress) -> Screen:
    closing_id, _, words = progress.place.question.partition(".")
    question = next(one for one in study.closing if one.id == closing_id)
    if words:
        return _words_screen(progress, _key("patient.question.which_medicine"))
    said = progress.codes(*progress.place)
    rows = [_option(option, said) for option in question.options]
    return _screen(progress, ScreenKind.CLOSING, _words(question.question), rows, back=True, skip=True)


def _timer(study: Study, progress: Progress) -> Screen:
    symptom, _, question_id = progress.place.question.partition(".")
    question = study.symptom(symptom).question(question_id)
    running = next(one for one in progress.timers if (one.symptom, one.question) == (symptom, question_id))
    timer = next(one for one in question.timers if one.on_option == running.option)
    rows = [
        _row(callback.STOPPED, _key("patient.button.stopped")),
        _row(callback.NOT_STOPPED, _key("patient.button.not_stopped")),
    ]
    return _screen(progress, ScreenKind.TIMER, _words(timer.ask), rows)


# ---------------------------------------------------------------- screens of a symptom


def _of_symptom(study: Study, progress: Progress) -> Screen:
    symptom = study.symptom(progress.place.about)
    if progress.place.question == agenda.WORDS:
        return _words_screen(progress, _words(symptom.ask))
    question = symptom.question(progress.place.question)
    if progress.unconfirmed is not None:
        return _confirm(progress)
    match question.kind:
        case QuestionKind.SINGLE:
            return _single(study, symptom, question, progress)
        case QuestionKind.MULTI:
            return _multi(study, symptom, question, progress)
        case QuestionKind.NUMBER:
            return _number(study, symptom, question, progress)


def _single(study: Study, symptom: Symptom, question: Question, progress: Progress) -> Screen:
    said = progress.codes(*progress.place)
    rows = [_option(option, said) for option in question.options if not _left_out(study, progress, option)]
    return _asking(study, symptom, question, progress, ScreenKind.QUESTION, rows)


def _left_out(study: Study, progress: Progress, option: Option) -> bool:
    """*Not measured* is no longer an answer once a temperature was typed."""
    rules = study.triage.temperature
    if rules is None or progress.place != Place(rules.symptom, rules.site_question):
        return False
    typed = progress.codes(rules.symptom, rules.question)
    return option.code == rules.not_measured and bool(typed) and typed != (DECLINED,)


def _multi(study: Study, symptom: Symptom, question: Question, progress: Progress) -> Screen:
    rows = [
        _row(callback.NONE, _words(option.label)) if option.code == callback.NONE else _tick(option, progress)
        for option in question.options
        if option.code != callback.NONE or not progress.selected
    ]
    if progress.selected:
        rows.append(_row(callback.DONE, _key("patient.button.done")))
    return replace(_asking(study, symptom, question, progress, ScreenKind.QUESTION, rows), multi=True)


def _number(study: Study, symptom: Symptom, question: Question, progress: Progress) -> Screen:
    rules = study.triage.temperature
    rows = []
    if rules is not None and progress.place == Place(rules.symptom, rules.question):
        not_measured = symptom.question(rules.site_question).option(rules.not_measured)
        rows.append(_option(not_measured, ()))
    return replace(_asking(study, symptom, question, progress, ScreenKind.NUMBER, rows), takes_text=True)


def _asking(
    study: Study,
    symptom: Symptom,
    question: Question,
    progress: Progress,
    kind: ScreenKind,
    rows: Sequence[tuple[Choice, ...]],
) -> Screen:
    """The symptom is named above its first question, so that she knows what is asked about."""
    screen = _screen(progress, kind, _words(question.text), rows, back=True, skip=True)
    first = progress.place == agenda.places_of(study, progress, symptom)[0]
    heading = _words(symptom.ask if question.kind is QuestionKind.NUMBER else symptom.label)
    return screen.saying_first((heading,)) if first else screen


def _confirm(progress: Progress) -> Screen:
    number, _ = progress.unconfirmed or ("", "")
    asked = Phrase(key="patient.temperature.confirm", values={"value": number})
    rows = [
        _row(callback.CONFIRM, _key("patient.button.right")),
        _row(callback.CORRECT, _key("patient.button.wrong")),
    ]
    return replace(_screen(progress, ScreenKind.CONFIRM, asked, rows), takes_text=True)


def _words_screen(progress: Progress, asked: Phrase) -> Screen:
    return replace(_screen(progress, ScreenKind.WORDS, asked, [], back=True, skip=True), takes_text=True)


# ---------------------------------------------------------------- the summary


def _summary(study: Study, progress: Progress) -> Screen:
    """What was recorded, in her words, then the text of a report that needs nobody today."""
    asked = Phrase(key="patient.summary", values={"lines": tuple(_summary_lines(study, progress))})
    rows = [_row(callback.CHANGE, _key("patient.button.change"))]
    return _screen(progress, ScreenKind.SUMMARY, asked, rows)


def _summary_lines(study: Study, progress: Progress) -> Iterable[Phrase]:
    for item in study.gate:
        if item.code in progress.gate:
            yield _words(item.label)
    if callback.NO in progress.codes(*agenda.ANY_BLEEDING) and not _bleeds(study, progress):
        yield _key("patient.summary.no_bleeding")
    for symptom in study.symptoms:
        if symptom.code in progress.answers or symptom.code in progress.reached:
            yield _line(_words(symptom.label), _answers(symptom, progress))
    if progress.codes(*agenda.THE_MENU) == (callback.NONE,):
        yield _key("patient.summary.nothing_else")
    in_one = agenda.ALL_GOOD in progress.codes(*agenda.CLOSING_STATEMENTS)
    for question in study.closing:
        if in_one and not question.shown_on_good_day:
            continue  # it stood within the statement of another question
        if said := progress.codes(CLOSING, question.id):
            labels = _labels(question.options, said)
            yield labels[0] if agenda.asks_reporter(question) else _line(_words(question.statement), labels)


def _bleeds(study: Study, progress: Progress) -> bool:
    """A bleeding is told in this report, be it only by a red flag that may mean several."""
    told = {*progress.opened, *(code for group in progress.groups for code in group)}
    return any(study.symptom(code).group is SymptomGroup.BLEEDING for code in told)


def _answers(symptom: Symptom, progress: Progress) -> tuple[Phrase, ...]:
    said: list[Phrase] = []
    for question, codes in progress.answers.get(symptom.code, {}).items():
        typed = progress.typed.get(f"{symptom.code}.{question}")
        options = () if question == agenda.WORDS else symptom.question(question).options
        said += _labels(options, codes) or ([_typed((*codes, typed)[0])] if typed else [])
    return tuple(said)


def _labels(options: Sequence[Option], codes: Sequence[str]) -> tuple[Phrase, ...]:
    said = [_words(option.label) for option in options if option.code in codes]
    return (_key("patient.summary.skipped"),) if DECLINED in codes else tuple(said)


def _typed(text: str) -> Phrase:
    return Phrase(key="patient.summary.typed", values={"text": text})


def _line(label: Phrase, answers: tuple[Phrase, ...]) -> Phrase:
    return Phrase(key="patient.summary.line", values={"label": label, "answers": answers})


# ---------------------------------------------------------------- making rows


def _screen(
    progress: Progress,
    kind: ScreenKind,
    asked: Phrase,
    rows: Sequence[tuple[Choice, ...]],
    *,
    back: bool = False,
    skip: bool = False,
) -> Screen:
    """`back` and `skip` share the last row."""
    last = []
    if back:
        last.append(Choice(code=callback.BACK, label=_key("patient.button.back")))
    if skip:
        last.append(Choice(code=callback.SKIP, label=_key("patient.button.skip")))
    return Screen(
        kind=kind,
        id=".".join(part for part in progress.place if part),
        number=progress.screen_no,
        asked=asked,
        phrases=(asked,),
        rows=(*rows, tuple(last)) if last else tuple(rows),
    )


def _several(progress: Progress, kind: ScreenKind, asked: Phrase, rows: list[tuple[Choice, ...]]) -> Screen:
    if progress.selected:
        rows.append(_row(callback.DONE, _key("patient.button.done")))
    return replace(_screen(progress, kind, asked, rows, back=True), multi=True)


def _ticks(symptoms: Iterable[Symptom], progress: Progress) -> list[tuple[Choice, ...]]:
    return [_tick_row(symptom.code, symptom.label, progress) for symptom in symptoms]


def _tick(option: Option, progress: Progress) -> tuple[Choice, ...]:
    return _tick_row(option.code, option.label, progress)


def _tick_row(code: str, label: Bilingual, progress: Progress) -> tuple[Choice, ...]:
    """The button says what shall be: a tick where there is none, none where there is one."""
    selected = code in progress.selected
    sign = callback.LEAVE_OUT if selected else callback.CHOOSE
    return _row(sign + code, _words(label), selected=selected)


def _option(option: Option, said: Sequence[str]) -> tuple[Choice, ...]:
    return _row(option.code, _words(option.label), selected=option.code in said)


def _row(code: str, label: Phrase, *, selected: bool = False) -> tuple[Choice, ...]:
    return (Choice(code=code, label=label, selected=selected),)


def _key(key: str) -> Phrase:
    return Phrase(key=key)


def _words(text: Bilingual) -> Phrase:
    return Phrase(words=text)
