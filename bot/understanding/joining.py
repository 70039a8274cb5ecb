"""The higher of both readers: what the word lists found, raised where the second reader hears more.

Words that the lists know to be denied, asked, supposed, past or of another person raise nothing by
themselves: there the second reader only has the question asked (specification 6.1.4). Where neither is sure
the gate is shown (6.1.3).
"""

from __future__ import annotations

import re
from dataclasses import replace

from bot.rules.study import Level, SymptomCode
from bot.understanding.findings import Intent, RedFlag, Understanding
from bot.understanding.red_flags import CATALOGUE_CODES, FLAGS, LESSER_ERRANDS
from bot.understanding.second_reader import Impression

_LATIN_WORD = re.compile(r"[a-z]+")
_CHARACTER = re.compile(r"[\u3400-\u9fff]")

RULES = {Level.EMERGENCY: "SR-EMERGENCY", Level.URGENT: "SR-URGENT"}
"""The line of the table of red flags for what the second reader alone has heard."""
SURE = 0.4
"""How far above its threshold the second reader must be to raise what the lists take for denied or past."""
FEW_WORDS = 7
"""So few words with a symptom or a count say nothing else: the lists have read all of them."""
A_SCRAP = 4
"""So few words are half a sentence, or one the lists know."""


def is_settled(lists: Understanding) -> bool:
    """Nothing that the second reader hears can change it: a death, or what is an emergency already."""
    if lists.death or lists.death_doubted:
        return True
    return lists.level is Level.EMERGENCY and not _is_not_understood(lists)


def joined(lists: Understanding, look: Impression, read: str) -> Understanding:
    """What a message means to both readers; never lower than the lists have it. `read`: comparable text."""
    if is_settled(lists):
        return lists
    if look.level <= lists.level:
        return _asked(lists) if look.is_doubtful and _is_not_understood(lists) else lists
    if _words_in(read) <= (FEW_WORDS if lists.findings or lists.counts else A_SCRAP):
        return lists
    if look.certainty < SURE and (lists.confirm or (lists.findings and not lists.symptoms)):
        return _asked(lists)
    return _raised(lists, look)


def _raised(lists: Understanding, look: Impression) -> Understanding:
    heard = RedFlag(
        rule=RULES[look.level],
        level=FLAGS[RULES[look.level]].level,
        text_id=FLAGS[RULES[look.level]].text_id,
        symptoms=_opened(lists),
        quote="”, “".join(look.words),
    )
    others = (
        one for one in lists.red_flags if look.level < Level.EMERGENCY or one.text_id not in LESSER_ERRANDS
    )
    return replace(
        lists,
        level=look.level,
        intent=Intent.SYMPTOM_REPORT,
        red_flags=(heard, *others),
        open_gate=False,
        reasons=(*lists.reasons, f"second reader: {look.level.name}, because of “{heard.quote}”"),
    )


def _opened(lists: Understanding) -> tuple[SymptomCode, ...]:
    """The questions of the symptoms that the lists found; of none, the gate asks which."""
    codes = (code for symptom in lists.symptoms for code in CATALOGUE_CODES[symptom])
    return tuple(dict.fromkeys(codes))


def _asked(lists: Understanding) -> Understanding:
    if lists.red_flags or lists.confirm:
        return lists
    return replace(lists, open_gate=True, reasons=(*lists.reasons, "second reader: in doubt, so it is asked"))


def _is_not_understood(lists: Understanding) -> bool:
    return lists.intent is Intent.OTHER and not lists.findings and not lists.counts


def _words_in(text: str) -> float:
    """Words of a text; two Chinese characters count as one."""
    return len(_LATIN_WORD.findall(text)) + len(_CHARACTER.findall(text)) / 2
