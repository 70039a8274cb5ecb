"""A result or a dose that was recorded wrongly: voided with its reason, and what is right put beside it.

Both stay readable. Every rule that used the old one is asked again: doses come back or go, reminders follow,
the patient gets one clear message. What belongs to another subject is moved there, and both are re-planned.
Two people correcting at once: the second is told what the first did. Source: specification 5.2, 1.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.chart import Chart, chart_in, confirmed, reasoned
from bot.actions.desk import Desk
from bot.actions.raise_case import raise_case
from bot.actions.record_dose import (
    DoseEntry,
    ProphylaxisEntry,
    store_dose,
    treatment_dose,
    weigh_dose,
    weigh_prophylaxis,
)
from bot.actions.record_lab import (
    act_on_result,
    analyte_named,
    check_sample_time,
    doubts_of,
    oddities,
    store_result,
    weigh_result,
)
from bot.clock import new_id
from bot.rules.access import Act, AuthMethod
from bot.rules.case import CaseKind
from bot.rules.changes import Effects
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.lab_values import reading_of
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, DoseKind, LabResult
from bot.rules.study import Level, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class LabCorrection:
    """What is right instead of result `lab_id`; what is None stays. `void`: it never was a result.

    `subject`: whose result it truly is.
    """

    lab_id: str
    reason: str
    typed: str | None = None
    unit: str | None = None
    sampled_at: datetime | None = None
    subject: SubjectCode | None = None
    void: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseCorrection:
    """What is right instead of dose `dose_id`; what is None stays. `void`: it was not given."""

    dose_id: str
    reason: str
    number: int | None = None
    given_at: datetime | None = None
    amount_ug: int | None = None
    whole: bool | None = None
    subject: SubjectCode | None = None
    void: bool = False
    confirmed: bool = False


async def preview_lab_correction(
    desk: Desk, *, entry: LabCorrection, by: StaffCode, auth: AuthMethod
) -> Effects:
    """What correcting it would change, for both where it is another subject's; writes nothing."""
    async with desk.archive.read() as uow:
        return await weigh_lab_correction(uow, desk, entry, by, auth)


async def weigh_lab_correction(
    uow: UnitOfWork, desk: Desk, entry: LabCorrection, by: StaffCode, auth: AuthMethod
) -> Effects:
    """As `preview_lab_correction`, in a transaction that is open."""
    wrong, chart = await _wrong_lab(uow, desk, entry, by, auth)
    if not _is_anothers(entry, wrong):
        return (await _weigh_lab(chart, wrong, entry))[1]
    target = await _chart_of(uow, desk, entry.subject, by, auth)
    there = (await _weigh_lab(target, wrong, entry))[1]
    return _both((target, there), (chart, _without_lab(chart, wrong)))


async def correct_lab(
    desk: Desk, *, entry: LabCorrection, by: StaffCode, auth: AuthMethod
) -> LabResult | None:
    """Voids the wrong result and stores the right one; gives that, or None where it only was voided.

    Raises:
        NotEntitled: no such result, or another site's.
        Refusal: no reason; somebody corrected it before (said by whom, when, to what); no value, future, …;
            void and somebody else's at once.
        Held: odd, and not yet confirmed.
    """
    async with desk.archive.begin() as uow:
        return await correct_lab_in(uow, desk, entry, by, auth)


async def correct_lab_in(
    uow: UnitOfWork, desk: Desk, entry: LabCorrection, by: StaffCode, auth: AuthMethod
) -> LabResult | None:
    """As `correct_lab`, in a transaction that is open."""
    reason = reasoned(entry.reason)
    wrong, chart = await _wrong_lab(uow, desk, entry, by, auth)
    moved = _is_anothers(entry, wrong)
    target = await _chart_of(uow, desk, entry.subject, by, auth) if moved else chart
    right, found = await _weigh_lab(target, wrong, entry)
    confirmed(found, by_person=entry.confirmed)
    await uow.labs.void(wrong.id, chart.now)
    await chart.write(
        "staff:lab:corrected",
        "lab",
        wrong.id,
        field=wrong.analyte,
        old=wrong.as_entered,
        new=right.as_entered if right and not moved else None,
        reason=reason,
    )
    if right is not None:
        judged, _ = weigh_result(target, right, instead_of=wrong.id)
        await store_result(uow, right, target.actor, reason)
        await act_on_result(uow, target.desk, target.participant, right, judged)
    await _flag_given_doses(chart, wrong)
    await chart.settle()
    if moved:
        await target.settle()
    return right


async def preview_dose_correction(
    desk: Desk, *, entry: DoseCorrection, by: StaffCode, auth: AuthMethod
) -> Effects:
    """What correcting it would change, for both where it is another subject's; writes nothing."""
    async with desk.archive.read() as uow:
        return await weigh_dose_correction(uow, desk, entry, by, auth)


async def weigh_dose_correction(
    uow: UnitOfWork, desk: Desk, entry: DoseCorrection, by: StaffCode, auth: AuthMethod
) -> Effects:
    """As `preview_dose_correction`, in a transaction that is open."""
    wrong, chart = await _wrong_dose(uow, desk, entry, by, auth)
    if not _is_anothers(entry, wrong):
        return _weigh_dose(await _unanchored(chart, wrong) if entry.void else chart, wrong, entry)[1]
    target = await _chart_of(uow, desk, entry.subject, by, auth)
    there = _weigh_dose(target, wrong, entry)[1]
    return _both((target, there), (chart, _without_dose(await _unanchored(chart, wrong), wrong)))


async def correct_dose(desk: Desk, *, entry: DoseCorrection, by: StaffCode, auth: AuthMethod) -> Dose | None:
    """Voids the wrong dose and stores the right one; gives that, or None where it only was voided.

    Raises:
        As `correct_lab`, and as `record_dose` of what is right.
    """
    async with desk.archive.begin() as uow:
        return await correct_dose_in(uow, desk, entry, by, auth)


async def correct_dose_in(
    uow: UnitOfWork, desk: Desk, entry: DoseCorrection, by: StaffCode, auth: AuthMethod
) -> Dose | None:
    """As `correct_dose`, in a transaction that is open."""
    reason = reasoned(entry.reason)
    wrong, chart = await _wrong_dose(uow, desk, entry, by, auth)
    moved = _is_anothers(entry, wrong)
    target = await _chart_of(uow, desk, entry.subject, by, auth) if moved else chart
    right, found = _weigh_dose(target, wrong, entry)
    confirmed(found, by_person=entry.confirmed)
    await uow.doses.void(wrong.id, chart.now)
    await chart.write(
        "staff:dose:corrected",
        "dose",
        wrong.id,
        field=f"dose {wrong.number}",
        old=wrong.given_at.isoformat(),
        new=right.given_at.isoformat() if right and not moved else None,
        reason=reason,
    )
    if right is not None:
        kept = tuple(one for one in target.course.doses if one.id != wrong.id)
        await store_dose(replace(target, course=replace(target.course, doses=kept)), right, reason)
    if right is None or moved:
        await chart.settle((await _unanchored(chart, wrong)).participant)
    if right is not None:
        anchors = right.number == 1 and right.kind is DoseKind.TREATMENT
        day1_at = right.given_at if anchors else target.participant.day1_at
        await target.settle(replace(target.participant, day1_at=day1_at))
    return right


# ---------------------------------------------------------------- results


async def _wrong_lab(
    uow: UnitOfWork, desk: Desk, entry: LabCorrection, by: StaffCode, auth: AuthMethod
) -> tuple[LabResult, Chart]:
    wrong = await uow.labs.get(entry.lab_id)
    if wrong is None:
        raise NotEntitled()
    chart = await _chart_of(uow, desk, wrong.subject_code, by, auth)
    wrong = await uow.labs.get(entry.lab_id) or wrong
    if wrong.voided_at is not None:
        await _corrected_before(chart, wrong.id)
    return wrong, chart


async def _weigh_lab(
    chart: Chart, wrong: LabResult, entry: LabCorrection
) -> tuple[LabResult | None, Effects]:
    if entry.void:
        return None, _without_lab(chart, wrong)
    analyte = analyte_named(chart.desk, wrong.analyte)
    right = replace(
        wrong,
        id=new_id(),
        subject_code=chart.subject,
        sampled_at=entry.sampled_at or wrong.sampled_at,
        recorded_by=chart.staff.code,
        recorded_at=chart.now,
        by_command_line=chart.actor.auth is AuthMethod.COMMAND_LINE,
        verified=True,
        baseline=wrong.baseline and not _has_own_baseline(chart, wrong),
        unit_unconfirmed=False,
        corrects=wrong.id,
    )
    asks: tuple[Phrase, ...] = ()
    if entry.typed is not None:
        reading = reading_of(analyte, entry.typed, entry.unit)
        right = replace(right, value=reading.value, as_entered=reading.as_entered)
        asks = tuple(doubts_of(analyte, reading))
    if right.sampled_at is not None:
        check_sample_time(chart.participant, right.sampled_at, chart.now)
    odd = tuple([one async for one in oddities(chart, right)])
    found = weigh_result(chart, right, (*asks, *odd), instead_of=wrong.id)[1]
    return right, replace(found, level=max(found.level, _level_of_given(chart, wrong)))


def _has_own_baseline(chart: Chart, wrong: LabResult) -> bool:
    """Whose it truly is has a baseline of this count already: it stands."""
    return any(
        lab.baseline and lab.analyte == wrong.analyte and lab.id != wrong.id for lab in chart.course.labs
    )


def _without_lab(chart: Chart, wrong: LabResult) -> Effects:
    kept = tuple(lab for lab in chart.course.labs if lab.id != wrong.id)
    return chart.weigh(replace(chart.course, labs=kept), level=_level_of_given(chart, wrong))


def _level_of_given(chart: Chart, wrong: LabResult) -> Level:
    """Doses given while the wrong result stood are a matter for a person; they stay given.

    Given after it was known: after a count that should have ended dosing, or on the strength of one.
    """
    if wrong.subject_code != chart.subject or wrong.analyte != chart.desk.study.stop.analyte:
        return Level.NONE
    after = any(dose.given_at > wrong.recorded_at for dose in chart.course.given().values())
    return Level.SAME_DAY if after else Level.NONE


async def _flag_given_doses(chart: Chart, wrong: LabResult) -> None:
    level = _level_of_given(chart, wrong)
    if level > Level.NONE:
        await raise_case(
            chart.uow,
            chart.desk,
            chart.participant,
            kind=CaseKind.REQUEST,
            level=level,
            about="staff.story.given_before_correction",
        )


# ---------------------------------------------------------------- doses


async def _wrong_dose(
    uow: UnitOfWork, desk: Desk, entry: DoseCorrection, by: StaffCode, auth: AuthMethod
) -> tuple[Dose, Chart]:
    wrong = await uow.doses.get(entry.dose_id)
    if wrong is None:
        raise NotEntitled()
    chart = await _chart_of(uow, desk, wrong.subject_code, by, auth)
    wrong = await uow.doses.get(entry.dose_id) or wrong
    if wrong.voided_at is not None:
        await _corrected_before(chart, wrong.id)
    return wrong, chart


def _weigh_dose(chart: Chart, wrong: Dose, entry: DoseCorrection) -> tuple[Dose | None, Effects]:
    if entry.void:
        return None, _without_dose(chart, wrong)
    if wrong.kind is DoseKind.PROPHYLAXIS and wrong.therapy is not None:
        before_therapy = ProphylaxisEntry(
            subject=chart.subject,
            therapy=wrong.therapy,
            given_at=entry.given_at or wrong.given_at,
            amount_ug=entry.amount_ug or wrong.amount_ug,
            whole=wrong.whole if entry.whole is None else entry.whole,
        )
        return weigh_prophylaxis(chart, before_therapy, instead_of=wrong)
    without = tuple(dose for dose in chart.course.doses if dose.id != wrong.id)
    cleared = replace(chart, course=replace(chart.course, doses=without))
    fresh = treatment_dose(
        cleared,
        DoseEntry(
            subject=chart.subject,
            number=entry.number or wrong.number,
            given_at=entry.given_at or wrong.given_at,
            amount_ug=entry.amount_ug or wrong.amount_ug,
            whole=wrong.whole if entry.whole is None else entry.whole,
        ),
    )
    right = replace(fresh, corrects=wrong.id)
    return right, weigh_dose(chart, right, instead_of=wrong.id)


async def _unanchored(chart: Chart, wrong: Dose) -> Chart:
    """Her chart with day 1 as it was planned at enrolment, where dose 1 was never hers."""
    if wrong.kind is not DoseKind.TREATMENT or wrong.number != 1:
        return chart
    enrolled = await chart.uow.audit.of_kind("staff:participant:enrolled", chart.subject)
    said = next((one.new for one in enrolled if one.field == "day1_at" and one.new), None)
    planned_at = datetime.fromisoformat(said) if said else chart.participant.day1_at
    return replace(
        chart,
        participant=replace(chart.participant, day1_at=planned_at),
        course=replace(chart.course, day1_at=planned_at),
    )


def _without_dose(chart: Chart, wrong: Dose) -> Effects:
    kept = tuple(dose for dose in chart.course.doses if dose.id != wrong.id)
    return chart.weigh(replace(chart.course, doses=kept))


# ---------------------------------------------------------------- both


def _is_anothers(entry: LabCorrection | DoseCorrection, wrong: LabResult | Dose) -> bool:
    """The fact is moved to another subject.

    Raises:
        Refusal: it is said to be void as well.
    """
    moved = entry.subject not in (None, wrong.subject_code)
    if moved and entry.void:
        raise Refusal("refusal.void_and_moved")
    return moved


def _both(there: tuple[Chart, Effects], here: tuple[Chart, Effects]) -> Effects:
    """What a move changes for whom it belongs to, and for whom it stood until now."""
    (target, gained), (source, lost) = there, here
    beside = replace(lost, subject=source.subject)
    return replace(gained, subject=target.subject, others=(beside,))


async def _chart_of(
    uow: UnitOfWork, desk: Desk, subject: SubjectCode | None, by: StaffCode, auth: AuthMethod
) -> Chart:
    if subject is None:
        raise NotEntitled()
    return await chart_in(uow, desk, subject, by=by, act=Act.CORRECT_FACT, auth=auth, ended_too=True)


async def _corrected_before(chart: Chart, fact_id: str) -> None:
    """Says who corrected it, when and to what, so that the second person sees the first."""
    for entry in reversed(await chart.uow.audit.of(chart.subject)):
        if entry.entity_id == fact_id and entry.kind.endswith(":corrected"):
            raise Refusal(
                "refusal.corrected_before",
                staff=entry.on_behalf_of or entry.actor_code,
                at=entry.at,
                new=entry.new or "-",
            )
    raise Refusal("refusal.fact_voided")
