"""How alerting goes at a site: how many, how fast, to what end, which rules cry wolf. By month and level.

Worked case: March, 40 patient-weeks, 8 URGENT cases, 7 taken within 30 minutes: 0.20 a patient-week, 88 % in
time. Two of the 5 that are closed were false alarms, both opened by CX-14, which stood behind 3 of them.

A case counts in the month in which it opened, at the level it reached. Taken and contacted count from its
opening, or from when it last became worse or was told anew, to the first time each. Led to action: closed
with anything but *false alarm*, *duplicate*, *unreachable* and *answered by herself*. A case counts at the
site it was handled at, a week at the site she was at, though she may have gone on elsewhere since.
For comparison: 34 % of PRO-TECT surveys alerted and 59 % of alerts led to action; 43.7 % in PROMPT-Care.
Source: specification 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from bot.rules.case import Outcome
from bot.rules.study import Level, SiteCode

NO_ACTION: Final = frozenset({Outcome.FALSE_ALARM, Outcome.DUPLICATE, Outcome.UNREACHABLE, Outcome.ANSWERED})
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A case as the figures see it: `month` as `2026-03` at the site, `rules` as ids such as CX-14, RF-2.

    `opened_at`: from when its times count; later than its opening where it became worse or was told anew.
    """

    site: SiteCode
    month: str
    level: Level
    opened_at: datetime
    acknowledged_at: datetime | None
    in_time: bool
    contacted_at: datetime | None
    outcome: Outcome | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFigures:
    """One site, month and level. A share is None where nothing is to be counted."""

    site: SiteCode
    month: str
    level: Level
    alerts: int
    patient_weeks: float
    per_patient_week: float | None
    acknowledged: int
    in_time: int
    in_time_share: float | None
    median_minutes_to_acknowledge: float | None
    median_minutes_to_contact: float | None
    closed: int
    led_to_action: int
    action_share: float | None
    false_alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """How often a rule stood behind a closed case of a site and month, and how often it was a false alarm."""

    site: SiteCode
    month: str
    rule: str
    closed: int
    false_alarms: int


def by_level(
    alerts: Sequence[Alert], patient_weeks: Mapping[tuple[SiteCode, str], float]
) -> tuple[LevelFigures, ...]:
    """A line for every site, month and level with an alert, by site, month, then the highest level first."""
    groups: dict[tuple[SiteCode, str, Level], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.site, alert.month, alert.level), []).append(alert)
    ordered = sorted(groups, key=lambda key: (key[0], key[1], -key[2]))
    return tuple(_figures(key, groups[key], patient_weeks.get((key[0], key[1]), 0.0)) for key in ordered)


def by_rule(alerts: Sequence[Alert]) -> tuple[RuleFigures, ...]:
    """Closed cases by the rules behind them, the most false alarms first."""
    closed: dict[tuple[SiteCode, str, str], list[Alert]] = {}
    for alert in alerts:
        for rule in dict.fromkeys(alert.rules) if alert.outcome is not None else ():
            closed.setdefault((alert.site, alert.month, rule), []).append(alert)
    lines = [
        RuleFigures(
            site=site,
            month=month,
            rule=rule,
            closed=len(group),
            false_alarms=sum(one.outcome is Outcome.FALSE_ALARM for one in group),
        )
        for (site, month, rule), group in closed.items()
    ]
    return tuple(sorted(lines, key=lambda one: (one.site, one.month, -one.false_alarms, one.rule)))


def weeks(since: datetime, until: datetime) -> float:
    """Weeks between two moments; none where the end comes first."""
    return max(until - since, timedelta()) / _WEEK


def _figures(key: tuple[SiteCode, str, Level], group: Sequence[Alert], patient_weeks: float) -> LevelFigures:
    closed = [one for one in group if one.outcome is not None]
    acted = sum(one.outcome not in NO_ACTION for one in closed)
    in_time = sum(one.in_time for one in group)
    return LevelFigures(
        site=key[0],
        month=key[1],
        level=key[2],
        alerts=len(group),
        patient_weeks=round(patient_weeks, 2),
        per_patient_week=_share(len(group), patient_weeks),
        acknowledged=sum(one.acknowledged_at is not None for one in group),
        in_time=in_time,
        in_time_share=_share(in_time, len(group)),
        median_minutes_to_acknowledge=_median([(one.opened_at, one.acknowledged_at) for one in group]),
        median_minutes_to_contact=_median([(one.opened_at, one.contacted_at) for one in group]),
        closed=len(closed),
        led_to_action=acted,
        action_share=_share(acted, len(closed)),
        false_alarms=sum(one.outcome is Outcome.FALSE_ALARM for one in closed),
    )


def _share(part: int, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def _median(spans: Sequence[tuple[datetime, datetime | None]]) -> float | None:
    minutes = [(end - start).total_seconds() / 60 for start, end in spans if end is not None]
    return round(median(minutes), 1) if minutes else None
