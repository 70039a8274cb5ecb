"""Grading: what the answers about one symptom come to, by the tables of the study alone.

MAX semantics: proposed CTCAE grade, WHO bleeding grade and level are each the highest of the base value and
of all rules that hold. A rule holds when every question it names has at least one of the listed answers; a
question not answered, or skipped, makes no rule hold. Nothing lowers anything, except that a proposed grade
is capped where its CTCAE term ends (and that caps the grade only).

Worked case: a nosebleed, `FLOW=POUR`, `DUR=ONGOING`: grade 3, WHO 2, EMERGENCY, Epistaxis, because
`BLD_NOSE: FLOW=POUR & DUR=ONGOING → EMERGENCY`.

Source: specification 2.2 (semantics), 2.4 (temperature), 2.7 (the tables, which live in the study file).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.rules.report import DECLINED
from bot.rules.study import GradeRule, Level, LevelRule, Study, Symptom, TermRule
from bot.rules.temperature import Answers, Measured, measured

# The option that stands for "the next worse answer" where a question names one (decisions, "Triage").
NOT_SURE = "NOT_SURE"

_NOT_MEASURED = Measured(None, None, None, None)
_Conditions = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """`grade` 0 to 5 is proposed only; `who` None for what is no bleeding; `rules` in words, worst first.

    `answers` are the answers as judged: *not sure* replaced, skips left out. `equivalent_c` is the
    temperature the level was judged by.
    """

    symptom: str
    grade: int
    who: int | None
    level: Level
    term: str | None
    rules: tuple[str, ...]
    answers: Answers
    equivalent_c: Decimal | None = None


def grade(study: Study, symptom: Symptom, answers: Answers, *, anc: Decimal | None = None) -> Graded:
    """Grades the answers given so far, which may be none: then the base values stand.

    Args:
        study: for its temperature rules.
        symptom: whose tables are used.
        answers: question → option codes chosen; a typed number as its plain decimal.
        anc: a current neutrophil count in 10⁹/L, for terms that need one.
    """
    judged = as_judged(symptom, answers)
    temperature = _temperature(study, symptom, judged)
    for_level = _with_step(study, judged, temperature.for_level)
    for_grade = _with_step(study, judged, temperature.for_grade)
    level, level_rules = _level(symptom, for_level)
    proposed, grade_rules = _highest(symptom, symptom.base_grade, symptom.grade_rules, for_grade, "grade")
    term = next((rule for rule in symptom.term_rules if _names(rule, for_grade, temperature, anc)), None)
    who, who_rules = _who(symptom, for_grade)
    return Graded(
        symptom=symptom.code,
        grade=_bounded(proposed, term),
        who=who,
        level=level,
        term=term.term if term else None,
        rules=(*level_rules, *grade_rules, *who_rules),
        answers=for_level,
        equivalent_c=temperature.equivalent,
    )


def as_judged(symptom: Symptom, answers: Answers) -> dict[str, frozenset[str]]:
    """The answers as they count: skips fall away, *not sure* becomes the answer it stands for."""
    counts_as = {
        question.id: question.unsure_counts_as for question in symptom.questions if question.unsure_counts_as
    }
    judged = {}
    for question, codes in answers.items():
        counted = {counts_as.get(question, code) if code == NOT_SURE else code for code in codes}
        if remaining := frozenset(counted) - {DECLINED}:
            judged[question] = remaining
    return judged


def holds(when: _Conditions, answers: Answers) -> bool:
    """Every question named has at least one of its listed answers; an empty condition holds always."""
    return all(answers.get(question, frozenset()) & codes for question, codes in when.items())


def in_words(when: _Conditions, answers: Answers) -> str:
    """A condition that holds, by the answers that made it hold: `FLOW=POUR & DUR=ONGOING`."""
    return " & ".join(
        f"{question}={'/'.join(sorted(codes & answers.get(question, frozenset())))}"
        for question, codes in when.items()
    )


def worst_first(rules: Iterable[tuple[Level, str]]) -> tuple[str, ...]:
    """Rules in words, highest level first, otherwise in the order given; none twice."""
    ordered = sorted(rules, key=lambda rule: -rule[0])
    return tuple(dict.fromkeys(words for _, words in ordered))


def _temperature(study: Study, symptom: Symptom, answers: Answers) -> Measured:
    rules = study.triage.temperature
    if rules is None or rules.symptom != symptom.code:
        return _NOT_MEASURED
    return measured(study.triage, rules, answers)


def _with_step(study: Study, answers: Answers, step: str | None) -> Answers:
    rules = study.triage.temperature
    if rules is None or step is None:
        return answers
    return {**answers, rules.question: answers[rules.question] | {step}}


def _level(symptom: Symptom, answers: Answers) -> tuple[Level, tuple[str, ...]]:
    fired = [rule for rule in symptom.level_rules if holds(rule.when, answers)]
    words = [(rule.value, f"{symptom.code}: {_why(rule, answers)} → {rule.value.name}") for rule in fired]
    if symptom.base_level > Level.NONE:
        words.append((symptom.base_level, f"{symptom.code}: base → {symptom.base_level.name}"))
    return max([symptom.base_level, *(rule.value for rule in fired)]), worst_first(words)


def _why(rule: LevelRule | GradeRule, answers: Answers) -> str:
    return in_words(rule.when, answers) or "always"


def _highest(
    symptom: Symptom, base: int, rules: tuple[GradeRule, ...], answers: Answers, of_what: str
) -> tuple[int, tuple[str, ...]]:
    """The highest of base and the rules that hold, with those that give exactly it."""
    fired = [rule for rule in rules if holds(rule.when, answers)]
    highest = max([base, *(rule.value for rule in fired)])
    decisive = [rule for rule in fired if rule.value == highest]
    return highest, tuple(f"{symptom.code}: {_why(rule, answers)} → {of_what} {highest}" for rule in decisive)


def _who(symptom: Symptom, answers: Answers) -> tuple[int | None, tuple[str, ...]]:
    if symptom.base_who is None:
        return None, ()
    return _highest(symptom, symptom.base_who, symptom.who_rules, answers, "WHO")


def _names(rule: TermRule, answers: Answers, temperature: Measured, anc: Decimal | None) -> bool:
    if rule.anc_below is not None and (anc is None or anc >= rule.anc_below):
        return False
    hotter = rule.temperature_above_c
    if hotter is not None and (temperature.raw is None or temperature.raw <= hotter):
        return False
    return holds(rule.when, answers)


def _bounded(proposed: int, term: TermRule | None) -> int:
    if term is None:
        return proposed
    least = max(proposed, term.min_grade or 0)
    return least if term.max_grade is None else min(least, term.max_grade)
