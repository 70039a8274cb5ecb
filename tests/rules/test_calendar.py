from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calendars import uncovered_years, working_calendar
from bot.rules.calendar import (
    WorkingCalendar,
    after_quiet,
    at_local,
    is_quiet,
    local_clock,
    local_day,
    next_local,
)
from bot.rules.study import Level, QuietHours, WorkingHours
from tests.rules.scenes import ZONE, at, shown, study, table, tianjin

QUIET = QuietHours(starts=time(21, 30), ends=time(7, 30))
BERLIN = "Europe/Berlin"

moments = st.datetimes(
    min_value=datetime(2025, 1, 2),  # noqa: DTZ001 - made aware by the strategy
    max_value=datetime(2026, 12, 20),  # noqa: DTZ001
    timezones=st.timezones(),
)


@pytest.mark.parametrize("row", table("working_time"), ids=lambda row: row["why"])
def test_working_time_is_added_as_the_table_says(row: dict[str, str]) -> None:
    number, unit = row["plus"].split()
    wait = timedelta(days=int(number)) if unit.startswith("day") else timedelta(hours=int(number))
    assert shown(tianjin().add_working_time(at(row["from"]), wait)) == row["is"]


def somebody_on(duty: str) -> Callable[[datetime], bool]:
    """Whether somebody is on duty, as the column `on duty` of the table says it."""
    spans = [tuple(map(at, one.split("/"))) for one in duty.split("+") if "/" in one]

    def there(moment: datetime) -> bool:
        working = tianjin().is_working_day(tianjin().day_of(moment))
        if duty == "always" or ("weekdays" in duty and working):
            return True
        return any(starts <= moment < ends for starts, ends in spans)

    return there


@pytest.mark.parametrize("row", table("by_when"), ids=lambda row: f"{row['raised']} on duty {row['on duty']}")
def test_what_is_promised_is_what_the_table_says(row: dict[str, str]) -> None:
    promise = tianjin().by_when(Level.SAME_DAY, at(row["raised"]), there=somebody_on(row["on duty"]))
    assert (promise.kind, shown(promise.at)) == (row["promise"], row["at"])


def promised_by(raised: datetime, there: Callable[[datetime], bool]) -> datetime:
    """The last moment at which the promise is still kept."""
    promise = tianjin().by_when(Level.SAME_DAY, raised, there=there)
    if promise.kind.endswith("_by"):
        return promise.at
    return tianjin().at(tianjin().day_of(promise.at) + timedelta(days=1), time())


@given(
    st.integers(0, 60 * 24 * 40),
    st.lists(st.tuples(st.integers(0, 24 * 16), st.integers(1, 60)), max_size=8),
    st.lists(st.tuples(st.integers(0, 24 * 16), st.integers(1, 60)), min_size=1, max_size=4),
)
def test_more_people_on_duty_never_put_the_promise_off(
    start: int, spans: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    raised = at("2026-02-06 00:00") + timedelta(minutes=start)

    def covered_by(hours: list[tuple[int, int]]) -> Callable[[datetime], bool]:
        duties = [(raised + timedelta(hours=since), timedelta(hours=long)) for since, long in hours]
        weekdays = somebody_on("weekdays")
        return lambda moment: (
            weekdays(moment) or any(since <= moment < since + long for since, long in duties)
        )

    fewer_by = promised_by(raised, covered_by(spans))
    assert raised < promised_by(raised, covered_by([*spans, *more])) <= fewer_by
    reopened = tianjin().next_on_working_day(time(10), raised)
    assert fewer_by <= max(reopened, tianjin().next_on_working_day(time(10), reopened + timedelta(minutes=1)))


def test_an_urgent_matter_is_never_put_off_by_a_promise() -> None:
    assert tianjin().by_when(Level.URGENT, at("2026-02-18 23:00"), there=lambda _: False).kind == "today"


def test_working_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        tianjin().add_working_time(at("2026-03-10 09:00"), timedelta(minutes=-1))


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-03-10 07:59", False),
        ("2026-03-10 08:00", True),
        ("2026-03-10 17:29", True),
        ("2026-03-10 17:30", False),
        ("2026-03-14 10:00", False),
        ("2026-02-14 10:00", True),
        ("2026-02-17 10:00", False),
    ],
)
def test_a_site_works_on_working_days_between_its_hours(moment: str, working: bool) -> None:
    assert tianjin().is_working(at(moment)) is working


def test_a_calendar_without_a_single_working_day_is_a_mistake_and_says_so() -> None:
    everything = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(800))
    never = WorkingCalendar(
        time_zone=ZONE, hours=WorkingHours(opens=time(8), closes=time(17)), days_off=everything
    )
    with pytest.raises(ValueError, match="no working day"):
        never.next_opening(at("2026-03-10 07:00"))


@pytest.mark.parametrize(
    ("moment", "quiet", "ends"),
    [
        ("2026-03-10 21:29", False, "2026-03-10 21:29"),
        ("2026-03-10 21:30", True, "2026-03-11 07:30"),
        ("2026-03-10 23:59", True, "2026-03-11 07:30"),
        ("2026-03-11 00:00", True, "2026-03-11 07:30"),
        ("2026-03-11 07:29", True, "2026-03-11 07:30"),
        ("2026-03-11 07:30", False, "2026-03-11 07:30"),
        ("2025-12-31 22:00", True, "2026-01-01 07:30"),
        ("2028-02-28 22:00", True, "2028-02-29 07:30"),
    ],
)
def test_quiet_time_runs_over_midnight(moment: str, quiet: bool, ends: str) -> None:
    assert is_quiet(QUIET, at(moment), ZONE) is quiet
    assert shown(after_quiet(QUIET, at(moment), ZONE)) == ends


def test_quiet_time_ends_by_the_local_clock_on_the_night_the_clock_changes() -> None:
    for evening, morning in (
        ("2026-03-28 22:00", "2026-03-29 07:30"),
        ("2026-10-24 22:00", "2026-10-25 07:30"),
    ):
        assert shown(after_quiet(QUIET, at(evening, BERLIN), BERLIN), BERLIN) == morning


def test_a_time_that_the_clock_leaves_out_is_not_earlier_than_it_says() -> None:
    assert shown(at_local(date(2026, 3, 29), time(2, 30), BERLIN), BERLIN) == "2026-03-29 03:30"


def test_a_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    assert at_local(date(2026, 10, 25), time(2, 30), BERLIN).hour == 0


@given(moments, st.sampled_from([ZONE, BERLIN, "America/New_York", "Pacific/Kiritimati"]))
def test_after_quiet_is_never_quiet_and_never_earlier(moment: datetime, zone: str) -> None:
    later = after_quiet(QUIET, moment, zone)
    assert later >= moment
    assert not is_quiet(QUIET, later, zone)


@given(moments, st.times(), st.sampled_from([ZONE, BERLIN]))
def test_the_next_local_time_lies_within_a_day_or_so(moment: datetime, clock: time, zone: str) -> None:
    following = next_local(clock, zone, moment)
    assert moment <= following <= moment + timedelta(hours=25)
    skipped = local_day(following, zone) in (date(2025, 3, 30), date(2026, 3, 29))
    assert skipped or local_clock(following, zone) == clock


@given(moments, st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=23)))
def test_working_time_never_ends_outside_working_hours(moment: datetime, wait: timedelta) -> None:
    ends = tianjin().add_working_time(moment, wait)
    assert ends >= moment + wait
    closing = local_clock(ends, ZONE) == tianjin().hours.closes
    assert not wait or closing or tianjin().is_working(ends)


@given(moments, *[st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=11))] * 2)
def test_waiting_in_two_parts_is_waiting_once(moment: datetime, first: timedelta, second: timedelta) -> None:
    calendar = tianjin()
    if first + second < timedelta(days=1):
        once = calendar.add_working_time(moment, first + second)
        assert calendar.add_working_time(calendar.add_working_time(moment, first), second) == once


def test_make_up_days_are_worked_and_festivals_are_not() -> None:
    calendar = tianjin()
    assert calendar.is_working_day(date(2026, 2, 28))
    assert not calendar.is_working_day(date(2026, 2, 23))
    assert not calendar.is_working_day(date(2026, 3, 1))


def test_a_year_without_an_official_table_is_reported() -> None:
    assert uncovered_years([2026, 2025, 2048]) == (2048,)
    calendar = working_calendar(ZONE, study().working_hours, [2026, 2048])
    assert calendar.covers(date(2026, 12, 31))
    assert not calendar.covers(date(2048, 1, 1))


@pytest.mark.parametrize(
    ("now", "unknown"),
    [("2026-10-31 12:00", ()), ("2026-11-02 12:00", (2027,)), ("2027-03-01 12:00", (2027,))],
)
def test_a_year_that_is_not_covered_is_named_in_time_and_never_blocks(
    now: str, unknown: tuple[int, ...]
) -> None:
    calendar = working_calendar(ZONE, study().working_hours, [2026])
    assert calendar.unknown_years(at(now), days_ahead=60) == unknown
    assert calendar.is_working_day(date(2027, 3, 1))


def test_the_last_working_days_before_the_spring_festival() -> None:
    calendar = working_calendar(ZONE, study().working_hours, [2026])
    before = [calendar.working_day_before(date(2026, 2, 17), how_many=number) for number in (1, 2)]
    assert before == [date(2026, 2, 14), date(2026, 2, 13)]
