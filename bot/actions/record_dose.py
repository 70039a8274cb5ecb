"""A dose recorded by staff: the fact that anchors, counts and closes. Everything it changes is one commit.

What was given is recorded as it was, also when it was early, late, too close or not whole; what the protocol
does not foresee is confirmed first and becomes a matter for a person. Never more doses than the study has.
Source: specification 1.4 (late and missed doses), 1.7 (5, 6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actions.chart import Chart, confirmed, opened
from bot.actions.desk import Desk
from bot.actions.note_sae import note_potential_sae
from bot.actions.raise_case import raise_case
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import prophylaxis, schedule
from bot.rules.access import Act, AuthMethod
from bot.rules.case import CaseKind
from bot.rules.changes import Effects
from bot.rules.doses import injection_key
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, DoseKind, StatedWhat, Therapy
from bot.rules.sae import SaeCause
from bot.rules.study import Level, ProphylaxisRules, StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseEntry:
    """A treatment dose: `number` 1 to the study's maximum; `given_at` aware.

    `amount_ug` None: as the study says. `whole` false: a part of it only, or spilled.
    """

    subject: SubjectCode
    number: int
    given_at: datetime
    amount_ug: int | None = None
    whole: bool = True
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProphylaxisEntry:
    """The dose before therapy number `therapy`.

    `amount_ug` None: as the study says. `whole` false: a part of it only, or spilled.
    """

    subject: SubjectCode
    therapy: int
    given_at: datetime
    amount_ug: int | None = None
    whole: bool = True
    confirmed: bool = False


async def preview_dose(desk: Desk, *, entry: DoseEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What saving this would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_DOSE, auth=auth, writing=False) as chart:
        return weigh_dose(chart, treatment_dose(chart, entry))


async def record_dose(desk: Desk, *, entry: DoseEntry, by: StaffCode, auth: AuthMethod) -> Dose:
    """Stores a treatment dose and re-plans.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future, before consent, out of order, a second entry for one number, or beyond the
            maximum.
        Held: outside its window, too close, after the last day, not whole, on hold; not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_DOSE, auth=auth) as chart:
        return await record_dose_in(chart, entry)


async def record_dose_in(chart: Chart, entry: DoseEntry) -> Dose:
    """As `record_dose`, on a chart that is open."""
    dose = treatment_dose(chart, entry)
    found = weigh_dose(chart, dose)
    confirmed(found, by_person=entry.confirmed)
    await store_dose(chart, dose)
    moved = replace(chart.participant, day1_at=dose.given_at) if dose.number == 1 else chart.participant
    await chart.settle(moved)
    return dose


async def preview_prophylaxis(
    desk: Desk, *, entry: ProphylaxisEntry, by: StaffCode, auth: AuthMethod
) -> Effects:
    """What saving this would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_DOSE, auth=auth, writing=False) as chart:
        return weigh_prophylaxis(chart, entry)[1]


async def record_prophylaxis(desk: Desk, *, entry: ProphylaxisEntry, by: StaffCode, auth: AuthMethod) -> Dose:
    """Stores the dose before a therapy; it has a counter of its own and never asks for a second one.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future, no such therapy, or one was given for it already.
        Held: not eligible, on hold, not whole, too close to a weekly dose, or an interval to the infusion
            that the study does not expect; not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_DOSE, auth=auth) as chart:
        return await record_prophylaxis_in(chart, entry)


async def record_prophylaxis_in(chart: Chart, entry: ProphylaxisEntry) -> Dose:
    """As `record_prophylaxis`, on a chart that is open."""
    dose, found = weigh_prophylaxis(chart, entry)
    confirmed(found, by_person=entry.confirmed)
    await store_dose(chart, dose)
    await chart.settle()
    return dose


def weigh_prophylaxis(
    chart: Chart, entry: ProphylaxisEntry, *, instead_of: Dose | None = None
) -> tuple[Dose, Effects]:
    """The dose as it would be stored, and what it changes; `instead_of` is the record that it replaces.

    Raises:
        Refusal: see `record_prophylaxis`.
    """
    study, rules = chart.desk.study, chart.desk.study.prophylaxis
    therapy = next((one for one in chart.course.therapies if one.number == entry.therapy), None)
    if rules is None or therapy is None:
        raise Refusal("refusal.no_such_therapy", number=entry.therapy)
    kept = tuple(one for one in chart.course.doses if instead_of is None or one.id != instead_of.id)
    given = replace(chart.course, doses=kept).prophylaxis()
    if entry.therapy in given:
        raise Refusal("refusal.prophylaxis_exists", number=entry.therapy)
    _check_time(chart, entry.given_at)
    dose = Dose(
        id=new_id(),
        subject_code=entry.subject,
        kind=DoseKind.PROPHYLAXIS,
        number=_prophylaxis_number(chart, len(given), instead_of),
        given_at=entry.given_at,
        amount_ug=entry.amount_ug if entry.amount_ug is not None else rules.amount_ug,
        recorded_by=chart.staff.code,
        recorded_at=chart.now,
        whole=entry.whole,
        therapy=entry.therapy,
        corrects=None if instead_of is None else instead_of.id,
    )
    asks = tuple(_odd_prophylaxis(chart, rules, therapy, dose))
    after = replace(chart.course, doses=(*kept, dose))
    level = Level.SAME_DAY if is_medication_error(chart, dose) else Level.NONE
    notes = (
        phrase("operator.effect.prophylaxis_number", number=dose.number),
        prophylaxis.candidates_told(study, chart.course, therapy),
    )
    return dose, chart.weigh(after, level=level, asks=asks, notes=notes)


def _prophylaxis_number(chart: Chart, others: int, instead_of: Dose | None) -> int:
    """The next of her own counter; a record of hers that is corrected keeps its number."""
    if instead_of is not None and instead_of.subject_code == chart.subject:
        return instead_of.number
    return others + 1


def treatment_dose(chart: Chart, entry: DoseEntry) -> Dose:
    """The dose as it would be stored.

    Raises:
        Refusal: see `record_dose`.
    """
    rules, doses = chart.desk.study.doses, chart.course.given()
    _check_time(chart, entry.given_at)
    if not 1 <= entry.number <= rules.max_doses:
        raise Refusal("refusal.dose_number", number=entry.number, most=rules.max_doses)
    if entry.number in doses:
        raise Refusal("refusal.dose_exists", number=entry.number)
    if entry.number > 1 and 1 not in doses:
        raise Refusal("refusal.dose_order", number=entry.number)
    for number, dose in doses.items():
        if (number < entry.number) != (dose.given_at < entry.given_at):
            raise Refusal("refusal.dose_order", number=entry.number)
    return Dose(
        id=new_id(),
        subject_code=entry.subject,
        kind=DoseKind.TREATMENT,
        number=entry.number,
        given_at=entry.given_at,
        amount_ug=entry.amount_ug if entry.amount_ug is not None else rules.amount_ug,
        recorded_by=chart.staff.code,
        recorded_at=chart.now,
        whole=entry.whole,
    )


def weigh_dose(chart: Chart, dose: Dose, *, instead_of: str = "") -> Effects:
    """What a treatment dose changes, what is odd about it, and the case it opens."""
    kept = tuple(one for one in chart.course.doses if one.id != instead_of)
    before = replace(chart.course, doses=kept)
    odd = tuple(_oddities(chart, before.doses, dose))
    after = replace(chart.course, doses=(*kept, dose))
    notes = (*_stated_otherwise(chart, dose),)
    return chart.weigh(after, level=Level.SAME_DAY if odd else Level.NONE, asks=odd, notes=notes)


async def store_dose(chart: Chart, dose: Dose, reason: str | None = None) -> None:
    """The dose, its entry in the trail, and the case where the protocol does not foresee it."""
    await chart.uow.doses.add(dose)
    name = f"dose {dose.number}" if dose.kind is DoseKind.TREATMENT else f"prophylaxis {dose.therapy}"
    await chart.write(
        "staff:dose:recorded", "dose", dose.id, field=name, new=dose.given_at.isoformat(), reason=reason
    )
    wrong = is_medication_error(chart, dose)
    if wrong or (dose.kind is DoseKind.TREATMENT and any(_oddities(chart, chart.course.doses, dose))):
        about = "staff.story.medication_error" if wrong else "staff.story.dose_deviation"
        case = await raise_case(
            chart.uow, chart.desk, chart.participant, kind=CaseKind.REQUEST, level=Level.SAME_DAY, about=about
        )
        if wrong:
            await note_potential_sae(
                chart.uow,
                chart.desk,
                chart.participant,
                (SaeCause.MEDICATION_ERROR,),
                case_id=case.id,
                aware_at=chart.now,
            )


def is_medication_error(chart: Chart, dose: Dose) -> bool:
    """Not whole, or another amount than the study says. Source: specification 1.4, 3.6."""
    study, amount = chart.desk.study, chart.desk.study.doses.amount_ug
    if dose.kind is DoseKind.PROPHYLAXIS and study.prophylaxis is not None:
        amount = study.prophylaxis.amount_ug
    return not dose.whole or dose.amount_ug != amount


def _check_time(chart: Chart, given_at: datetime) -> None:
    if given_at > chart.now:
        raise Refusal("refusal.in_future")
    if chart.course.day_of(given_at) < chart.participant.consent_signed_on:
        raise Refusal("refusal.dose_before_consent")


def _oddities(chart: Chart, others: tuple[Dose, ...], dose: Dose) -> Iterator[Phrase]:
    """Everything about this dose that the protocol does not foresee; another record of it does not count."""
    study = chart.desk.study
    course = replace(chart.course, doses=tuple(one for one in others if one.id != dose.id))
    planned = {
        one.number: one for one in schedule.plan(study, course) if one.key == injection_key(dose.number)
    }
    activity = planned.get(dose.number)
    given_on = course.day_of(dose.given_at)
    if activity is not None and dose.number > 1:
        if not activity.is_open:
            yield phrase("operator.ask.dose_not_asked_for", number=dose.number)
        elif given_on < activity.window.first:
            yield phrase("operator.ask.dose_early", number=dose.number, day=activity.window.first)
        elif given_on > activity.window.last:
            yield phrase("operator.ask.dose_late", number=dose.number, day=activity.window.last)
    days = [abs((course.day_of(one.given_at) - given_on).days) for one in course.given().values()]
    if days and min(days) < study.doses.min_interval_days:
        yield phrase("operator.ask.dose_interval", days=min(days), least=study.doses.min_interval_days)
    last_on = course.day_of(schedule.day1_of(course)) + timedelta(days=study.doses.last_day - 1)
    if dose.number > 1 and given_on > last_on:
        yield phrase("operator.ask.dose_after_last_day", last=study.doses.last_day)
    if is_medication_error(chart, dose):
        yield phrase("operator.ask.dose_amount", amount=dose.amount_ug)
    if course.held():
        yield phrase("operator.ask.dose_on_hold")


def _stated_otherwise(chart: Chart, dose: Dose) -> Iterator[Phrase]:
    """She said it was given on another day; both stay visible with their source."""
    for stated in chart.course.stated:
        if stated.activity_key != injection_key(dose.number) or stated.what is not StatedWhat.DONE:
            continue
        if chart.course.day_of(stated.stated_at) != chart.course.day_of(dose.given_at):
            yield phrase("operator.effect.stated_otherwise", at=stated.stated_at)


def _odd_prophylaxis(chart: Chart, rules: ProphylaxisRules, therapy: Therapy, dose: Dose) -> Iterator[Phrase]:
    """Everything about it that the protocol does not foresee. Source: specification 1.7 (2 to 5)."""
    study, course = chart.desk.study, chart.course
    if therapy.cancelled:
        yield phrase("operator.ask.therapy_cancelled", number=therapy.number)
    if not prophylaxis.is_eligible(study, course, therapy):
        yield phrase("operator.ask.not_eligible")
    days = prophylaxis.days_to_weekly_dose(study, course, dose.given_at)
    if days is not None:
        yield phrase("operator.ask.dose_interval", days=days, least=study.doses.min_interval_days)
    started_at = therapy.infusion_started_at or therapy.starts_at
    interval = prophylaxis.interval_flag(rules, dose.given_at, started_at)
    if interval is not None:
        yield phrase("operator.ask.interval", minutes=int(interval.total_seconds() // 60))
    else:
        yield from _off_target(rules, therapy, dose)
    if is_medication_error(chart, dose):
        yield phrase("operator.ask.dose_amount", amount=dose.amount_ug)
    if course.held():
        yield phrase("operator.ask.dose_on_hold")


def _off_target(rules: ProphylaxisRules, therapy: Therapy, dose: Dose) -> Iterator[Phrase]:
    """Given further from its hour than tolerated, and yet at an interval to the infusion that is expected."""
    off = prophylaxis.off_target(rules, dose.given_at, therapy.starts_at)
    if off is None:
        return
    yield phrase(
        "operator.ask.off_target_late" if off > timedelta(0) else "operator.ask.off_target_early",
        minutes=int(abs(off).total_seconds() // 60),
        target=therapy.starts_at - rules.lead,
        tolerance=int(rules.tolerance.total_seconds() // 60),
    )
