"""How fast free text is understood: `python -m tests.bench.understanding`, one line a figure.

Processor time of this thread, so that the neighbours of the machine do not count.
Aims: median under 1 ms a message, under 30 ms at 4,096 characters, load under 1 s, under 60 MB added.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import thread_time
from typing import NamedTuple

CORPUS = Path(__file__).parents[1] / "corpus"
LONGEST = 4096


class Figure(NamedTuple):
    """One measured value and the aim it is held against."""

    name: str
    value: float
    aim: float
    unit: str

    def line(self) -> str:
        verdict = "ok" if self.value < self.aim else "OVER"
        return f"{self.name:<44} {self.value:8.2f} {self.unit:<3} (aim < {self.aim:g}) {verdict}"


def figures() -> list[Figure]:
    """Loads once, reads the worked corpora, and the longest message Telegram lets through."""
    before = _memory_mb()
    started = thread_time()
    from bot.understanding.understander import Understander

    understander = Understander.load()
    load_s = thread_time() - started
    texts = [
        str(json.loads(line)["text"])
        for part in (CORPUS / "worked.jsonl", *sorted(CORPUS.glob("fresh*.jsonl")))
        for line in part.read_text("utf-8").splitlines()
    ]
    for text in texts:
        understander.understand(text)
    each = [_ms(partial(understander.understand, text)) for text in texts]
    added = _memory_mb() - before
    chinese = "，".join(text for text in texts if not text.isascii())[:LONGEST]
    english = ". ".join(text for text in texts if text.isascii())[:LONGEST]
    return [
        Figure("understanding: median of a message", statistics.median(each), 1, "ms"),
        Figure("understanding: 99 of 100 messages", statistics.quantiles(each, n=100)[98], 10, "ms"),
        Figure("understanding: 4,096 Chinese characters", _best(understander.understand, chinese), 30, "ms"),
        Figure("understanding: 4,096 English characters", _best(understander.understand, english), 30, "ms"),
        Figure("understanding: load at start", load_s, 1, "s"),
        Figure("understanding: memory added", added, 60, "MB"),
    ]


def _ms(work: Callable[[], object]) -> float:
    started = thread_time()
    work()
    return (thread_time() - started) * 1000


def _best(work: Callable[[str], object], text: str) -> float:
    """The best of seven."""
    work(text)
    return min(_ms(partial(work, text)) for _ in range(7))


def _memory_mb() -> float:
    """The most this process has held so far; the system's own figure may be that of who started it."""
    gc.collect()
    told = Path("/proc/self/status")
    if told.exists():
        peak = next(line for line in told.read_text("utf-8").splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    for figure in figures():
        sys.stdout.write(figure.line() + "\n")


if __name__ == "__main__":
    main()
