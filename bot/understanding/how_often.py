"""How often something happened, upper end of a range: `吐了三四次`, `14x`, `lost count`."""

from __future__ import annotations

import re

from bot.understanding.amounts import amount_of
from bot.understanding.findings import Times
from bot.understanding.writing import Writing

_TIMES = re.compile(
    r"(?P<number>\d+|[零一二三四五六七八九十百两俩几]+)\s*(?:-|~|到|、|or|"
    r"to)?\s*(?P<second>\d+|[一二三四五六七八九十两]+)?\s*(?P<more>多|来|几)?\s*(?P<unit>次|"
    r"回|趟|遍|times?(?![a-z])|trips?(?= to )|x(?![a-z0-9]))|(?P<word>once|twice|two times|three times|"
    r"four times|five times|six times|seven times|eight times|nine times|ten times|"
    r"a dozen times|three or four times|four or five times|five or six times|one time|"
    r"several times|many times)(?![a-z])"
)
_WORD_TIMES = {
    "once": 1,
    "one": 1,
    "twice": 2,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "a": 12,
    "several": 5,
    "many": 6,
}


_MANY = 10
"""`lost count`: as many as severe diarrhoea has (data card: 10 or more a day)."""
_UNCOUNTED = re.compile(
    r"lost count|too many (?:times )?to count|dozens of times|countless times|"
    r"every (?:five|ten|5|10|few) min\w*|"
    r"数不清|数不过来|记不清(?:多少|几)(?:次|回|趟)|(?:每|隔)(?:个)?(?:十|10|五|5|几)(?:来)?分钟(?:就)?(?:一|跑|拉|去)"
)


def times_of(writing: Writing, used: set[int]) -> list[Times]:
    """Numbers of times; adds the places read to `used`."""
    text = writing.read
    found: list[Times] = []
    for match in _UNCOUNTED.finditer(text):
        found.append(
            Times(
                times=_MANY,
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
            )
        )
    for match in _TIMES.finditer(text):
        if match["word"]:
            words = match["word"].split()
            value: float | None = max((_WORD_TIMES[w] for w in words if w in _WORD_TIMES), default=None)
        else:
            if used & set(range(match.start(), match.start() + 1)):
                continue
            ordinal = text[max(0, match.start() - 1) : match.start()] == "第"
            if ordinal and not re.match(r"\s*(?:了|,|\s|$)", text[match.end() :]):
                continue  # `第三次打针`; but `今天第十二趟了` counts them
            if text[max(0, match.start() - 1) : match.start()] in (
                "上",
                "这",
                "那",
                "每",
                "下",
                "首",
                "头",
            ):
                continue
            value = amount_of(match["second"] or "") or amount_of(match["number"])
        if value is None:
            continue
        used.update(range(match.start(), match.end()))
        found.append(
            Times(
                times=int(value),
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
            )
        )
    return found
