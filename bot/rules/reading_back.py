"""A stored report read back for a person: answered, denied, declined, left unfinished or never asked.

These five are never shown alike: silence is not "no symptoms", and a question that was not put is not a gap.

Worked case: any bleeding *no*, the menu *none*, then she stops. Bleeding and symptoms stand as explicit *no*,
the closing questions as UNFINISHED (as WAITING while the report is open). A nosebleed whose second question
she skipped: DECLINED; the third, left out because of the first answer: NOT_ASKED.

Source: specification 2.2 (skips, incomplete reports), 2.3 (flow); issue "console" (told apart).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.rules import agenda, callback
from bot.rules.progress import Place, Progress
from bot.rules.report import (
    CLOSING,
    DECLINED,
    GATE,
    MENU,
    TIMER,
    WHICH,
    Answer,
    Assessment,
    Report,
    ReportStatus,
)
from bot.rules.study import Bilingual, Level, Option, Sex, Study, Symptom, SymptomGroup


class Standing(StrEnum):
    """How a question stands. NO is her own *no*; WAITING: the report is still open."""

    ANSWERED = "ANSWERED"
    NO = "NO"
    DECLINED = "DECLINED"
    UNFINISHED = "UNFINISHED"
    WAITING = "WAITING"
    NOT_ASKED = "NOT_ASKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnswer:
    """One question of a report.

    `question` is None for questions of the report itself, which `about` names (GATE, BLEEDING, …). `chosen`
    holds the labels of the codes, `codes` the codes as stored; `typed` her words. `earlier`: answers to the
    same question that this one replaced, oldest first.
    """

    about: str
    question_id: str
    question: Bilingual | None
    standing: Standing
    codes: tuple[str, ...] = ()
    chosen: tuple[Bilingual, ...] = ()
    typed: str | None = None
    answered_at: datetime | None = None
    assumed: bool = False
    earlier: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSymptom:
    """One symptom, its questions in catalogue order, and what it was judged to be last (None: not yet)."""

    code: str
    label: Bilingual
    answers: tuple[ReadAnswer, ...]
    judged: Assessment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """`general` are the questions of the report itself, in the order of asking; `symptoms` worst level first.

    `denied`: symptoms that a *no* to "any bleeding" stands for. `level`: the highest reached, in an open
    report as well (what is stored with it follows when it closes).
    """

    report: Report
    level: Level
    general: tuple[ReadAnswer, ...]
    symptoms: tuple[ReadSymptom, ...]
    denied: tuple[str, ...]


def read_back(
    study: Study, sex: Sex, report: Report, answers: Sequence[Answer], assessments: Sequence[Assessment]
) -> ReadReport:
    """The report as a person reads it. `answers` and `assessments` in the order made."""
    reading = _Reading(study, sex, report, answers)
    judged = {one.symptom: one for one in assessments}
    denied = tuple(code for code, one in judged.items() if one.grade == 0 and _is_denied(reading, code))
    asked = {one.symptom for one in reading.counting} | set(judged) - set(denied)
    symptoms = [
        ReadSymptom(
            code=symptom.code,
            label=symptom.label,
            answers=tuple(reading.of_symptom(symptom)),
            judged=judged.get(symptom.code),
        )
        for symptom in study.symptoms
        if symptom.code in asked
    ]
    return ReadReport(
        report=report,
        level=max((report.level, reading.gate_level(), *(one.level for one in assessments))),
        general=tuple(reading.general()),
        symptoms=tuple(sorted(symptoms, key=lambda one: -_level(one))),
        denied=denied,
    )


def option_label(options: Iterable[Option], code: str) -> Bilingual:
    """The words of an option; a code that this version of the catalogue no longer has stands for itself."""
    return next((one.label for one in options if one.code == code), Bilingual(en=code, zh=code))


class _Reading:
    """The answers of one report, found by their place."""

    def __init__(self, study: Study, sex: Sex, report: Report, answers: Sequence[Answer]) -> None:
        self.study = study
        self.sex = sex
        self.report = report
        self.counting = [one for one in answers if one.replaced_by is None]
        self._answers = answers
        self._by_place = {Place(one.symptom, one.question): one for one in self.counting}
        self.progress = self._progress()

    def general(self) -> Iterator[ReadAnswer]:
        flags = [
            one for one in self.counting if one.symptom == GATE and one.question != agenda.THE_GATE.question
        ]
        yield from (self._read(Place(GATE, one.question), self.study.gate_ask) for one in flags)
        if agenda.THE_GATE in self._by_place or not flags:
            yield self._read(agenda.THE_GATE, self.study.gate_ask)
        yield from (
            self._read(Place(one.symptom, one.question), None)
            for one in self.counting
            if one.symptom == WHICH
        )
        yield self._read(agenda.ANY_BLEEDING, None)
        if callback.YES in self.progress.codes(*agenda.ANY_BLEEDING):
            yield self._read(agenda.BLEEDING_SITES, None)
        yield self._read(agenda.THE_MENU, None)
        for question in self.study.closing:
            asks_who = agenda.asks_reporter(question)
            label = question.question if asks_who else question.statement
            yield self._read(Place(CLOSING, question.id), label)
            if agenda.words_place(question.id) in self._by_place:
                yield self._read(agenda.words_place(question.id), question.statement)
        yield from (
            self._read(Place(one.symptom, one.question), None)
            for one in self.counting
            if one.symptom == TIMER
        )

    def gate_level(self) -> Level:
        """What a yes at the gate calls for by itself."""
        return max(
            (one.level for one in self.study.gate if one.code in self.progress.gate), default=Level.NONE
        )

    def of_symptom(self, symptom: Symptom) -> Iterator[ReadAnswer]:
        places = agenda.places_of(self.study, self.progress, symptom)
        for place in places:
            yield self._read(
                place, None if place.question == agenda.WORDS else symptom.question(place.question).text
            )
        for question in symptom.questions:
            place = Place(symptom.code, question.id)
            if place not in places:
                yield self._missing(place, question.text, Standing.NOT_ASKED)

    def _read(self, place: Place, question: Bilingual | None) -> ReadAnswer:
        answer = self._by_place.get(place)
        if answer is None:
            is_open = self.report.status is ReportStatus.OPEN
            return self._missing(place, question, Standing.WAITING if is_open else Standing.UNFINISHED)
        return ReadAnswer(
            about=place.about,
            question_id=place.question,
            question=question,
            standing=self._standing(place, answer),
            codes=answer.codes,
            chosen=tuple(self._label(place, code) for code in answer.codes if not _is_ours(place, code)),
            typed=answer.typed,
            answered_at=answer.answered_at,
            assumed=answer.assumed,
            earlier=tuple(
                one
                for one in self._answers
                if one.replaced_by is not None and Place(one.symptom, one.question) == place
            ),
        )

    @staticmethod
    def _missing(place: Place, question: Bilingual | None, standing: Standing) -> ReadAnswer:
        return ReadAnswer(about=place.about, question_id=place.question, question=question, standing=standing)

    def _standing(self, place: Place, answer: Answer) -> Standing:
        if answer.codes == (DECLINED,):
            return Standing.DECLINED
        if place == agenda.ANY_BLEEDING and callback.NO in answer.codes:
            return Standing.NO
        if place in (agenda.THE_GATE, agenda.THE_MENU) and answer.codes == (callback.NONE,):
            return Standing.NO
        good = {one.id: one.good_answer for one in self.study.closing if not agenda.asks_reporter(one)}
        if place.about == CLOSING and answer.codes == (good.get(place.question),):
            return Standing.NO
        return Standing.ANSWERED

    def _label(self, place: Place, code: str) -> Bilingual:
        """What a code says: a gate item, a symptom, or an option of its question."""
        if place.about == GATE:
            return next(
                (one.label for one in self.study.gate if one.code == code), Bilingual(en=code, zh=code)
            )
        if place.about == CLOSING:
            options = next((one.options for one in self.study.closing if one.id == place.question), ())
            return option_label(options, code)
        if place.about in (MENU, WHICH) or place == agenda.BLEEDING_SITES:
            return next(
                (one.label for one in self.study.symptoms if one.code == code), Bilingual(en=code, zh=code)
            )
        question = agenda.question_at(self.study, place)
        return option_label(question.options if question else (), code)

    def _progress(self) -> Progress:
        """The progress these answers make, so that the rules that asked them say what else would be asked."""
        progress = Progress(
            report_id=self.report.id,
            opened_by=self.report.opened_by,
            opened_at=self.report.opened_at,
            catalogue_version=self.report.catalogue_version,
            place=agenda.THE_GATE,
            screen_no=0,
            shown_at=self.report.opened_at,
            gate=tuple(one.question for one in self.counting if one.symptom == GATE),
            status=self.report.status,
        )
        for one in self.counting:
            progress = progress.with_answer(Place(one.symptom, one.question), one.codes, one.typed)
        return progress


def _is_ours(place: Place, code: str) -> bool:
    """A code without words of the study: a skip, and *yes*, *no*, *none* to the report's own questions."""
    return (
        code == DECLINED
        or place in (agenda.THE_GATE, agenda.ANY_BLEEDING)
        or (place == agenda.THE_MENU and code in (callback.NONE, agenda.ONE_BY_ONE))
    )


def _is_denied(reading: _Reading, code: str) -> bool:
    """A *no* to "any bleeding" stands for it: an explicit zero, without questions of its own."""
    if callback.NO not in reading.progress.codes(*agenda.ANY_BLEEDING):
        return False
    symptom = next((one for one in reading.study.symptoms if one.code == code), None)
    has_answers = any(one.symptom == code for one in reading.counting)
    return symptom is not None and symptom.group is SymptomGroup.BLEEDING and not has_answers


def _level(symptom: ReadSymptom) -> Level:
    return symptom.judged.level if symptom.judged else Level.NONE
