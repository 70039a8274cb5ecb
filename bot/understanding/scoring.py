"""How well a labelled file of messages is understood: counts, rates and 95 % intervals, by language and kind.

A labelled line has the fields of the data card (`tests/corpus/README.md`). Rates are printed with Wilson
score intervals; misses name the line only where the caller asks for them (never for the part set aside).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from bot.rules.study import Level
from bot.understanding.findings import Understanding

_Z = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `total`; an empty total has no rate."""

    name: str
    hits: int
    total: int

    @property
    def value(self) -> float | None:
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson score interval, 95 %."""
        if not self.total:
            return None
        n, p = self.total, self.hits / self.total
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    def line(self) -> str:
        if self.value is None or self.interval is None:
            return f"{self.name:<34}   -"
        low, high = self.interval
        return (
            f"{self.name:<34} {self.value:6.3f}  {self.hits:>4}/{self.total:<4} 95 % {low:.3f} to {high:.3f}"
        )


@dataclass(frozen=True, slots=True)
class Miss:
    """One disagreement with a label, with the program's own reasons."""

    identifier: str
    text: str
    what: str
    expected: str
    got: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Rates in a fixed order.

    `f1` stands apart: it is two times the right symptoms of those said and meant together, and its interval
    is that of such a proportion, an approximation.
    """

    rates: tuple[Rate, ...]
    f1: Rate
    misses: tuple[Miss, ...]

    def rate(self, name: str) -> Rate:
        return next(rate for rate in self.rates if rate.name == name)


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled line beside what was understood."""

    label: dict[str, Any]
    got: Understanding

    @property
    def expected_level(self) -> Level:
        return Level[str(self.label["level"]).upper()]

    @property
    def expected_symptoms(self) -> frozenset[str]:
        return frozenset(self.label["symptoms"])


def judge(lines: Iterable[dict[str, Any]], understand: Callable[[str], Understanding]) -> list[Judged]:
    """Every line with its understanding, in the order of the file."""
    return [Judged(line, understand(str(line["text"]))) for line in lines]


def score(judged: Sequence[Judged]) -> Score:
    """The measures of the data card over all the lines given."""
    emergencies = [j for j in judged if j.expected_level is Level.EMERGENCY]
    urgent = [j for j in judged if j.expected_level >= Level.URGENT]
    quiet = [j for j in judged if j.expected_level <= Level.ROUTINE]
    right = sum(len(j.expected_symptoms & set(j.got.symptoms)) for j in judged)
    said = sum(len(j.got.symptoms) for j in judged)
    meant = sum(len(j.expected_symptoms) for j in judged)
    rates = (
        Rate("recall EMERGENCY", sum(j.got.level is Level.EMERGENCY for j in emergencies), len(emergencies)),
        Rate("recall URGENT or worse", sum(j.got.level >= Level.URGENT for j in urgent), len(urgent)),
        Rate("false EMERGENCY/URGENT", sum(j.got.level >= Level.URGENT for j in quiet), len(quiet)),
        Rate("level exact", sum(j.got.level is j.expected_level for j in judged), len(judged)),
        Rate("symptom precision (micro)", right, said),
        Rate("symptom recall (micro)", right, meant),
        Rate("platelets exact", sum(_platelets_right(j) for j in judged), len(judged)),
        Rate("temperature exact", sum(_temperature_right(j) for j in judged), len(judged)),
        Rate("intent", sum(j.got.intent.value == j.label["intent"] for j in judged), len(judged)),
    )
    f1 = Rate("symptom F1 (micro)", 2 * right, said + meant)
    return Score(rates, f1, tuple(miss for j in judged for miss in _misses(j)))


def parts(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """All lines, each language, and the hard negatives."""
    return {
        "all": list(judged),
        "zh": [j for j in judged if j.label.get("lang") == "zh"],
        "en": [j for j in judged if j.label.get("lang") == "en"],
        "hard negatives": [j for j in judged if str(j.label.get("note", "")).startswith("hard negative:")],
    }


def report(judged: Sequence[Judged], *, with_misses: bool) -> str:
    """The printed report; `with_misses` shows sentences and must be false for the part set aside."""
    lines: list[str] = []
    for name, some in parts(judged).items():
        found = score(some)
        lines.append(f"{name} ({len(some)} messages)")
        lines.extend(f"  {rate.line()}" for rate in found.rates)
        lines.append(f"  {found.f1.line()}")
    if with_misses:
        lines.extend(_miss_lines(score(judged).misses))
    return "\n".join(lines)


def as_document(judged: Sequence[Judged], *, with_misses: bool) -> dict[str, Any]:
    """The report for a program: rates by part, and the misses unless they would show sentences."""
    found: dict[str, Any] = {
        "parts": {
            name: {
                "messages": len(some),
                "rates": [_rate_document(rate) for rate in (*score(some).rates, score(some).f1)],
            }
            for name, some in parts(judged).items()
        }
    }
    if with_misses:
        found["misses"] = [
            {
                "id": miss.identifier,
                "text": miss.text,
                "what": miss.what,
                "expected": miss.expected,
                "got": miss.got,
                "reasons": list(miss.reasons),
            }
            for miss in score(judged).misses
        ]
    return found


def _rate_document(rate: Rate) -> dict[str, Any]:
    interval = rate.interval
    return {
        "name": rate.name,
        "hits": rate.hits,
        "total": rate.total,
        "rate": rate.value,
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
    }


def unusable_label(line: dict[str, Any]) -> str:
    """What keeps a line from being scored, or nothing."""
    if str(line.get("level", "")).upper() not in Level.__members__:
        return "`level` is none of " + ", ".join(level.name.lower() for level in Level)
    if not isinstance(line.get("symptoms"), list):
        return "`symptoms` is no list"
    if not isinstance(line.get("intent"), str):
        return "`intent` is missing"
    return ""


def _miss_lines(misses: Sequence[Miss]) -> list[str]:
    lines = [f"misses ({len(misses)})"]
    for miss in misses:
        lines.append(
            f"  {miss.identifier} {miss.what}: expected {miss.expected}, got {miss.got}: {miss.text}"
        )
        lines.extend(f"      {reason}" for reason in miss.reasons)
    return lines


def _platelets_right(j: Judged) -> bool:
    return _same_number(j.label.get("platelets"), j.got.platelets)


def _temperature_right(j: Judged) -> bool:
    return _same_number(j.label.get("temperature_c"), j.got.temperature_c)


def _same_number(expected: float | int | None, got: Decimal | None) -> bool:
    if expected is None or got is None:
        return expected is None and got is None
    return Decimal(str(expected)) == got


def _misses(j: Judged) -> Iterable[Miss]:
    checks = (
        ("level", j.expected_level.name, j.got.level.name, j.got.level is j.expected_level),
        (
            "symptoms",
            ",".join(sorted(j.expected_symptoms)),
            ",".join(sorted(j.got.symptoms)),
            j.expected_symptoms == frozenset(j.got.symptoms),
        ),
        ("platelets", str(j.label.get("platelets")), str(j.got.platelets), _platelets_right(j)),
        ("temperature", str(j.label.get("temperature_c")), str(j.got.temperature_c), _temperature_right(j)),
        ("intent", str(j.label["intent"]), j.got.intent.value, j.got.intent.value == j.label["intent"]),
    )
    for what, expected, got, is_right in checks:
        if not is_right:
            yield Miss(str(j.label.get("id", "")), str(j.label["text"]), what, expected, got, j.got.reasons)
