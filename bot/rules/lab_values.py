"""What was typed as a laboratory value: converted and shown back, asked, held or refused, never guessed.

Two families of units exist: counts in 10⁹/L and mass in g/L. Which one an analyte has stands in the study
file; `1000/µL` is arithmetic and stands here.

Worked cases for platelets: `86` is 86 ×10⁹/L; `8.6万` and `86,000/µL` are 86; `0.086 ×10¹²/L` is 86. `8.6`
without a unit may be 8.6 or 86, both are shown; `1,020` may be 1020 or 1.02. `95,0` is 95.0, shown back for
confirmation. `<10` acts as the next lower value, 9.9. `>=100` and `clumped` are no number at all.

Examples that a clinician can read: tests/rules/tables/lab_values.csv. Source: specification 6.2, 1.6.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.rules.errors import Refusal
from bot.rules.study import Analyte

_TENTH = Decimal("0.1")

# Spellings of units, as `_plain` leaves them, with the factor to the unit that is kept.
_COUNTS: Mapping[str, Decimal] = {
    "10^9/l": Decimal(1),
    "10^3/ul": Decimal(1),
    "g/l": Decimal(1),  # giga per litre, as German and French slips print it
    "k/ul": Decimal(1),
    "/nl": Decimal(1),
    "/ul": Decimal("0.001"),
    "/mm3": Decimal("0.001"),
    "10^12/l": Decimal(1000),
    "万": Decimal(10),
    "w": Decimal(10),
    "万/ul": Decimal(10),
    "10^4/ul": Decimal(10),
}
_MASSES: Mapping[str, Decimal] = {"g/l": Decimal(1), "g/dl": Decimal(10), "mg/ml": Decimal(1)}
_FAMILIES: Mapping[str, Mapping[str, Decimal]] = {"10^9/L": _COUNTS, "g/L": _MASSES}

_CLUMPED = re.compile(r"clump|aggregat|聚集|凝集|凝块|不可计数|unreadable", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<limit><=|>=|<|>|≤|≥)?(?P<sign>-)?(?P<number>\d[\d.,']*)(?P<rest>.*)")
_WAN = re.compile(r"(\d+)(?:万|w)(\d)$")


class Doubt(StrEnum):
    """Why a value is shown back before it is taken."""

    CONVERTED = "CONVERTED"
    COMMA_AS_POINT = "COMMA_AS_POINT"
    UNDER_LIMIT = "UNDER_LIMIT"


class WhyNot(StrEnum):
    """Why a value cannot be taken at all."""

    NO_NUMBER = "NO_NUMBER"
    NEGATIVE = "NEGATIVE"
    ZERO = "ZERO"
    IMPOSSIBLE = "IMPOSSIBLE"
    ONLY_A_LIMIT = "ONLY_A_LIMIT"
    CLUMPED = "CLUMPED"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`value` in the unit of the analyte. `doubts`: what the person who typed it must see and confirm."""

    value: Decimal
    as_entered: str
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Could be either; both are shown, lowest first. Until answered the lower one counts."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    why: WhyNot


Outcome = Reading | Ambiguous | Unreadable


class AskWhich(Refusal):
    """The value could be any of `readings`; typed again with a unit, or chosen from them, it is taken."""

    def __init__(self, readings: tuple[Reading, ...], unit: str) -> None:
        told = " / ".join(f"{reading.value} {unit}" for reading in readings)
        super().__init__("refusal.value_ambiguous", readings=told)
        self.readings = readings


def reading_of(analyte: Analyte, typed: str, unit: str | None = None) -> Reading:
    """The one value that was meant.

    Raises:
        AskWhich: it could be another.
        Refusal: no value at all; the reason and what to do stand under `refusal.value_…`.
    """
    match read_value(analyte, typed, unit):
        case Reading() as reading:
            return reading
        case Ambiguous(readings=readings):
            raise AskWhich(readings, analyte.unit)
        case Unreadable(why=why):
            raise Refusal(
                f"refusal.value_{why.value.lower()}",
                typed=typed,
                most=analyte.plausible_max,
                unit=analyte.unit,
            )


def read_value(analyte: Analyte, typed: str, unit: str | None = None) -> Outcome:
    """What `typed` means for this analyte. `unit`: chosen beside it; a unit in `typed` counts before it."""
    as_entered = " ".join(part for part in (typed.strip(), (unit or "").strip()) if part)
    text = _plain(typed)
    if _CLUMPED.search(text):
        return Unreadable(why=WhyNot.CLUMPED)
    text = _WAN.sub(lambda found: f"{found[1]}.{found[2]}万", text)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return Unreadable(why=WhyNot.NO_NUMBER)
    if found["sign"]:
        return Unreadable(why=WhyNot.NEGATIVE)
    factors = _FAMILIES[analyte.unit]
    named = _unit(found["rest"]) or (_unit(_plain(unit)) if unit else "")
    if named and named not in factors:
        return Unreadable(why=WhyNot.UNKNOWN_UNIT)
    if found["limit"] in (">", ">=", "≥", "<=", "≤"):
        return Unreadable(why=WhyNot.ONLY_A_LIMIT)
    readings = _readings(analyte, found["number"], named, factors, as_entered)
    if found["limit"] == "<":
        return _under(analyte, readings)
    return _settled(analyte, readings, asked=not named)


def _readings(
    analyte: Analyte, number: str, unit: str, factors: Mapping[str, Decimal], as_entered: str
) -> list[Reading]:
    """Every meaning of the digits, in the unit given or assumed, lowest first."""
    found = []
    factor = factors[unit] if unit else Decimal(1)
    for value, doubts in _numbers(number):
        if factor < 1 and value != value.to_integral() and "." not in number:
            continue  # cells in a microlitre are counted whole, so a comma groups thousands
        told = (*doubts, Doubt.CONVERTED) if factor != 1 else doubts
        found.append(Reading(value=_tidy(value * factor), as_entered=as_entered, doubts=told))
        if not unit and factors is _COUNTS and value > analyte.plausible_max:
            # 86000 without a unit can only be a count per microlitre, and is shown back.
            per_ul = _tidy(value * factors["/ul"])
            found[-1] = Reading(value=per_ul, as_entered=as_entered, doubts=(*doubts, Doubt.CONVERTED))
        limit = analyte.ask_unit_below
        if not unit and limit is not None and value < limit and "." in number:
            in_wan = _tidy(value * factors["万"])
            found.append(Reading(value=in_wan, as_entered=as_entered, doubts=(*doubts, Doubt.CONVERTED)))
    unique = {reading.value: reading for reading in reversed(found)}
    return [unique[value] for value in sorted(unique)]


def _numbers(number: str) -> list[tuple[Decimal, tuple[Doubt, ...]]]:
    """`1,020` is 1020 or 1.020; `95,0` is 95.0; `86,000` and `86'000` group by thousands."""
    if number.count(".") > 1 or number[-1] in ".,'":
        return []
    grouped = re.fullmatch(r"\d{1,3}([,']\d{3})+(\.\d+)?", number)
    comma_as_point = re.fullmatch(r"\d+,\d+", number)
    if grouped and comma_as_point and len(number.split(",")[0]) == 1:
        as_point = Decimal(number.replace(",", "."))
        return [(as_point, (Doubt.COMMA_AS_POINT,)), (Decimal(number.replace(",", "")), ())]
    if grouped:
        return [(Decimal(re.sub(r"[,']", "", number)), ())]
    if comma_as_point:
        return [(Decimal(number.replace(",", ".")), (Doubt.COMMA_AS_POINT,))]
    return [] if "," in number or "'" in number else [(Decimal(number), ())]


def _under(analyte: Analyte, readings: list[Reading]) -> Outcome:
    """`<10`: somewhere below. Taken only where every lower value calls for the same; else the number is."""
    if len(readings) != 1:
        return Unreadable(why=WhyNot.ONLY_A_LIMIT)
    limit = readings[0]
    value = limit.value - _TENTH
    edges = [band.below for band in analyte.bands if band.below is not None]
    if value <= 0 or any(edge <= value for edge in edges) or not edges:
        return Unreadable(why=WhyNot.ONLY_A_LIMIT)
    return Reading(value=value, as_entered=limit.as_entered, doubts=(*limit.doubts, Doubt.UNDER_LIMIT))


def _settled(analyte: Analyte, readings: list[Reading], *, asked: bool) -> Outcome:
    possible = [one for one in readings if 0 < one.value <= analyte.plausible_max]
    if not readings:
        return Unreadable(why=WhyNot.NO_NUMBER)
    if not possible:
        zero = all(one.value == 0 for one in readings)
        return Unreadable(why=WhyNot.ZERO if zero else WhyNot.IMPOSSIBLE)
    if len(readings) == 1 or (len(possible) == 1 and asked):
        return possible[0]
    return Ambiguous(readings=tuple(possible)) if len(possible) > 1 else possible[0]


def _plain(text: str) -> str:
    """Full-width digits, superscripts and lost superscripts, the many ways to write ×10⁹, all one way."""
    plain = unicodedata.normalize("NFKC", text).lower().strip().rstrip("↓↑").replace("μ", "u")
    plain = plain.replace("，", ",").replace("。", ".").replace("mcl", "ul").replace("µ", "u")
    plain = re.sub(r"(?<=\d)\s+(?=\d{3}\b)", ",", plain)
    plain = re.sub(r"(?<=\d)\s+(?=\d)", "×", plain)
    return re.sub(r"\s+", "", plain)


def _unit(rest: str) -> str:
    """One spelling for each unit; empty where none was written."""
    unit = re.sub(r"^[x×*·]?(?:1?0e|10\^|10~|10的|10\*\*|10)?(9|12|3|4)(?:次方)?(?=/)", r"10^\1", rest)
    unit = re.sub(r"^e(9|12|3|4)(?=/)", r"10^\1", unit)
    return unit.replace("微升", "ul").replace("升", "l").replace("cells", "").replace("cumm", "mm3")


def _tidy(value: Decimal) -> Decimal:
    """The same number without an exponent."""
    return Decimal(f"{value.normalize():f}")
