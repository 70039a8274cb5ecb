"""Days and hours: local time, quiet time, working time. Every moment returned is aware and in UTC.

Which days are holidays and which weekend days are worked comes as data (`bot/calendars.py` gives it);
nothing here guesses from the day of the week alone. Clinical targets never ask this module whether somebody
works.

Worked case, Tianjin, 2026: Friday 13 February 16:30 plus two hours of working time is Saturday 14 February
09:00, because that Saturday is worked for the Spring Festival; Saturday 14 February 17:00 plus two hours is
Tuesday 24 February 09:30, after ten days off.

Source: specification 1.2 (time conventions), 3.3 and 3.4 (working calendar, quiet hours).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.rules.study import Level, QuietHours, WorkingHours

_ONE_DAY = timedelta(days=1)
# Longer than any chain of days off: a calendar without one working day in a year is a mistake in the data.
_LONGEST_SEARCH = 366
# Days ahead for which a roster is asked whom she may be promised; the longest holiday has nine.
_LONGEST_PROMISE = 14
_INSTANT = timedelta(microseconds=1)


# ---------------------------------------------------------------- local time


def at_local(day: date, clock: time, zone: str) -> datetime:
    """The moment at which the clock of `zone` shows this. Where the clock jumps: never earlier than it shows.

    A time that occurs twice (autumn) is the first of the two; one that never occurs (spring) is read by the
    clock before the jump, so 02:30 becomes what is then called 03:30.
    """
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The date that the calendar on the wall shows."""
    return moment.astimezone(ZoneInfo(zone)).date()


def local_clock(moment: datetime, zone: str) -> time:
    """The local time of day, without zone."""
    return moment.astimezone(ZoneInfo(zone)).time()


def next_local(clock: time, zone: str, at_or_after: datetime) -> datetime:
    """The first moment at or after the one given at which the local clock shows `clock`."""
    day = local_day(at_or_after, zone) - _ONE_DAY
    while (moment := at_local(day, clock, zone)) < at_or_after:
        day += _ONE_DAY
    return moment


# ---------------------------------------------------------------- quiet time


def is_within(clock: time, starts: time, ends: time) -> bool:
    """Whether `starts <= clock < ends`; runs over midnight when `ends` is the earlier."""
    if starts <= ends:
        return starts <= clock < ends
    return clock >= starts or clock < ends


def is_quiet(quiet: QuietHours, moment: datetime, zone: str) -> bool:
    """Whether no routine message may be sent: from the start of quiet time to just before its end."""
    return is_within(local_clock(moment, zone), quiet.starts, quiet.ends)


def after_quiet(quiet: QuietHours, moment: datetime, zone: str) -> datetime:
    """The moment itself, or the end of the quiet time it falls into."""
    return next_local(quiet.ends, zone, moment) if is_quiet(quiet, moment, zone) else moment


# ---------------------------------------------------------------- working time


class ByWhenKind(StrEnum):
    """How a promise is worded: today · tomorrow by a clock time · on a date by a clock time · on a date."""

    TODAY = "today"
    TOMORROW_BY = "tomorrow_by"
    DATE_BY = "date_by"
    ON_DATE = "on_date"


@dataclass(frozen=True, slots=True)
class ByWhen:
    """The promise of SD-1. `at` is the clock time promised, or noon of the day where only the day is."""

    kind: ByWhenKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """When a site works: Monday to Friday, less `days_off`, plus `make_up_days` (调休).

    `years` are those that the data covers; outside them weekdays count as worked, and the site is told.
    """

    time_zone: str
    hours: WorkingHours
    days_off: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def covers(self, day: date) -> bool:
        """Whether holidays of that year are known."""
        return day.year in self.years

    def unknown_years(self, now: datetime, *, days_ahead: int) -> tuple[int, ...]:
        """The years from today to so many days ahead whose holidays are not known, oldest first."""
        today = self.day_of(now)
        last = today + timedelta(days=days_ahead)
        return tuple(year for year in range(today.year, last.year + 1) if year not in self.years)

    def is_working_day(self, day: date) -> bool:
        if day in self.make_up_days:
            return True
        return day.weekday() < 5 and day not in self.days_off

    def is_working(self, moment: datetime) -> bool:
        """At work: a working day, from opening to just before closing."""
        clock = local_clock(moment, self.time_zone)
        return self.is_working_day(self.day_of(moment)) and self.hours.opens <= clock < self.hours.closes

    def day_of(self, moment: datetime) -> date:
        return local_day(moment, self.time_zone)

    def at(self, day: date, clock: time) -> datetime:
        return at_local(day, clock, self.time_zone)

    def is_night(self, moment: datetime) -> bool:
        """The hours in which nothing that can wait is pushed to staff. Source: specification 3.4."""
        return is_within(local_clock(moment, self.time_zone), self.hours.night_starts, self.hours.night_ends)

    def after_night(self, moment: datetime) -> datetime:
        """The moment itself, or the end of the night it falls into."""
        if not self.is_night(moment):
            return moment
        return next_local(self.hours.night_ends, self.time_zone, moment)

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself while at work, else the next time the site opens."""
        return moment if self.is_working(moment) else self.next_on_working_day(self.hours.opens, moment)

    def next_on_working_day(self, clock: time, at_or_after: datetime) -> datetime:
        """The first working day's `clock` at or after this moment, such as the digest at 08:30."""
        return next(self._each_day(clock, at_or_after, working=True))

    def working_day_before(self, day: date, *, how_many: int) -> date:
        """The `how_many`-th working day before this day, counted backwards."""
        for _ in range(_LONGEST_SEARCH):
            day -= _ONE_DAY
            how_many -= self.is_working_day(day)
            if how_many == 0:
                return day
        raise ValueError(f"not enough working days within a year before {day}")

    def next_on_day_off(self, clock: time, at_or_after: datetime) -> datetime:
        """The first day off's `clock` at or after this moment, such as the duty call at 10:00."""
        return next(self._each_day(clock, at_or_after, working=False))

    def add_working_time(self, moment: datetime, wait: timedelta) -> datetime:
        """`wait` later by the site's working hours.

        Whole days count as working days, the rest as hours at work.

        Tuesday 16:30 plus 2 h at a site that works 08:00 to 17:30 is Wednesday 09:00; Friday 08:30 plus one
        day is Monday 08:30. No wait at all is the moment itself, at work or not.

        Raises:
            ValueError: a negative wait.
        """
        if wait < timedelta():
            raise ValueError("working time runs forward only")
        for _ in range(wait.days):
            opened = self.next_opening(moment)
            clock = local_clock(opened, self.time_zone)
            moment = self.next_on_working_day(clock, self.at(self.day_of(opened) + _ONE_DAY, time()))
        return self._add_hours(moment, timedelta(seconds=wait.seconds, microseconds=wait.microseconds))

    def by_when(self, level: Level, now: datetime, *, there: Callable[[datetime], bool]) -> ByWhen:
        """By when a person will have contacted her about a matter of this level, as it may be promised.

        `there`: by the roster somebody who would be told is on duty at that moment. Before closing it is
        today if somebody is there once it is told; else the first later day on which somebody is there: a
        working day by the hour of the duty call, a day off by its date, since the person on call is told at
        that hour. So nothing is promised on or across a day off on which nobody is on duty. A roster that
        names nobody for two weeks promises the next working day: then those off duty are rung.

        Worked case, Friday 20:00: with somebody on call on Saturday it is Saturday; with nobody until Monday
        it is Monday 10:00; with nobody on Monday before 10:00 either it is Tuesday 10:00.

        Source: specification 2.9 (SD-1), 3.1 (raised after 17:30: next day 10:00); decisions "Triage".
        """
        today = self.day_of(now)
        closed = local_clock(now, self.time_zone) >= self.hours.closes
        if level >= Level.URGENT or (not closed and there(self._told_today_at(now))):
            return ByWhen(ByWhenKind.TODAY, self.at(today, time(12)))
        for number in range(1, _LONGEST_PROMISE + 1):
            day = today + number * _ONE_DAY
            hour = self.at(day, self.hours.on_call_at)
            if there(hour - _INSTANT if self.is_working_day(day) else hour):
                return self._promised(day, tomorrow=number == 1)
        reopened = self.day_of(
            self.next_on_working_day(self.hours.on_call_at, self.at(today + _ONE_DAY, time()))
        )
        return self._promised(reopened, tomorrow=reopened == today + _ONE_DAY)

    def _told_today_at(self, now: datetime) -> datetime:
        """When a matter of today is told to people: at once at work, else when they are first told of it."""
        today = self.day_of(now)
        first = self.hours.opens if self.is_working_day(today) else self.hours.on_call_at
        return max(now, self.at(today, first))

    def _promised(self, day: date, *, tomorrow: bool) -> ByWhen:
        if not self.is_working_day(day):
            return ByWhen(ByWhenKind.ON_DATE, self.at(day, time(12)))
        kind = ByWhenKind.TOMORROW_BY if tomorrow else ByWhenKind.DATE_BY
        return ByWhen(kind, self.at(day, self.hours.on_call_at))

    def _each_day(self, clock: time, at_or_after: datetime, *, working: bool) -> Iterator[datetime]:
        day = self.day_of(at_or_after) - _ONE_DAY
        for _ in range(_LONGEST_SEARCH):
            moment = self.at(day, clock)
            if moment >= at_or_after and self.is_working_day(day) is working:
                yield moment
            day += _ONE_DAY
        raise ValueError(f"no {'working day' if working else 'day off'} within a year of {day}")

    def _add_hours(self, moment: datetime, wait: timedelta) -> datetime:
        while wait:
            moment = self.next_opening(moment)
            closes = self.at(self.day_of(moment), self.hours.closes)
            spent = min(wait, closes - moment)
            moment, wait = moment + spent, wait - spent
        return moment
