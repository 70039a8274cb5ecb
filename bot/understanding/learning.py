"""How the second reader learns from labelled messages; run by `make learn`, never by the service.

A linear support vector machine with squared hinge loss over the traits of `traits.py`, weighted by how rare
they are (tf-idf) and scaled to length one, both sides of the question weighing the same. It is solved by dual
coordinate descent, one message at a time in a fixed mixed order, so the same messages give the same weights.

Source: Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008, algorithm 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from bot.rules.study import Level
from bot.understanding.second_reader import QUESTIONS, Question, Scale, Weights
from bot.understanding.traits import traits_of

COST = 1.0
"""Price of a message on the wrong side; .3 and 3 did worse over the files that were left out in turn."""
ROUNDS = 40
"""Times over all messages; the weights move by less than a thousandth in the last."""
KEPT = 20_000
"""Traits kept: those with the heaviest weights of a first learning; fewer cost recall, more bring none."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message, made comparable, with the level of the data card."""

    text: str
    level: Level


def learn(messages: Sequence[Labelled]) -> Weights:
    """The weights of every question, from messages of all levels."""
    traits = [traits_of(message.text) for message in messages]
    first = _weights(messages, traits, _scale(traits, None))
    heaviest = sorted(first.of, key=lambda trait: (-max(map(abs, first.of[trait])), trait))[:KEPT]
    return _weights(messages, traits, _scale(traits, frozenset(heaviest)))


def _scale(traits: Sequence[frozenset[str]], kept: frozenset[str] | None) -> Scale:
    known = Counter(trait for one in traits for trait in one if kept is None or trait in kept)
    return Scale(len(traits), dict(known))


def _weights(messages: Sequence[Labelled], traits: Sequence[frozenset[str]], scale: Scale) -> Weights:
    rows = [scale.of(one) for one in traits]
    answers = [_answer(question, messages, rows) for question in QUESTIONS]
    of = {
        trait: tuple(weights.get(trait, 0.0) for weights, _ in answers)
        for trait in scale.messages_with
        if any(trait in weights for weights, _ in answers)
    }
    return Weights(scale=scale, of=of, start=tuple(start for _, start in answers))


def _answer(
    question: Question, messages: Sequence[Labelled], rows: Sequence[Mapping[str, float]]
) -> tuple[dict[str, float], float]:
    """The weight of each trait and the starting value for one question."""
    signs = [1.0 if message.level >= question.level else -1.0 for message in messages]
    yes = sum(sign > 0 for sign in signs)
    costs = {1.0: COST * len(signs) / (2 * yes), -1.0: COST * len(signs) / (2 * (len(signs) - yes))}
    pull = [0.0] * len(rows)
    weights: dict[str, float] = {}
    start = 0.0
    order = list(range(len(rows)))
    for turn in range(ROUNDS):
        for index in sorted(order, key=lambda index: _mixed(turn, index)):
            row, sign = rows[index], signs[index]
            slack = 1 / (2 * costs[sign])
            score = start + math.fsum(weights.get(trait, 0.0) * size for trait, size in row.items())
            gradient = sign * score - 1 + slack * pull[index]
            after = max(pull[index] - gradient / (2.0 + slack), 0.0)  # a row of length one, and the start
            step = (after - pull[index]) * sign
            if step == 0:
                continue
            pull[index] = after
            start += step
            for trait, size in row.items():
                weights[trait] = weights.get(trait, 0.0) + step * size
    return weights, start


def _mixed(turn: int, index: int) -> int:
    """A place in the order of a round that has nothing to do with the place in the file."""
    return crc32(f"{turn}:{index}".encode())
