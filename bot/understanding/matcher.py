"""Finds lexicon words in a comparable text: one pass for all fixed pieces, then the patterns that can match.

Worked case: for `鼻子一直流血` the pass sees the pieces `鼻`, `一直`, `流血`; of some two thousand patterns
about forty have all their pieces there and are tried.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from bot.understanding.expression import Expression, Pieces
from bot.understanding.lexicon_files import Entry

_HITS_PER_EXPRESSION = 64
"""Bounded work: a longer list of the same words adds nothing."""
_RUN = re.compile(r"[^,.!?;\n]*[,.!?;\n]+|[^,.!?;\n]+")
_RARE = {1: 64, 2: 32, 3: 8, 4: 3}
"""By Latin letters of a piece, a Chinese character as two."""
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


def _place(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


class Row:
    """Hits in the order of the text, looked up by place without going through all of them."""

    def __init__(self, hits: Iterable[Hit], *, in_order: bool = False) -> None:
        """`in_order`: they come as the matcher gives them, none is out of its place."""
        self.hits = list(hits) if in_order else sorted(hits, key=_place)
        self._starts = [hit.start for hit in self.hits]

    @cached_property
    def _reached(self) -> list[int]:
        """How far the hits up to each reach."""
        return list(accumulate([hit.end for hit in self.hits], max))

    def starting(self, start: int, end: int) -> list[Hit]:
        """Hits that begin in a half-open range."""
        return self.hits[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def touching(self, start: int, end: int) -> list[Hit]:
        """Hits that share a character with a half-open range."""
        first = bisect_right(self._reached, start)
        return [hit for hit in self.hits[first : bisect_left(self._starts, end)] if hit.end > start]


class Matcher:
    """Compiled once from the entries.

    Each pattern waits for its rarest piece: only where that stands are its other pieces asked for.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        plain: dict[str, list[tuple[Entry, bool, bool]]] = defaultdict(list)
        self._patterns: list[_Pattern] = []
        wanted: dict[str, list[int]] = defaultdict(list)
        for entry in entries:
            for expression in entry.expressions:
                word = expression.plain_word
                if word:
                    plain[word].append((entry, word.isascii(), expression.written.endswith("*")))
                    wanted.setdefault(word, [])
                    continue
                rarest, *others = sorted(expression.needs, key=_commonness)
                for piece in rarest:
                    wanted[piece].append(len(self._patterns))
                for piece in (piece for need in others for piece in need):
                    wanted.setdefault(piece, [])
                self._patterns.append(_Pattern(entry, expression, tuple(others)))
        self._pieces = list(wanted)
        self._wanted = wanted
        self._asked = frozenset(wanted) - (frozenset(plain) - _in_patterns(self._patterns, wanted))
        self._plain = {piece: tuple(found) for piece, found in plain.items()}
        # The contiguous automaton: the fastest to search, and small enough for some thousand pieces.
        self._automaton = AhoCorasick(self._pieces, implementation=Implementation.ContiguousNFA)

    def find(self, text: str) -> list[Hit]:
        """Every hit, in the order of the text."""
        stretches = _stretches(text)
        hits: list[Hit] = []
        seen = self._seen(text, stretches, hits)
        awake: dict[int, int] = {}
        for piece, mask in seen.items():
            for number in self._wanted[piece]:
                awake[number] = awake.get(number, 0) | mask
        for number, mask in awake.items():
            pattern = self._patterns[number]
            where = _where_all(pattern.others, mask, seen) if pattern.others else mask
            if where:
                hits.extend(_hits(pattern, text, stretches, where))
        hits.sort(key=_order)
        return hits

    def _seen(self, text: str, stretches: Sequence[_Stretch], hits: list[Hit]) -> dict[str, int]:
        """For every piece in the text a bit for each stretch that holds it; plain words go to `hits`."""
        starts = [stretch.start for stretch in stretches]
        ends = [stretch.end for stretch in stretches]
        seen: dict[str, int] = {}
        times: dict[str, int] = {}
        pieces, words, asked = self._pieces, self._plain, self._asked
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            piece = pieces[index]
            plain = words.get(piece)
            if plain is not None and times.get(piece, 0) < _HITS_PER_EXPRESSION:
                times[piece] = times.get(piece, 0) + 1
                hits.extend(_plain_hits(text, start, end, plain))
            if piece not in asked:
                continue
            at = bisect_right(starts, start) - 1
            while at >= 0 and ends[at] > start:
                if end <= ends[at]:
                    seen[piece] = seen.get(piece, 0) | 1 << at
                at -= 1
        return seen


class _Pattern:
    """One expression that needs a regular expression; `others`: its needs but the rarest."""

    __slots__ = ("compiled", "entry", "expression", "others")

    def __init__(self, entry: Entry, expression: Expression, others: tuple[Pieces, ...]) -> None:
        self.entry = entry
        self.expression = expression
        self.others = others
        self.compiled: re.Pattern[str] | None = None


def _in_patterns(patterns: Iterable[_Pattern], wanted: Mapping[str, Sequence[int]]) -> frozenset[str]:
    """The pieces that some pattern asks for."""
    others = {piece for pattern in patterns for need in pattern.others for piece in need}
    return frozenset(others | {piece for piece, numbers in wanted.items() if numbers})


def _commonness(need: Pieces) -> int:
    """How often one of these pieces may be expected in a text: short ones stand in many words."""
    return sum(_RARE.get(len(piece) if piece.isascii() else 2 * len(piece), 1) for piece in need)


def _where_all(needs: Iterable[Iterable[str]], where: int, seen: Mapping[str, int]) -> int:
    """The stretches of `where` that hold a piece of each need."""
    for need in needs:
        held = 0
        for piece in need:
            held |= seen.get(piece, 0)
        where &= held
        if not where:
            break
    return where


def _order(hit: Hit) -> tuple[int, int, str, int]:
    """Of two of one entry over the same range the one that leaves less open comes first."""
    return hit.start, -hit.end, hit.entry.place, sum([end - start for start, end in hit.gaps])


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


def _hits(pattern: _Pattern, text: str, stretches: Sequence[_Stretch], where: int) -> list[Hit]:
    compiled = pattern.compiled
    if compiled is None:
        compiled = pattern.compiled = pattern.expression.pattern
    groups = range(1, compiled.groups + 1)
    found: dict[tuple[int, int], Hit] = {}
    while where:
        stretch = stretches[(where & -where).bit_length() - 1]
        where &= where - 1
        for match in compiled.finditer(text, stretch.start, stretch.end):
            start, end = match.span()
            if stretch.cut and end > stretch.end - _EDGE:
                continue  # what follows the words cannot be seen here; the next window sees it
            if (start, end) in found:
                continue
            spans = map(match.span, groups)
            gaps = tuple([span for span in spans if span[1] > span[0] >= 0])
            found[start, end] = hit_at(pattern.entry, start, end, gaps)
        if len(found) >= _HITS_PER_EXPRESSION:
            break
    return list(found.values())
