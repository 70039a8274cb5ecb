"""No input crashes the reading, makes it fall back, or makes it do more than a bounded number of steps."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.study import Level
from bot.understanding.numerals import numerals
from bot.understanding.plain_red_flags import plain_red_flags
from bot.understanding.understander import Understander
from bot.understanding.writing import BOUND, make_comparable

UNDERSTANDER = Understander.load()

# Pieces that matter to the parsers, in any order, beside any characters at all.
PIECES = st.sampled_from(
    [
        "血小板", "plt", "体温", "38.5", "三十八度五", "8.6万", "从", "到", "没有", "没", "不", "不是",
        "止不住", "鼻血", "鼻子", "吐", "血", "头", "摔", "我妈", "邻居", "要是", "吗", "？", "上次",
        "现在", "昨天", "，", "。", " ", "\n", "no", "not", "never", "nose", "bleeding", "won't stop",
        "my son", "if", "what", "yesterday", "fever", "101.3F", "platelets", "from", "to", "100",
        "1,000", "10^9/L", "万", "个位数", "几", "半", "十", "百", "🩸", "🤮", "发烧", "胸口", "疼",
        "喘不上气", "叫不醒", "第", "天", "次", "小时", "twice", "times", "minutes", "STOP", "别发了",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(PIECES, max_size=40).map("".join),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=40).map(" ".join),
)


@given(TEXTS)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_text_is_read_without_falling_back(text: str) -> None:
    got = UNDERSTANDER.understand(text)
    assert not got.plain_only, got.reasons
    assert got.text == text
    for finding in got.findings:
        assert text[finding.span.start : finding.span.end] == finding.quote
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
    for count in got.counts:
        assert count.value >= 0
    for reading in got.temperatures:
        assert 30 < reading.value_c < 45


@given(TEXTS)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_same_text_is_always_read_the_same(text: str) -> None:
    assert UNDERSTANDER.understand(text) == UNDERSTANDER.understand(text)


@given(TEXTS)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_red_flag_said_beside_any_other_words_is_not_lost_in_them(text: str) -> None:
    """A whole new sentence of her own stands, whatever was said before it."""
    if len(text) > 200:
        return
    alone = UNDERSTANDER.understand("我现在吐血了")
    assert alone.level is Level.EMERGENCY
    together = UNDERSTANDER.understand("我现在吐血了。" + text)
    assert together.red_flags or together.confirm or together.death


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_plain_list_and_the_numbers_never_break(text: str) -> None:
    plain_red_flags(text)
    for number in numerals(text):
        assert number.low <= number.high
        assert 0 <= number.start < number.end <= len(text)


@given(st.text(max_size=120))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_way_back_leads_to_the_typed_characters(text: str) -> None:
    writing = make_comparable(text, lambda read: read)
    assert len(writing.back) == len(writing.read)
    assert list(writing.back) == sorted(writing.back)
    assert all(0 <= at < len(text) for at in writing.back)


LINES = 600_000
"""Lines of our own code one message may run through: some ten times what a long ordinary one needs."""


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
@settings(max_examples=5, deadline=None, derandomize=True)
def test_the_longest_message_takes_a_bounded_number_of_steps(piece: str) -> None:
    text = (piece * BOUND)[:BOUND]
    assert lines_run(lambda: UNDERSTANDER.understand(text)) < LINES


def lines_run(work: Any) -> int:
    count = 0

    def each_line(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if event == "call" and "understanding" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return each_line

    before = sys.gettrace()
    sys.settrace(each_line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
