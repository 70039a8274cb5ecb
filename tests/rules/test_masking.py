"""What would name somebody is left out; what a nurse must read stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.masking import MASK, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我是李小红，电话13812345678，鼻血止不住", f"我是{MASK}，电话{MASK}，鼻血止不住"),
        ("我叫王芳，发烧38.5", f"我叫{MASK}，发烧38.5"),
        ("病人张三的牙龈出血", f"病人{MASK}的牙龈出血"),
        ("+86 138 1234 5678 请回电", f"{MASK} 请回电"),
        ("家里电话022-55500101", f"家里电话{MASK}"),
        ("身份证12010119700101123X", f"身份证{MASK}"),
        ("邮箱 a.b@example.org", f"邮箱 {MASK}"),
        ("我住天津市河西区友谊路20号，摔倒了", f"我住{MASK}，摔倒了"),
        ("微信号 li_xiaohong88", MASK),
        ("李主任说可以打，高医生也在", f"{MASK}主任说可以打，{MASK}医生也在"),
        ("my name is Mary Smith, nosebleed", f"my name is {MASK}, nosebleed"),
    ],
)
def test_names_numbers_and_addresses_are_left_out(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "血小板18，体温38.5度，流了40分钟",
        "我是不是该去医院",
        "我是她女儿，我妈头特别疼",
        "已经打了120",
        "10月3日上午9:30抽血",
        "病人今天没精神",
        "plt 102, fever 39.2 for 2 days",
        "吐了3次，每次200ml",
        "血压150/90，血糖6.1",
        "我是白血病，病人高烧，患者严重",
        "我是周三的针",
        "我是孙女，马上到",
        "今天走路20分钟就喘",
        "鼻血一直流到天津市医院才停",
    ],
)
def test_what_must_be_read_stays(text: str) -> None:
    assert masked(text) == text


@given(st.text(max_size=60))
def test_masking_what_is_masked_changes_nothing_more(text: str) -> None:
    assert masked(masked(text)) == masked(text)
