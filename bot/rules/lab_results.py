"""What a new result calls for: its band, what became of the course, whether dosing ends or waits.

Worked case: 120 on the 9th, 55 on the 13th of a month: the band of 55 asks for nobody, but it fell by more
than half within seven days and is under 75, so a person looks the same day.

Nothing lowers a level; reasons add up, the highest counts. Source: specification 1.4 (SCH-2 to SCH-5), 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bot.rules.activities import Course
from bot.rules.doses import last_given, responded_at
from bot.rules.lab_bands import acknowledge_within, also_told, contradicts, level_of_result, within_washout
from bot.rules.participant import LabResult
from bot.rules.study import Level, Role, Study


class ResultReason(StrEnum):
    """Why a result calls for a person; the words stand under `staff.story.lab_…`."""

    BAND = "BAND"
    FALL = "FALL"
    RISE = "RISE"
    REBOUND = "REBOUND"
    NO_RESPONSE = "NO_RESPONSE"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    CONTRADICTED = "CONTRADICTED"
    CONFOUNDED = "CONFOUNDED"
    HIGH = "HIGH"
    STATED_HIGH = "STATED_HIGH"
    CLUMPED = "CLUMPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`reasons` with their levels, worst first. `holds`: every dose waits for a person from now on.

    `acknowledge_within`: the limit of the band, where the band alone gives the level. `also`: who has a copy
    of the first alert.
    """

    level: Level
    reasons: tuple[ResultReason, ...]
    holds: bool = False
    acknowledge_within: timedelta | None = None
    also: tuple[Role, ...] = ()


def judge(study: Study, course: Course, result: LabResult) -> Judged:
    """`course` holds the other facts; whether `result` is among its results already does not matter."""
    found = list(_reasons(study, course, result))
    ordered = sorted(found, key=lambda one: one[1], reverse=True)
    limit = study.labs.trends.hold_at_or_above
    high = limit is not None and _is_lead(study, result) and result.value >= limit
    level = max((level for _, level in found), default=Level.NONE)
    by_band = all(reason is ResultReason.BAND for reason, reached in found if reached is level)
    return Judged(
        level=level,
        reasons=tuple(reason for reason, _ in ordered),
        holds=high and result.verified,
        acknowledge_within=acknowledge_within(study, result.value, result.analyte) if by_band else None,
        also=also_told(study, result.value, result.analyte),
    )


def confounded(study: Study, course: Course, result: LabResult) -> bool:
    """High enough to end dosing, but so soon after a transfusion that it does not. Source: SCH-4."""
    return (
        result.analyte == study.stop.analyte
        and result.value >= study.stop.at_or_above
        and result.sampled_at is not None
        and any(
            within_washout(study, transfused_at, result.sampled_at)
            for transfused_at in course.transfused_at
            if transfused_at <= result.sampled_at
        )
    )


def _reasons(study: Study, course: Course, result: LabResult) -> Iterator[tuple[ResultReason, Level]]:
    band = level_of_result(study, result.value, result.analyte)
    if band > Level.NONE:
        yield ResultReason.BAND, band
    if result.clumped:
        yield ResultReason.CLUMPED, Level.SAME_DAY
    if any(contradicts(study, other, result) for other in course.labs):
        yield ResultReason.CONTRADICTED, Level.SAME_DAY
    if not _is_lead(study, result):
        return
    if not result.verified:
        if result.value >= study.stop.at_or_above and course.given():
            yield ResultReason.STATED_HIGH, Level.SAME_DAY
        return
    yield from _trends(study, course, result)
    limit = study.labs.trends.hold_at_or_above
    if limit is not None and result.value >= limit:
        yield ResultReason.HIGH, Level.SAME_DAY
    if course.given() and confounded(study, course, result):
        yield ResultReason.CONFOUNDED, Level.SAME_DAY
    if result.baseline and result.value >= study.labs.trends.not_eligible_at_or_above:
        yield ResultReason.NOT_ELIGIBLE, Level.SAME_DAY


def _trends(study: Study, course: Course, result: LabResult) -> Iterator[tuple[ResultReason, Level]]:
    rules, before = study.labs.trends, _before(study, course, result)
    if before is not None and before.sampled_at is not None and result.sampled_at is not None:
        since = result.sampled_at - before.sampled_at
        kept = Decimal(100 - rules.fall_percent) / 100
        fell = since <= rules.fall_within and result.value <= before.value * kept
        if fell and result.value < rules.fall_only_below:
            yield ResultReason.FALL, rules.fall_level
        if since <= rules.rise_within and result.value - before.value >= rules.rise_by:
            yield ResultReason.RISE, rules.rise_level
    baseline = [lab.value for lab in course.counts(study.labs.lead) if lab.baseline and lab.id != result.id]
    if baseline and result.value < baseline[-1] and _dosing_over(study, course, result):
        yield ResultReason.REBOUND, rules.rebound_level
    if result.value < study.stop.at_or_above and _is_last_of_treatment(study, course, result):
        yield ResultReason.NO_RESPONSE, rules.no_response_level


def _before(study: Study, course: Course, result: LabResult) -> LabResult | None:
    """The verified count sampled last before this one."""
    if result.sampled_at is None:
        return None
    earlier = [
        lab
        for lab in course.counts(study.labs.lead)
        if lab.id != result.id and lab.sampled_at is not None and lab.sampled_at < result.sampled_at
    ]
    return earlier[-1] if earlier else None


def _dosing_over(study: Study, course: Course, result: LabResult) -> bool:
    """No dose was due any more when this sample was taken, and there had been one."""
    last, sampled_at = last_given(course), result.sampled_at
    if last is None or sampled_at is None or sampled_at <= last.given_at:
        return False
    stopped = responded_at(study, course), course.treatment_stopped_at
    all_given = len(course.given()) >= study.doses.max_doses
    return all_given or any(at is not None and at < sampled_at for at in stopped)


def _is_last_of_treatment(study: Study, course: Course, result: LabResult) -> bool:
    """The sample falls into the window of the draw that ends treatment."""
    rule = next((one for one in study.draws if one.code == study.labs.trends.no_response_draw), None)
    first = course.given().get(1)
    if rule is None or first is None or result.sampled_at is None:
        return False
    day = (course.day_of(result.sampled_at) - course.day_of(first.given_at)).days + 1
    return rule.day - rule.window_early_days <= day <= rule.day + rule.window_late_days


def _is_lead(study: Study, result: LabResult) -> bool:
    return result.analyte == study.labs.lead
