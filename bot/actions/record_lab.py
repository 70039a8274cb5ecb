"""A laboratory result entered by staff: verified by that, and acted on in the same commit.

Platelets at or above the stop value, from a sample after dose 1, end the dose reminders; low platelets alert.
Source: specification 1.4 (SCH-2), 1.6; decisions "Facts".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.actions.desk import Desk, actor_of, entitled, site_of
from bot.actions.plan_visits import replan_in
from bot.actions.raise_case import raise_case
from bot.actions.speak import phrase, to_participant, to_staff
from bot.clock import new_id
from bot.rules import platelets
from bot.rules.access import Act, Actor, AuthMethod
from bot.rules.case import CaseKind
from bot.rules.errors import Refusal
from bot.rules.messages import Priority
from bot.rules.participant import TERMINAL_STATES, DoseKind, LabResult, Participant, ParticipantState
from bot.rules.study import Level, Role, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork

PLATELETS = "PLT"
UNIT = "10^9/L"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabEntry:
    """`value` in 10⁹/L; `as_entered` is what was typed, with its unit."""

    subject: SubjectCode
    value: Decimal
    as_entered: str
    sampled_at: datetime
    confirmed: bool = False


async def record_lab(desk: Desk, *, entry: LabEntry, by: StaffCode, auth: AuthMethod) -> LabResult:
    """Stores a platelet count and does what it calls for.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: sampled in the future or before consent; zero, negative or beyond what is possible; an
        implausible
            jump not yet confirmed (the option that confirms it is named).
    """
    async with desk.archive.begin() as uow:
        staff, participant = await entitled(uow, by, Act.RECORD_LAB, entry.subject)
        if participant.state in TERMINAL_STATES:
            raise Refusal("refusal.participant_ended", subject=entry.subject)
        now = desk.now()
        earlier = tuple(lab for lab in await uow.labs.of(entry.subject) if lab.analyte == PLATELETS)
        _check(desk, participant, entry, earlier, now)
        result = LabResult(
            id=new_id(),
            subject_code=entry.subject,
            analyte=PLATELETS,
            value=entry.value,
            as_entered=entry.as_entered,
            sampled_at=entry.sampled_at,
            verified=True,
            baseline=False,
            recorded_by=staff.code,
            recorded_at=now,
            by_command_line=auth is AuthMethod.COMMAND_LINE,
        )
        await _store(uow, result, actor_of(staff, Act.RECORD_LAB, participant.site_code, auth))
        participant = await _act_on(uow, desk, participant, result)
        await replan_in(uow, desk, participant)
        return result


async def store_baseline(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    value: Decimal,
    sampled_at: datetime | None,
    by: Actor,
) -> None:
    """The baseline count given at enrolment; without its time it stays an open item."""
    if not 0 < value <= desk.study.platelets.plausible_max:
        raise Refusal("refusal.platelets_impossible", value=value)
    result = LabResult(
        id=new_id(),
        subject_code=participant.subject_code,
        analyte=PLATELETS,
        value=value,
        as_entered=f"{value} {UNIT}",
        sampled_at=sampled_at,
        verified=True,
        baseline=True,
        recorded_by=by.code,
        recorded_at=desk.now(),
        by_command_line=by.auth is AuthMethod.COMMAND_LINE,
    )
    await _store(uow, result, by)


def _check(
    desk: Desk, participant: Participant, entry: LabEntry, earlier: tuple[LabResult, ...], now: datetime
) -> None:
    if entry.sampled_at > now:
        raise Refusal("refusal.in_future")
    if entry.sampled_at.date() < participant.consent_signed_on:
        raise Refusal("refusal.before_consent")
    if not 0 < entry.value <= desk.study.platelets.plausible_max:
        raise Refusal("refusal.platelets_impossible", value=entry.value)
    if any(lab.sampled_at == entry.sampled_at for lab in earlier):
        raise Refusal("refusal.same_sample_time")
    if not entry.confirmed and earlier and not _plausible(entry.value, earlier[-1].value):
        raise Refusal("refusal.platelets_jump", value=entry.value, before=earlier[-1].value)


def _plausible(value: Decimal, before: Decimal) -> bool:
    """A change of more than five-fold is asked for twice (specification 1.6, contradictory results)."""
    return max(value, before) <= 5 * min(value, before)


async def _store(uow: UnitOfWork, result: LabResult, by: Actor) -> None:
    await uow.labs.add(result)
    await uow.audit.record(
        kind="staff:lab:recorded",
        actor=by,
        at=result.recorded_at,
        subject=result.subject_code,
        entity="lab",
        entity_id=result.id,
        field=result.analyte,
        new=result.as_entered,
    )


async def _act_on(uow: UnitOfWork, desk: Desk, participant: Participant, result: LabResult) -> Participant:
    level = platelets.level_of_result(desk.study, result.value)
    if level >= Level.SAME_DAY:
        await raise_case(
            uow,
            desk,
            participant,
            kind=CaseKind.LAB,
            level=level,
            about="staff.story.platelets",
            lab_id=result.id,
        )
    doses = tuple(
        dose for dose in await uow.doses.of(participant.subject_code) if dose.kind is DoseKind.TREATMENT
    )
    if participant.state is ParticipantState.RESPONDED or not platelets.stops_dosing(
        desk.study, result, doses
    ):
        return participant
    return await _responded(uow, desk, participant, result)


async def _responded(uow: UnitOfWork, desk: Desk, participant: Participant, result: LabResult) -> Participant:
    """SCH-2: dose reminders end, draws stay; the coordinator hears at once, the patient a neutral word."""
    now = desk.now()
    responded = await uow.participants.save(replace(participant, state=ParticipantState.RESPONDED))
    await uow.audit.record(
        kind="system:participant:responded",
        actor=Actor(code="system", role="system", auth=AuthMethod.SYSTEM),
        at=now,
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="state",
        old=participant.state.value,
        new=responded.state.value,
    )
    if participant.joined_at is not None:
        key = f"responded:{participant.subject_code}:{result.id}"
        await uow.outbox.put(
            to_participant(participant, key, [phrase("patient.responded")], routine=True), desk.now()
        )
    site = await site_of(uow, participant.site_code)
    for staff in await uow.staff.holding(Role.COORDINATOR, site.code):
        said = phrase(
            "staff.responded", subject=participant.subject_code, value=result.value, at=result.sampled_at
        )
        key = f"responded:{result.id}:{staff.code}"
        await uow.outbox.put(
            to_staff(staff, site, key, [said], priority=Priority.REMINDER, about=participant.subject_code),
            desk.now(),
        )
    return responded
