"""The red flags of a message: what is answered at once, what is asked back, and when the gate is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.rules.study import Level
from bot.understanding.cases import NOT_A_CODE, Case
from bot.understanding.findings import Intent, Polarity, RedFlag, Understanding
from bot.understanding.page import Page
from bot.understanding.red_flags import LESSER_ERRANDS, flag
from bot.understanding.whole_message import WholeMessage

_CONFIRM = (Polarity.ASKED, Polarity.HYPOTHETICAL, Polarity.PAST, Polarity.OTHER_PERSON)
_WORTH_ASKING = (Intent.OTHER, Intent.QUESTION, Intent.GREETING)


def with_flags(
    understood: Understanding, cases: Sequence[Case], page: Page, whole: WholeMessage, reasons: Sequence[str]
) -> Understanding:
    """The meaning with its red flags, worst first; a told death has none."""
    now: dict[str, RedFlag] = {}
    ask: dict[str, RedFlag] = {}
    for case in cases:
        for name in case.judgement.flags if case.judgement else ():
            shelf = now if case.polarity.is_reported else ask if case.polarity in _CONFIRM else None
            if shelf is not None:
                quote = page.writing.quote(case.first.start, case.first.end)
                shelf.setdefault(
                    name, flag(name, case.symptom if case.symptom not in NOT_A_CODE else "other", quote)
                )
    told = "death" in whole.signs
    death = whole.tells_her_death
    flags = () if death else _one_errand(_worst_first(now.values()))
    least = Level.EMERGENCY if death else Level.URGENT if told else Level.NONE
    return replace(
        understood,
        level=max(least, understood.level),
        red_flags=flags,
        confirm=_worst_first(f for f in ask.values() if f.rule not in now),
        death=death,
        death_doubted=told and not death,
        open_gate=not flags and not told and _should_open_gate(understood, whole),
        reasons=(
            *reasons,
            *(f"red flag {f.rule}: {f.text_id}, because of “{f.quote}”" for f in flags),
        ),
    )


def _should_open_gate(understood: Understanding, whole: WholeMessage) -> bool:
    if "help" in whole.signs:
        return True
    return not understood.symptoms and understood.intent in _WORTH_ASKING and "body_words" in whole.signs


def _worst_first(flags: Iterable[RedFlag]) -> tuple[RedFlag, ...]:
    return tuple(sorted(flags, key=lambda f: (-f.level, f.rule)))


def _one_errand(flags: tuple[RedFlag, ...]) -> tuple[RedFlag, ...]:
    """Whoever is told to call 120 is not told "within the hour" as well.

    The questions of the flags left out are opened by the worst one.
    """
    if not flags or flags[0].level is not Level.EMERGENCY:
        return flags
    kept = [f for f in flags if f.level is Level.EMERGENCY or f.text_id not in LESSER_ERRANDS]
    opened = dict.fromkeys(code for f in flags if f not in kept for code in f.symptoms)
    first = replace(kept[0], symptoms=tuple(dict.fromkeys((*kept[0].symptoms, *opened))))
    return (first, *kept[1:])
