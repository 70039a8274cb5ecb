"""What a case needs next, until a named person has closed it: a ring, a question to her, or a wait.

A case carries a copy of its chain. `next_step` is asked again and again; each `Notify` and `AskPatient`
brings the case as it stands after that step, and `Wait` the moment to ask again. There is no answer for an
open case that has no next moment. Steps missed in an outage become one ring that covers them all, in order:
never skipped, never doubled.

Worked case, EMERGENCY opened 10:20, nobody takes it: coordinator and sub-investigator at 10:20, their
second road at 10:22, again 10:25, the principal investigator at 10:30, all at 10:35, central at 10:40, then
everybody at 10:50, 11:00, … Taken at 10:23 by CA1 it is silent until 10:35; if she has not been contacted
by then it rings as if never taken.

Source: specification 3.1 to 3.4; decisions "Roles and rights", "Triage", "Settled on a second reading".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from bot.rules.access import RIGHTS, Act
from bot.rules.calendar import WorkingCalendar, local_clock, next_local
from bot.rules.case import Case, CaseId, CaseKind, Outcome
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import Participant
from bot.rules.study import Chain, ChainHours, ChainStep, Level, PatientStep, Road, Role, StaffCode

# "UNREACHABLE needs ≥ 3 logged attempts incl. emergency contact". Source: specification 3.3.
LEAST_ATTEMPTS = 3
# The same button tapped again so soon is the same attempt.
_ONE_ATTEMPT = timedelta(minutes=1)

# Who is on duty on days off. Source: specification 3.2 ("sub-investigator on call"); decisions "Triage".
ON_CALL = Role.SUB_INVESTIGATOR

_INSTANT = timedelta(microseconds=1)
_A_MINUTE = timedelta(minutes=1)
_A_DAY = timedelta(days=1)


class Why(StrEnum):
    """Why a case rings: nobody took it, who took it has not contacted her, she says so, nobody closed it."""

    NOBODY_YET = "NOBODY_YET"
    NOT_CONTACTED = "NOT_CONTACTED"
    SAYS_NOT_REACHED = "SAYS_NOT_REACHED"
    NOT_CLOSED = "NOT_CLOSED"


@dataclass(frozen=True, slots=True)
class Call:
    """Everybody who holds this role at the site, by this road."""

    role: Role
    road: Road


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Ring now. `calls` in the order of the chain, none twice. `round` counts all rings of the case from 1.

    `case` is the case after this ring, with its next moment.
    """

    calls: tuple[Call, ...]
    round: int
    why: Why
    case: Case

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who is rung in the chat, in the order of the chain."""
        return tuple(call.role for call in self.calls if call.road is Road.TELEGRAM)

    @property
    def second_roles(self) -> tuple[Role, ...]:
        """Who is rung by the second road (phone, SMS), in the order of the chain."""
        return tuple(call.role for call in self.calls if call.road is Road.SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPatient:
    """Ask or tell the patient now. Of several that were missed only the last, the most urgent, is said."""

    step: PatientStep
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before `until`, which is later than the moment asked about."""

    until: datetime
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The case is closed; nothing more is ever due."""

    case: Case


Step = Notify | AskPatient | Wait | Ended


# ---------------------------------------------------------------- opening and raising


def open_case(
    *,
    case_id: CaseId,
    participant: Participant,
    kind: CaseKind,
    level: Level,
    chain: Chain,
    now: datetime,
    calendar: WorkingCalendar,
    cannot_wait: bool = False,
) -> Case:
    """A new case with a copy of the chain in force and its first moment.

    `cannot_wait`: the facts forbid holding it over night (platelets very low or unknown, or she asked to be
    contacted now). Source: specification 3.4.
    """
    case = Case(
        id=case_id,
        subject_code=participant.subject_code,
        site_code=participant.site_code,
        kind=kind,
        level=level,
        opened_at=now,
        rung_from=first_ring_at(chain, now, calendar, cannot_wait=cannot_wait),
        chain=chain,
        steps_done=0,
        patient_steps_done=0,
        next_step_at=None,
    )
    return _timed(case, calendar)


def with_limit(chain: Chain, acknowledge_within: timedelta | None) -> Chain:
    """The chain with the limit that a result sets for itself, longer or shorter; none leaves it as it is.

    Who is rung when stays as it is: a longer limit delays no alert, it only says what counts as in time.
    Source: specification 1.6, 3.1 ("30 min, 60 for lab-only PLT 10 to under 20").
    """
    if acknowledge_within is None:
        return chain
    return replace(
        chain,
        acknowledge_within=acknowledge_within,
        contact_within=max(chain.contact_within, acknowledge_within),
    )


def with_copy(chain: Chain, also: Sequence[Role]) -> Chain:
    """The chain whose first alert these roles have too; nobody else is rung earlier or later for it.

    Source: specification 1.6 ("SAME_DAY + PI copy").
    """
    if not also or not chain.steps:
        return chain
    first, *rest = chain.steps
    told = replace(first, roles=tuple(dict.fromkeys((*first.roles, *also))))
    return replace(chain, steps=(told, *rest))


def raise_level(
    case: Case,
    level: Level,
    chain: Chain,
    now: datetime,
    calendar: WorkingCalendar,
    *,
    cannot_wait: bool = False,
) -> Case:
    """The case at a higher level: its new chain rings from the start, and whoever had it must take it anew.

    A level that is not higher changes nothing; no level ever falls.
    """
    if level <= case.level or case.closed_at is not None:
        return case
    raised = replace(
        case,
        level=level,
        chain=chain,
        rung_from=first_ring_at(chain, now, calendar, cannot_wait=cannot_wait),
        steps_done=0,
        patient_steps_done=0,
        steps_hastened=0,
        acknowledged_by=None,
        acknowledged_at=None,
        contacted_by=None,
        contacted_at=None,
    )
    return _timed(raised, calendar)


def begin_again(case: Case, now: datetime, calendar: WorkingCalendar, *, cannot_wait: bool = False) -> Case:
    """The case from the start of its chain, in nobody's hands: it belongs to other people now.

    What the patient was asked already she is not asked again.
    """
    begun = ring_anew(case, case.chain, now, calendar, cannot_wait=cannot_wait)
    return _timed(replace(begun, patient_steps_done=case.patient_steps_done), calendar)


def let_go(case: Case, now: datetime, calendar: WorkingCalendar, *, cannot_wait: bool = False) -> Case:
    """Whoever had the case can have it no longer: nobody has it, and it rings from the start.

    Where she was reached already that stays, and her questions do not begin again: it rings once for whoever
    takes it to its end, then each working morning. Source: issue "one owner at a time".
    """
    if case.closed_at is not None:
        return case
    if case.contacted_at is None:
        return begin_again(case, now, calendar, cannot_wait=cannot_wait)
    rung_from = first_ring_at(case.chain, now, calendar, cannot_wait=cannot_wait)
    return _timed(replace(case, rung_from=rung_from, acknowledged_by=None, acknowledged_at=None), calendar)


def ring_anew(
    case: Case,
    chain: Chain,
    now: datetime,
    calendar: WorkingCalendar,
    *,
    level: Level | None = None,
    cannot_wait: bool = False,
) -> Case:
    """The chain from its start, taken by nobody, open again if it was closed; never below the case's level.

    `cannot_wait` as in `open_case`. Source: specification 2.6 (an alert of four hours), 3.3 (reopen within
    24 h of closing), 3.4.
    """
    anew = replace(
        case,
        level=max(case.level, level or case.level),
        chain=chain,
        rung_from=first_ring_at(chain, now, calendar, cannot_wait=cannot_wait),
        steps_done=0,
        patient_steps_done=0,
        steps_hastened=0,
        acknowledged_by=None,
        acknowledged_at=None,
        contacted_by=None,
        contacted_at=None,
        closed_by=None,
        closed_at=None,
        outcome=None,
    )
    return _timed(anew, calendar)


def first_ring_at(chain: Chain, now: datetime, calendar: WorkingCalendar, *, cannot_wait: bool) -> datetime:
    """When the chain begins: at once, after the night, at the duty call of a day off, or at the digest.

    Source: specification 3.3 (digest), 3.4 (held 22:00 to 07:00); decisions (days off: the person on call).
    """
    if chain.hours is ChainHours.ALWAYS:
        return now
    if chain.level <= Level.ROUTINE:
        return calendar.next_on_working_day(calendar.hours.digest_at, now)
    if cannot_wait:
        return now
    morning = calendar.after_night(now)
    day = calendar.day_of(morning)
    if calendar.is_working_day(day):
        return morning
    return max(morning, calendar.at(day, calendar.hours.on_call_at))


# ---------------------------------------------------------------- what is due


def next_step(case: Case, now: datetime, calendar: WorkingCalendar) -> Step:
    """The one thing this case needs at `now`; asked again with the case it gives, it comes to `Wait`."""
    if case.closed_at is not None:
        return Ended(case=case)
    if _ring_due_at(case, calendar) <= now:
        return _ring(case, now, calendar)
    ask_at = _ask_due_at(case, calendar)
    if ask_at is not None and ask_at <= now:
        return _ask(case, now, calendar)
    timed = _timed(case, calendar)
    return Wait(until=timed.next_step_at or now, case=timed)


def acknowledge_deadline(case: Case, calendar: WorkingCalendar) -> datetime:
    """By when somebody should have taken the case, counted from the start of its chain. Source: 3.1, 3.3."""
    return _later(case.chain, case.rung_from, case.chain.acknowledge_within, calendar)


def contact_deadline(case: Case, calendar: WorkingCalendar) -> datetime | None:
    """When whoever took the case must have contacted her; None while nobody has it, or once she was reached.

    Counted from the start of the chain, but whoever takes it late still has the time between the two targets:
    EMERGENCY (10 and 15 minutes) opened 10:20, taken 10:23: 10:35; taken 10:34: 10:39.
    Source: specification 3.1, 3.3 ("ack starts a contact timer").
    """
    if case.acknowledged_at is None or case.contacted_at is not None:
        return None
    chain = case.chain
    spare = chain.contact_within - chain.acknowledge_within
    from_taking = spare if spare > timedelta() else chain.contact_within
    return max(
        _later(chain, case.rung_from, chain.contact_within, calendar),
        _later(chain, case.acknowledged_at, from_taking, calendar),
    )


def is_held(case: Case, now: datetime, calendar: WorkingCalendar) -> bool:
    """Somebody has the case and is still in time to contact her, or has contacted her."""
    if case.acknowledged_at is None:
        return False
    deadline = contact_deadline(case, calendar)
    return deadline is None or now < deadline


def _ring_due_at(case: Case, calendar: WorkingCalendar) -> datetime:
    if case.contacted_at is not None:
        is_anew = case.last_rung_at is None or case.last_rung_at < case.rung_from
        if case.acknowledged_at is None and is_anew:
            return case.rung_from
        return _morning_after(case, _last_stir(case), calendar)
    chain_at = _chain_due_at(case, calendar)
    deadline = contact_deadline(case, calendar)
    return max(chain_at, deadline) if deadline is not None else chain_at


def _chain_due_at(case: Case, calendar: WorkingCalendar) -> datetime:
    if case.steps_done < len(case.chain.steps):
        due_at = _step_due_at(case, case.steps_done, calendar)
    else:
        due_at = _repeat_due_at(case, calendar)
    duty_at = _duty_due_at(case, calendar)
    return min(due_at, duty_at) if duty_at is not None else due_at


def _step_due_at(case: Case, index: int, calendar: WorkingCalendar) -> datetime:
    return _later(case.chain, case.rung_from, case.chain.steps[index].after, calendar)


def _repeat_due_at(case: Case, calendar: WorkingCalendar) -> datetime:
    """The next repeat after the last ring: on the grid of the chain, so that an outage does not shift it."""
    chain, last = case.chain, case.last_rung_at or case.rung_from
    if chain.repeat_every is None:
        return _morning_after(case, last, calendar)
    if chain.hours is ChainHours.WORKING:
        return calendar.add_working_time(last, chain.repeat_every)
    base = case.rung_from + (chain.steps[-1].after if chain.steps else timedelta())
    rounds = max((last - base) // chain.repeat_every, 0) + 1
    return base + rounds * chain.repeat_every


def _duty_due_at(case: Case, calendar: WorkingCalendar) -> datetime | None:
    """On each day off the person on call is told of what still waits. Source: decisions "Triage"."""
    if case.chain.hours is ChainHours.ALWAYS or case.level < Level.SAME_DAY:
        return None
    since = max(case.rung_from, case.last_rung_at or case.rung_from)
    return calendar.next_on_day_off(calendar.hours.on_call_at, since + _INSTANT)


def _morning_after(case: Case, moment: datetime, calendar: WorkingCalendar) -> datetime:
    routine = case.level <= Level.ROUTINE or case.contacted_at is not None
    clock = calendar.hours.digest_at if routine else calendar.hours.opens
    return calendar.next_on_working_day(clock, moment + _INSTANT)


def _last_stir(case: Case) -> datetime:
    """The last moment anybody did or heard anything about a case that somebody has."""
    known = (case.rung_from, case.last_rung_at, case.acknowledged_at, case.contacted_at)
    return max(moment for moment in known if moment is not None)


def _ask_due_at(case: Case, calendar: WorkingCalendar) -> datetime | None:
    if case.contacted_at is not None or case.patient_steps_done >= len(case.chain.patient_steps):
        return None
    return _asked_at(case, case.chain.patient_steps[case.patient_steps_done], calendar)


def _asked_at(case: Case, step: PatientStep, calendar: WorkingCalendar) -> datetime:
    if step.next_morning_at is None:
        return case.rung_from + step.after
    return next_local(step.next_morning_at, calendar.time_zone, _night_after(case.rung_from, calendar))


def _night_after(moment: datetime, calendar: WorkingCalendar) -> datetime:
    """From when a morning is the next one: what was told at night or held until its end has this one."""
    ends_just_now = local_clock(moment, calendar.time_zone) == calendar.hours.night_ends
    if calendar.is_night(moment) or ends_just_now:
        return moment
    return calendar.at(calendar.day_of(moment) + _A_DAY, time())


def _later(chain: Chain, moment: datetime, wait: timedelta, calendar: WorkingCalendar) -> datetime:
    if chain.hours is ChainHours.ALWAYS:
        return moment + wait
    return calendar.add_working_time(moment, wait)


# ---------------------------------------------------------------- ringing and asking


def _ring(case: Case, now: datetime, calendar: WorkingCalendar) -> Notify:
    due = () if case.contacted_at is not None else _steps_due(case, now, calendar)
    calls = _calls(due) or _calls_again(case, now, calendar)
    if _duty_is_told(case, now, calendar):
        calls = _without_doubles((*calls, Call(ON_CALL, Road.TELEGRAM)))
    rung = replace(case, steps_done=case.steps_done + len(due), rings=case.rings + 1, last_rung_at=now)
    return Notify(calls=calls, round=rung.rings, why=_why(case), case=_timed(rung, calendar))


def _steps_due(case: Case, now: datetime, calendar: WorkingCalendar) -> tuple[ChainStep, ...]:
    steps = case.chain.steps
    end = case.steps_done
    while end < len(steps) and _step_due_at(case, end, calendar) <= now:
        end += 1
    return steps[case.steps_done : end]


def _calls_again(case: Case, now: datetime, calendar: WorkingCalendar) -> tuple[Call, ...]:
    """Whom a ring tells that is no step: all of the chain, or those who must close a contacted case."""
    if case.contacted_at is not None:
        return _calls(case.chain.steps[:1])
    exhausted = case.steps_done >= len(case.chain.steps)
    if exhausted and _repeat_due_at(case, calendar) <= now:
        return _calls(case.chain.steps)
    return ()


def _duty_is_told(case: Case, now: datetime, calendar: WorkingCalendar) -> bool:
    """The person on call hears every ring of a day off, and one that makes up for a missed duty call."""
    if case.contacted_at is not None:
        return False
    duty_at = _duty_due_at(case, calendar)
    if duty_at is None:
        return False
    return duty_at <= now or not calendar.is_working_day(calendar.day_of(now))


def _calls(steps: Iterable[ChainStep]) -> tuple[Call, ...]:
    return _without_doubles(Call(role, step.road) for step in steps for role in step.roles)


def _without_doubles(calls: Iterable[Call]) -> tuple[Call, ...]:
    return tuple(dict.fromkeys(calls))


def _why(case: Case) -> Why:
    if case.contacted_at is not None:
        return Why.NOT_CLOSED
    return Why.NOBODY_YET if case.acknowledged_at is None else Why.NOT_CONTACTED


def _ask(case: Case, now: datetime, calendar: WorkingCalendar) -> AskPatient:
    end = _asked_up_to(case, now, calendar)
    asked = replace(case, patient_steps_done=end)
    return AskPatient(step=case.chain.patient_steps[end - 1], case=_timed(asked, calendar))


def _asked_up_to(case: Case, now: datetime, calendar: WorkingCalendar) -> int:
    steps = case.chain.patient_steps
    end = case.patient_steps_done
    while end < len(steps) and _asked_at(case, steps[end], calendar) <= now:
        end += 1
    return end


def help_is_unconfirmed(case: Case, now: datetime, calendar: WorkingCalendar) -> bool:
    """The advice of an emergency is due to be repeated: she was asked, and nothing says that help is coming.

    Source: specification 3.3 (patient loop, +15).
    """
    ask_at = _ask_due_at(case, calendar)
    if case.closed_at is not None or ask_at is None or ask_at > now or case.level is not Level.EMERGENCY:
        return False
    return not case.chain.patient_steps[_asked_up_to(case, now, calendar) - 1].options


def _timed(case: Case, calendar: WorkingCalendar) -> Case:
    """The case with the moment at which somebody must look again; an open case always has one."""
    ring_at, ask_at = _ring_due_at(case, calendar), _ask_due_at(case, calendar)
    return replace(case, next_step_at=min(ring_at, ask_at) if ask_at is not None else ring_at)


# ---------------------------------------------------------------- what people do


def acknowledge(
    case: Case, by: StaffCode, now: datetime, calendar: WorkingCalendar, *, take_over: bool = False
) -> Case:
    """*I take this.* Stops the ringing until the contact deadline; the patient's questions go on.

    Somebody who has it keeps it until the deadline unless it is taken over on purpose; after it anybody may.

    Raises:
        Refusal: closed; somebody else has it (who, since when); you have it already.
    """
    _refuse_closed(case)
    if is_held(case, now, calendar):
        if case.acknowledged_by == by:
            raise Refusal("refusal.case_yours", at=case.acknowledged_at)
        if not take_over:
            raise Refusal("refusal.case_taken", staff=case.acknowledged_by, at=case.acknowledged_at)
    return _timed(replace(case, acknowledged_by=by, acknowledged_at=now), calendar)


def contacted(case: Case, by: StaffCode, now: datetime, calendar: WorkingCalendar) -> Case:
    """A person has spoken with her. Ends the contact timer and the patient's questions; still to be closed.

    Whoever reached her has the case, if nobody had it.

    Raises:
        Refusal: closed.
    """
    _refuse_closed(case)
    if case.contacted_at is not None and case.acknowledged_at is not None:
        return _timed(case, calendar)
    reached = replace(
        case,
        acknowledged_by=case.acknowledged_by or by,
        acknowledged_at=case.acknowledged_at or now,
        contacted_by=case.contacted_by or by,
        contacted_at=case.contacted_at or now,
    )
    return _timed(reached, calendar)


def contact_failed(case: Case, now: datetime, calendar: WorkingCalendar) -> Case:
    """An attempt that did not reach her: no timer stops, the deadline stays. `now` is for the caller's log.

    Raises:
        Refusal: closed.
    """
    _refuse_closed(case)
    return _timed(case, calendar)


def end_patient_questions(case: Case, calendar: WorkingCalendar) -> Case:
    """She has called, is on her way, or was reached: she is asked no more. Staff are rung on."""
    if case.closed_at is not None:
        return case
    return _timed(replace(case, patient_steps_done=len(case.chain.patient_steps)), calendar)


def ring_for_her(case: Case, now: datetime, calendar: WorkingCalendar) -> Notify | None:
    """She says that nobody has reached her: everybody rung so far is rung at once, whoever has the case.

    Her word counts more than a contact that was logged: the contact timer runs again. Steps due by now are
    part of this ring. None where the case is closed or where all of them were rung within the last minute.

    Worked case, URGENT at 02:10, taken at 02:20 (60 minutes to contact her): asked at 02:40, she answers *no*
    at 02:45; coordinator, sub-investigator and principal investigator are rung at 02:45.
    Source: specification 3.3 (patient loop; "not contacted → chain resumes").
    """
    if case.closed_at is not None:
        return None
    waiting = replace(case, contacted_by=None, contacted_at=None)
    due = _steps_due(waiting, now, calendar)
    if not due and case.last_rung_at is not None and now - case.last_rung_at < _A_MINUTE:
        return None
    done = waiting.steps_done + len(due)
    begun = max(done, waiting.steps_hastened)
    chat = [call for call in _calls(waiting.chain.steps[:begun]) if call.road is Road.TELEGRAM]
    rung = replace(waiting, steps_done=done, rings=waiting.rings + 1, last_rung_at=now)
    return Notify(
        calls=_without_doubles((*chat, *_calls(due))),
        round=rung.rings,
        why=Why.SAYS_NOT_REACHED,
        case=_timed(rung, calendar),
    )


def contact_denied(case: Case, calendar: WorkingCalendar) -> Case:
    """She says that nobody has reached her: a contact that was logged counts no more. Closed: unchanged."""
    if case.closed_at is not None or case.contacted_at is None:
        return case
    return _timed(replace(case, contacted_by=None, contacted_at=None), calendar)


def ring_ahead(
    case: Case, now: datetime, calendar: WorkingCalendar, *, second_road: bool = True
) -> Notify | None:
    """Somebody cannot be reached or is off duty: whoever the chain calls next is rung at once.

    Where that is all of the next step, it is done with; else every step keeps its own time, so that nobody
    who can be reached is rung later for it. None where nobody new is left, and while somebody has the case.
    `second_road`: a step by it counts as somebody new. To be asked once per person who cannot be reached, not
    once per message.

    Worked case, EMERGENCY at 02:10, the sub-investigator is off duty: coordinator and principal investigator
    at 02:10, the coordinator's second road at 02:12, again the coordinator at 02:15, both at 02:20.
    Source: specification 3.2 ("straight to the next role"), 3.3 ("jump one step in the chain at once").
    """
    if case.closed_at is not None or is_held(case, now, calendar):
        return None
    steps = case.chain.steps
    begun = max(case.steps_done, case.steps_hastened)
    rung = set(_calls(steps[:begun]))

    def fresh(step: ChainStep) -> tuple[Call, ...]:
        return tuple(call for call in _calls([step]) if call not in rung)

    def tells_somebody(step: ChainStep) -> bool:
        return any(second_road or call.road is not Road.SECOND for call in fresh(step))

    start = next((at for at in range(begun, len(steps)) if tells_somebody(steps[at])), None)
    if start is None:
        return None
    end = start + 1
    while end < len(steps) and steps[end].after == steps[start].after:
        end += 1
    is_next = start == case.steps_done and all(fresh(step) == _calls([step]) for step in steps[start:end])
    ahead = replace(
        case,
        steps_done=end if is_next else case.steps_done,
        steps_hastened=end,
        rings=case.rings + 1,
        last_rung_at=now,
    )
    calls = _without_doubles(call for step in steps[start:end] for call in fresh(step))
    return Notify(calls=calls, round=ahead.rings, why=_why(case), case=_timed(ahead, calendar))


def is_ahead(case: Case) -> bool:
    """Whether people of a later step have been rung before its time."""
    return case.steps_hastened > case.steps_done


def has_rung_all(case: Case) -> bool:
    """Whether every step of the chain has been rung, on time or ahead of it."""
    return max(case.steps_done, case.steps_hastened) >= len(case.chain.steps)


def close(
    case: Case,
    by: StaffCode,
    outcome: Outcome,
    now: datetime,
    *,
    attempts: int,
    role: Role | None = None,
) -> Case:
    """Ends the case with an outcome. `attempts`: how often somebody tried in vain to contact her.

    `role` is the one in which the person acts, where the caller has not checked it against `act_to_close`.

    Raises:
        NotEntitled: EMERGENCY and URGENT are closed by an investigator only.
        Refusal: closed already; UNREACHABLE with fewer than three logged attempts.
    """
    _refuse_closed(case)
    if role is not None and role not in RIGHTS[act_to_close(case.level)]:
        raise NotEntitled()
    if outcome is Outcome.UNREACHABLE and attempts < LEAST_ATTEMPTS:
        raise Refusal("refusal.too_few_attempts", attempts=attempts, least=LEAST_ATTEMPTS)
    return replace(case, closed_by=by, closed_at=now, outcome=outcome, next_step_at=None)


def attempts_in_vain(happened: Iterable[tuple[str, datetime]]) -> tuple[datetime, ...]:
    """When somebody tried in vain to reach her, oldest first, since the case was opened (again).

    `happened`: kind and moment of each event of the case, oldest first. Three taps in a row are one attempt.
    """
    found: list[datetime] = []
    for kind, at in happened:
        if kind == "REOPENED":
            found.clear()
        elif kind == "CONTACT_FAILED" and (not found or at - found[-1] >= _ONE_ATTEMPT):
            found.append(at)
    return tuple(found)


def act_to_close(level: Level) -> Act:
    """The right that closing a case of this level needs. Source: decisions "Roles and rights"."""
    return Act.CLOSE_URGENT_CASE if level >= Level.URGENT else Act.CLOSE_ROUTINE_CASE


def _refuse_closed(case: Case) -> None:
    if case.closed_at is not None:
        raise Refusal("refusal.case_closed", staff=case.closed_by, at=case.closed_at)
