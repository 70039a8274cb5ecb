"""Reads a message that is typed in pinyin as a whole.

`wo ma tou teng, tu le liang ci` is read as `我妈头疼, 吐了两次`.

Each stretch of syllables is taken for the longest word of the lexicon with these sounds, what is left for the
commonest character (`[pinyin]` of `repairs.toml`); syllables nobody knows stay as they are. Tones are never
typed, so a reading may be wrong: it can only open a symptom, and what was typed is kept and shown. English is
left alone: nearly every word must be pinyin, and half of them no English word.
Source: specification 6.5, row 17.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from bot.understanding.writing import Writing

_WORD = re.compile(r"[a-z]+")
_SENTENCE = re.compile(r"[^.!?;\n]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_FEWEST_SYLLABLES = 4
_SHARE_PINYIN = 0.8
_SHARE_NOT_ENGLISH = 0.4
_LONGEST = 6
"""Syllables of the longest word looked for."""

_LONGEST_SYLLABLE = 6
_LONGEST_TOKEN = 48

Syllable = tuple[str, int, int]


class TypedPinyin:
    """Compiled once from the words of the lexicon; `sound` gives the pinyin of one character."""

    def __init__(
        self,
        words: Iterable[str],
        single: Mapping[str, str],
        english: frozenset[str],
        sound: Callable[[str], str],
    ) -> None:
        self._single = dict(single)
        self._english = english
        self._known: set[str] = set(single)
        self._words: dict[tuple[str, ...], str] = {}
        for word in words:
            if 2 <= len(word) <= _LONGEST and _CJK.fullmatch(word[0]) and all(map(_CJK.match, word)):
                sounds = tuple(map(sound, word))
                self._words.setdefault(sounds, word)
                self._known.update(sounds)

    def read(self, writing: Writing) -> Writing:
        """The writing in characters where a sentence is pinyin, else the same writing."""
        pieces: list[Syllable] = []
        for sentence in _SENTENCE.finditer(writing.read):
            tokens = list(_WORD.finditer(writing.read, *sentence.span()))
            spelt = [self._split(token.group(), token.start()) for token in tokens]
            if self._is_pinyin([token.group() for token in tokens], spelt):
                pieces.extend(self._pieces(writing.read, tokens, spelt))
        return _apply(writing, pieces) if pieces else writing

    def _pieces(
        self, text: str, tokens: list[re.Match[str]], spelt: list[list[Syllable]]
    ) -> Iterable[Syllable]:
        runs: list[list[Syllable]] = [[]]
        for token, syllables in zip(tokens, spelt, strict=True):
            follows = runs[-1] and text[runs[-1][-1][2] : token.start()] == " "
            if syllables and follows:
                runs[-1].extend(syllables)
            else:
                runs.append(syllables)
        return [piece for run in runs for piece in self._characters(run)]

    def _is_pinyin(self, tokens: list[str], spelt: list[list[Syllable]]) -> bool:
        pinyin = [token for token, syllables in zip(tokens, spelt, strict=True) if syllables]
        foreign = [token for token in pinyin if token not in self._english]
        return (
            sum(map(len, spelt)) >= _FEWEST_SYLLABLES
            and len(pinyin) >= _SHARE_PINYIN * len(tokens)
            and len(foreign) >= _SHARE_NOT_ENGLISH * len(tokens)
        )

    def _split(self, token: str, start: int) -> list[Syllable]:
        """The syllables of one typed word, longest first; empty where it is none.

        `qilai` is qi-lai: what follows a syllable must be syllables too.
        """
        if len(token) > _LONGEST_TOKEN:
            return []
        ends: dict[int, int] = {len(token): len(token)}
        for at in range(len(token) - 1, -1, -1):
            for end in range(min(len(token), at + _LONGEST_SYLLABLE), at, -1):
                if end in ends and token[at:end] in self._known:
                    ends[at] = end
                    break
        found: list[Syllable] = []
        at = 0
        while at in ends and at < len(token):
            found.append((token[at : ends[at]], start + at, start + ends[at]))
            at = ends[at]
        return found

    def _characters(self, run: list[Syllable]) -> Iterable[Syllable]:
        """Words for syllables, with the range they replace."""
        at = 0
        while at < len(run):
            for used in range(min(_LONGEST, len(run) - at), 1, -1):
                word = self._words.get(tuple(sound for sound, _, _ in run[at : at + used]))
                if word is not None:
                    yield word, run[at][1], run[at + used - 1][2]
                    at += used
                    break
            else:
                sound, start, end = run[at]
                if sound in self._single:
                    yield self._single[sound], start, end
                at += 1


def _apply(writing: Writing, pieces: Iterable[Syllable]) -> Writing:
    """Characters instead of syllables; a space between two of them goes, the way back stays."""
    read: list[str] = []
    back: list[int] = []
    at = 0
    for word, start, end in pieces:
        between = writing.read[at:start]
        if not (at and between == " "):
            read.append(between)
            back.extend(writing.back[at:start])
        read.append(word)
        width = max(1, end - start)
        back.extend(writing.back[min(end - 1, start + i * width // len(word))] for i in range(len(word)))
        at = end
    read.append(writing.read[at:])
    back.extend(writing.back[at:])
    return Writing(writing.typed, "".join(read), tuple(back))
