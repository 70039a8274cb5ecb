"""From findings with their circumstances to levels and red flags, by the rules of `lexicon/levels.toml`.

Every rule that fits counts and the highest level wins; a `replaces_base` rule may only replace the base
level of its symptom, never lower what another rule found. Source: data card "Level"; specification 2.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.rules.study import Level
from bot.understanding.red_flags import FLAGS

_BLEEDING = frozenset(
    [
        "bruising",
        "nosebleed",
        "gum_bleeding",
        "haematuria",
        "blood_in_stool",
        "vomiting_blood",
        "coughing_blood",
        "vaginal_bleeding",
        "puncture_bleeding",
        "eye_bleeding",
        "bleeding",
    ]
)
_KNOWN_KEYS = frozenset(
    [
        "symptom",
        "sign",
        "signs",
        "all",
        "any",
        "none",
        "with",
        "plus_sign",
        "plus_modifier",
        "minutes",
        "minutes_unstated",
        "times",
        "times_below",
        "times_exactly",
        "times_between",
        "days",
        "platelets_below",
        "temperature_at_least",
        "temperature_above",
        "temperature_below",
        "drug_taken",
        "level",
        "flag",
        "base",
        "replaces_base",
    ]
)
_NUMBERS = frozenset(
    [
        "minutes",
        "times",
        "times_below",
        "times_exactly",
        "days",
        "platelets_below",
        "temperature_at_least",
        "temperature_above",
        "temperature_below",
    ]
)

_ASKS_A_NUMBER = _NUMBERS | {"minutes_unstated", "times_between"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One reported symptom with what stands beside it; numbers are those near it, None if unstated."""

    symptom: str
    signs: frozenset[str]
    modifiers: frozenset[str]
    others: frozenset[str]
    all_signs: frozenset[str]
    all_modifiers: frozenset[str]
    minutes: int | None
    times: int | None
    days: int | None
    platelets: Decimal | None
    temperature: Decimal | None
    drug_taken: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """`flags`: red-flag rule names, worst first."""

    level: Level
    rule: str
    flags: tuple[str, ...]


class LevelRules:
    """The tables of `levels.toml`, by symptom."""

    def __init__(self, tables: Sequence[Mapping[str, Any]]) -> None:
        self._rules: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for number, table in enumerate(tables, start=1):
            symptom = str(table.get("symptom", ""))
            self._rules.setdefault(symptom, []).append((f"{symptom}:{number}", table))

    def judge(self, situation: Situation) -> Judgement:
        """Level of one symptom in its situation; ROUTINE where a symptom has no base rule."""
        base: list[tuple[Level, str, str]] = []
        replacing: list[tuple[Level, str, str]] = []
        raising: list[tuple[Level, str, str]] = []
        for name, rule in self._for(situation.symptom):
            if not _fits(rule, situation):
                continue
            level = Level[rule["level"]] if "level" in rule else Level.NONE
            entry = (level, name, str(rule.get("flag", "")))
            if rule.get("base"):
                base.append(entry)
            elif rule.get("replaces_base"):
                replacing.append(entry)
            else:
                raising.append(entry)
        ground = replacing or base
        everything = ground + raising
        if not everything:
            return Judgement(Level.ROUTINE, "no rule", ())
        level, name, _ = max(everything, key=lambda entry: entry[0])
        flags = {flag for _, _, flag in everything if flag}
        worst_first = sorted(flags, key=lambda flag: (-FLAGS[flag].level, flag))
        return Judgement(level, name, tuple(worst_first))

    def _for(self, symptom: str) -> list[tuple[str, Mapping[str, Any]]]:
        rules = self._rules.get(symptom, []) + self._rules.get("*", [])
        return rules + self._rules.get("*bleeding", []) if symptom in _BLEEDING else rules


def level_mistakes(tables: Sequence[Mapping[str, Any]], known: Mapping[str, frozenset[str]]) -> list[str]:
    """Unknown keys, levels, flags, symptoms, signs and modifiers, each with the number of the table."""
    judged = {table.get("symptom") for table in tables if table.get("base")}
    mistakes = [
        f"levels.toml: no rule with `base = true` for {name}" for name in sorted(known["symptom"] - judged)
    ]
    for number, table in enumerate(tables, start=1):
        place = f"levels.toml: rule {number} ({table.get('symptom')})"
        for key in set(table) - _KNOWN_KEYS:
            mistakes.append(f"{place}: unknown key `{key}`")
        if table.get("level") is not None and table["level"] not in Level.__members__:
            mistakes.append(f"{place}: unknown level `{table['level']}`")
        if table.get("flag") is not None and table["flag"] not in FLAGS:
            mistakes.append(f"{place}: unknown red flag `{table['flag']}`")
        if table.get("symptom") not in known["symptom"] | {"*", "*bleeding"}:
            mistakes.append(f"{place}: unknown symptom")
        for key in _NUMBERS & set(table):
            if not _is_number(table[key]):
                mistakes.append(f"{place}: `{key}` must be a number without quotes")
        for key in ("all", "any", "none", "plus_modifier"):
            for name in table.get(key, ()):
                if name not in known["modifier"]:
                    mistakes.append(f"{place}: unknown modifier `{name}`")
        for key in ("signs", "plus_sign"):
            for name in table.get(key, ()):
                if name and name not in known["sign"]:
                    mistakes.append(f"{place}: unknown sign `{name}`")
        for name in table.get("with", ()):
            if name not in known["symptom"]:
                mistakes.append(f"{place}: unknown symptom `{name}`")
    return mistakes


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(rule: Mapping[str, Any], now: Situation) -> bool:
    return _words_fit(rule, now) and _numbers_fit(rule, now)


def _words_fit(rule: Mapping[str, Any], now: Situation) -> bool:
    here = now.modifiers
    signs = rule.get("signs")
    if signs is not None and now.signs.isdisjoint(signs):
        return False
    if not here.issuperset(rule.get("all", ())) or not here.isdisjoint(rule.get("none", ())):
        return False
    if "any" in rule and here.isdisjoint(rule["any"]):
        return False
    if "with" in rule and now.others.isdisjoint(rule["with"]):
        return False
    if "plus_sign" in rule and now.all_signs.isdisjoint(rule["plus_sign"]):
        return False
    if "plus_modifier" in rule and now.all_modifiers.isdisjoint(rule["plus_modifier"]):
        return False
    return not rule.get("drug_taken") or now.drug_taken


def _numbers_fit(rule: Mapping[str, Any], now: Situation) -> bool:
    if _ASKS_A_NUMBER.isdisjoint(rule):
        return True
    minutes, times = now.minutes, now.times
    checks = (
        "minutes" not in rule or (minutes is not None and minutes >= rule["minutes"]),
        not rule.get("minutes_unstated") or minutes is None,
        "times" not in rule or (times is not None and times >= rule["times"]),
        "times_below" not in rule or times is None or times < rule["times_below"],
        "times_exactly" not in rule or times == rule["times_exactly"],
        "times_between" not in rule
        or (times is not None and rule["times_between"][0] <= times <= rule["times_between"][1]),
        "days" not in rule or (now.days is not None and now.days >= rule["days"]),
        "platelets_below" not in rule
        or (now.platelets is not None and now.platelets < rule["platelets_below"]),
        "temperature_at_least" not in rule
        or (now.temperature is not None and now.temperature >= Decimal(str(rule["temperature_at_least"]))),
        "temperature_above" not in rule
        or (now.temperature is not None and now.temperature > Decimal(str(rule["temperature_above"]))),
        "temperature_below" not in rule
        or now.temperature is None
        or now.temperature < Decimal(str(rule["temperature_below"])),
    )
    return all(checks)
