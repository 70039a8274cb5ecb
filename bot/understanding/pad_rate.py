"""How fast pads are used where two numbers say it: `two pads gone in two hours`, `三个小时垫了六片`.

One pad an hour is what the data card calls urgent. Source: data card, "Level"; specification 2.7, BLD_VAG.
"""

from __future__ import annotations

import re

from bot.understanding.numerals import numerals

_NUMBER_ZH = r"\d+|[一二两三四五六七八九十半]+"
_NUMBER_EN = r"\d+|an?|one|two|three|four|five|six|seven|eight|half an|half"
_WORDS = {"a": 1.0, "an": 1.0, "half": 0.5, "half an": 0.5, "半": 0.5} | {
    word: float(value)
    for value, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"), start=1)
}
_PADS = rf"(?P<pads>{_NUMBER_ZH}|{_NUMBER_EN})\s?(?:片|条|张|块|pads?|towels|tampons?)"
_HOURS = rf"(?P<hours>{_NUMBER_ZH}|{_NUMBER_EN})\s?个?(?P<unit>小时|钟头|hours?|hrs?)"
_RATE = (
    re.compile(rf"{_HOURS}[^,.!?;\n]{{0,10}}?{_PADS}"),
    re.compile(rf"{_PADS}[^,.!?;\n]{{0,24}}?{_HOURS}"),
)


def pad_an_hour(text: str) -> tuple[int, int] | None:
    """The range of words that say a pad an hour or more; None where the numbers say less or nothing."""
    for pattern in _RATE:
        for match in pattern.finditer(text):
            pads, hours = _number(match["pads"]), _number(match["hours"])
            if hours and pads / hours >= 1:
                return match.span()
    return None


def _number(words: str) -> float:
    if words in _WORDS:
        return _WORDS[words]
    if words.isdigit():
        return float(words)
    found = numerals(words.replace("半", ""))
    return float(found[0].low) if found else 0.0
