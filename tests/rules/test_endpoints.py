"""Response after two weeks: every reading, and that nothing is ever carried forward."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.rules.endpoints import Endpoints, endpoints, share
from bot.rules.participant import LabResult
from tests.rules.scenes import DAY1, TABLES, count, course, dose, on_day, study


def rows() -> list[dict[str, str]]:
    with (TABLES / "endpoints.csv").open(encoding="utf-8") as lines:
        kept = [line for line in lines if line.strip() and not line.startswith("#")]
    return [
        {key.strip(): value.strip() for key, value in row.items()}
        for row in csv.DictReader(kept, delimiter=";")
    ]


def counted(pairs: str) -> tuple[LabResult, ...]:
    found = []
    for pair in pairs.split():
        when, _, value = pair.rpartition(":")
        day, _, clock = when.partition("@")
        found.append(count(value, on_day(int(day), clock or "08:00")))
    return tuple(found)


def of(row: dict[str, str], seen_on: int = 20) -> Endpoints:
    doses = [dose(1, DAY1)]
    if row["dose3"]:
        day, clock = row["dose3"].split()
        doses.append(dose(3, on_day(int(day), clock)))
    transfused = (on_day(int(row["transfused"])),) if row["transfused"] else ()
    facts = course(doses=tuple(doses), labs=counted(row["counts"]), transfused_at=transfused)
    found = endpoints(study(), facts, on_day(seen_on))
    assert found is not None
    return found


def word(answer: bool | None) -> str:
    return "?" if answer is None else "yes" if answer else "no"


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['counts']} {row['dose3']} {row['transfused']}")
def test_the_endpoint_reads_as_the_table_says(row: dict[str, str]) -> None:
    found = of(row)
    plt = "?" if found.all_counts.count is None else str(found.all_counts.count)
    read = [plt, word(found.all_counts.responded_at), word(found.all_counts.responded_by)]
    washed = [word(found.washed_out.responded_at), word(found.washed_out.responded_by)]
    wanted = [row[name] for name in ("plt_at", "resp_at", "resp_by", "resp_at_washed", "resp_by_washed")]
    assert [*read, *washed] == wanted


def test_before_the_window_is_over_a_no_is_not_yet_known() -> None:
    row = {"counts": "11:60", "dose3": "", "transfused": ""}
    assert of(row, seen_on=16).all_counts.responded_by is None
    assert of(row, seen_on=17).all_counts.responded_by is False


def test_what_she_states_and_what_was_voided_count_for_nothing() -> None:
    stated = count("120", on_day(15), verified=False)
    voided = replace(count("130", on_day(15, "10:00")), voided_at=on_day(16))
    facts = course(doses=(dose(1, DAY1),), labs=(stated, voided))
    found = endpoints(study(), facts, on_day(20))
    assert found is not None
    assert found.all_counts.count is None


def test_there_is_none_before_dose_1() -> None:
    assert endpoints(study(), course(labs=counted("15:120")), on_day(20)) is None


def test_the_share_of_a_site_counts_missing_apart() -> None:
    found = share([True, True, False, None])
    assert (found.responded, found.known, found.missing) == (2, 3, 1)


def test_first_response_and_nadir_are_told() -> None:
    found = of({"counts": "4:30 8:22 13:100", "dose3": "", "transfused": ""})
    assert (found.lowest, found.first_response_at) == (Decimal(22), on_day(13, "08:00"))
    assert (found.day, found.doses_given) == (15, 1)
