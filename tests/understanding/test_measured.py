"""The totals on the labelled corpora may not fall below these floors (`make understanding` prints all)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.understanding.scoring import Score, judge, score
from bot.understanding.understander import Understander

CORPUS = Path(__file__).parents[1] / "corpus"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def worked(understander: Understander) -> Score:
    return score(judge(lines("worked"), understander.understand))


@pytest.fixture(scope="module")
def set_aside(understander: Understander) -> Score:
    return score(judge(lines("set_aside"), understander.understand))


def value(measured: Score, name: str) -> float:
    found = measured.rate(name).value
    assert found is not None
    return found


def test_no_emergency_of_the_worked_part_is_missed(worked: Score) -> None:
    assert value(worked, "recall EMERGENCY") == 1.0
    assert value(worked, "recall URGENT or worse") == 1.0


def test_the_worked_part_stays_above_its_floors(worked: Score) -> None:
    assert value(worked, "false EMERGENCY/URGENT") <= 0.02
    assert value(worked, "platelets exact") >= 0.99
    assert value(worked, "temperature exact") >= 0.99
    assert value(worked, "intent") >= 0.95
    assert (worked.f1.value or 0) >= 0.97


def test_the_part_set_aside_stays_above_its_floors(set_aside: Score) -> None:
    """Totals only; a failure here must never print a sentence."""
    assert value(set_aside, "recall EMERGENCY") >= 0.97
    assert value(set_aside, "recall URGENT or worse") >= 0.95
    assert value(set_aside, "false EMERGENCY/URGENT") <= 0.06
    assert value(set_aside, "platelets exact") >= 0.99
    assert value(set_aside, "temperature exact") >= 0.99
    assert value(set_aside, "intent") >= 0.90
    assert (set_aside.f1.value or 0) >= 0.90


@pytest.mark.parametrize("part", sorted(path.stem for path in CORPUS.glob("fresh*.jsonl")))
def test_the_parts_of_our_own_stay_above_their_floors(part: str, understander: Understander) -> None:
    measured = score(judge(lines(part), understander.understand))
    assert value(measured, "recall EMERGENCY") >= 0.97
    assert value(measured, "recall URGENT or worse") >= 0.97
    assert value(measured, "false EMERGENCY/URGENT") <= 0.02
    assert value(measured, "platelets exact") >= 0.98
    assert value(measured, "temperature exact") >= 0.98
    assert value(measured, "intent") >= 0.91
    assert (measured.f1.value or 0) >= 0.91
