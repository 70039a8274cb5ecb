"""Response after two weeks, in both readings of the registry, with and without a transfusion's wash-out.

*At* the endpoint counts the verified count sampled nearest to the day of the endpoint draw, inside its window
and before the dose of that day. *By* the endpoint counts any verified count at or above the limit from a
sample after dose 1 and no later than that window. Missing is missing: no earlier and no later count ever
stands in for it.

Worked case, endpoint on day 15 (14 to 16), limit 100: 102 on day 11 and no draw on days 14 to 16: the count
at the endpoint is missing, the response at it unknown, the response by it yes. With platelets transfused on
day 9, the 102 does not count in the reading with wash-out: no, if another count stands, else unknown.

Source: registry F8; specification 1.1 (O1), 1.12.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.rules.activities import Course, Window
from bot.rules.lab_bands import within_washout
from bot.rules.participant import LabResult
from bot.rules.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of the endpoint. None is missing, or not yet to be known."""

    count: Decimal | None
    sampled_at: datetime | None
    responded_at: bool | None
    responded_by: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """`due`: the window is over, so what is missing stays missing. `day` is the study day, such as 15.

    `washed_out` leaves out counts within the wash-out after a platelet transfusion.
    """

    day: int
    due: bool
    all_counts: Reading
    washed_out: Reading
    first_response_at: datetime | None
    lowest: Decimal | None
    doses_given: int
    transfusions: int

    def reading(self, name: ReadingName) -> Reading:
        return self.all_counts if name is ReadingName.ALL else self.washed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many; `missing` had no count in the window. The share is of those with one."""

    responded: int
    known: int
    missing: int


class ReadingName(StrEnum):
    """With every count, or without those within the wash-out after a platelet transfusion."""

    ALL = "ALL"
    WASHED_OUT = "WASHED_OUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReading:
    """The endpoint of a site in one reading. `treated` had dose 1; of `due` of them the window is over.

    `at` and `by` are of those that are due: whoever is still on the way counts as neither yes nor missing.
    """

    reading: ReadingName
    treated: int
    due: int
    at: Share
    by: Share


def of_site(found: Sequence[Endpoints]) -> tuple[SiteReading, ...]:
    """Both readings over the participants of a site (or of the trial) who had dose 1."""
    due = [one for one in found if one.due]
    return tuple(
        SiteReading(
            reading=name,
            treated=len(found),
            due=len(due),
            at=share(one.reading(name).responded_at for one in due),
            by=share(one.reading(name).responded_by for one in due),
        )
        for name in ReadingName
    )


def endpoints(study: Study, course: Course, now: datetime) -> Endpoints | None:
    """Everything the export needs of the endpoint; None before dose 1, or where the study has none."""
    rule = next((one for one in study.draws if one.endpoint), None)
    first = course.given().get(1)
    if rule is None or first is None:
        return None
    day1 = course.day_of(first.given_at)
    target = day1 + timedelta(days=rule.day - 1)
    window = Window.around(target, rule.window_early_days, rule.window_late_days)
    after = [
        lab
        for lab in course.counts(study.endpoint.analyte)
        if lab.sampled_at is not None and lab.sampled_at > first.given_at and not lab.clumped
    ]
    washed = [lab for lab in after if not _is_confounded(study, course, lab)]
    due = course.day_of(now) > window.last
    reached = [lab.sampled_at for lab in after if lab.value >= study.endpoint.at_or_above]
    return Endpoints(
        day=rule.day,
        due=due,
        all_counts=_reading(study, course, after, target, window, rule.before_dose, due=due),
        washed_out=_reading(study, course, washed, target, window, rule.before_dose, due=due),
        first_response_at=reached[0] if reached else None,
        lowest=min((lab.value for lab in after), default=None),
        doses_given=len(course.given()),
        transfusions=len(course.transfused_at),
    )


def share(readings: Iterable[bool | None]) -> Share:
    """How many responded, of a site or of the trial; missing is counted apart and never as a no."""
    known = list(readings)
    return Share(
        responded=sum(one is True for one in known),
        known=sum(one is not None for one in known),
        missing=sum(one is None for one in known),
    )


def _reading(
    study: Study,
    course: Course,
    counts: Sequence[LabResult],
    target: date,
    window: Window,
    before_dose: int | None,
    *,
    due: bool,
) -> Reading:
    limit = study.endpoint.at_or_above
    at = _nearest(course, counts, target, window, before_dose)
    by = [
        lab for lab in counts if lab.sampled_at is not None and course.day_of(lab.sampled_at) <= window.last
    ]
    reached = any(lab.value >= limit for lab in by)
    return Reading(
        count=at.value if at else None,
        sampled_at=at.sampled_at if at else None,
        responded_at=at.value >= limit if at else None,
        responded_by=True if reached else (False if by and due else None),
    )


def _nearest(
    course: Course, counts: Sequence[LabResult], target: date, window: Window, before_dose: int | None
) -> LabResult | None:
    """Inside the window, before the dose of that visit; of two equally near the earlier."""
    dose = course.given().get(before_dose) if before_dose else None
    inside = [
        lab
        for lab in counts
        if lab.sampled_at is not None
        and window.contains(course.day_of(lab.sampled_at))
        and (dose is None or lab.sampled_at <= dose.given_at)
    ]

    def distance(lab: LabResult) -> tuple[int, datetime]:
        if lab.sampled_at is None:
            raise ValueError("a count without a sample time has no place in time")
        return abs((course.day_of(lab.sampled_at) - target).days), lab.sampled_at

    return min(inside, key=distance, default=None)


def _is_confounded(study: Study, course: Course, lab: LabResult) -> bool:
    return lab.sampled_at is not None and any(
        within_washout(study, at, lab.sampled_at) for at in course.transfused_at if at <= lab.sampled_at
    )
