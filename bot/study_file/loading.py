"""A study folder becomes a `Study`, or every problem found in it.

Worked case: `load_study("ql-ctit-ruls-1002").symptom("BLD_NOSE")` is the nosebleed of the built-in study;
`check(folder)` of a copy whose nosebleed lost a Chinese label gives one `Problem` with the place
`symptoms/02_bld_nose.toml: questions[1].options[0].zh`.
"""

from __future__ import annotations

import re
from pathlib import Path

from bot.rules.errors import StudyFileFaulty
from bot.rules.study import Study
from bot.study_file.building import Parts, build
from bot.study_file.meaning import problems_of
from bot.study_file.problems import Problem
from bot.study_file.reading import read

BUILT_IN = Path(__file__).parent.parent / "studies"


def load_study(study: str | Path) -> Study:
    """The study of a built-in id such as `ql-ctit-ruls-1002`, or of a folder.

    Raises:
        StudyFileFaulty: with every problem found.
    """
    found = read(folder_of(study))
    problems = (*found.problems, *problems_of(found))
    parts = Parts.of(found)
    if problems or parts is None:
        raise StudyFileFaulty(tuple(sorted(problems)))
    return build(parts)


def check(study: str | Path) -> tuple[Problem, ...]:
    """Every mistake at once, by place; empty when the study can be used."""
    found = read(folder_of(study))
    return tuple(sorted((*found.problems, *problems_of(found))))


def folder_of(study: str | Path) -> Path:
    """The folder of a built-in id, or the folder itself."""
    if isinstance(study, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]*", study):
        built_in = BUILT_IN / study.replace("-", "_")
        if built_in.is_dir():
            return built_in
    return Path(study)
