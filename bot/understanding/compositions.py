"""Symptoms that are said in pieces.

`鼻孔跟没关的龙头一样` is a nose and what pours, `her words come out like mush` speech and what is garbled. No
phrase list holds such sayings; the pieces are few and can be listed.

A piece is a `[[concept]]` of `concepts.toml` (or a site, a modifier, a person of the other files); a
`[[together]]` of `compositions.toml` says which pieces standing near each other make a symptom, a
circumstance or an act. Worked case: `all = ["site:nosebleed", "pours"]` finds `鼻孔` and `龙头` together and
makes of them one hit of nosebleed, whose words are both pieces and whose gap is what stands between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.understanding.clauses import Clauses
from bot.understanding.lexicon_files import Entry, Together
from bot.understanding.matcher import Hit, Row, hit_at

_ANCHORS = 32
"""Bounded work: more places of the first piece than this add nothing."""
_LETTERS = 3
"""English letters that say about as much as one Chinese character."""
_LONGEST = 24
"""Characters a piece may have, for looking backwards."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A composition ready to be looked for; each piece is the names that may stand for it."""

    together: Together
    entry: Entry
    pieces: tuple[tuple[str, ...], ...]


class Composer:
    """Holds the compositions; finds them among the hits of one text."""

    def __init__(self, rules: Iterable[Together]) -> None:
        self._rules = tuple(
            _Rule(rule, _entry_of(rule), tuple(tuple(piece.split("|")) for piece in rule.all))
            for rule in rules
        )
        self._begun_by: dict[str, list[_Rule]] = defaultdict(list)
        for rule in self._rules:
            for name in rule.pieces[0]:
                self._begun_by[name].append(rule)
        wanted = {name for rule in self._rules for piece in rule.pieces for name in piece}
        self._asked = frozenset(wanted.union(*(rule.together.without for rule in self._rules)))

    def compose(self, hits: Sequence[Hit], clauses: Clauses) -> list[Hit]:
        """The composed hits, in the order of the text."""
        named: dict[str, list[Hit]] = defaultdict(list)
        for hit in hits:
            name = piece_name(hit.entry)
            if name in self._asked:
                named[name].append(hit)
        if not named:
            return []
        rows: dict[str, Row] = {name: Row(found, in_order=True) for name, found in named.items()}
        found: list[Hit] = []
        begun = {rule.together.place: rule for name in rows for rule in self._begun_by.get(name, ())}
        for rule in begun.values():
            if all(any(name in rows for name in piece) for piece in rule.pieces[1:]):
                found.extend(_found(rule, rows, clauses))
        return sorted(found, key=lambda hit: (hit.start, -hit.end, hit.entry.place))


def piece_name(entry: Entry) -> str:
    """How a composition names a hit: a concept by its name, anything else as `kind:name`."""
    return entry.name if entry.kind == "concept" else f"{entry.kind}:{entry.name}"


def composition_mistakes(rules: Sequence[Together], entries: Sequence[Entry]) -> list[str]:
    """Pieces that do not exist, concepts nobody asks for, missing examples."""
    known = {piece_name(entry) for entry in entries}
    used: set[str] = set()
    mistakes: list[str] = []
    for rule in rules:
        names = {name for piece in rule.all for name in piece.split("|")} | set(rule.without)
        used |= names
        mistakes.extend(f"{rule.place}: unknown piece `{name}`" for name in sorted(names - known))
        if len(rule.all) < 2:
            mistakes.append(f"{rule.place}: a composition needs two pieces")
        if not rule.yes or not rule.no:
            mistakes.append(f"{rule.place}: an example that must match and one that must not are needed")
    concepts = {entry.name for entry in entries if entry.kind == "concept"}
    return mistakes + [f"concepts.toml: no composition uses `{name}`" for name in sorted(concepts - used)]


def _entry_of(rule: Together) -> Entry:
    return Entry(kind=rule.kind, name=rule.name, sign=rule.sign, place=rule.place, reach=rule.said_of)


def _found(rule: _Rule, rows: Mapping[str, Row], clauses: Clauses) -> list[Hit]:
    found: dict[tuple[int, int], Hit] = {}
    first, *others = rule.pieces
    anchors = [hit for name in first if name in rows for hit in rows[name].hits]
    for anchor in anchors[:_ANCHORS]:
        number = clauses.number_at(anchor.start)
        start, end = clauses.reach(number - rule.together.reach, number + rule.together.reach)
        chosen = [anchor]
        for piece in others:
            nearest = _nearest(rule.together, piece, chosen, rows, (start, end), clauses.text)
            if nearest is None:
                break
            chosen.append(nearest)
        else:
            hit = _joined(rule.entry, chosen)
            if not _is_refused(rule.together, hit, rows, clauses):
                found.setdefault((hit.start, hit.end), hit)
    return list(found.values())


def _is_refused(rule: Together, hit: Hit, rows: Mapping[str, Row], clauses: Clauses) -> bool:
    """One of `without` stands in the sentence parts of the hit, or as many beside them as `around` says."""
    first, last = clauses.number_at(hit.start), clauses.number_at(hit.end - 1)
    start, end = clauses.reach(first - rule.around, last + rule.around)
    return any(rows[name].starting(start, end) for name in rule.without if name in rows)


def _nearest(
    rule: Together,
    piece: tuple[str, ...],
    chosen: Sequence[Hit],
    rows: Mapping[str, Row],
    within: tuple[int, int],
    text: str,
) -> Hit | None:
    """The piece that stands nearest to those chosen, sharing no letter with them."""
    farthest = rule.apart * _LETTERS
    low = max(within[0], min(hit.start for hit in chosen) - farthest - _LONGEST)
    high = min(within[1], max(hit.end for hit in chosen) + farthest + 1)
    best: tuple[int, Hit] | None = None
    for name in piece:
        for hit in rows[name].starting(low, high) if name in rows else ():
            if any(hit.start < other.end and other.start < hit.end for other in chosen):
                continue
            if rule.ordered and hit.start < chosen[-1].end:
                continue
            apart = min(_apart(text, hit, other) for other in chosen)
            if apart <= rule.apart and (best is None or apart < best[0]):
                best = (apart, hit)
    return best[1] if best is not None else None


def _apart(text: str, one: Hit, other: Hit) -> int:
    """Characters between; three English letters say about as much as one Chinese character."""
    start, end = (one.end, other.start) if one.end <= other.start else (other.end, one.start)
    between = text[start:end]
    return len(between) // _LETTERS if between.isascii() else len(between)


def _joined(entry: Entry, pieces: Sequence[Hit]) -> Hit:
    """One hit; what stands between the pieces is a gap, as in `鼻…血`."""
    words = sorted(span for piece in pieces for span in piece.words)
    gaps = tuple((end, start) for (_, end), (start, _) in pairwise(words) if end < start)
    return hit_at(entry, words[0][0], max(end for _, end in words), gaps)
