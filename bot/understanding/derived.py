"""What was understood, as it is kept beside the words: marked with the rules and the lexicon it rests on.

The words are kept as typed; this is derived and can be derived again. Two versions name what derived it: the
first 12 hexadecimal digits of the SHA-256 of the reading rules (this package) and of the lexicon files with
what the second reader has learnt.
Source: issue "Understanding what people really write", item 6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from bot.understanding.findings import Understanding
from bot.understanding.lexicon_files import read_files
from bot.understanding.second_reader import WEIGHTS_FILE

_DIGITS = 12


class Versions(NamedTuple):
    """Of the reading rules and of the lexicon."""

    rules: str
    lexicon: str


@cache
def versions() -> Versions:
    """Those of this program; nothing in them changes while it runs."""
    sources = {
        one.name: one.read_text("utf-8")
        for one in files("bot.understanding").iterdir()
        if one.name.endswith(".py")
    }
    learnt = files("bot.understanding").joinpath(WEIGHTS_FILE).read_text("utf-8")
    return Versions(_digest(sources), _digest({**read_files(), WEIGHTS_FILE: learnt}))


def derived(meant: Understanding) -> dict[str, Any]:
    """As plain values. Quotes are her words: keep it sealed like them."""
    return {
        "level": meant.level.name,
        "intent": meant.intent.value,
        "reporter": meant.reporter.value,
        "findings": [
            [one.symptom, one.polarity.value, one.quote, list(one.modifiers), one.level.name, one.rule]
            for one in meant.findings
        ],
        "counts": [
            [one.analyte.value, _plain(one.value), one.current, one.unit_doubtful] for one in meant.counts
        ],
        "temperature_c": _plain(meant.temperature_c),
        "minutes": [one.minutes for one in meant.durations],
        "red_flags": [one.rule for one in meant.red_flags],
        "confirm": [one.rule for one in meant.confirm],
        **{name: getattr(meant, name) for name in _MARKS},
    }


_MARKS = (
    "open_gate",
    "death",
    "death_doubted",
    "ambulance_called",
    "advice_wanted",
    "stop_wanted",
    "drug_taken",
    "plain_only",
)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is read otherwise now, by field: as it was, as it is."""
    return {
        name: (before.get(name), now.get(name))
        for name in dict.fromkeys((*before, *now))
        if before.get(name) != now.get(name)
    }


def _digest(texts: Mapping[str, str]) -> str:
    told = hashlib.sha256()
    for part in _parts(texts):
        told.update(part.encode())
    return told.hexdigest()[:_DIGITS]


def _parts(texts: Mapping[str, str]) -> Iterable[str]:
    for name in sorted(texts):
        yield f"{name}\n{len(texts[name])}\n{texts[name]}"


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
