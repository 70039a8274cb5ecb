"""A study folder is loaded, or every mistake in it is named with its place and what to do about it."""

from __future__ import annotations

import shutil
from datetime import date, time
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.rules.errors import StudyFileFaulty
from bot.rules.study import Language, SourceKind
from bot.study_file import (
    BUILT_IN,
    Problem,
    check,
    folder_of,
    load_study,
    provenance_report,
    unapproved_safety_keys,
)

BUILT_IN_ID = "ql-ctit-ruls-1002"
SKIN = "symptoms/01_bld_skin.toml"
NOSE = "symptoms/02_bld_nose.toml"
SITE = "symptoms/09_bld_site.toml"
FEVER = "symptoms/13_ae_fever.toml"
HEAD = "symptoms/14_ae_head.toml"
DIZZY = "symptoms/15_ae_dizzy.toml"
MSK = "symptoms/16_ae_msk.toml"
ANAPH = "symptoms/24_ae_anaph.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study folder of one's own, to spoil."""
    return Path(shutil.copytree(BUILT_IN / "ql_ctit_ruls_1002", tmp_path / "a_study"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Replaces the first occurrence; a test that changes nothing would prove nothing."""
    content = (folder / file).read_text(encoding="utf-8")
    assert old in content, f"{old!r} does not stand in {file}"
    (folder / file).write_text(content.replace(old, new, 1), encoding="utf-8")


def places_and_remedies(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    return {(problem.place, problem.remedy) for problem in problems}


def test_the_built_in_study_has_no_problem() -> None:
    assert check(BUILT_IN_ID) == ()


def test_the_built_in_study_speaks_as_its_docstring_says() -> None:
    label = load_study(BUILT_IN_ID).symptom("BLD_NOSE").question("DUR").option("ONGOING").label
    assert label.said_in(Language.ZH) == "用力按了10分钟，还在流"
    assert label.said_in(Language.EN) == "Pressed hard 10 minutes, still bleeding"


def test_a_second_study_loads_from_its_own_folder_alone(folder: Path) -> None:
    change(folder, "study.toml", 'id = "ql-ctit-ruls-1002"', 'id = "another-study"')
    change(folder, "schedule.toml", "max_doses = { value = 4", "max_doses = { value = 2")
    change(folder, "schedule.toml", ", before_dose = 3, endpoint = true", ", endpoint = true")
    change(folder, "schedule.toml", ", before_dose = 4", "")
    (folder / "symptoms" / "32_ae_mood.toml").unlink()
    study = load_study(folder)
    assert study.id == "another-study"
    assert study.doses.max_doses == 2
    assert "AE_MOOD" not in {symptom.code for symptom in study.symptoms}


def test_a_path_is_never_taken_for_a_built_in_study(tmp_path: Path) -> None:
    assert folder_of(str(tmp_path / "ql-ctit-ruls-1002")) == tmp_path / "ql-ctit-ruls-1002"
    assert folder_of(BUILT_IN_ID) == BUILT_IN / "ql_ctit_ruls_1002"


def test_a_folder_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    (problem,) = check(tmp_path / "nowhere")
    assert problem.found == "no such folder"
    assert problem.remedy == "Name a built-in id or an existing folder."


# ---------------------------------------------------------------- one mistake


class Mistake(NamedTuple):
    """What is written instead of what, and the one problem that must then be named."""

    file: str
    old: str
    new: str
    place: str
    remedy: str


SHAPE = [
    Mistake(
        "study.toml", 'version = "0.1.0"', "version = ", "study.toml", "Mend the syntax at the line named."
    ),
    Mistake("study.toml", 'version = "0.1.0"\n', "", "study.toml: version", "Add the key."),
    Mistake(
        "study.toml",
        "[quiet_hours]",
        "[quiet_hours]\nstart = 1",
        "study.toml: quiet_hours.start",
        "Remove the key, or correct its spelling.",
    ),
    Mistake(
        "study.toml", '"21:30"', '"25:30"', "study.toml: quiet_hours.starts.value", "Write it as described."
    ),
    Mistake(
        "study.toml", '"21:30"', "2130", "study.toml: quiet_hours.starts.value", "Write it as described."
    ),
    Mistake(
        "schedule.toml",
        "max_doses = { value = 4,",
        'max_doses = { value = "four",',
        "schedule.toml: doses.max_doses.value",
        "Write a whole number without quotes.",
    ),
    Mistake(
        "schedule.toml",
        'value = "100.0", source = "registry", document = "F5"',
        'value = "100.0", source = "approved", document = "F5"',
        "schedule.toml: stop.at_or_above",
        "Write it as described.",
    ),
    Mistake(
        "schedule.toml",
        'value = "100.0", source = "registry", document = "F5"',
        'value = "100.0", source = "hearsay", document = "F5"',
        "schedule.toml: stop.at_or_above.source",
        "Use one of the words listed.",
    ),
    Mistake(
        NOSE,
        '{ when = { TX = ["CLINIC"] }, value = 2 }',
        '{ when = { TX = ["CLINIC"] }, value = 7 }',
        f"{NOSE}: rules.grade[3].value",
        "Correct the value.",
    ),
    Mistake("gate.toml", 'advice = "EM-3"\n', "", "gate.toml: items[5].advice", "Add the key."),
    Mistake(
        "chains.toml",
        '{ after = 5, roles = ["coordinator", "sub_investigator"] }',
        "{ after = 5, roles = [] }",
        "chains.toml: chains[0].steps[2].roles",
        "Add at least one entry.",
    ),
]

WORDS = [
    Mistake(
        NOSE,
        'code = "DRIP", en = "Dripping", zh = "一滴一滴往下滴"',
        'code = "DRIP", en = "Dripping"',
        f"{NOSE}: questions[0].options[1].zh",
        "Write the words in this language too.",
    ),
    Mistake(
        NOSE,
        'label = { en = "Nosebleed", zh = "流鼻血" }',
        'label = { en = " ", zh = "流鼻血" }',
        f"{NOSE}: label.en",
        "Write the words; empty ones are refused.",
    ),
    Mistake(
        NOSE,
        'en = "Streaks or spots on the tissue"',
        f'en = "{"Streaks or spots on the tissue " * 3}"',
        f"{NOSE}: questions[0].options[0]",
        "Shorten the label.",
    ),
    Mistake(
        "consent.toml",
        "同意记录我的身体情况",
        "同意记录我的身体情况" * 7,
        "consent.toml: items[0].label",
        "Shorten the label.",
    ),
    Mistake(
        "gate.toml",
        '{ en = "None of these", zh = "都没有" }',
        '{ en = "None of these {name}", zh = "都没有" }',
        "gate.toml: none",
        "Remove the braces: only safety texts have placeholders.",
    ),
    Mistake(
        "texts.toml",
        "研究团队会在{by_when}联系您",
        "研究团队会联系您",
        "texts.toml: texts[10]",
        "Add the missing placeholder to the other language.",
    ),
    Mistake(
        "texts.toml",
        "Recorded. If anything",
        "Recorded. { If anything",
        "texts.toml: texts[11]",
        "Close or remove the brace.",
    ),
    Mistake(
        "texts.toml",
        "Call 120 now, or go",
        "Call now, or go",
        "texts.toml: texts[0].en",
        "Say 120 in the text.",
    ),
    Mistake(
        "texts.toml",
        "Call 120 now. Do not wait for a reply here.\nStop all",
        "Your platelets are low. Call 120 now.\nStop all",
        "texts.toml: texts[4].en",
        "Move the word to a later line: the first one shows on a lock screen.",
    ),
    Mistake(
        "texts.toml",
        "不要吃阿司匹林、布洛芬。不要自己开车。'''\n\n[[texts]]\nid = \"EM-1\"",
        "不要吃阿司匹林。电话：{site_phone}'''\n\n[[texts]]\nid = \"EM-1\"",
        "texts.toml: texts[0].stranger_zh",
        "Remove the placeholder.",
    ),
]

SCHEDULE = [
    Mistake(
        "schedule.toml",
        "arrive_minutes_before = { value = 150,",
        "arrive_minutes_before = { value = 90,",
        "schedule.toml: prophylaxis.arrive_minutes_before",
        "Let the patient arrive before the dose.",
    ),
    Mistake(
        "schedule.toml",
        "counts_toward_max = { value = false,",
        "counts_toward_max = { value = true,",
        "schedule.toml: prophylaxis.counts_toward_max",
        "Write false; counting them among the weekly doses is not carried out.",
    ),
    Mistake(
        "study.toml", '"07:30"', '"21:30"', "study.toml: quiet_hours.ends", "Set the end of quiet hours."
    ),
    Mistake(
        "schedule.toml",
        "min_interval_days = { value = 5",
        "min_interval_days = { value = 8",
        "schedule.toml: doses.min_interval_days",
        "Lower the minimum interval.",
    ),
    Mistake(
        "schedule.toml",
        "window_late_days = { value = 2",
        "window_late_days = { value = 6",
        "schedule.toml: doses.window_late_days",
        "Shorten a window.",
    ),
    Mistake(
        "schedule.toml",
        "last_day = { value = 28",
        "last_day = { value = 21",
        "schedule.toml: doses.last_day",
        "Raise last_day, or lower max_doses.",
    ),
    Mistake(
        "schedule.toml",
        'code = "L1", anchor = "first_dose", day = 4',
        'code = "L2", anchor = "first_dose", day = 4',
        "schedule.toml: draws.calendar",
        "Rename or remove one.",
    ),
    Mistake(
        "schedule.toml",
        "required = true, before_dose = 2",
        "required = true, before_dose = 5",
        "schedule.toml: draws.calendar[2].before_dose",
        "Name a dose that exists.",
    ),
    Mistake(
        "schedule.toml",
        'code = "L2", anchor = "first_dose", day = 8',
        'code = "L2", anchor = "first_dose", day = 9',
        "schedule.toml: draws.calendar[2].before_dose",
        "Set the day of the draw to the day of the dose.",
    ),
    Mistake(
        "schedule.toml",
        'day_before_at = { value = "19:00"',
        'day_before_at = { value = "22:00"',
        "schedule.toml: reminders.day_before_at",
        "Choose a time at which a routine message may be sent.",
    ),
    Mistake(
        "labs.toml",
        'name = "P2", at_or_above = "20"',
        'name = "P2", at_or_above = "25"',
        "labs.toml: context[2].at_or_above",
        "Let each band begin where the one before it ends.",
    ),
    Mistake(
        "labs.toml",
        'unknown_band = "P2"',
        'unknown_band = "P9"',
        "labs.toml: unknown_band",
        "Name a context band.",
    ),
    Mistake(
        "labs.toml",
        'below = "50", level = "SAME_DAY"',
        'below = "50", level = "EMERGENCY"',
        "labs.toml: analytes[0].bands[2].level",
        "Correct the level of this band or of the one before it.",
    ),
    Mistake(
        "sae.toml",
        'symptom = "AE_LIMB"',
        'symptom = "AE_LEG"',
        "sae.toml: special[0].symptom",
        "Correct the code, or add the symptom.",
    ),
    Mistake(
        "sae.toml",
        'when = { STATUS = ["LATE"] }\nhold = "PREGNANCY"',
        'when = { STATUS = ["LATE"] }',
        "sae.toml: special[8]",
        "Say what follows from it.",
    ),
    Mistake(
        "labs.toml",
        'below = "450", level = "SAME_DAY", also = ["sub_investigator"]',
        'below = "450", level = "SAME_DAY", also = ["data_manager"]',
        "labs.toml: analytes[0].bands[5].also",
        "Name a role of the site's clinical staff, or central.",
    ),
    Mistake(
        "labs.toml",
        'below = "200", level = "NONE"',
        'below = "200", level = "NONE", also = ["sub_investigator"]',
        "labs.toml: analytes[0].bands[3].also",
        "Give the band a level, or leave `also` out.",
    ),
]

QUESTIONS = [
    Mistake(SITE, 'code = "BLOOD"', 'code = "INJ"', f"{SITE}: questions[0].options", "Rename or remove one."),
    Mistake(
        NOSE,
        'not_sure_counts_as = "DRIP"',
        'not_sure_counts_as = "SPOT"',
        f"{NOSE}: questions[0].not_sure_counts_as",
        "Name the next worse answer: not knowing never counts as the mildest.",
    ),
    Mistake(
        NOSE,
        'not_sure_counts_as = "DRIP"\n',
        "",
        f"{NOSE}: questions[0].not_sure_counts_as",
        "Give the next worse answer, or remove the option.",
    ),
    Mistake(
        NOSE,
        '{ on = "NOW", wait_minutes',
        '{ on = "NEVER", wait_minutes',
        f"{NOSE}: questions[2].timers[0].on",
        "Name an option of this question.",
    ),
    Mistake(
        NOSE,
        'silence_minutes = 3, becomes = "ONGOING" }',
        'silence_minutes = 3, becomes = "LT10" }',
        f"{NOSE}: questions[2].timers[0].becomes",
        "Name a worse answer: silence never counts as better.",
    ),
    Mistake(
        NOSE,
        'silence_minutes = 3, becomes = "ONGOING" }',
        "silence_minutes = 3 }",
        f"{NOSE}: questions[2].timers[0]",
        "Say what silence counts as.",
    ),
    Mistake(
        NOSE,
        'only_if = { LAST = ["GT72", "H24_72"] }',
        'only_if = { LAST = ["LONG_AGO"] }',
        f"{NOSE}: questions[3].only_if.LAST",
        "Correct the answer code.",
    ),
]

RULES = [
    Mistake(
        NOSE,
        '{ when = { FLOW = ["POUR"] }, value = 2 }',
        '{ when = { FLOW = ["POUR", "GUSH"] }, value = 2 }',
        f"{NOSE}: rules.grade[0].when.FLOW",
        "Correct the answer code.",
    ),
    Mistake(
        NOSE,
        '{ when = { SYS = ["DIZZY"] }, value = 2 }',
        '{ when = { FEELS = ["DIZZY"] }, value = 2 }',
        f"{NOSE}: rules.grade[2].when",
        "Correct the question id.",
    ),
    Mistake(
        NOSE,
        '{ when = { DUR = ["NOW", "M10_30"] }, value = "SAME_DAY" }',
        '{ when = { DUR = ["NOW"] }, value = "SAME_DAY" }',
        f"{NOSE}: rules.level",
        "Add M10_30 to the rule, or mend the order of the options.",
    ),
    Mistake(
        SKIN,
        '{ when = { EXTENT = ["E4"], KIND = ["DOTS", "BRUISE"] }, value = 3 }',
        '{ when = { EXTENT = ["E4"], KIND = ["DOTS"] }, value = 3 }',
        f"{SKIN}: rules.grade",
        "Add E4 to the rule, or mend the order of the options.",
    ),
    Mistake(
        ANAPH,
        '{ when = { ALERT = ["FACE", "BREATH", "FAINT"] }, value = "EMERGENCY" }',
        '{ when = { ALERT = ["FACE", "BREATH"] }, value = "EMERGENCY" }',
        f"{ANAPH}: rules.level",
        "Add a level rule for these answers.",
    ),
    Mistake(
        NOSE,
        "red_flag_capable = true",
        "red_flag_capable = false",
        f"{NOSE}: red_flag_capable",
        "Set red_flag_capable = true: a report left half way then reaches a person the same day.",
    ),
    Mistake(
        NOSE,
        'term = "Epistaxis", max_grade = 4',
        'term = "Nosebleed", max_grade = 4',
        f"{NOSE}: rules.terms[0].term",
        "Correct the term, or add it.",
    ),
    Mistake(
        MSK,
        'term = "Myalgia", max_grade = 3',
        'term = "Myalgia", max_grade = 4',
        f"{MSK}: rules.terms[0].max_grade",
        "Cap the grade where the term ends.",
    ),
    Mistake(
        DIZZY,
        '{ when = { SEV = ["FAINTED"] }, term = "Syncope"',
        '{ when = {}, term = "Syncope"',
        f"{DIZZY}: rules.terms[0]",
        "Move it to the end: the first match counts.",
    ),
    Mistake(
        FEVER,
        '{ when = {}, text = "EM-5" }',
        '{ when = {}, text = "EM-9" }',
        f"{FEVER}: rules.emergency[0].text",
        "Correct the id, or add the text.",
    ),
    Mistake(
        HEAD,
        'symptoms = ["BLD_CNS"]',
        'symptoms = ["BLD_HEAD"]',
        f"{HEAD}: rules.opens[0].symptoms",
        "Correct the code, or add the symptom.",
    ),
    Mistake(
        HEAD,
        'carries = ["FLAG"]',
        'carries = ["FLAGS"]',
        f"{HEAD}: rules.opens[0].carries",
        "Name a question of this symptom.",
    ),
    Mistake(
        "gate.toml",
        'advice = "EM-3"',
        'advice = "EM-7"',
        "gate.toml: items[5].advice",
        "Correct the id, or add the text.",
    ),
    Mistake(
        "gate.toml",
        'level = "URGENT"',
        'level = "SAME_DAY"',
        "gate.toml: items[7].level",
        "Raise the level: a red flag is never less.",
    ),
    Mistake("gate.toml", 'code = "STOOL"', 'code = "CHEST"', "gate.toml: items", "Rename or remove one."),
    Mistake(
        "closing.toml",
        'good = "SELF"',
        'good = "ME"',
        "closing.toml: questions[4].good",
        "Name one of the options.",
    ),
]

PEOPLE = [
    Mistake(
        "chains.toml",
        "{ after = 5, roles",
        "{ after = 12, roles",
        "chains.toml: chains[0].steps",
        "Sort the steps.",
    ),
    Mistake(
        "chains.toml",
        "repeat_minutes = 10\n",
        "",
        "chains.toml: chains[0]",
        "Say how it goes on: no escalation ends in silence.",
    ),
    Mistake(
        "chains.toml",
        'level = "ROUTINE"',
        'level = "NONE"',
        "chains.toml: chains",
        "Write one chain for each level from ROUTINE to EMERGENCY.",
    ),
    Mistake(
        "chains.toml",
        "acknowledge_minutes = 1440\n",
        "acknowledge_minutes = 100\n",
        "chains.toml: chains",
        "Shorten acknowledge_minutes of the higher level.",
    ),
    Mistake(
        "chains.toml",
        "acknowledge_minutes = 10\n",
        "acknowledge_minutes = 4\n",
        "chains.toml: chains[0].acknowledge_minutes",
        "Keep within the limits; a new one needs approval.",
    ),
    Mistake(
        "chains.toml",
        "[[limits]]",
        '[[sites]]\nsite = "TJ"\nlevel = "EMERGENCY"\nacknowledge_minutes = 16\n\n[[limits]]',
        "chains.toml: sites[0].acknowledge_minutes",
        "Keep within the limits; a new one needs approval.",
    ),
    Mistake(
        "chains.toml",
        "[[limits]]",
        '[[sites]]\nsite = "TJ"\nlevel = "ROUTINE"\nacknowledge_minutes = 1440\n\n[[limits]]',
        "chains.toml: sites[0].level",
        "Write the limits of this level, or leave it to the chain.",
    ),
    Mistake(
        "chains.toml",
        'hours = "always"',
        'hours = "working"',
        "chains.toml: chains[0].hours",
        "Write always.",
    ),
    Mistake(
        "triage.toml",
        'emergency_fallback = "EM-0"',
        'emergency_fallback = "EM-1"',
        "texts.toml: texts[1]",
        "Write what somebody is told of whom nothing is known.",
    ),
    Mistake(
        "triage.toml",
        'bands = ["P2"]',
        'bands = ["P7"]',
        "triage.toml: context.rows[0].bands",
        "Name a band of labs.toml.",
    ),
    Mistake(
        "triage.toml",
        'armpit = "AXILLA"',
        'armpit = "ARM"',
        "triage.toml: temperature.SITE",
        "Correct the answer code.",
    ),
]

MISTAKES = [*SHAPE, *WORDS, *SCHEDULE, *QUESTIONS, *RULES, *PEOPLE]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{one.place} · {one.remedy}" for one in MISTAKES])
def test_one_mistake_is_named_with_its_place_and_its_remedy(folder: Path, mistake: Mistake) -> None:
    change(folder, mistake.file, mistake.old, mistake.new)
    with pytest.raises(StudyFileFaulty) as refused:
        load_study(folder)
    found = [problem for problem in refused.value.problems if isinstance(problem, Problem)]
    assert places_and_remedies(tuple(found)) == {(mistake.place, mistake.remedy)}


# ---------------------------------------------------------------- several mistakes


def test_two_mistakes_in_two_files_are_both_named(folder: Path) -> None:
    change(folder, "study.toml", 'version = "0.1.0"\n', "")
    change(folder, "gate.toml", 'opens = ["AE_ANAPH"]', 'opens = ["AE_ALLERGY"]')
    assert places_and_remedies(check(folder)) == {
        ("study.toml: version", "Add the key."),
        ("gate.toml: items[5].opens", "Correct the code, or add the symptom."),
    }


def test_a_missing_language_does_not_hide_a_wrong_code_in_the_same_file(folder: Path) -> None:
    change(folder, NOSE, 'label = { en = "Nosebleed", zh = "流鼻血" }', 'label = { zh = "流鼻血" }')
    change(folder, NOSE, 'FLOW = ["POUR"]', 'FLOW = ["GUSH"]')
    assert places_and_remedies(check(folder)) == {
        (f"{NOSE}: label.en", "Write the words in this language too."),
        (f"{NOSE}: rules.grade[0].when.FLOW", "Correct the answer code."),
    }


def test_the_refusal_to_load_carries_every_problem(folder: Path) -> None:
    change(folder, "texts.toml", "\nSite phone: {site_phone}", "")
    with pytest.raises(StudyFileFaulty) as refused:
        load_study(folder)
    assert set(refused.value.problems) == set(check(folder))
    assert places_and_remedies(check(folder)) == {
        ("texts.toml: texts[0]", "Add the missing placeholder to the other language."),
        ("texts.toml: texts[0].en", "Say {site_phone} in the text."),
    }


def test_a_symptom_that_cannot_be_read_makes_no_noise_elsewhere(folder: Path) -> None:
    change(folder, FEVER, "[rules]", "[rules")
    assert [problem.place for problem in check(folder)] == [FEVER]


def test_a_file_that_is_not_there_and_one_that_nobody_reads_are_both_named(folder: Path) -> None:
    (folder / "chains.toml").rename(folder / "chain.toml")
    assert places_and_remedies(check(folder)) == {
        ("chain.toml", "Rename or remove the file."),
        ("chains.toml", "Add it; copy it from a built-in study."),
    }


def test_a_file_that_is_not_utf_8_is_said_so(folder: Path) -> None:
    (folder / NOSE).write_bytes("流鼻血".encode("gb18030"))
    assert places_and_remedies(check(folder)) == {(NOSE, "Save the file as UTF-8.")}


def test_a_symptom_written_twice_is_named(folder: Path) -> None:
    shutil.copy(folder / NOSE, folder / "symptoms" / "99_again.toml")
    assert places_and_remedies(check(folder)) == {("symptoms/", "Rename or remove one.")}


def test_a_folder_without_symptoms_is_no_study(folder: Path) -> None:
    shutil.rmtree(folder / "symptoms")
    assert ("symptoms/", "Add the symptom files.") in places_and_remedies(check(folder))


def test_a_problem_reads_as_sentences(folder: Path) -> None:
    change(folder, "gate.toml", 'advice = "EM-3"', 'advice = "EM-7"')
    (problem,) = check(folder)
    assert str(problem) == (
        "gate.toml: items[5].advice: found EM-7; expected a text of texts.toml. "
        "Correct the id, or add the text."
    )


# ---------------------------------------------------------------- where values come from


def test_every_safety_relevant_default_keeps_live_from_starting() -> None:
    keys = unapproved_safety_keys(load_study(BUILT_IN_ID))
    assert {"texts", "chains", "gate", "symptoms.BLD_NOSE", "schedule.doses.window_late_days"} <= set(keys)
    assert "schedule.doses.max_doses" not in keys
    assert "study.quiet_hours.starts" not in keys


def test_an_approved_value_no_longer_keeps_live_from_starting(folder: Path) -> None:
    change(
        folder,
        "schedule.toml",
        'window_late_days = { value = 2, source = "default", document = "1.4, O2"',
        'window_late_days = { value = 3, source = "approved", document = "protocol 2.0, 6.1",'
        ' approved_by = "SI1", approved_on = 2026-03-01',
    )
    study = load_study(folder)
    source = study.provenance["schedule.doses.window_late_days"]
    assert (source.kind, source.approved_by, source.approved_on) == (
        SourceKind.APPROVED,
        "SI1",
        date(2026, 3, 1),
    )
    assert "schedule.doses.window_late_days" not in unapproved_safety_keys(study)
    assert study.doses.window_late_days == 3


def test_the_report_of_sources_begins_with_what_keeps_live_from_starting() -> None:
    study = load_study(BUILT_IN_ID)
    report = provenance_report(study)
    assert {line.key for line in report} == set(study.provenance)
    blocking = [line.blocks_live for line in report]
    assert blocking == sorted(blocking, reverse=True)
    assert tuple(line.key for line in report if line.blocks_live) == unapproved_safety_keys(study)


def test_every_table_and_every_setting_says_where_it_comes_from() -> None:
    keys = set(load_study(BUILT_IN_ID).provenance)
    assert {
        "study.emergency_number",
        "study.working_hours.digest_at",
        "schedule.draws",
        "schedule.check_ins.at",
        "labs",
        "sae",
        "gate",
        "closing",
        "texts",
        "ctcae",
        "triage.context",
        "triage.temperature",
        "chains",
        "consent",
    } <= keys


def test_times_are_local_clock_times() -> None:
    quiet = load_study(BUILT_IN_ID).quiet_hours
    assert (quiet.starts, quiet.ends) == (time(21, 30), time(7, 30))


@pytest.mark.parametrize(
    ("written", "means"), [("PRE_ANTITUMOUR", "PRE_ANTITUMOUR"), (None, "STUDY_BASELINE")]
)
def test_the_baseline_of_a_dose_before_therapy_is_the_one_written(
    folder: Path, written: str | None, means: str
) -> None:
    """A version published before it could be chosen goes by the study baseline."""
    path = folder / "schedule.toml"
    kept = [one for one in path.read_text(encoding="utf-8").splitlines() if "baseline_source" not in one]
    if written is not None:
        setting = f'{{ value = "{written}", source = "default", document = "O5", safety = true }}'
        kept.insert(kept.index("[prophylaxis]") + 1, f"baseline_source = {setting}")
    path.write_text("\n".join(kept), encoding="utf-8")
    rules = load_study(str(folder)).prophylaxis
    assert rules is not None
    assert rules.baseline_source == means
