"""The traits of a text that the second reader weighs: short runs of characters, English words and word pairs.

Worked case: `头炸了` has the traits `头`, `炸`, `了`, `头炸`, `炸了`, `头炸了` and those with the borders
of the text; `face droops` further has the words `=face` and `=droops` and their pair. Each counts once.
"""

from __future__ import annotations

import re
from itertools import pairwise
from operator import add

LONGEST_RUN = 3
"""Characters of the longest run. Four brought nothing more (measured over seven files of messages)."""
PIECE = 160
"""Characters read as one text; a longer message is read in pieces."""

_WORD = re.compile(r"[a-z]+")
_GAP = re.compile(r"\s+")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?;\n])(?!\d)")
_PART_ENDS = re.compile(r"(?<=[.!?;,\n])")
_SEVERAL = 12
"""Sentences of which every run is read; a message of more is read in pieces."""


def traits_of(text: str) -> frozenset[str]:
    """The traits of one comparable text."""
    padded = f" {_GAP.sub(' ', text).strip()} "
    longer = list(padded)
    runs = set(longer)
    for n in range(1, LONGEST_RUN):
        longer = list(map(add, longer, padded[n:]))
        runs.update(longer)
    words = _WORD.findall(padded)
    runs.update(f"={word}" for word in words)
    runs.update(f"={first} {second}" for first, second in pairwise(words))
    return frozenset(runs)


def readings_of(text: str, courtesies: frozenset[str] = frozenset()) -> list[str]:
    """The texts to judge a message by: every run of its sentences, without courtesies at its ends.

    So nothing that is said before or after can make a message look better. A very long one is read in pieces.
    """
    bare = _without_courtesies(text, courtesies)
    sentences = [one for one in _SENTENCE_ENDS.split(bare) if one.strip()]
    count = len(sentences)
    if len(bare) > 2 * PIECE or count > _SEVERAL:
        return _pieces_of(bare)
    runs = ("".join(sentences[i:j]) for i in range(count) for j in range(i + 1, count + 1))
    return [run for run in runs if len(run) <= PIECE] or _pieces_of(bare)


def _without_courtesies(text: str, courtesies: frozenset[str]) -> str:
    parts = _PART_ENDS.split(text)
    while len(parts) > 1 and _is_courtesy(parts[0], courtesies):
        parts.pop(0)
    while len(parts) > 1 and _is_courtesy(parts[-1], courtesies):
        parts.pop()
    return "".join(parts)


def _is_courtesy(part: str, courtesies: frozenset[str]) -> bool:
    said = part.strip(" .!?;,~\n")
    return not said or said in courtesies


def _pieces_of(text: str) -> list[str]:
    """Pieces of at most about `PIECE` characters that end with a part of a sentence."""
    pieces, piece = [], ""
    for part in _PART_ENDS.split(text):
        if piece and len(piece) + len(part) > PIECE:
            pieces.append(piece)
            piece = ""
        piece += part
        while len(piece) > 2 * PIECE:
            pieces.append(piece[:PIECE])
            piece = piece[PIECE:]
    return [*pieces, piece] if piece or not pieces else pieces
