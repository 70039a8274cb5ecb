"""Which answers her words have given already, so that they are shown back and, once right, not asked again.

Worked case: `流鼻血5分钟就停了`: a nosebleed that has stopped, 5 minutes; the row `up_to_minutes = 10,
stopped = true` of the question DUR gives `LT10`. Without a time, or still bleeding, none holds: she is asked.

What a question can hear is data of the study. Two rows that hold with different answers give none.
Source: specification 6.1 (words fill an answer that she then confirms), 6.2 (durations).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.rules.study import HeardRule, Question, Study

Known = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What her words say of one symptom: how long in all (None: not said), whether it is over or goes on.

    Neither, where they say nothing of it.
    """

    minutes: int | None = None
    stopped: bool = False
    going_on: bool = False


def known_answers(study: Study, told: Mapping[str, Told]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Symptom → question → codes, in the order of the catalogue; symptoms without any are left out."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for symptom in study.symptoms:
        if symptom.code not in told:
            continue
        for question in symptom.questions:
            option = _option(question, told[symptom.code])
            if option is not None:
                found.setdefault(symptom.code, {})[question.id] = (option,)
    return found


def _option(question: Question, told: Told) -> str | None:
    options = {rule.option for rule in question.heard if _holds(rule, told)}
    return options.pop() if len(options) == 1 else None


def _holds(rule: HeardRule, told: Told) -> bool:
    if told.minutes is None or not (told.stopped if rule.stopped else told.going_on):
        return False
    return (rule.over_minutes is None or told.minutes > rule.over_minutes) and (
        rule.up_to_minutes is None or told.minutes <= rule.up_to_minutes
    )
