"""The second reader: has this message the look of those that were emergencies, or urgent?

The word lists know what they were taught by name. This reader has learnt from labelled messages which runs of
characters and words such messages have in common, and so hears a red flag that is told in other words. It is
offline, the same every time, and names the words its answer rests on. It only raises: the level of a message
is the higher of both readers (specification 6.1.2), and without it the word lists stand alone.

Worked case: `脑袋像被人劈开` holds no word of the lists; it scores above the first threshold, so EMERGENCY.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from operator import mul
from typing import NamedTuple

from bot.rules.study import Level
from bot.understanding.traits import readings_of, traits_of

WEIGHTS_FILE = "second_reader.tsv"
COURTESIES_FILE = "examples/courtesies.txt"
SHOWN = 3
"""How many of the words that weighed most are named."""


class Question(NamedTuple):
    """Does a message belong to `level` or worse? `yes_from`: the score from which the answer is yes."""

    level: Level
    yes_from: float


QUESTIONS = (Question(Level.EMERGENCY, 0.2), Question(Level.URGENT, 0.5))
"""Worst first. The thresholds were chosen on messages left out of the learning: see `make learn`."""
DOUBT_FROM = -0.25
"""From this score of the last question the gate is shown: uncertain is not nothing (specification 6.1.3)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How rare each trait is: of `messages` messages, `messages_with[trait]` have it."""

    messages: int
    messages_with: Mapping[str, int]

    def size_of(self, messages_with: int) -> float:
        """Of a trait that so many messages have."""
        return 1 + math.log((1 + self.messages) / (1 + messages_with))

    def of(self, traits: Iterable[str]) -> dict[str, float]:
        """The known traits of a text, rarer ones larger, scaled to length one."""
        sizes = {
            trait: self.size_of(known)
            for trait in traits
            if (known := self.messages_with.get(trait)) is not None
        }
        length = math.sqrt(math.fsum(size * size for size in sizes.values()))
        return {trait: size / length for trait, size in sizes.items()} if length else {}


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt: `of[trait]` and `start` hold one number for each of `QUESTIONS`."""

    scale: Scale
    of: Mapping[str, tuple[float, ...]]
    start: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Impression:
    """The level a text looks like (NONE where neither answer is yes), the scores, and what weighed most."""

    level: Level
    scores: tuple[float, ...]
    words: tuple[str, ...]

    @property
    def certainty(self) -> float:
        """How far the score of the answer lies above its threshold; 0 where no answer is yes."""
        asked = zip(QUESTIONS, self.scores, strict=True)
        return next((score - one.yes_from for one, score in asked if one.level is self.level), 0.0)

    @property
    def is_doubtful(self) -> bool:
        """Not enough to raise, too much to pass over."""
        return self.level is Level.NONE and self.scores[-1] >= DOUBT_FROM


class SecondReader:
    """Holds what was learnt and nothing of any message."""

    def __init__(self, weights: Weights, courtesies: Iterable[str] = ()) -> None:
        self._weights = weights
        self._courtesies = frozenset(courtesies)
        counts = weights.scale.messages_with
        self._known = {trait: (weights.scale.size_of(counts[trait]), *of) for trait, of in weights.of.items()}

    @classmethod
    def load(cls) -> SecondReader:
        """What the program was taught; raises ValueError where the file cannot be read."""
        home = files(__package__)
        courtesies = home.joinpath(COURTESIES_FILE).read_text("utf-8").splitlines()
        return cls(read_weights(home.joinpath(WEIGHTS_FILE).read_text("utf-8")), courtesies)

    def read(self, text: str) -> Impression:
        """The worst impression that any part of a comparable text makes."""
        readings = readings_of(text, self._courtesies)
        level, scores, worst = max(map(self._look_at, readings), key=lambda look: look[:2])
        return Impression(level, scores, self._heaviest(worst, level))

    def _look_at(self, text: str) -> tuple[Level, tuple[float, ...], frozenset[str]]:
        """The level one part looks like, its scores, and the traits they come from."""
        traits = traits_of(text)
        rows = [row for row in map(self._known.get, traits) if row is not None]
        if not rows:
            return _level_of(self._weights.start), self._weights.start, traits
        rarity, *weights = zip(*rows, strict=True)
        length = math.sqrt(math.fsum(map(mul, rarity, rarity)))
        sizes = [size / length for size in rarity]
        asked = zip(self._weights.start, weights, strict=True)
        scores = tuple([start + math.fsum(map(mul, of, sizes)) for start, of in asked])
        return _level_of(scores), scores, traits

    def _heaviest(self, traits: Iterable[str], level: Level) -> tuple[str, ...]:
        """The traits that spoke loudest for yes, none inside another that is named; none where it is no."""
        number = next((at for at, one in enumerate(QUESTIONS) if one.level is level), None)
        if number is None:
            return ()
        row = self._weights.scale.of(traits)
        pulls = sorted(row, key=lambda trait: (-self._weights.of[trait][number] * row[trait], trait))
        named: list[str] = []
        for trait in pulls:
            words = trait.removeprefix("=").strip()
            if self._weights.of[trait][number] <= 0 or len(named) == SHOWN:
                break
            if words and not any(words in other or other in words for other in named):
                named.append(words)
        return tuple(named)


def _level_of(scores: Iterable[float]) -> Level:
    """That of the worst question whose answer is yes, else NONE."""
    asked = zip(QUESTIONS, scores, strict=True)
    return next((one.level for one, score in asked if score >= one.yes_from), Level.NONE)


def write_weights(weights: Weights, made_from: str) -> str:
    """The weights as their file holds them: a head, then one trait a line, sorted."""
    head = [f"# made by `make learn` from\t{made_from}", f"messages\t{weights.scale.messages}"]
    head.append("\t".join(["start", *(f"{value:.4f}" for value in weights.start)]))
    lines = [
        "\t".join([trait, str(weights.scale.messages_with[trait]), *(f"{value:.3f}" for value in values)])
        for trait, values in sorted(weights.of.items())
    ]
    return "\n".join([*head, *lines]) + "\n"


def read_weights(text: str) -> Weights:
    """The weights from the text of their file; raises ValueError where it is not one."""
    _, messages, start, *lines = text.rstrip("\n").split("\n")
    known: dict[str, int] = {}
    of: dict[str, tuple[float, ...]] = {}
    for line in lines:
        trait, count, *values = line.split("\t")
        if len(values) != len(QUESTIONS):
            raise ValueError(f"{WEIGHTS_FILE}: {len(QUESTIONS)} weights expected, in {line!r}")
        known[trait] = int(count)
        of[trait] = tuple(map(float, values))
    return Weights(Scale(int(messages.split("\t")[1]), known), of, tuple(map(float, start.split("\t")[1:])))
