"""Doses wait, and go on: a person places a hold with its reason, a person releases it with another.

While one stands no dose is reminded; draws and check-ins go on. A very high count places one by itself.
Source: specification 1.4 (SCH-5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.actions.chart import Chart, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.plan_visits import course_of, later
from bot.actions.speak import home_rows, phrase, to_participant
from bot.clock import new_id
from bot.rules import schedule
from bot.rules.access import SYSTEM, Act, AuthMethod
from bot.rules.activities import ActivityKind
from bot.rules.changes import Effects, out_of_quiet
from bot.rules.errors import Refusal
from bot.rules.messages import Priority
from bot.rules.participant import Hold, HoldReason, Participant
from bot.rules.study import StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork

# Placed for a medical reason: an investigator releases it.
_MEDICAL = frozenset(HoldReason) - {HoldReason.HOSPITAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEntry:
    subject: SubjectCode
    reason: HoldReason
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEntry:
    """`hold_id` None releases every hold that stands; `note` says why doses may go on."""

    subject: SubjectCode
    note: str
    hold_id: str | None = None


async def preview_hold(desk: Desk, *, entry: HoldEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What the hold would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth, writing=False) as chart:
        return weigh_hold(chart, entry)[1]


async def place_hold(desk: Desk, *, entry: HoldEntry, by: StaffCode, auth: AuthMethod) -> Hold:
    """Doses wait from now on; she is told to wait for her team.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: a hold for this reason stands already.
    """
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth) as chart:
        return await place_hold_in(chart, entry)


async def place_hold_in(chart: Chart, entry: HoldEntry) -> Hold:
    """As `place_hold`, on a chart that is open."""
    hold, _ = weigh_hold(chart, entry)
    await chart.uow.holds.add(hold)
    await chart.write("staff:hold:placed", "hold", hold.id, new=hold.reason.value, reason=hold.note or None)
    if _awaits_dose(chart):
        await _tell_her(chart.uow, chart.desk, chart.participant, hold)
    await chart.settle()
    return hold


def weigh_hold(chart: Chart, entry: HoldEntry) -> tuple[Hold, Effects]:
    """The hold as it would be stored, and what it changes.

    Raises:
        Refusal: a hold for this reason stands already.
    """
    if any(one.reason is entry.reason for one in chart.course.held()):
        raise Refusal("refusal.held_already", reason=entry.reason)
    hold = Hold(
        id=new_id(),
        subject_code=chart.subject,
        reason=entry.reason,
        note=entry.note.strip(),
        placed_by=chart.staff.code,
        placed_at=chart.now,
    )
    after = replace(chart.course, holds=(*chart.course.holds, hold))
    notes = [phrase("operator.effect.hold")]
    if _hears(chart.participant) and _awaits_dose(chart):
        notes.append(phrase("operator.effect.patient", words=(phrase("patient.hold"),)))
    return hold, chart.weigh(after, notes=tuple(notes))


async def preview_release(desk: Desk, *, entry: ReleaseEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What the release would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth, writing=False) as chart:
        return weigh_release(chart, entry)[1]


async def release_hold(
    desk: Desk, *, entry: ReleaseEntry, by: StaffCode, auth: AuthMethod
) -> tuple[Hold, ...]:
    """Doses go on as planned; what is due now is reminded by the next look.

    Raises:
        NotEntitled: a foreign or unknown subject, or a medical hold and no investigator.
        Refusal: no reason given; nothing is on hold (somebody released it before).
    """
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth) as chart:
        return await release_hold_in(chart, entry)


async def release_hold_in(chart: Chart, entry: ReleaseEntry) -> tuple[Hold, ...]:
    """As `release_hold`, on a chart that is open."""
    note = reasoned(entry.note)
    released, _ = weigh_release(chart, entry)
    for hold in released:
        await chart.uow.holds.release(hold)
        await chart.write("staff:hold:released", "hold", hold.id, old=hold.reason.value, reason=note)
    await chart.settle()
    return released


def weigh_release(chart: Chart, entry: ReleaseEntry) -> tuple[tuple[Hold, ...], Effects]:
    """The holds as released, and what that changes; one that stays is named.

    Raises:
        NotEntitled: a medical hold, and no investigator.
        Refusal: nothing is on hold.
    """
    standing = [one for one in chart.course.held() if entry.hold_id in (None, one.id)]
    if not standing:
        raise Refusal("refusal.nothing_held", subject=entry.subject)
    if any(is_medical(one) for one in standing):
        chart.also_may(Act.RELEASE_MEDICAL_HOLD)
    released = tuple(
        replace(one, released_by=chart.staff.code, released_at=chart.now, release_note=entry.note.strip())
        for one in standing
    )
    gone = {one.id for one in released}
    kept = tuple(one for one in chart.course.holds if one.id not in gone)
    after = replace(chart.course, holds=(*kept, *released))
    left = after.held()
    notes = (
        *(phrase("operator.effect.released", reason=one.reason, at=one.placed_at) for one in released),
        *(phrase("operator.effect.still_held", reason=one.reason) for one in left),
        *(() if left else (phrase("operator.effect.doses_go_on"),)),
    )
    return released, chart.weigh(after, notes=notes)


def is_medical(hold: Hold) -> bool:
    """Placed for a medical reason: an investigator releases it."""
    return hold.reason in _MEDICAL


async def hold_in(
    uow: UnitOfWork, desk: Desk, participant: Participant, reason: HoldReason, *, note: str
) -> None:
    """A hold that a fact calls for by itself; nothing where one for this reason stands already."""
    held = [one for one in await uow.holds.of(participant.subject_code) if one.released_at is None]
    if any(one.reason is reason for one in held):
        return
    hold = Hold(
        id=new_id(),
        subject_code=participant.subject_code,
        reason=reason,
        note=note,
        placed_by=SYSTEM.code,
        placed_at=desk.now(),
    )
    await uow.holds.add(hold)
    await uow.audit.record(
        kind="system:hold:placed",
        actor=SYSTEM,
        at=desk.now(),
        subject=participant.subject_code,
        entity="hold",
        entity_id=hold.id,
        new=reason.value,
        reason=note or None,
    )
    await _tell_her(uow, desk, participant, hold)


def _awaits_dose(chart: Chart) -> bool:
    """A dose is still asked for; to whoever has none to come a hold says nothing."""
    planned = schedule.plan(chart.desk.study, chart.course)
    return any(one.is_open and one.kind is not ActivityKind.DRAW for one in planned)


def _hears(participant: Participant) -> bool:
    return participant.joined_at is not None and participant.messages_stopped_at is None


async def _tell_her(uow: UnitOfWork, desk: Desk, participant: Participant, hold: Hold) -> None:
    if not _hears(participant):
        return
    key, now = f"hold:{hold.id}", desk.now()
    said = [phrase("patient.hold")]
    message = to_participant(
        participant, key, said, buttons=home_rows(), priority=Priority.REMINDER, routine=True
    )
    course = await course_of(uow, participant)
    doses = [one for one in schedule.plan(desk.study, course) if one.kind is not ActivityKind.DRAW]
    waiting = [one.target_at for one in doses if one.is_open]
    await uow.outbox.put(later(message, out_of_quiet(desk.study, course, waiting, now), now), now)
