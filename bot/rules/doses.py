"""When the doses are due. The bot never decides a dose; it dates visits.

Worked case, interval 7, window −1/+2, at least 5 days between doses, last day 28, day 1 on 3 March: dose 2
stands at 10 March (9 to 12). Given on the 12th it is two days late: dose 3 stays at 17 March. Given on the
13th (the site moved it) it is three days late: dose 3 moves to 20 March, dose 4 to 27 March.

Source: specification 1.4 (dose schedule, SCH-1, SCH-2, SCH-4, late and missed doses).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

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
from bot.rules.lab_bands import stops_dosing
from bot.rules.participant import TERMINAL_STATES, Dose, LabResult, ParticipantState
from bot.rules.study import DoseRules, Study


def injection_key(number: int) -> str:
    """The key of a dose, the same whatever happens to its date."""
    return f"injection-{number}"


def day1_of(course: Course) -> datetime:
    """Dose 1 as recorded; until then as planned. Source: decisions "Facts"."""
    first = course.given().get(1)
    return first.given_at if first else course.day1_at


def responded_at(study: Study, course: Course) -> datetime | None:
    """The sample time of the first count that ends dosing, or None. Source: specification 1.4, SCH-2, -4."""
    return next(
        (lab.sampled_at for lab in course.counts(study.stop.analyte) if _stops(study, course, lab)), None
    )


def _stops(study: Study, course: Course, lab: LabResult) -> bool:
    earlier = [at for at in course.transfused_at if lab.sampled_at is not None and at <= lab.sampled_at]
    transfused_at = max(earlier, default=None)
    return stops_dosing(study, lab, course.doses, transfused_at=transfused_at, beside=course.labs)


def plan_doses(study: Study, course: Course) -> tuple[PlannedActivity, ...]:
    """Every dose of the study in order of its number, never more than the study allows."""
    line = _Line(anchor=course.day_of(day1_of(course)))
    why_over = _why_over(study, course)
    planned = []
    for number in range(1, study.doses.max_doses + 1):
        activity, line = _plan_dose(study, course, number, line)
        planned.append(_cancelled(activity, why_over) if why_over else activity)
    return _with_pending(study, course, planned)


def stated_stop(study: Study, course: Course) -> LabResult | None:
    """The count she stated herself that would end dosing and that no later verified one has settled.

    It never cancels a dose; she comes as planned and the nurse looks first. Source: specification 1.4 SCH-3.
    """
    verified = course.counts(study.stop.analyte)
    settled = max((lab.recorded_at for lab in verified), default=None)
    stated = [
        lab
        for lab in course.labs
        if lab.analyte == study.stop.analyte
        and not lab.verified
        and lab.voided_at is None
        and lab.value >= study.stop.at_or_above
        and (settled is None or lab.recorded_at > settled)
    ]
    return max(stated, key=lambda lab: lab.recorded_at, default=None) if course.given() else None


def _with_pending(
    study: Study, course: Course, planned: list[PlannedActivity]
) -> tuple[PlannedActivity, ...]:
    """The next dose is marked while her own word says that dosing may be over."""
    upcoming = next((one.number for one in planned if one.is_open), None)
    if upcoming is None or stated_stop(study, course) is None:
        return tuple(planned)
    return tuple(replace(one, pending=True) if one.number == upcoming else one for one in planned)


@dataclass(frozen=True, slots=True)
class _Line:
    """Where the planning stands: the day the interval counts from, the day of the last dose that counts."""

    anchor: date
    last_dose_on: date | None = None
    because: ChangeReason | None = None


def _plan_dose(study: Study, course: Course, number: int, line: _Line) -> tuple[PlannedActivity, _Line]:
    rules, key = study.doses, injection_key(number)
    interval = timedelta(days=rules.interval_days)
    anchor = line.anchor if number == 1 else line.anchor + interval
    earliest = _earliest(rules, line)
    day = max(anchor, earliest) if earliest else anchor
    because = ChangeReason.MINIMUM_INTERVAL if day > anchor else line.because
    activity = _dated(study, course, number, day, earliest, because)
    dose = course.given().get(number)
    if dose is not None:
        done = replace(activity, status=ActivityStatus.DONE, done_at=dose.given_at)
        return done, _after(rules, line, anchor, day, course.day_of(dose.given_at))
    why_not = _why_not(study, course, activity, number)
    if why_not is not None:
        return _cancelled(activity, why_not), replace(line, anchor=anchor)
    if course.says_done(key):
        activity = replace(activity, status=ActivityStatus.STATED)
    return activity, _after(rules, line, anchor, day, course.day_of(activity.target_at))


def _dated(
    study: Study, course: Course, number: int, day: date, earliest: date | None, because: ChangeReason | None
) -> PlannedActivity:
    """The dose at its planned day, or where the site moved it, with the days that count."""
    rules, day1 = study.doses, day1_of(course)
    first_planned = course.day_of(day1) + timedelta(days=rules.interval_days * (number - 1))
    window = (
        Window.around(day, rules.window_early_days, rules.window_late_days)
        if number > 1
        else Window(day, day)
    )
    clock = local_clock(day1, course.time_zone)
    move = course.move_of(injection_key(number))
    if move is not None:
        moved_to = course.day_of(move.to_at)
        day = max(moved_to, earliest) if earliest else moved_to
        clock, because = local_clock(move.to_at, course.time_zone), ChangeReason.MOVED_BY_SITE
        if not window.contains(day):
            window = Window.around(day, rules.window_early_days, rules.window_late_days)
    last_day = None if move and move.overrides_last_day else _last_day(study, course)
    return PlannedActivity(
        key=injection_key(number),
        kind=ActivityKind.INJECTION,
        number=number,
        target_at=_target(day, clock, course),
        first_planned_on=first_planned,
        window=_clipped(window, day, earliest, last_day),
        status=ActivityStatus.PLANNED,
        changed_because=because if day != first_planned or move else None,
    )


def _after(rules: DoseRules, line: _Line, anchor: date, planned: date, came: date) -> _Line:
    """Where the next dose counts from, once this one is given (or expected) on the day `came`.

    Late inside the limit moves nothing; later, or before its window, the rest is planned from the actual day.
    """
    late_days = (came - planned).days
    if late_days > rules.replan_after_late_days:
        return _Line(came, came, ChangeReason.EARLIER_DOSE_LATE)
    if late_days < -rules.window_early_days:
        return _Line(came, came, ChangeReason.EARLIER_DOSE_EARLY)
    return _Line(anchor, came, line.because)


def _why_over(study: Study, course: Course) -> CancelReason | None:
    """Why no further dose is asked for at all, or None while dosing goes on."""
    if course.state in TERMINAL_STATES or course.state is ParticipantState.DECLINED:
        return CancelReason.PARTICIPATION_ENDED
    if responded_at(study, course) is not None:
        return CancelReason.RESPONSE
    if course.treatment_stopped_at is not None:
        return CancelReason.TREATMENT_ENDED
    return None


def _why_not(study: Study, course: Course, activity: PlannedActivity, number: int) -> CancelReason | None:
    """Why this one dose is not given although dosing goes on."""
    if activity.key in course.skipped:
        return CancelReason.SKIPPED
    if any(given > number for given in course.given()):
        return CancelReason.PASSED_OVER
    move = course.move_of(activity.key)
    allowed = move is not None and move.overrides_last_day
    too_late = course.day_of(activity.target_at) > _last_day(study, course)
    return CancelReason.AFTER_LAST_DAY if too_late and not allowed else None


def _cancelled(activity: PlannedActivity, why: CancelReason) -> PlannedActivity:
    if activity.status in (ActivityStatus.DONE, ActivityStatus.CANCELLED):
        return activity
    return replace(activity, status=ActivityStatus.CANCELLED, cancelled_because=why)


def _earliest(rules: DoseRules, line: _Line) -> date | None:
    if line.last_dose_on is None:
        return None
    return line.last_dose_on + timedelta(days=rules.min_interval_days)


def _last_day(study: Study, course: Course) -> date:
    return course.day_of(day1_of(course)) + timedelta(days=study.doses.last_day - 1)


def _clipped(window: Window, day: date, earliest: date | None, last_day: date | None) -> Window:
    """The window less days too close to the last dose or after the last day; the target always counts."""
    first = max(window.first, earliest) if earliest else window.first
    last = min(window.last, last_day) if last_day else window.last
    return Window(min(first, day), max(last, day))


def _target(day: date, clock: time, course: Course) -> datetime:
    return at_local(day, clock, course.time_zone)


def last_given(course: Course) -> Dose | None:
    """The latest treatment dose that stands, or None."""
    return max(course.given().values(), key=lambda dose: dose.given_at, default=None)
