"""Temperatures: reading what she types, and the codes that a number stands for.

Worked case: `38,5` is 38.5 °C at once; `385` and `101.3F` are read as 38.5 °C and must be confirmed. Taken
in the armpit (offset 0.5), 37.6 is graded as 37.6 (under 38: grade 0), but its level is that of 38.1. Under
36.0 with shaking chills the level is that of a fever: sepsis may run cold. Compared as decimals, never
rounded first.

Source: specification 2.4 (codes), 6.2 (how people type a temperature).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.rules.study import TemperatureRules, TriageRules

Answers = Mapping[str, frozenset[str]]

_FAHRENHEIT_FROM, _FAHRENHEIT_TO = Decimal(93), Decimal(110)
_DIGITS = {word: str(digit) for digit, word in enumerate("零一二三四五六七八九")} | {"〇": "0", "两": "2"}
_CHINESE = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[零〇一二两三四五六七八九]+")
_HALF = re.compile(r"(\d+)\s*(?:度|°c?|℃)\s*半")
_DEGREES_TENTHS = re.compile(r"(\d+)\s*(?:度|°c?|℃|点)\s*(\d)(?!\d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A typed temperature in °C. `must_confirm`: it was read in a way that could be wrong."""

    celsius: Decimal
    must_confirm: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What the answers about a temperature stand for.

    `raw` as typed and `equivalent` (with the armpit offset) in °C, both None when no number was given.
    `for_grade` and `for_level` are option codes, None when none applies.
    """

    raw: Decimal | None
    equivalent: Decimal | None
    for_grade: str | None
    for_level: str | None


def read(text: str, rules: TemperatureRules) -> Reading | None:
    """The temperature in what she typed, or None when there is none, more than one reading, or none possible.

    Of a range ("36.4到37.4") the upper end counts. 350 to 430 without a point is ten times the reading.
    """
    plain = _in_digits(text)
    readings = [reading for word in _NUMBER.findall(plain) if (reading := _reading(word, plain, rules))]
    return max(readings, key=lambda reading: reading.celsius, default=None)


def _in_digits(text: str) -> str:
    """Full-width, Chinese and spoken forms as plain digits: 三十八度五, 38度半, 38,5 → 38.5."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = _CHINESE.sub(lambda found: _number_of(found.group()), plain)
    plain = re.sub(r"(?<=\d)\s*[,，。]\s*(?=\d)", ".", plain)
    plain = _HALF.sub(r"\1.5", plain)
    return _DEGREES_TENTHS.sub(r"\1.\2", plain)


def _number_of(words: str) -> str:
    if "十" not in words:
        return "".join(_DIGITS[word] for word in words)
    tens, _, ones = words.partition("十")
    return f"{_DIGITS.get(tens, '1')}{_DIGITS.get(ones, '0')}"


def _reading(word: str, plain: str, rules: TemperatureRules) -> Reading | None:
    value = Decimal(word)
    if rules.accepted_from_c <= value <= rules.accepted_to_c:
        return Reading(value, must_confirm=False)
    if "." not in word and rules.accepted_from_c <= value / 10 <= rules.accepted_to_c:
        return Reading(value / 10, must_confirm=True)
    if _FAHRENHEIT_FROM <= value <= _FAHRENHEIT_TO and "c" not in plain and "℃" not in plain:
        return Reading(((value - 32) * 5 / 9).quantize(Decimal("0.1")), must_confirm=True)
    return None


def plain_number(text: str) -> Reading | None:
    """A number that is no temperature: a plain decimal, full-width or not, and nothing else."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", ".")
    return Reading(Decimal(plain), must_confirm=False) if _NUMBER.fullmatch(plain) else None


def measured(triage: TriageRules, rules: TemperatureRules, answers: Answers) -> Measured:
    """The codes of the answers given so far; a number chosen from buttons would be read alike."""
    raw = _number(answers.get(rules.question, frozenset()))
    if raw is None:
        return Measured(None, None, None, None)
    in_armpit = rules.armpit in answers.get(rules.site_question, frozenset())
    equivalent = raw + triage.axilla_offset_c if in_armpit else raw
    if raw < rules.cold_below_c:
        return Measured(raw, equivalent, _step(rules, raw), _cold_step(rules, answers))
    return Measured(raw, equivalent, _step(rules, raw), _step(rules, equivalent))


def _number(codes: frozenset[str]) -> Decimal | None:
    for code in codes:
        if _NUMBER.fullmatch(code):
            return Decimal(code)
    return None


def _step(rules: TemperatureRules, value: Decimal) -> str | None:
    reached = [
        step.option
        for step in rules.steps
        if (step.from_c is None or value >= step.from_c) and (step.above_c is None or value > step.above_c)
    ]
    return reached[-1] if reached else None


def _cold_step(rules: TemperatureRules, answers: Answers) -> str:
    """By the number as typed: a cold armpit is no reason to call a cold body warm."""
    signs = answers.get(rules.signs_question, frozenset()) - {rules.no_sign}
    return rules.cold_with_signs_counts_as if signs else rules.cold_counts_as
