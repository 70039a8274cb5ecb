"""A question with buttons, answered by typing: `对` under "对吗？" is what a tap on 〔对〕 is.

Only whole messages that are one of these words count; everything else is read as the sentence it is. The
words for a question about a red flag are few on purpose, and none of them is one that could mean both.

>>> typed_answer(["w:yes:A1", "w:no:A1", "h:unwell"], "对的。")
'w:yes:A1'
>>> typed_answer(["w:yes:A1", "w:no:A1"], "对面的医院") is None
True
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

_YES = (
    "对",
    "对的",
    "对啊",
    "对对",
    "对对对",
    "是",
    "是的",
    "是啊",
    "嗯",
    "嗯嗯",
    "没错",
    "yes",
    "y",
    "yeah",
    "yep",
)
_NO = ("不对", "不是", "不是的", "不对的", "no", "nope")

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    # "This is what I understood. Is that right?"
    "w:yes": frozenset({*_YES, "正确", "right", "correct", "thats right"}),
    "w:no": frozenset(
        {
            *_NO,
            "不",
            "错",
            "错了",
            "理解错了",
            "你理解错了",
            "您理解错了",
            "你好像理解错了",
            "不太对",
            "不是这样",
        }
        | {"not right", "wrong", "thats wrong", "thats not right", "not quite"}
    ),
    # "Is this happening to you now?"
    "c:yes": frozenset({*_YES, "是就是现在", "就是现在", "现在就是", "yes now"}),
    "c:no": frozenset(_NO),
    # "Is this about you?"
    "o:me": frozenset({"是我", "是我自己", "我自己", "我本人", "是我本人", "its me", "me", "it is about me"}),
    "o:other": frozenset({"是别人", "别人", "不是我", "about somebody else", "somebody else", "not me"}),
    "o:asking": frozenset(
        {"只是想问问", "就是想问问", "想问问", "问问", "i only want to ask", "just asking"}
    ),
    # "What should stop?"
    "s:messages": frozenset({"不要再发消息", "别再发消息", "别发消息了", "stop the messages"}),
    "s:study": frozenset({"我想退出研究", "我要退出研究", "退出研究", "i want to leave the study"}),
    "s:neither": frozenset({"都不是", "都不是继续", "继续", "neither", "neither go on"}),
    # A reminder, and "is it done?": blood that was taken says nothing of the injection.
    "v:gotit": frozenset({"知道了", "知道", "好的", "好", "收到", "行", "明白了", "ok", "okay", "got it"}),
    "v:cannot": frozenset(
        {"来不了", "去不了", "不能来", "不能去", "来不成", "去不成", "i cannot come", "cant come"}
    ),
    "v:other": frozenset({"改天", "改天打", "改天抽", "another day"}),
    "v:notyet": frozenset({"还没有", "还没", "没有", "没打", "还没打", "没抽", "还没抽", "not yet", "no"}),
    "v:done:injection": frozenset({"打了", "打完了", "打过了", "已经打了", "针打了", "抽了打了", "都做了"}),
    "v:done:prophylaxis": frozenset({"打了", "打完了", "打过了", "已经打了", "针打了"}),
    "v:done:draw": frozenset({"抽了", "抽完了", "抽过了", "已经抽了", "血抽了"}),
}


def typed_answer(tokens: Iterable[str], text: str) -> str | None:
    """The token of the one button that these words are, or None."""
    said = _plain(text)
    found = [token for token in tokens if said in _PLAIN.get(_answer_of(token), ())]
    return found[0] if len(found) == 1 else None


def _answer_of(token: str) -> str:
    """What the button answers, without of what: `w:yes`, and of a reminder `v:done:draw`."""
    verb, answer, *rest = (*token.split(":"), "")
    return f"v:done:{rest[0].partition('-')[0]}" if (verb, answer) == ("v", "done") else f"{verb}:{answer}"


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


_PLAIN: Final = {answer: frozenset(map(_plain, words)) for answer, words in _WORDS.items()}
