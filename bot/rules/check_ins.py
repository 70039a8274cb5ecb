"""When the bot asks how she is: at most once a day, nudged once. Silence is never "no symptoms".

One report comes before the first dose, to compare with; then lab days and the days after a dose; low counts
and very high ones bring it more often, until they are over.

Worked case, dose 1 on Tuesday 3 March 09:30, platelets 60: 3 March 19:00 (blood was drawn), 4 March 09:30
(24 h after the dose), 6 March 19:00 (a draw; it is also the day of 72 h). Unanswered on the 6th, she is
nudged at 21:00, once. With 28 she is asked every day at 19:00, until two counts in a row are 30 or more.

Source: specification 1.8, 1.10; decisions "Triage" (the nudge).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.rules.activities import ActivityKind, ActivityStatus, Course, PlannedActivity
from bot.rules.calendar import after_quiet, at_local, is_quiet, local_day, next_local
from bot.rules.doses import day1_of, last_given
from bot.rules.prophylaxis import followed_up_until, last_prophylaxis
from bot.rules.study import Study, SubjectCode

_ONE_DAY = timedelta(days=1)
# Long enough that a weekly check-in always has its next one in sight.
_DAYS_AHEAD = 15
_DAYS_BACK = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """One question "how are you?", or the nudge of one.

    Sent from `send_after` to just before `expires_at`. `nudge_of` is the key of the check-in that this is the
    second call of; `asked_before` is False where that one could not be sent, so that the nudge is the first
    she hears. `counts_since`: a report from then on answers it, where that is earlier than `send_after`.
    """

    key: str
    day: date
    send_after: datetime
    expires_at: datetime
    nudge_of: str | None = None
    asked_before: bool = False
    counts_since: datetime | None = None


def check_ins(
    study: Study,
    subject: SubjectCode,
    course: Course,
    planned: Sequence[PlannedActivity],
    now: datetime,
    *,
    joined_at: datetime | None = None,
) -> tuple[CheckIn, ...]:
    """The check-ins of the days around `now`, oldest first; at most one for each local day.

    From the baseline report (if she joined before dose 1) to the end of the last window. On a day
    with an evening check-in the one after a dose is part of it.
    """
    today = course.her_day_of(now)
    evenings = set(_evenings(study, course, planned, today))
    moments = {day: at_local(day, study.check_ins.at, course.her_zone) for day in evenings}
    for moment in _after_doses(study, course):
        moments.setdefault(course.her_day_of(moment), moment)
    for at_once in _at_once(study, course):
        day = course.her_day_of(at_once)
        moments[day] = min(at_once, moments.get(day, at_once))
    first, last = _span(study, course, planned)
    rhythm = (
        _check_in(study, subject, course, day, moments[day])
        for day in sorted(moments)
        if first <= day <= last
    )
    return (*_baseline(study, subject, course, joined_at), *rhythm)


def nudges(
    study: Study,
    course: Course,
    known: Sequence[CheckIn],
    sent: Collection[str],
    reported_at: Sequence[datetime],
) -> tuple[CheckIn, ...]:
    """The one nudge of each check-in that is not answered, unless the next check-in comes before it.

    At `nudge_at` of the same day if that is later and not quiet, else next morning. Where an outage kept the
    check-in itself from being sent, the nudge makes up for it.
    """
    return tuple(
        _nudge(study, course, one, sent)
        for one in known
        if not is_answered(one, reported_at) and not _is_overtaken(study, course, one, known)
    )


def is_answered(check_in: CheckIn, reported_at: Sequence[datetime]) -> bool:
    """She reported at or after the moment it was due, by whatever way; the baseline report: ever before."""
    since = check_in.counts_since or check_in.send_after
    return any(at >= since for at in reported_at)


def _check_in(study: Study, subject: SubjectCode, course: Course, day: date, moment: datetime) -> CheckIn:
    quiet_at = next_local(study.quiet_hours.starts, course.her_zone, moment)
    return CheckIn(
        key=f"check-in:{subject}:{day.isoformat()}",
        day=day,
        send_after=moment,
        expires_at=min(quiet_at, _nudged_at(study, course, day, moment)),
    )


def _baseline(
    study: Study, subject: SubjectCode, course: Course, joined_at: datetime | None
) -> Iterator[CheckIn]:
    """One report before the first dose: on the evening some days before, or at once if she joins later.

    Its key holds no date: however the first dose moves, she is asked for it once. Source: specification 1.8.
    """
    day1_at = day1_of(course)
    if joined_at is None or joined_at >= day1_at:
        return
    day = course.her_day_of(day1_at) - timedelta(days=study.check_ins.baseline_days_before)
    moment = max(at_local(day, study.check_ins.at, course.her_zone), joined_at)
    moment = after_quiet(study.quiet_hours, moment, course.her_zone)
    if moment < day1_at:
        asked = _check_in(study, subject, course, course.her_day_of(moment), moment)
        yield replace(asked, key=f"check-in:{subject}:baseline", counts_since=joined_at)


def _nudge(study: Study, course: Course, check_in: CheckIn, sent: Collection[str]) -> CheckIn:
    moment = _nudged_at(study, course, check_in.day, check_in.send_after)
    quiet_at = next_local(study.quiet_hours.starts, course.her_zone, moment)
    return CheckIn(
        key=f"{check_in.key}:nudge",
        day=check_in.day,
        send_after=moment,
        expires_at=min(moment + study.reminders.grace, quiet_at),
        nudge_of=check_in.key,
        asked_before=check_in.key in sent,
    )


def _nudged_at(study: Study, course: Course, day: date, asked_at: datetime) -> datetime:
    rules, zone = study.check_ins, course.her_zone
    moment = at_local(day, rules.nudge_at, zone)
    if moment <= asked_at or is_quiet(study.quiet_hours, moment, zone):
        moment = at_local(day + _ONE_DAY, rules.nudge_next_morning_at, zone)
    return after_quiet(study.quiet_hours, moment, zone)


def _is_overtaken(study: Study, course: Course, check_in: CheckIn, known: Sequence[CheckIn]) -> bool:
    moment = _nudged_at(study, course, check_in.day, check_in.send_after)
    return any(check_in.send_after < other.send_after <= moment for other in known)


# ---------------------------------------------------------------- which days


def _span(study: Study, course: Course, planned: Sequence[PlannedActivity]) -> tuple[date, date]:
    """From day 1 to the last day on which anything may still be done or is followed up, both inclusive."""
    first = course.her_day_of(day1_of(course))
    live = [one.window.last for one in planned if one.status is not ActivityStatus.CANCELLED]
    followed_up = followed_up_until(study, course)
    return first, max([*live, *([followed_up] if followed_up is not None else [])], default=first)


def _evenings(
    study: Study, course: Course, planned: Sequence[PlannedActivity], today: date
) -> Iterator[date]:
    draw_days = {
        local_day(one.target_at, course.her_zone)
        for one in planned
        if one.kind is ActivityKind.DRAW and one.status is not ActivityStatus.CANCELLED
    }
    over_since = _dosing_over_since(course, planned)
    for offset in range(-_DAYS_BACK, _DAYS_AHEAD):
        day = today + timedelta(days=offset)
        on_draw_day = study.check_ins.on_draw_days and day in draw_days
        by_count = _low_platelets_ask(study, course, day) or _high_count_asks(study, course, day)
        if on_draw_day or by_count or _follow_up_asks(study, over_since, day):
            yield day


def _after_doses(study: Study, course: Course) -> Iterator[datetime]:
    """So many hours after every dose given, prophylaxis included; out of quiet time."""
    for dose in sorted(course.doses, key=lambda dose: dose.given_at):
        if dose.voided_at is None:
            for hours in study.check_ins.hours_after_dose:
                moment = dose.given_at + timedelta(hours=hours)
                yield after_quiet(study.quiet_hours, moment, course.her_zone)


def _at_once(study: Study, course: Course) -> Iterator[datetime]:
    """At once when a very low or a high count becomes known, out of quiet time. Source: specification 1.6."""
    rules, lead = study.check_ins, study.labs.lead
    low, high = course.acted_on(lead)[-1:], course.counts(lead)[-1:]
    if low and low[0].value < rules.phone_below:
        yield after_quiet(study.quiet_hours, low[0].recorded_at, course.her_zone)
    if high and rules.high_at_or_above is not None and high[0].value >= rules.high_at_or_above:
        yield after_quiet(study.quiet_hours, high[0].recorded_at, course.her_zone)


def _high_count_asks(study: Study, course: Course, day: date) -> bool:
    """While the count is high, for clots: every so many days; very high, daily at first. Source: 1.6, 1.8.

    Daily for so many days from the day it became known; a new count begins anew.
    """
    rules, counts = study.check_ins, course.counts(study.labs.lead)
    if rules.high_at_or_above is None or not counts or counts[-1].value < rules.high_at_or_above:
        return False
    since = (day - course.her_day_of(counts[-1].recorded_at)).days
    very_high = rules.very_high_at_or_above is not None and counts[-1].value >= rules.very_high_at_or_above
    if very_high and 0 <= since < rules.very_high_days:
        return True
    return since >= 0 and since % rules.high_every_days == 0


def _low_platelets_ask(study: Study, course: Course, day: date) -> bool:
    """Every day below the lower limit, until two counts in a row are above; every two days below the upper.

    Only after the count was known. A low count she states herself counts too. Source: specification 1.6, 1.8.
    """
    counts = course.acted_on(study.labs.lead)
    if not counts:
        return False
    rules, newest = study.check_ins, counts[-1]
    if at_local(day, rules.at, course.her_zone) < newest.recorded_at:
        return False
    if any(count.value < rules.daily_below for count in counts[-2:]):
        return True
    since = (day - course.her_day_of(newest.recorded_at)).days
    return newest.value < rules.every_two_days_below and since % 2 == 0


def _dosing_over_since(course: Course, planned: Sequence[PlannedActivity]) -> date | None:
    """The day of the last dose of either kind once no further weekly one is asked for; None before."""
    coming = any(one.kind is ActivityKind.INJECTION and one.is_open for one in planned)
    given = [dose.given_at for dose in (last_given(course), last_prophylaxis(course)) if dose is not None]
    return None if coming or not given else course.her_day_of(max(given))


def _follow_up_asks(study: Study, over_since: date | None, day: date) -> bool:
    if over_since is None or day <= over_since:
        return False
    return (day - over_since).days % study.check_ins.follow_up_every_days == 0
