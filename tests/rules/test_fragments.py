"""Which messages are read together, and how."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.fragments import LONGEST, MOST, Fragment, burst_of, readings
from tests.cast import MORNING

WITHIN = timedelta(seconds=30)


def piece(seconds: int, number: int | None = None) -> Fragment:
    return Fragment(MORNING + timedelta(seconds=seconds), number or seconds, f"said-{seconds}")


def test_pieces_no_further_apart_than_the_joining_time_belong_together() -> None:
    first, second, third = piece(0), piece(30), piece(61)
    assert burst_of((first,), second, WITHIN) == (first, second)
    assert burst_of((first, second), third, WITHIN) == (third,)


def test_what_arrives_out_of_order_is_put_in_the_order_in_which_it_was_sent() -> None:
    nose, blood, on = piece(0), piece(6), piece(11)
    assert burst_of((nose, on), blood, WITHIN) == (nose, blood, on)


def test_the_same_piece_twice_is_one() -> None:
    nose = piece(0)
    assert burst_of((nose,), nose, WITHIN) == (nose,)


def test_a_late_piece_between_two_far_ones_joins_only_what_is_near() -> None:
    assert burst_of((piece(0), piece(300)), piece(20), WITHIN) == (piece(0), piece(20))


@given(st.lists(st.integers(0, 600), max_size=60), st.integers(0, 600))
def test_a_burst_is_bounded_holds_the_new_piece_and_is_in_order(known: list[int], new: int) -> None:
    found = burst_of([piece(one) for one in known], piece(new), WITHIN)
    assert piece(new) in found
    assert list(found) == sorted(found)
    assert len(found) <= MOST
    assert found[-1].said_at - found[0].said_at <= 8 * WITHIN


def test_chinese_is_run_together_without_spaces_and_english_with_them() -> None:
    assert readings(["拉肚子", "带血"]) == ("拉肚子带血", "拉肚子，带血")
    assert readings(["my nose", "wont stop"]) == ("my nose wont stop", "my nose，wont stop")
    assert readings(["一条", " "]) == ()


def test_what_is_read_together_is_no_longer_than_one_message() -> None:
    assert all(len(one) == LONGEST for one in readings(["啊" * 4000, "血" * 4000]))
