"""A message made comparable, with the way back to the characters that were typed.

Worked case: `發燒３８．５！！` reads `发烧38.5!!`, and the span of `发烧` leads back to `發燒`.
Source: specification 6.1.6.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding.findings import Span

BOUND = 4096
"""Characters read at most: Telegram's own limit of a message. Source: stack, "Telegram itself"."""

_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f\u200e\u200f")
_SAME = {
    "，": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "、": "、", "…": "…",
    "～": "~", "〜": "~",
    "‘": "", "’": "", "'": "", "`": "", "´": "", "＇": "", "ʼ": "",
    "“": '"', "”": '"', "「": '"', "」": '"', "×": "x", "✕": "x", "*": "x",
    "·": ".", "％": "%", "—": "-", "–": "-", "−": "-",
    "\u00a0": " ", "\u3000": " ", "\t": " ", "\r": "\n", "º": "°", "℃": "°c", "℉": "°f", "µ": "u", "μ": "u",
}  # fmt: skip
_ASCII_ONE = re.compile(r"[a-z]")


@dataclass(frozen=True, slots=True)
class Writing:
    """`read` is the comparable text; `back[i]` the index of the typed character that `read[i]` came from."""

    typed: str
    read: str
    back: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """The typed range of a half-open range of `read`; never empty for a non-empty range."""
        if start >= end:
            at = self.back[start] if start < len(self.back) else len(self.typed)
            return Span(at, at)
        last = self.back[end - 1]
        following = self.back[end] if end < len(self.back) else len(self.typed)
        return Span(self.back[start], max(last + 1, following if following == last + 1 else last + 1))

    def quote(self, start: int, end: int) -> str:
        span = self.span(start, end)
        return self.typed[span.start : span.end]


def make_comparable(typed: str, simplify: Callable[[str], str]) -> Writing:
    """NFKC, lower case, one form of punctuation, no invisible characters, no drawn-out letters, simplified.

    `simplify` turns traditional into simplified characters. Digits are never collapsed.
    """
    letters: list[str] = []
    back: list[int] = []
    last = ""
    for index, char in enumerate(typed[:BOUND]):
        for letter in _forms(char):
            if letter == last and _is_drawn_out(letters, letter):
                continue
            last = letter
            letters.append(letter)
            back.append(index)
    read = _simplified("".join(letters), simplify)
    return Writing(typed, read, tuple(back))


@lru_cache(maxsize=8192)
def _forms(char: str) -> str:
    if char in _SAME:
        return _SAME[char]
    if char in _INVISIBLE or "\ud800" <= char <= "\udfff":  # half a surrogate pair says nothing
        return ""
    if char < "\x80":
        return char.lower()
    plain = unicodedata.normalize("NFKC", char).lower()
    return "".join(_SAME.get(letter, letter) for letter in plain if letter not in _INVISIBLE)


def _is_drawn_out(letters: list[str], letter: str) -> bool:
    """Of a letter like the last: `疼疼疼`, `bloooood`; a third is dropped, a second of `!?~…`, no digit."""
    if letter.isdigit():
        return False
    if letter in "!?~…, " or letter in "-":
        return True
    return letter.isalpha() and len(letters) >= 2 and letters[-2] == letter


def _simplified(text: str, simplify: Callable[[str], str]) -> str:
    """Same length as `text`: where a conversion changes the length, it is made character by character."""
    whole = simplify(text)
    if len(whole) == len(text):
        return whole
    return "".join(one if len(one := simplify(char)) == 1 else char for char in text)
