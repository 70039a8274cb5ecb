from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calendar_file import calendar_file
from bot.rules.activities import (
    ActivityKind,
    ActivityStatus,
    CancelReason,
    ChangeReason,
    Course,
    PlannedActivity,
)
from bot.rules.errors import Refusal
from bot.rules.participant import Dose, LabResult, ParticipantState, StatedWhat
from bot.rules.schedule import check_move, plan, preview, responded_at, study_day, visits
from tests.rules.scenes import (
    DAY1,
    HERE,
    ZONE,
    activity,
    at,
    count,
    course,
    day_number,
    dose,
    moved,
    on_day,
    says,
    study,
    table,
)


def numbered(pairs: str) -> dict[int, int]:
    """`2@10 3@17` as dose number to study day."""
    return {int(number): int(day) for number, day in (pair.split("@") for pair in pairs.split())}


def planned_days(of: Course) -> list[str]:
    shown = []
    for number in (2, 3, 4):
        one = activity(of, f"injection-{number}")
        gone = one.status is ActivityStatus.CANCELLED
        shown.append("-" if gone else str(day_number(one)))
    return shown


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("row", table("windows"), ids=lambda row: row["activity"])
def test_the_calendar_of_somebody_who_keeps_every_date(row: dict[str, str]) -> None:
    one = activity(course(), row["activity"])
    edges = [
        study_day(DAY1, datetime.combine(day, DAY1.timetz()), ZONE)
        for day in (one.window.first, one.window.last)
    ]
    assert [day_number(one), *edges] == [int(row["day"]), int(row["first"]), int(row["last"])]
    assert one.target_at.astimezone(HERE).strftime("%H:%M") == "09:30"


def test_the_table_of_windows_leaves_nothing_out() -> None:
    assert {one.key for one in plan(study(), course())} == {row["activity"] for row in table("windows")}


@pytest.mark.parametrize("row", table("replanning"), ids=lambda row: row["why"])
def test_later_doses_stand_where_the_table_says(row: dict[str, str]) -> None:
    doses = [dose(1, DAY1), *(dose(number, on_day(day)) for number, day in numbered(row["given"]).items())]
    moves = [moved(f"injection-{number}", on_day(day)) for number, day in numbered(row["moved"]).items()]
    skipped = frozenset(f"injection-{number}" for number in row["skip"].split())
    facts = course(doses=tuple(doses), moves=tuple(moves), skipped=skipped)
    assert planned_days(facts) == [row["dose2"], row["dose3"], row["dose4"]]


@pytest.mark.parametrize("row", table("stop_rule"), ids=lambda row: f"{row['value']} {row['why']}")
def test_dosing_stops_when_the_table_says(row: dict[str, str]) -> None:
    day, clock = row["sampled"].split()
    sampled_at = on_day(int(day) if int(day) > 0 else int(day) + 1, clock)
    result = count(row["value"], sampled_at, verified=row["status"] != "unverified")
    if row["status"] == "voided":
        result = replace(result, voided_at=sampled_at)
    if row["status"] == "unit":
        result = replace(result, unit_unconfirmed=True)
    beside = (count("15", sampled_at),) if row["status"] == "contradicted" else ()
    transfused = (on_day(int(row["transfused"])),) if row["transfused"] else ()
    facts = course(doses=(dose(1, DAY1),), labs=(result, *beside), transfused_at=transfused)
    assert (responded_at(study(), facts) is not None) == (row["stops"] == "yes")


# ---------------------------------------------------------------- the stop rule


def test_stopping_cancels_doses_and_no_draw() -> None:
    facts = course(doses=(dose(1, DAY1),), labs=(count("100.0", on_day(7, "08:00")),))
    planned = plan(study(), facts)
    cancelled = {one.key for one in planned if one.status is ActivityStatus.CANCELLED}
    assert cancelled == {"injection-2", "injection-3", "injection-4"}
    assert all(one.cancelled_because is CancelReason.RESPONSE for one in planned if one.key in cancelled)
    assert activity(facts, "draw-L4").endpoint
    assert day_number(activity(facts, "draw-L4")) == 15


def test_a_dose_already_given_stays_given_when_dosing_stops() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8))), labs=(count("120", on_day(8, "08:00")),))
    assert activity(facts, "injection-2").status is ActivityStatus.DONE


def test_a_result_taken_back_as_an_error_brings_the_doses_back() -> None:
    wrong = replace(count("102", on_day(7, "08:00")), voided_at=on_day(7, "12:00"))
    facts = course(doses=(dose(1, DAY1),), labs=(wrong, count("12", on_day(7, "08:00"))))
    assert activity(facts, "injection-2").status is ActivityStatus.PLANNED


@pytest.mark.parametrize(
    "state", [ParticipantState.WITHDRAWN, ParticipantState.DIED, ParticipantState.SCREEN_FAILED]
)
def test_nothing_is_asked_of_somebody_who_has_left(state: ParticipantState) -> None:
    planned = plan(study(), course(doses=(dose(1, DAY1),), state=state))
    assert {one.status for one in planned if one.key != "injection-1"} <= {
        ActivityStatus.CANCELLED,
        ActivityStatus.DONE,
    }


def test_ending_treatment_keeps_the_draws_and_counts_follow_up_from_the_last_dose() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(9))), treatment_stopped_at=on_day(10, "12:00"))
    planned = {one.key: one for one in plan(study(), facts)}
    assert planned["injection-3"].cancelled_because is CancelReason.TREATMENT_ENDED
    assert day_number(planned["draw-F3"]) == 9 + 28
    assert day_number(planned["draw-L4"]) == 15


# ---------------------------------------------------------------- anchors, windows, days


def test_a_recorded_dose_1_replaces_the_planned_day() -> None:
    given = DAY1 + timedelta(days=2, hours=1)
    two = activity(course(doses=(dose(1, given),)), "injection-2")
    assert two.target_at == given + timedelta(days=7)


def test_a_voided_dose_counts_for_nothing() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8), voided_at=on_day(8, "12:00"))))
    assert activity(facts, "injection-2").status is ActivityStatus.PLANNED


@pytest.mark.parametrize(
    ("moment", "closed"),
    [("2026-03-12 23:59", False), ("2026-03-13 00:00", True), ("2026-03-08 23:59", False)],
)
def test_a_dose_confirmed_on_the_last_day_counts(moment: str, closed: bool) -> None:
    two = activity(course(doses=(dose(1, DAY1),)), "injection-2")
    assert two.has_closed(at(moment).date()) is closed


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-03-03 00:00", 1), ("2026-03-02 23:59", -1), ("2026-03-10 09:30", 8), ("2026-02-28 09:00", -3)],
)
def test_there_is_no_day_0(moment: str, day: int) -> None:
    assert study_day(DAY1, at(moment), ZONE) == day


def test_a_make_up_working_day_does_not_move_a_target() -> None:
    # Dose 2 on Saturday 14 February 2026 (worked), dose 3 in the Spring Festival.
    facts = course(day1_at=at("2026-02-07 09:30"))
    assert activity(facts, "injection-2").target_at == at("2026-02-14 09:30")
    assert activity(facts, "injection-3").target_at == at("2026-02-21 09:30")


def test_29_february_and_the_turn_of_the_year_are_days_like_others() -> None:
    assert activity(course(day1_at=at("2028-02-22 09:30")), "injection-2").target_at == at("2028-02-29 09:30")
    assert activity(course(day1_at=at("2026-12-28 09:30")), "injection-2").target_at == at("2027-01-04 09:30")


def test_the_clock_time_stays_when_the_clock_changes() -> None:
    berlin = "Europe/Berlin"
    facts = course(day1_at=at("2026-03-24 09:30", berlin), time_zone=berlin)
    assert activity(facts, "injection-2").target_at == at("2026-03-31 09:30", berlin)


def test_a_window_that_a_late_dose_would_narrow_keeps_five_days() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(10))))
    assert activity(facts, "injection-3").window.first == on_day(15).date()


def test_a_dose_that_would_come_too_soon_is_moved_and_the_next_keeps_its_date() -> None:
    six_days = replace(study(), doses=replace(study().doses, min_interval_days=6))
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(10))))
    planned = {one.key: one for one in plan(six_days, facts)}
    assert day_number(planned["injection-3"]) == 16
    assert planned["injection-3"].changed_because is ChangeReason.MINIMUM_INTERVAL
    assert day_number(planned["injection-4"]) == 22


def test_another_study_runs_from_its_numbers_alone() -> None:
    fortnightly = replace(
        study(),
        doses=replace(study().doses, max_doses=3, interval_days=14, window_late_days=4, last_day=60),
        draws=study().draws[:1],
    )
    rows = preview(fortnightly, DAY1, ZONE)
    assert [(row.study_day, row.dose) for row in rows] == [(1, 1), (15, 2), (29, 3)]
    assert rows[1].window.last == on_day(19).date()


def test_the_old_date_and_the_reason_of_a_change_are_kept() -> None:
    three = activity(course(doses=(dose(1, DAY1), dose(2, on_day(11)))), "injection-3")
    assert (three.first_planned_on, three.changed_because) == (
        on_day(15).date(),
        ChangeReason.EARLIER_DOSE_LATE,
    )
    two = activity(course(doses=(dose(1, DAY1),)), "injection-2")
    assert two.changed_because is None


# ---------------------------------------------------------------- draws


def test_a_draw_before_a_dose_goes_with_the_dose() -> None:
    facts = course(doses=(dose(1, DAY1),), moves=(moved("injection-2", on_day(10, "14:00")),))
    assert day_number(activity(facts, "draw-L2")) == 10


def test_the_endpoint_draw_goes_with_dose_3_inside_its_window_only() -> None:
    for day, draw_day in ((14, 14), (16, 16), (17, 15)):
        facts = course(doses=(dose(1, DAY1),), moves=(moved("injection-3", on_day(day)),))
        assert day_number(activity(facts, "draw-L4")) == draw_day


def test_if_dose_3_falls_before_the_endpoint_draw_blood_is_asked_for_first() -> None:
    # Dose 2 two days early: dose 3 is planned for day 13, before the endpoint's window.
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(6))))
    visit = next(one for one in visits(plan(study(), facts), ZONE) if one.key == "injection-3")
    assert [one.kind for one in visit.activities] == [ActivityKind.DRAW, ActivityKind.INJECTION]
    assert day_number(activity(facts, "draw-L4")) == 15


def test_a_sample_inside_the_window_does_the_draw_and_one_sample_does_one_draw() -> None:
    facts = course(doses=(dose(1, DAY1),), labs=(count("60", on_day(10, "08:00")),))
    assert activity(facts, "draw-L3").status is ActivityStatus.DONE
    assert activity(facts, "draw-L2").status is ActivityStatus.PLANNED


def test_an_unverified_count_does_no_draw() -> None:
    facts = course(labs=(count("60", on_day(4, "08:00"), verified=False),))
    assert activity(facts, "draw-L1").status is ActivityStatus.PLANNED


def test_a_draw_of_a_visit_whose_dose_is_recorded_waits_for_its_result() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(9))))
    draw = activity(facts, "draw-L2")
    assert (draw.status, day_number(draw)) == (ActivityStatus.AWAITED, 9)


def test_neighbouring_draws_of_two_series_become_one_with_the_stricter_window() -> None:
    # Dosing ended after dose 2 on day 10: F1 falls on day 17, L5 on day 18.
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(10))), treatment_stopped_at=on_day(10, "12:00"))
    both = activity(facts, "draw-L5")
    assert both.draws == ("L5", "F1")
    assert (both.window.first, both.window.last) == (on_day(17).date(), on_day(19).date())


def test_a_dose_and_its_draw_are_one_visit() -> None:
    day_8 = next(one for one in visits(plan(study(), course()), ZONE) if one.day == on_day(8).date())
    assert day_8.key == "injection-2"
    assert [one.key for one in day_8.activities] == ["draw-L2", "injection-2"]


# ---------------------------------------------------------------- what she says and what the site decides


def test_done_from_the_patient_is_stated_and_not_done() -> None:
    facts = course(doses=(dose(1, DAY1),), stated=(says(StatedWhat.DONE, "injection-2", on_day(8, "10:00")),))
    two = activity(facts, "injection-2")
    assert (two.status, two.done_at) == (ActivityStatus.STATED, None)
    assert day_number(activity(facts, "injection-3")) == 15


def test_what_she_said_before_the_site_moved_the_visit_no_longer_counts() -> None:
    said = says(StatedWhat.DONE, "injection-2", on_day(8, "10:00"))
    facts = course(stated=(said,), moves=(moved("injection-2", on_day(9), on_day(8, "11:00")),))
    assert activity(facts, "injection-2").status is ActivityStatus.PLANNED


def test_a_move_too_close_to_the_previous_dose_is_refused() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(10))))
    with pytest.raises(Refusal, match=r"refusal\.dose_interval_moved"):
        check_move(study(), facts, moved("injection-3", on_day(14)))


def test_a_dose_after_the_last_day_needs_an_override() -> None:
    facts = course(doses=(dose(1, DAY1),))
    with pytest.raises(Refusal, match=r"refusal\.after_last_day"):
        check_move(study(), facts, moved("injection-4", on_day(29)))
    assert day_number(check_move(study(), facts, moved("injection-4", on_day(29), overrides=True))) == 29


@pytest.mark.parametrize("key", ["injection-5", "injection-1"])
def test_only_an_open_activity_can_be_moved(key: str) -> None:
    with pytest.raises(Refusal):
        check_move(study(), course(doses=(dose(1, DAY1),)), moved(key, on_day(9)))


# ---------------------------------------------------------------- preview


def test_the_preview_lists_every_visit_with_its_window() -> None:
    rows = preview(study(), DAY1, ZONE)
    assert [row.study_day for row in rows] == [1, 4, 8, 11, 15, 18, 22, 25, 29, 36, 50]
    endpoint = next(row for row in rows if row.endpoint)
    assert (endpoint.study_day, endpoint.dose, endpoint.draws) == (15, 3, ("L4",))
    assert (endpoint.window.first, endpoint.window.last) == (on_day(14).date(), on_day(16).date())


def test_the_calendar_file_has_one_entry_a_visit_and_names_no_drug() -> None:
    rows = preview(study(), DAY1, ZONE)
    made = calendar_file(rows, title=lambda row: f"Visit day {row.study_day}", made_at=DAY1).decode()
    assert made.count("BEGIN:VEVENT") == len(rows)
    assert "DTSTART:20260310T013000Z" in made
    assert "romiplostim" not in made.lower()


# ---------------------------------------------------------------- properties

days = st.integers(min_value=-3, max_value=60)
hours = st.integers(min_value=0, max_value=23)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Any course that records could tell, sensible or not."""
    shift = draw(st.sampled_from([0, 90, 200, 300, 725]))
    zone = draw(st.sampled_from([ZONE, "Europe/Berlin", "America/New_York"]))

    def moment() -> datetime:
        return DAY1 + timedelta(days=draw(days) + shift, hours=draw(hours) - 9)

    start = DAY1 + timedelta(days=shift)
    numbers = draw(st.lists(st.integers(1, 5), max_size=5))
    doses: list[Dose] = [
        replace(dose(number, moment()), id=f"d{place}") for place, number in enumerate(numbers)
    ]
    labs: list[LabResult] = [
        replace(count("1", moment(), verified=draw(st.booleans())), id=f"l{place}", value=Decimal(value) / 10)
        for place, value in enumerate(draw(st.lists(st.integers(10, 3000), max_size=5)))
    ]
    keys = st.sampled_from(["injection-2", "injection-3", "injection-4", "draw-L4", "draw-L5", "draw-F1"])
    moves = [
        moved(key, moment(), moment(), overrides=draw(st.booleans()))
        for key in draw(st.lists(keys, max_size=3))
    ]
    said = [
        replace(says(draw(st.sampled_from(StatedWhat)), key, moment()), id=f"s{place}")
        for place, key in enumerate(draw(st.lists(keys, max_size=4)))
    ]
    return Course(
        day1_at=start,
        time_zone=zone,
        state=draw(st.sampled_from(ParticipantState)),
        doses=tuple(doses),
        labs=tuple(labs),
        stated=tuple(said),
        moves=tuple(moves),
        skipped=draw(st.frozensets(keys, max_size=2)),
    )


def injections(planned: tuple[PlannedActivity, ...]) -> list[PlannedActivity]:
    return [one for one in planned if one.kind is ActivityKind.INJECTION]


@given(courses())
def test_there_is_never_a_fifth_dose(facts: Course) -> None:
    assert [
        one.number for one in sorted(injections(plan(study(), facts)), key=lambda one: one.number or 0)
    ] == [1, 2, 3, 4]


@given(courses())
def test_every_target_lies_inside_its_window(facts: Course) -> None:
    assert all(one.window.contains(facts.day_of(one.target_at)) for one in plan(study(), facts))


@given(courses())
def test_no_dose_is_planned_after_the_last_day_unless_overridden(facts: Course) -> None:
    allowed = {move.activity_key for move in facts.moves if move.overrides_last_day}
    given_first = facts.given().get(1)
    start = facts.day_of(given_first.given_at if given_first else facts.day1_at)
    last: date = start + timedelta(days=study().doses.last_day - 1)
    for one in injections(plan(study(), facts)):
        assert not one.is_open or one.key in allowed or one.number == 1 or facts.day_of(one.target_at) <= last


@given(courses())
def test_no_dose_is_asked_for_after_the_response(facts: Course) -> None:
    if responded_at(study(), facts) is not None:
        assert not any(one.is_open for one in injections(plan(study(), facts)))


@given(courses())
def test_doses_to_come_keep_the_minimum_interval(facts: Course) -> None:
    coming = sorted(facts.day_of(one.target_at) for one in injections(plan(study(), facts)) if one.is_open)
    assert all((later - earlier).days >= 5 for earlier, later in pairwise(coming))


@given(courses(), st.data())
def test_the_plan_does_not_depend_on_the_order_of_facts(facts: Course, chance: st.DataObject) -> None:
    other = replace(
        facts,
        doses=tuple(chance.draw(st.permutations(facts.doses))),
        labs=tuple(chance.draw(st.permutations(facts.labs))),
        stated=tuple(chance.draw(st.permutations(facts.stated))),
        moves=tuple(chance.draw(st.permutations(facts.moves))),
    )
    assert plan(study(), other) == plan(study(), facts)


@given(courses())
def test_keys_are_unique_and_the_endpoint_draw_is_always_there(facts: Course) -> None:
    planned = plan(study(), facts)
    assert len({one.key for one in planned}) == len(planned)
    assert [one.key for one in planned if one.endpoint] == ["draw-L4"]
