from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.activities import Course
from bot.rules.calendar import is_quiet
from bot.rules.check_ins import CheckIn
from bot.rules.participant import Participant, ParticipantState, StatedWhat
from bot.rules.reminders import Content, Decision, Reminder, ReminderKind, decide
from bot.rules.schedule import responded_at
from tests.rules.scenes import (
    DAY1,
    at,
    count,
    course,
    dose,
    moved,
    on_day,
    participant,
    says,
    shown,
    study,
    table,
)
from tests.rules.test_schedule import courses

STARTED = course(doses=(dose(1, DAY1),))
DAY_BEFORE = "reminder:TJ-001:injection-2:day-before:v202603100130"
MORNING = "reminder:TJ-001:injection-2:morning:v202603100130"
ASK_DONE = "reminder:TJ-001:injection-2:ask-done:v202603100130"


def look(facts: Course, now: datetime, *, known: set[str] | None = None, held: bool = False) -> Decision:
    return decide(study(), participant(), facts, now, known=known or set(), held=held)


def keys(decision: Decision) -> list[str]:
    return [one.key for one in decision.reminders]


def follow(
    facts: Course, start: datetime, until: datetime, *, who: Participant | None = None, held: bool = False
) -> list[tuple[datetime, Decision]]:
    """Every look from `start` to `until`, the timer always on time; what was said is known afterwards."""
    known: set[str] = set()
    person = who or participant()
    looks: list[tuple[datetime, Decision]] = []
    now: datetime | None = start
    while now is not None and now <= until:
        seen = decide(study(), person, facts, now, known=known, held=held)
        looks.append((now, seen))
        known |= said_in(seen) | {one.key for one in seen.missed}
        person = replace(person, next_look_at=seen.next_look_at)
        now = seen.next_look_at
    return looks


def said_in(seen: Decision) -> set[str]:
    return {
        *(one.key for one in seen.reminders),
        *(one.key for one in seen.check_ins),
        *(one.key for one in seen.notices),
    }


def reminders(looks: list[tuple[datetime, Decision]]) -> list[tuple[datetime, Reminder]]:
    return [(now, one) for now, seen in looks for one in seen.reminders]


# ---------------------------------------------------------------- the three reminders


@pytest.mark.parametrize("row", table("reminders"), ids=lambda row: f"{row['visit']} {row['kind']}")
def test_reminders_of_a_visit_go_when_the_table_says(row: dict[str, str]) -> None:
    facts = course(day1_at=at(f"2026-03-03 {row['visit']}"))
    sent = [
        (shown(one.send_after), shown(one.expires_at))
        for _, one in reminders(follow(facts, at("2026-03-08 12:00"), at("2026-03-11 07:00")))
        if one.kind == row["kind"]
    ]
    assert sent == [(row["sent"], row["useful until"])]


def test_a_dose_and_its_draw_are_one_reminder_with_words_for_both() -> None:
    (one,) = look(STARTED, on_day(7, "19:00")).reminders
    assert (one.key, one.phrase_key, one.visit_at) == (
        DAY_BEFORE,
        "patient.reminder.visit_tomorrow",
        on_day(8),
    )
    assert one.buttons == (StatedWhat.GOT_IT, StatedWhat.CANNOT_COME)
    assert one.cancel_tag == "reminder:TJ-001:injection-2"


def test_in_the_evening_she_is_asked_whether_it_is_done() -> None:
    (one,) = look(STARTED, on_day(8, "18:00")).reminders
    assert (one.key, one.phrase_key, one.activity_key) == (
        ASK_DONE,
        "patient.reminder.visit_done",
        "injection-2",
    )
    assert one.buttons == (StatedWhat.DONE, StatedWhat.NOT_YET, StatedWhat.ANOTHER_DAY)


def test_a_draw_alone_is_reminded_too() -> None:
    (one,) = look(STARTED, on_day(3, "19:00")).reminders
    assert one.phrase_key == "patient.reminder.draw_tomorrow"


def test_the_next_look_is_exactly_when_something_becomes_due() -> None:
    assert look(STARTED, on_day(7, "18:59:59")).next_look_at == on_day(7, "19:00")
    assert look(STARTED, on_day(7, "19:00"), known={DAY_BEFORE}).next_look_at == on_day(8, "07:30")


def test_a_reminder_goes_once() -> None:
    assert not keys(look(STARTED, on_day(7, "19:30"), known={DAY_BEFORE}))


# ---------------------------------------------------------------- late, missed, moved


def test_late_is_not_never() -> None:
    assert keys(look(STARTED, on_day(7, "20:59"))) == [DAY_BEFORE]
    assert not keys(look(STARTED, on_day(7, "21:00")))


def test_what_was_missed_is_recorded_once_and_not_sent() -> None:
    person = participant(next_look_at=on_day(7, "19:00"))
    seen = decide(study(), person, STARTED, on_day(7, "21:30"))
    assert [one.key for one in seen.missed] == [DAY_BEFORE]
    assert not seen.reminders
    person = replace(person, next_look_at=seen.next_look_at)
    assert not decide(study(), person, STARTED, on_day(8, "07:30")).missed


def test_a_new_plan_finds_no_misses_in_its_past() -> None:
    facts = course(
        doses=(dose(1, DAY1),), moves=(moved("injection-2", on_day(8, "16:00"), on_day(8, "15:00")),)
    )
    person = participant(next_look_at=on_day(8, "15:00"))
    assert not decide(study(), person, facts, on_day(8, "15:00")).missed


def test_a_moved_visit_is_reminded_anew() -> None:
    facts = course(doses=(dose(1, DAY1),), moves=(moved("injection-2", on_day(9), on_day(7, "20:00")),))
    assert not keys(look(facts, on_day(7, "20:00"), known={DAY_BEFORE}))
    assert keys(look(facts, on_day(8, "19:00"), known={DAY_BEFORE})) == [
        "reminder:TJ-001:injection-2:day-before:v202603110130"
    ]


# ---------------------------------------------------------------- what silences


@pytest.mark.parametrize("what", [StatedWhat.DONE, StatedWhat.CANNOT_COME, StatedWhat.ANOTHER_DAY])
def test_what_she_has_settled_is_not_asked_again(what: StatedWhat) -> None:
    facts = course(doses=(dose(1, DAY1),), stated=(says(what, "injection-2", on_day(8, "08:00")),))
    assert not keys(look(facts, on_day(8, "18:00")))


@pytest.mark.parametrize("what", [StatedWhat.GOT_IT, StatedWhat.NOT_YET])
def test_got_it_and_not_yet_silence_nothing(what: StatedWhat) -> None:
    facts = course(doses=(dose(1, DAY1),), stated=(says(what, "injection-2", on_day(7, "20:00")),))
    assert keys(look(facts, on_day(8, "18:00"))) == [ASK_DONE]


def test_a_recorded_dose_ends_its_reminders_and_those_of_its_draw() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8))))
    assert not keys(look(facts, on_day(8, "18:00")))
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(9))))
    assert not keys(look(facts, on_day(9, "18:00")))


def test_an_open_case_holds_the_doses_and_not_the_draws() -> None:
    (one,) = look(STARTED, on_day(7, "19:00"), held=True).reminders
    assert (one.phrase_key, one.activity_key) == ("patient.reminder.draw_tomorrow", "draw-L2")
    assert one.key == DAY_BEFORE


def test_a_participant_on_hold_is_reminded_of_draws_only() -> None:
    person = participant(state=ParticipantState.ON_HOLD)
    (one,) = decide(study(), person, STARTED, on_day(7, "19:00")).reminders
    assert one.phrase_key == "patient.reminder.draw_tomorrow"


def test_after_the_response_only_the_draw_is_reminded() -> None:
    facts = course(doses=(dose(1, DAY1),), labs=(count("100", on_day(6, "08:00")),))
    looks = follow(facts, on_day(6, "12:00"), on_day(60))
    assert {one.content for _, one in reminders(looks)} == {"draw"}


@pytest.mark.parametrize(
    "state", [ParticipantState.WITHDRAWN, ParticipantState.DIED, ParticipantState.COMPLETED]
)
def test_nothing_is_said_after_the_end_and_nobody_looks_again(state: ParticipantState) -> None:
    facts = replace(STARTED, state=state)
    assert decide(study(), participant(state=state), facts, on_day(7, "19:00")) == Decision()


@pytest.mark.parametrize("fact", [{"joined_at": None}, {"messages_stopped_at": on_day(5)}])
def test_who_has_not_joined_or_said_stop_gets_nothing_but_staff_are_still_told(
    fact: dict[str, object],
) -> None:
    looks = follow(STARTED, on_day(5), on_day(20), who=participant(**fact))
    assert not any(seen.reminders or seen.check_ins or seen.missed for _, seen in looks)
    assert any(seen.notices for _, seen in looks)


def test_nothing_from_before_she_joined_is_sent_or_missed() -> None:
    person = participant(joined_at=on_day(7, "19:30"), next_look_at=DAY1)
    seen = decide(study(), person, STARTED, on_day(7, "19:31"))
    assert not seen.reminders
    assert not seen.missed


# ---------------------------------------------------------------- properties


@settings(max_examples=20)
@given(courses(), st.booleans())
def test_no_reminder_or_check_in_is_ever_due_in_quiet_time(facts: Course, held: bool) -> None:
    person = participant(time_zone=facts.time_zone, state=facts.state, day1_at=facts.day1_at)
    looks = follow(
        facts, facts.day1_at + timedelta(days=5), facts.day1_at + timedelta(days=12), who=person, held=held
    )
    for now, seen in looks:
        spoken: list[Reminder | CheckIn] = [*seen.reminders, *seen.check_ins]
        for one in spoken:
            assert not is_quiet(study().quiet_hours, now, facts.time_zone)
            last_instant = one.expires_at - timedelta(microseconds=1)
            assert not is_quiet(study().quiet_hours, last_instant, facts.time_zone)
            assert one.send_after < one.expires_at


@settings(max_examples=20)
@given(courses())
def test_nothing_is_said_twice_and_each_kind_of_reminder_once_a_visit(facts: Course) -> None:
    person = participant(
        time_zone=facts.time_zone, state=facts.state, joined_at=facts.day1_at - timedelta(days=9)
    )
    said = reminders(
        follow(facts, facts.day1_at + timedelta(days=6), facts.day1_at + timedelta(days=16), who=person)
    )
    all_keys = [one.key for _, one in said]
    assert len(all_keys) == len(set(all_keys))
    for tag in {one.cancel_tag for _, one in said}:
        kinds = [one.kind for _, one in said if one.cancel_tag == tag]
        assert len(kinds) == len(set(kinds))
        # A fourth word only of a blood test alone whose result is late (specification 1.5).
        assert len(kinds) <= (4 if ReminderKind.LATE in kinds else 3)
    assert all(one.content is Content.DRAW for _, one in said if one.kind is ReminderKind.LATE)


@settings(max_examples=20)
@given(courses())
def test_no_injection_is_reminded_after_the_response_or_for_a_fifth_dose(facts: Course) -> None:
    person = participant(
        time_zone=facts.time_zone, state=facts.state, joined_at=facts.day1_at - timedelta(days=9)
    )
    said = reminders(follow(facts, facts.day1_at, facts.day1_at + timedelta(days=16), who=person))
    injections = [one for _, one in said if one.content != "draw"]
    assert all(one.visit_key in {f"injection-{number}" for number in (1, 2, 3, 4)} for one in injections)
    if responded_at(study(), facts) is not None:
        assert not injections


@given(courses(), st.integers(0, 60 * 24 * 40))
def test_no_look_promises_the_past_and_none_between_two_looks_would_say_anything(
    facts: Course, minute: int
) -> None:
    person = participant(time_zone=facts.time_zone, state=facts.state)
    now = facts.day1_at + timedelta(minutes=minute)
    seen = decide(study(), person, facts, now)
    known = said_in(seen)
    if seen.next_look_at is None:
        return
    assert seen.next_look_at > now
    between = now + (seen.next_look_at - now) / 2
    quiet_look = decide(study(), person, facts, between, known=known)
    assert not said_in(quiet_look)
