"""What answers alone come to. The table is for clinicians: add a row, run the tests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.rules.grading import Graded, grade
from bot.rules.study import Level, TermRule
from tests.rules.report_scenes import answers, rows
from tests.rules.scenes import study


def graded(symptom: str, said: str, *, anc: str | None = None) -> Graded:
    known = None if anc is None else Decimal(anc)
    return grade(study(), study().symptom(symptom), answers(said), anc=known)


@pytest.mark.parametrize("row", rows("grading"), ids=lambda row: f"{row['symptom']} {row['answers']}")
def test_the_table(row: dict[str, str]) -> None:
    found = graded(row["symptom"], row["answers"])
    assert str(found.grade) == row["grade"]
    assert ("" if found.who is None else str(found.who)) == row["who"]
    assert found.level.name == row["level"]
    if row["term"]:
        assert found.term == row["term"]
    assert any(row["because"] in rule for rule in found.rules) or found.level is Level.NONE


def test_every_symptom_of_the_study_stands_in_the_table() -> None:
    told = {row["symptom"] for row in rows("grading")}
    assert told == {symptom.code for symptom in study().symptoms}


def test_a_rule_says_in_words_why_it_fired() -> None:
    found = graded("BLD_NOSE", "FLOW=POUR DUR=ONGOING SYS=NONE")
    assert found.rules[0] == "BLD_NOSE: FLOW=POUR & DUR=ONGOING → EMERGENCY"
    assert "BLD_NOSE: FLOW=POUR & DUR=ONGOING → grade 3" in found.rules


def test_an_unanswered_question_makes_no_rule_fire() -> None:
    assert graded("BLD_STOOL", "LOOK=BLACK COUNT=FOUR").level is Level.SAME_DAY
    assert graded("BLD_STOOL", "LOOK=BLACK COUNT=FOUR CONF=DECLINED").level is Level.SAME_DAY


def test_not_sure_counts_as_the_answer_the_study_names() -> None:
    for symptom in study().symptoms:
        for question in symptom.questions:
            if question.unsure_counts_as is None:
                continue
            unsure = graded(symptom.code, f"{question.id}=NOT_SURE")
            named = graded(symptom.code, f"{question.id}={question.unsure_counts_as}")
            assert unsure == named
            first = graded(symptom.code, f"{question.id}={question.options[0].code}")
            assert unsure.level >= first.level


def test_the_grade_is_of_the_typed_number_and_the_level_of_the_equivalent() -> None:
    found = graded("AE_FEVER", "TEMPB=37.9 SITE=AXILLA SIGNS=NONE DUR=LT24")
    assert (found.grade, found.level, found.equivalent_c) == (0, Level.URGENT, Decimal("38.4"))


@pytest.mark.parametrize(
    ("said", "anc", "term", "proposed"),
    [
        ("TEMPB=38.4 SITE=EAR SIGNS=NONE", "0.9", "Febrile neutropenia", 3),
        ("TEMPB=38.4 SITE=EAR SIGNS=BREATH", "0.9", "Febrile neutropenia", 4),
        ("TEMPB=38.3 SITE=EAR SIGNS=NONE", "0.9", "Fever", 1),
        ("TEMPB=38.4 SITE=EAR SIGNS=NONE", "1.0", "Fever", 1),
        ("TEMPB=38.4 SITE=EAR SIGNS=NONE", None, "Fever", 1),
    ],
)
def test_febrile_neutropenia_needs_a_current_low_count(
    said: str, anc: str | None, term: str, proposed: int
) -> None:
    found = graded("AE_FEVER", said, anc=anc)
    assert (found.term, found.grade) == (term, proposed)


def test_the_cap_of_a_term_lowers_the_grade_and_never_the_level() -> None:
    bruise = graded("BLD_SKIN", "KIND=BRUISE EXTENT=E4 SIZE=S1 CAUSE=KNOCK")
    assert (bruise.term, bruise.grade, bruise.level) == ("Bruising", 2, Level.URGENT)


def test_a_term_rule_without_conditions_matches_always() -> None:
    always = TermRule(when={}, term="Something", max_grade=None)
    symptom = replace(study().symptom("AE_NAUS"), term_rules=(always,))
    assert grade(study(), symptom, {}).term == "Something"
