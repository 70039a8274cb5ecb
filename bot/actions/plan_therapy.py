"""Anti-tumour therapy entered, moved, cancelled, begun: its prophylactic dose and draw go with it.

Both counts that "baseline" may mean are shown with the effect. Source: registry F6; specification 1.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.actions.chart import Chart, confirmed, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import prophylaxis
from bot.rules.access import Act, AuthMethod
from bot.rules.activities import Course
from bot.rules.changes import Effects
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import Therapy
from bot.rules.study import StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class TherapyEntry:
    """`number` None: a new therapy; else the one that moves. `seen_at`: the start that stood on the screen.

    `ordered`: an investigator wants the dose although the last count is high.
    """

    subject: SubjectCode
    starts_at: datetime
    number: int | None = None
    what: str = ""
    cytotoxic: bool = True
    count_before: Decimal | None = None
    ordered: bool = False
    reason: str = ""
    seen_at: datetime | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TherapyEnd:
    """Therapy `number` does not take place."""

    subject: SubjectCode
    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionStart:
    """When the infusion of therapy `number` began in truth."""

    subject: SubjectCode
    number: int
    started_at: datetime


async def preview_therapy(desk: Desk, *, entry: TherapyEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What entering or moving it would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth, writing=False) as chart:
        return (await weigh_therapy(chart, entry))[1]


async def plan_therapy(desk: Desk, *, entry: TherapyEntry, by: StaffCode, auth: AuthMethod) -> Therapy:
    """Stores a therapy, or its new start; the patient hears of what changes for her once.

    Raises:
        NotEntitled: a foreign or unknown subject; ordered by anybody but an investigator.
        Refusal: into the past; a move without a reason; no such therapy; it moved meanwhile.
        Held: too close to a weekly dose, on a day off, baseline unknown; not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth) as chart:
        return await plan_therapy_in(chart, entry)


async def plan_therapy_in(chart: Chart, entry: TherapyEntry) -> Therapy:
    """As `plan_therapy`, on a chart that is open."""
    therapy, found = await weigh_therapy(chart, entry)
    confirmed(found, by_person=entry.confirmed)
    before = _known(chart, entry.number) if entry.number is not None else None
    await _store(chart, therapy, before, "moved" if before else "planned")
    return therapy


async def preview_therapy_end(desk: Desk, *, entry: TherapyEnd, by: StaffCode, auth: AuthMethod) -> Effects:
    """What cancelling would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth, writing=False) as chart:
        return weigh_therapy_end(chart, entry)[1]


async def cancel_therapy(desk: Desk, *, entry: TherapyEnd, by: StaffCode, auth: AuthMethod) -> Therapy:
    """It does not take place: its dose and draw are no longer asked for. A dose that was given stays.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: no reason; no such therapy, or cancelled before.
    """
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth) as chart:
        return await cancel_therapy_in(chart, entry)


async def cancel_therapy_in(chart: Chart, entry: TherapyEnd) -> Therapy:
    """As `cancel_therapy`, on a chart that is open."""
    reasoned(entry.reason)
    therapy, _ = weigh_therapy_end(chart, entry)
    await _store(chart, therapy, _known(chart, entry.number), "cancelled")
    return therapy


async def preview_infusion(desk: Desk, *, entry: InfusionStart, by: StaffCode, auth: AuthMethod) -> Effects:
    """What noting the true start would change: the actual interval; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth, writing=False) as chart:
        return weigh_infusion(chart, entry)[1]


async def note_infusion(desk: Desk, *, entry: InfusionStart, by: StaffCode, auth: AuthMethod) -> Therapy:
    """When it began in truth, beside the dose before it: the actual interval.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future, or no such therapy.
    """
    async with opened(desk, entry.subject, by=by, act=Act.PLAN_THERAPY, auth=auth) as chart:
        return await note_infusion_in(chart, entry)


async def note_infusion_in(chart: Chart, entry: InfusionStart) -> Therapy:
    """As `note_infusion`, on a chart that is open."""
    therapy, _ = weigh_infusion(chart, entry)
    await _store(chart, therapy, _known(chart, entry.number), "begun")
    return therapy


def weigh_therapy_end(chart: Chart, entry: TherapyEnd) -> tuple[Therapy, Effects]:
    """The therapy as cancelled, and what that changes.

    Raises:
        Refusal: no such therapy, or cancelled before.
    """
    before = _known(chart, entry.number)
    if before.cancelled:
        raise Refusal("refusal.therapy_cancelled", number=entry.number)
    therapy = _next(chart, before, cancelled=True, reason=entry.reason.strip())
    given = chart.course.prophylaxis().get(entry.number)
    notes = () if given is None else (phrase("operator.effect.dose_stays", at=given.given_at),)
    return therapy, chart.weigh(_with(chart, therapy), notes=notes)


def weigh_infusion(chart: Chart, entry: InfusionStart) -> tuple[Therapy, Effects]:
    """The therapy as begun, and the actual interval from the dose before it. Source: specification 1.7 (5).

    Raises:
        Refusal: in the future, no such therapy, or one that was cancelled.
    """
    if entry.started_at > chart.now:
        raise Refusal("refusal.in_future")
    before = _known(chart, entry.number)
    if before.cancelled:
        raise Refusal("refusal.therapy_cancelled", number=entry.number)
    therapy = _next(chart, before, infusion_started_at=entry.started_at, reason="")
    return therapy, chart.weigh(_with(chart, therapy), notes=tuple(_interval(chart, entry)))


def _interval(chart: Chart, entry: InfusionStart) -> Iterator[Phrase]:
    rules, given = chart.desk.study.prophylaxis, chart.course.prophylaxis().get(entry.number)
    if rules is None:
        return
    if given is None:
        yield phrase("operator.effect.no_dose_before")
        return
    interval = entry.started_at - given.given_at
    odd = prophylaxis.interval_flag(rules, given.given_at, entry.started_at) is not None
    yield phrase(
        "operator.effect.interval_odd" if odd else "operator.effect.interval",
        minutes=int(interval.total_seconds() // 60),
        least=int(rules.least_interval.total_seconds() // 60),
        most=int(rules.most_interval.total_seconds() // 60),
    )


async def weigh_therapy(chart: Chart, entry: TherapyEntry) -> tuple[Therapy, Effects]:
    """The therapy as it would be stored, and what that changes.

    Raises:
        NotEntitled, Refusal: see `plan_therapy`.
    """
    if chart.desk.study.prophylaxis is None:
        raise Refusal("refusal.no_prophylaxis")
    if entry.starts_at <= chart.now:
        raise Refusal("refusal.move_into_past")
    if entry.ordered:
        chart.also_may(Act.ORDER_PROPHYLAXIS)
    if entry.number is None:
        therapy = _new(chart, entry)
    else:
        before = _known(chart, entry.number)
        if entry.seen_at is not None and entry.seen_at != before.starts_at:
            raise Refusal("refusal.moved_meanwhile", at=before.starts_at)
        therapy = _next(
            chart,
            before,
            starts_at=entry.starts_at,
            cancelled=False,
            ordered=entry.ordered or before.ordered,
            count_before=entry.count_before if entry.count_before is not None else before.count_before,
            reason=reasoned(entry.reason),
        )
    asks = (*_oddities(chart, therapy),)
    if await chart.is_day_off(therapy.starts_at):
        asks = (*asks, phrase("operator.ask.day_off", day=chart.course.day_of(therapy.starts_at)))
    told = prophylaxis.candidates_told(chart.desk.study, chart.course, therapy)
    found = chart.weigh(_with(chart, therapy), asks=asks, notes=(told,))
    return therapy, await chart.naming_days_off(found, asked=chart.course.day_of(therapy.starts_at))


def _with(chart: Chart, therapy: Therapy) -> Course:
    """Her course with this value of the therapy, in the order of their numbers as the archive gives them."""
    others = tuple(one for one in chart.course.therapies if one.number != therapy.number)
    return replace(chart.course, therapies=tuple(sorted((*others, therapy), key=lambda one: one.number)))


def _oddities(chart: Chart, therapy: Therapy) -> Iterator[Phrase]:
    study = chart.desk.study
    days = prophylaxis.interval_question(study, chart.course, therapy)
    if days is not None:
        yield phrase("operator.ask.dose_interval", days=days, least=study.doses.min_interval_days)
    if prophylaxis.candidates(study, chart.course, therapy).counts is None:
        yield phrase("operator.ask.baseline_unknown")


def _new(chart: Chart, entry: TherapyEntry) -> Therapy:
    numbers = [one.number for one in chart.course.therapies]
    return Therapy(
        id=new_id(),
        subject_code=chart.subject,
        number=max(numbers, default=0) + 1,
        starts_at=entry.starts_at,
        what=entry.what,
        cytotoxic=entry.cytotoxic,
        decided_by=chart.staff.code,
        decided_at=chart.now,
        reason=entry.reason.strip(),
        ordered=entry.ordered,
        count_before=entry.count_before,
    )


def _next(chart: Chart, before: Therapy, **changes: object) -> Therapy:
    """A new value of the same therapy; the earlier ones stay."""
    signed = {"id": new_id(), "decided_by": chart.staff.code, "decided_at": chart.now}
    return replace(before, **signed, **changes)  # type: ignore[arg-type]


def _known(chart: Chart, number: int | None) -> Therapy:
    therapy = next((one for one in chart.course.therapies if one.number == number), None)
    if therapy is None:
        raise Refusal("refusal.no_such_therapy", number=number or 0)
    return therapy


async def _store(chart: Chart, therapy: Therapy, before: Therapy | None, verb: str) -> None:
    await chart.uow.therapies.add(therapy)
    await chart.write(
        f"staff:therapy:{verb}",
        "therapy",
        therapy.id,
        field=f"therapy {therapy.number}",
        old=before.starts_at.isoformat() if before else None,
        new=(therapy.infusion_started_at or therapy.starts_at).isoformat(),
        reason=therapy.reason or None,
    )
    await chart.settle()
