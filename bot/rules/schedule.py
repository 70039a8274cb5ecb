"""The calendar of one participant: what the study asks of her, dated, from the facts known now.

Computed anew from the facts each time; no list of dates is ever stored, so a result, a dose or a moved
visit changes everything after it at once, and in whatever order the facts arrived. It does not read the
clock: whether a window has closed is asked of the activity with a day.

Worked case, day 1 on Tuesday 3 March 2026 at 09:30 in Tianjin: dose 2 stands at 10 March 09:30 and counts
from the 9th to the 12th; L2 is drawn at the same visit; L4, the endpoint, at 17 March. A verified 100 from
13 March cancels doses 3 and 4 and nothing else.

Source: specification 1.2 to 1.5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.rules.activities import (
    ActivityKind,
    ActivityStatus,
    CancelReason,
    ChangeReason,
    Course,
    Move,
    PlannedActivity,
    Visit,
    Window,
)
from bot.rules.calendar import local_day
from bot.rules.doses import day1_of, last_given, plan_doses, responded_at
from bot.rules.draws import plan_draws
from bot.rules.errors import Refusal
from bot.rules.prophylaxis import plan_prophylaxis
from bot.rules.study import Study

__all__ = [
    "ActivityKind",
    "ActivityStatus",
    "CancelReason",
    "ChangeReason",
    "Course",
    "Move",
    "PlannedActivity",
    "PreviewRow",
    "Visit",
    "Window",
    "check_move",
    "day1_of",
    "last_given",
    "plan",
    "preview",
    "responded_at",
    "study_day",
    "visits",
]


def plan(study: Study, course: Course) -> tuple[PlannedActivity, ...]:
    """All that the study asks, done and cancelled included; oldest target first, draw before dose."""
    doses = plan_doses(study, course)
    draws = plan_draws(study, course, doses)
    return tuple(sorted((*draws, *doses, *plan_prophylaxis(study, course, draws)), key=_order))


def visits(planned: Iterable[PlannedActivity], time_zone: str) -> tuple[Visit, ...]:
    """What is not cancelled, gathered by local day: a dose and a draw on one day are one visit."""
    by_day: dict[date, list[PlannedActivity]] = defaultdict(list)
    for activity in planned:
        if activity.status is not ActivityStatus.CANCELLED:
            by_day[local_day(activity.target_at, time_zone)].append(activity)
    return tuple(_visit(day, by_day[day]) for day in sorted(by_day))


def study_day(day1_at: datetime, moment: datetime, time_zone: str) -> int:
    """The study day: day 1 is the local date of dose 1, the day before is −1; there is no day 0.

    Source: specification 1.2.
    """
    days = (local_day(moment, time_zone) - local_day(day1_at, time_zone)).days
    return days + 1 if days >= 0 else days


def check_move(study: Study, course: Course, move: Move) -> PlannedActivity:
    """The activity as it would stand after this move.

    Raises:
        Refusal: no such activity; not open any more; a dose too close to the previous one; a dose after the
            last day of treatment without an override. Source: specification 1.4 (GIVE_LATE), SCH-1.
    """
    before = _named(plan(study, course), move.activity_key)
    if before is None:
        raise Refusal("refusal.no_such_activity", activity=move.activity_key)
    if not before.is_open:
        raise Refusal("refusal.activity_not_open", activity=move.activity_key)
    moved = replace(course, moves=(*course.moves, move))
    after = _named(plan(study, moved), move.activity_key)
    if after is None:
        raise Refusal("refusal.no_such_activity", activity=move.activity_key)
    if after.cancelled_because is CancelReason.AFTER_LAST_DAY:
        raise Refusal("refusal.after_last_day", last=study.doses.last_day)
    if after.kind is ActivityKind.INJECTION and after.target_at != move.to_at:
        raise Refusal("refusal.dose_interval_moved", least=study.doses.min_interval_days)
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """One visit of a calendar that is only being looked at.

    `window` is the stricter of its activities' windows.
    """

    study_day: int
    at: datetime
    window: Window
    dose: int | None
    draws: tuple[str, ...]
    endpoint: bool


def preview(study: Study, day1_at: datetime, time_zone: str) -> tuple[PreviewRow, ...]:
    """The calendar of a participant whose dose 1 is at `day1_at` and who keeps every date, visit by visit."""
    course = Course(day1_at=day1_at, time_zone=time_zone)
    return tuple(_row(visit, day1_at, time_zone) for visit in visits(plan(study, course), time_zone))


def _row(visit: Visit, day1_at: datetime, time_zone: str) -> PreviewRow:
    window = visit.activities[0].window
    for activity in visit.activities[1:]:
        window = window.stricter(activity.window) or window
    return PreviewRow(
        study_day=study_day(day1_at, visit.target_at, time_zone),
        at=visit.target_at,
        window=window,
        dose=next((activity.number for activity in visit.activities if activity.number), None),
        draws=tuple(code for activity in visit.activities for code in activity.draws),
        endpoint=any(activity.endpoint for activity in visit.activities),
    )


def _visit(day: date, activities: list[PlannedActivity]) -> Visit:
    ordered = sorted(activities, key=_order)
    injections = [activity for activity in ordered if activity.kind is not ActivityKind.DRAW]
    leads = injections[0] if injections else ordered[0]
    return Visit(
        key=leads.key,
        version=leads.version,
        day=day,
        target_at=min(activity.target_at for activity in ordered),
        activities=tuple(sorted(ordered, key=lambda activity: activity.kind is not ActivityKind.DRAW)),
    )


def _order(activity: PlannedActivity) -> tuple[datetime, bool, str]:
    return (activity.target_at, activity.kind is not ActivityKind.DRAW, activity.key)


def _named(planned: Iterable[PlannedActivity], key: str) -> PlannedActivity | None:
    return next((activity for activity in planned if activity.key == key), None)
