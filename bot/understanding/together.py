"""Pieces of one sentence: each read alone and all read together; what any reading finds, counts.

Worked case: `鼻子`, `一直流血`, `半小时了`: alone a place, blood without one and a time; together a nosebleed
of half an hour that goes on, EMERGENCY. Source: specification 6.1 (the result is the higher), 6.5 (13).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from bot.rules.fragments import readings
from bot.understanding.findings import Intent, RedFlag, Understanding

_SAID_IN_ONE_WORD = frozenset(
    {Intent.THANKS, Intent.GREETING, Intent.LANGUAGE_SWITCH, Intent.STOP, Intent.HUMAN}
)


class Reads(Protocol):
    """Reads one message; never raises."""

    def understand(self, text: str) -> Understanding: ...


def understand_together(reader: Reads, texts: Sequence[str]) -> Understanding:
    """One meaning of the pieces, in the order in which they were sent; `texts` must not be empty.

    Words never lower: what one reading finds, no other takes away. What the newest words wish (to stop, to be
    advised) is a wish; what an earlier one wished was answered then.
    """
    alone = [reader.understand(text) for text in texts]
    joined = [reader.understand(one) for one in readings(texts)]
    newest, earlier = alone[-1], alone[:-1]
    if not joined:
        return newest
    every = (*alone, *joined)
    fullest = max(reversed(every), key=lambda one: (one.level, len(one.symptoms), len(one.durations)))
    flags = _each_once(flag for one in every for flag in one.red_flags)
    certain = {flag.rule for flag in flags}
    counts = {(count.analyte, count.value): count for one in joined for count in one.counts if count.named}
    counts |= {(count.analyte, count.value): count for one in alone for count in one.counts}
    return replace(
        fullest,
        text=newest.text,
        intent=newest.intent if newest.intent in _SAID_IN_ONE_WORD else fullest.intent,
        level=max(one.level for one in every),
        red_flags=flags,
        confirm=_each_once(flag for one in every for flag in one.confirm if flag.rule not in certain),
        counts=tuple(counts.values()),
        open_gate=newest.open_gate or fullest.open_gate,
        death=any(one.death for one in every),
        death_doubted=any(one.death_doubted for one in every) and not any(one.death for one in every),
        stop_wanted=_new_wish(newest.stop_wanted, earlier, joined, "stop_wanted"),
        advice_wanted=_new_wish(newest.advice_wanted, earlier, joined, "advice_wanted"),
        drug_taken=any(one.drug_taken for one in every),
        plain_only=any(one.plain_only for one in every),
    )


def _new_wish(
    now: bool, earlier: Sequence[Understanding], joined: Sequence[Understanding], wish: str
) -> bool:
    """Wished by the newest piece, or only by the pieces together (`不想` + `参加了`)."""
    return now or (
        any(getattr(one, wish) for one in joined) and not any(getattr(one, wish) for one in earlier)
    )


def _each_once(flags: Iterable[RedFlag]) -> tuple[RedFlag, ...]:
    """Worst first."""
    known = {flag.rule: flag for flag in flags}
    return tuple(sorted(known.values(), key=lambda flag: -flag.level))
