"""What one participant is to be reminded of now, and when to look again.

Silence is the default, late is not never.

Each visit is reminded three times at most: the evening before, the morning of the day, and "is it done?" in
the evening. A blood test of its own is asked after once more when its result is late. A reminder has a
stable key with the version of its visit, so a moved visit is reminded anew and nothing is said twice.
It is useful for a while only: within that it is sent late, after it it is recorded as missed.

Worked case, dose 2 of TJ-001 at Tuesday 10 March 09:30, reminders useful for two hours, quiet from 21:30:
Monday 19:00 `reminder:TJ-001:injection-2:day-before:v202603100130`; Tuesday 07:30 because the visit is
before 10:00; Tuesday 18:00. Back from an outage at Monday 20:10 the first still goes; at 21:05 it is missed
and the next look is Tuesday 07:30.

Source: specification 1.4 (SCH-1, SCH-2, SCH-5), 1.10; decisions "Consent and reminders", "Facts".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from bot.rules.activities import ActivityKind, ActivityStatus, Course, PlannedActivity, Visit
from bot.rules.calendar import WorkingCalendar, after_quiet, at_local, local_clock, next_local
from bot.rules.check_ins import CheckIn, check_ins, is_answered, nudges
from bot.rules.participant import TERMINAL_STATES, Participant, ParticipantState, StatedWhat
from bot.rules.prophylaxis import StaffReminder, staff_reminders
from bot.rules.schedule import plan, visits
from bot.rules.silence import Silence, notices_of_silence
from bot.rules.staff_notices import (
    StaffNotice,
    notice_of_the_end,
    notices_of_days_off,
    notices_of_plan,
    notices_of_results,
)
from bot.rules.study import Study

_ONE_DAY = timedelta(days=1)

# What she said that leaves nothing to remind her of until a person has arranged something else.
_SETTLED = frozenset({StatedWhat.DONE, StatedWhat.CANNOT_COME, StatedWhat.ANOTHER_DAY})

_NO_MESSAGES = TERMINAL_STATES | {ParticipantState.DECLINED}


class ReminderKind(StrEnum):
    DAY_BEFORE = "day-before"
    MORNING = "morning"
    ASK_DONE = "ask-done"
    LATE = "late"


class Content(StrEnum):
    """What the visit is for: blood and injection, injection only, blood only, injection before a therapy."""

    VISIT = "visit"
    INJECTION = "injection"
    DRAW = "draw"
    PROPHYLAXIS = "prophylaxis"


_BUTTONS = {
    ReminderKind.DAY_BEFORE: (StatedWhat.GOT_IT, StatedWhat.CANNOT_COME),
    ReminderKind.MORNING: (StatedWhat.GOT_IT, StatedWhat.CANNOT_COME),
    ReminderKind.ASK_DONE: (StatedWhat.DONE, StatedWhat.NOT_YET, StatedWhat.ANOTHER_DAY),
    ReminderKind.LATE: (StatedWhat.DONE, StatedWhat.NOT_YET, StatedWhat.ANOTHER_DAY),
}

_WHEN = {
    ReminderKind.DAY_BEFORE: "tomorrow",
    ReminderKind.MORNING: "today",
    ReminderKind.ASK_DONE: "done",
    ReminderKind.LATE: "late",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder of a visit. `activity_key` is what its buttons answer for, `visit_at` goes into its words.

    Sent from `send_after` to just before `expires_at`; both lie outside quiet time. `buttons` are the
    answers beside *I feel unwell*, which every reminder of a coming visit has.
    """

    key: str
    kind: ReminderKind
    content: Content
    visit_key: str
    activity_key: str
    visit_at: datetime
    send_after: datetime
    expires_at: datetime
    cancel_tag: str

    @property
    def phrase_key(self) -> str:
        """Such as `patient.reminder.visit_tomorrow`, `patient.reminder.draw_today`."""
        return f"patient.reminder.{self.content}_{_WHEN[self.kind]}"

    @property
    def buttons(self) -> tuple[StatedWhat, ...]:
        return _BUTTONS[self.kind]

    def label_key(self, what: StatedWhat) -> str:
        """Such as `patient.stated.button.got_it`; *done* says what was done: `…done_draw`."""
        done = f"_{self.content}" if what is StatedWhat.DONE else ""
        return f"patient.stated.button.{what.value.lower()}{done}"


@dataclass(frozen=True, slots=True)
class Missed:
    """Was due and could not be said in time; recorded, never sent."""

    key: str
    was_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to say and to note at one look.

    `next_look_at` is exact: nothing becomes due before it, or ever if None.
    """

    reminders: tuple[Reminder, ...] = ()
    for_staff: tuple[StaffReminder, ...] = ()
    check_ins: tuple[CheckIn, ...] = ()
    notices: tuple[StaffNotice, ...] = ()
    missed: tuple[Missed, ...] = ()
    next_look_at: datetime | None = None


def decide(
    study: Study,
    participant: Participant,
    course: Course,
    now: datetime,
    *,
    held: bool = False,
    known: Collection[str] = (),
    reported_at: Sequence[datetime] = (),
    report_open: bool = False,
    calendar: WorkingCalendar | None = None,
    silence: Silence | None = None,
) -> Decision:
    """What is due for this participant at `now`.

    `held`: an open EMERGENCY or URGENT case (or an investigator's order) holds the doses; draws stay.
    `known`: the keys already in the outbox, raised, or recorded as missed. `reported_at`: when she reported
    symptoms. `report_open`: she is in the middle of a report, which no check-in interrupts. A miss is only
    counted since the look that was promised (`participant.next_look_at`), so that a new plan finds no
    misses in its past. `calendar`: the site's working days. `silence`: what she was asked, and when she was
    heard.
    """
    if participant.state in _NO_MESSAGES:
        return Decision()
    subject, planned = participant.subject_code, plan(study, course)
    asked = check_ins(study, subject, course, planned, now, joined_at=participant.joined_at)
    starting = _starting(participant, asked, now, known, reported_at, report_open=report_open)
    # What goes out at this look counts as sent: its nudge is looked for in time.
    sent = {*known, *(one.key for one in starting)}
    held = held or bool(course.held()) or participant.state is ParticipantState.ON_HOLD
    spoken: list[Reminder | CheckIn] = []
    if _may_write(participant):
        spoken += _reminders(study, participant, course, planned, held=held)
        spoken += [one for one in asked if not is_answered(one, reported_at)]
        spoken += nudges(study, course, asked, sent, reported_at)
    new = [one for one in spoken if one.key not in known and one.send_after >= _since(participant)]
    due = [one for one in new if one.send_after <= now < one.expires_at]
    said = () if report_open else _newest(one for one in due if isinstance(one, CheckIn))
    quiet = (silence or Silence()).with_asked(said, now)
    notices = (
        *notices_of_plan(study, subject, course, planned),
        *notices_of_results(study, subject, course, planned),
        *notice_of_the_end(study, subject, course, planned),
        *(
            notices_of_days_off(subject, course, planned, calendar, known_since=participant.enrolled_at)
            if calendar is not None
            else ()
        ),
        *notices_of_silence(study, subject, course, asked, quiet),
    )
    for_staff = [
        one for one in staff_reminders(study, subject, course, planned, held=held) if one.key not in known
    ]
    raised = [one for one in notices if one.key not in known and one.at >= participant.enrolled_at]
    return Decision(
        reminders=tuple(one for one in due if isinstance(one, Reminder)),
        for_staff=tuple(one for one in for_staff if one.at <= now < one.expires_at),
        check_ins=said,
        notices=tuple(notice for notice in raised if notice.at <= now),
        missed=(
            *_missed(new, now, participant.next_look_at),
            *_missed_by_staff(for_staff, now, participant.next_look_at),
        ),
        next_look_at=_next_look_at(new, [*raised, *for_staff], now, report_open=report_open),
    )


def next_reminder_at(
    study: Study, participant: Participant, course: Course, now: datetime
) -> datetime | None:
    """When she is reminded of a visit next, as things stand; None while nothing is to be said to her."""
    if participant.state in _NO_MESSAGES or not _may_write(participant):
        return None
    told = _reminders(study, participant, course, plan(study, course), held=bool(course.held()))
    return min((one.send_after for one in told if one.send_after > now), default=None)


def _starting(
    participant: Participant,
    asked: Sequence[CheckIn],
    now: datetime,
    known: Collection[str],
    reported_at: Sequence[datetime],
    *,
    report_open: bool,
) -> tuple[CheckIn, ...]:
    """The check-in that begins at this look, if any."""
    if report_open or not _may_write(participant):
        return ()
    return _newest(
        one
        for one in asked
        if _since(participant) <= one.send_after <= now < one.expires_at
        and one.key not in known
        and not is_answered(one, reported_at)
    )


def _may_write(participant: Participant) -> bool:
    return participant.joined_at is not None and participant.messages_stopped_at is None


def _since(participant: Participant) -> datetime:
    """Nothing that was due before she joined is ever said, or missed."""
    return participant.joined_at or participant.enrolled_at


def _newest(due: Iterable[CheckIn]) -> tuple[CheckIn, ...]:
    """One at a time: of several only the newest is asked."""
    return tuple(sorted(due, key=lambda one: one.send_after)[-1:])


def _missed(new: Iterable[Reminder | CheckIn], now: datetime, promised: datetime | None) -> Iterator[Missed]:
    """What could not be said in time since the last look; a check-in with its nudge is missed once."""
    for one in new:
        counts = isinstance(one, Reminder) or one.nudge_of is None or one.asked_before
        if counts and one.expires_at <= now and promised is not None and one.send_after >= promised:
            yield Missed(one.key, one.send_after)


def _missed_by_staff(
    new: Iterable[StaffReminder], now: datetime, promised: datetime | None
) -> Iterator[Missed]:
    """What staff could not be told in time since the last look."""
    for one in new:
        if one.expires_at <= now and promised is not None and one.at >= promised:
            yield Missed(one.key, one.at)


def _next_look_at(
    new: Iterable[Reminder | CheckIn],
    notices: Iterable[StaffNotice | StaffReminder],
    now: datetime,
    *,
    report_open: bool,
) -> datetime | None:
    moments = [one.send_after for one in new] + [notice.at for notice in notices]
    if report_open:
        # A check-in that waits for the end of a report is looked at once more when it can wait no longer.
        moments += [one.expires_at for one in new if isinstance(one, CheckIn)]
    return min((moment for moment in moments if moment > now), default=None)


# ---------------------------------------------------------------- reminders of visits


def _reminders(
    study: Study, participant: Participant, course: Course, planned: Iterable[PlannedActivity], *, held: bool
) -> Iterator[Reminder]:
    for visit in visits(planned, course.her_zone):
        asked_for = _still_to_do(course, visit, held=held)
        if asked_for:
            yield from _of_visit(study, participant, course, visit, asked_for)


def _still_to_do(course: Course, visit: Visit, *, held: bool) -> tuple[PlannedActivity, ...]:
    """What of this visit she is still to be reminded of; empty when she has settled it or all is on hold."""
    if _is_settled(course, visit.key):
        return ()
    return tuple(
        activity
        for activity in visit.activities
        if activity.status is ActivityStatus.PLANNED
        and not _is_settled(course, activity.key)
        and not (held and activity.kind is not ActivityKind.DRAW)
    )


def _is_settled(course: Course, activity_key: str) -> bool:
    last = course.last_stated(activity_key)
    return last is not None and last.what in _SETTLED


def _of_visit(
    study: Study,
    participant: Participant,
    course: Course,
    visit: Visit,
    asked_for: tuple[PlannedActivity, ...],
) -> Iterator[Reminder]:
    """The three reminders of one visit; the key stays the visit's when only a part of it is asked for."""
    tag = f"reminder:{participant.subject_code}:{visit.key}"
    leads = next((one for one in asked_for if one.kind is not ActivityKind.DRAW), asked_for[0])
    content = _content(asked_for)
    for kind, moment in _moments(study, course, visit, content):
        send_after = after_quiet(study.quiet_hours, moment, course.her_zone)
        quiet_at = next_local(study.quiet_hours.starts, course.her_zone, send_after)
        yield Reminder(
            key=f"{tag}:{kind}:{visit.version}",
            kind=kind,
            content=content,
            visit_key=visit.key,
            activity_key=leads.key,
            visit_at=_told_at(study, visit, leads, kind),
            send_after=send_after,
            expires_at=min(send_after + study.reminders.grace, quiet_at),
            cancel_tag=tag,
        )


def _told_at(study: Study, visit: Visit, leads: PlannedActivity, kind: ReminderKind) -> datetime:
    """The time she reads: that of the visit; the day before a therapy, by when she is to arrive for its dose.

    Source: specification 1.7 (3).
    """
    rules = study.prophylaxis
    if rules is None or leads.kind is not ActivityKind.PROPHYLAXIS or kind is not ReminderKind.DAY_BEFORE:
        return visit.target_at
    return leads.target_at - (rules.arrive_before - rules.lead)


def _moments(
    study: Study, course: Course, visit: Visit, content: Content
) -> Iterator[tuple[ReminderKind, datetime]]:
    rules, zone = study.reminders, course.her_zone
    yield ReminderKind.DAY_BEFORE, at_local(visit.day - _ONE_DAY, rules.day_before_at, zone)
    morning_at = at_local(visit.day, _morning_clock(study, course, visit), zone)
    if morning_at < visit.target_at:
        yield ReminderKind.MORNING, morning_at
    asked_at = at_local(visit.day, rules.ask_done_at, zone)
    # After a visit late in the day she is asked when it can be over.
    yield ReminderKind.ASK_DONE, asked_at if asked_at > visit.target_at else visit.target_at + rules.grace
    # No result, and nobody says that blood was taken: asked once more. Source: specification 1.5.
    if content is Content.DRAW and all(one.kind is ActivityKind.DRAW for one in visit.activities):
        yield ReminderKind.LATE, visit.target_at + study.labs.timing.expected


def _morning_clock(study: Study, course: Course, visit: Visit) -> time:
    early = local_clock(visit.target_at, course.her_zone) < study.reminders.early_visit_before
    return study.reminders.morning_at_if_early if early else study.reminders.morning_at


def _content(asked_for: Sequence[PlannedActivity]) -> Content:
    """A count she stated may end dosing: then the nurse looks first, also where no blood is drawn."""
    kinds = {activity.kind for activity in asked_for}
    if ActivityKind.PROPHYLAXIS in kinds:
        return Content.PROPHYLAXIS
    if len(kinds) > 1 or any(activity.pending for activity in asked_for):
        return Content.VISIT
    return Content.INJECTION if ActivityKind.INJECTION in kinds else Content.DRAW
