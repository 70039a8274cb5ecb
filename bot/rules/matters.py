"""One matter, one case: does a report join an open case, ring it again, reopen a closed one, or stand alone?

Worked case: a nosebleed is SAME_DAY at 14:00. The same at 15:00 joins the open case: those who were rung hear
"reported again", nobody is paged anew. At 18:30, still taken by nobody, it rings from the start. As URGENT at
19:00 it rings again although somebody has taken it. A rash at 19:10 is a case of its own. The nosebleed case
is closed at 20:00; a nosebleed at 10:00 the next day reopens it at the higher of both levels, one two days
later is new.

Cases of another site (she was transferred) are never joined. Source: specification 2.6 (duplicate
suppression), 3.3 (reopen); issue of the escalation, "Cases, not noise".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.rules.case import Case
from bot.rules.study import Level, SiteCode

JOINS_FOR: Final = timedelta(hours=4)
REOPENS_FOR: Final = timedelta(hours=24)


class How(StrEnum):
    """What becomes of a report beside the cases there are."""

    OWN = "OWN"
    JOIN = "JOIN"
    RING_ANEW = "RING_ANEW"
    RAISE = "RAISE"
    REOPEN = "REOPEN"


@dataclass(frozen=True, slots=True)
class Matter:
    """A case with the catalogue codes of the symptoms it is about."""

    case: Case
    symptoms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Belongs:
    """`case` is the one it belongs to; None for OWN."""

    how: How
    case: Case | None = None


def belongs(
    known: Sequence[Matter], site: SiteCode, symptoms: frozenset[str], level: Level, now: datetime
) -> Belongs:
    """Where a report of these symptoms belongs; what names no symptom stands alone."""
    here = [matter for matter in known if matter.case.site_code == site]
    for matter in _worst_first(here, is_open=True):
        if not symptoms or not symptoms <= matter.symptoms:
            continue
        if level > matter.case.level:
            return Belongs(How.RAISE, matter.case)
        untaken = matter.case.acknowledged_at is None
        if untaken and now - matter.case.rung_from >= JOINS_FOR:
            return Belongs(How.RING_ANEW, matter.case)
        return Belongs(How.JOIN, matter.case)
    for matter in _worst_first(here, is_open=False):
        closed_at = matter.case.closed_at
        if closed_at is not None and now - closed_at < REOPENS_FOR and symptoms & matter.symptoms:
            return Belongs(How.REOPEN, matter.case)
    return Belongs(How.OWN)


def _worst_first(known: Sequence[Matter], *, is_open: bool) -> list[Matter]:
    fitting = [matter for matter in known if (matter.case.closed_at is None) is is_open]
    return sorted(fitting, key=lambda one: (one.case.level, one.case.opened_at), reverse=True)
