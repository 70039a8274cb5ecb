"""When blood is drawn: with the dose, on days of its own, after the last dose; neighbours become one.

Worked case, day 1 on 3 March: L2 (before dose 2) stands at 10 March. When dose 2 moves to the 12th the draw
goes with it. L4 is the endpoint: it stands at 17 March, 16 to 18 count, whatever happens to dose 3; it is
drawn on the day of dose 3 if that falls inside its window, before the dose. Stopping the doses cancels no
draw.

Source: specification 1.5 (draws, merging), 1.4 SCH-2; decisions "Triage" (the draw is asked for first).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.rules.activities import (
    ActivityKind,
    ActivityStatus,
    CancelReason,
    ChangeReason,
    Course,
    PlannedActivity,
    Window,
)
from bot.rules.calendar import at_local, local_clock
from bot.rules.doses import day1_of, last_given
from bot.rules.participant import TERMINAL_STATES, ParticipantState
from bot.rules.study import DrawAnchor, DrawRule, Study


def draw_key(code: str) -> str:
    """The key of a draw, the same whatever happens to its date."""
    return f"draw-{code}"


def plan_draws(study: Study, course: Course, doses: Sequence[PlannedActivity]) -> tuple[PlannedActivity, ...]:
    """Every draw, oldest target first. `doses` is what `plan_doses` gave for the same course."""
    clock = local_clock(day1_of(course), course.time_zone)
    asked = [draw for rule in study.draws for draw in _draws(course, rule, doses)]
    merged = _merged(asked)
    taken = _samples_for(course, merged, study.labs.lead)
    planned = []
    for draw in merged:
        move = course.move_of(draw_key(draw.code))
        at = local_clock(move.to_at, course.time_zone) if move else clock
        target_at = at_local(draw.day, at, course.time_zone)
        dose = next((one for one in doses if one.number == draw.rule.before_dose), None)
        if draw.with_dose and move is None and dose is not None and dose.done_at is None:
            same_day = course.day_of(dose.target_at) == draw.day
            target_at = dose.target_at if same_day else target_at
        planned.append(_activity(course, draw, target_at, doses, taken.get(draw.code)))
    return tuple(planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draw:
    """A draw on its day, before it is known whether it took place."""

    rule: DrawRule
    day: date
    first_planned_on: date
    window: Window
    with_dose: bool = False
    also: tuple[str, ...] = ()
    because: ChangeReason | None = None

    @property
    def code(self) -> str:
        return self.rule.code


def _draws(course: Course, rule: DrawRule, doses: Sequence[PlannedActivity]) -> tuple[_Draw, ...]:
    """The draw of this rule on its day.

    Two where its dose falls before the window of an endpoint draw: one at the dose visit, asked for first,
    and the endpoint itself, which stays mandatory. None after the last dose while there is no dose at all.
    """
    first_planned = _planned_day(course, rule, doses)
    if first_planned is None:
        return ()
    window = Window.around(first_planned, rule.window_early_days, rule.window_late_days)
    draw = _Draw(rule=rule, day=first_planned, first_planned_on=first_planned, window=window)
    dose = next((dose for dose in doses if dose.number == rule.before_dose), None)
    if dose is None or dose.status is ActivityStatus.CANCELLED:
        return (_as_moved(course, draw),)
    dose_day = course.day_of(dose.done_at or dose.target_at)
    draw = _as_moved(course, _with_dose(course, draw, dose, dose_day))
    if not rule.endpoint or dose_day >= window.first:
        return (draw,)
    early = replace(rule, code=f"{rule.code}-before-dose", endpoint=False)
    on_dose_day = Window(dose_day, dose_day)
    return (
        _Draw(rule=early, day=dose_day, first_planned_on=dose_day, window=on_dose_day, with_dose=True),
        draw,
    )


def _as_moved(course: Course, draw: _Draw) -> _Draw:
    move = course.move_of(draw_key(draw.code))
    if move is None:
        return draw
    day = course.day_of(move.to_at)
    return replace(draw, day=day, window=draw.window.reaching(day), because=ChangeReason.MOVED_BY_SITE)


def _planned_day(course: Course, rule: DrawRule, doses: Sequence[PlannedActivity]) -> date | None:
    """The day the rule names; None for a draw after the last dose while there is no dose at all."""
    if rule.anchor is DrawAnchor.FIRST_DOSE:
        day1 = course.day_of(day1_of(course))
        return day1 + timedelta(days=rule.day - 1 if rule.day > 0 else rule.day)
    coming = [dose for dose in doses if dose.is_open]
    last = last_given(course)
    if coming:
        return course.day_of(coming[-1].target_at) + timedelta(days=rule.day)
    return course.day_of(last.given_at) + timedelta(days=rule.day) if last else None


def _with_dose(course: Course, draw: _Draw, dose: PlannedActivity, dose_day: date) -> _Draw:
    """The draw on the day of its dose. An endpoint draw goes along inside its own window only."""
    rule, window = draw.rule, draw.window
    if not rule.endpoint:
        target = course.day_of(dose.target_at)
        window = Window.around(target, rule.window_early_days, rule.window_late_days).reaching(dose_day)
    elif not window.contains(dose_day):
        return draw
    because = ChangeReason.WITH_DOSE if dose_day != draw.first_planned_on else None
    return replace(draw, day=dose_day, window=window, with_dose=True, because=because)


# ---------------------------------------------------------------- neighbours


def _merged(draws: Iterable[_Draw]) -> list[_Draw]:
    """Draws on the same or adjacent days as one, with the stricter window; oldest first."""
    apart: list[_Draw] = []
    for draw in sorted(draws, key=lambda draw: (draw.day, draw.code)):
        one = _as_one(apart[-1], draw) if apart else None
        if one is None:
            apart.append(draw)
        else:
            apart[-1] = one
    return apart


def _as_one(left: _Draw, right: _Draw) -> _Draw | None:
    """Both in one sample, on a day that counts for both; None when they lie apart or no such day is a target.

    The endpoint keeps its day and its key, then a draw at a dose visit, then the calendar of day 1 before the
    follow-up after the last dose.
    """
    window = left.window.stricter(right.window)
    if (right.day - left.day).days > 1 or window is None:
        return None
    leads, follows = sorted((left, right), key=_rank)
    if window.contains(leads.day):
        day = leads.day
    elif window.contains(follows.day) and not leads.rule.endpoint:
        day = follows.day
    else:
        return None
    because = leads.because if day == leads.day else ChangeReason.MERGED
    also = (*leads.also, follows.code, *follows.also)
    return replace(leads, day=day, window=window, also=also, because=because)


def _rank(draw: _Draw) -> tuple[bool, bool, bool, bool, date]:
    rule = draw.rule
    late_series = rule.anchor is not DrawAnchor.FIRST_DOSE
    return (not rule.endpoint, not draw.with_dose, late_series, not rule.required, draw.day)


# ---------------------------------------------------------------- what took place


def _samples_for(course: Course, draws: Sequence[_Draw], analyte: str) -> dict[str, datetime]:
    """Which sample answers which draw: each the nearest whose window holds it, and each draw one sample."""
    taken: dict[str, datetime] = {}
    moments = {lab.sampled_at for lab in course.counts(analyte) if lab.sampled_at is not None}
    for sampled_at in sorted(moments):
        day = course.day_of(sampled_at)
        waiting = [draw for draw in draws if draw.code not in taken and draw.window.contains(day)]
        if waiting:
            nearest = min(waiting, key=lambda draw: (abs((draw.day - day).days), draw.day))
            taken[nearest.code] = sampled_at
    return taken


def _activity(
    course: Course,
    draw: _Draw,
    target_at: datetime,
    doses: Sequence[PlannedActivity],
    sampled_at: datetime | None,
) -> PlannedActivity:
    status, why = _standing(course, draw, doses, sampled_at)
    return PlannedActivity(
        key=draw_key(draw.code),
        kind=ActivityKind.DRAW,
        draws=(draw.code, *draw.also),
        before_dose=draw.rule.before_dose,
        required=draw.rule.required,
        endpoint=draw.rule.endpoint,
        target_at=target_at,
        first_planned_on=draw.first_planned_on,
        window=draw.window,
        status=status,
        done_at=sampled_at,
        cancelled_because=why,
        changed_because=draw.because,
    )


def _standing(
    course: Course, draw: _Draw, doses: Sequence[PlannedActivity], sampled_at: datetime | None
) -> tuple[ActivityStatus, CancelReason | None]:
    if sampled_at is not None:
        return ActivityStatus.DONE, None
    if course.state in TERMINAL_STATES or course.state is ParticipantState.DECLINED:
        return ActivityStatus.CANCELLED, CancelReason.PARTICIPATION_ENDED
    if draw_key(draw.code) in course.skipped:
        return ActivityStatus.CANCELLED, CancelReason.SKIPPED
    given_that_day = any(
        dose.done_at is not None and course.day_of(dose.done_at) == draw.day for dose in doses
    )
    if given_that_day:
        return ActivityStatus.AWAITED, None
    said = course.says_done(draw_key(draw.code))
    return (ActivityStatus.STATED if said else ActivityStatus.PLANNED), None
