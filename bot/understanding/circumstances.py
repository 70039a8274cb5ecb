"""What stands beside each symptom: circumstances, how long, how often, and which of them belongs to which.

Worked case: `鼻血止不住 头有点晕`: `止不住` belongs to the nosebleed, `有点` to the dizziness. A circumstance
belongs to the symptom of its own sentence part, else to one up to two parts before it or one after it.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from bot.understanding.cases import BLEEDING, Case
from bot.understanding.findings import Polarity
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, Row, hit_at
from bot.understanding.pad_rate import pad_an_hour
from bot.understanding.page import Page
from bot.understanding.said_once import without_covered

_POINTS_AT_BLEEDING = frozenset({"not_stopping", "pouring"})
_MAY_BE_DENIED = frozenset(
    [
        "large",
        "severe",
        "sudden",
        "worsening",
        "widespread",
        "faint",
        "faint_strong",
        "pouring",
        "resolved",
        "drowsy",
        "pad_hour",
        "vision_blurred",
        "hinders",
        "recurrent",
        "at_rest",
        "both_sides",
        "lasting",
        "food_cause",
        "heavier",
        "keeps_down",
    ]
)
_PAD_HOUR = Entry(kind="modifier", name="pad_hour", place="pads by the hour")
_LONGSTANDING = "longstanding"
_SAID_OF_SYMPTOM = ("keeps_down", "food_cause")
_NAMED_AS_IDIOM = "red_drug"
"""`红药水` is no blood, and colours the urine all the same."""
_FEW_PARTS = 6
"""In so short a message `不停` may speak of blood that is named some parts away."""


class Circumstances:
    """Those of one message that stand: not denied, not part of an idiom."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._symptom_row = Row(page.symptoms)
        self.standing = self._standing_modifiers()

    def describe(self, cases: list[Case]) -> None:
        """What stands beside each symptom: circumstances, durations, how often."""
        for case in cases:
            case.parts = self._parts_of(case)
        own_parts = {number for case in cases if case.polarity.is_reported for number in case.parts}
        for case in cases:
            parts = self._neighbourhood(case, own_parts)
            near = self._modifiers_near(parts)
            names = [m.entry.name for m in near if self._belongs(m, case, parts, cases) and self._lasts(m)]
            case.modifiers = self._without_early_relief(list(dict.fromkeys(names)))
            minutes = [lasting for number, lasting in self._minutes_by_part if number in parts]
            case.minutes = max(minutes, default=None)
            if case.minutes is not None and case.minutes >= 1440:
                # "断断续续三天" lasts days: how long one bleed ran is then not said.
                case.minutes = max([lasting for lasting in minutes if lasting < 1440], default=None)
            case.times = max(
                [often for number, often in self._times_by_part if number in parts], default=None
            )
            case.days = max(self._page.measures.day_numbers, default=None)
            if case.polarity is Polarity.PAST and "fading" in case.modifiers:
                case.polarity = Polarity.PRESENT  # an old bruise that fades is still there
            if (
                case.polarity is Polarity.PRESENT
                and "resolved" in case.modifiers
                and "not_stopping" not in case.modifiers
            ):
                case.polarity = Polarity.RESOLVED

    def _modifiers_near(self, parts: set[int]) -> list[Hit]:
        """Those that may belong to a symptom of these parts, in the order of the text."""
        if len(self._page.clauses.parts) <= _FEW_PARTS:
            return self.standing
        near = [m for number in sorted(parts) for m in self._modifiers_by_part.get(number, ())]
        return (
            sorted([*near, *self._said_of_all], key=lambda m: (m.start, -m.end))
            if self._said_of_all
            else near
        )

    @cached_property
    def _modifiers_by_part(self) -> dict[int, list[Hit]]:
        found: dict[int, list[Hit]] = defaultdict(list)
        for modifier in self.standing:
            if modifier.entry.reach != "message":
                found[self._page.clauses.number_at(modifier.start)].append(modifier)
        return found

    @cached_property
    def _said_of_all(self) -> list[Hit]:
        """One of each name is enough."""
        found: dict[str, Hit] = {}
        for modifier in self.standing:
            if modifier.entry.reach == "message":
                found.setdefault(modifier.entry.name, modifier)
        return list(found.values())

    def _without_early_relief(self, names: list[str]) -> list[str]:
        """What stopped and then did not stop has not stopped: the later words count."""
        if not {"resolved", "not_stopping"} <= set(names):
            return names
        last = {m.entry.name: m.start for m in self.standing if m.entry.name in ("resolved", "not_stopping")}
        return [n for n in names if n != "resolved"] if last["not_stopping"] > last["resolved"] else names

    def _lasts(self, modifier: Hit) -> bool:
        """`胳膊抬不高两年了 今天更不行`: an old weakness of which something new is told is none."""
        if modifier.entry.name != _LONGSTANDING:
            return True
        return not self._page.cues.within("now", modifier.end, len(self._page.text))

    def _parts_of(self, case: Case) -> frozenset[int]:
        heads = (self._page.clauses.number_at(self._page.polarity.head(hit)) for hit in case.hits)
        return frozenset(heads) | frozenset(self._page.clauses.number_at(hit.start) for hit in case.hits)

    def _neighbourhood(self, case: Case, own_parts: set[int]) -> set[int]:
        """The symptom's own parts, up to two parts after and one before that speak of no other symptom."""
        parts = set(case.parts)
        for number in list(parts):
            for following in (number + 1, number + 2):
                if following >= len(self._page.clauses.parts) or following in own_parts - case.parts:
                    break
                parts.add(following)
            if number - 1 >= 0 and number - 1 not in own_parts:
                parts.add(number - 1)
        return parts

    @cached_property
    def _minutes_by_part(self) -> list[tuple[int, int]]:
        return [(self._part_at(one.span.start), one.minutes) for one in self._page.measures.durations]

    @cached_property
    def _times_by_part(self) -> list[tuple[int, int]]:
        return [(self._part_at(one.span.start), one.times) for one in self._page.measures.times]

    def _part_at(self, typed: int) -> int:
        return self._page.clauses.number_at(self._page.read_position(typed))

    def _belongs(self, modifier: Hit, case: Case, parts: set[int], cases: list[Case]) -> bool:
        if modifier.entry.reach == "message":
            return True
        number = self._page.clauses.number_at(modifier.start)
        if number not in parts:
            return (
                modifier.entry.name in _POINTS_AT_BLEEDING
                and case.symptom in BLEEDING | {"bleeding"}
                and len(self._page.clauses.parts) <= _FEW_PARTS
                and not self._is_taken(number, cases)
            )
        if modifier.entry.name in _POINTS_AT_BLEEDING and case.symptom in BLEEDING | {"bleeding"}:
            return True
        if number not in case.parts:
            return True
        rivals = [c for c in cases if number in c.parts and c is not case and c.polarity.is_reported]
        mine = min(_distance(modifier, hit) for hit in case.hits)
        return all(mine <= min(_distance(modifier, hit) for hit in rival.hits) for rival in rivals)

    def _is_taken(self, number: int, cases: list[Case]) -> bool:
        return any(number in case.parts and case.symptom not in BLEEDING for case in cases)

    def _standing_modifiers(self) -> list[Hit]:
        hits = without_covered(self._page.by_kind["modifier"], same_name=False)
        told = pad_an_hour(self._page.text)
        if told is not None:
            hits.append(hit_at(_PAD_HOUR, *told))
        eased = [hit for hit in hits if hit.entry.name == "eased_at_rest"]
        return [
            hit
            for hit in hits
            if not (hit.entry.name in _MAY_BE_DENIED and self._page.polarity.stands_denied(hit))
            and (
                hit.entry.name == _NAMED_AS_IDIOM or not self._page.cues.covering("idiom", hit.start, hit.end)
            )
            and not (hit.entry.name == "at_rest" and any(_distance(hit, one) == 0 for one in eased))
            and not (hit.entry.name in _SAID_OF_SYMPTOM and self._is_inside_symptom(hit))
        ]

    def _is_inside_symptom(self, hit: Hit) -> bool:
        """`stays down` in `nothing stays down` keeps nothing down; `尿得跟西瓜水一样`: no melon was eaten."""
        row = self._symptom_row.touching(hit.start, hit.end)
        return any(symptom.start <= hit.start and hit.end <= symptom.end for symptom in row)


def _distance(modifier: Hit, hit: Hit) -> int:
    if modifier.start < hit.end and hit.start < modifier.end:
        return 0
    return modifier.start - hit.end if modifier.start >= hit.end else hit.start - modifier.end
