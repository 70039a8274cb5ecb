"""What the watchman tells, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.rules.watch import Found, Matter, Trouble, clock_jump, decide, is_well

TEN_PAST_TWO = datetime(2026, 3, 14, 18, 10, tzinfo=UTC)
LOST = (Found(Trouble.CASE_WITHOUT_MOMENT, "1"),)


def test_new_trouble_is_told_at_once_and_then_each_hour() -> None:
    told = decide(LOST, {}, TEN_PAST_TWO)
    assert told.tell == LOST
    silent = decide(LOST, told.told_at, TEN_PAST_TWO + timedelta(minutes=59))
    assert silent.tell == ()
    again = decide(LOST, silent.told_at, TEN_PAST_TWO + timedelta(hours=1))
    assert again.tell == LOST


def test_a_person_is_told_once_for_as_long_as_it_lasts_and_a_second_person_is_news() -> None:
    one, other = (Found(Trouble.STAFF_UNREACHABLE, code, code) for code in ("SI1", "CA1"))
    first = decide((one,), {}, TEN_PAST_TWO)
    assert first.tell == (one,)
    both = decide((one, other), first.told_at, TEN_PAST_TWO + timedelta(days=3))
    assert both.tell == (other,)
    back = decide((other,), both.told_at, TEN_PAST_TWO + timedelta(days=9))
    assert (back.tell, back.ended) == ((), (Matter(Trouble.STAFF_UNREACHABLE, "SI1"),))
    assert decide((one, other), back.told_at, TEN_PAST_TWO + timedelta(days=9)).tell == (one,)


def test_a_new_gap_is_told_at_once_while_an_older_one_lasts() -> None:
    old, new = (Found(Trouble.NOBODY_SOON, code, code) for code in ("TJ EMERGENCY", "WH EMERGENCY"))
    first = decide((old,), {}, TEN_PAST_TWO)
    later = TEN_PAST_TWO + timedelta(minutes=1)
    assert decide((old, new), first.told_at, later).tell == (new,)


def test_its_end_is_told_once() -> None:
    told = decide(LOST, {}, TEN_PAST_TWO)
    over = decide((), told.told_at, TEN_PAST_TWO + timedelta(minutes=1))
    assert over.ended == (Matter(Trouble.CASE_WITHOUT_MOMENT),)
    assert decide((), over.told_at, TEN_PAST_TWO + timedelta(minutes=2)).ended == ()


def test_trouble_that_comes_back_is_new() -> None:
    told = decide(LOST, {}, TEN_PAST_TWO)
    over = decide((), told.told_at, TEN_PAST_TWO + timedelta(minutes=1))
    assert decide(LOST, over.told_at, TEN_PAST_TWO + timedelta(minutes=2)).tell == LOST


def test_a_set_clock_is_told_and_never_said_to_be_over() -> None:
    told = decide((Found(Trouble.CLOCK_JUMPED, "+3600 s"),), {}, TEN_PAST_TWO)
    assert decide((), told.told_at, TEN_PAST_TWO + timedelta(minutes=1)).ended == ()


def test_an_hour_set_on_is_a_jump_and_a_late_round_is_none() -> None:
    minute = timedelta(minutes=1)
    assert clock_jump(timedelta(hours=1), minute) == timedelta(minutes=59)
    assert clock_jump(-minute, minute) == -2 * minute
    assert clock_jump(10 * minute, 10 * minute) is None


def test_the_sign_of_life_stops_where_the_machine_does_not_go_on() -> None:
    assert is_well(())
    assert is_well((Found(Trouble.NOBODY_REACHABLE, "TJ EMERGENCY"),))
    assert not is_well(LOST)
