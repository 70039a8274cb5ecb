"""A date and time as a member of staff types it, by the clock on the wall of the site.

>>> said_at("08:30", datetime(2026, 3, 10, 2, tzinfo=UTC), "Asia/Shanghai").isoformat()
'2026-03-10T08:30:00+08:00'

`08:30` is today, `昨天 08:30` and `yesterday 08:30` the day before, `3-9 08:30` and `3月9日 08:30` the
nearest of that name (`12-31 20:00` on the 2nd of January was two days ago), `2026-03-09 08:30` says it all.
A day without a time is no answer: the time is asked for, never assumed.
Source: decisions "Facts" ("Where a date, time or unit is missing it is asked").

What is planned is asked in two steps, a day to come (`12-3`, `明天`, `D9`) and a time of day (`09:30`). A day
without its year is the nearest of that name: `1-5` in December is the coming January, `12-19` on the 20th of
December was yesterday and no plan.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_CLOCK = r"(?P<hour>[01]?\d|2[0-3])[:时点](?P<minute>[0-5]\d)分?"
_DAY = r"(?:(?P<year>\d{4})[-/年.])?(?P<month>\d{1,2})[-/月.](?P<day>\d{1,2})日?"
_WORD = r"(?P<word>今天|昨天|前天|today|yesterday)"
_SAID = re.compile(rf"(?:(?:{_DAY}|{_WORD})\s*)?{_CLOCK}", re.IGNORECASE)
_TO_COME = re.compile(
    rf"(?:{_DAY}|(?P<word>今天|明天|后天|today|tomorrow)|d\s*(?P<study>\d{{1,3}}))", re.IGNORECASE
)
_HALF_A_YEAR = timedelta(days=183)
_AHEAD = {"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "后天": 2}
_BACK = {"今天": 0, "today": 0, "昨天": 1, "yesterday": 1, "前天": 2}


def said_at(text: str, now: datetime, zone: str) -> datetime | None:
    """The moment that was typed, with the offset of the site; None where it is no date and time."""
    found = _SAID.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    local = ZoneInfo(zone)
    day = _day(found, now.astimezone(local).date())
    if day is None:
        return None
    return datetime.combine(day, time(int(found["hour"]), int(found["minute"])), local)


def said_day(text: str, today: date, day1: date) -> date | None:
    """A day to come as it was typed; `D9` is the ninth day from `day1`. None where it is no day.

    >>> said_day("1-5", date(2026, 12, 20), date(2026, 12, 1)).isoformat()
    '2027-01-05'
    """
    found = _TO_COME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    if found["word"]:
        return today + timedelta(days=_AHEAD[found["word"].lower()])
    if found["study"]:
        return day1 + timedelta(days=int(found["study"]) - 1)
    try:
        day = date(int(found["year"] or today.year), int(found["month"]), int(found["day"]))
        long_over = not found["year"] and today - day > _HALF_A_YEAR
        return day.replace(year=today.year + 1) if long_over else day
    except ValueError:
        return None


def said_clock(text: str) -> time | None:
    """A time of day as it was typed; None where it is none.

    >>> said_clock("9点30分").isoformat()
    '09:30:00'
    """
    found = re.fullmatch(_CLOCK, unicodedata.normalize("NFKC", text).strip())
    return time(int(found["hour"]), int(found["minute"])) if found else None


def _day(found: re.Match[str], today: date) -> date | None:
    if found["word"]:
        return today - timedelta(days=_BACK[found["word"].lower()])
    if not found["month"]:
        return today
    try:
        day = date(int(found["year"] or today.year), int(found["month"]), int(found["day"]))
        is_far = not found["year"] and day - today > _HALF_A_YEAR
        return day.replace(year=today.year - 1) if is_far else day
    except ValueError:
        return None
