"""One comparable text with all that stands in it: parts, symptoms, cues, the way of speaking, the numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from bot.understanding.clauses import Clauses
from bot.understanding.matcher import Hit
from bot.understanding.measures import Measures, measure
from bot.understanding.places import place_blood
from bot.understanding.polarity import Cues, PolarityReader
from bot.understanding.said_once import one_reading_of_blood, without_covered
from bot.understanding.writing import Writing


class Page:
    """What the steps of a reading look at; nothing of it changes while a message is read."""

    def __init__(self, writing: Writing, hits: list[Hit], clauses: Clauses) -> None:
        self.writing = writing
        self.text = writing.read
        self.clauses = clauses
        self.by_kind = _by_kind(hits)
        symptoms = without_covered(self.by_kind["symptom"])
        placed = place_blood(symptoms, self.by_kind["blood"], self.by_kind["site"], clauses)
        self.symptoms = one_reading_of_blood(placed, self.text)
        self.cues = Cues(_by_name([*self.by_kind["cue"], *self.by_kind["idiom"], *self.by_kind["person"]]))
        self.polarity = PolarityReader(self.text, clauses, self.cues, self.symptoms)

    @cached_property
    def measures(self) -> Measures:
        """Every number; read when first asked for."""
        return measure(self.writing, self.polarity.number_is_doubted)

    def read_position(self, typed: int) -> int:
        """Where a typed position stands in the comparable text."""
        return bisect_left(self.writing.back, typed)


def _by_kind(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    kinds: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        kinds[hit.entry.kind].append(hit)
    return kinds


def _by_name(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    names: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        names["idiom" if hit.entry.kind == "idiom" else hit.entry.name].append(hit)
    return names
