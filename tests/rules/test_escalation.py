from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import escalation
from bot.rules.case import Case, Outcome
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.escalation import AskPatient, Ended, Notify, Wait, Why, next_step
from bot.rules.study import Level, Role
from tests.rules.scenes import CA1, SI1, a_case, at, run, settle, shown, study, table, tianjin, who

OPENED = at("2026-03-10 10:20")


def minutes(number: float) -> datetime:
    return OPENED + timedelta(minutes=number)


def emergency() -> Case:
    return a_case(Level.EMERGENCY, OPENED)


def until(case: Case, moment: datetime) -> Case:
    """The case after everything up to the moment, on time."""
    while case.next_step_at is not None and case.next_step_at <= moment:
        case, _ = settle(case, case.next_step_at)
    return case


def told(step: Notify | AskPatient) -> str:
    return who(step) if isinstance(step, Notify) else f"ask {step.step.key}"


@pytest.mark.parametrize(
    "rows",
    [list(rows) for _, rows in groupby(table("chains"), key=lambda row: (row["level"], row["opened"]))],
    ids=lambda rows: f"{rows[0]['level']} {rows[0]['opened']}",
)
def test_a_case_nobody_takes_rings_as_the_table_says(rows: list[dict[str, str]]) -> None:
    case = a_case(Level[rows[0]["level"]], at(rows[0]["opened"]))
    happened = [(shown(moment), told(step)) for moment, step in run(case, at(rows[-1]["at"]))]
    assert happened == [(row["at"], row["who"]) for row in rows]


@pytest.mark.parametrize("level", [Level.ROUTINE, Level.SAME_DAY, Level.URGENT, Level.EMERGENCY])
def test_every_level_has_rows_in_the_table(level: Level) -> None:
    assert level.name in {row["level"] for row in table("chains")}


def test_an_emergency_nobody_takes_rings_every_ten_minutes_for_ever() -> None:
    rings = [
        moment for moment, step in run(emergency(), OPENED + timedelta(hours=8)) if isinstance(step, Notify)
    ]
    late = [moment for moment in rings if moment > minutes(20)]
    assert {second - first for first, second in pairwise(late)} == {timedelta(minutes=10)}
    assert len(late) == 46


def test_rounds_count_every_ring_once() -> None:
    rounds = [step.round for _, step in run(emergency(), minutes(60)) if isinstance(step, Notify)]
    assert rounds == list(range(1, len(rounds) + 1))


# ---------------------------------------------------------------- after an outage


def test_steps_missed_in_an_outage_become_one_ring_in_order() -> None:
    case, said = settle(emergency(), minutes(17))
    rings = [step for step in said if isinstance(step, Notify)]
    assert [who(ring) for ring in rings] == ["CRC SUBI CRC* SUBI* PI PI*"]
    assert shown(case.next_step_at) == "2026-03-10 10:40"


def test_after_a_long_outage_the_patient_is_told_the_most_urgent_thing_only() -> None:
    _, said = settle(emergency(), minutes(40))
    assert [step.step.key for step in said if isinstance(step, AskPatient)] == ["patient.case.repeat_advice"]


def test_repeats_stay_on_their_grid_after_an_outage() -> None:
    case, said = settle(until(emergency(), minutes(20)), minutes(47))
    assert len(said) == 1
    assert shown(case.next_step_at) == "2026-03-10 11:10"


def test_a_weekend_outage_rings_all_that_was_missed_at_once() -> None:
    case = a_case(Level.SAME_DAY, at("2026-03-13 09:00"))
    case, said = settle(case, at("2026-03-16 09:10"))
    assert [who(step) for step in said if isinstance(step, Notify)] == ["CRC SUBI PI"]
    assert shown(case.next_step_at) == "2026-03-17 08:00"


# ---------------------------------------------------------------- taking, contacting, closing


def test_taking_a_case_stops_the_ringing_until_the_contact_is_due() -> None:
    case = until(emergency(), minutes(3))
    case = escalation.acknowledge(case, CA1, minutes(3), tianjin())
    assert [(shown(moment), told(step)) for moment, step in run(case, minutes(15))] == [
        ("2026-03-10 10:30", "ask patient.case.called_120"),
        ("2026-03-10 10:35", "CRC SUBI PI PI*"),
        ("2026-03-10 10:35", "ask patient.case.repeat_advice"),
    ]


def test_who_takes_it_late_still_has_the_time_between_the_two_targets() -> None:
    case = until(emergency(), minutes(14))
    case = escalation.acknowledge(case, CA1, minutes(14), tianjin())
    assert escalation.contact_deadline(case, tianjin()) == minutes(19)


def test_a_case_taken_and_never_contacted_rings_on_to_the_last_step_and_says_why() -> None:
    case = escalation.acknowledge(until(emergency(), minutes(3)), CA1, minutes(3), tianjin())
    rings = [step for _, step in run(case, minutes(40)) if isinstance(step, Notify)]
    assert {ring.why for ring in rings} == {Why.NOT_CONTACTED}
    assert Role.CENTRAL in rings[-1].roles


def test_taking_it_anew_after_the_deadline_starts_a_new_contact_timer() -> None:
    case = escalation.acknowledge(until(emergency(), minutes(3)), CA1, minutes(3), tianjin())
    case = escalation.acknowledge(until(case, minutes(15)), SI1, minutes(16), tianjin())
    assert case.acknowledged_by == SI1
    rings = [moment for moment, step in run(case, minutes(30)) if isinstance(step, Notify)]
    assert rings[0] == minutes(21)


@pytest.mark.parametrize(
    ("opened", "asked"),
    [
        (
            "2026-03-10 06:59",
            "2026-03-10 08:30",
        ),  # at night: held until seven, and this is the morning after it
        ("2026-03-10 07:10", "2026-03-11 08:30"),
        ("2026-03-10 08:29", "2026-03-11 08:30"),
        ("2026-03-10 08:31", "2026-03-11 08:30"),
        ("2026-03-10 21:59", "2026-03-11 08:30"),
        ("2026-03-10 23:00", "2026-03-11 08:30"),
        ("2026-03-14 07:10", "2026-03-15 08:30"),  # on a day off, too
    ],
)
def test_how_it_is_now_is_asked_the_morning_after_never_the_same_morning(opened: str, asked: str) -> None:
    """Source: specification 3.3 ("08:30 next morning"), 3.4."""
    case = a_case(Level.SAME_DAY, at(opened))
    first = next(
        moment for moment, step in run(case, at(opened) + timedelta(days=3)) if isinstance(step, AskPatient)
    )
    assert shown(first) == asked


def test_two_people_taking_it_have_one_owner() -> None:
    case = escalation.acknowledge(emergency(), CA1, minutes(1), tianjin())
    with pytest.raises(Refusal) as refused:
        escalation.acknowledge(case, SI1, minutes(1), tianjin())
    assert (refused.value.key, refused.value.values["staff"]) == ("refusal.case_taken", CA1)
    with pytest.raises(Refusal, match=r"refusal\.case_yours"):
        escalation.acknowledge(case, CA1, minutes(2), tianjin())
    assert escalation.acknowledge(case, SI1, minutes(2), tianjin(), take_over=True).acknowledged_by == SI1


def test_once_she_was_reached_only_the_closing_is_asked_for() -> None:
    case = escalation.contacted(until(emergency(), minutes(3)), SI1, minutes(6), tianjin())
    assert case.acknowledged_by == SI1
    happened = list(run(case, OPENED + timedelta(days=2)))
    assert [shown(moment) for moment, _ in happened] == ["2026-03-11 08:30", "2026-03-12 08:30"]
    assert all(isinstance(step, Notify) and step.why is Why.NOT_CLOSED for _, step in happened)


@pytest.mark.parametrize(("limit", "by"), [(None, "10:50"), (15, "10:35"), (60, "11:20")])
def test_the_limit_of_a_band_moves_what_is_in_time_and_delays_no_ring(limit: int | None, by: str) -> None:
    """An URGENT result of 10:20: 30 minutes by its chain, 60 where its band says so (specification 1.6)."""
    plain = a_case(Level.URGENT, OPENED)
    within = None if limit is None else timedelta(minutes=limit)
    case = replace(plain, chain=escalation.with_limit(plain.chain, within))
    assert shown(escalation.acknowledge_deadline(case, tianjin())) == f"2026-03-10 {by}"
    rings = [(moment, told(step)) for moment, step in run(case, minutes(120))]
    assert rings == [(moment, told(step)) for moment, step in run(plain, minutes(120))]
    taken = escalation.acknowledge(case, SI1, minutes(5), tianjin())
    deadline = escalation.contact_deadline(taken, tianjin())
    assert deadline is not None
    assert deadline >= escalation.acknowledge_deadline(case, tianjin())


def test_a_failed_attempt_stops_nothing() -> None:
    case = escalation.acknowledge(until(emergency(), minutes(3)), CA1, minutes(3), tianjin())
    assert escalation.contact_failed(case, minutes(8), tianjin()) == case


def test_her_answer_that_she_is_on_her_way_ends_her_questions_and_no_ring() -> None:
    case = escalation.end_patient_questions(until(emergency(), minutes(10)), tianjin())
    later = [step for _, step in run(case, minutes(20))]
    assert [who(step) for step in later if isinstance(step, Notify)] == ["CRC SUBI PI", "CRC SUBI PI CENTRAL"]
    assert not any(isinstance(step, AskPatient) for step in later)


@pytest.mark.parametrize("level", [Level.EMERGENCY, Level.URGENT])
def test_only_an_investigator_closes_an_emergency_or_urgent_case(level: Level) -> None:
    case = a_case(level, OPENED)
    for role in (Role.COORDINATOR, Role.CENTRAL, Role.DATA_MANAGER):
        with pytest.raises(NotEntitled):
            escalation.close(case, CA1, Outcome.ADVICE_GIVEN, minutes(9), attempts=0, role=role)
    for role in (Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR):
        assert (
            escalation.close(case, SI1, Outcome.ADVICE_GIVEN, minutes(9), attempts=0, role=role).closed_by
            == SI1
        )


def test_a_coordinator_closes_a_same_day_case() -> None:
    case = a_case(Level.SAME_DAY, OPENED)
    closed = escalation.close(case, CA1, Outcome.VISIT_TODAY, minutes(9), attempts=0, role=Role.COORDINATOR)
    assert isinstance(next_step(closed, minutes(10), tianjin()), Ended)
    assert closed.next_step_at is None


def test_unreachable_needs_three_attempts() -> None:
    with pytest.raises(Refusal, match=r"refusal\.too_few_attempts"):
        escalation.close(emergency(), SI1, Outcome.UNREACHABLE, minutes(60), attempts=2)
    assert escalation.close(emergency(), SI1, Outcome.UNREACHABLE, minutes(60), attempts=3).outcome


def test_a_closed_case_can_be_neither_taken_nor_contacted_nor_closed_again() -> None:
    closed = escalation.close(emergency(), SI1, Outcome.SENT_TO_ED, minutes(9), attempts=0)
    with pytest.raises(Refusal, match=r"refusal\.case_closed"):
        escalation.acknowledge(closed, CA1, minutes(10), tianjin())
    with pytest.raises(Refusal, match=r"refusal\.case_closed"):
        escalation.contacted(closed, CA1, minutes(10), tianjin())
    with pytest.raises(Refusal, match=r"refusal\.case_closed"):
        escalation.contact_failed(closed, minutes(10), tianjin())
    with pytest.raises(Refusal, match=r"refusal\.case_closed"):
        escalation.close(closed, CA1, Outcome.DUPLICATE, minutes(10), attempts=0)


# ---------------------------------------------------------------- worsening, undelivered, nights


def test_a_worsening_rings_anew_even_when_somebody_had_it() -> None:
    case = a_case(Level.SAME_DAY, OPENED)
    case = escalation.contacted(until(case, OPENED), CA1, minutes(20), tianjin())
    case = escalation.raise_level(
        case, Level.EMERGENCY, study().chains[Level.EMERGENCY], minutes(30), tianjin()
    )
    moment, step = next(iter(run(case, minutes(30))))
    assert isinstance(step, Notify)
    assert (moment, who(step), step.round) == (minutes(30), "CRC SUBI", 2)


@pytest.mark.parametrize("level", [Level.NONE, Level.ROUTINE, Level.SAME_DAY, Level.URGENT])
def test_a_level_never_falls(level: Level) -> None:
    case = a_case(Level.URGENT, OPENED)
    assert escalation.raise_level(case, level, study().chains[Level.ROUTINE], minutes(5), tianjin()) == case


def ahead(case: Case, minute: float, *, second_road: bool = True) -> tuple[Case, str]:
    """The case after somebody could not be reached, and who was rung for it."""
    step = escalation.ring_ahead(case, minutes(minute), tianjin(), second_road=second_road)
    return (case, "") if step is None else (step.case, who(step))


def test_a_contact_who_cannot_be_reached_makes_the_chain_jump_one_step() -> None:
    case, rung = ahead(until(emergency(), OPENED), 0.1)
    assert rung == "CRC* SUBI*"
    assert shown(case.next_step_at) == "2026-03-10 10:25"


def test_without_a_second_road_the_chain_jumps_to_the_next_person_and_every_step_keeps_its_time() -> None:
    case, rung = ahead(until(emergency(), OPENED), 0.1, second_road=False)
    assert rung == "PI PI*"
    assert [(shown(at_), told(step)) for at_, step in run(case, minutes(10)) if isinstance(step, Notify)] == [
        ("2026-03-10 10:22", "CRC* SUBI*"),
        ("2026-03-10 10:25", "CRC SUBI"),
        ("2026-03-10 10:30", "CRC SUBI PI PI*"),
    ]


def test_who_is_missing_one_after_the_other_is_followed_to_the_end_of_the_chain() -> None:
    case, rung = until(emergency(), OPENED), []
    for _ in range(5):
        case, names = ahead(case, 0.1)
        rung.append(names)
    assert rung == ["CRC* SUBI*", "PI PI*", "CENTRAL", "", ""]
    assert escalation.has_rung_all(case)
    assert escalation.is_ahead(case)
    assert shown(case.next_step_at) == "2026-03-10 10:25"


def test_a_jump_after_the_last_step_changes_nothing() -> None:
    case = until(emergency(), minutes(25))
    assert ahead(case, 25) == (case, "")


def test_a_case_somebody_has_or_that_is_closed_does_not_jump() -> None:
    case = escalation.acknowledge(until(emergency(), OPENED), CA1, minutes(1), tianjin())
    assert ahead(case, 2) == (case, "")
    closed = escalation.close(case, SI1, Outcome.SENT_TO_ED, minutes(3), attempts=0)
    assert ahead(closed, 4) == (closed, "")


def test_what_cannot_wait_is_not_held_over_night() -> None:
    held = a_case(Level.SAME_DAY, at("2026-03-10 23:00"))
    at_once = a_case(Level.SAME_DAY, at("2026-03-10 23:00"), cannot_wait=True)
    assert (shown(held.next_step_at), shown(at_once.next_step_at)) == ("2026-03-11 07:00", "2026-03-10 23:00")


# ---------------------------------------------------------------- properties

levels = st.sampled_from([Level.ROUTINE, Level.SAME_DAY, Level.URGENT, Level.EMERGENCY])
deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["take", "contacted", "failed", "undelivered", "raise", "answered", "let go", "outage", "tick"]
        ),
        st.integers(min_value=0, max_value=60 * 30),
    ),
    max_size=12,
)


def do(case: Case, deed: str, now: datetime) -> Case:
    calendar = tianjin()
    if deed == "take":
        return (
            escalation.acknowledge(case, CA1, now, calendar, take_over=True) if not _has(case, now) else case
        )
    if deed == "contacted":
        return escalation.contacted(case, CA1, now, calendar)
    if deed == "let go":
        left = escalation.let_go(case, now, calendar)
        assert (left.acknowledged_by, left.contacted_at) == (None, case.contacted_at)
        return left
    if deed == "failed":
        return escalation.contact_failed(case, now, calendar)
    if deed == "undelivered":
        step = escalation.ring_ahead(case, now, calendar)
        return case if step is None else step.case
    if deed == "raise":
        level = Level(min(case.level + 1, Level.EMERGENCY))
        return escalation.raise_level(case, level, study().chains[level], now, calendar)
    return escalation.end_patient_questions(case, calendar) if deed == "answered" else case


def _has(case: Case, now: datetime) -> bool:
    return case.acknowledged_by == CA1 and escalation.is_held(case, now, tianjin())


@given(levels, st.integers(0, 60 * 24 * 40), deeds)
def test_an_open_case_always_has_a_next_moment(
    level: Level, start: int, story: list[tuple[str, int]]
) -> None:
    now = at("2026-01-30 00:00") + timedelta(minutes=start)
    case = a_case(level, now)
    for deed, wait in story:
        now += timedelta(minutes=wait)
        if deed != "outage":
            case, _ = settle(case, now)
        case = do(case, deed, now)
        assert case.next_step_at is not None
        resting = next_step(settle(case, now)[0], now, tianjin())
        assert isinstance(resting, Wait)
        assert resting.until > now


@given(levels, st.integers(0, 60 * 24 * 40), st.lists(st.integers(1, 60 * 20), max_size=15))
def test_no_step_is_skipped_or_doubled_however_late_the_timer(
    level: Level, start: int, waits: list[int]
) -> None:
    now = at("2026-01-30 00:00") + timedelta(minutes=start)
    case = a_case(level, now)
    for wait in waits:
        now += timedelta(minutes=wait)
        before = case.steps_done
        case, said = settle(case, now)
        rings = [step for step in said if isinstance(step, Notify)]
        assert len(rings) <= 1
        named = {
            (role, step.road) for step in case.chain.steps[before : case.steps_done] for role in step.roles
        }
        assert named <= {(call.role, call.road) for ring in rings for call in ring.calls}
        assert all(len(set(ring.calls)) == len(ring.calls) > 0 for ring in rings)


@given(levels, st.integers(0, 60 * 24 * 40))
def test_an_untaken_case_is_never_silent_for_more_than_a_day(level: Level, start: int) -> None:
    opened = at("2026-01-30 00:00") + timedelta(minutes=start)
    case = a_case(level, opened)
    case, _ = settle(case, case.next_step_at or opened)
    longest = timedelta(days=11) if level is Level.ROUTINE else timedelta(days=1, hours=2)
    for _ in range(8):
        rung = case.last_rung_at
        while case.last_rung_at == rung:
            case, _ = settle(case, case.next_step_at or opened)
        assert rung is not None
        assert case.last_rung_at is not None
        assert case.last_rung_at - rung <= longest


@given(st.integers(0, 60 * 24 * 40))
def test_a_same_day_case_is_never_pushed_at_night(start: int) -> None:
    opened = at("2026-01-30 00:00") + timedelta(minutes=start)
    for moment, step in run(a_case(Level.SAME_DAY, opened), opened + timedelta(days=6)):
        if isinstance(step, Notify):
            assert not tianjin().is_night(moment)
