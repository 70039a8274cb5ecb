"""A dose recorded by staff: the fact that anchors, counts and closes. Everything it changes is one commit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.desk import Desk, actor_of, entitled
from bot.actions.plan_visits import replan_in
from bot.clock import new_id
from bot.rules.access import Act, AuthMethod
from bot.rules.errors import Refusal
from bot.rules.participant import TERMINAL_STATES, Dose, DoseKind, ParticipantState
from bot.rules.study import StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseEntry:
    """`number` 1 to the study's maximum; `given_at` aware."""

    subject: SubjectCode
    number: int
    given_at: datetime


async def record_dose(desk: Desk, *, entry: DoseEntry, by: StaffCode, auth: AuthMethod) -> Dose:
    """Stores a treatment dose and re-plans.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future, before consent, out of order, a second entry for one number, beyond the
        maximum,
            or closer to the previous dose than the study allows.
    """
    async with desk.archive.begin() as uow:
        staff, participant = await entitled(uow, by, Act.RECORD_DOSE, entry.subject)
        if participant.state in TERMINAL_STATES:
            raise Refusal("refusal.participant_ended", subject=entry.subject)
        now = desk.now()
        doses = tuple(d for d in await uow.doses.of(entry.subject) if d.kind is DoseKind.TREATMENT)
        _check(desk, entry, doses, now)
        dose = Dose(
            id=new_id(),
            subject_code=entry.subject,
            kind=DoseKind.TREATMENT,
            number=entry.number,
            given_at=entry.given_at,
            amount_ug=desk.study.doses.amount_ug,
            recorded_by=staff.code,
            recorded_at=now,
        )
        await uow.doses.add(dose)
        await uow.audit.record(
            kind="staff:dose:recorded",
            actor=actor_of(staff, Act.RECORD_DOSE, participant.site_code, auth),
            at=now,
            subject=entry.subject,
            entity="dose",
            entity_id=dose.id,
            field=f"dose {entry.number}",
            new=entry.given_at.isoformat(),
        )
        in_treatment = participant.state in (ParticipantState.INVITED, ParticipantState.CONSENTED)
        done = (
            entry.number == desk.study.doses.max_doses and participant.state is not ParticipantState.RESPONDED
        )
        state = ParticipantState.TREATMENT if in_treatment else participant.state
        moved = replace(
            participant,
            state=ParticipantState.TREATMENT_DONE if done else state,
            day1_at=entry.given_at if entry.number == 1 else participant.day1_at,
        )
        await replan_in(uow, desk, await uow.participants.save(moved))
        return dose


def _check(desk: Desk, entry: DoseEntry, doses: tuple[Dose, ...], now: datetime) -> None:
    rules = desk.study.doses
    if entry.given_at > now:
        raise Refusal("refusal.in_future")
    if not 1 <= entry.number <= rules.max_doses:
        raise Refusal("refusal.dose_number", number=entry.number, most=rules.max_doses)
    if any(dose.number == entry.number for dose in doses):
        raise Refusal("refusal.dose_exists", number=entry.number)
    if entry.number > 1 and not any(dose.number < entry.number for dose in doses):
        raise Refusal("refusal.dose_order", number=entry.number)
    for dose in doses:
        days = abs((entry.given_at - dose.given_at).days)
        if (dose.number < entry.number) != (dose.given_at < entry.given_at):
            raise Refusal("refusal.dose_order", number=entry.number)
        if days < rules.min_interval_days:
            raise Refusal("refusal.dose_interval", days=days, least=rules.min_interval_days)
