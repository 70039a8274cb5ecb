"""What a new result calls for, row by row; and what she states herself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.rules.activities import Course
from bot.rules.doses import responded_at
from bot.rules.lab_results import ResultReason, judge
from bot.rules.participant import LabResult
from bot.rules.study import Level
from tests.rules.scenes import DAY1, SHORT, activity, count, course, dose, on_day, study, table


def earlier(pairs: str) -> list[LabResult]:
    found = []
    for pair in pairs.split():
        day, _, value = pair.partition(":")
        baseline = day.endswith("b")
        sampled_at = on_day(int(day.rstrip("b")), "08:00")
        found.append(count(value, sampled_at, baseline=baseline))
    return found


def scene(row: dict[str, str]) -> tuple[Course, LabResult]:
    doses = tuple(
        dose(number, DAY1 + timedelta(days=7 * (number - 1))) for number in range(1, int(row["doses"]) + 1)
    )
    result = replace(count(row["value"], on_day(int(row["day"]), "08:00")), analyte=row["analyte"])
    transfused = (on_day(int(row["transfused"])),) if row["transfused"] else ()
    facts = course(doses=doses, labs=(*earlier(row["before"]), result), transfused_at=transfused)
    return facts, result


@pytest.mark.parametrize(
    "row", table("lab_results"), ids=lambda row: f"{row['analyte']} {row['value']} after {row['before']}"
)
def test_a_result_calls_for_what_the_table_says(row: dict[str, str]) -> None:
    facts, result = scene(row)
    judged = judge(study(), facts, result)
    assert judged.level is Level[row["level"]]
    assert set(judged.reasons) == {ResultReason(word) for word in row["why"].split()}
    assert judged.holds == (row["holds"] == "yes")
    taken_within = timedelta(minutes=int(row["taken"])) if row["taken"] else None
    assert judged.acknowledge_within == taken_within
    assert " ".join(SHORT[role] for role in judged.also) == row["also"]


def test_every_reason_has_a_row_or_a_test_of_its_own() -> None:
    told = {word for row in table("lab_results") for word in row["why"].split()}
    assert set(ResultReason) - told == {"NOT_ELIGIBLE", "STATED_HIGH", "CLUMPED"}


def test_a_baseline_too_high_for_the_study_is_a_question_of_eligibility() -> None:
    assert judge(study(), course(), count("75", on_day(1, "08:00"), baseline=True)).level is Level.SAME_DAY
    assert judge(study(), course(), count("74.9", on_day(1, "08:00"), baseline=True)).level is Level.NONE


def test_a_clumped_sample_is_repeated_and_ends_no_dosing() -> None:
    clumped = replace(count("150", on_day(7)), clumped=True)
    facts = course(doses=(dose(1, DAY1),), labs=(clumped,))
    assert ResultReason.CLUMPED in judge(study(), facts, clumped).reasons
    assert responded_at(study(), facts) is None


class TestWhatSheStates:
    def test_a_low_count_alerts_as_if_true(self) -> None:
        stated = count("18", on_day(7), verified=False)
        assert judge(study(), course(doses=(dose(1, DAY1),)), stated).level is Level.URGENT

    def test_a_high_count_cancels_nothing_and_is_looked_at_the_same_day(self) -> None:
        stated = count("130", on_day(7), verified=False)
        facts = course(doses=(dose(1, DAY1),), labs=(stated,))
        judged = judge(study(), facts, stated)
        assert (judged.level, judged.reasons) == (Level.SAME_DAY, (ResultReason.STATED_HIGH,))
        assert activity(facts, "injection-2").is_open
        assert activity(facts, "injection-2").pending
        assert not activity(facts, "injection-3").pending

    @pytest.mark.parametrize("value", ["60", "130"])
    def test_a_verified_count_settles_it(self, value: str) -> None:
        stated = count("130", on_day(7), verified=False)
        verified = count(value, on_day(7, "15:00"))
        facts = course(doses=(dose(1, DAY1),), labs=(stated, verified))
        assert not activity(facts, "injection-2").pending

    def test_before_any_dose_nothing_is_pending(self) -> None:
        stated = count("130", DAY1 - timedelta(days=1), verified=False)
        assert not activity(course(labs=(stated,)), "injection-1").pending


def test_five_fold_within_a_day_contradicts_and_exactly_five_fold_does_not() -> None:
    low = count("30", on_day(7, "08:00"))
    for value, stops in (("150", True), ("150.1", False)):
        facts = course(doses=(dose(1, DAY1),), labs=(low, count(value, on_day(8, "07:00"))))
        assert (responded_at(study(), facts) is not None) is stops
    a_day_later = course(doses=(dose(1, DAY1),), labs=(low, count("200", on_day(8, "08:01"))))
    assert responded_at(study(), a_day_later) is not None


def test_the_worst_reason_comes_first() -> None:
    facts = course(doses=(dose(1, DAY1),), labs=(count("300", on_day(6)),))
    judged = judge(study(), facts, count("12", on_day(8)))
    assert judged.level is Level.URGENT
    assert judged.reasons[0] is ResultReason.BAND
    assert Decimal(12) < study().labs.trends.fall_only_below
