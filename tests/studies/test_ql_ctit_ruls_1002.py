"""The built-in study: complete, and nothing of the symptom catalogue lost when it was carried over.

`catalogue_carried_over.json` is a frozen digest of the catalogue (version 0.1.0-draft): codes, rules, caps,
and one checksum of all words per symptom. What the study has beyond it is named here, one by one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.rules.study import (
    AdviceRule,
    Bilingual,
    Level,
    Option,
    Question,
    Road,
    Role,
    Sex,
    Source,
    SourceKind,
    Study,
    Symptom,
)
from bot.study_file import load_study

CATALOGUE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "catalogue_carried_over.json").read_text(encoding="utf-8")
)
CODES = tuple(CATALOGUE["symptoms"])
NOT_SURE = "NOT_SURE"

# What the study asks beyond the catalogue (decisions, "Triage").
ADDED_QUESTIONS = {("BLD_NOSE", "LAST"), ("BLD_NOSE", "DURDAY"), ("BLD_ORAL", "LAST"), ("BLD_ORAL", "DURDAY")}
ADDED_OPTIONS = {("BLD_NOSE", "ONGOING20"), ("BLD_ORAL", "ONGOING20"), ("BLD_SITE", "ONGOING20")}


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("ql-ctit-ruls-1002")


def carried(symptom: Symptom) -> tuple[Question, ...]:
    return tuple(
        question for question in symptom.questions if (symptom.code, question.id) not in ADDED_QUESTIONS
    )


def carried_options(symptom: Symptom, question: Question) -> tuple[Option, ...]:
    return tuple(
        option
        for option in question.options
        if option.code != NOT_SURE and (symptom.code, option.code) not in ADDED_OPTIONS
    )


def test_every_symptom_of_the_catalogue_is_there_in_its_order(study: Study) -> None:
    assert len(CODES) == 33
    assert tuple(symptom.code for symptom in study.symptoms) == CODES


@pytest.mark.parametrize("code", CODES)
def test_every_question_and_answer_of_the_catalogue_is_there(study: Study, code: str) -> None:
    symptom = study.symptom(code)
    asked = {
        question.id: {
            "kind": {"number": "derived"}.get(question.kind, question.kind),
            "ordered": question.ordered,
            "options": [option.code for option in carried_options(symptom, question)],
        }
        for question in carried(symptom)
    }
    assert asked == CATALOGUE["symptoms"][code]["questions"]


@pytest.mark.parametrize("code", CODES)
def test_every_word_of_the_catalogue_is_unchanged(study: Study, code: str) -> None:
    symptom = study.symptom(code)
    said = [symptom.label.en, symptom.label.zh, symptom.ask.en, symptom.ask.zh]
    for question in carried(symptom):
        said += [question.text.en, question.text.zh]
        for option in carried_options(symptom, question):
            said += [option.code, option.label.en, option.label.zh]
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
    assert digest == CATALOGUE["symptoms"][code]["words_sha256"]


@pytest.mark.parametrize("code", CODES)
def test_every_base_value_of_the_catalogue_is_unchanged(study: Study, code: str) -> None:
    symptom = study.symptom(code)
    base = {"grade": symptom.base_grade, "level": symptom.base_level.name, "who": symptom.base_who}
    assert base == CATALOGUE["symptoms"][code]["base"]


def rules_of(symptom: Symptom) -> Mapping[str, list[tuple[Mapping[str, frozenset[str]], int | str]]]:
    return {
        "grade": [(rule.when, rule.value) for rule in symptom.grade_rules],
        "level": [(rule.when, rule.value.name) for rule in symptom.level_rules],
        "who": [(rule.when, rule.value) for rule in symptom.who_rules],
    }


@pytest.mark.parametrize("scale", ["grade", "level", "who"])
@pytest.mark.parametrize("code", CODES)
def test_every_rule_of_the_catalogue_still_holds_for_its_answers(study: Study, code: str, scale: str) -> None:
    written = rules_of(study.symptom(code))[scale]
    for when, value in CATALOGUE["symptoms"][code][scale]:
        assert any(
            kept == value
            and conditions.keys() == when.keys()
            and all(set(answers) <= conditions[question] for question, answers in when.items())
            for conditions, kept in written
        ), (when, value)


# A decision of this study, or the answer that it added, explains each rule beyond the catalogue.
ADDED_RULES = {
    # A bleed of the days before: as the same bleed today.
    ("BLD_NOSE", "DURDAY"),
    ("BLD_ORAL", "DURDAY"),
    # Twenty minutes under pressure and not stopped is EMERGENCY.
    ("BLD_NOSE", "DUR=ONGOING20"),
    ("BLD_ORAL", "DUR=ONGOING20"),
    ("BLD_SITE", "DUR=ONGOING20"),
    # Black stool four times or more with a food or iron reason: URGENT.
    ("BLD_STOOL", "CONF=YES"),
}


@pytest.mark.parametrize("code", CODES)
def test_every_rule_beyond_the_catalogue_is_a_decision(study: Study, code: str) -> None:
    for scale, written in rules_of(study.symptom(code)).items():
        of_catalogue = CATALOGUE["symptoms"][code][scale]
        for conditions, value in written:
            if any(
                value == kept
                and all(set(answers) <= conditions.get(q, frozenset()) for q, answers in when.items())
                for when, kept in of_catalogue
            ):
                continue
            named = {
                name
                for q, answers in conditions.items()
                for name in (q, *(f"{q}={answer}" for answer in answers))
            }
            assert any((code, name) in ADDED_RULES for name in named), (scale, conditions, value)


@pytest.mark.parametrize("code", CODES)
def test_every_term_and_cap_of_the_catalogue_is_there(study: Study, code: str) -> None:
    of_catalogue = CATALOGUE["symptoms"][code]
    caps = {rule.term: rule.max_grade for rule in study.symptom(code).term_rules}
    assert of_catalogue["caps"].items() <= caps.items()
    for rule in study.symptom(code).term_rules:
        highest = study.terms[rule.term].max_grade
        assert rule.max_grade is not None
        assert rule.max_grade <= highest


def test_every_ctcae_term_keeps_its_class_its_code_and_its_highest_grade(study: Study) -> None:
    kept = {name: [term.soc.en, term.soc.zh, term.ncit, term.max_grade] for name, term in study.terms.items()}
    assert CATALOGUE["terms"].items() <= kept.items()


def test_hospital_and_transfusion_are_two_facts_and_no_closing_answer_is_lost(study: Study) -> None:
    closing = {question.id: [option.code for option in question.options] for question in study.closing}
    assert closing["U_HOSP"] == ["NO", "ED", "ADMITTED"]
    assert closing["U_TRANSFUSION"] == ["NO", "RED_CELLS", "PLATELETS", NOT_SURE]
    for question in ("U_MEDS", "U_CONTACT", "U_BY"):
        assert closing[question] == CATALOGUE["closing"][question]


def test_a_good_day_shows_four_statements(study: Study) -> None:
    assert [question.id for question in study.closing if question.shown_on_good_day] == [
        "U_HOSP",
        "U_MEDS",
        "U_CONTACT",
        "U_BY",
    ]


# ---------------------------------------------------------------- what the catalogue lacks as data


def test_vaginal_bleeding_is_asked_of_women_only_and_pregnancy_of_both(study: Study) -> None:
    assert [symptom.code for symptom in study.symptoms if symptom.only_sex is Sex.FEMALE] == ["BLD_VAG"]
    assert study.symptom("AE_PREG").only_sex is None


def test_low_mood_is_the_only_symptom_that_no_menu_offers(study: Study) -> None:
    assert [symptom.code for symptom in study.symptoms if not symptom.on_menu] == ["AE_MOOD"]


def test_the_mucosal_bleedings_are_those_of_cx_2(study: Study) -> None:
    assert {symptom.code.removeprefix("BLD_") for symptom in study.symptoms if symptom.mucosal} == {
        "NOSE",
        "ORAL",
        "URINE",
        "STOOL",
        "VOMIT",
        "COUGH",
        "VAG",
        "EYE",
    }


def test_every_bleeding_and_whatever_reaches_an_emergency_is_red_flag_capable(study: Study) -> None:
    for symptom in study.symptoms:
        reaches = any(rule.value is Level.EMERGENCY for rule in symptom.level_rules)
        assert symptom.red_flag_capable is (reaches or symptom.code.startswith("BLD_")), symptom.code


# Colour, amount and time: each has *not sure*, here with the answer it counts as.
UNSURE = {
    "BLD_SKIN": {"EXTENT": "E2", "SIZE": "S2"},
    "BLD_NOSE": {"FLOW": "DRIP", "DUR": "M10_30", "DURDAY": "M10_30"},
    "BLD_ORAL": {"DUR": "M10_30", "DURDAY": "M10_30"},
    "BLD_URINE": {"COLOR": "RED"},
    "BLD_STOOL": {"LOOK": "BLACK", "COUNT": "TWO_THREE"},
    "BLD_VOMIT": {"LOOK": "COFFEE"},
    "BLD_COUGH": {"AMT": "SPOON"},
    "BLD_VAG": {"AMT": "HEAVY", "DAYS": "GT7"},
    "BLD_SITE": {"DUR": "M10_60", "AMT": "SOAK1"},
    "AE_FEVER": {"DUR": "GT24"},
    "AE_INSOM": {"NIGHTS": "GE3"},
    "AE_NAUS": {"URINE": "DARK"},
    "AE_VOMIT": {"COUNT": "C3"},
    "AE_DIARR": {"OVER": "C4_6"},
    "AE_RASH": {"EXTENT": "P10_30", "TIMING": "D1_7"},
    "AE_ANAPH": {"WHEN": "LT1"},
    "AE_INJ": {"SIZE": "C5_10"},
    "AE_LIMB": {"ONSET": "D3_14"},
    "AE_DYSP": {"ONSET": "DAYS"},
}


def test_every_question_of_colour_amount_and_time_takes_not_sure_as_a_worse_answer(study: Study) -> None:
    counted: dict[str, dict[str, str]] = {}
    for symptom in study.symptoms:
        for question in symptom.questions:
            if question.unsure_counts_as is not None:
                counted.setdefault(symptom.code, {})[question.id] = question.unsure_counts_as
                assert question.options[-1].code == NOT_SURE
    assert counted == UNSURE


@pytest.mark.parametrize("code", ["BLD_NOSE", "BLD_ORAL", "BLD_SITE"])
def test_ten_minutes_of_bleeding_are_timed_twice_and_then_an_emergency(study: Study, code: str) -> None:
    first, second = study.symptom(code).question("DUR").timers
    assert (first.on_option, first.on_no, first.wait) == ("NOW", "ONGOING", timedelta(minutes=10))
    assert (second.on_option, second.raises_to) == ("ONGOING", Level.EMERGENCY)
    assert first.silence_after == second.silence_after == timedelta(minutes=3)


@pytest.mark.parametrize("code", ["BLD_NOSE", "BLD_ORAL"])
def test_a_bleed_of_the_days_before_is_asked_about_in_its_own_words(study: Study, code: str) -> None:
    symptom = study.symptom(code)
    older = frozenset({"GT72", "H24_72"})
    assert symptom.question("DUR").skip_if == symptom.question("DURDAY").only_if == {"LAST": older}
    assert symptom.question("LAST").skip_at_gate
    order = [question.id for question in symptom.questions]
    assert order.index("LAST") < order.index("DUR") < order.index("DURDAY")


OPENS = [
    ("BLD_VOMIT", "SWALLOW", "YES", {"BLD_NOSE", "BLD_ORAL"}),
    ("BLD_COUGH", "NOSE", "YES", {"BLD_NOSE", "BLD_ORAL"}),
    ("AE_HEAD", "FLAG", "WEAK", {"BLD_CNS"}),
    ("AE_DIZZY", "WITH", "NEURO", {"AE_NEURO"}),
    ("AE_MSK", "ALARM", "ONELIMB", {"AE_LIMB"}),
    ("AE_VOMIT", "BLOOD", "UNSURE", {"BLD_VOMIT"}),
    ("AE_VOMIT", "BLOOD", "YES", {"BLD_VOMIT"}),
    ("AE_DIARR", "BLOOD", "UNSURE", {"BLD_STOOL"}),
    ("AE_DIARR", "SIGNS", "FEVER", {"AE_FEVER"}),
    ("AE_MUCOS", "WITH", "BLEED", {"BLD_ORAL"}),
    ("AE_MUCOS", "WITH", "FEVER", {"AE_FEVER"}),
    ("AE_ABDO", "WITH", "BLEED", {"BLD_STOOL", "BLD_VOMIT"}),
]


@pytest.mark.parametrize(("code", "question", "answer", "opened"), OPENS)
def test_an_answer_that_is_another_symptom_opens_it(
    study: Study, code: str, question: str, answer: str, opened: set[str]
) -> None:
    rules = [rule for rule in study.symptom(code).opens if answer in rule.when.get(question, ())]
    assert {symptom for rule in rules for symptom in rule.symptoms} == opened


@pytest.mark.parametrize("code", ["AE_FATIG", "AE_DIZZY"])
def test_bleeding_beside_tiredness_or_dizziness_opens_the_bleeding_menu(study: Study, code: str) -> None:
    (rule,) = (rule for rule in study.symptom(code).opens if "BLEED" in rule.when["WITH"])
    sites = {symptom.code for symptom in study.symptoms if symptom.code.startswith("BLD_")}
    assert set(rule.symptoms) == sites - {"BLD_CNS", "BLD_TRAUMA"}


# ---------------------------------------------------------------- texts


def first_text(rules: tuple[AdviceRule, ...], answers: Mapping[str, str], band: str = "P4") -> str | None:
    for rule in rules:
        fits = all(answers.get(question) in codes for question, codes in rule.when.items())
        if fits and (not rule.bands or band in rule.bands):
            return rule.text
    return None


EMERGENCIES = [
    ("RF-1", "BLD_NOSE", {"SYS": "FAINT"}, "EM-1"),
    ("RF-2", "BLD_ORAL", {"KIND": "FLOW", "DUR": "ONGOING"}, "EM-1"),
    ("RF-2", "BLD_SITE", {"DUR": "ONGOING", "AMT": "SOAKMANY"}, "EM-1"),
    ("RF-3", "BLD_VOMIT", {"LOOK": "COFFEE"}, "EM-1"),
    ("RF-3", "BLD_STOOL", {"LOOK": "LARGE"}, "EM-1"),
    ("RF-4", "BLD_COUGH", {"AMT": "CUP"}, "EM-1"),
    ("RF-4", "AE_DYSP", {"WHEN": "REST", "WITH": "BLOOD"}, "EM-1"),
    ("RF-5", "BLD_CNS", {"FLAG": "SEIZURE"}, "EM-2"),
    ("RF-5", "AE_HEAD", {"FLAG": "THUNDER"}, "EM-2"),
    ("RF-5", "AE_NEURO", {"FLAG": "FACE", "STATE": "GONE"}, "EM-2"),
    ("RF-5", "AE_VOMIT", {"SIGNS": "HEAD"}, "EM-2"),
    ("RF-6", "BLD_TRAUMA", {"HEAD": "YES"}, "EM-2"),
    ("RF-6", "BLD_TRAUMA", {"SINCE": "CANTWALK", "HEAD": "NO"}, "EM-2"),
    ("RF-7", "BLD_EYE", {"VISION": "LOST"}, "EM-2"),
    ("RF-8", "AE_ANAPH", {"ALERT": "FACE"}, "EM-3"),
    ("RF-8", "AE_RASH", {"ALERT": "BREATH"}, "EM-3"),
    ("RF-9", "AE_CHEST", {"KIND": "PRESS"}, "EM-4"),
    ("RF-9", "AE_DYSP", {"WHEN": "REST"}, "EM-4"),
    ("RF-9", "AE_LIMB", {"SIDE": "ONE", "SIGNS": "COLD"}, "EM-4"),
    ("RF-10", "AE_FEVER", {"SIGNS": "CONFUSED"}, "EM-5"),
    ("RF-11", "AE_ABDO", {"PATTERN": "SUDDEN"}, "EM-4"),
    ("RF-12", "BLD_VAG", {"AMT": "SOAK", "CTX": "PREG"}, "EM-1"),
    ("RF-13", "AE_MSK", {"ALARM": "CORD"}, "EM-4"),
    ("RF-14", "AE_MOOD", {"SI": "PLAN"}, "EM-6"),
    ("no row", "AE_MUCOS", {"WITH": "BREATH"}, "EM-0"),
    ("no row", "AE_DIZZY", {"SEV": "FAINTED"}, "EM-0"),
    ("no row", "AE_PREG", {"SYMP": "FAINT"}, "EM-0"),
]


@pytest.mark.parametrize(("row", "code", "answers", "text"), EMERGENCIES)
def test_an_emergency_shows_the_text_of_its_row(
    study: Study, row: str, code: str, answers: dict[str, str], text: str
) -> None:
    assert first_text(study.symptom(code).emergency_texts, answers) == text, row


@pytest.mark.parametrize(
    ("code", "answers", "band", "text"),
    [
        ("AE_FEVER", {"TEMPB": "F38"}, "P4", "EM-5b"),
        ("BLD_NOSE", {"DUR": "GT30"}, "P4", "UR-2"),
        ("BLD_NOSE", {"DUR": "ONGOING"}, "P4", "UR-2"),
        ("BLD_NOSE", {"SYS": "DIZZY"}, "P4", None),
        ("BLD_NOSE", {"FLOW": "SPOT"}, "P1", "UR-2"),
        ("BLD_STOOL", {"LOOK": "BLACK"}, "P4", "UR-2"),
        ("BLD_URINE", {"COLOR": "CLOT"}, "P4", "UR-2"),
        ("BLD_URINE", {"VOID": "BLOCK"}, "P4", None),
        ("AE_LIMB", {"SIDE": "ONE", "SIGNS": "SWELL"}, "P4", "UR-2"),
        ("AE_MSK", {"ALARM": "ONELIMB"}, "P4", "UR-2"),
        ("AE_HEAD", {"SEV": "SEV"}, "P4", "UR-2"),
        ("BLD_SKIN", {"CAUSE": "SPONT"}, "P0", "UR-2"),
        ("BLD_SKIN", {"CAUSE": "KNOCK"}, "P0", None),
        ("AE_MOOD", {"SI": "WISH"}, "P4", "EM-6"),
    ],
)
def test_an_urgent_matter_shows_the_text_of_the_list_or_the_general_one(
    study: Study, code: str, answers: dict[str, str], band: str, text: str | None
) -> None:
    assert first_text(study.symptom(code).urgent_texts, answers, band) == text


def test_every_safety_text_stands_in_both_languages_with_the_phones_and_what_is_true_of_the_chat(
    study: Study,
) -> None:
    for text_id in ("EM-0", "EM-1", "EM-2", "EM-3", "EM-4", "EM-5", "EM-5b", "EM-6", "UR-1", "UR-2", "SD-1"):
        words = study.texts[text_id].text  # type: ignore[index]
        assert "120" in words.en
        assert "120" in words.zh
        assert "{site_phone}" in words.en
        assert "{site_phone}" in words.zh
        assert "This chat is not watched all the time; we are alerting your study team" in words.en
        assert "这个聊天窗口没有人24小时值守，我们" in words.zh
        assert "they know" not in words.en
    assert "{by_when}" in study.texts[study.triage.same_day_text].text.zh


def test_a_stranger_hears_of_no_site_and_of_no_alert(study: Study) -> None:
    words = study.texts[study.triage.emergency_fallback].to_stranger
    assert words is not None
    assert words.en.startswith("Call 120 now")
    assert words.zh.startswith("请马上拨打120")
    for said in (words.en, words.zh):
        assert "{" not in said
        assert "alert" not in said
        assert "通知" not in said
        assert "study card" not in said


def test_a_reported_death_gets_no_advice(study: Study) -> None:
    words = next(text.text for text in study.texts.values() if text.id == "DEATH")
    assert "120" not in words.en + words.zh
    assert "{site_phone}" in words.en
    assert "{site_phone}" in words.zh


def test_the_gate_has_one_button_for_each_red_flag(study: Study) -> None:
    assert {item.code: (item.level.name, item.advice) for item in study.gate} == {
        "BLEED": ("EMERGENCY", "EM-1"),
        "VOMIT_COUGH": ("EMERGENCY", "EM-1"),
        "STOOL": ("EMERGENCY", "EM-1"),
        "BRAIN": ("EMERGENCY", "EM-2"),
        "CHEST": ("EMERGENCY", "EM-4"),
        "SWELLING": ("EMERGENCY", "EM-3"),
        "FAINTED": ("EMERGENCY", "EM-0"),
        "FEVER": ("URGENT", "EM-5b"),
    }
    assert study.gate[-1].label == Bilingual(
        en="Fever 38 or above (armpit 37.5), or shaking chills", zh="发烧38度以上（腋下37.5度以上）或打寒战"
    )


# ---------------------------------------------------------------- numbers


def test_what_the_registry_fixes_is_locked_and_the_rest_keeps_live_from_starting(study: Study) -> None:
    fixed = {key: source for key, source in study.provenance.items() if source.kind is SourceKind.REGISTRY}
    assert fixed["schedule.doses.max_doses"] == Source(
        kind=SourceKind.REGISTRY, document="F4", locked=True, safety=True
    )
    assert set(fixed) == {
        "schedule.doses.max_doses",
        "schedule.doses.amount_ug",
        "schedule.doses.interval_days",
        "schedule.stop.analyte",
        "schedule.stop.at_or_above",
        "schedule.endpoint.analyte",
        "schedule.endpoint.at_or_above",
        "schedule.prophylaxis.baseline_below",
        "schedule.prophylaxis.lead_minutes",
        "labs.trends.not_eligible_at_or_above",
    }
    assert all(source.locked for source in fixed.values())


def test_the_numbers_are_those_of_the_specification(study: Study) -> None:
    doses = study.doses
    assert (doses.max_doses, doses.amount_ug, doses.interval_days, doses.last_day) == (4, 200, 7, 28)
    assert (doses.window_early_days, doses.window_late_days, doses.min_interval_days) == (1, 2, 5)
    assert study.stop.at_or_above == Decimal("100.0")
    assert [draw.day for draw in study.draws if draw.endpoint] == [15]
    assert study.triage.axilla_offset_c == Decimal("0.5")


@pytest.mark.parametrize(
    ("count", "level"),
    [
        ("9.9", Level.URGENT),
        ("19.9", Level.URGENT),
        ("20.0", Level.SAME_DAY),
        ("49.9", Level.SAME_DAY),
        ("50.0", Level.NONE),
        ("199.9", Level.NONE),
        ("200", Level.ROUTINE),
        ("400", Level.SAME_DAY),
        ("1000", Level.URGENT),
    ],
)
def test_a_platelet_result_falls_into_one_band(study: Study, count: str, level: Level) -> None:
    value = Decimal(count)
    (band,) = (
        band
        for band in study.labs.result_bands
        if (band.at_or_above is None or value >= band.at_or_above)
        and (band.below is None or value < band.below)
    )
    assert band.level is level


def told(study: Study, level: Level, road: Road = Road.TELEGRAM) -> Iterator[tuple[int, Role]]:
    known: set[Role] = set()
    for step in study.chains[level].steps:
        for role in step.roles if step.road is road else ():
            if role not in known:
                known.add(role)
                yield int(step.after.total_seconds() // 60), role


@pytest.mark.parametrize(
    ("level", "road", "expected"),
    [
        (
            Level.EMERGENCY,
            Road.TELEGRAM,
            [
                (0, Role.COORDINATOR),
                (0, Role.SUB_INVESTIGATOR),
                (10, Role.PRINCIPAL_INVESTIGATOR),
                (20, Role.CENTRAL),
            ],
        ),
        (
            Level.EMERGENCY,
            Road.SECOND,
            [(2, Role.COORDINATOR), (2, Role.SUB_INVESTIGATOR), (10, Role.PRINCIPAL_INVESTIGATOR)],
        ),
        (
            Level.URGENT,
            Road.TELEGRAM,
            [
                (0, Role.COORDINATOR),
                (0, Role.SUB_INVESTIGATOR),
                (30, Role.PRINCIPAL_INVESTIGATOR),
                (60, Role.CENTRAL),
            ],
        ),
        (
            Level.SAME_DAY,
            Road.TELEGRAM,
            [(0, Role.COORDINATOR), (240, Role.SUB_INVESTIGATOR), (480, Role.PRINCIPAL_INVESTIGATOR)],
        ),
    ],
)
def test_the_chain_tells_who_the_specification_names_and_when(
    study: Study, level: Level, road: Road, expected: list[tuple[int, Role]]
) -> None:
    assert list(told(study, level, road)) == expected


def test_consent_has_two_required_ticks_and_an_optional_one(study: Study) -> None:
    assert {item.code: item.required for item in study.consent.items} == {
        "HEALTH": True,
        "TRANSFER": True,
        "CAREGIVER": False,
    }


def test_the_worst_answers_of_a_nosebleed_are_an_emergency_whatever_else_was_answered(study: Study) -> None:
    symptom = study.symptom("BLD_NOSE")
    others = [[option.code for option in symptom.question(one).options] for one in ("FLOW", "TX")]
    for flow, treated in product(*others):
        answers = {"FLOW": flow, "TX": treated, "SYS": "FAINT"}
        levels = [
            rule.value
            for rule in symptom.level_rules
            if all(answers.get(question) in codes for question, codes in rule.when.items())
        ]
        assert max(levels) is Level.EMERGENCY
