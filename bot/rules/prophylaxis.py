"""The dose before other therapy: who gets one, when, and the draw before it.

Worked case: baseline 38, therapy 1 starts on Monday 20 April at 10:00, lead two hours: the dose is due at
08:00, give or take half an hour; blood is drawn on Sunday the 19th (17th to 20th). The infusion moves to
14:00: the dose moves to 12:00. It is cancelled: both go. Once the dose was given, a therapy that moves asks
for no second one. Whoever gives it is reminded at 07:00 and at 08:00, unless it is recorded by then.

Source: registry F6; specification 1.5 (P[i]), 1.7; open points O5, O6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.rules.activities import (
    ActivityKind,
    ActivityStatus,
    CancelReason,
    Course,
    PlannedActivity,
    Window,
)
from bot.rules.calendar import at_local, local_clock
from bot.rules.messages import Phrase
from bot.rules.participant import TERMINAL_STATES, Dose, LabResult, ParticipantState, Therapy
from bot.rules.study import BaselineSource, ProphylaxisRules, Study, SubjectCode


def prophylaxis_key(number: int) -> str:
    """The key of the dose before this therapy, the same whatever happens to its hour."""
    return f"prophylaxis-{number}"


def after_draw_key(rules: ProphylaxisRules, number: int) -> str:
    """The key of the draw after the dose before this therapy."""
    return f"draw-{rules.draw_code}{number}-after"


def therapy_draw_key(rules: ProphylaxisRules, number: int) -> str:
    """The key of the draw before this therapy."""
    return f"draw-{rules.draw_code}{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The two counts that may be meant by "baseline", both shown; `counts` is the one the study goes by."""

    study_baseline: Decimal | None
    before_therapy: Decimal | None
    source: BaselineSource

    @property
    def counts(self) -> Decimal | None:
        match self.source:
            case BaselineSource.STUDY_BASELINE:
                return self.study_baseline
            case BaselineSource.PRE_ANTITUMOUR:
                return self.before_therapy


def candidates(study: Study, course: Course, therapy: Therapy) -> Candidates:
    """Both, and which of them the study file says counts. Source: specification 1.1 O5, 1.11."""
    rules = study.prophylaxis
    baseline = [lab for lab in _lead(study, course) if lab.baseline]
    return Candidates(
        study_baseline=baseline[-1].value if baseline else None,
        before_therapy=therapy.count_before,
        source=rules.baseline_source if rules is not None else BaselineSource.STUDY_BASELINE,
    )


def candidates_told(study: Study, course: Course, therapy: Therapy) -> Phrase:
    """Both counts that may be meant, and what follows, in the words of staff. Source: as `candidates`."""
    found = candidates(study, course, therapy)
    return Phrase(
        key="operator.effect.candidates",
        values={
            "study_baseline": "?" if found.study_baseline is None else found.study_baseline,
            "before_therapy": "?" if found.before_therapy is None else found.before_therapy,
            "which": Phrase(key=f"operator.baseline.{found.source.value.lower()}"),
            "outcome": _outcome_told(study, course, therapy),
        },
    )


def _outcome_told(study: Study, course: Course, therapy: Therapy) -> Phrase:
    """Planned, not planned, or withheld because the last count is high. Source: specification 1.7 (2, 4)."""
    rules, key = study.prophylaxis, prophylaxis_key(therapy.number)
    if rules is None or not is_eligible(study, course, therapy):
        return Phrase(key="operator.effect.not_eligible")
    if _why_not(study, course, rules, therapy, key) is CancelReason.COUNT_HIGH:
        last = course.counts(study.labs.lead)[-1].value
        return Phrase(
            key="operator.effect.eligible_but_high", values={"value": last, "limit": rules.skip_at_or_above}
        )
    return Phrase(key="operator.effect.eligible")


def is_eligible(study: Study, course: Course, therapy: Therapy) -> bool:
    """Baseline strictly below the limit: 49.9 is, 50.0 is not; unknown is not, and is asked of staff."""
    rules = study.prophylaxis
    if rules is None or (therapy.number > 1 and not rules.each_cycle):
        return False
    count = candidates(study, course, therapy).counts
    return count is not None and count < rules.baseline_below


def plan_prophylaxis(
    study: Study, course: Course, draws: Sequence[PlannedActivity]
) -> tuple[PlannedActivity, ...]:
    """Doses and draws before every therapy, in order of its number. `draws`: those of the calendar."""
    rules = study.prophylaxis
    if rules is None:
        return ()
    planned: list[PlannedActivity] = []
    for therapy in course.therapies:
        planned += _draw(study, course, rules, therapy, draws)
        if is_eligible(study, course, therapy) or therapy.number in course.prophylaxis():
            planned.append(_dose(study, course, rules, therapy))
        planned += _draw_after(study, course, rules, therapy, (*draws, *planned))
    return tuple(planned)


def followed_up_until(study: Study, course: Course) -> date | None:
    """The last day on which side effects of a prophylactic dose are asked about; None: none was given.

    Source: specification 1.9 (28 days from that dose).
    """
    rules, given = study.prophylaxis, last_prophylaxis(course)
    if rules is None or rules.follow_up_days is None or given is None:
        return None
    return course.day_of(given.given_at) + timedelta(days=rules.follow_up_days)


def last_prophylaxis(course: Course) -> Dose | None:
    """The latest prophylactic dose that stands."""
    return max(course.prophylaxis().values(), key=lambda dose: dose.given_at, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffReminder:
    """Tell those who give the dose that it is due at `target_at`: some time before, and `now_due`.

    Useful from `at` to just before `expires_at`: until the second one speaks, then while the dose is still
    in time. Source: specification 7.1 (7).
    """

    key: str
    activity_key: str
    therapy: int
    target_at: datetime
    at: datetime
    expires_at: datetime
    now_due: bool


def staff_reminders(
    study: Study, subject: SubjectCode, course: Course, planned: Sequence[PlannedActivity], *, held: bool
) -> tuple[StaffReminder, ...]:
    """Two for every dose before a therapy that no record has closed; none while doses are on hold.

    Her own word that it was given silences nobody: only the record does. Source: specification 1.7 (3, 4).
    """
    rules = study.prophylaxis
    if rules is None or held or course.held():
        return ()
    found: list[StaffReminder] = []
    for one in planned:
        if one.kind is not ActivityKind.PROPHYLAXIS or not one.is_open or one.therapy is None:
            continue
        soon, due = one.target_at - rules.remind_staff_before, one.target_at
        for name, at, until in (("soon", soon, due), ("due", due, due + rules.tolerance)):
            found.append(
                StaffReminder(
                    key=f"staff-reminder:{subject}:{one.key}:{name}:{one.version}",
                    activity_key=one.key,
                    therapy=one.therapy,
                    target_at=due,
                    at=at,
                    expires_at=until,
                    now_due=name == "due",
                )
            )
    return tuple(found)


def interval_question(study: Study, course: Course, therapy: Therapy) -> int | None:
    """As `days_to_weekly_dose`, of a therapy that is planned."""
    return days_to_weekly_dose(study, course, therapy.starts_at)


def days_to_weekly_dose(study: Study, course: Course, moment: datetime) -> int | None:
    """Days to the nearest weekly dose given, if fewer than the study allows; a person decides."""
    days = [
        abs((course.day_of(dose.given_at) - course.day_of(moment)).days) for dose in course.given().values()
    ]
    nearest = min(days, default=None)
    return nearest if nearest is not None and nearest < study.doses.min_interval_days else None


def interval_flag(rules: ProphylaxisRules, given_at: datetime, infusion_at: datetime) -> timedelta | None:
    """The actual interval if it is outside what the study expects, else None. Source: 1.7 (5)."""
    interval = infusion_at - given_at
    return None if rules.least_interval <= interval <= rules.most_interval else interval


def off_target(rules: ProphylaxisRules, given_at: datetime, starts_at: datetime) -> timedelta | None:
    """How long after its hour it was given (negative: before), if that is more than tolerated, else None.

    Both edges are in time. Source: specification 1.7 (3).
    """
    off = given_at - (starts_at - rules.lead)
    return off if abs(off) > rules.tolerance else None


def _dose(study: Study, course: Course, rules: ProphylaxisRules, therapy: Therapy) -> PlannedActivity:
    target_at = therapy.starts_at - rules.lead
    day = course.day_of(target_at)
    activity = PlannedActivity(
        key=prophylaxis_key(therapy.number),
        kind=ActivityKind.PROPHYLAXIS,
        target_at=target_at,
        first_planned_on=day,
        window=Window(day, day),
        status=ActivityStatus.PLANNED,
        therapy=therapy.number,
    )
    given = course.prophylaxis().get(therapy.number)
    if given is not None:
        return replace(activity, status=ActivityStatus.DONE, done_at=given.given_at)
    why = _why_not(study, course, rules, therapy, activity.key)
    if why is not None:
        return replace(activity, status=ActivityStatus.CANCELLED, cancelled_because=why)
    stated = course.says_done(activity.key)
    return replace(activity, status=ActivityStatus.STATED) if stated else activity


def _draw(
    study: Study,
    course: Course,
    rules: ProphylaxisRules,
    therapy: Therapy,
    draws: Sequence[PlannedActivity],
) -> Iterator[PlannedActivity]:
    """The draw before this therapy; none of its own where one of the calendar falls into its window."""
    therapy_on = course.day_of(therapy.starts_at)
    day = therapy_on - timedelta(days=rules.draw_days_before)
    window = Window(day - timedelta(days=rules.draw_early_days), therapy_on)
    for one in draws:
        open_or_done = one.status is not ActivityStatus.CANCELLED
        if open_or_done and window.contains(course.day_of(one.done_at or one.target_at)):
            return
    over = _ended(course) or (CancelReason.THERAPY_CANCELLED if therapy.cancelled else None)
    code = f"{rules.draw_code}{therapy.number}"
    yield _drawn(study, course, therapy, therapy_draw_key(rules, therapy.number), code, day, window, over)


def _draw_after(
    study: Study,
    course: Course,
    rules: ProphylaxisRules,
    therapy: Therapy,
    draws: Sequence[PlannedActivity],
) -> Iterator[PlannedActivity]:
    """One draw some days after the dose given; none of its own where another falls into its window.

    Source: specification 1.7 (6).
    """
    given = course.prophylaxis().get(therapy.number)
    if given is None or rules.draw_after_days is None:
        return
    day = course.day_of(given.given_at) + timedelta(days=rules.draw_after_days)
    either_way = timedelta(days=rules.draw_after_either_way_days)
    window = Window(day - either_way, day + either_way)
    for one in draws:
        serves = one.kind is ActivityKind.DRAW and one.status is not ActivityStatus.CANCELLED
        if serves and window.contains(course.day_of(one.done_at or one.target_at)):
            return
    code = f"{rules.draw_code}{therapy.number}+{rules.draw_after_days}"
    key = after_draw_key(rules, therapy.number)
    yield _drawn(study, course, therapy, key, code, day, window, _ended(course))


def _drawn(
    study: Study,
    course: Course,
    therapy: Therapy,
    key: str,
    code: str,
    day: date,
    window: Window,
    over: CancelReason | None,
) -> PlannedActivity:
    """A draw of a therapy as it stands: taken, called off, said to be taken, or still to come."""
    clock = local_clock(course.day1_at, course.time_zone)
    taken = [
        lab.sampled_at
        for lab in course.counts(study.labs.lead)
        if lab.sampled_at is not None and window.contains(course.day_of(lab.sampled_at))
    ]
    activity = PlannedActivity(
        key=key,
        kind=ActivityKind.DRAW,
        target_at=at_local(day, clock, course.time_zone),
        first_planned_on=day,
        window=window,
        status=ActivityStatus.PLANNED,
        draws=(code,),
        therapy=therapy.number,
    )
    if taken:
        return replace(activity, status=ActivityStatus.DONE, done_at=max(taken))
    if over is not None:
        return replace(activity, status=ActivityStatus.CANCELLED, cancelled_because=over)
    stated = course.says_done(activity.key)
    return replace(activity, status=ActivityStatus.STATED) if stated else activity


def _why_not(
    study: Study, course: Course, rules: ProphylaxisRules, therapy: Therapy, key: str
) -> CancelReason | None:
    if (ended := _ended(course)) is not None:
        return ended
    if therapy.cancelled:
        return CancelReason.THERAPY_CANCELLED
    if key in course.skipped:
        return CancelReason.SKIPPED
    last = course.counts(study.labs.lead)
    if last and last[-1].value >= rules.skip_at_or_above and not therapy.ordered:
        return CancelReason.COUNT_HIGH
    return None


def _ended(course: Course) -> CancelReason | None:
    ended = course.state in TERMINAL_STATES or course.state is ParticipantState.DECLINED
    return CancelReason.PARTICIPATION_ENDED if ended else None


def _lead(study: Study, course: Course) -> list[LabResult]:
    """Verified results of the leading count that stand, in the order they were recorded."""
    found = [lab for lab in course.labs if lab.analyte == study.labs.lead and lab.verified]
    return sorted((lab for lab in found if lab.voided_at is None), key=lambda lab: lab.recorded_at)
