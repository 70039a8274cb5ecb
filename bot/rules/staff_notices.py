"""What staff must hear: unconfirmed doses, closing windows, the endpoint draw (silence: `silence.py`).

Facts with a moment and a level; how they reach a person (a case, the digest) is not decided here. A notice
stays due until its key is known: it never expires, because what it says stays true until somebody records
something.

Worked case, dose 2 at Tuesday 10 March: not recorded by Wednesday 10:00: ROUTINE; by Thursday 12 March
18:00: SAME_DAY, the window closes tonight; Friday 00:00: SAME_DAY, it is closed, skip or give late?

Source: specification 1.4 (late and missed doses), 1.5 (D15 draw).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from bot.rules.activities import ActivityKind, ActivityStatus, Course, PlannedActivity
from bot.rules.calendar import WorkingCalendar, at_local
from bot.rules.prophylaxis import followed_up_until
from bot.rules.study import Level, Study, SubjectCode

_ONE_DAY = timedelta(days=1)


class NoticeKind(StrEnum):
    DOSE_UNCONFIRMED = "dose-unconfirmed"
    WINDOW_CLOSING = "window-closing"
    WINDOW_CLOSED = "window-closed"
    ENDPOINT_DRAW_UNCONFIRMED = "endpoint-draw-unconfirmed"
    CHECK_INS_UNANSWERED = "check-ins-unanswered"
    PHONE_HER = "phone-her"
    RESULT_LATE = "result-late"
    NO_WORKING_DAY = "no-working-day"
    FOLLOW_UP_OVER = "follow-up-over"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffNotice:
    """`stated`: she says it was done, so only the record is missing. `activity_key` is empty for silence."""

    key: str
    kind: NoticeKind
    level: Level
    at: datetime
    activity_key: str = ""
    stated: bool = False


def notices_of_plan(
    study: Study, subject: SubjectCode, course: Course, planned: Sequence[PlannedActivity]
) -> tuple[StaffNotice, ...]:
    """Every notice that the plan as it stands will call for if nothing is recorded; oldest first."""
    found = [
        notice
        for activity in planned
        if activity.is_open
        for notice in _of_activity(study, subject, course, activity)
    ]
    return tuple(sorted(found, key=lambda notice: (notice.at, notice.key)))


def notices_of_results(
    study: Study, subject: SubjectCode, course: Course, planned: Sequence[PlannedActivity]
) -> Iterator[StaffNotice]:
    """Blood was or should have been drawn and no result is there. Source: specification 1.5.

    The baseline is not among them: it is given at enrolment, and without its time an open item.
    """
    rules, counts = study.labs.timing, course.counts(study.labs.lead)
    low = bool(counts) and counts[-1].value < rules.urgent_below
    for one in planned:
        if one.kind is not ActivityKind.DRAW or not one.is_open or one.before_dose == 1:
            continue
        if one.status is ActivityStatus.PLANNED and (not one.required or one.before_dose is not None):
            continue  # with a dose, the visit itself is asked after
        yield _notice(subject, one, NoticeKind.RESULT_LATE, Level.ROUTINE, one.target_at + rules.expected)
        if low:
            late = _notice(
                subject, one, NoticeKind.RESULT_LATE, Level.SAME_DAY, one.target_at + rules.overdue
            )
            yield replace(late, key=f"{late.key}:overdue")


def notices_of_days_off(
    subject: SubjectCode,
    course: Course,
    planned: Sequence[PlannedActivity],
    calendar: WorkingCalendar,
    *,
    known_since: datetime,
) -> Iterator[StaffNotice]:
    """A dose or the endpoint without a working day in its window: told at entry and before the days off.

    At entry: as soon as the plan has that window (`known_since`: her enrolment). Again, and for the same day,
    on the last working day but one before it, so that somebody is there who can still arrange it. Source:
    issue "protocol to the letter" (calendars); specification 3.4.
    """
    for one in planned:
        if not one.is_open or not (one.endpoint or one.kind is ActivityKind.INJECTION):
            continue
        days = (one.window.last - one.window.first).days + 1
        if any(calendar.is_working_day(one.window.first + timedelta(days=day)) for day in range(days)):
            continue
        before = calendar.working_day_before(one.window.first, how_many=2)
        again_at = max(at_local(before, calendar.hours.opens, calendar.time_zone), known_since)
        for name, level, at in (
            ("entry", Level.ROUTINE, known_since),
            ("before", Level.SAME_DAY, again_at),
        ):
            notice = _notice(subject, one, NoticeKind.NO_WORKING_DAY, level, at)
            yield replace(notice, key=f"{notice.key}:{name}")


def notice_of_the_end(
    study: Study, subject: SubjectCode, course: Course, planned: Sequence[PlannedActivity]
) -> Iterator[StaffNotice]:
    """The last draw is done, or its window is over: a person ends the participation. Source: 1.9.

    Not before the side effects of a prophylactic dose have been followed up.
    """
    last = next((one for one in planned if study.follow_up.last_draw in one.draws), None)
    if last is None or last.status is ActivityStatus.CANCELLED:
        return
    over = at_local(last.window.last + _ONE_DAY, time(9), course.time_zone)
    at, followed_up = last.done_at or over, followed_up_until(study, course)
    if followed_up is not None:
        at = max(at, at_local(followed_up + _ONE_DAY, time(9), course.time_zone))
    yield replace(_notice(subject, last, NoticeKind.FOLLOW_UP_OVER, Level.ROUTINE, at), stated=False)


def _of_activity(
    study: Study, subject: SubjectCode, course: Course, activity: PlannedActivity
) -> Iterator[StaffNotice]:
    target, rules = course.day_of(activity.target_at), study.reminders
    last = activity.window.last
    if activity.kind is ActivityKind.DRAW:
        if activity.endpoint:
            at = at_local(target, rules.window_closing_at, course.time_zone)
            yield _notice(subject, activity, NoticeKind.ENDPOINT_DRAW_UNCONFIRMED, Level.SAME_DAY, at)
        return
    at = at_local(target + _ONE_DAY, rules.unconfirmed_at, course.time_zone)
    yield _notice(subject, activity, NoticeKind.DOSE_UNCONFIRMED, Level.ROUTINE, at)
    # Dose 1 and a dose before a therapy have no window; that of any other may end on its very day.
    if activity.kind is ActivityKind.INJECTION and activity.number != 1:
        at = at_local(last, rules.window_closing_at, course.time_zone)
        yield _notice(subject, activity, NoticeKind.WINDOW_CLOSING, Level.SAME_DAY, at)
        at = at_local(last + _ONE_DAY, time(), course.time_zone)
        yield _notice(subject, activity, NoticeKind.WINDOW_CLOSED, Level.SAME_DAY, at)


def _notice(
    subject: SubjectCode, activity: PlannedActivity, kind: NoticeKind, level: Level, at: datetime
) -> StaffNotice:
    """Where she says that the dose was given, only a record is missing: no more than ROUTINE."""
    stated = activity.status is ActivityStatus.STATED
    routine = stated and activity.kind is ActivityKind.INJECTION
    return StaffNotice(
        key=f"notice:{subject}:{activity.key}:{kind}:{activity.version}",
        kind=kind,
        level=Level.ROUTINE if routine else level,
        at=at,
        activity_key=activity.key,
        stated=stated,
    )
