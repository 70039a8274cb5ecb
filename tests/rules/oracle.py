"""Sections 2.2, 2.4 and 2.5 of the specification a second time, in its own words, in one piece.

Written apart from `bot/rules`, for comparison only: it names this study's codes where the rules read rows
of a table, and shares nothing with them but the catalogue's tables of base rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.rules.study import Symptom

NONE, ROUTINE, SAME_DAY, URGENT, EMERGENCY = range(5)
MUCOSAL_OR_VISCERAL = {
    "BLD_NOSE", "BLD_ORAL", "BLD_URINE", "BLD_STOOL", "BLD_VOMIT", "BLD_COUGH", "BLD_VAG", "BLD_EYE",
}  # fmt: skip
Said = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Base:
    grade: int
    who: int
    level: int
    temperature: Decimal | None


def base(symptom: Symptom, said: Said) -> Base:
    """MAX over base and all rules that hold; grades by the number typed, levels by the equivalent."""
    typed, equivalent, by_grade, by_level = _temperature(symptom.code, said)
    grade = max([symptom.base_grade, *(r.value for r in symptom.grade_rules if _hold(r.when, by_grade))])
    term = next((r for r in symptom.term_rules if r.anc_below is None and _hold(r.when, by_grade)), None)
    if term is not None and term.max_grade is not None:
        grade = min(grade, term.max_grade)
    who = max([symptom.base_who or 0, *(r.value for r in symptom.who_rules if _hold(r.when, by_grade))])
    level = max(
        [int(symptom.base_level), *(int(r.value) for r in symptom.level_rules if _hold(r.when, by_level))]
    )
    return Base(grade, who, level, equivalent if typed is not None else None)


def _hold(when: Mapping[str, frozenset[str]], said: Said) -> bool:
    return all(said.get(question) and said[question] & codes for question, codes in when.items())


def _temperature(code: str, said: Said) -> tuple[Decimal | None, Decimal | None, Said, Said]:
    if code != "AE_FEVER" or not any(one[:1].isdigit() for one in said.get("TEMPB", ())):
        return None, None, said, said
    (number,) = said["TEMPB"]
    raw = Decimal(number)
    equivalent = raw + Decimal("0.5") if "AXILLA" in said.get("SITE", ()) else raw
    level_bucket = _bucket(equivalent)
    if raw < 36:
        level_bucket = "F38" if said.get("SIGNS", frozenset()) - {"NONE"} else "LOW"
    return (
        raw,
        equivalent,
        {**said, "TEMPB": frozenset({_bucket(raw)})},
        {**said, "TEMPB": frozenset({level_bucket})},
    )


def _bucket(value: Decimal) -> str:
    if value > 40:
        return "F40"
    if value > 39:
        return "F39"
    if value >= 38:
        return "F38"
    return "LOW" if value >= Decimal("37.5") else "N"


@dataclass(frozen=True)
class Known:
    band: str
    blood_thinner: bool = False
    liver: bool = False
    anc: Decimal | None = None
    highest: int | None = None
    grade_before: int | None = None
    persists: bool = False


def in_context(symptom: Symptom, said: Said, found: Base, known: Known) -> int:
    """CX-1 to CX-13 and CX-15, each computed from the base level; the highest counts."""
    level, code, band = found.level, symptom.code, known.band
    up = min(level + 1, EMERGENCY)
    bleeding = code.startswith("BLD_")
    present = level >= ROUTINE or found.who >= 1
    low = band in ("P0", "P1")
    results = [level]
    if bleeding and present:
        if band == "P2" and not _trivial(code, said):
            results.append(SAME_DAY)
        if band == "P1":
            results.append(max(up, URGENT if code in MUCOSAL_OR_VISCERAL else SAME_DAY))
        if band == "P0":
            results.append(EMERGENCY if found.who >= 2 else max(up, URGENT))
        if known.blood_thinner and not _trivial(code, said):
            results.append(max(up, SAME_DAY))
        if known.persists:
            results.append(up)
    if code == "AE_HEAD":
        results.append(_headache(said, found, known))
    hot = code == "AE_FEVER" and found.temperature is not None and found.temperature >= 38
    if hot and (low or (known.anc is not None and known.anc < Decimal("0.5"))):
        results.append(EMERGENCY)
    if code == "BLD_TRAUMA":
        hit = said.get("HEAD", frozenset()) & {"YES", "UNSURE"}
        if hit and (low or band == "P2" or known.blood_thinner):
            results.append(URGENT if said.get("WHEN") == frozenset({"GT72"}) else EMERGENCY)
        if low:
            results.append(URGENT)
    if code == "AE_VOMIT" and low:
        results.append(URGENT if level >= SAME_DAY else SAME_DAY)
    if code == "BLD_VAG" and not present and low:
        results.append(SAME_DAY)
    if code == "AE_ABDO":
        results.append(up if known.liver else level)
        results.append(URGENT if low and found.grade >= 2 else level)
    clots = band == "P5" or (known.highest or 0) >= 400
    if clots and code in ("AE_LIMB", "AE_CHEST", "AE_DYSP", "AE_ABDO") and level >= ROUTINE:
        results.append(up)
    if code in ("AE_MUCOS", "AE_DIARR", "AE_INJ") and found.grade >= 2:
        results.append(up if known.anc is not None and known.anc < Decimal("0.5") else level)
    if known.grade_before is not None:
        rose = found.grade - known.grade_before
        results.append(SAME_DAY if rose >= (1 if bleeding else 2) else level)
    return max(results)


def _headache(said: Said, found: Base, known: Known) -> int:
    new = bool(said.get("PATTERN", frozenset()) & {"NEW", "WORSE"})
    if known.band in ("P0", "P1"):
        return EMERGENCY if found.grade >= 2 else URGENT if new else SAME_DAY
    if found.grade >= 2 and (known.blood_thinner or (new and known.band in ("P2", "P5"))):
        return URGENT
    return NONE


def _trivial(code: str, said: Said) -> bool:
    """A needle spot that stopped within ten minutes, or one small bruise from a knock."""
    if code == "BLD_SITE":
        small = said.get("LUMP", frozenset({"LARGE"})) <= {"NONE", "SMALL"}
        return said.get("DUR") == frozenset({"LT10"}) and said.get("AMT") == frozenset({"SPOT"}) and small
    if code == "BLD_SKIN":
        return (
            said.get("CAUSE") == frozenset({"KNOCK"})
            and said.get("EXTENT") == frozenset({"E1"})
            and said.get("SIZE") == frozenset({"S1"})
        )
    return False
