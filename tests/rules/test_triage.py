"""What is known beside the answers, several symptoms together, and which text she is shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.rules import triage
from bot.rules.context import Context
from bot.rules.study import Level, MultiAmberMode, SourceKind, Study, TextId
from bot.rules.triage import Assessed
from tests.rules.report_scenes import answers, knowing, rows
from tests.rules.scenes import study


def known(words: str, symptom: str = "") -> Context:
    """`P4 ac anc=0.4 was=1` as a context."""
    band, *facts = words.split()
    said = {name: value for name, _, value in (fact.partition("=") for fact in facts)}
    return knowing(
        band,
        blood_thinner="ac" in said,
        liver_disease="liver" in said,
        anc=said.get("anc"),
        highest=said.get("max"),
        before={symptom: int(said["was"])} if "was" in said else None,
        persistent=(symptom,) if "lasts" in said else (),
        new_blood_thinner="new" in said,
    )


@pytest.mark.parametrize("row", rows("context"), ids=lambda row: f"{row['symptom']} {row['known']}")
def test_the_table_of_context_rules(row: dict[str, str]) -> None:
    symptom = study().symptom(row["symptom"])
    found = triage.assess(study(), symptom, answers(row["answers"]), known(row["known"], symptom.code))
    assert found.level.name == row["level"]
    if row["rule"]:
        raising = [rule for rule in found.rules if rule.startswith(f"{row['rule']}: ")]
        assert any(rule.endswith(f"→ {row['level']}") for rule in raising)
    else:
        assert found.level is found.graded.level


def judged(levels: str) -> list[Assessed]:
    made = []
    for part in levels.split():
        code, _, level = part.partition("=")
        one = triage.assess(study(), study().symptom(code), {}, knowing())
        made.append(replace(one, level=Level[level]))
    return made


@pytest.mark.parametrize("row", rows("combining"), ids=lambda row: " ".join(row.values()))
def test_the_table_of_combinations(row: dict[str, str]) -> None:
    in_mode = replace(study(), triage=replace(study().triage, multi_amber=MultiAmberMode(row["mode"])))
    closing = dict(part.split("=") for part in row["closing"].split())
    level, rules = triage.report_level(
        in_mode, judged(row["symptoms"]), closing, known(row["known"]), gate=row["gate"].split()
    )
    assert level.name == row["level"]
    assert any(row["rule"] in rule for rule in rules) if row["rule"] else not rules


def test_every_row_of_the_context_table_is_used_in_the_tests() -> None:
    told = {row["rule"] for row in rows("context")} - {""}
    assert told == {rule.id for rule in study().triage.context_rules}


def test_a_row_that_waits_does_not_fire_before_its_exemption_is_settled() -> None:
    site = study().symptom("BLD_SITE")
    half = answers("WHERE=BLOOD DUR=LT10")
    unknown = knowing("P2")
    assert triage.assess(study(), site, half, unknown, finished=False).level is Level.ROUTINE
    assert triage.assess(study(), site, half, unknown, finished=True).level is Level.SAME_DAY
    settled = answers("WHERE=BLOOD DUR=M10_60")
    assert triage.assess(study(), site, settled, unknown, finished=False).level is Level.SAME_DAY


def test_the_rules_say_what_was_known_with_the_count() -> None:
    counted = replace(knowing("P1"), platelets=Decimal("14.96"))
    found = triage.assess(study(), study().symptom("BLD_ORAL"), {}, counted)
    assert found.rules[0] == "CX-2: platelets P1 (15), mucosal → URGENT"


def test_every_rule_that_fired_is_named_worst_first() -> None:
    found = triage.assess(study(), study().symptom("BLD_NOSE"), answers("SYS=DIZZY"), knowing("P1"))
    levels = [
        Level[rule.rsplit("→ ")[1]] for rule in found.rules if "grade" not in rule and "WHO" not in rule
    ]
    of_context = [level for level, rule in zip(levels, found.rules, strict=False) if rule.startswith("CX")]
    assert of_context == sorted(of_context, reverse=True)
    assert "BLD_NOSE: SYS=DIZZY → URGENT" in found.rules


@pytest.mark.parametrize(
    ("symptom", "said", "level", "band", "text"),
    [
        ("BLD_NOSE", "SYS=FAINT", Level.EMERGENCY, "P4", "EM-1"),
        ("BLD_NOSE", "DUR=GT30", Level.URGENT, "P4", "UR-2"),
        ("BLD_NOSE", "FLOW=POUR", Level.URGENT, "P4", "UR-1"),
        ("BLD_NOSE", "FLOW=SPOT", Level.URGENT, "P1", "UR-2"),
        ("BLD_NOSE", "FLOW=SPOT", Level.SAME_DAY, "P2", "SD-1"),
        ("BLD_NOSE", "FLOW=SPOT", Level.ROUTINE, "P4", "RT-1"),
        ("BLD_TRAUMA", "HEAD=YES", Level.EMERGENCY, "P2", "EM-2"),
        ("AE_FEVER", "TEMPB=38.5", Level.URGENT, "P4", "EM-5b"),
        ("AE_FEVER", "TEMPB=40.5", Level.EMERGENCY, "P4", "EM-5"),
        ("AE_DIZZY", "SEV=FAINTED WITH=NONE", Level.EMERGENCY, "P4", "EM-0"),
        ("AE_DIZZY", "SEV=FAINTED WITH=NEURO", Level.EMERGENCY, "P4", "EM-2"),
        ("AE_MOOD", "SI=NOW", Level.EMERGENCY, "P4", "EM-6"),
        ("AE_INSOM", "SEV=SEV", Level.EMERGENCY, "P4", "EM-0"),
        ("AE_INSOM", "SEV=SEV", Level.URGENT, "P4", "UR-1"),
    ],
)
def test_which_text_she_is_shown(symptom: str, said: str, level: Level, band: str, text: str) -> None:
    assert triage.advice(study(), study().symptom(symptom), answers(said), level, band) == text


def test_every_level_has_a_text_of_its_own() -> None:
    texts = [triage.general_advice(study(), level) for level in Level]
    assert texts == ["RT-1", "RT-1", "SD-1", "UR-1", "EM-0"]
    assert set(texts) <= set(study().texts)


@pytest.mark.parametrize(
    ("symptoms", "reached", "level"),
    [
        ((), Level.NONE, Level.ROUTINE),
        (("AE_INSOM",), Level.NONE, Level.ROUTINE),
        (("BLD_SITE",), Level.ROUTINE, Level.SAME_DAY),
        (("AE_FEVER",), Level.NONE, Level.SAME_DAY),
        (("AE_FEVER",), Level.URGENT, Level.URGENT),
    ],
)
def test_a_report_that_stopped_half_way(symptoms: tuple[str, ...], reached: Level, level: Level) -> None:
    assert triage.level_if_incomplete(study(), symptoms, reached) is level


def test_a_second_study_needs_no_code_changed() -> None:
    """Other codes, other bands: the rows of its own table are all that speak of them."""
    own = _other_study()
    found = triage.assess(own, own.symptom("AE_NAUS"), {}, knowing("P4", blood_thinner=True))
    assert (found.level, found.rules[0]) == (Level.URGENT, "OWN-1: blood thinner → URGENT")
    bled = triage.assess(own, own.symptom("BLD_NOSE"), {}, knowing("P0", blood_thinner=True))
    assert bled.level is Level.ROUTINE


def _other_study() -> Study:
    row = next(rule for rule in study().triage.context_rules if rule.id == "CX-12")
    own = replace(
        row,
        id="OWN-1",
        symptoms=frozenset({study().symptom("AE_NAUS").code}),
        low_anc=False,
        blood_thinner=True,
        grade_at_least=0,
        raise_by=0,
        at_least=Level.URGENT,
    )
    return replace(study(), triage=replace(study().triage, context_rules=(own,)))


def test_no_text_is_named_that_the_study_does_not_have() -> None:
    named = [item.advice for item in study().gate]
    named += [rule.text for one in study().symptoms for rule in (*one.emergency_texts, *one.urgent_texts)]
    assert set(named) <= set(study().texts)
    assert TextId("EM-0") in study().texts
    assert SourceKind.DEFAULT in {source.kind for source in study().provenance.values()}
