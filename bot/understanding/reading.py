"""Reads one comparable text: hits of the lexicon to findings with polarity, circumstances, level and flags.

The order is fixed and every step leaves its reason: which words, how they speak, what stands beside them,
which rule of `levels.toml` decided.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from bot.rules.study import Level
from bot.understanding.banners import with_flags
from bot.understanding.cases import NOT_A_CODE, Case, drowsy_after_a_knock, without_replaced
from bot.understanding.circumstances import Circumstances
from bot.understanding.clauses import Clauses
from bot.understanding.findings import Analyte, Finding, Polarity, Understanding
from bot.understanding.intents import intent_of
from bot.understanding.levelling import LevelRules, Situation
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, hit_at
from bot.understanding.page import Page
from bot.understanding.stated_facts import stated_facts
from bot.understanding.whole_message import WholeMessage
from bot.understanding.writing import Writing

_FEVER_FROM = Decimal("38.0")
"""Source: data card, "Labelling conventions": a lower reading alone is no fever."""
_LOW = "low"
"""The sign of words for a slight rise: `低烧`."""


class Reading:
    """One message being read; used once."""

    def __init__(
        self, writing: Writing, hits: list[Hit], clauses: Clauses, rules: LevelRules, reasons: list[str]
    ) -> None:
        self._rules = rules
        self._reasons = reasons
        self._page = Page(writing, hits, clauses)
        self._circumstances = Circumstances(self._page)
        self._whole = WholeMessage(self._page)

    def understand(self) -> Understanding:
        cases = self._with_fever(self._cases())
        self._circumstances.describe(cases)
        self._judge(cases)
        findings = self._findings(cases)
        understood = Understanding(
            text=self._page.writing.typed,
            findings=findings,
            counts=self._page.measures.counts,
            temperatures=self._page.measures.temperatures,
            durations=self._page.measures.durations,
            times=self._page.measures.times,
            reporter=self._whole.reporter(),
            level=max((case.level for case in cases), default=Level.NONE),
            ambulance_called="ambulance" in self._whole.signs,
            advice_wanted="advice_wanted" in self._whole.signs,
            stop_wanted=self._whole.act("stop") is not None,
            drug_taken=self._whole.drug_taken,
        )
        understood = self._levelled_by_facts(understood)
        understood = self._with_intent(understood, cases)
        return with_flags(understood, cases, self._page, self._whole, self._reasons)

    def standing(self) -> list[Hit]:
        """Symptom and modifier hits that are no part of longer words or an idiom; for checking a lexicon."""
        symptoms = [
            h for h in self._page.symptoms if self._page.polarity.read(h, h.entry.sign) is not Polarity.IDIOM
        ]
        return [*symptoms, *self._circumstances.standing]

    def _cases(self) -> list[Case]:
        by_symptom: dict[str, dict[Polarity, list[Hit]]] = defaultdict(lambda: defaultdict(list))
        for hit in self._page.symptoms:
            by_symptom[hit.entry.name][self._page.polarity.read(hit, hit.entry.sign)].append(hit)
        cases = []
        for symptom, polarities in by_symptom.items():
            # What is present somewhere in the message is present: a denial elsewhere never lowers it.
            kept = [Polarity.PRESENT] if Polarity.PRESENT in polarities else list(polarities)
            for polarity in kept:
                hits = polarities[polarity]
                cases.append(Case(symptom, polarity, hits, {hit.entry.sign for hit in hits}))
        return without_replaced(drowsy_after_a_knock(cases, self._page.text), self._page.text)

    def _with_fever(self, cases: list[Case]) -> list[Case]:
        """A reading of 38.0 or above is a fever whatever the words say; `低烧 37.4` is none."""
        taken = [t for t in self._page.measures.temperatures if t.current]
        readings = [t for t in taken if t.value_c >= _FEVER_FROM]
        if not readings:
            return [c for c in cases if not (taken and c.symptom == "fever" and _is_slight(c))]
        fever = next((c for c in cases if c.symptom == "fever"), None)
        if fever is not None and fever.polarity is Polarity.PRESENT:
            return cases
        self._reasons.append(f"fever: a reading of {max(t.value_c for t in readings)} °C")
        at = self._page.read_position(readings[0].span.start)
        entry = Entry(kind="symptom", name="fever", place="reading")
        hit = hit_at(entry, at, max(at + 1, self._page.read_position(readings[0].span.end)))
        return [c for c in cases if c.symptom != "fever"] + [Case("fever", Polarity.PRESENT, [hit], {""})]

    def _findings(self, cases: list[Case]) -> tuple[Finding, ...]:
        findings = []
        for case in sorted(cases, key=lambda c: c.first.start):
            if case.symptom in NOT_A_CODE and not case.polarity.is_reported:
                continue
            judgement = case.judgement
            finding = Finding(
                symptom="other" if case.symptom == "bleeding" else case.symptom,
                polarity=case.polarity,
                quote=self._page.writing.quote(case.first.start, case.first.end),
                span=self._page.writing.span(case.first.start, case.first.end),
                modifiers=tuple(case.modifiers),
                level=case.level,
                rule=judgement.rule if judgement is not None and case.polarity.is_reported else "",
            )
            findings.append(finding)
            self._reasons.append(_finding_reason(finding))
        return tuple(f for f in findings if f.symptom not in NOT_A_CODE)

    def _judge(self, cases: list[Case]) -> None:
        reported = [case for case in cases if case.polarity.is_reported]
        for case in cases:
            company = reported if case in reported else [*reported, case]
            case.judgement = self._rules.judge(self._situation(case, company))

    def _situation(self, case: Case, company: list[Case]) -> Situation:
        return Situation(
            symptom=case.symptom,
            signs=frozenset(case.signs),
            modifiers=frozenset(case.modifiers),
            others=frozenset([c.symptom for c in company if c is not case]),
            all_signs=frozenset[str]().union(*[c.signs for c in company]),
            all_modifiers=frozenset[str]().union(*[c.modifiers for c in company]),
            minutes=case.minutes,
            times=case.times,
            days=case.days,
            platelets=self._platelets,
            temperature=self._temperature,
            drug_taken=self._whole.drug_taken,
        )

    @cached_property
    def _platelets(self) -> Decimal | None:
        """The last current count, else the last older one."""
        told = [c for c in self._page.measures.counts if c.analyte is Analyte.PLATELETS]
        newest = [c for c in told if c.current] or told
        return newest[-1].value if newest else None

    @cached_property
    def _temperature(self) -> Decimal | None:
        return max((t.value_c for t in self._page.measures.temperatures if t.current), default=None)

    def _levelled_by_facts(self, understood: Understanding) -> Understanding:
        """Platelets, other counts, missed injections and tests, medicines. Source: data card, "Level"."""
        level = understood.level
        for stated, reason in stated_facts(understood, self._whole):
            self._reasons.append(f"{reason}: {stated.name}")
            level = max(level, stated)
        return replace(understood, level=level)

    def _with_intent(self, understood: Understanding, cases: list[Case]) -> Understanding:
        positions = [
            (case.first.start, case.polarity) for case in cases if case.polarity is not Polarity.IDIOM
        ]
        counted = [self._page.read_position(c.span.start) for c in understood.counts if c.current]
        intent, reason = intent_of(self._whole.acts, understood, positions, min(counted, default=None))
        self._reasons.append(f"intent {intent.value}: {reason}")
        return replace(understood, intent=intent)


def _is_slight(fever: Case) -> bool:
    """Every word of it stands in words for a slight rise (`低烧`)."""
    slight = [hit for hit in fever.hits if hit.entry.sign == _LOW]
    return all(any(one.start <= hit.start and hit.end <= one.end for one in slight) for hit in fever.hits)


def _finding_reason(finding: Finding) -> str:
    beside = f", with {', '.join(finding.modifiers)}" if finding.modifiers else ""
    level = f" → {finding.level.name} by {finding.rule}" if finding.rule else ""
    return f"“{finding.quote}”: {finding.symptom} {finding.polarity.value}{beside}{level}"
