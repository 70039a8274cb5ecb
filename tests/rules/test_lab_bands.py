"""Bands of platelets: every count lies in exactly one, and its edges are where the study says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import lab_bands
from bot.rules.study import Level
from tests.rules.scenes import count, dose, on_day, study

COUNTS = st.decimals(min_value=0, max_value=1500, places=1)


def bands() -> list[str]:
    return [band.name for band in study().labs.context_bands]


@given(COUNTS)
def test_every_count_lies_in_exactly_one_band_of_each_table(value: Decimal) -> None:
    for table in (study().labs.context_bands, study().labs.result_bands):
        assert sum(lab_bands.holds(band, value) for band in table) == 1


@pytest.mark.parametrize(
    ("value", "band"),
    [
        ("9.9", "P0"),
        ("10", "P1"),
        ("19.9", "P1"),
        ("20.0", "P2"),
        ("49.9", "P2"),
        ("50.0", "P3"),
        ("99.9", "P3"),
        ("100.0", "P4"),
        ("399.9", "P4"),
        ("400", "P5"),
    ],
)
def test_bands_of_the_context_rules(value: str, band: str) -> None:
    assert lab_bands.band_of(study().labs, Decimal(value)).name == band


def test_unknown_counts_as_twenty_to_fifty() -> None:
    assert lab_bands.band_now(study().labs, None, None, 4) == "P2"


@pytest.mark.parametrize(
    ("value", "band"), [("8", "P0"), ("15", "P1"), ("38", "P2"), ("120", "P2"), ("600", "P2")]
)
def test_a_stale_count_is_the_worse_of_its_band_and_the_unknown(value: str, band: str) -> None:
    stale = timedelta(days=4, seconds=1)
    assert lab_bands.band_now(study().labs, Decimal(value), stale, 4) == band


def test_a_count_exactly_as_old_as_it_is_valid_still_counts() -> None:
    assert lab_bands.band_now(study().labs, Decimal(120), timedelta(days=4), 4) == "P4"


def test_a_count_of_unknown_age_is_stale() -> None:
    assert lab_bands.band_now(study().labs, Decimal(120), None, 4) == "P2"


@given(COUNTS, COUNTS, st.integers(0, 20))
def test_a_lower_count_is_never_in_a_better_band(one: Decimal, other: Decimal, days: int) -> None:
    low, high = sorted((one, other))
    age = timedelta(days=days)
    worse = lab_bands.band_now(study().labs, low, age, 4)
    better = lab_bands.band_now(study().labs, high, age, 4)
    assert bands().index(worse) <= bands().index(better)


@pytest.mark.parametrize(
    ("value", "level", "minutes"),
    [
        ("5", "URGENT", 30),
        ("9.9", "URGENT", 30),
        ("10", "URGENT", 60),
        ("19.9", "URGENT", 60),
        ("20.0", "SAME_DAY", None),
        ("49.9", "SAME_DAY", None),
        ("50.0", "NONE", None),
        ("199.9", "NONE", None),
        ("200", "ROUTINE", None),
        ("399.9", "ROUTINE", None),
        ("400", "SAME_DAY", None),
        ("999.9", "SAME_DAY", None),
        ("1000", "URGENT", None),
    ],
)
def test_what_a_new_result_calls_for(value: str, level: str, minutes: int | None) -> None:
    assert lab_bands.level_of_result(study(), Decimal(value)) is Level[level]
    limit = lab_bands.acknowledge_within(study(), Decimal(value))
    assert limit == (None if minutes is None else timedelta(minutes=minutes))


def test_the_stop_rule_needs_one_hundred_point_zero() -> None:
    doses = (dose(1, on_day(1)),)
    assert lab_bands.stops_dosing(study(), count("100.0", on_day(8)), doses)
    assert not lab_bands.stops_dosing(study(), count("99.9", on_day(8)), doses)


def test_the_stop_rule_wants_a_verified_sample_after_dose_one() -> None:
    doses = (dose(1, on_day(1)),)
    assert not lab_bands.stops_dosing(study(), count("140", on_day(8), verified=False), doses)
    assert not lab_bands.stops_dosing(study(), count("140", on_day(1, "09:00")), doses)
    assert not lab_bands.stops_dosing(study(), count("140", None), doses)
    assert not lab_bands.stops_dosing(study(), count("140", on_day(8)), ())
    voided = (dose(1, on_day(1), voided_at=on_day(2)),)
    assert not lab_bands.stops_dosing(study(), count("140", on_day(8)), voided)


def test_a_transfusion_in_the_last_seven_days_stops_nothing_by_itself() -> None:
    doses, result = (dose(1, on_day(1)),), count("140", on_day(11))
    assert not lab_bands.stops_dosing(study(), result, doses, transfused_at=on_day(5))
    assert lab_bands.stops_dosing(study(), result, doses, transfused_at=on_day(4))


def test_two_counts_of_one_sample_that_disagree_stop_nothing() -> None:
    doses, result = (dose(1, on_day(1)),), count("140", on_day(8))
    assert not lab_bands.stops_dosing(study(), result, doses, beside=[count("38", on_day(8))])
    assert lab_bands.stops_dosing(study(), result, doses, beside=[count("38", on_day(4)), result])


@pytest.mark.parametrize(
    ("value", "shown"), [("86.0", "86"), ("37.95", "38"), ("37.94", "37.9"), ("8.6", "8.6")]
)
def test_a_count_is_rounded_half_up_for_display_only(value: str, shown: str) -> None:
    assert lab_bands.shown(Decimal(value)) == shown
