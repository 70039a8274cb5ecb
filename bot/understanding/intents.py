"""What a message does: the first act counts, an emergency or urgent symptom always makes it a report.

Worked case: `抽血没去成 周四还打针吗` is LAB_MISSED (the first act), `打完针能洗澡吗` a QUESTION (the done
injection stands inside the question), `38 platelets, is that bad?` LAB_RESULT.
Source: data card, "Intent"; specification 6.5 rows 22 to 25.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.rules.study import Level
from bot.understanding.clauses import Clauses
from bot.understanding.findings import Analyte, Intent, Polarity, Understanding
from bot.understanding.matcher import Hit

_ACTS: dict[str, Intent] = {
    "injection_done": Intent.INJECTION_DONE,
    "injection_missed": Intent.INJECTION_MISSED,
    "lab_done": Intent.LAB_DONE,
    "lab_missed": Intent.LAB_MISSED,
    "stop": Intent.STOP,
    "language_switch": Intent.LANGUAGE_SWITCH,
    "reschedule": Intent.RESCHEDULE,
    "human": Intent.HUMAN,
}
_OVER: dict[str, tuple[str, ...]] = {
    # The longer story wins over the shorter word inside the same sentence part.
    "injection_missed": ("injection_done",),
    "lab_missed": ("lab_done",),
}
_QUESTION_END = re.compile(r"[?]|吗|(?<!着)呢|么$|嘛$")
_OTHER_INJECTION = re.compile(
    r"流感疫苗|疫苗|升白针|胰岛素|曲妥珠|赫赛汀|护胃针|止吐针|戈舍瑞林|内分泌针|肚皮针|抗凝针|"
    r"flu (?:jab|shot|vaccine)|vaccine|covid|b12|herceptin|gcsf|g-csf|zoladex|neulasta|"
    r"filgrastim|insulin|tetanus|booster|allergy shot|steroid (?:shot|injection)"
)


@dataclass(frozen=True, slots=True)
class Acts:
    """Where each act of `intents.toml` begins in the comparable text; `doubted`: asked or supposed words."""

    hits: dict[str, list[Hit]]
    clauses: Clauses

    def asks_nothing(self, question: Hit) -> bool:
        """`怎么摇都不醒`, `what a mess`: asking words inside a longer phrase that asks nothing."""
        return any(
            other.start < question.end and question.start < other.end
            for name in ("no_question", "well")
            for other in self.hits.get(name, ())
        )

    def first(self, name: str) -> int | None:
        found = self.hits.get(name)
        return found[0].start if found else None


def intent_of(
    acts: Acts, understood: Understanding, findings: Sequence[tuple[int, Polarity]], count_at: int | None
) -> tuple[Intent, str]:
    """The intent and its reason. `findings`: position and polarity; `count_at`: where the first count is."""
    if any(finding.level >= Level.URGENT for finding in understood.findings):
        return Intent.SYMPTOM_REPORT, "an urgent symptom decides the intent"
    found = _candidates(acts, understood, findings, count_at)
    if found:
        position, intent = min(found, key=lambda pair: pair[0])
        return intent, f"first act at {position}"
    return _quiet_intent(acts, findings)


def _candidates(
    acts: Acts, understood: Understanding, findings: Sequence[tuple[int, Polarity]], count_at: int | None
) -> list[tuple[int, Intent]]:
    found: list[tuple[int, Intent]] = []
    for name, intent in _ACTS.items():
        for hit in acts.hits.get(name, ()):
            if _is_inside_longer_story(acts, name, hit) or _is_only_asked(acts, name, hit):
                continue
            if name == "injection_done" and _OTHER_INJECTION.search(acts.clauses.text):
                continue
            if name == "injection_done" and _is_when(acts, hit, findings):
                continue
            if name == "reschedule" and _asks_for_a_person(acts, hit):
                continue
            found.append((hit.start, intent))
            break
    mine = [p for p, polarity in findings if polarity.is_reported or polarity is Polarity.DENIED]
    if mine:
        found.append((min(mine), Intent.SYMPTOM_REPORT))
    elif understood.temperature_c is not None:
        found.append((0, Intent.SYMPTOM_REPORT))
    counted = [c for c in understood.counts if c.current]
    if counted and count_at is not None:
        found.append((count_at, Intent.LAB_RESULT))
    question = _question_at(acts)
    if question is not None:
        found.append((question, Intent.QUESTION))
    return _settled(found, acts, understood, mine)


def _settled(
    found: list[tuple[int, Intent]], acts: Acts, understood: Understanding, mine: Sequence[int]
) -> list[tuple[int, Intent]]:
    intents = {intent for _, intent in found}
    if Intent.QUESTION in intents:
        question = min(p for p, i in found if i is Intent.QUESTION)
        part = acts.clauses.number_at(question)
        # A question about a symptom she has now is a report; so is a result followed by a question.
        absorbing = [
            p
            for p, i in found
            if i in (Intent.SYMPTOM_REPORT, Intent.LAB_RESULT) and abs(acts.clauses.number_at(p) - part) == 0
        ]
        current = any(f.polarity.is_reported for f in understood.findings)
        if absorbing and (
            current or any(c.current and c.analyte is Analyte.PLATELETS for c in understood.counts)
        ):
            found = [(p, i) for p, i in found if i is not Intent.QUESTION]
        # A wish that is put as a question stays a wish.
        wish = (Intent.LANGUAGE_SWITCH, Intent.HUMAN, Intent.RESCHEDULE, Intent.STOP)
        if any(i in wish and acts.clauses.number_at(p) == part for p, i in found):
            found = [(p, i) for p, i in found if i is not Intent.QUESTION]
    return found


def _is_inside_longer_story(acts: Acts, name: str, hit: Hit) -> bool:
    number = acts.clauses.number_at(hit.start)
    for longer, shorter in _OVER.items():
        if name in shorter:
            for other in acts.hits.get(longer, ()):
                if (
                    abs(acts.clauses.number_at(other.start) - number) <= 1
                    or abs(other.start - hit.start) < 12
                ):
                    return True
    return False


def _asks_for_a_person(acts: Acts, hit: Hit) -> bool:
    """`能换个真人跟我说吗` changes no date."""
    part = acts.clauses.number_at(hit.start)
    return any(acts.clauses.number_at(other.start) == part for other in acts.hits.get("human", ()))


def _is_when(acts: Acts, hit: Hit, findings: Sequence[tuple[int, Polarity]]) -> bool:
    """`打完针腰有点酸`: the injection only says when the symptom began."""
    number = acts.clauses.number_at(hit.start)
    words = acts.clauses.text[hit.start : hit.end]
    return words in ("打完针", "打针", "打了针", "刚打完", "打过针") and any(
        position >= hit.end and acts.clauses.number_at(position) == number for position, _ in findings
    )


def _is_only_asked(acts: Acts, name: str, hit: Hit) -> bool:
    """`打完针能洗澡吗`: the act stands in a question about something else."""
    if name in ("stop", "language_switch", "reschedule", "human"):
        return False
    part = acts.clauses.at(hit.start)
    words = acts.clauses.text[part.start : part.end]
    following = acts.clauses.text[part.end - 1 : part.end + 1]
    if any(
        h.start >= part.start and h.start <= hit.start
        for h in acts.hits.get("question", ())
        if h.start < part.end
    ):
        return True
    return bool(_QUESTION_END.search(words) or "?" in following)


def _question_at(acts: Acts) -> int | None:
    """Beginning of the first sentence part that asks."""
    hits = [hit for hit in acts.hits.get("question", ()) if not acts.asks_nothing(hit)]
    if not hits:
        return None
    part = acts.clauses.at(max(0, hits[0].start - (1 if acts.clauses.text[hits[0].start] == "?" else 0)))
    return part.start


def _quiet_intent(acts: Acts, findings: Sequence[tuple[int, Polarity]]) -> tuple[Intent, str]:
    """Nothing was done or asked: well-being, thanks, a greeting, or nothing that is understood."""
    polarities = {polarity for _, polarity in findings}
    if acts.first("unreal") is not None and acts.first("correction") is None:
        return Intent.OTHER, "tells a dream or a film"
    if polarities & {Polarity.PAST, Polarity.DENIED}:
        return Intent.SYMPTOM_REPORT, "speaks of symptoms that are not there now"
    if Polarity.HYPOTHETICAL in polarities and acts.first("correction") is not None:
        return Intent.SYMPTOM_REPORT, "takes a report back"
    for name, intent in (
        ("thanks", Intent.THANKS),
        ("well", Intent.SYMPTOM_REPORT),
        ("greeting", Intent.GREETING),
    ):
        if acts.first(name) is not None:
            return intent, f"{name}"
    return Intent.OTHER, "no act was recognised"
