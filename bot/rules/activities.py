"""The nouns of a participant's plan: what is known, and each activity with its window and standing.

A *planned activity* is what the study asks of one participant, dated: `injection-2`, `draw-L4`. Its key
never changes, whatever happens to its date; its `version` names the date it stands at now, so that a moved
visit is reminded anew.

Source: specification 1.3 to 1.5; decisions "Facts".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.rules.calendar import local_day
from bot.rules.participant import (
    Decision,
    DecisionKind,
    Dose,
    DoseKind,
    Hold,
    LabResult,
    Participant,
    ParticipantState,
    Stated,
    StatedWhat,
    Therapy,
    Transfusion,
)


class ActivityKind(StrEnum):
    INJECTION = "INJECTION"
    DRAW = "DRAW"
    PROPHYLAXIS = "PROPHYLAXIS"


class ActivityStatus(StrEnum):
    """How an activity stands.

    PLANNED: to be done. STATED: she says it is done. AWAITED: the dose of that day is recorded, so the visit
    took place, but the result is not there yet. DONE: recorded by staff. CANCELLED: no longer asked for.
    """

    PLANNED = "PLANNED"
    STATED = "STATED"
    AWAITED = "AWAITED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class CancelReason(StrEnum):
    """Why an activity is no longer asked for."""

    RESPONSE = "RESPONSE"
    TREATMENT_ENDED = "TREATMENT_ENDED"
    PARTICIPATION_ENDED = "PARTICIPATION_ENDED"
    AFTER_LAST_DAY = "AFTER_LAST_DAY"
    SKIPPED = "SKIPPED"
    PASSED_OVER = "PASSED_OVER"
    THERAPY_CANCELLED = "THERAPY_CANCELLED"
    COUNT_HIGH = "COUNT_HIGH"


class ChangeReason(StrEnum):
    """Why an activity no longer stands where the calendar of day 1 put it."""

    MOVED_BY_SITE = "MOVED_BY_SITE"
    EARLIER_DOSE_LATE = "EARLIER_DOSE_LATE"
    EARLIER_DOSE_EARLY = "EARLIER_DOSE_EARLY"
    MINIMUM_INTERVAL = "MINIMUM_INTERVAL"
    WITH_DOSE = "WITH_DOSE"
    MERGED = "MERGED"
    THERAPY_MOVED = "THERAPY_MOVED"


@dataclass(frozen=True, slots=True)
class Window:
    """First and last local day that count, both inclusive: 00:00 of the first to 23:59:59 of the last."""

    first: date
    last: date

    @classmethod
    def around(cls, day: date, early_days: int, late_days: int) -> Window:
        return cls(day - timedelta(days=early_days), day + timedelta(days=late_days))

    def contains(self, day: date) -> bool:
        return self.first <= day <= self.last

    def reaching(self, day: date) -> Window:
        """This window, stretched so that `day` counts too."""
        return Window(min(self.first, day), max(self.last, day))

    def stricter(self, other: Window) -> Window | None:
        """The days that count for both, or None when there is none."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Window(first, last) if first <= last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A person of the site gave an activity another time. The newest decision on an activity counts.

    `overrides_last_day`: a principal investigator allowed a dose after the last day of treatment, with a
    reason.
    """

    activity_key: str
    to_at: datetime
    decided_at: datetime
    overrides_last_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All that is known of one participant's course, in any order.

    `day1_at` is planned; a recorded dose 1 replaces it. Of `state` only the ends matter here: the others
    follow from the facts (`bot/rules/states.py`). `skipped` names the activities that the site decided never
    to do (`injection-2`). `transfused_at`: platelet transfusions, which confound a high count. `therapies`
    holds the newest value of each number. `time_zone` is that of the site: no visit ever moves with a
    traveller; `away_in` is where she is, if elsewhere: reminders, check-ins and quiet time go by it.
    """

    day1_at: datetime
    time_zone: str
    state: ParticipantState = ParticipantState.CONSENTED
    doses: tuple[Dose, ...] = ()
    labs: tuple[LabResult, ...] = ()
    stated: tuple[Stated, ...] = ()
    moves: tuple[Move, ...] = ()
    skipped: frozenset[str] = frozenset()
    transfused_at: tuple[datetime, ...] = ()
    treatment_stopped_at: datetime | None = None
    therapies: tuple[Therapy, ...] = ()
    holds: tuple[Hold, ...] = ()
    away_in: str | None = None

    @property
    def her_zone(self) -> str:
        """Whose clock her messages go by; visits go by the site's."""
        return self.away_in or self.time_zone

    def her_day_of(self, moment: datetime) -> date:
        return local_day(moment, self.her_zone)

    @classmethod
    def of(
        cls,
        participant: Participant,
        *,
        doses: Iterable[Dose] = (),
        labs: Iterable[LabResult] = (),
        stated: Iterable[Stated] = (),
        decisions: Iterable[Decision] = (),
        transfusions: Iterable[Transfusion] = (),
        therapies: Iterable[Therapy] = (),
        holds: Iterable[Hold] = (),
        site_zone: str | None = None,
    ) -> Course:
        """The course of this participant as its records stand; visits go by the clock of `site_zone`."""
        newest = _newest_decisions(decisions)
        return cls(
            day1_at=participant.day1_at,
            time_zone=site_zone or participant.time_zone,
            away_in=participant.time_zone,
            state=participant.state,
            doses=tuple(doses),
            labs=tuple(labs),
            stated=tuple(stated),
            moves=tuple(_move(one) for one in newest if one.kind is DecisionKind.MOVE),
            skipped=frozenset(one.activity_key for one in newest if one.kind is DecisionKind.SKIP),
            transfused_at=tuple(one.at for one in transfusions if one.platelets and one.voided_at is None),
            treatment_stopped_at=participant.treatment_stopped_at,
            therapies=_newest_therapies(therapies),
            holds=tuple(holds),
        )

    def is_behind(self, at: datetime, now: datetime) -> bool:
        """This moment is over, or the visit of its day: a dose was given on it."""
        given = [one.given_at for one in self.given().values() if one.given_at <= now]
        return at < now or any(self.day_of(one) == self.day_of(at) for one in given)

    def given(self) -> dict[int, Dose]:
        """Treatment doses that stand, by number; of two records for one number the first recorded."""
        standing = [dose for dose in self.doses if dose.kind is DoseKind.TREATMENT and dose.voided_at is None]
        newest_first = sorted(standing, key=lambda dose: (dose.recorded_at, dose.id), reverse=True)
        return {dose.number: dose for dose in newest_first}

    def prophylaxis(self) -> dict[int, Dose]:
        """Prophylactic doses that stand, by the number of their therapy."""
        standing = [dose for dose in self.doses if dose.kind is DoseKind.PROPHYLAXIS and not dose.voided_at]
        return {dose.therapy: dose for dose in standing if dose.therapy is not None}

    def held(self) -> tuple[Hold, ...]:
        """The holds that nobody has released, oldest first."""
        return tuple(
            sorted((one for one in self.holds if one.released_at is None), key=lambda one: one.placed_at)
        )

    def counts(self, analyte: str) -> tuple[LabResult, ...]:
        """Verified results that stand and whose sample time is known, oldest sample first."""
        counts = [
            lab
            for lab in self.labs
            if lab.analyte == analyte
            and lab.verified
            and lab.voided_at is None
            and lab.sampled_at is not None
        ]
        return tuple(sorted(counts, key=lambda lab: (_sample_time(lab), lab.recorded_at, lab.id)))

    def acted_on(self, analyte: str) -> tuple[LabResult, ...]:
        """`counts`, and after them what she said herself since then, if it is lower or nothing else is known.

        Her own word calms nobody and ends nothing, but a low count of hers is taken as true. Source:
        specification 1.4 (SCH-3), 1.6.
        """
        counts = self.counts(analyte)
        last = counts[-1] if counts else None
        stated = [
            lab
            for lab in self.labs
            if lab.analyte == analyte
            and not lab.verified
            and lab.voided_at is None
            and (last is None or (lab.recorded_at > last.recorded_at and lab.value < last.value))
        ]
        newest = max(stated, key=lambda lab: (lab.recorded_at, lab.id), default=None)
        return counts if newest is None else (*counts, newest)

    def move_of(self, activity_key: str) -> Move | None:
        """The decision in force on when this activity takes place."""
        decided = [move for move in self.moves if move.activity_key == activity_key]
        return max(decided, key=lambda move: (move.decided_at, move.to_at), default=None)

    def last_stated(self, activity_key: str) -> Stated | None:
        """What she said last of this activity; words from before the site moved it no longer count."""
        move = self.move_of(activity_key)
        said = [
            one
            for one in self.stated
            if one.activity_key == activity_key and (move is None or one.stated_at >= move.decided_at)
        ]
        return max(said, key=lambda one: (one.stated_at, one.id), default=None)

    def says_done(self, activity_key: str) -> bool:
        last = self.last_stated(activity_key)
        return last is not None and last.what is StatedWhat.DONE

    def day_of(self, moment: datetime) -> date:
        return local_day(moment, self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedActivity:
    """One activity as it stands.

    `target_at` is where it is planned now, `first_planned_on` where day 1 had put it.

    `number` is the dose number, or None for a draw. `draws` are the codes of the draws that this blood
    sample serves (several when neighbours were merged), `endpoint`: it is needed for the primary endpoint.
    `done_at` is when the dose was given or the blood was taken. `therapy`: the therapy that a prophylactic
    dose or its draw belongs to. `pending`: she stated a count that would end dosing; she comes as planned and
    the nurse checks first (PENDING_CONFIRMATION, specification 1.4 SCH-3).
    """

    key: str
    kind: ActivityKind
    target_at: datetime
    first_planned_on: date
    window: Window
    status: ActivityStatus
    number: int | None = None
    draws: tuple[str, ...] = ()
    before_dose: int | None = None
    required: bool = True
    endpoint: bool = False
    done_at: datetime | None = None
    therapy: int | None = None
    pending: bool = False
    cancelled_because: CancelReason | None = None
    changed_because: ChangeReason | None = None

    @property
    def version(self) -> str:
        """Names the date this stands at, for keys: two plans with the same target have the same version."""
        return f"v{self.target_at:%Y%m%d%H%M}"

    @property
    def is_open(self) -> bool:
        """Still to be done as far as staff have recorded."""
        return self.status in (ActivityStatus.PLANNED, ActivityStatus.STATED, ActivityStatus.AWAITED)

    def has_closed(self, today: date) -> bool:
        """The last day that counts is over and nothing was recorded."""
        return self.is_open and today > self.window.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """All that one local day asks of her: she comes once. `activities` holds the draws before the dose.

    Blood is taken before the injection (specification 1.5; decisions "Triage", dose 3 and D15). `key` and
    `version` are those of the leading activity: the injection, where there is one.
    """

    key: str
    version: str
    day: date
    target_at: datetime
    activities: tuple[PlannedActivity, ...]


def _newest_decisions(decisions: Iterable[Decision]) -> list[Decision]:
    ordered = sorted(decisions, key=lambda one: one.decided_at)  # of one moment the last given counts
    return list({one.activity_key: one for one in ordered}.values())


def _newest_therapies(therapies: Iterable[Therapy]) -> tuple[Therapy, ...]:
    ordered = sorted(therapies, key=lambda one: one.decided_at)  # of one moment the last given counts
    newest = {one.number: one for one in ordered}
    return tuple(newest[number] for number in sorted(newest))


def _move(decision: Decision) -> Move:
    if decision.to_at is None:
        raise ValueError("a move needs its new time")
    return Move(
        activity_key=decision.activity_key,
        to_at=decision.to_at,
        decided_at=decision.decided_at,
        overrides_last_day=decision.overrides_last_day,
    )


def _sample_time(lab: LabResult) -> datetime:
    if lab.sampled_at is None:
        raise ValueError("a count without a sample time has no place in time")
    return lab.sampled_at
