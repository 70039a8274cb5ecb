"""Reads mistyped lexicon words: homophones and typed pinyin in Chinese, one wrong letter in English.

Worked case: `流鼻雪` is read `流鼻血` (same sounds), `nosbleed` is read `nosebleed`, `fashao 38.5` is read as
fever. Digits and negations are never changed, nor any word of `not_typos` and `plain_english`.
Source: specification 6.5, rows 16 and 17.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from rapidfuzz.distance import OSA

from bot.understanding.writing import Writing

# 24 MB and 12 ms at 4,096 characters instead of 68 MB and 25 ms. Source: decisions, last section.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
from pypinyin import Style, lazy_pinyin

_CJK = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[a-z]+")
_SHORTEST_ENGLISH = 5
_SHORTEST_TYPED = 4
_ENDINGS = ("s", "es", "ed", "d", "ly", "er", "ers", "y", "ful", "r", "e")
"""Ordinary endings: `blisters` is no mistyped `blister`."""
_SHORTEST_PINYIN = 6
_LONGEST_PINYIN = 4
_NEVER = frozenset("没不无未冇唔别莫勿非否零一二三四五六七八九十百千万两半")
"""Negations and numerals: never changed, and never what another word is changed into."""
_FUNCTION = frozenset("了的得我她他你过着里上下是有在也都又还就")
"""Letters of grammar: words holding them sound like too many others."""


class Repair(NamedTuple):
    """`read` stands in the comparable text instead of what was typed there."""

    start: int
    end: int
    read: str


@lru_cache(maxsize=8192)
def sound_of(char: str) -> str:
    """The pinyin of one character without its tone."""
    return lazy_pinyin(char, style=Style.NORMAL, errors="default")[0]


def _folded(sound: str) -> str:
    """Southern and northern hearing alike: zh/z, ch/c, sh/s, -ng/-n."""
    head = {"zh": "z", "ch": "c", "sh": "s"}.get(sound[:2])
    folded = head + sound[2:] if head else sound
    return folded[:-1] if folded.endswith("ng") else folded


class _Sounds:
    """Syllables as single letters, so that words become strings of the same length as written."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._memo: dict[str, str] = {}

    def learn(self, word: str) -> str:
        for char in word:
            self._letters.setdefault(_folded(sound_of(char)), chr(0xE000 + len(self._letters)))
        return self.of(word)

    def of(self, text: str) -> str:
        return "".join([self._memo.get(char) or self._letter(char) for char in text])

    def _letter(self, char: str) -> str:
        letter = self._letters.get(_folded(sound_of(char)), char) if "\u3400" <= char <= "\u9fff" else char
        if len(self._memo) < 30_000:
            self._memo[char] = letter
        return letter


class Repairer:
    """Compiled once from the words of the lexicon."""

    def __init__(
        self, chinese: Iterable[str], english: Iterable[str], not_typos: frozenset[str], plain: frozenset[str]
    ) -> None:
        self._sounds = _Sounds()
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._chinese = sorted({w for w in chinese if _is_target(w)})
        for word in self._chinese:
            self._by_sound[self._sounds.learn(word)].append(word)
        self._keys = list(self._by_sound)
        self._automaton = AhoCorasick(self._keys or ["\uf8ff"], implementation=Implementation.ContiguousNFA)
        kept = sorted(not_typos | set(self._chinese))
        self._kept = AhoCorasick(
            kept or ["\uf8ff"],
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
        )
        self._english_known = frozenset(english) | plain
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word in sorted(set(english)):
            if len(word) >= _SHORTEST_ENGLISH:
                self._by_length[len(word)].append(word)
        self._remembered: dict[str, str | None] = {}
        self._pinyin = _pinyin_forms(self._chinese, self._english_known)

    def repairs(self, text: str) -> list[Repair]:
        """Non-overlapping, in the order of the text."""
        found = self._homophones(text) if _CJK.search(text) else []
        found += self._latin(text)
        return sorted(found)

    def apply(self, writing: Writing, repairs: list[Repair]) -> Writing:
        """The text as read; every repaired letter leads back to the typed range it replaces."""
        if not repairs:
            return writing
        read: list[str] = []
        back: list[int] = []
        at = 0
        for start, end, word in repairs:
            read.append(writing.read[at:start] + word)
            back.extend(writing.back[at:start])
            width = max(1, end - start)
            back.extend(writing.back[min(end - 1, start + i * width // len(word))] for i in range(len(word)))
            at = end
        read.append(writing.read[at:])
        back.extend(writing.back[at:])
        return Writing(writing.typed, "".join(read), tuple(back))

    def _homophones(self, text: str) -> list[Repair]:
        kept = [False] * len(text)
        for _, start, end in self._kept.find_matches_as_indexes(text):
            kept[start:end] = [True] * (end - start)
        candidates = []
        for index, start, end in self._automaton.find_matches_as_indexes(
            self._sounds.of(text), overlapping=True
        ):
            typed = text[start:end]
            if any(kept[start:end]) or not _NEVER.isdisjoint(typed):
                continue
            word = max(self._by_sound[self._keys[index]], key=lambda w: _shared(w, typed))
            if word != typed and _shared(word, typed) >= max(1, len(word) - 1):
                candidates.append(Repair(start, end, word))
        return _without_overlap(candidates)

    def _latin(self, text: str) -> list[Repair]:
        repairs: list[Repair] = []
        words = list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            typed, used = self._typed_pinyin(words, at)
            if typed is not None:
                repairs.append(Repair(words[at].start(), words[at + used - 1].end(), typed))
                at += used
                continue
            nearest = self._nearest(words[at].group())
            if nearest is not None:
                repairs.append(Repair(words[at].start(), words[at].end(), nearest))
            at += 1
        return repairs

    def _typed_pinyin(self, words: list[re.Match[str]], at: int) -> tuple[str | None, int]:
        """The Chinese word typed in Latin letters from this word on, and how many words it takes."""
        for used in range(min(_LONGEST_PINYIN, len(words) - at), 0, -1):
            typed = " ".join(word.group() for word in words[at : at + used])
            chinese = self._pinyin.get(typed)
            if chinese is not None and words[at + used - 1].end() - words[at].start() == len(typed):
                return chinese, used
        return None, 0

    def _nearest(self, typed: str) -> str | None:
        if len(typed) < _SHORTEST_TYPED or len(typed) > 24 or typed in self._english_known:
            return None
        if any(typed[: -len(end)] in self._english_known for end in _ENDINGS if typed.endswith(end)):
            return None
        if typed not in self._remembered:
            if len(self._remembered) > 20_000:
                self._remembered.clear()
            self._remembered[typed] = self._search(typed)
        return self._remembered[typed]

    def _search(self, typed: str) -> str | None:
        for length in (len(typed), len(typed) + 1, len(typed) - 1):
            for word in self._by_length.get(length, ()):
                # A first letter is rarely mistyped, and guarding it keeps `never` from being `fever`.
                begins_alike = word[0] == typed[0] or (word[1] == typed[0] and len(typed) > _SHORTEST_TYPED)
                if begins_alike and OSA.distance(word, typed, score_cutoff=1) <= 1:
                    return word
        return None


def _is_target(word: str) -> bool:
    return (
        2 <= len(word) <= 6
        and bool(_CJK.fullmatch(word))
        and _NEVER.isdisjoint(word)
        and (len(word) == 2 or _FUNCTION.isdisjoint(word))
    )


def _pinyin_forms(words: Iterable[str], english: frozenset[str]) -> dict[str, str]:
    """`liu bi xue` and `liubixue` for 流鼻血; short forms that could be English words are left out."""
    forms: dict[str, str] = {}
    for word in words:
        sounds = [sound_of(char) for char in word]
        joined = "".join(sounds)
        if len(joined) >= _SHORTEST_PINYIN and joined not in english:
            forms.setdefault(joined, word)
        if len(joined) >= _SHORTEST_PINYIN - 1:
            forms.setdefault(" ".join(sounds), word)
    return forms


def _shared(word: str, typed: str) -> int:
    return sum(a == b for a, b in zip(word, typed, strict=True))


def _without_overlap(candidates: list[Repair]) -> list[Repair]:
    """Longer words first, then from the left."""
    chosen: list[Repair] = []
    taken: set[int] = set()
    for repair in sorted(candidates, key=lambda r: (r.start - r.end, r.start)):
        places = set(range(repair.start, repair.end))
        if not places & taken:
            chosen.append(repair)
            taken |= places
    return chosen
