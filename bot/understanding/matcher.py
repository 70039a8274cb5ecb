"""Finds lexicon words in a comparable text: one pass for all fixed pieces, then the patterns that can match.

Worked case: for `鼻子一直流血` the pass sees the pieces `鼻`, `一直`, `流血`; of some two thousand patterns
about forty have all their pieces there and are tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from bot.understanding.expression import Expression
from bot.understanding.lexicon_files import Entry

_HITS_PER_EXPRESSION = 64
"""Bounded work: a longer list of the same words adds nothing."""


class Hit(NamedTuple):
    """Words of an entry in the comparable text; `gaps` are the ranges inside that any words may fill."""

    entry: Entry
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...]

    def covers(self, other: Hit) -> bool:
        """All fixed characters of `other` are fixed characters of this hit."""
        if self.start > other.start or self.end < other.end:
            return False
        return not any(
            gap_start < other_end and other_start < gap_end
            for gap_start, gap_end in self.gaps
            for other_start, other_end in other.fixed()
        )

    def fixed(self) -> tuple[tuple[int, int], ...]:
        ranges = []
        at = self.start
        for gap_start, gap_end in self.gaps:
            ranges.append((at, gap_start))
            at = gap_end
        ranges.append((at, self.end))
        return tuple((start, end) for start, end in ranges if start < end)


class Matcher:
    """Compiled once from the entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._patterns: list[tuple[Entry, Expression, int]] = []
        wanted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for entry in entries:
            for expression in entry.expressions:
                number = len(self._patterns)
                self._patterns.append((entry, expression, (1 << len(expression.needs)) - 1))
                for bit, pieces in enumerate(expression.needs):
                    for piece in pieces:
                        wanted[piece].append((number, 1 << bit))
        self._pieces = list(wanted)
        self._wanted = [tuple(wanted[piece]) for piece in self._pieces]
        # The contiguous automaton: the fastest to search, and small enough for some thousand pieces.
        self._automaton = AhoCorasick(self._pieces, implementation=Implementation.ContiguousNFA)

    def find(self, text: str) -> list[Hit]:
        """Every hit, in the order of the text."""
        seen: dict[int, int] = defaultdict(int)
        for piece in {
            index for index, _, _ in self._automaton.find_matches_as_indexes(text, overlapping=True)
        }:
            for number, bit in self._wanted[piece]:
                seen[number] |= bit
        hits: list[Hit] = []
        for number, bits in seen.items():
            entry, expression, all_bits = self._patterns[number]
            if bits == all_bits:
                hits.extend(_hits(entry, expression, text))
        hits.sort(key=lambda hit: (hit.start, -hit.end, hit.entry.place))
        return hits


def _hits(entry: Entry, expression: Expression, text: str) -> list[Hit]:
    found = []
    for match in expression.pattern.finditer(text):
        spans = (match.span(number) for number in range(1, len(match.groups()) + 1))
        gaps = tuple((start, end) for start, end in spans if start >= 0 and end > start)
        found.append(Hit(entry, match.start(), match.end(), gaps))
        if len(found) == _HITS_PER_EXPRESSION:
            break
    return found
