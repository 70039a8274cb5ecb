"""Small amounts as people say them: `half an`, `几`, `两三`; for lengths of time and for how often."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.understanding.numerals import numerals

_ENGLISH_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty five": 45,
    "fifty": 50,
    "sixty": 60,
    "few": 3,
    "a few": 3,
    "several": 5,
    "couple of": 2,
    "a couple of": 2,
    "once": 1,
    "twice": 2,
    "half": 0.5,
    "half a": 0.5,
    "half an": 0.5,
}


@lru_cache(maxsize=1024)
def amount_of(words: str) -> float | None:
    """Upper end of a range; `几` is taken as five."""
    words = words.strip()
    if not words:
        return None
    if words in _ENGLISH_NUMBERS:
        return float(_ENGLISH_NUMBERS[words])
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return float(words)
    if words == "半":
        return 0.5
    if words.startswith("半"):
        return 0.5
    if "几" in words:
        base = numerals(words.replace("几", ""))
        return float(base[0].low) + 5 if base else 5.0
    values = numerals(words.rstrip("半"))
    return float(values[0].high) if values else None
