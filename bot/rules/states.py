"""Where a participant stands, from the facts: never set by hand, so a corrected fact corrects it too.

Only the ends are said by a person (completed, screen failed, withdrawn, lost, died, declined the chat); an
end is taken back the same way. Everything else follows: she is in TREATMENT once dose 1 stands, RESPONDED
once a verified count ended dosing, TREATMENT_DONE when no dose is left to ask for, in FOLLOW_UP once the
treatment phase is over too; ON_HOLD covers these while a hold stands, and what was before comes back when the
last hold is released. Stopping treatment early is not withdrawal.

Worked case: dose 1 on 3 March, a verified 102 from the 9th: RESPONDED. The 102 was 12: TREATMENT again, with
the same rule and no special case. `MAY_FOLLOW` is the whole machine; `check_step` refuses any other step.

Source: specification 1.3, 1.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bot.rules.activities import ActivityKind, CancelReason, Course, PlannedActivity
from bot.rules.doses import day1_of
from bot.rules.errors import Refusal
from bot.rules.participant import TERMINAL_STATES, Participant, ParticipantState
from bot.rules.study import Study

_S = ParticipantState

# The states a person sets; they stand until a person takes them back.
SAID_BY_A_PERSON = TERMINAL_STATES | {_S.DECLINED}

_UNDER_WAY = frozenset(
    {
        _S.INVITED,
        _S.CONSENTED,
        _S.BASELINE_DONE,
        _S.TREATMENT,
        _S.RESPONDED,
        _S.TREATMENT_DONE,
        _S.FOLLOW_UP,
        _S.ON_HOLD,
    }
)
_ENDS = frozenset({_S.WITHDRAWN, _S.LOST_TO_FOLLOW_UP, _S.DIED})

# What a person may make of each state. Between states under way the facts decide, in both directions.
MAY_FOLLOW: Mapping[ParticipantState, frozenset[ParticipantState]] = {
    _S.INVITED: _ENDS | {_S.SCREEN_FAILED, _S.DECLINED},
    _S.CONSENTED: _ENDS | {_S.SCREEN_FAILED, _S.DECLINED},
    _S.BASELINE_DONE: _ENDS | {_S.SCREEN_FAILED},
    _S.TREATMENT: _ENDS,
    _S.RESPONDED: _ENDS | {_S.COMPLETED},
    _S.TREATMENT_DONE: _ENDS | {_S.COMPLETED},
    _S.FOLLOW_UP: _ENDS | {_S.COMPLETED},
    _S.ON_HOLD: _ENDS,
    _S.DECLINED: _ENDS | {_S.SCREEN_FAILED} | _UNDER_WAY,
    _S.COMPLETED: _UNDER_WAY | {_S.DIED},
    _S.SCREEN_FAILED: _UNDER_WAY | {_S.DIED},
    _S.WITHDRAWN: _UNDER_WAY | {_S.DIED},
    _S.LOST_TO_FOLLOW_UP: _UNDER_WAY | {_S.DIED, _S.WITHDRAWN},
    _S.DIED: _UNDER_WAY,
}


def check_step(before: ParticipantState, after: ParticipantState) -> None:
    """Whether a person may make this step.

    Raises:
        Refusal: no such step, such as completing somebody who is still in treatment.
    """
    if before is after or after not in MAY_FOLLOW[before]:
        raise Refusal("refusal.state_step", before=before, after=after)


def ends_of(state: ParticipantState) -> tuple[ParticipantState, ...]:
    """The ends that a person may record from here."""
    return tuple(one for one in ParticipantState if one in MAY_FOLLOW[state] & TERMINAL_STATES)


def state_of(
    study: Study,
    participant: Participant,
    course: Course,
    planned: tuple[PlannedActivity, ...],
    now: datetime,
) -> ParticipantState:
    """The state that the facts give. `planned` is the plan of this course."""
    if participant.state in SAID_BY_A_PERSON:
        return participant.state
    under_way = _under_way(study, participant, course, planned, course.day_of(now))
    in_doses = under_way not in (_S.INVITED, _S.CONSENTED)
    return _S.ON_HOLD if course.held() and in_doses else under_way


def next_change_at(study: Study, course: Course) -> date:
    """The local day on which follow-up begins by the calendar alone."""
    return course.day_of(day1_of(course)) + timedelta(days=study.follow_up.after_day)


def _under_way(
    study: Study,
    participant: Participant,
    course: Course,
    planned: tuple[PlannedActivity, ...],
    today: date,
) -> ParticipantState:
    if not course.given():
        if participant.joined_at is None:
            return _S.INVITED
        return _S.BASELINE_DONE if _has_baseline(study, course) else _S.CONSENTED
    doses = [one for one in planned if one.kind is ActivityKind.INJECTION]
    if any(one.is_open for one in doses) and today <= _last_day(study, course):
        return _S.TREATMENT
    if today >= next_change_at(study, course):
        return _S.FOLLOW_UP
    responded = any(one.cancelled_because is CancelReason.RESPONSE for one in doses)
    return _S.RESPONDED if responded else _S.TREATMENT_DONE


def _last_day(study: Study, course: Course) -> date:
    """The last day on which a dose may be given; an override of the site reaches further."""
    last = course.day_of(day1_of(course)) + timedelta(days=study.doses.last_day - 1)
    overridden = [course.day_of(move.to_at) for move in course.moves if move.overrides_last_day]
    return max((last, *overridden))


def _has_baseline(study: Study, course: Course) -> bool:
    return any(lab.baseline for lab in course.counts(study.labs.lead))
