"""A participant's plan as a calendar strip: each day with what was or is to be done, how it went, and why.

Nothing disappears: an activity that moved keeps the days on which it stood before, crossed out, each with the
reason; one that is no longer asked for says why. What she said and what staff recorded of one dose stand side
by side where they differ.

Worked case, day 1 on 3 March: dose 2 stood on 10 March, the site moved it to the 12th ("train"), it was given
on the 12th: on 12 March stands *dose 2, done*, 10 March crossed out: moved by the site, "train". She had said
on the 11th that it was done: both stand.

Source: issue "The protocol to the letter" (calendar strip); specification 1.4 ("shown as old and new");
decisions "Facts" (stated and recorded).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby, pairwise

from bot.rules.activities import (
    ActivityStatus,
    CancelReason,
    ChangeReason,
    Course,
    PlannedActivity,
)
from bot.rules.participant import Decision, DecisionKind, StatedWhat, Therapy
from bot.rules.schedule import day1_of, study_day


class StripMark(StrEnum):
    """How something on the strip stands. OVERDUE: its window is over and nothing is recorded."""

    DONE = "DONE"
    DONE_EARLY = "DONE_EARLY"
    DONE_LATE = "DONE_LATE"
    PLANNED = "PLANNED"
    STATED = "STATED"
    AWAITED = "AWAITED"
    OVERDUE = "OVERDUE"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldDay:
    """A day on which it stood before. `why` in the words of the site; `because` where a rule moved it."""

    day: date
    because: ChangeReason | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripItem:
    """One activity or one therapy (`activity` None). `why`: the site's own words on its last decision.

    `stated_at`: she said it was done on another day than staff recorded. `days_off`: done so many days after
    (before: negative) the day it was first planned for.
    """

    mark: StripMark
    at: datetime
    activity: PlannedActivity | None = None
    therapy: Therapy | None = None
    old_days: tuple[OldDay, ...] = ()
    because: CancelReason | None = None
    why: str = ""
    stated_at: datetime | None = None
    days_off: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StripDay:
    """One local day of the site. `study_day` counts from day 1."""

    day: date
    study_day: int
    at: datetime
    items: tuple[StripItem, ...]


def strip(
    course: Course,
    planned: Sequence[PlannedActivity],
    decisions: Sequence[Decision],
    therapies: Sequence[Therapy],
    now: datetime,
) -> tuple[StripDay, ...]:
    """The days of the plan, oldest first. `decisions` and `therapies` with their whole history, any order."""
    items = [
        *(_of_activity(course, one, decisions, now) for one in planned),
        *_of_therapies(course, therapies),
    ]
    day1 = day1_of(course)

    def day_of(item: StripItem) -> date:
        return course.day_of(item.at)

    ordered = sorted(items, key=lambda item: (day_of(item), item.at, item.therapy is not None))
    return tuple(
        StripDay(
            day=day,
            study_day=study_day(day1, there[0].at, course.time_zone),
            at=there[0].at,
            items=there,
        )
        for day, group in groupby(ordered, key=day_of)
        if (there := tuple(group))
    )


def _of_activity(
    course: Course, one: PlannedActivity, decisions: Sequence[Decision], now: datetime
) -> StripItem:
    decided = sorted((d for d in decisions if d.activity_key == one.key), key=lambda d: d.decided_at)
    mark = _mark(course, one, now)
    at = one.done_at or one.target_at
    return StripItem(
        mark=mark,
        at=at,
        activity=one,
        old_days=tuple(_old_days(course, one, decided, course.day_of(at))),
        because=one.cancelled_because if mark is StripMark.CANCELLED else None,
        why=decided[-1].reason if mark is StripMark.SKIPPED and decided else "",
        stated_at=stated_on_another_day(course, one.key, one.done_at) if one.done_at else None,
        days_off=(course.day_of(at) - one.first_planned_on).days if one.done_at else 0,
    )


def _mark(course: Course, one: PlannedActivity, now: datetime) -> StripMark:
    match one.status:
        case ActivityStatus.DONE if one.done_at is not None:
            day = course.day_of(one.done_at)
            if day > one.window.last:
                return StripMark.DONE_LATE
            return StripMark.DONE_EARLY if day < one.window.first else StripMark.DONE
        case ActivityStatus.CANCELLED:
            skipped = one.cancelled_because is CancelReason.SKIPPED
            return StripMark.SKIPPED if skipped else StripMark.CANCELLED
        case ActivityStatus.PLANNED if one.has_closed(course.day_of(now)):
            return StripMark.OVERDUE
        case _:
            return StripMark(one.status.value)


def _old_days(
    course: Course, one: PlannedActivity, decided: Sequence[Decision], stands_on: date
) -> Iterator[OldDay]:
    """Where it stood before, oldest first: where day 1 had put it, then every day the site gave it.

    Each day is crossed out with the reason for which it was left.
    """
    moves = [one for one in decided if one.kind is DecisionKind.MOVE and one.to_at is not None]
    days = [one.first_planned_on, *(course.day_of(move.to_at) for move in moves if move.to_at)]
    for number, day in enumerate(days):
        if day == stands_on or day in days[:number]:
            continue
        if number < len(moves):
            yield OldDay(day=day, because=ChangeReason.MOVED_BY_SITE, why=moves[number].reason)
        elif one.changed_because is not None and (one.done_at is None or not moves):
            yield OldDay(day=day, because=one.changed_because)
        elif one.status is not ActivityStatus.DONE:
            yield OldDay(day=day)


def stated_on_another_day(course: Course, activity_key: str, done_at: datetime) -> datetime | None:
    """When she said last that it was done, if that was another day than the one on record."""
    said = [
        stated.stated_at
        for stated in course.stated
        if stated.activity_key == activity_key and stated.what is StatedWhat.DONE
    ]
    last = max(said, default=None)
    return last if last is not None and course.day_of(last) != course.day_of(done_at) else None


def _of_therapies(course: Course, history: Iterable[Therapy]) -> Iterator[StripItem]:
    """Each therapy where it stands now, its earlier starts crossed out with the reason they were left."""
    ordered = sorted(history, key=lambda one: (one.number, one.decided_at))
    for _, group in groupby(ordered, key=lambda one: one.number):
        values = tuple(group)
        newest = values[-1]
        at = newest.infusion_started_at or newest.starts_at
        old = [
            OldDay(day=course.day_of(before.starts_at), because=ChangeReason.THERAPY_MOVED, why=after.reason)
            for before, after in pairwise(values)
            if course.day_of(before.starts_at) != course.day_of(after.starts_at)
        ]
        if newest.cancelled:
            mark, because = StripMark.CANCELLED, CancelReason.THERAPY_CANCELLED
        else:
            mark, because = (StripMark.DONE if newest.infusion_started_at else StripMark.PLANNED), None
        yield StripItem(
            mark=mark,
            at=at,
            therapy=newest,
            old_days=tuple(one for one in old if one.day != course.day_of(at)),
            because=because,
            why=newest.reason if newest.cancelled else "",
        )
