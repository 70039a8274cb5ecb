from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.rules.activities import Course
from bot.rules.check_ins import check_ins
from bot.rules.participant import DoseKind, ParticipantState, StatedWhat
from bot.rules.reminders import Decision, ReminderKind, decide
from bot.rules.schedule import plan
from tests.rules.scenes import (
    DAY1,
    HERE,
    TJ_001,
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

SIXTH = "check-in:TJ-001:2026-03-06"


def asked(facts: Course, last_day: int) -> list[str]:
    """`4 19:00`: on which study day and when, up to `last_day`."""
    found: dict[str, datetime] = {}
    for today in range(1, last_day + 1):
        for one in check_ins(study(), TJ_001, facts, plan(study(), facts), on_day(today)):
            found[one.key] = one.send_after.astimezone(HERE)
    days = [(moment.date() - DAY1.date()).days + 1 for moment in found.values()]
    shown = [
        f"{day} {moment:%H:%M}" for day, moment in zip(days, found.values(), strict=True) if day <= last_day
    ]
    return sorted(shown, key=lambda words: int(words.split()[0]))


@pytest.mark.parametrize("row", table("check_ins"), ids=lambda row: f"{row['dose1']} {row['counts']}")
def test_she_is_asked_how_she_is_when_the_table_says(row: dict[str, str]) -> None:
    counts = [pair.split(":") for pair in row["counts"].split()]
    labs = tuple(count(value, on_day(int(day), "10:00")) for day, value in counts)
    facts = course(doses=(dose(1, on_day(1, row["dose1"])),), labs=labs)
    assert asked(facts, 12) == row["asked"].split(" · ")


def test_in_follow_up_she_is_asked_every_week_until_the_last_window_closes() -> None:
    doses = tuple(dose(number, on_day(1 + 7 * (number - 1))) for number in (1, 2, 3, 4))
    days = [words.split()[0] for words in asked(course(doses=doses), 70) if int(words.split()[0]) > 31]
    assert days == ["36", "43", "50"]


def test_after_a_dose_before_a_therapy_she_is_asked_for_four_weeks_more() -> None:
    """Four doses until 24 March; a prophylactic one on 27 April, when the follow-up of those is over."""
    doses = tuple(dose(number, on_day(1 + 7 * (number - 1))) for number in (1, 2, 3, 4))
    before = replace(dose(1, on_day(56, "08:00")), id="p", kind=DoseKind.PROPHYLAXIS, therapy=1)
    days = [int(words.split()[0]) for words in asked(course(doses=(*doses, before)), 100)]
    assert [day for day in days if day > 56] == [57, 59, 63, 70, 77, 84]


STARTED = course(doses=(dose(1, DAY1),))


def look(now: datetime, *, known: set[str] | None = None, reported: tuple[datetime, ...] = ()) -> Decision:
    """A look at day 4 with the reminders of that day already sent."""
    return decide(study(), participant(), STARTED, now, known=known or set(), reported_at=reported)


def keys(decision: Decision) -> list[str]:
    return [one.key for one in decision.check_ins]


def test_an_unanswered_check_in_is_nudged_once_in_the_evening() -> None:
    assert keys(look(on_day(4, "19:00"))) == [SIXTH]
    assert not keys(look(on_day(4, "20:59"), known={SIXTH}))
    assert keys(look(on_day(4, "21:00"), known={SIXTH})) == [f"{SIXTH}:nudge"]
    assert not keys(look(on_day(5, "09:00"), known={SIXTH, f"{SIXTH}:nudge"}))


def test_a_report_answers_the_check_in_and_there_is_no_nudge() -> None:
    assert not keys(look(on_day(4, "21:00"), known={SIXTH}, reported=(on_day(4, "19:20"),)))


def test_a_nudge_makes_up_for_a_check_in_that_an_outage_kept_back() -> None:
    (nudge,) = look(on_day(4, "21:00")).check_ins
    assert (nudge.key, nudge.asked_before) == (f"{SIXTH}:nudge", False)
    (nudge,) = look(on_day(4, "21:00"), known={SIXTH}).check_ins
    assert nudge.asked_before


def test_no_check_in_interrupts_a_report() -> None:
    seen = decide(study(), participant(), STARTED, on_day(4, "19:00"), report_open=True)
    assert not seen.check_ins
    assert seen.next_look_at == on_day(4, "21:00")


def test_a_check_in_delayed_by_an_outage_still_goes_before_quiet_time() -> None:
    assert keys(look(on_day(4, "20:45"))) == [SIXTH]
    assert not keys(look(on_day(4, "21:30")))


def test_an_evening_too_late_for_a_nudge_is_nudged_next_morning() -> None:
    late = course(doses=(dose(1, on_day(1, "21:10")),))
    second = "check-in:TJ-001:2026-03-04"
    seen = decide(study(), participant(), late, on_day(2, "21:10"))
    assert keys(seen) == [second]
    seen = decide(study(), participant(), late, on_day(3, "09:00"), known={second})
    assert keys(seen) == [f"{second}:nudge"]


class TestTheBaselineReport:
    """One report before dose 1, planned for Tuesday 3 March at 09:30 (specification 1.8)."""

    joined = DAY1 - timedelta(days=3)

    def moments(self, joined_at: datetime | None, day1_at: datetime = DAY1) -> list[str]:
        facts = course(day1_at=day1_at, state=ParticipantState.CONSENTED)
        found = check_ins(
            study(), TJ_001, facts, plan(study(), facts), day1_at - timedelta(days=1), joined_at=joined_at
        )
        return [shown(one.send_after) for one in found if one.key == "check-in:TJ-001:baseline"]

    def test_it_is_asked_on_the_evening_before_the_first_dose(self) -> None:
        assert self.moments(self.joined) == ["2026-03-02 19:00"]

    def test_whoever_joins_later_is_asked_at_once_out_of_quiet_time(self) -> None:
        assert self.moments(at("2026-03-02 20:10")) == ["2026-03-02 20:10"]
        assert self.moments(at("2026-03-02 22:10")) == ["2026-03-03 07:30"]

    def test_after_the_first_dose_there_is_none(self) -> None:
        assert self.moments(at("2026-03-03 09:30")) == []
        assert self.moments(None) == []

    def test_it_is_asked_once_however_the_first_dose_moves_and_any_report_before_answers_it(self) -> None:
        her = participant(joined_at=self.joined, state=ParticipantState.CONSENTED)
        facts = course(state=ParticipantState.CONSENTED)
        now = at("2026-03-02 19:00")
        (asked_at,) = decide(study(), her, facts, now).check_ins
        later = course(day1_at=DAY1 + timedelta(days=7), state=ParticipantState.CONSENTED)
        week_on = now + timedelta(days=7)
        assert decide(study(), her, later, week_on, known={asked_at.key}).check_ins == ()
        reported = (self.joined + timedelta(hours=1),)
        assert decide(study(), her, facts, now, reported_at=reported).check_ins == ()

    def test_unanswered_it_is_nudged_once(self) -> None:
        her = participant(joined_at=self.joined, state=ParticipantState.CONSENTED)
        facts = course(state=ParticipantState.CONSENTED)
        known = {"check-in:TJ-001:baseline"}
        seen = decide(study(), her, facts, at("2026-03-02 21:00"), known=known)
        assert keys(seen) == ["check-in:TJ-001:baseline:nudge"]


def test_a_low_count_she_states_herself_is_taken_as_true_and_a_high_one_calms_nobody() -> None:
    verified = count("60", on_day(4, "10:00"))
    low = replace(count("18", on_day(5, "09:00"), verified=False), sampled_at=None)
    facts = course(doses=(dose(1, DAY1),), labs=(verified, low))
    assert asked(facts, 8)[-4:] == ["5 11:00", "6 19:00", "7 19:00", "8 19:00"]
    high = replace(count("90", on_day(5, "09:00"), verified=False), sampled_at=None)
    facts = course(doses=(dose(1, DAY1),), labs=(count("28", on_day(4, "10:00")), high))
    assert asked(facts, 7)[-3:] == ["5 19:00", "6 19:00", "7 19:00"]
    # Counted again and found to be 60: two counts above the limit end the daily question.
    again = count("60", on_day(6, "10:00"))
    facts = course(doses=(dose(1, DAY1),), labs=(verified, low, again))
    assert asked(facts, 8)[-2:] == ["4 19:00", "8 19:00"]


def test_every_change_of_the_plan_moves_the_rhythm() -> None:
    """Dose 2 moved from day 8 to day 10: asked on the evening of the new draw day, and not of the old."""
    moved_on = moved("injection-2", on_day(10))
    facts = course(doses=(dose(1, DAY1),), moves=(moved_on,))
    assert "10 19:00" in asked(facts, 12)
    assert "8 19:00" not in asked(facts, 12)
    given = course(doses=(dose(1, DAY1), dose(2, on_day(10, "14:00"))), moves=(moved_on,))
    assert "11 19:00" in asked(given, 13) or "11 14:00" in asked(given, 13)
    assert "13 14:00" in asked(given, 13)


def test_a_blood_test_alone_without_a_result_is_asked_after_once() -> None:
    """L1 stands on day 4 at 09:30; 48 hours later nobody has said that blood was taken."""
    late = on_day(6, "09:30")
    (one,) = decide(study(), participant(), STARTED, late).reminders
    assert (one.kind, one.phrase_key) == (ReminderKind.LATE, "patient.reminder.draw_late")
    assert decide(study(), participant(), STARTED, late, known={one.key}).reminders == ()
    drawn = course(doses=(dose(1, DAY1),), labs=(count("60", on_day(4, "09:00")),))
    assert decide(study(), participant(), drawn, late).reminders == ()
    said_done = replace(STARTED, stated=(says(StatedWhat.DONE, "draw-L1", on_day(4, "18:05")),))
    assert decide(study(), participant(), said_done, late).reminders == ()
