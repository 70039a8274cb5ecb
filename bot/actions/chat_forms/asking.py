"""Questions that several forms ask: a past moment, a day to come with its marks, a time of day, why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.actions.chat_forms.script import TAPPED, Answers, Choice, ChoiceRows, Question, Sheet
from bot.actions.speak import phrase, words
from bot.rules import schedule
from bot.rules.activities import Window
from bot.rules.calendar import at_local
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.said_moments import said_at, said_clock, said_day
from bot.rules.study import Bilingual

A_ROW = 2
DAYS_SHOWN = 8
# Days are shown without their year; one as far away as this is a slip in the year.
_FARTHEST = timedelta(days=183)


def in_rows(choices: Sequence[Choice], width: int = A_ROW) -> ChoiceRows:
    """Side by side, `width` in a row."""
    return tuple(tuple(choices[start : start + width]) for start in range(0, len(choices), width))


# ---------------------------------------------------------------- a moment that is past


def moment_question(sheet: Sheet, likely: Iterable[datetime]) -> Question:
    """When it was: the likely times, now, or typed. Kept under `at`."""
    zone, now = sheet.site.time_zone, sheet.chart.now
    minute = now.replace(second=0, microsecond=0)
    choices = [Choice(phrase("staff.form.at", at=one), tapped_moment(one)) for one in dict.fromkeys(likely)]
    choices.append(Choice(phrase("staff.form.now", at=minute), tapped_moment(minute)))

    def read(said: str) -> Answers:
        moment = _tapped(said) or said_at(said, now, zone)
        if moment is None:
            raise Refusal("refusal.form_moment")
        return {"at": moment.isoformat()}

    return Question(name="at", ask=phrase("staff.form.ask_at"), read=read, choices=in_rows(choices, 1))


def tapped_moment(moment: datetime) -> str:
    """A moment on a button: the seconds of its clock."""
    return f"{TAPPED}{int(moment.timestamp())}"


def _tapped(said: str) -> datetime | None:
    seconds = said[len(TAPPED) :]
    if not (said.startswith(TAPPED) and seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


# ---------------------------------------------------------------- a day to come, and its hour


def day_question(
    sheet: Sheet,
    days: Iterable[date],
    *,
    ask: Phrase,
    window: Window | None = None,
    further: ChoiceRows = (),
    also: Answers | None = None,
) -> Question:
    """On which day: each with its weekday, whether the site works, and whether it counts for the window.

    A day typed with its time answers both questions. `also` are answers that are as good as a day.
    """
    today = sheet.chart.course.day_of(sheet.chart.now)
    day1 = sheet.chart.course.day_of(schedule.day1_of(sheet.chart.course))
    choices = [Choice(_marked(sheet, day, window), day.isoformat()) for day in days]

    def read(said: str) -> Answers:
        if also is not None and said in also:
            return {"day": also[said]}
        first, _, last = said.strip().rpartition(" ")
        clock = said_clock(last) if first else None
        day = said_day(first if clock else said, today, day1)
        if day is None:
            raise Refusal("refusal.form_day")
        if day < today:
            raise Refusal("refusal.move_into_past")
        if day - today > _FARTHEST:
            raise Refusal("refusal.form_too_far", day=day, year=day.year)
        return {"day": day.isoformat(), **({"time": f"{clock:%H:%M}"} if clock else {})}

    return Question(name="day", ask=ask, read=read, choices=(*in_rows(choices), *further))


def clock_question(likely: Iterable[time], *, ask: Phrase | None = None) -> Question:
    """At what time of that day; never assumed, the likely ones are buttons."""
    choices = [
        Choice(phrase("staff.form.clock", clock=f"{one:%H:%M}"), f"{one:%H:%M}")
        for one in dict.fromkeys(likely)
    ]

    def read(said: str) -> Answers:
        clock = said_clock(said)
        if clock is None:
            raise Refusal("refusal.form_clock")
        return {"time": f"{clock:%H:%M}"}

    return Question(
        name="time", ask=ask or phrase("staff.form.ask_time"), read=read, choices=in_rows(choices, 4)
    )


def moment_to_come(sheet: Sheet) -> datetime:
    """Day and time as answered, by the clock on the wall of the site."""
    day = date.fromisoformat(sheet.form.answers["day"])
    return at_local(day, time.fromisoformat(sheet.form.answers["time"]), sheet.site.time_zone)


def coming_days(sheet: Sheet, *, working_only: bool = False) -> list[date]:
    """The next days from today on, as many as a thumb finds."""
    calendar = sheet.chart.desk.calendar_of(sheet.site)
    today = sheet.chart.course.day_of(sheet.chart.now)
    coming = (today + timedelta(days=ahead) for ahead in range(30))
    found = [day for day in coming if not working_only or calendar.is_working_day(day)]
    return found[:DAYS_SHOWN]


def planned_clock(sheet: Sheet, moment: datetime) -> time:
    """The time of day at the site."""
    return moment.astimezone(ZoneInfo(sheet.site.time_zone)).time().replace(second=0, microsecond=0)


def _marked(sheet: Sheet, day: date, window: Window | None) -> Phrase:
    calendar = sheet.chart.desk.calendar_of(sheet.site)
    marks = []
    if not calendar.is_working_day(day):
        marks.append(phrase("staff.form.mark_day_off"))
    elif day.weekday() >= 5:
        marks.append(phrase("staff.form.mark_make_up_day"))
    if window is not None and not window.contains(day):
        marks.append(phrase("staff.form.mark_outside"))
    if not marks:
        return phrase("staff.form.day", day=day)
    return phrase("staff.form.day_marked", day=day, marks=tuple(marks))


# ---------------------------------------------------------------- why


def reason_question(
    sheet: Sheet, usual: Iterable[tuple[str, Bilingual]] = (), *, ask: Phrase | None = None
) -> Question:
    """Why: the usual reasons, or typed; kept in the words of the person."""
    known = {f"{TAPPED}{name}": text for name, text in usual}
    choices = [Choice(words(text), value) for value, text in known.items()]

    def read(said: str) -> Answers:
        text = known[said].said_in(sheet.chart.staff.language) if said in known else said.strip()
        if not text or (said.startswith(TAPPED) and said not in known):
            raise Refusal("refusal.reason_needed")
        return {"reason": text}

    return Question(
        name="reason", ask=ask or phrase("staff.form.ask_reason"), read=read, choices=in_rows(choices, 1)
    )


def choice_question(
    name: str, ask: Phrase, choices: Sequence[Choice], *, refused: str = "refusal.form_choice"
) -> Question:
    """One of the choices and nothing else."""
    values = {one.value.lower(): one.value for one in choices}

    def read(said: str) -> Answers:
        chosen = values.get(said.strip().lower())
        if chosen is None:
            raise Refusal(refused)
        return {name: chosen}

    return Question(name=name, ask=ask, read=read, choices=in_rows(choices, 1))
