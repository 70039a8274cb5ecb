"""Levels that stated facts call for, whatever the symptoms are: counts, missed doses and tests, medicines.

Source: data card, "Level".
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.rules.study import Level
from bot.understanding.findings import Understanding
from bot.understanding.whole_message import WholeMessage


def stated_facts(understood: Understanding, whole: WholeMessage) -> Iterable[tuple[Level, str]]:
    """Each level with its reason, in a fixed order; may be empty."""
    platelets = understood.platelets
    if platelets is not None:
        if platelets < 20:
            yield Level.URGENT, f"platelets {platelets}, under 20"
        elif platelets < 50 or platelets > 400:
            yield Level.SAME_DAY, f"platelets {platelets}"
        else:
            yield Level.ROUTINE, f"platelets {platelets}"
    elif any(count.current for count in understood.counts):
        yield Level.ROUTINE, "other blood counts"
    if whole.act("injection_missed") is not None:
        yield Level.SAME_DAY, "a missed or double injection"
    if whole.act("lab_missed") is not None:
        rearranged = whole.act("rearranged") is not None
        yield (Level.ROUTINE if rearranged else Level.SAME_DAY), "a missed blood test"
    if whole.act("trial_exit") is not None:
        yield Level.ROUTINE, "leaving the trial"
    if understood.drug_taken:
        yield Level.SAME_DAY, "aspirin, an NSAID or a blood thinner taken"
