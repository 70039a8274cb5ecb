"""The plain list stands when everything else breaks: high recall, one look at a negation."""

from __future__ import annotations

import pytest

from bot.understanding.plain_red_flags import plain_red_flags


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("我妈吐血了", "RF-3"),
        ("她叫不醒了", "RF-15"),
        ("鼻血止不住", "RF-2"),
        ("胸口痛 喘不上气", "RF-9"),
        ("喘不過氣", "RF-9"),
        ("我不想活了", "RF-14"),
        ("嘴歪了 说话不清", "RF-5"),
        ("嗓子发紧 脸肿了", "RF-8"),
        ("摔了一跤磕到头 现在想吐", "RF-6"),
        ("發燒三十九度", "U-FEVER"),
        ("I'm coughing up cupfuls of blood", "RF-4"),
        ("my nose won't stop bleeding", "RF-2"),
        ("she can't be woken", "RF-15"),
        ("I can’t breathe", "RF-9"),
        ("the worst headache of my life", "RF-5"),
        ("I want to die", "RF-14"),
        ("fever and shaking", "U-FEVER"),
    ],
)
def test_what_must_not_wait_is_seen_without_any_lexicon(text: str, rule: str) -> None:
    assert rule in [flag.rule for flag in plain_red_flags(text).now]


@pytest.mark.parametrize(
    "text", ["没有吐血", "没发烧", "no fever today", "not vomiting blood", "今天都好", ""]
)
def test_a_plain_denial_raises_nothing(text: str) -> None:
    assert plain_red_flags(text).now == ()


@pytest.mark.parametrize(
    "text", ["會不會吐血", "要是鼻血止不住怎么办", "what if my nose won't stop bleeding"]
)
def test_a_doubted_red_flag_is_asked_back_and_not_lost(text: str) -> None:
    flags = plain_red_flags(text)
    assert flags.now == ()
    assert flags.to_confirm


def test_a_death_is_no_red_flag_to_answer_with_advice() -> None:
    assert plain_red_flags("我妈昨晚去世了").death
