"""Reading typed temperatures, and the codes they stand for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.study import TemperatureRules
from bot.rules.temperature import measured, plain_number, read
from tests.rules.report_scenes import answers, rows
from tests.rules.scenes import study


def rules() -> TemperatureRules:
    found = study().triage.temperature
    assert found is not None
    return found


@pytest.mark.parametrize("row", rows("temperatures", ";"), ids=lambda row: row["typed"] or "nothing")
def test_the_table(row: dict[str, str]) -> None:
    reading = read(row["typed"], rules())
    if not row["read"]:
        assert reading is None
        return
    assert reading is not None
    assert reading.celsius == Decimal(row["read"])
    assert reading.must_confirm is (row["ask"] == "ask")


@given(st.text(max_size=30))
def test_nothing_she_types_breaks_the_reading(text: str) -> None:
    reading = read(text, rules())
    assert reading is None or Decimal(34) <= reading.celsius <= Decimal("43.3")


@given(st.integers(3400, 4300))
def test_every_plain_reading_is_taken_as_typed(hundredths: int) -> None:
    typed = Decimal(hundredths) / 100
    reading = read(str(typed), rules())
    assert reading is not None
    assert (reading.celsius, reading.must_confirm) == (typed, False)


@pytest.mark.parametrize(
    ("typed", "step"),
    [
        ("36.0", "N"),
        ("37.4", "N"),
        ("37.49", "N"),
        ("37.5", "LOW"),
        ("37.95", "LOW"),
        ("37.99", "LOW"),
        ("38.0", "F38"),
        ("39.0", "F38"),
        ("39.05", "F39"),
        ("40.0", "F39"),
        ("40.01", "F40"),
    ],
)
def test_buckets_are_compared_as_decimals_and_never_rounded_first(typed: str, step: str) -> None:
    found = measured(study().triage, rules(), answers(f"TEMPB={typed} SITE=EAR"))
    assert (found.for_grade, found.for_level) == (step, step)


def test_the_armpit_counts_half_a_degree_more_for_the_level_alone() -> None:
    found = measured(study().triage, rules(), answers("TEMPB=37.5 SITE=AXILLA"))
    assert (found.for_grade, found.for_level, found.equivalent) == ("LOW", "F38", Decimal("38.0"))


@pytest.mark.parametrize(
    ("said", "step"), [("SIGNS=NONE", "LOW"), ("SIGNS=RIGOR", "F38"), ("DUR=LT24", "LOW")]
)
def test_a_cold_reading_is_low_and_with_any_sign_a_fever(said: str, step: str) -> None:
    found = measured(study().triage, rules(), answers(f"TEMPB=35.9 SITE=EAR {said}"))
    assert (found.for_grade, found.for_level) == ("N", step)


def test_not_measured_has_no_bucket() -> None:
    found = measured(study().triage, rules(), answers("TEMPB=NOTM SITE=NOTM"))
    assert (found.raw, found.for_grade, found.for_level) == (None, None, None)


def test_a_number_that_is_no_temperature_must_be_nothing_but_a_number() -> None:
    plain = plain_number(" １２,５ ")
    assert plain is not None
    assert plain.celsius == Decimal("12.5")
    assert plain_number("12 or 13") is None
