"""The working calendars of the sites: Chinese public holidays and make-up working days (调休).

The tables come with the `holidays` package, which follows the yearly notice of the State Council. The
notice for a year appears in the autumn before it; until then a year is only an estimate of the festivals,
without make-up days. Such years are reported by `uncovered_years`, and the operator is told; the calendar
still works, with the festivals alone.

Source: specification 3.4 ("from a dated table per year; no guessing from weekdays"); decisions "Building
and testing".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

from holidays import country_holidays

from bot.rules.calendar import WorkingCalendar
from bot.rules.study import WorkingHours

COUNTRY = "CN"

# Further than any study that starts with this version runs; most of these years are not known yet.
_YEARS = range(2024, 2050)


class SiteCalendars:
    """Gives the working calendar of a site by its time zone; each is built once."""

    def __init__(self, hours: WorkingHours) -> None:
        self._hours = hours
        self._built: dict[str, WorkingCalendar] = {}

    def of(self, time_zone: str) -> WorkingCalendar:
        """The calendar of a site that keeps this time."""
        if time_zone not in self._built:
            self._built[time_zone] = working_calendar(time_zone, self._hours, _YEARS)
        return self._built[time_zone]


def working_calendar(time_zone: str, hours: WorkingHours, years: Iterable[int]) -> WorkingCalendar:
    """The calendar of these years. Its `years` are those whose official table is known."""
    wanted = tuple(years)
    off, worked = _days(wanted)
    return WorkingCalendar(
        time_zone=time_zone,
        hours=hours,
        days_off=off - worked,
        make_up_days=worked,
        years=frozenset(wanted) - frozenset(uncovered_years(wanted)),
    )


def uncovered_years(years: Iterable[int]) -> tuple[int, ...]:
    """Those of `years` for which no official table of days off and make-up days is known, oldest first."""
    wanted = tuple(sorted(set(years)))
    _, worked = _days(wanted)
    known = {day.year for day in worked}
    return tuple(year for year in wanted if year not in known)


@cache
def _days(years: tuple[int, ...]) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and worked weekend days of these years. Every official table of China so far has both."""
    table = country_holidays(COUNTRY, years=years)
    worked = frozenset(day for day in table.weekend_workdays if day.year in years)
    return frozenset(day for day in table if day.year in years), worked
