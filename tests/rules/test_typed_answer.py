"""Typing what a button says: whole messages only, and never a word that means two buttons."""

from __future__ import annotations

import pytest

from bot.rules.typed_answer import typed_answer

UNDERSTOOD = ("w:yes:A1", "w:no:A1", "h:unwell")
HAPPENING = ("c:yes:A1", "c:no:A1")


@pytest.mark.parametrize(
    ("tokens", "text", "token"),
    [
        (UNDERSTOOD, "对", "w:yes:A1"),
        (UNDERSTOOD, " 是的。", "w:yes:A1"),
        (UNDERSTOOD, "That's right!", "w:yes:A1"),
        (UNDERSTOOD, "不对", "w:no:A1"),
        (UNDERSTOOD, "你好像理解错了", "w:no:A1"),
        (UNDERSTOOD, "对不起", None),
        (UNDERSTOOD, "不对劲", None),
        (UNDERSTOOD, "对，还吐了", None),
        (UNDERSTOOD, "是不是", None),
        (UNDERSTOOD, "", None),
        (HAPPENING, "是", "c:yes:A1"),
        (HAPPENING, "不是", "c:no:A1"),
        (HAPPENING, "没有", None),
        (("q:A1:3:YES",), "是", None),
        (("o:me:A1", "o:other:A1", "o:asking:A1"), "不是我", "o:other:A1"),
        (("v:done:draw-L2", "v:notyet:draw-L2"), "抽了", "v:done:draw-L2"),
        (("v:done:injection-2", "v:notyet:injection-2"), "抽了", None),
        (("v:done:injection-2", "v:notyet:injection-2"), "打了", "v:done:injection-2"),
        (("v:gotit:injection-2", "v:cannot:injection-2"), "好的", "v:gotit:injection-2"),
        (("s:messages", "s:study", "s:neither"), "停止", None),
    ],
)
def test_only_the_whole_words_of_a_button_are_its_tap(
    tokens: tuple[str, ...], text: str, token: str | None
) -> None:
    assert typed_answer(tokens, text) == token
