"""Every combination of answers of every symptom, against a second reading of the specification.

Several-choice questions stand as each option alone and each pair; a typed temperature stands as readings on
and around every edge. Around it every platelet band, without and with a blood thinner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise, product

import pytest

from bot.rules import agenda, triage
from bot.rules.context import Context
from bot.rules.grading import NOT_SURE, Graded, grade
from bot.rules.progress import Place, Progress
from bot.rules.report import OpenedBy
from bot.rules.study import Level, Question, QuestionKind, Symptom, SymptomGroup
from tests.rules import oracle
from tests.rules.report_scenes import EVENING, REPORT, knowing
from tests.rules.scenes import study

Said = dict[str, frozenset[str]]

BANDS = ("P0", "P1", "P2", "P3", "P4", "P5")
READINGS = ("35.9", "36.0", "37.4", "37.5", "37.95", "38.0", "39.0", "39.05", "40.0", "40.1")
CODES = [symptom.code for symptom in study().symptoms]
EVERY_SYMPTOM = pytest.mark.parametrize("code", CODES)


def choices(question: Question) -> list[frozenset[str]]:
    """The answers to one question, mildest first; *not sure* has its own test."""
    codes = [option.code for option in question.options if option.code != NOT_SURE]
    match question.kind:
        case QuestionKind.SINGLE:
            return [frozenset({code}) for code in codes]
        case QuestionKind.NUMBER:
            return [frozenset({reading}) for reading in (*READINGS, "NOTM")]
        case QuestionKind.MULTI:
            several = [code for code in codes if code != "NONE"]
            pairs = [frozenset(pair) for pair in combinations(several, 2)]
            return [frozenset({code}) for code in codes] + pairs


def asked(symptom: Symptom, said: Said, question: Question) -> bool:
    """The conditions of the question let it be asked after these answers."""
    progress = Progress(
        report_id=REPORT,
        opened_by=OpenedBy.TAP,
        opened_at=EVENING,
        catalogue_version="",
        place=Place(symptom.code, question.id),
        screen_no=1,
        shown_at=EVENING,
        answers={symptom.code: {one: tuple(codes) for one, codes in said.items()}},
    )
    return agenda.is_asked(study(), progress, symptom, question)


def grown(symptom: Symptom, said: Said, left: tuple[Question, ...]) -> Iterator[Said]:
    if not left:
        yield said
    elif (left[0].only_if or left[0].skip_if) and not asked(symptom, said, left[0]):
        yield from grown(symptom, said, left[1:])
    else:
        for choice in choices(left[0]):
            yield from grown(symptom, {**said, left[0].id: choice}, left[1:])


@cache
def every_combination(code: str) -> tuple[tuple[Said, Graded], ...]:
    symptom = study().symptom(code)
    return tuple((said, grade(study(), symptom, said)) for said in grown(symptom, {}, symptom.questions))


AROUND = tuple(product(BANDS, (False, True)))
Levels = Mapping[tuple[str, bool], Level]


@cache
def in_every_context(code: str) -> tuple[tuple[Said, Graded, Levels], ...]:
    """Every combination with its level in every band, without and with a blood thinner."""
    contexts = {(band, ac): knowing(band, blood_thinner=ac) for band, ac in AROUND}
    return tuple(
        (said, found, {around: level_in(code, found, context) for around, context in contexts.items()})
        for said, found in every_combination(code)
    )


def level_in(code: str, graded: Graded, context: Context) -> Level:
    return triage.in_context(study(), study().symptom(code), graded, context)[0]


def test_the_study_has_thousands_of_combinations() -> None:
    assert sum(len(every_combination(code)) for code in CODES) > 6_000


@EVERY_SYMPTOM
def test_grade_who_and_level_agree_with_the_second_reading(code: str) -> None:
    symptom = study().symptom(code)
    for said, found in every_combination(code):
        base = oracle.base(symptom, said)
        assert (found.grade, found.who or 0, int(found.level)) == (base.grade, base.who, base.level), said


@EVERY_SYMPTOM
def test_levels_in_context_agree_with_the_second_reading(code: str) -> None:
    symptom = study().symptom(code)
    for said, _, levels in in_every_context(code):
        base = oracle.base(symptom, said)
        for (band, ac), level in levels.items():
            known = oracle.Known(band, ac)
            assert level == oracle.in_context(symptom, said, base, known), (said, known)


@pytest.mark.parametrize(
    "code", ["AE_FEVER", "AE_ABDO", "AE_LIMB", "AE_MUCOS", "AE_DIARR", "AE_INJ", "BLD_URINE", "BLD_SITE"]
)
def test_the_rarer_facts_agree_with_the_second_reading(code: str) -> None:
    symptom = study().symptom(code)
    facts = [
        (knowing("P4", liver_disease=True), oracle.Known("P4", liver=True)),
        (knowing("P4", persistent=[code]), oracle.Known("P4", persists=True)),
        (knowing("P4", highest="400"), oracle.Known("P4", highest=400)),
        (knowing("P4", anc="0.4"), oracle.Known("P4", anc=Decimal("0.4"))),
        (knowing("P1", before={code: 0}), oracle.Known("P1", grade_before=0)),
        (knowing("P4", before={code: 1}), oracle.Known("P4", grade_before=1)),
    ]
    for said, found in every_combination(code)[::2]:
        base = oracle.base(symptom, said)
        for context, known in facts:
            assert level_in(code, found, context) == oracle.in_context(symptom, said, base, known), said


@EVERY_SYMPTOM
def test_no_context_rule_lowers_a_level(code: str) -> None:
    for said, found, levels in in_every_context(code):
        assert min(levels.values()) >= found.level, said


@EVERY_SYMPTOM
def test_a_worse_answer_never_gives_less(code: str) -> None:
    """Invariant 4, the rest being equal, in every band, without and with a blood thinner."""
    symptom = study().symptom(code)
    known = {frozenset(said.items()): (found, levels) for said, found, levels in in_every_context(code)}
    for said, found, levels in in_every_context(code):
        for worse_said in _one_worse(symptom, said):
            if frozenset(worse_said.items()) not in known:
                continue  # another question is asked then
            worse, worse_levels = known[frozenset(worse_said.items())]
            assert worse.grade >= found.grade, (said, worse_said)
            assert (worse.who or 0) >= (found.who or 0), (said, worse_said)
            assert worse.level >= found.level, (said, worse_said)
            assert all(worse_levels[around] >= levels[around] for around in AROUND), (said, worse_said)


def _one_worse(symptom: Symptom, said: Said) -> Iterator[Said]:
    """The same answers with one ordered question a step worse, or one more sign ticked."""
    for question in symptom.questions:
        if question.id not in said:
            continue
        steps = [step for step in choices(question) if step not in ({"NOTM"}, {"35.9"})]
        if question.kind is QuestionKind.MULTI:
            more = [step for step in steps if len(step) == 2 and said[question.id] < step]
            yield from ({**said, question.id: step} for step in more)
        elif question.ordered:
            worse = [after for before, after in pairwise(steps) if before == said[question.id]]
            yield from ({**said, question.id: step} for step in worse)


@EVERY_SYMPTOM
def test_fewer_platelets_or_a_blood_thinner_never_give_less_for_a_bleeding(code: str) -> None:
    """Of other symptoms only the lower bands: there many platelets are a worry too (clots)."""
    bleeding = study().symptom(code).group is SymptomGroup.BLEEDING
    for said, _, levels in in_every_context(code):
        for ac in (False, True):
            falling = [levels[band, ac] for band in (BANDS if bleeding else BANDS[:5])]
            assert falling == sorted(falling, reverse=True), said
        assert all(levels[band, True] >= levels[band, False] for band in BANDS), said


@EVERY_SYMPTOM
def test_serious_grades_are_never_left_lying(code: str) -> None:
    """Invariant 5."""
    bleeding = study().symptom(code).group is SymptomGroup.BLEEDING
    for said, found in every_combination(code):
        who = found.who or 0
        if found.grade >= 4:
            assert found.level is Level.EMERGENCY, said
        if found.grade >= 3:
            assert found.level >= (Level.URGENT if bleeding else Level.SAME_DAY), said
        if who >= 3:
            assert found.level >= Level.URGENT, said
        if who >= 2:
            assert found.level >= Level.SAME_DAY, said


@EVERY_SYMPTOM
def test_an_answer_not_yet_given_never_gives_more(code: str) -> None:
    """Rules of unanswered questions do not fire, so a partial level only rises as the report goes on."""
    symptom = study().symptom(code)
    combinations_of = in_every_context(code)
    for said, found, levels in combinations_of[:: max(1, len(combinations_of) // 60)]:
        for question in said:
            partial = {one: codes for one, codes in said.items() if one != question}
            assert grade(study(), symptom, partial).level <= found.level, (said, question)
            if (code, question) == ("BLD_TRAUMA", "WHEN"):
                continue  # the one answer that makes a case milder: a knock more than three days ago
            for band in ("P0", "P2"):
                context = knowing(band, blood_thinner=True)
                early = triage.assess(study(), symptom, partial, context, finished=False)
                assert early.level <= levels[band, True], (said, question)


def test_every_emergency_and_every_urgent_level_has_a_text() -> None:
    texts = study().texts
    for code in CODES:
        symptom = study().symptom(code)
        for said, _, levels in in_every_context(code)[::7]:
            for (band, _ac), level in levels.items():
                assert triage.advice(study(), symptom, said, level, band) in texts


def test_a_bleeding_under_twenty_that_is_urgent_sends_her_to_the_emergency_department() -> None:
    mucosal = [symptom for symptom in study().symptoms if symptom.mucosal]
    assert {triage.advice(study(), one, {}, Level.URGENT, "P1") for one in mucosal} == {"UR-2"}


def test_judging_does_not_depend_on_the_order_of_answers_or_rules() -> None:
    symptom = study().symptom("BLD_STOOL")
    turned = replace(symptom, level_rules=symptom.level_rules[::-1], grade_rules=symptom.grade_rules[::-1])
    for said, found in every_combination("BLD_STOOL"):
        backwards: Mapping[str, frozenset[str]] = dict(reversed(said.items()))
        other = grade(study(), turned, backwards)
        assert (other.grade, other.who, other.level) == (found.grade, found.who, found.level)
