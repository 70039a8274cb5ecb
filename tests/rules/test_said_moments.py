from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from bot.rules.said_moments import said_at, said_clock, said_day

# 10:00 in Tianjin on Tuesday 10 March 2026.
NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("08:30", "2026-03-10T08:30"),
        ("8点30分", "2026-03-10T08:30"),
        ("０８：３０", "2026-03-10T08:30"),
        ("昨天 08:30", "2026-03-09T08:30"),
        ("Yesterday 23:59", "2026-03-09T23:59"),
        ("前天8:05", "2026-03-08T08:05"),
        ("3-9 08:30", "2026-03-09T08:30"),
        ("3月9日 08:30", "2026-03-09T08:30"),
        ("2025-12-31 00:00", "2025-12-31T00:00"),
        ("12-31 20:00", "2025-12-31T20:00"),
    ],
)
def test_a_time_as_it_is_typed_is_the_clock_of_the_site(typed: str, meant: str) -> None:
    found = said_at(typed, NOW, "Asia/Shanghai")
    assert found is not None
    assert found.isoformat() == f"{meant}:00+08:00"


@pytest.mark.parametrize("typed", ["", "3-9", "2-30 08:30", "24:00", "08:60", "soon", "0830", "13-1 08:00"])
def test_a_day_without_a_time_or_a_day_that_is_none_is_no_answer(typed: str) -> None:
    assert said_at(typed, NOW, "Asia/Shanghai") is None


def test_just_after_midnight_today_is_the_new_day() -> None:
    found = said_at("00:05", datetime(2026, 3, 10, 16, 10, tzinfo=UTC), "Asia/Shanghai")
    assert found is not None
    assert found.isoformat() == "2026-03-11T00:05:00+08:00"


TODAY, DAY1 = date(2026, 12, 20), date(2026, 12, 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("12-21", date(2026, 12, 21)),
        ("12月21日", date(2026, 12, 21)),
        ("１２－２１", date(2026, 12, 21)),
        ("2027-01-05", date(2027, 1, 5)),
        ("1-5", date(2027, 1, 5)),
        ("12-19", date(2026, 12, 19)),
        ("今天", date(2026, 12, 20)),
        ("Tomorrow", date(2026, 12, 21)),
        ("后天", date(2026, 12, 22)),
        ("D22", date(2026, 12, 22)),
        ("d1", date(2026, 12, 1)),
    ],
)
def test_a_day_to_come_is_the_nearest_of_its_name(typed: str, meant: date) -> None:
    assert said_day(typed, TODAY, DAY1) == meant


@pytest.mark.parametrize("typed", ["", "2-30", "13-1", "soon", "D", "D-3", "21", "2026", "12-21 09:30"])
def test_what_is_no_day_is_none(typed: str) -> None:
    assert said_day(typed, TODAY, DAY1) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("09:30", time(9, 30)),
        ("9点05分", time(9, 5)),
        ("９：３０", time(9, 30)),
        ("24:00", None),
        ("930", None),
    ],
)
def test_a_time_of_day_alone(typed: str, meant: time | None) -> None:
    assert said_clock(typed) == meant
