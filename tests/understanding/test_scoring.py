"""Rates stand beside their counts and 95 % intervals."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.scoring import Rate, judge, parts, score
from bot.understanding.understander import Understander


def test_the_interval_is_wilsons() -> None:
    """Worked by hand: 8 of 10 gives 0.490 to 0.943 (Wilson 1927)."""
    interval = Rate("x", 8, 10).interval
    assert interval is not None
    assert interval == pytest.approx((0.490, 0.943), abs=0.001)


def test_all_right_is_no_certainty() -> None:
    interval = Rate("x", 12, 12).interval
    assert interval is not None
    assert interval[0] == pytest.approx(0.757, abs=0.001)
    assert interval[1] == 1.0


def test_an_empty_part_has_no_rate() -> None:
    assert Rate("x", 0, 0).value is None
    assert "-" in Rate("x", 0, 0).line()


def test_parts_are_all_each_language_and_the_hard_negatives(understander: Understander) -> None:
    card: dict[str, Any] = {
        "symptoms": [],
        "level": "none",
        "platelets": None,
        "temperature_c": None,
        "intent": "greeting",
    }
    lines = [
        {**card, "lang": "zh", "text": "你好"},
        {**card, "lang": "en", "text": "hi", "note": "hard negative: short"},
    ]
    found = {name: len(some) for name, some in parts(judge(lines, understander.understand)).items()}
    assert found == {"all": 2, "zh": 1, "en": 1, "hard negatives": 1}


def test_a_missed_emergency_counts_and_is_named(understander: Understander) -> None:
    line: dict[str, Any] = {"id": "1", "lang": "en", "text": "all fine", "level": "emergency"}
    line |= {"symptoms": ["nosebleed"]}
    line |= {"platelets": 20, "temperature_c": 38.0, "intent": "symptom_report"}
    found = score(judge([line], understander.understand))
    recall = found.rate("recall EMERGENCY")
    assert (recall.hits, recall.total) == (0, 1)
    assert {miss.what for miss in found.misses} == {"level", "symptoms", "platelets", "temperature"}
