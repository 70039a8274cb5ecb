"""Another study, with other codes, runs on the same rules: nothing of the first stands in `bot/rules`."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import bot.rules
from bot.rules import callback
from bot.rules import study as rules_study
from bot.rules.report import ReportStatus
from bot.rules.study import (
    AdviceRule,
    Bilingual,
    ClosingQuestion,
    ContextRule,
    GateItem,
    GradeRule,
    Level,
    LevelRule,
    Option,
    Question,
    QuestionKind,
    Study,
    Symptom,
    SymptomCode,
    SymptomGroup,
    TermRule,
    TextId,
)
from tests.rules.report_scenes import Thumb, knowing
from tests.rules.scenes import study

PAIN, WOUND = SymptomCode("X_PAIN"), SymptomCode("X_WOUND")


def words(text: str) -> Bilingual:
    return Bilingual(en=text, zh=text)


def question(question_id: str, kind: QuestionKind, *codes: str) -> Question:
    options = tuple(Option(code=code, label=words(code)) for code in codes)
    return Question(id=question_id, text=words(question_id), kind=kind, ordered=True, options=options)


def symptom(code: SymptomCode, group: SymptomGroup, *questions: Question) -> Symptom:
    return Symptom(
        code=code,
        group=group,
        label=words(code),
        ask=words(code),
        questions=questions,
        base_grade=1,
        base_level=Level.ROUTINE,
        base_who=None,
        grade_rules=(GradeRule(when={"HOW": frozenset({"BAD"})}, value=3),),
        level_rules=(LevelRule(when={"HOW": frozenset({"BAD"})}, value=Level.URGENT),),
        who_rules=(),
        term_rules=(TermRule(when={}, term="Pain", max_grade=3),),
        emergency_texts=(AdviceRule(when={}, text=TextId("EM-4")),),
        urgent_texts=(),
        opens=(),
    )


def another() -> Study:
    how = question("HOW", QuestionKind.SINGLE, "MILD", "BAD")
    number = question("SCORE", QuestionKind.NUMBER)
    by = ClosingQuestion(
        id="WHO",
        statement=words("me"),
        question=words("who?"),
        options=(Option(code="SELF", label=words("I")), Option(code="CAREGIVER", label=words("carer"))),
        good_answer="SELF",
        levels={},
    )
    row = ContextRule(
        id="R-1",
        symptoms=frozenset({PAIN}),
        blood_thinner=True,
        base_at_least=Level.URGENT,
        raise_by=1,
    )
    return replace(
        study(),
        symptoms=(
            symptom(WOUND, SymptomGroup.BLEEDING, how),
            symptom(PAIN, SymptomGroup.ADVERSE_EVENT, number, how),
        ),
        gate=(
            GateItem(
                code="BAD",
                label=words("bad"),
                level=Level.EMERGENCY,
                advice=TextId("EM-0"),
                opens=(PAIN,),
            ),
        ),
        closing=(by,),
        triage=replace(study().triage, context_rules=(row,), temperature=None),
    )


def test_a_report_of_another_study_runs_from_its_data_alone() -> None:
    thumb = Thumb(of=another(), context=knowing("P0", blood_thinner=True))
    thumb.begin()
    thumb.tap(callback.NONE, callback.NO, f"+{PAIN}", callback.DONE)
    thumb.type("7")
    step = thumb.tap("BAD")
    assert (step.level, step.advice) == (Level.EMERGENCY, ("EM-4",))
    assert step.assessed[0].rules[0] == "R-1: blood thinner → EMERGENCY"
    end = thumb.tap(callback.FINISH).finished
    assert end is not None
    assert (end.status, end.closing) == (ReportStatus.COMPLETE, {"WHO": "SELF"})
    assert {one.symptom for one in end.assessed} == {PAIN, WOUND}


def test_a_question_for_a_number_that_is_no_temperature_takes_any_number() -> None:
    thumb = Thumb(of=another())
    thumb.begin()
    thumb.tap("!BAD")
    assert not thumb.type("seven").understood
    thumb.type("７")
    assert thumb.progress.codes(PAIN, "SCORE") == ("7",)


def test_no_rule_names_a_symptom_a_text_or_a_drug_of_the_first_study() -> None:
    """In code, that is: docstrings and comments may show a worked case."""
    labs = study().labs
    bands = [*labs.context_bands, *(band for one in labs.analytes for band in one.bands)]
    known = {
        *(one.code for one in study().symptoms),
        *study().texts,
        *(one.code for one in labs.analytes),
        *(one.code for one in study().draws),
        *(band.name for band in bands if band.name != "any"),
        "romiplostim",
        "罗普司亭",
        "血小板",
    }
    names = rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, known))})(?![A-Za-z0-9_])"
    for path in Path(bot.rules.__path__[0]).glob("*.py"):
        code = re.sub(r'"""(?:.|\n)*?"""|#.*', "", path.read_text(encoding="utf-8"))
        code = re.sub(
            r"(same_day|routine)_text: TextId = .*", "", code
        )  # the usual names, a study may change them
        assert not re.findall(names, code), path.name


def test_no_limit_of_the_first_study_counts_where_another_names_none() -> None:
    """A limit or a time that a rule would fall back on is one of this study, hidden in the rules."""
    found = [
        f"{name}.{one.name}"
        for name, noun in vars(rules_study).items()
        if is_dataclass(noun)
        for one in fields(noun)
        if isinstance(one.default, Decimal | timedelta)
        or (type(one.default) is int and one.default > 1 and not issubclass(type(one.default), Level))
    ]
    assert found == []
