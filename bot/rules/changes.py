"""What a new or corrected fact changes: the plan before and after, side by side, before anybody saves.

Chat, console and command line all show `Effects` as lines of words; the action that saves computes the same
from the same facts and tells the patient `news`.

Worked case: a verified 100.0 before dose 2: three doses "no longer asked for: response", the state TREATMENT
→ RESPONDED; the patient hears once that she need not come for the next injection. The 100.0 corrected to
12.0: the three doses are "asked for again" and she hears when to come.

Source: specification 1.4 (SCH-2, late and missed doses: "shown as old and new"), 1.7 (3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from bot.rules.activities import (
    ActivityKind,
    ActivityStatus,
    CancelReason,
    ChangeReason,
    Course,
    PlannedActivity,
)
from bot.rules.calendar import after_quiet
from bot.rules.messages import Phrase
from bot.rules.participant import Participant, ParticipantState
from bot.rules.schedule import plan
from bot.rules.states import state_of
from bot.rules.study import Level, Study, SubjectCode

# A visit that shifts by less keeps its day and is simply reminded of at its new time.
_WORTH_A_WORD = timedelta(hours=1)
# So many lines are read; the rest is told as "and later dates too".
_LINES = 4

_BY_A_PERSON = frozenset({ChangeReason.MOVED_BY_SITE, ChangeReason.THERAPY_MOVED})


class ChangeKind(StrEnum):
    """What became of an activity."""

    ADDED = "ADDED"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    BACK = "BACK"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One activity before and after. `was_at` is None for an added one; `activity` is how it stands after."""

    kind: ChangeKind
    activity: PlannedActivity
    was_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What saving changes. `level` of the case it opens (NONE: none); `asks` are to be confirmed first.

    `notes` are further lines, such as "doses wait for a person". `others`: what the same act changes for
    somebody else, where a fact is moved from one to the other; then each has a `subject`.
    """

    changes: tuple[Change, ...] = ()
    state_before: ParticipantState
    state_after: ParticipantState
    level: Level = Level.NONE
    asks: tuple[Phrase, ...] = ()
    notes: tuple[Phrase, ...] = ()
    news: tuple[Phrase, ...] = ()
    subject: SubjectCode | None = None
    others: tuple[Effects, ...] = ()

    def lines(self) -> tuple[Phrase, ...]:
        """Everything in words, what must be confirmed first; one line at least, under each code for two."""
        if not self.others:
            return self._own_lines()
        told: list[Phrase] = []
        for one in (self, *self.others):
            told.append(Phrase(key="operator.effect.of", values={"subject": one.subject}))
            told += one._own_lines()
        return tuple(told)

    def _own_lines(self) -> tuple[Phrase, ...]:
        told = [*self.asks, *self.notes]
        if self.state_before is not self.state_after:
            values = {"before": self.state_before, "after": self.state_after}
            told.append(Phrase(key="operator.effect.state", values=values))
        if self.level > Level.NONE:
            told.append(Phrase(key="operator.effect.case", values={"level": self.level}))
        told += [line_of(change) for change in self.changes]
        if self.news:
            told.append(Phrase(key="operator.effect.patient", values={"words": self.news}))
        return tuple(told) or (Phrase(key="operator.effect.nothing"),)

    def trace(self) -> str:
        """Whether two effects say the same: kept with what was shown, to notice a change before saving."""
        return trace_of(self.lines())


def trace_of(lines: tuple[Phrase, ...]) -> str:
    """The same for lines that say the same, in whatever language."""
    return sha256(repr(lines).encode()).hexdigest()[:16]


def effects(
    study: Study,
    participant: Participant,
    before: Course,
    after: Course,
    now: datetime,
    *,
    level: Level = Level.NONE,
    asks: tuple[Phrase, ...] = (),
    notes: tuple[Phrase, ...] = (),
    planned_before: tuple[PlannedActivity, ...] | None = None,
) -> Effects:
    """What `after` changes against `before`; `participant` as she is after. No chat, no news."""
    planned = plan(study, after)
    was = plan(study, before) if planned_before is None else planned_before
    found = changes(was, planned)
    writes = participant.joined_at is not None and participant.messages_stopped_at is None
    return Effects(
        changes=found,
        state_before=state_of(study, participant, before, was, now),
        state_after=state_of(study, participant, after, planned, now),
        level=level,
        asks=asks,
        notes=notes,
        news=news(study, after, found, now) if writes else (),
    )


def changes(before: Iterable[PlannedActivity], after: Iterable[PlannedActivity]) -> tuple[Change, ...]:
    """Every activity that stands otherwise, in the order of the plan after."""
    known, now = {one.key: one for one in before}, {one.key: one for one in after}
    found = [
        Change(kind=kind, activity=one, was_at=known[one.key].target_at if one.key in known else None)
        for one in now.values()
        if (kind := _kind(known.get(one.key), one)) is not None
    ]
    return (*found, *_vanished(known.values(), now))


def news(study: Study, course: Course, found: Sequence[Change], now: datetime) -> tuple[Phrase, ...]:
    """What the patient is told of these changes, in one message; empty when there is nothing to say."""
    told: list[Phrase] = []
    if _any(found, ChangeKind.CANCELLED, CancelReason.RESPONSE):
        told.append(Phrase(key="patient.responded"))
    back = [one for one in found if one.kind is ChangeKind.BACK and one.activity.target_at > now]
    if back:
        told.append(Phrase(key="patient.plan.back", values={"at": back[0].activity.target_at}))
    for line in _moved(course, found, now):
        if line not in told:
            told.append(line)
    return _short(told)


def send_after(study: Study, course: Course, found: Sequence[Change], now: datetime) -> datetime:
    """Out of quiet time, unless a visit it speaks of comes before she could act on it in the morning."""
    visits = [at for one in found for at in (one.was_at, one.activity.target_at) if at]
    return out_of_quiet(study, course, visits, now)


def out_of_quiet(study: Study, course: Course, visits: Iterable[datetime], now: datetime) -> datetime:
    """The end of quiet time, or now: outside of it, and where one of these visits comes too soon after it."""
    morning = after_quiet(study.quiet_hours, now, course.her_zone)
    soon = any(now < at < morning + study.reminders.grace for at in visits)
    return now if soon else morning


def line_of(change: Change) -> Phrase:
    """One change in words for staff, such as "dose 3: 17 March → 20 March (an earlier dose was late)"."""
    one = change.activity
    values: dict[str, object] = {"activity": name_of(one), "at": one.target_at}
    match change.kind:
        case ChangeKind.MOVED:
            values["was"] = change.was_at
            if one.changed_because is not None:
                values["because"] = Phrase(key=f"operator.because.{one.changed_because.value.lower()}")
                return Phrase(key="operator.effect.moved_because", values=values)
            return Phrase(key="operator.effect.moved", values=values)
        case ChangeKind.CANCELLED:
            because = one.cancelled_because.value.lower() if one.cancelled_because else "merged"
            values["because"] = Phrase(key=f"operator.because.{because}")
            return Phrase(key="operator.effect.cancelled", values=values)
        case _:
            return Phrase(key=f"operator.effect.{change.kind.value.lower()}", values=values)


def name_of(activity: PlannedActivity) -> Phrase:
    """An activity in the words of staff."""
    values: Mapping[str, object] = {"number": activity.number or activity.therapy or 0}
    match activity.kind:
        case ActivityKind.INJECTION:
            return Phrase(key="operator.activity.injection", values=values)
        case ActivityKind.PROPHYLAXIS:
            return Phrase(key="operator.activity.prophylaxis", values=values)
        case ActivityKind.DRAW:
            return Phrase(key="operator.activity.draw", values={"codes": "+".join(activity.draws)})


def _kind(before: PlannedActivity | None, after: PlannedActivity) -> ChangeKind | None:
    if before is None:
        return ChangeKind.ADDED if after.is_open else None
    if before.is_open and after.status is ActivityStatus.CANCELLED:
        return ChangeKind.CANCELLED
    if before.status is ActivityStatus.CANCELLED and after.is_open:
        return ChangeKind.BACK
    if before.is_open and after.status is ActivityStatus.DONE:
        return ChangeKind.CLOSED
    if before.status is ActivityStatus.DONE and after.status is not ActivityStatus.DONE:
        return ChangeKind.REOPENED
    if after.is_open and before.target_at != after.target_at:
        return ChangeKind.MOVED
    return None


def _vanished(before: Iterable[PlannedActivity], after: Mapping[str, PlannedActivity]) -> Iterator[Change]:
    """Draws that have no date of their own any more: one sample serves for both, or none is asked for."""
    for one in before:
        if one.key in after or not one.is_open:
            continue
        serves = next((now for now in after.values() if set(one.draws) & set(now.draws)), None)
        if serves is None:
            gone = replace(one, status=ActivityStatus.CANCELLED)
            yield Change(kind=ChangeKind.CANCELLED, activity=gone, was_at=one.target_at)
        elif serves.is_open and serves.target_at != one.target_at:
            yield Change(kind=ChangeKind.MOVED, activity=serves, was_at=one.target_at)


def _any(found: Iterable[Change], kind: ChangeKind, why: CancelReason) -> bool:
    return any(one.kind is kind and one.activity.cancelled_because is why for one in found)


def _moved(course: Course, found: Iterable[Change], now: datetime) -> Iterator[Phrase]:
    """Her visits that moved, fell away or were added; a draw that goes along with its dose adds nothing.

    Two days that become one are a move and a day on which she need not come besides. What goes along with a
    dose that was given early is no new date: she was there, and need not come on the day that was planned.
    """
    told: dict[datetime, datetime] = {}
    for change in found:
        one, was_at = change.activity, change.was_at
        if max(one.target_at, was_at or one.target_at) <= now:
            continue
        match change.kind:
            case ChangeKind.MOVED if was_at is not None and course.is_behind(one.target_at, now):
                if not course.is_behind(was_at, now):
                    yield Phrase(key="patient.plan.not_needed", values={"at": was_at})
            case ChangeKind.MOVED if was_at is not None and _is_worth_a_word(course, change):
                first = told.setdefault(one.target_at, was_at)
                together = course.day_of(first) != course.day_of(was_at)
                key = "patient.plan.together" if together else "patient.plan.moved"
                yield Phrase(key=key, values={"was": was_at, "at": one.target_at})
            case ChangeKind.ADDED if one.kind is ActivityKind.PROPHYLAXIS:
                yield Phrase(key="patient.plan.before_therapy", values={"at": one.target_at})
            case ChangeKind.ADDED:
                yield Phrase(key="patient.plan.added", values={"at": one.target_at})
            case ChangeKind.CANCELLED if one.cancelled_because not in _SAID_OTHERWISE:
                yield Phrase(key="patient.plan.not_needed", values={"at": was_at or one.target_at})
            case _:
                pass


# The response has its own sentence; who left is told nothing more.
_SAID_OTHERWISE = frozenset({CancelReason.RESPONSE, CancelReason.PARTICIPATION_ENDED})


def _is_worth_a_word(course: Course, change: Change) -> bool:
    if change.was_at is None:
        return False
    other_day = course.day_of(change.was_at) != course.day_of(change.activity.target_at)
    if change.activity.kind is ActivityKind.DRAW and not other_day:
        return change.activity.changed_because in _BY_A_PERSON
    shift = abs(change.activity.target_at - change.was_at)
    return other_day or shift >= _WORTH_A_WORD or change.activity.changed_because in _BY_A_PERSON


def _short(told: Sequence[Phrase]) -> tuple[Phrase, ...]:
    if len(told) <= _LINES:
        return tuple(told)
    return (*told[:_LINES], Phrase(key="patient.plan.and_later"))
