"""One matter, one case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.rules.case import Case, CaseId, CaseKind, Outcome
from bot.rules.matters import How, Matter, belongs
from bot.rules.study import Chain, ChainHours, Level, SiteCode, StaffCode
from tests.cast import MORNING, participant

NOSE = frozenset({"BLD_NOSE"})
HOUR = timedelta(hours=1)
TJ = SiteCode("TJ")


def case(level: Level = Level.SAME_DAY, opened_at: datetime = MORNING) -> Case:
    her = participant()
    chain = Chain(
        level=level,
        hours=ChainHours.ALWAYS,
        acknowledge_within=HOUR,
        contact_within=2 * HOUR,
        steps=(),
        patient_steps=(),
        repeat_every=HOUR,
        repeat_each_working_morning=False,
    )
    return Case(
        id=CaseId(f"case-{level.name}-{opened_at:%H%M}"),
        subject_code=her.subject_code,
        site_code=her.site_code,
        kind=CaseKind.REPORT,
        level=level,
        opened_at=opened_at,
        rung_from=opened_at,
        chain=chain,
        steps_done=0,
        patient_steps_done=0,
        next_step_at=opened_at,
    )


def closed(one: Case, at: datetime) -> Case:
    return replace(one, closed_at=at, closed_by=StaffCode("SI1"), outcome=Outcome.ADVICE_GIVEN)


def taken(one: Case) -> Case:
    return replace(one, acknowledged_by=StaffCode("CA1"), acknowledged_at=MORNING)


@pytest.mark.parametrize(
    ("known", "level", "after", "how"),
    [
        (case(), Level.SAME_DAY, HOUR, How.JOIN),
        (case(), Level.ROUTINE, HOUR, How.JOIN),
        (taken(case()), Level.SAME_DAY, 9 * HOUR, How.JOIN),
        (case(), Level.SAME_DAY, 4 * HOUR - timedelta(seconds=1), How.JOIN),
        (case(), Level.SAME_DAY, 4 * HOUR, How.RING_ANEW),
        (case(), Level.URGENT, HOUR, How.RAISE),
        (taken(case()), Level.EMERGENCY, HOUR, How.RAISE),
        (closed(case(), MORNING), Level.ROUTINE, 24 * HOUR - timedelta(seconds=1), How.REOPEN),
        (closed(case(), MORNING), Level.EMERGENCY, 24 * HOUR, How.OWN),
    ],
)
def test_where_the_same_symptom_belongs(known: Case, level: Level, after: timedelta, how: How) -> None:
    assert belongs([Matter(known, NOSE)], TJ, NOSE, level, MORNING + after).how is how


def test_a_different_symptom_rings_on_its_own_and_so_does_one_more() -> None:
    known = [Matter(case(), NOSE)]
    assert belongs(known, TJ, frozenset({"AE_RASH"}), Level.ROUTINE, MORNING).how is How.OWN
    assert belongs(known, TJ, NOSE | {"AE_RASH"}, Level.SAME_DAY, MORNING).how is How.OWN


def test_what_names_no_symptom_stands_alone() -> None:
    assert belongs([Matter(case(), NOSE)], TJ, frozenset(), Level.SAME_DAY, MORNING).how is How.OWN


def test_a_case_of_the_site_she_has_left_is_not_joined() -> None:
    assert belongs([Matter(case(), NOSE)], SiteCode("WH"), NOSE, Level.URGENT, MORNING).how is How.OWN


def test_of_several_open_cases_the_worst_is_joined() -> None:
    mild, bad = case(Level.SAME_DAY), case(Level.URGENT, MORNING + HOUR)
    answer = belongs([Matter(bad, NOSE), Matter(mild, NOSE)], TJ, NOSE, Level.URGENT, MORNING + HOUR)
    assert (answer.how, answer.case) == (How.JOIN, bad)


def test_an_open_case_comes_before_a_closed_one() -> None:
    known = [Matter(closed(case(Level.URGENT), MORNING), NOSE), Matter(case(), NOSE)]
    assert belongs(known, TJ, NOSE, Level.SAME_DAY, MORNING + HOUR).how is How.JOIN
