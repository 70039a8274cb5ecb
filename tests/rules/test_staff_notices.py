from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.activities import Course
from bot.rules.participant import StatedWhat
from bot.rules.reminders import decide
from bot.rules.schedule import plan
from bot.rules.staff_notices import notice_of_the_end, notices_of_days_off, notices_of_results
from bot.rules.study import Level
from tests.rules.scenes import (
    DAY1,
    TJ_001,
    at,
    count,
    course,
    dose,
    on_day,
    participant,
    says,
    shown,
    study,
    tianjin,
)


def told(facts: Course, now: datetime, *, known: set[str] | None = None) -> dict[str, Level]:
    seen = decide(study(), participant(), facts, now, known=known or set())
    return {f"{one.activity_key} {one.kind}".strip(): one.level for one in seen.notices}


STARTED = course(doses=(dose(1, DAY1),), labs=(count("60", on_day(4, "09:30")),))


def test_a_dose_not_recorded_is_told_next_morning_then_when_its_window_closes_then_when_it_has() -> None:
    assert not told(STARTED, on_day(9, "09:59"))
    assert told(STARTED, on_day(9, "10:00")) == {"injection-2 dose-unconfirmed": Level.ROUTINE}
    assert told(STARTED, on_day(10, "17:59")).keys() == {"injection-2 dose-unconfirmed"}
    assert told(STARTED, on_day(10, "18:00"))["injection-2 window-closing"] is Level.SAME_DAY
    assert "injection-2 window-closed" not in told(STARTED, on_day(10, "23:59"))
    assert told(STARTED, on_day(11, "00:00"))["injection-2 window-closed"] is Level.SAME_DAY


def test_a_dose_whose_last_day_is_its_own_is_decided_too_once_that_day_is_over() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(11)), dose(3, on_day(21))))
    assert shown(next(one for one in plan(study(), facts) if one.number == 4).target_at)[:10] == "2026-03-30"
    assert "injection-4 window-closing" not in told(facts, on_day(28, "17:59"))
    assert told(facts, on_day(28, "18:00"))["injection-4 window-closing"] is Level.SAME_DAY
    assert told(facts, on_day(29, "00:00"))["injection-4 window-closed"] is Level.SAME_DAY


def test_a_dose_she_says_was_given_lacks_only_its_record() -> None:
    facts = course(doses=(dose(1, DAY1),), stated=(says(StatedWhat.DONE, "injection-2", on_day(8, "18:05")),))
    assert told(facts, on_day(10, "18:00"))["injection-2 window-closing"] is Level.ROUTINE


def test_a_recorded_dose_is_no_longer_news() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8))))
    assert not any(key.startswith("injection-2") for key in told(facts, on_day(12)))


def test_the_endpoint_draw_without_a_result_is_told_the_same_evening() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8)), dose(3, on_day(15))))
    assert "draw-L4 endpoint-draw-unconfirmed" not in told(facts, on_day(15, "17:59"))
    assert told(facts, on_day(15, "18:00"))["draw-L4 endpoint-draw-unconfirmed"] is Level.SAME_DAY
    drawn = course(doses=facts.doses, labs=(count("70", on_day(15, "09:00")),))
    assert "draw-L4 endpoint-draw-unconfirmed" not in told(drawn, on_day(15, "18:00"))


def test_a_notice_is_told_once() -> None:
    seen = decide(study(), participant(), STARTED, on_day(9, "10:00"))
    assert not told(STARTED, on_day(9, "10:01"), known={one.key for one in seen.notices})


def test_nothing_from_before_she_was_enrolled_is_told() -> None:
    late = participant(enrolled_at=on_day(12))
    assert not decide(study(), late, STARTED, on_day(12)).notices


def test_a_result_that_is_late_is_asked_for_and_the_same_day_when_the_last_count_was_low() -> None:
    facts = course(doses=(dose(1, DAY1), dose(2, on_day(8))), labs=(count("45", on_day(4, "08:00")),))
    due = notices_of_results(study(), TJ_001, facts, plan(study(), facts))
    of_l2 = [(one.level, shown(one.at)) for one in due if one.activity_key == "draw-L2"]
    assert of_l2 == [(Level.ROUTINE, "2026-03-12 09:30"), (Level.SAME_DAY, "2026-03-13 09:30")]


def test_a_draw_that_is_only_usual_is_asked_for_once_she_says_it_was_taken() -> None:
    facts = course(doses=(dose(1, DAY1),))
    keys = {one.activity_key for one in notices_of_results(study(), TJ_001, facts, plan(study(), facts))}
    assert "draw-L1" not in keys
    taken = course(doses=(dose(1, DAY1),), stated=(says(StatedWhat.DONE, "draw-L1", on_day(4, "10:00")),))
    keys = {one.activity_key for one in notices_of_results(study(), TJ_001, taken, plan(study(), taken))}
    assert "draw-L1" in keys


def test_a_window_without_a_working_day_is_told_at_entry_and_before_the_days_off_begin() -> None:
    """Day 1 on 11 February 2026: dose 2 counts from 17 to 20 February, all of them Spring Festival.

    Days off from Sunday the 15th; Saturday the 14th is worked, so Friday the 13th is the last but one.
    """
    facts = course(day1_at=at("2026-02-11 09:30"))
    found = notices_of_days_off(
        TJ_001, facts, plan(study(), facts), tianjin(), known_since=at("2026-02-09 10:00")
    )
    told = [(one.activity_key, one.level, shown(one.at)) for one in found]
    assert ("injection-2", Level.ROUTINE, "2026-02-09 10:00") in told
    assert ("injection-2", Level.SAME_DAY, "2026-02-13 08:00") in told
    assert not any(key == "injection-3" for key, _, _ in told)


def test_the_end_of_follow_up_is_told_when_its_draw_is_done_or_its_window_over() -> None:
    given = tuple(dose(number, DAY1 + timedelta(days=7 * (number - 1))) for number in range(1, 5))
    facts = course(doses=given)
    (waiting,) = notice_of_the_end(study(), TJ_001, facts, plan(study(), facts))
    assert shown(waiting.at) == "2026-04-24 09:00"
    done = course(doses=given, labs=(count("140", at("2026-04-21 08:00")),))
    (drawn,) = notice_of_the_end(study(), TJ_001, done, plan(study(), done))
    assert shown(drawn.at) == "2026-04-21 08:00"
