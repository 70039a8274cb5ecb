"""The dose before therapy: the table, its draw, and what moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.rules.activities import ActivityStatus, Course, PlannedActivity
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, DoseKind, LabResult, Therapy
from bot.rules.prophylaxis import (
    candidates,
    candidates_told,
    interval_flag,
    interval_question,
    is_eligible,
    off_target,
)
from bot.rules.reminders import decide
from bot.rules.schedule import plan
from bot.rules.study import BaselineSource
from tests.rules.scenes import (
    CA1,
    DAY1,
    HERE,
    TJ_001,
    at,
    count,
    course,
    dose,
    on_day,
    participant,
    shown,
    study,
    table,
)

THERAPY_ON = "2026-04-20"


def therapy(starts: str = f"{THERAPY_ON} 10:00", number: int = 1, **facts: object) -> Therapy:
    known: dict[str, object] = {
        "id": f"therapy-{number}-{starts}",
        "subject_code": TJ_001,
        "number": number,
        "starts_at": at(starts),
        "what": "AC",
        "cytotoxic": True,
        "decided_by": CA1,
        "decided_at": at("2026-04-10 09:00"),
    }
    return Therapy(**{**known, **facts})  # type: ignore[arg-type]


def given(therapy_number: int, given_at: datetime) -> Dose:
    return replace(dose(1, given_at), id="p", kind=DoseKind.PROPHYLAXIS, therapy=therapy_number)


def baseline(value: str) -> LabResult:
    return count(value, on_day(1, "08:00"), baseline=True)


def planned(of: Course, key: str) -> PlannedActivity | None:
    return next((one for one in plan(study(), of) if one.key == key), None)


@pytest.mark.parametrize("row", table("prophylaxis"), ids=lambda row: row["why"])
def test_the_dose_is_due_as_the_table_says(row: dict[str, str]) -> None:
    labs = [baseline(row["baseline"])] if row["baseline"] else []
    one = therapy(
        f"{THERAPY_ON} {row['starts']}", ordered=bool(row["ordered"]), cancelled=bool(row["cancelled"])
    )
    doses = [dose(1, DAY1)]
    if row["given"]:
        doses.append(given(1, at(f"{THERAPY_ON} {row['given']}")))
    facts = course(
        doses=tuple(doses), labs=(*labs, count(row["last"], at("2026-04-18 08:00"))), therapies=(one,)
    )
    found = planned(facts, "prophylaxis-1")
    if row["due"] == "none":
        assert found is None
        return
    assert found is not None
    if row["due"] == "given":
        assert found.status is ActivityStatus.DONE
    elif row["due"] == "-":
        assert found.cancelled_because is not None
        assert found.cancelled_because.value == row["why"]
    else:
        assert found.is_open
        assert found.target_at.astimezone(HERE).strftime("%H:%M") == row["due"]
        assert found.target_at == one.starts_at - timedelta(hours=2)


def low(*more: Dose, **facts: object) -> Course:
    return course(doses=(dose(1, DAY1), *more), labs=(baseline("38"),), **facts)


def test_its_draw_stands_the_day_before_and_counts_three_days_back() -> None:
    draw = planned(low(therapies=(therapy(),)), "draw-P1")
    assert draw is not None
    days = (draw.target_at.astimezone(HERE).date(), draw.window.first, draw.window.last)
    assert [day.isoformat() for day in days] == ["2026-04-19", "2026-04-17", "2026-04-20"]


def test_a_week_after_the_dose_before_a_therapy_blood_is_drawn_once_more() -> None:
    """Given on 20 April: due on the 27th, from the 25th to the 29th; not before it was given."""
    assert planned(low(therapies=(therapy(),)), "draw-P1-after") is None
    facts = low(given(1, at(f"{THERAPY_ON} 08:00")), therapies=(therapy(),))
    draw = planned(facts, "draw-P1-after")
    assert draw is not None
    days = (draw.target_at.astimezone(HERE).date(), draw.window.first, draw.window.last)
    assert [day.isoformat() for day in days] == ["2026-04-27", "2026-04-25", "2026-04-29"]
    taken = replace(facts, labs=(*facts.labs, count("140", at("2026-04-28 08:30"))))
    assert planned(taken, "draw-P1-after") == replace(
        draw, status=ActivityStatus.DONE, done_at=at("2026-04-28 08:30")
    )
    cancelled = low(given(1, at(f"{THERAPY_ON} 08:00")), therapies=(therapy(cancelled=True),))
    assert planned(cancelled, "draw-P1-after") is not None, "the dose was given all the same"


def test_a_draw_of_the_calendar_near_that_day_serves_for_it_too() -> None:
    facts = low(given(1, at("2026-04-13 08:00")), therapies=(therapy("2026-04-13 10:00"),))
    assert planned(facts, "draw-F3") is not None
    assert planned(facts, "draw-P1-after") is None


def test_a_draw_of_the_calendar_within_those_days_serves_for_both() -> None:
    # F3 falls on day 50, 21 April, without the therapy: here the therapy is on the day after F2.
    facts = low(therapies=(therapy("2026-03-18 10:00"),))
    assert planned(facts, "draw-P1") is None


def test_a_move_of_the_infusion_moves_the_dose_and_the_newest_decision_counts() -> None:
    moved = therapy(f"{THERAPY_ON} 14:00", id="later", decided_at=at("2026-04-11 09:00"))
    facts = Course.of(
        participant(), doses=(dose(1, DAY1),), labs=(baseline("38"),), therapies=(moved, therapy())
    )
    one = planned(facts, "prophylaxis-1")
    assert one is not None
    assert one.target_at == at(f"{THERAPY_ON} 12:00")


def test_never_a_second_dose_after_one_was_given_however_the_therapy_moves() -> None:
    moved = therapy("2026-04-27 10:00")
    facts = low(given(1, at(f"{THERAPY_ON} 08:00")), therapies=(moved,))
    one = planned(facts, "prophylaxis-1")
    assert one is not None
    assert one.status is ActivityStatus.DONE


def test_every_therapy_has_a_dose_of_its_own_and_none_counts_among_the_four() -> None:
    second = therapy("2026-05-11 10:00", number=2)
    facts = low(given(1, at(f"{THERAPY_ON} 08:00")), therapies=(therapy(), second))
    assert planned(facts, "prophylaxis-2") is not None
    assert [one.key for one in plan(study(), facts) if one.key == "injection-2" and one.is_open]


def test_only_the_first_therapy_where_the_study_says_so() -> None:
    rules = study().prophylaxis
    assert rules is not None
    once = replace(study(), prophylaxis=replace(rules, each_cycle=False))
    facts = low(therapies=(therapy(), therapy("2026-05-11 10:00", number=2)))
    keys = {one.key for one in plan(once, facts)}
    assert "prophylaxis-1" in keys
    assert "prophylaxis-2" not in keys


def test_a_therapy_close_to_a_weekly_dose_is_questioned() -> None:
    facts = low(therapies=())
    assert interval_question(study(), facts, therapy("2026-03-07 10:00")) == 4
    assert interval_question(study(), facts, therapy("2026-03-08 10:00")) is None


@pytest.mark.parametrize(("minutes", "flagged"), [(89, True), (90, False), (180, False), (181, True)])
def test_the_actual_interval_is_flagged_outside_what_is_expected(minutes: int, flagged: bool) -> None:
    rules = study().prophylaxis
    assert rules is not None
    infusion = at(f"{THERAPY_ON} 10:00")
    found = interval_flag(rules, infusion - timedelta(minutes=minutes), infusion)
    assert (found is not None) is flagged


@pytest.mark.parametrize(("clock", "off"), [("07:29", -31), ("07:30", None), ("08:30", None), ("08:31", 31)])
def test_a_dose_further_from_its_hour_than_tolerated_is_flagged(clock: str, off: int | None) -> None:
    """Due at 08:00 for a therapy at 10:00, give or take half an hour; both edges are in time."""
    rules = study().prophylaxis
    assert rules is not None
    found = off_target(rules, at(f"{THERAPY_ON} {clock}"), at(f"{THERAPY_ON} 10:00"))
    assert found == (None if off is None else timedelta(minutes=off))


def test_both_candidate_counts_are_kept_apart() -> None:
    facts = low(therapies=())
    one = therapy(count_before=Decimal(70))
    found = candidates(study(), facts, one)
    assert (found.study_baseline, found.before_therapy) == (Decimal(38), Decimal(70))
    assert is_eligible(study(), facts, one)


@pytest.mark.parametrize(
    ("source", "base", "before", "eligible"),
    [
        (BaselineSource.STUDY_BASELINE, "38", Decimal(70), True),
        (BaselineSource.STUDY_BASELINE, "70", Decimal(38), False),
        (BaselineSource.PRE_ANTITUMOUR, "38", Decimal(70), False),
        (BaselineSource.PRE_ANTITUMOUR, "70", Decimal("49.9"), True),
        (BaselineSource.PRE_ANTITUMOUR, "38", Decimal("50.0"), False),
        (BaselineSource.PRE_ANTITUMOUR, "38", None, False),
    ],
)
def test_the_baseline_that_counts_is_the_one_the_study_file_names(
    source: BaselineSource, base: str, before: Decimal | None, eligible: bool
) -> None:
    rules = study().prophylaxis
    assert rules is not None
    other = replace(study(), prophylaxis=replace(rules, baseline_source=source))
    one = therapy(count_before=before)
    facts = course(labs=(baseline(base),), doses=(dose(1, DAY1),), therapies=(one,))
    assert is_eligible(other, facts, one) is eligible
    assert ("prophylaxis-1" in {planned.key for planned in plan(other, facts)}) is eligible
    told = candidates_told(other, facts, one).values["which"]
    assert told == Phrase(key=f"operator.baseline.{source.value.lower()}")


@pytest.mark.parametrize(
    ("value", "ordered", "told"),
    [("99.9", False, "eligible"), ("100", False, "eligible_but_high"), ("100", True, "eligible")],
)
def test_a_dose_withheld_for_a_high_count_is_not_told_as_planned(
    value: str, ordered: bool, told: str
) -> None:
    last = count(value, at("2026-04-15 08:00"))
    facts = course(labs=(baseline("38"), last), doses=(dose(1, DAY1),), therapies=())
    found = candidates_told(study(), facts, therapy(ordered=ordered)).values["outcome"]
    assert isinstance(found, Phrase)
    assert found.key == f"operator.effect.{told}"


def heard_by_staff(of: Course, *, held: bool = False) -> list[str]:
    """What those who give the dose hear on the day, when the timer is always on time."""
    her, known, heard = participant(), set[str](), []
    now = at("2026-04-19 12:00")
    while now < at("2026-04-22 00:00"):
        seen = decide(study(), her, of, now, known=known, held=held)
        heard += [f"{shown(now)} {'due' if one.now_due else 'soon'}" for one in seen.for_staff]
        known |= {one.key for one in seen.for_staff} | {one.key for one in seen.check_ins}
        known |= {one.key for one in seen.reminders} | {one.key for one in seen.notices}
        if seen.next_look_at is None:
            break
        now = seen.next_look_at
    return heard


@pytest.mark.parametrize("row", table("prophylaxis_staff"), ids=lambda row: row["why"])
def test_staff_are_reminded_as_the_table_says(row: dict[str, str]) -> None:
    one = therapy(f"{THERAPY_ON} {row['starts']}", cancelled=bool(row["cancelled"]))
    doses = [given(1, at(f"{THERAPY_ON} {row['given']}"))] if row["given"] else []
    last = (count(row["last"], at("2026-04-18 08:00")),) if row["last"] else ()
    facts = course(doses=(dose(1, DAY1), *doses), labs=(baseline("38"), *last), therapies=(one,))
    expected = [f"2026-04-{told.strip()}" for told in row["told"].split("·") if told.strip() != "-"]
    assert heard_by_staff(facts, held=bool(row["held"])) == expected


def test_after_an_outage_staff_hear_what_is_still_in_time_once() -> None:
    facts = low(therapies=(therapy(),))
    back = at(f"{THERAPY_ON} 08:29")
    seen = decide(study(), participant(next_look_at=at(f"{THERAPY_ON} 07:00")), facts, back)
    assert [one.now_due for one in seen.for_staff] == [True]
    assert [one.key.split(":")[3] for one in seen.missed if one.key.startswith("staff")] == ["soon"]
    over = decide(
        study(), participant(next_look_at=at(f"{THERAPY_ON} 07:00")), facts, at(f"{THERAPY_ON} 08:30")
    )
    assert over.for_staff == (), "no later than its hour and what is tolerated (specification 7.1, 7)"
