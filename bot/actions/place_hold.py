"""Doses wait, and go on: a person places a hold with its reason, a person releases it with another.

While one stands no dose is reminded; draws and check-ins go on. A very high count places one by itself.
Source: specification 1.4 (SCH-5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.actions.chart import Chart, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.speak import home_rows, phrase, to_participant
from bot.clock import new_id
from bot.rules.access import SYSTEM, Act, AuthMethod
from bot.rules.changes import Effects
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
        hold = _hold(chart.participant, entry.reason, entry.note, chart.staff.code, chart)
        after = replace(chart.course, holds=(*chart.course.holds, hold))
        return chart.weigh(after, notes=(phrase("operator.effect.hold"),))


async def place_hold(desk: Desk, *, entry: HoldEntry, by: StaffCode, auth: AuthMethod) -> Hold:
    """Doses wait from now on; she is told to wait for her team.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: a hold for this reason stands already.
    """
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth) as chart:
        if any(one.reason is entry.reason for one in chart.course.held()):
            raise Refusal("refusal.held_already", reason=entry.reason)
        hold = _hold(chart.participant, entry.reason, entry.note, chart.staff.code, chart)
        await chart.uow.holds.add(hold)
        await chart.write(
            "staff:hold:placed", "hold", hold.id, new=hold.reason.value, reason=hold.note or None
        )
        await _tell_her(chart.uow, chart.desk, chart.participant, hold)
        await chart.settle()
        return hold


async def release_hold(
    desk: Desk, *, entry: ReleaseEntry, by: StaffCode, auth: AuthMethod
) -> tuple[Hold, ...]:
    """Doses go on as planned; what is due now is reminded by the next look.

    Raises:
        NotEntitled: a foreign or unknown subject, or a medical hold and no investigator.
        Refusal: no reason given; nothing is on hold (somebody released it before).
    """
    note = reasoned(entry.note)
    async with opened(desk, entry.subject, by=by, act=Act.HOLD_DOSES, auth=auth) as chart:
        standing = [one for one in chart.course.held() if entry.hold_id in (None, one.id)]
        if not standing:
            raise Refusal("refusal.nothing_held", subject=entry.subject)
        released = []
        for hold in standing:
            if hold.reason in _MEDICAL:
                chart.also_may(Act.RELEASE_MEDICAL_HOLD)
            done = replace(hold, released_by=chart.staff.code, released_at=chart.now, release_note=note)
            await chart.uow.holds.release(done)
            await chart.write("staff:hold:released", "hold", hold.id, old=hold.reason.value, reason=note)
            released.append(done)
        await chart.settle()
        return tuple(released)


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


def _hold(participant: Participant, reason: HoldReason, note: str, by: str, chart: Chart) -> Hold:
    return Hold(
        id=new_id(),
        subject_code=participant.subject_code,
        reason=reason,
        note=note.strip(),
        placed_by=by,
        placed_at=chart.now,
    )


async def _tell_her(uow: UnitOfWork, desk: Desk, participant: Participant, hold: Hold) -> None:
    if participant.joined_at is None or participant.messages_stopped_at is not None:
        return
    key = f"hold:{hold.id}"
    said = [phrase("patient.hold")]
    message = to_participant(
        participant, key, said, buttons=home_rows(), priority=Priority.REMINDER, routine=True
    )
    await uow.outbox.put(message, desk.now())
