"""Button tokens: short enough, read back as written, and deaf to garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import callback
from bot.rules.callback import Token
from tests.rules.report_scenes import REPORT
from tests.rules.scenes import study


@given(st.text(max_size=80))
def test_garbage_is_never_a_token_and_never_an_error(data: str) -> None:
    found = callback.parse(data)
    assert found is None or callback.token(*found) == data
    callback.red_flag_in(data)


@given(st.text(max_size=40), st.integers(0, 9999), st.text(max_size=40))
def test_what_is_written_is_read_back(report_id: str, number: int, code: str) -> None:
    try:
        data = callback.token(report_id, number, code)
    except ValueError:
        return
    assert callback.parse(data) == Token(report_id, number, code)
    assert len(data.encode()) <= 64


@pytest.mark.parametrize(
    "data",
    [
        "",
        "q",
        "q:::",
        "q:A:1",
        "q:A:x:B",
        "q:A:01:B",
        "q:A:１:B",
        "q:A:-1:B",
        "x:A:1:B",
        "q:A:1:B:C",
        "q:\ud800:1:B",
    ],
)
def test_near_misses_are_no_tokens(data: str) -> None:
    assert callback.parse(data) is None


def test_every_option_of_the_study_fits_a_button() -> None:
    codes = [f"+{symptom.code}" for symptom in study().symptoms]
    codes += [f"!{item.code}" for item in study().gate]
    codes += [
        f"+{option.code}"
        for one in study().symptoms
        for question in one.questions
        for option in question.options
    ]
    codes += [option.code for question in study().closing for option in question.options]
    for code in codes:
        assert callback.parse(callback.token(REPORT, 9999, code)) == Token(REPORT, 9999, code)


def test_no_option_of_the_study_looks_like_one_of_our_own_buttons() -> None:
    for one in study().symptoms:
        for question in one.questions:
            assert all(option.code[0].isalnum() for option in question.options)


def test_a_red_flag_is_known_whatever_report_it_stood_on() -> None:
    assert callback.red_flag_in(callback.token(REPORT, 1, "!BLEED")) == "BLEED"
    assert callback.red_flag_in(callback.token(REPORT, 1, "NONE")) is None
    assert callback.red_flag_in("q:old") is None
