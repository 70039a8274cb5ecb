"""A participant's calendar as an iCalendar file, for a phone or a printed card.

It names no disease, drug or result, and no person: a subject code at most. What each entry is called comes
from the caller, in words already chosen. Times are in UTC, so that every phone shows its own local time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from bot.rules.schedule import PreviewRow

_PRODUCT = "-//Suifang//Study calendar//EN"
_A_VISIT_LASTS = timedelta(hours=1)


def calendar_file(
    rows: Iterable[PreviewRow],
    *,
    title: Callable[[PreviewRow], str],
    made_at: datetime,
    owner: str = "preview",
) -> bytes:
    """The visits as the bytes of an `.ics` file (UTF-8, lines folded as RFC 5545 asks).

    `owner` and the study day name an entry for good, so that a newer file replaces an older one in a phone.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for row in rows:
        calendar.add_component(_event(row, title(row), made_at, owner))
    return bytes(calendar.to_ical())


def _event(row: PreviewRow, title: str, made_at: datetime, owner: str) -> Event:
    event = Event()
    event.add("uid", f"{owner}-day-{row.study_day}@suifang")
    event.add("dtstamp", made_at)
    event.add("dtstart", row.at)
    event.add("dtend", row.at + _A_VISIT_LASTS)
    event.add("summary", title)
    return event
