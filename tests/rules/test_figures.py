"""How alerting goes, counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.case import Outcome
from bot.rules.figures import Alert, by_level, by_rule, weeks
from bot.rules.study import Level, SiteCode
from tests.cast import MORNING

TJ = SiteCode("TJ")


def alert(
    minutes: int | None,
    outcome: Outcome | None = None,
    *,
    level: Level = Level.URGENT,
    contact: int | None = None,
    rules: tuple[str, ...] = (),
) -> Alert:
    def at(later: int | None) -> datetime | None:
        return None if later is None else MORNING + timedelta(minutes=later)

    return Alert(
        site=TJ,
        month="2026-03",
        level=level,
        opened_at=MORNING,
        acknowledged_at=at(minutes),
        in_time=minutes is not None and minutes <= 30,
        contacted_at=at(contact),
        outcome=outcome,
        rules=rules,
    )


def test_a_month_of_urgent_cases_is_counted() -> None:
    alerts = [
        alert(5, Outcome.VISIT_TODAY, contact=20),
        alert(10, Outcome.FALSE_ALARM, contact=40),
        alert(45, Outcome.ADVICE_GIVEN),
        alert(None),
    ]
    (line,) = by_level(alerts, {(TJ, "2026-03"): 8.0})
    assert (line.alerts, line.acknowledged, line.in_time, line.closed) == (4, 3, 2, 3)
    assert (line.per_patient_week, line.in_time_share) == (0.5, 0.5)
    assert (line.median_minutes_to_acknowledge, line.median_minutes_to_contact) == (10.0, 30.0)
    assert (line.led_to_action, line.action_share, line.false_alarms) == (2, 0.667, 1)


def test_the_highest_level_comes_first_and_nothing_is_divided_by_nothing() -> None:
    high, low = by_level([alert(None), alert(None, level=Level.EMERGENCY)], {})
    assert (high.level, low.level) == (Level.EMERGENCY, Level.URGENT)
    assert (low.per_patient_week, low.action_share, low.median_minutes_to_contact) == (None, None, None)


def test_false_alarms_are_counted_by_rule_over_closed_cases_only() -> None:
    alerts = [
        alert(1, Outcome.FALSE_ALARM, rules=("CX-14", "CX-14")),
        alert(1, Outcome.ADMITTED, rules=("CX-14", "RF-2")),
        alert(1, rules=("CX-14",)),
    ]
    assert [(one.rule, one.false_alarms, one.closed) for one in by_rule(alerts)] == [
        ("CX-14", 1, 2),
        ("RF-2", 0, 1),
    ]


def test_weeks_run_forward_only() -> None:
    assert weeks(MORNING, MORNING + timedelta(days=7)) == 1.0
    assert weeks(MORNING, MORNING - timedelta(days=7)) == 0.0
