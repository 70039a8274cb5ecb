"""Finds lexicon words in a comparable text: one pass for all fixed pieces, then the patterns that can match.

Worked case: for `鼻子一直流血` the pass sees the pieces `鼻`, `一直`, `流血`; of some two thousand patterns
about forty have all their pieces there and are tried.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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


_Met = tuple[int, int, int]
"""Number of a piece, and where it stands."""


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
    words = []
    at = start
    for gap_start, gap_end in (*gaps, (end, end)):
        if at < gap_start:
            words.append((at, gap_start))
        at = gap_end
    return Hit(entry, start, end, gaps, tuple(words))


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
        first = bisect_left(self._starts, start)
        if first == len(self._starts) or self._starts[first] >= end:
            return []
        return self.hits[first : bisect_left(self._starts, end)]

    def touching(self, start: int, end: int) -> list[Hit]:
        """Hits that share a character with a half-open range."""
        first = bisect_right(self._reached, start)
        if first == len(self._starts) or self._starts[first] >= end:
            return []
        return [hit for hit in self.hits[first : bisect_left(self._starts, end)] if hit.end > start]


class Matcher:
    """Compiled once from the entries.

    Each pattern waits for its rarest piece: only where that stands are its other pieces asked for.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._patterns: list[_Pattern] = []
        numbers: dict[str, int] = {}
        wanted: dict[int, list[int]] = defaultdict(list)
        plain: dict[int, list[Entry]] = defaultdict(list)
        english: dict[int, list[tuple[Entry, bool]]] = defaultdict(list)

        def number_of(piece: str) -> int:
            return numbers.setdefault(piece, len(numbers))

        for entry in entries:
            for expression in entry.expressions:
                word = expression.plain_word
                if word.isascii() and word:
                    english[number_of(word)].append((entry, expression.written.endswith("*")))
                elif word:
                    plain[number_of(word)].append(entry)
                else:
                    first, *others = [
                        tuple(map(number_of, need)) for need in sorted(expression.needs, key=_commonness)
                    ]
                    for piece in first:
                        wanted[piece].append(len(self._patterns))
                    self._patterns.append(_Pattern(entry, expression, tuple(others)))
        self._wanted = dict(wanted)
        self._plain = dict(plain)
        self._english = dict(english)
        # The contiguous automaton: the fastest to search, and small enough for some thousand pieces.
        self._automaton = AhoCorasick(numbers, implementation=Implementation.ContiguousNFA)

    def find(self, text: str, wanted: Callable[[Entry], bool] | None = None) -> list[Hit]:
        """Every hit, in the order of the text; of the wanted entries only, if these are told."""
        stretches = _stretches(text)
        met = self._automaton.find_matches_as_indexes(text, overlapping=True)
        hits = self._words(text, met)
        if wanted is not None:
            hits = [hit for hit in hits if wanted(hit.entry)]
        seen = _seen(met, _holding(text, stretches))
        awake: dict[int, int] = {}
        for piece, mask in seen.items():
            for number in self._wanted.get(piece, ()):
                awake[number] = awake.get(number, 0) | mask
        for number, mask in awake.items():
            pattern = self._patterns[number]
            if wanted is not None and not wanted(pattern.entry):
                continue
            where = _where_all(pattern.others, mask, seen) if pattern.others else mask
            if where:
                hits.extend(_hits(pattern, text, stretches, where))
        hits.sort(key=_order)
        return hits

    def _words(self, text: str, met: Iterable[_Met]) -> list[Hit]:
        """Hits of words that need no pattern; an English one stands whole, or with any ending if starred."""
        hits: list[Hit] = []
        times: dict[int, int] = defaultdict(int)
        plain, english = self._plain, self._english
        for piece, start, end in met:
            if piece in plain and times[piece] < _HITS_PER_EXPRESSION:
                times[piece] += 1
                words = ((start, end),)
                hits.extend([Hit(entry, start, end, (), words) for entry in plain[piece]])
            elif piece in english and times[piece] < _HITS_PER_EXPRESSION:
                times[piece] += 1
                hits.extend(_english_hits(text, start, end, english[piece]))
        return hits


class _Pattern:
    """One expression that needs a regular expression; `others`: the pieces of its needs but the rarest."""

    __slots__ = ("compiled", "entry", "expression", "others")

    def __init__(self, entry: Entry, expression: Expression, others: tuple[tuple[int, ...], ...]) -> None:
        self.entry = entry
        self.expression = expression
        self.others = others
        self.compiled: re.Pattern[str] | None = None


def _commonness(need: Pieces) -> int:
    """How often one of these pieces may be expected in a text: short ones stand in many words."""
    return sum(_RARE.get(len(piece) if piece.isascii() else 2 * len(piece), 1) for piece in need)


def _seen(met: Iterable[_Met], holding: Sequence[int]) -> dict[int, int]:
    """For every piece in the text a bit for each stretch that holds all of it."""
    seen: dict[int, int] = {}
    for piece, start, end in met:
        seen[piece] = seen.get(piece, 0) | holding[start] & holding[end - 1]
    return seen


def _holding(text: str, stretches: Iterable[_Stretch]) -> list[int]:
    """For every character a bit for each stretch that holds it."""
    holding: list[int] = []
    for number, (start, end, _) in enumerate(stretches):
        lap = [bits | 1 << number for bits in holding[start:]]
        holding[start:] = [*lap, *[1 << number] * (end - start - len(lap))]
    return holding


def _where_all(needs: Iterable[Iterable[int]], where: int, seen: Mapping[int, int]) -> int:
    """The stretches of `where` that hold a piece of each need."""
    for need in needs:
        held = 0
        for piece in need:
            if piece in seen:
                held |= seen[piece]
        where &= held
        if not where:
            break
    return where


def _order(hit: Hit) -> tuple[int, int, str, int]:
    """Of two of one entry over the same range the one that leaves less open comes first."""
    entry, start, end, gaps, _ = hit
    return start, -end, entry.place, sum([last - first for first, last in gaps]) if gaps else 0


def _english_hits(text: str, start: int, end: int, entries: Iterable[tuple[Entry, bool]]) -> list[Hit]:
    """Of one word where its letters stand; the flag says that any ending may follow."""
    if start and "a" <= text[start - 1] <= "z":
        return []
    whole = end
    while whole < len(text) and "a" <= text[whole] <= "z":
        whole += 1
    return [
        Hit(entry, start, whole, (), ((start, whole),))
        for entry, is_starred in entries
        if is_starred or whole == end
    ]


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
    entry, groups = pattern.entry, range(1, compiled.groups + 1)
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
            gaps = tuple([span for span in map(match.span, groups) if span[1] > span[0] >= 0])
            found[start, end] = hit_at(entry, start, end, gaps)
        if len(found) >= _HITS_PER_EXPRESSION:
            break
    return list(found.values())
