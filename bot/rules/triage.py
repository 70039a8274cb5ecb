"""Triage: how soon a human must look, given what else is known of her.

The answers give a base level (`grading`). The context rows of the study may raise it: each is counted from
the base level, so rows never stack, and none lowers. Several symptoms are then combined into one level of
the report.

Worked case: gum bleeding when brushing is ROUTINE. With platelets 15 (band P1) row CX-2 makes it URGENT,
because the mouth bleeds where pressing does not help; with platelets 38 (P2) CX-1 makes it SAME_DAY.

Source: specification 2.5 (CX-1 to CX-13, CX-15), 2.6 (CX-14, CX-16, CX-17), 2.2 (incomplete reports), 2.8
and 2.9 (which text). CX-18, the one downgrade of the specification, is off by default and does not exist
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.rules import lab_bands
from bot.rules.context import Context
from bot.rules.grading import Graded, grade, holds, in_words, worst_first
from bot.rules.study import (
    AdviceRule,
    ContextRule,
    Level,
    MultiAmberMode,
    Study,
    Symptom,
    SymptomGroup,
    TextId,
)
from bot.rules.temperature import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A symptom as judged: `graded` from the answers alone, `level` and `rules` with what else is known."""

    symptom: str
    graded: Graded
    level: Level
    rules: tuple[str, ...]

    @property
    def present(self) -> bool:
        """The symptom is there, as the context rules count it."""
        return is_present(self.graded)


# ---------------------------------------------------------------- one symptom


def assess(
    study: Study, symptom: Symptom, answers: Answers, context: Context, *, finished: bool = True
) -> Assessed:
    """Judges one symptom. `finished` False while its questions are still being asked.

    Then a row that waits for an exemption does not fire yet; everything else counts from the first answer on.
    """
    graded = grade(study, symptom, answers, anc=context.anc)
    level, rules = in_context(study, symptom, graded, context, finished=finished)
    return Assessed(symptom=symptom.code, graded=graded, level=level, rules=rules)


def in_context(
    study: Study, symptom: Symptom, graded: Graded, context: Context, *, finished: bool = True
) -> tuple[Level, tuple[str, ...]]:
    """The level after the context rows, and every rule that fired in words, worst level first."""
    fired = [
        (max(graded.level, _effect(rule, graded.level)), rule)
        for rule in study.triage.context_rules
        if _fires(study, rule, symptom, graded, context, finished)
    ]
    words = [(level, f"{rule.id}: {_because(rule, graded, context)} → {level.name}") for level, rule in fired]
    level = max([graded.level, *(level for level, _ in fired)])
    return level, (*worst_first(words), *graded.rules)


def is_present(graded: Graded) -> bool:
    """The symptom is there, as the context rows count it."""
    return graded.level >= Level.ROUTINE or (graded.who or 0) >= 1


def _effect(rule: ContextRule, base: Level) -> Level:
    raised = Level(min(base + rule.raise_by, Level.EMERGENCY))
    return max(raised, rule.at_least)


def _fires(
    study: Study, rule: ContextRule, symptom: Symptom, graded: Graded, context: Context, finished: bool
) -> bool:
    return (
        _speaks_of(rule, symptom)
        and _answers_fit(rule, graded)
        and _knowledge_fits(study, rule, symptom, graded, context)
        and not _exempt(rule, graded.answers, finished)
    )


def _speaks_of(rule: ContextRule, symptom: Symptom) -> bool:
    return (
        (not rule.symptoms or symptom.code in rule.symptoms)
        and (rule.group is None or symptom.group is rule.group)
        and (rule.mucosal is None or symptom.mucosal is rule.mucosal)
    )


def _answers_fit(rule: ContextRule, graded: Graded) -> bool:
    return (
        (rule.present is None or rule.present is is_present(graded))
        and graded.grade >= rule.grade_at_least
        and (graded.who or 0) >= rule.who_at_least
        and graded.level >= rule.base_at_least
        and holds(rule.when, graded.answers)
    )


def _knowledge_fits(
    study: Study, rule: ContextRule, symptom: Symptom, graded: Graded, context: Context
) -> bool:
    return (
        (not rule.bands or context.band in rule.bands)
        and (not rule.blood_thinner or context.blood_thinner)
        and (not rule.liver_disease or context.liver_disease)
        and (not rule.low_anc or (context.anc is not None and context.anc < study.triage.anc_low))
        and (not rule.high_platelets or _high_platelets(study, context))
        and (not rule.fever or _fever(study, graded))
        and (not rule.worse or _worse(study, symptom, graded, context))
        and (not rule.persistent or symptom.code in context.persistent)
    )


def _high_platelets(study: Study, context: Context) -> bool:
    if context.band == study.labs.context_bands[-1].name:
        return True
    highest = context.highest_platelets
    return highest is not None and lab_bands.is_highest(study.labs, highest)


def _fever(study: Study, graded: Graded) -> bool:
    rules = study.triage.temperature
    return rules is not None and graded.equivalent_c is not None and graded.equivalent_c >= rules.fever_from_c


def _worse(study: Study, symptom: Symptom, graded: Graded, context: Context) -> bool:
    before = context.previous_grades.get(symptom.code)
    if before is None:
        return False
    if graded.grade - before >= study.triage.worse_by_grades:
        return True
    bleeding = symptom.group is SymptomGroup.BLEEDING
    return bleeding and graded.grade - before >= study.triage.bleeding_worse_by_grades


def _exempt(rule: ContextRule, answers: Answers, finished: bool) -> bool:
    """The answers exempt from this row, or (where it waits) still may."""
    return any(_within(exemption, answers, rule.waits and not finished) for exemption in rule.unless)


def _within(exemption: Mapping[str, frozenset[str]], answers: Answers, may_be_open: bool) -> bool:
    """Every question is answered, and with nothing but the listed answers; an open one passes if it may."""
    return all(
        (may_be_open if question not in answers else answers[question] <= codes)
        for question, codes in exemption.items()
    )


def _because(rule: ContextRule, graded: Graded, context: Context) -> str:
    """The conditions of a row as staff read them, with her platelets where they were asked for."""
    count = f" ({lab_bands.shown(context.platelets)})" if context.platelets is not None else " (unknown)"
    parts = [
        f"platelets {context.band}{count}" if rule.bands else "",
        "platelets high" if rule.high_platelets else "",
        "blood thinner" if rule.blood_thinner else "",
        "liver disease" if rule.liver_disease else "",
        "low neutrophils" if rule.low_anc else "",
        "fever" if rule.fever else "",
        "worse than before" if rule.worse else "",
        "persistent, nobody in contact" if rule.persistent else "",
        "mucosal" if rule.mucosal else "",
        f"grade ≥ {rule.grade_at_least}" if rule.grade_at_least else "",
        f"WHO ≥ {rule.who_at_least}" if rule.who_at_least else "",
        in_words(rule.when, graded.answers),
    ]
    return ", ".join(part for part in parts if part) or "always"


# ---------------------------------------------------------------- the whole report


def report_level(
    study: Study,
    assessed: Iterable[Assessed],
    closing: Mapping[str, str],
    context: Context,
    *,
    gate: Iterable[str] = (),
) -> tuple[Level, tuple[str, ...]]:
    """One level for the whole report, and the rules beyond those of the symptoms, worst first.

    Args:
        study: gate, closing questions and settings.
        assessed: every symptom of the report.
        closing: closing question → the option chosen.
        context: what is known of her.
        gate: items of the gate answered with yes; each is an answer of its own.
    """
    symptoms = tuple(assessed)
    found = [
        *_gate_rules(study, gate),
        *_several_ambers(study, symptoms),
        *_closing_rules(study, closing),
    ]
    if context.new_blood_thinner and context.band in study.triage.new_blood_thinner_bands:
        found.append((Level.SAME_DAY, f"new blood thinner, platelets {context.band} → SAME_DAY"))
    level = max([Level.NONE, *(one.level for one in symptoms), *(level for level, _ in found)])
    return level, worst_first(found)


def _gate_rules(study: Study, gate: Iterable[str]) -> list[tuple[Level, str]]:
    said = frozenset(gate)
    return [
        (item.level, f"gate: {item.code} → {item.level.name}") for item in study.gate if item.code in said
    ]


def _several_ambers(study: Study, assessed: Sequence[Assessed]) -> list[tuple[Level, str]]:
    """CX-14: two or more symptoms at SAME_DAY, in the default mode one of them a serious one, are URGENT."""
    amber = [one.symptom for one in assessed if one.level is Level.SAME_DAY]
    if len(amber) < 2 or not _ambers_count(study, amber):
        return []
    return [(Level.URGENT, f"CX-14: {', '.join(amber)} at SAME_DAY → URGENT")]


def _ambers_count(study: Study, amber: Sequence[str]) -> bool:
    match study.triage.multi_amber:
        case MultiAmberMode.OFF:
            return False
        case MultiAmberMode.UKONS:
            return True
        case MultiAmberMode.RESTRICTED:
            return any(_is_serious(study, code) for code in amber)


def _is_serious(study: Study, code: str) -> bool:
    bleeds = study.symptom(code).group is SymptomGroup.BLEEDING
    return bleeds or code in study.triage.multi_amber_symptoms


def _closing_rules(study: Study, closing: Mapping[str, str]) -> list[tuple[Level, str]]:
    found = []
    for question in study.closing:
        level = question.levels.get(closing.get(question.id, ""), Level.NONE)
        if level > Level.NONE:
            name = f"{question.rule}: " if question.rule else ""
            found.append((level, f"{name}{question.id}={closing[question.id]} → {level.name}"))
    return found


def level_if_incomplete(study: Study, symptoms: Iterable[str], reached: Level) -> Level:
    """The level of a report that stopped half way or skipped what matters. Source: specification 2.2."""
    serious = any(is_red_flag_capable(study.symptom(code)) for code in symptoms)
    return max(reached, Level.SAME_DAY if serious else Level.ROUTINE)


def is_red_flag_capable(symptom: Symptom) -> bool:
    """Its answers may reach an emergency; every bleeding counts."""
    return symptom.red_flag_capable or symptom.group is SymptomGroup.BLEEDING


# ---------------------------------------------------------------- what she is told


def advice(study: Study, symptom: Symptom, answers: Answers, level: Level, band: str) -> TextId:
    """The safety text of a symptom at a level: the first that fits, else the general text of that level."""
    triage = study.triage
    match level:
        case Level.EMERGENCY:
            return _first(symptom.emergency_texts, answers, band) or triage.emergency_fallback
        case Level.URGENT:
            return _first(symptom.urgent_texts, answers, band) or triage.urgent_fallback
        case _:
            return general_advice(study, level)


def general_advice(study: Study, level: Level) -> TextId:
    """The text of a level that no single symptom gave. Source: specification 2.9, 3.1."""
    triage = study.triage
    match level:
        case Level.EMERGENCY:
            return triage.emergency_fallback
        case Level.URGENT:
            return triage.urgent_fallback
        case Level.SAME_DAY:
            return triage.same_day_text
        case Level.ROUTINE | Level.NONE:
            return triage.routine_text


def _first(rules: Sequence[AdviceRule], answers: Answers, band: str) -> TextId | None:
    for rule in rules:
        if (not rule.bands or band in rule.bands) and holds(rule.when, answers):
            return rule.text
    return None
