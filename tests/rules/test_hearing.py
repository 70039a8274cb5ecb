"""Which answers words have given already."""

from __future__ import annotations

import pytest

from bot.rules.hearing import Told, known_answers
from bot.study_file import load_study

STUDY = load_study("ql-ctit-ruls-1002")


@pytest.mark.parametrize(
    ("minutes", "option"), [(1, "LT10"), (10, "LT10"), (11, "M10_30"), (30, "M10_30"), (31, "GT30")]
)
def test_a_bleed_that_has_stopped_is_known_by_its_minutes(minutes: int, option: str) -> None:
    told = {"BLD_NOSE": Told(minutes=minutes, stopped=True)}
    assert known_answers(STUDY, told) == {"BLD_NOSE": {"DUR": (option,)}}


@pytest.mark.parametrize("told", [Told(minutes=5), Told(stopped=True), Told()])
def test_without_a_time_or_still_bleeding_it_is_asked(told: Told) -> None:
    assert known_answers(STUDY, {"BLD_NOSE": told}) == {}


def test_a_question_that_hears_nothing_is_asked() -> None:
    assert known_answers(STUDY, {"AE_HEAD": Told(minutes=5, stopped=True)}) == {}
