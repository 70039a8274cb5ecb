"""A laboratory result entered by staff: verified by that, and acted on in the same commit.

A high count from a sample after dose 1 ends the dose reminders; a low one alerts; a very high one holds every
dose. Value and unit as typed are kept beside the value in the unit of the study.
Source: specification 1.4 (SCH-2 to SCH-5), 1.5, 1.6; decisions "Facts".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.actions.chart import Chart, confirmed, opened
from bot.actions.desk import Desk
from bot.actions.note_sae import note_potential_sae
from bot.actions.place_hold import hold_in
from bot.actions.raise_case import raise_case
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import sae
from bot.rules.access import Act, Actor, AuthMethod
from bot.rules.calendar import local_day
from bot.rules.case import Case, CaseKind
from bot.rules.changes import Effects
from bot.rules.errors import Refusal
from bot.rules.lab_bands import is_jump
from bot.rules.lab_results import Judged, judge
from bot.rules.lab_values import Reading, reading_of
from bot.rules.messages import Phrase
from bot.rules.participant import HoldReason, LabResult, Participant
from bot.rules.study import Analyte, Level, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class LabEntry:
    """`typed` as on the slip, `unit` if chosen beside it; `analyte` None: the leading count of the study.

    `confirmed`: what was held has been looked at and is right. `clumped`: the laboratory doubts the count.
    """

    subject: SubjectCode
    typed: str
    sampled_at: datetime
    unit: str | None = None
    analyte: str | None = None
    laboratory: str | None = None
    baseline: bool = False
    clumped: bool = False
    confirmed: bool = False


async def preview_lab(desk: Desk, *, entry: LabEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What saving this would change; writes nothing. Raises as `record_lab`, but never `Held`."""
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_LAB, auth=auth, writing=False) as chart:
        _, _, found = await weigh_lab(chart, entry)
        return found


async def record_lab(desk: Desk, *, entry: LabEntry, by: StaffCode, auth: AuthMethod) -> LabResult:
    """Stores a result and does what it calls for.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: sampled in the future or before consent; the same result again; no value (`refusal.value_…`).
        AskWhich: the value could be either of two.
        Held: converted, odd or implausible, and not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_LAB, auth=auth) as chart:
        return await record_lab_in(chart, entry)


async def record_lab_in(chart: Chart, entry: LabEntry) -> LabResult:
    """As `record_lab`, on a chart that is open."""
    result, judged, found = await weigh_lab(chart, entry)
    confirmed(found, by_person=entry.confirmed)
    await store_result(chart.uow, result, chart.actor)
    await act_on_result(chart.uow, chart.desk, chart.participant, result, judged)
    await chart.settle()
    return result


async def weigh_lab(chart: Chart, entry: LabEntry) -> tuple[LabResult, Judged, Effects]:
    """The result as it would be stored, how it is judged, and what it changes."""
    analyte = analyte_named(chart.desk, entry.analyte)
    reading = reading_of(analyte, entry.typed, entry.unit)
    check_sample_time(chart.participant, entry.sampled_at, chart.now)
    result = LabResult(
        id=new_id(),
        subject_code=entry.subject,
        analyte=analyte.code,
        value=reading.value,
        as_entered=reading.as_entered,
        sampled_at=entry.sampled_at,
        verified=True,
        baseline=entry.baseline,
        recorded_by=chart.staff.code,
        recorded_at=chart.now,
        by_command_line=chart.actor.auth is AuthMethod.COMMAND_LINE,
        clumped=entry.clumped,
        laboratory=entry.laboratory,
    )
    odd = [one async for one in oddities(chart, result)]
    judged, found = weigh_result(chart, result, (*doubts_of(analyte, reading), *odd))
    return result, judged, found


def weigh_result(
    chart: Chart, result: LabResult, asks: tuple[Phrase, ...] = (), *, instead_of: str = ""
) -> tuple[Judged, Effects]:
    """How a result is judged and what it changes; `instead_of` names the one it replaces."""
    kept = tuple(lab for lab in chart.course.labs if lab.id != instead_of)
    after = replace(chart.course, labs=(*kept, result))
    judged = judge(chart.desk.study, after, result)
    analyte = chart.desk.study.labs.analyte(result.analyte)
    notes = [phrase("operator.effect.result", analyte=analyte.name, value=result.value, unit=analyte.unit)]
    notes += [phrase(f"operator.reason.{reason.value.lower()}") for reason in judged.reasons]
    if judged.holds:
        notes.append(phrase("operator.effect.hold"))
    return judged, chart.weigh(after, level=judged.level, asks=asks, notes=tuple(notes))


async def store_result(uow: UnitOfWork, result: LabResult, by: Actor, reason: str | None = None) -> None:
    """The result and its entry in the trail."""
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
        reason=reason,
    )


async def act_on_result(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    result: LabResult,
    judged: Judged,
    *,
    about: str = "staff.story.result",
) -> Case | None:
    """A case with every reason, a hold where the count is very high, the question whether it is serious.

    Gives the case, or None where the result calls for nobody.
    """
    if judged.holds:
        await hold_in(uow, desk, participant, HoldReason.HIGH_COUNT, note=result.as_entered)
    if judged.level <= Level.NONE:
        return None
    case = await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.LAB,
        level=judged.level,
        about=about,
        lab_id=result.id,
        acknowledge_within=judged.acknowledge_within,
        also=judged.also,
    )
    for reason in judged.reasons:
        note = f"staff.story.lab_{reason.value.lower()}"
        await uow.cases.add_event(case.id, "ABOUT", desk.now(), "system", note)
    if result.verified:
        limit = desk.study.sae.count_at_or_above
        high = limit is not None and result.analyte == desk.study.labs.lead and result.value >= limit
        causes = sae.causes_of(desk.study.sae, count_is_high=high, result_reasons=judged.reasons)
        await note_potential_sae(uow, desk, participant, causes, case_id=case.id, aware_at=desk.now())
    return case


async def store_baseline(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    value: Decimal,
    sampled_at: datetime | None,
    by: Actor,
) -> None:
    """The baseline count given at enrolment; without its time it stays an open item."""
    analyte = analyte_named(desk, None)
    if not 0 < value <= analyte.plausible_max:
        raise Refusal(
            "refusal.value_impossible", typed=str(value), most=analyte.plausible_max, unit=analyte.unit
        )
    result = LabResult(
        id=new_id(),
        subject_code=participant.subject_code,
        analyte=analyte.code,
        value=value,
        as_entered=f"{value} {analyte.unit}",
        sampled_at=sampled_at,
        verified=True,
        baseline=True,
        recorded_by=by.code,
        recorded_at=desk.now(),
        by_command_line=by.auth is AuthMethod.COMMAND_LINE,
    )
    await store_result(uow, result, by)


def analyte_named(desk: Desk, code: str | None) -> Analyte:
    """The analyte of this code, in any case of letters; the leading count for None.

    Raises:
        Refusal: the study does not use it.
    """
    wanted = (code or desk.study.labs.lead).lower()
    for analyte in desk.study.labs.analytes:
        if wanted in (analyte.code.lower(), analyte.name.en.lower(), analyte.name.zh):
            return analyte
    known = ", ".join(one.code for one in desk.study.labs.analytes)
    raise Refusal("refusal.no_such_analyte", analyte=code or "", known=known)


def check_sample_time(participant: Participant, sampled_at: datetime, now: datetime) -> None:
    """A sample was taken in the past and not before consent, by the calendar on her wall.

    Raises:
        Refusal: it was not.
    """
    if sampled_at > now:
        raise Refusal("refusal.in_future")
    if local_day(sampled_at, participant.time_zone) < participant.consent_signed_on:
        raise Refusal("refusal.before_consent")


def doubts_of(analyte: Analyte, reading: Reading) -> list[Phrase]:
    """What was made of the digits, shown back."""
    return [
        phrase(
            f"operator.ask.{doubt.value.lower()}",
            typed=reading.as_entered,
            value=reading.value,
            unit=analyte.unit,
        )
        for doubt in reading.doubts
    ]


async def oddities(chart: Chart, result: LabResult) -> AsyncIterator[Phrase]:
    """What a person must look at twice before this result counts.

    Raises:
        Refusal: the very same result stands already.
    """
    known = [lab for lab in chart.course.labs if lab.analyte == result.analyte and lab.id != result.corrects]
    for lab in known:
        if lab.sampled_at == result.sampled_at and lab.value == result.value:
            raise Refusal("refusal.same_sample_time")
        if lab.sampled_at == result.sampled_at:
            yield phrase("operator.ask.same_time", value=lab.value, at=lab.sampled_at)
    timed = [lab for lab in known if lab.verified and lab.sampled_at is not None]
    if timed and is_jump(chart.desk.study, timed[-1].value, result.value):
        yield phrase("operator.ask.jump", before=timed[-1].value, value=result.value)
    for twin in await chart.uow.labs.twins(result):
        yield phrase("operator.ask.twin", subject=twin)
