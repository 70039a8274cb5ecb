"""Platelet bands: what a count means for the context rules, and what a new result calls for.

Two tables of the study file, never one for the other: the *context bands* (P0 … P5) colour every symptom,
the *result bands* give the level of a new result. Bands are half-open and compared as decimals: 49.9 is in
20-<50, 50.0 in 50-<100. What is shown is rounded half-up to one decimal, for display only.

Worked case: last count 38, drawn 6 days ago, valid for 4 days: stale, so the worse of its band (P2) and the
band of the unknown (P2) counts. With 120 it would be P2 as well, with 8 it would stay P0.

Source: specification 1.6 (results), 2.5 (bands, unknown, stale), 1.4 SCH-2 (the stop rule); registry F5.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot.rules.participant import Dose, DoseKind, LabResult
from bot.rules.study import Band, LabRules, Level, Role, Study


def holds(band: Band, value: Decimal) -> bool:
    """The value is in the band: its lower bound included, its upper bound not."""
    reaches = band.at_or_above is None or value >= band.at_or_above
    return reaches and (band.below is None or value < band.below)


def band_of(rules: LabRules, value: Decimal) -> Band:
    """The context band of a count in 10⁹/L, whatever its age.

    Raises:
        ValueError: the bands of the study leave a gap there.
    """
    for band in rules.context_bands:
        if holds(band, value):
            return band
    raise ValueError(f"no platelet band holds {value}")


def band_now(rules: LabRules, value: Decimal | None, age: timedelta | None, valid_days: int) -> str:
    """The name of the band that counts for a verified count of this age.

    Unknown counts as `unknown_band`; older than `valid_days` (exactly that old is still valid) or of
    unknown age, the worse of its own band and the unknown. Source: specification 2.5.
    """
    if value is None:
        return rules.unknown_band
    own = band_of(rules, value).name
    if age is not None and age <= timedelta(days=valid_days):
        return own
    return worse(rules, own, rules.unknown_band)


def worse(rules: LabRules, one: str, other: str) -> str:
    """The lower of two bands."""
    order = [band.name for band in rules.context_bands]
    return min(one, other, key=order.index)


def is_highest(rules: LabRules, value: Decimal) -> bool:
    """In the highest band of the study: clotting is the worry, not bleeding. Source: specification 2.5."""
    return holds(rules.context_bands[-1], value)


def result_band(study: Study, value: Decimal, analyte: str | None = None) -> Band | None:
    """The row of the result table for a new value, worst level if several hold; None where no row speaks.

    Of the leading count unless another analyte is named.
    """
    bands = study.labs.analyte(analyte or study.labs.lead).bands
    held = [band for band in bands if holds(band, value)]
    return max(held, key=lambda band: band.level, default=None)


def level_of_result(study: Study, value: Decimal, analyte: str | None = None) -> Level:
    """How soon a human must look at a new value, verified or not. Source: specification 1.6; decisions."""
    band = result_band(study, value, analyte)
    return band.level if band else Level.NONE


def acknowledge_within(study: Study, value: Decimal, analyte: str | None = None) -> timedelta | None:
    """How long the first acknowledgement of this result may take, where its row sets its own limit."""
    band = result_band(study, value, analyte)
    return band.acknowledge_within if band else None


def also_told(study: Study, value: Decimal, analyte: str | None = None) -> tuple[Role, ...]:
    """Who has a copy of the first alert of this result beside those whom the chain calls. Source: 1.6."""
    band = result_band(study, value, analyte)
    return band.also if band else ()


def stops_dosing(
    study: Study,
    result: LabResult,
    doses: Sequence[Dose],
    *,
    transfused_at: datetime | None = None,
    beside: Sequence[LabResult] = (),
) -> bool:
    """Whether this result ends treatment: at or above the stop value, verified, sampled after dose 1.

    Not a result on platelets within the wash-out after a platelet transfusion at `transfused_at`, nor one
    that another count of the same sample time (`beside`) contradicts: a person looks first. Source:
    registry F5; specification 1.4 SCH-2, SCH-4, and 1.6.
    """
    rule = study.stop
    given = [dose.given_at for dose in doses if dose.kind is DoseKind.TREATMENT and dose.voided_at is None]
    if (
        result.analyte != rule.analyte
        or result.voided_at is not None
        or result.sampled_at is None
        or not given
    ):
        return False
    if result.clumped or (rule.requires_verified and (not result.verified or result.unit_unconfirmed)):
        return False
    if transfused_at is not None and within_washout(study, transfused_at, result.sampled_at):
        return False
    return (
        result.value >= rule.at_or_above
        and result.sampled_at > min(given)
        and not any(contradicts(study, other, result) for other in beside if other.verified)
    )


def within_washout(study: Study, transfused_at: datetime, sampled_at: datetime) -> bool:
    """The sample was taken so soon after a transfusion that a high count may be the donor's."""
    since = sampled_at - transfused_at
    return timedelta(0) <= since < timedelta(days=study.stop.transfusion_washout_days)


def contradicts(study: Study, other: LabResult, result: LabResult) -> bool:
    """Both cannot be true: two values of one sample time, or too many times the other within a day.

    Source: specification 1.6 (contradictory results).
    """
    same = other.id != result.id and other.analyte == result.analyte and other.voided_at is None
    if not same or other.sampled_at is None or result.sampled_at is None or other.value == result.value:
        return False
    if other.sampled_at == result.sampled_at:
        return True
    rules = study.labs.trends
    near = abs(other.sampled_at - result.sampled_at) <= rules.jump_within
    return near and is_jump(study, other.value, result.value)


def is_jump(study: Study, one: Decimal, other: Decimal) -> bool:
    """One is more than so many times the other: exactly five-fold is not."""
    return max(one, other) > study.labs.trends.jump_times * min(one, other)


def shown(value: Decimal) -> str:
    """A count as it is shown: at most one decimal, rounded half-up, no trailing zero.

    >>> shown(Decimal("37.95")), shown(Decimal("86.0"))
    ('38', '86')
    """
    rounded = value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return f"{rounded:f}".removesuffix(".0")
