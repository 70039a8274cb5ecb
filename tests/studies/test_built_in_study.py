"""The study file: the built-in study has no fault, every fault put into a copy is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.rules.errors import StudyFileFaulty
from bot.rules.study import Level
from bot.study_file import BUILT_IN, check, load_study, unapproved_safety_keys

STUDY = "ql-ctit-ruls-1002"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the built-in study to spoil."""
    return Path(shutil.copytree(BUILT_IN / STUDY.replace("-", "_"), tmp_path / "study"))


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


NOSE = "symptoms/02_bld_nose.toml"
FAULTS = {
    "syntax": ("gate.toml", "[[items]]", "[[items", "gate.toml", "Mend the syntax"),
    "unknown key": ("study.toml", 'version = "', 'verzion = "', "study.toml: verzion", "Remove the key"),
    "missing key": ("study.toml", 'version = "', 'verzion = "', "study.toml: version", "Add the key"),
    "one language empty": (NOSE, 'zh = "流鼻血"', 'zh = ""', f"{NOSE}: label.zh", "Write the words"),
    "unknown answer": (NOSE, '"GT30", "ONGOING"', '"GT3", "ONGOING"', NOSE, "answer code"),
    "unknown level": (NOSE, 'value = "EMERGENCY"', 'value = "PANIC"', f"{NOSE}: rules.level", "Use one of"),
    "unknown text": ("gate.toml", '"EM-1"', '"EM-9"', "gate.toml: items[0].advice", "add the text"),
    "unknown symptom": ("gate.toml", '"BLD_NOSE"', '"BLD_TOES"', "gate.toml: items[0].opens", "the code"),
    "no number": ("texts.toml", "Call 120 now", "Call now", "texts.toml: texts[0].en", "Say 120"),
    "windows overlap": (
        "schedule.toml",
        "window_late_days = { value = 2",
        "window_late_days = { value = 6",
        "schedule.toml: doses.window_late_days",
        "Shorten a window",
    ),
    "an end": ("chains.toml", "repeat_minutes = 10\n", "", "chains.toml: chains[0]", "ends in silence"),
    "a gap": (
        "labs.toml",
        'at_or_above = "20"',
        'at_or_above = "21"',
        "labs.toml",
        "Let each band",
    ),
}


def test_the_built_in_study_has_no_problem() -> None:
    assert check(STUDY) == ()


def test_the_whole_catalogue_is_there_in_both_languages() -> None:
    study = load_study(STUDY)
    assert len(study.symptoms) == 33
    assert len(study.gate) == 8
    assert set(study.chains) == {Level.ROUTINE, Level.SAME_DAY, Level.URGENT, Level.EMERGENCY}
    assert {"EM-0", "EM-1", "EM-2", "EM-3", "EM-4", "EM-5", "EM-5b", "EM-6", "UR-1", "UR-2", "SD-1"} <= set(
        study.texts
    )
    for symptom in study.symptoms:
        for question in symptom.questions:
            assert question.text.en
            assert question.text.zh


def test_every_value_says_where_it_comes_from() -> None:
    study = load_study(STUDY)
    assert study.provenance["schedule.doses.max_doses"].kind.value == "registry"
    assert "schedule.doses.window_late_days" in unapproved_safety_keys(study)
    assert "schedule.doses.max_doses" not in unapproved_safety_keys(study)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place_and_remedy(folder: Path, fault: str) -> None:
    name, old, new, place, remedy = FAULTS[fault]
    replaced(name, old, new)(folder)
    found = [problem for problem in check(folder) if place in problem.place and remedy in problem.remedy]
    assert found, [str(problem) for problem in check(folder)]


def test_two_faults_are_both_listed_and_the_study_does_not_load(folder: Path) -> None:
    replaced("gate.toml", '"BLD_NOSE"', '"BLD_TOES"')(folder)
    replaced("chains.toml", "repeat_minutes = 10\n", "")(folder)
    with pytest.raises(StudyFileFaulty) as refused:
        load_study(folder)
    assert len(refused.value.problems) == 2


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    (problem,) = check(tmp_path / "nowhere")
    assert problem.found == "no such folder"
