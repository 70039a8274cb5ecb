from __future__ import annotations

from datetime import datetime

import pytest

from bot.rules.activities import Course
from bot.rules.check_ins import check_ins
from bot.rules.reminders import Decision, decide
from bot.rules.schedule import plan
from tests.rules.scenes import DAY1, HERE, TJ_001, count, course, dose, on_day, participant, study, table

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
