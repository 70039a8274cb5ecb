"""What was typed as a result: the table, and that nothing is ever guessed or crashes."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.errors import Refusal
from bot.rules.lab_values import (
    Ambiguous,
    AskWhich,
    Doubt,
    Outcome,
    Reading,
    Unreadable,
    WhyNot,
    read_value,
    reading_of,
)
from tests.rules.scenes import TABLES, study

PLATELETS = study().labs.analyte("PLT")


def rows() -> list[dict[str, str]]:
    """Semicolons part the columns here: commas are what the table is about."""
    with (TABLES / "lab_values.csv").open(encoding="utf-8") as lines:
        kept = [line for line in lines if line.strip() and not line.startswith("#")]
    return [
        {key.strip(): value.strip() for key, value in row.items()}
        for row in csv.DictReader(kept, delimiter=";")
    ]


def in_words(outcome: Outcome) -> tuple[list[str], str]:
    match outcome:
        case Reading(value=value, doubts=doubts):
            return [str(value)], " ".join(["asks", *doubts]) if doubts else "taken"
        case Ambiguous(readings=readings):
            return [str(one.value) for one in readings], "asked which"
        case Unreadable(why=why):
            return [], why.value


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['analyte']} {row['typed']} {row['unit']}")
def test_what_was_typed_is_taken_as_the_table_says(row: dict[str, str]) -> None:
    outcome = read_value(study().labs.analyte(row["analyte"]), row["typed"], row["unit"] or None)
    values, said = in_words(outcome)
    assert [Decimal(one) for one in values] == [Decimal(one) for one in row["value"].split(" or ") if one]
    assert said == row["outcome"]


def test_every_way_out_has_a_row() -> None:
    said = {row["outcome"] for row in rows()}
    assert {why.value for why in WhyNot} <= said
    assert {f"asks {doubt}" for doubt in Doubt} <= said


def test_value_and_unit_are_kept_as_entered() -> None:
    assert reading_of(PLATELETS, " 8.6 ", "万").as_entered == "8.6 万"


def test_two_meanings_are_both_shown_and_neither_is_taken() -> None:
    with pytest.raises(AskWhich) as asked:
        reading_of(PLATELETS, "8.6")
    assert [one.value for one in asked.value.readings] == [Decimal("8.6"), Decimal(86)]
    assert asked.value.values["readings"] == "8.6 10^9/L / 86 10^9/L"


def test_what_is_no_value_is_refused_with_its_reason() -> None:
    with pytest.raises(Refusal, match="value_clumped"):
        reading_of(PLATELETS, "clumped")


@given(st.text(max_size=20), st.none() | st.text(max_size=8))
def test_whatever_is_typed_gives_an_answer_and_no_impossible_value(typed: str, unit: str | None) -> None:
    outcome = read_value(PLATELETS, typed, unit)
    if isinstance(outcome, Reading):
        assert 0 < outcome.value <= PLATELETS.plausible_max


@given(st.decimals(min_value="0.1", max_value=1500, places=1, allow_nan=False))
def test_a_plain_number_with_its_unit_is_itself(value: Decimal) -> None:
    outcome = read_value(PLATELETS, str(value), "10^9/L")
    assert isinstance(outcome, Reading)
    assert (outcome.value, outcome.doubts) == (value, ())
