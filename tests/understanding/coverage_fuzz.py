"""A coverage-guided fuzzer for the reading: inputs that reach new lines are kept and changed again.

`make fuzz` runs it until stopped; the suite runs a short fixed-seed stretch (`test_coverage_fuzz.py`). Our
own loop, of one page, instead of a library: see `DECISIONS.md`, "Understanding free text".
What counts as new is an arc (from line to line) inside `bot/understanding`. Asked of every input: it does not
break (no fall back to the plain list), its text is unchanged, its quotes are its own, it takes a bounded
number of steps.
"""

from __future__ import annotations

import json
import random  # noqa: TID251 - a fuzzer draws by chance, from a seed it prints
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from bot.rules.study import Level
from bot.understanding.findings import Understanding
from bot.understanding.understander import Understander

CORPUS = Path(__file__).parents[1] / "corpus"
STEPS = 600_000
"""Lines of our own code one message may run through."""
LONGEST = 400
_STRANGE = "\u200b\ud83d\x00\n\t 　，。！？；、…”’%°×~*#^$|<>()[]{}0123456789.,万千百十半几两没不无有🩸🤮👃"

Arc = tuple[str, int, int]


class Broken(AssertionError):
    """An input that breaks one of the promises; its message is the input and the promise."""


def seeds() -> list[str]:
    """The texts of the parts that may be read, in the order of the files."""
    parts = [CORPUS / "worked.jsonl", *sorted(CORPUS.glob("fresh*.jsonl"))]
    return [str(json.loads(line)["text"]) for part in parts for line in part.read_text("utf-8").splitlines()]


def traced(work: Callable[[], Understanding]) -> tuple[Understanding, set[Arc], int]:
    """The outcome, the arcs inside `bot/understanding`, and how many lines were run."""
    arcs: set[Arc] = set()
    steps = 0

    def tracer(frame: FrameType, event: str, argument: object) -> Any:
        name = frame.f_code.co_filename
        if "bot/understanding" not in name:
            return None
        before = frame.f_lineno

        def each(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal before, steps
            if event == "line":
                steps += 1
                arcs.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return each

        return each

    kept = sys.gettrace()
    sys.settrace(tracer)
    try:
        return work(), arcs, steps
    finally:
        sys.settrace(kept)


def promises_kept(text: str, got: Understanding, steps: int) -> None:
    """Raises Broken."""
    if got.plain_only:
        raise Broken(f"{text!r}: {got.reasons}")
    if got.text != text:
        raise Broken(f"{text!r}: the text was changed")
    if not isinstance(got.level, Level):
        raise Broken(f"{text!r}: no level")
    if steps > STEPS:
        raise Broken(f"{text!r}: {steps} steps")
    for finding in got.findings:
        if text[finding.span.start : finding.span.end] != finding.quote:
            raise Broken(f"{text!r}: {finding.quote!r} is no quote of it")


class Fuzzer:
    """`run` tries so many inputs; what reaches new arcs joins `kept`."""

    def __init__(self, understander: Understander, *, seed: int) -> None:
        self._understand = understander.understand
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self.known: set[Arc] = set()
        self.kept: list[str] = []
        self.tried = 0

    def take(self, text: str) -> bool:
        """Tries one input; whether it reached anything new."""
        got, arcs, steps = traced(lambda: self._understand(text))
        promises_kept(text, got, steps)
        self.tried += 1
        is_new = not arcs <= self.known
        if is_new:
            self.known |= arcs
            self.kept.append(text)
        return is_new

    def run(self, first: Sequence[str], times: int) -> None:
        for text in first:
            self.take(text)
        for _ in range(times):
            self.take(self.changed())

    def changed(self) -> str:
        """One of the kept inputs with one to four changes, by characters or by pieces of another."""
        pick = self._random
        text = pick.choice(self.kept)
        for _ in range(pick.randint(1, 4)):
            text = pick.choice((self._cut, self._insert, self._splice, self._repeat, self._swap))(text)
        return text[:LONGEST]

    def _place(self, text: str) -> int:
        return self._random.randint(0, len(text))

    def _cut(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + text[at + self._random.randint(1, 6) :]

    def _insert(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + self._random.choice(_STRANGE) + text[at:]

    def _splice(self, text: str) -> str:
        other = self._random.choice(self.kept)
        start = self._place(other)
        at = self._place(text)
        return text[:at] + other[start : start + self._random.randint(1, 24)] + text[at:]

    def _repeat(self, text: str) -> str:
        at = self._place(text)
        piece = text[at : at + self._random.randint(1, 8)]
        return text[:at] + piece * self._random.randint(2, 20) + text[at:]

    def _swap(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def main() -> None:
    """Runs until stopped, with a seed of its own each time unless one is given."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randint(0, 2**32)
    fuzzer = Fuzzer(Understander.load(), seed=seed)
    sys.stdout.write(f"seed {seed}\n")
    fuzzer.run(seeds(), 0)
    try:
        while True:
            fuzzer.run((), 1000)
            sys.stdout.write(f"{fuzzer.tried} tried, {len(fuzzer.kept)} kept, {len(fuzzer.known)} arcs\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.write("stopped; nothing broke\n")


if __name__ == "__main__":
    main()
