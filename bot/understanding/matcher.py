"""Finds lexicon words in a comparable text: one pass for all fixed pieces, then the patterns that can match.

Worked case: for `鼻子一直流血` the pass sees the pieces `鼻`, `一直`, `流血`; of some two thousand patterns
about forty have all their pieces there and are tried.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from bot.understanding.expression import Expression
from bot.understanding.lexicon_files import Entry

_HITS_PER_EXPRESSION = 64
"""Bounded work: a longer list of the same words adds nothing."""
_RUN = re.compile(r"[^,.!?;\n]*[,.!?;\n]+|[^,.!?;\n]+")
_WINDOW, _LAP, _EDGE = 384, 192, 32
"""Characters of a window, how far two lap, and how much of its end is left to the next one."""


class _Stretch(NamedTuple):
    start: int
    end: int
    cut: bool


class Hit(NamedTuple):
    """Words of an entry in the comparable text.

    `gaps` are the ranges inside that any words may fill, `words` the rest, from the left.
    """

    entry: Entry
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...]
    words: tuple[tuple[int, int], ...]

    def covers(self, other: Hit) -> bool:
        """All fixed characters of `other` are fixed characters of this hit."""
        if self.start > other.start or self.end < other.end:
            return False
        return not any(
            gap_start < other_end and other_start < gap_end
            for gap_start, gap_end in self.gaps
            for other_start, other_end in other.words
        )


def hit_at(entry: Entry, start: int, end: int, gaps: tuple[tuple[int, int], ...] = ()) -> Hit:
    """A hit with the ranges of its words worked out."""
    if not gaps:
        return Hit(entry, start, end, (), ((start, end),) if start < end else ())
    edges = (start, *(edge for gap in gaps for edge in gap), end)
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return Hit(entry, start, end, gaps, tuple((first, last) for first, last in pairs if first < last))


class Row:
    """Hits in the order of the text, looked up by place without going through all of them."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        self.hits = sorted(hits, key=lambda hit: (hit.start, -hit.end))
        self._starts = [hit.start for hit in self.hits]
        self._reached = list(accumulate((hit.end for hit in self.hits), max))

    def starting(self, start: int, end: int) -> list[Hit]:
        """Hits that begin in a half-open range."""
        return self.hits[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def touching(self, start: int, end: int) -> list[Hit]:
        """Hits that share a character with a half-open range."""
        first = bisect_right(self._reached, start)
        return [hit for hit in self.hits[first : bisect_left(self._starts, end)] if hit.end > start]


class Matcher:
    """Compiled once from the entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._patterns: list[tuple[Entry, Expression, int]] = []
        wanted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        plain: dict[str, list[tuple[Entry, bool, bool]]] = defaultdict(list)
        for entry in entries:
            for expression in entry.expressions:
                word = expression.plain_word
                if word:
                    plain[word].append((entry, word.isascii(), expression.written.endswith("*")))
                    wanted.setdefault(word, [])
                    continue
                number = len(self._patterns)
                self._patterns.append((entry, expression, len(expression.needs)))
                for need, pieces in enumerate(expression.needs):
                    for piece in pieces:
                        wanted[piece].append((number, need))
        self._pieces = list(wanted)
        self._wanted = [tuple(wanted[piece]) for piece in self._pieces]
        self._plain = [tuple(plain.get(piece, ())) for piece in self._pieces]
        # The contiguous automaton: the fastest to search, and small enough for some thousand pieces.
        self._automaton = AhoCorasick(self._pieces, implementation=Implementation.ContiguousNFA)

    def find(self, text: str) -> list[Hit]:
        """Every hit, in the order of the text."""
        stretches = _stretches(text)
        masks: dict[int, list[int]] = {}
        hits: list[Hit] = []
        for piece, mask in self._seen(text, stretches, hits).items():
            for number, need in self._wanted[piece]:
                needed = masks.get(number)
                if needed is None:
                    needed = masks[number] = [0] * self._patterns[number][2]
                needed[need] |= mask
        for number, needed in masks.items():
            where = needed[0]
            for mask in needed[1:]:
                where &= mask
            if where:
                entry, expression, _ = self._patterns[number]
                hits.extend(_hits(entry, expression, text, stretches, where))
        hits.sort(key=lambda hit: (hit.start, -hit.end, hit.entry.place))
        return hits

    def _seen(self, text: str, stretches: Sequence[_Stretch], hits: list[Hit]) -> dict[int, int]:
        """For every piece in the text a bit for each stretch that holds it; plain words go to `hits`."""
        starts = [stretch.start for stretch in stretches]
        seen: dict[int, int] = defaultdict(int)
        times: dict[int, int] = defaultdict(int)
        for piece, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if self._plain[piece] and times[piece] < _HITS_PER_EXPRESSION:
                times[piece] += 1
                hits.extend(_plain_hits(text, start, end, self._plain[piece]))
            if not self._wanted[piece]:
                continue
            at = bisect_right(starts, start) - 1
            while at >= 0 and stretches[at].end > start:
                if end <= stretches[at].end:
                    seen[piece] |= 1 << at
                at -= 1
        return seen


def _plain_hits(
    text: str, start: int, end: int, entries: Iterable[tuple[Entry, bool, bool]]
) -> Iterator[Hit]:
    """Hits of words that need no pattern; an English one stands whole, or with any ending if starred."""
    whole = end
    while whole < len(text) and "a" <= text[whole] <= "z":
        whole += 1
    begins = start == 0 or not "a" <= text[start - 1] <= "z"
    for entry, is_english, is_starred in entries:
        if not is_english:
            yield Hit(entry, start, end, (), ((start, end),))
        elif begins and (is_starred or whole == end):
            yield Hit(entry, start, whole, (), ((start, whole),))


def _stretches(text: str) -> list[_Stretch]:
    """No words of the lexicon cross a punctuation mark; a long run without any is cut into windows."""
    found: list[_Stretch] = []
    for part in _RUN.finditer(text):
        start, end = part.span()
        while end - start > _WINDOW:
            found.append(_Stretch(start, start + _WINDOW, cut=True))
            start += _WINDOW - _LAP
        found.append(_Stretch(start, end, cut=False))
    return found


def _hits(
    entry: Entry, expression: Expression, text: str, stretches: Sequence[_Stretch], where: int
) -> list[Hit]:
    found: dict[tuple[int, int], Hit] = {}
    while where:
        stretch = stretches[(where & -where).bit_length() - 1]
        where &= where - 1
        for match in expression.pattern.finditer(text, stretch.start, stretch.end):
            start, end = match.span()
            if stretch.cut and end > stretch.end - _EDGE:
                continue  # what follows the words cannot be seen here; the next window sees it
            spans = (match.span(number) for number in range(1, len(match.groups()) + 1))
            gaps = tuple(span for span in spans if span[1] > span[0] >= 0)
            found.setdefault((start, end), hit_at(entry, start, end, gaps))
        if len(found) >= _HITS_PER_EXPRESSION:
            break
    return list(found.values())
