"""Every number of a message, each bound to one meaning: counts, temperatures, durations, how often.

Worked case: `plt 46 烧到38.5 吐了三次 半小时了` has one of each. Source: specification 6.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.understanding.analytes import Doubted
from bot.understanding.counts import counts_of
from bot.understanding.durations import durations_of
from bot.understanding.findings import Count, Lasting, Temperature, Times
from bot.understanding.how_often import times_of
from bot.understanding.numerals import numerals
from bot.understanding.temperatures import temperatures_of
from bot.understanding.writing import Writing


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything with a number in it. `band_below_ten`: `个位数`, a count said only by its digits."""

    counts: tuple[Count, ...]
    temperatures: tuple[Temperature, ...]
    durations: tuple[Lasting, ...]
    times: tuple[Times, ...]
    day_numbers: tuple[int, ...]


def measure(writing: Writing, doubted: Doubted) -> Measures:
    """Reads every number of a comparable text once; a number is bound to one meaning only."""
    text = writing.read
    numbers = numerals(text)
    used: set[int] = set()
    durations, days = durations_of(writing, used)
    times = times_of(writing, used)
    temperatures = temperatures_of(writing, numbers, used, doubted)
    counts = counts_of(writing, numbers, used, doubted, bool(temperatures))
    return Measures(tuple(counts), tuple(temperatures), tuple(durations), tuple(times), tuple(days))
