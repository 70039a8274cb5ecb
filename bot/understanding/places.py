"""Blood whose place is named elsewhere: `纸塞着鼻子 血还往下淌` is a nosebleed though no phrase says so.

Worked case: in `threw up twice. there was blood` the blood stands alone; the nearest place before it is the
vomiting, so it is read as vomited blood. Without a place near it, blood that is said to flow is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.understanding.clauses import Clauses
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, Row, hit_at

_PARTS_BEFORE = 2
_PARTS_AFTER = 1
"""How many sentence parts away a place may stand; what was said last is nearer than what comes next."""

_TELLS_BY_COLOUR = ("vomiting_blood", "coughing_blood", "haematuria", "blood_in_stool")
"""What is passed or brought up is told by its colour; an eye or a gum bleeds only where blood is named."""


def place_blood(
    symptoms: Sequence[Hit], blood: Sequence[Hit], sites: Sequence[Hit], clauses: Clauses
) -> list[Hit]:
    """The symptom hits, with every lone blood turned into bleeding at the place that stands nearest."""
    somewhere = [hit for hit in symptoms if hit.entry.name == "bleeding"]
    named = [hit for hit in symptoms if hit.entry.name != "bleeding"]
    row = Row(named)
    places = Row(sites)
    placed: dict[tuple[str, int, int], Hit] = {}
    kept: list[Hit] = []
    for hit in [*somewhere, *blood]:
        if any(_shares_letters(hit, other) for other in row.touching(hit.start, hit.end)):
            if hit.entry.kind == "symptom":
                kept.append(hit)
            continue
        site = _nearest(hit, _near(hit, places, clauses), clauses)
        if site is not None:
            at = (site.entry.name, hit.start, hit.end)
            placed.setdefault(at, hit_at(_at_place(site.entry.name), hit.start, hit.end, hit.gaps))
        elif hit.entry.kind == "symptom":
            kept.append(hit)
    return sorted([*named, *kept, *placed.values()], key=lambda hit: (hit.start, -hit.end, hit.entry.place))


def _at_place(symptom: str) -> Entry:
    return Entry(kind="symptom", name=symptom, place=f"sites.toml: {symptom}")


def _near(blood: Hit, places: Row, clauses: Clauses) -> list[Hit]:
    number = clauses.number_at(blood.start)
    first = clauses.parts[max(0, number - _PARTS_BEFORE)].start
    last = clauses.parts[min(len(clauses.parts) - 1, number + _PARTS_AFTER)].end
    return places.starting(first, last)


def _nearest(blood: Hit, sites: Sequence[Hit], clauses: Clauses) -> Hit | None:
    number = clauses.number_at(blood.start)
    coloured = blood.entry.sign == "colour"
    near = [
        (abs(clauses.number_at(site.start) - number), site.start > blood.start, _apart(site, blood), site)
        for site in sites
        if -_PARTS_BEFORE <= clauses.number_at(site.start) - number <= _PARTS_AFTER
        and not (blood.start <= site.start and site.end <= blood.end)
        and not (coloured and site.entry.name not in _TELLS_BY_COLOUR)
    ]
    return min(near, key=lambda entry: entry[:3])[3] if near else None


def _apart(one: Hit, other: Hit) -> int:
    return max(one.start - other.end, other.start - one.end, 0)


def _shares_letters(one: Hit, other: Hit) -> bool:
    return any(a < d and c < b for a, b in one.words for c, d in other.words)
