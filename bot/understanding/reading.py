"""Reads one comparable text: hits of the lexicon to findings with polarity, circumstances, level and flags.

The order is fixed and every step leaves its reason: which words, how they speak, what stands beside them,
which rule of `levels.toml` decided.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import cached_property

from bot.rules.study import Level
from bot.understanding.cases import BLEEDING, NOT_A_CODE, Case, drowsy_after_a_knock, without_replaced
from bot.understanding.clauses import Clauses
from bot.understanding.findings import (
    Analyte,
    Finding,
    Intent,
    Polarity,
    RedFlag,
    Reporter,
    Understanding,
)
from bot.understanding.intents import Acts, intent_of
from bot.understanding.levelling import LevelRules, Situation
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, Row, hit_at
from bot.understanding.measures import Measures, measure
from bot.understanding.pad_rate import pad_an_hour
from bot.understanding.places import place_blood
from bot.understanding.polarity import Cues, PolarityReader
from bot.understanding.red_flags import LESSER_ERRANDS, flag
from bot.understanding.said_once import one_reading_of_blood, without_covered
from bot.understanding.writing import Writing

_FEVER_FROM = Decimal("38.0")
"""Source: data card, "Labelling conventions": a lower reading alone is no fever."""

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
_LOW = "low"
"""The sign of words for a slight rise: `低烧`."""
_LONGSTANDING = "longstanding"
_SAID_OF_SYMPTOM = ("keeps_down", "food_cause")
_NAMED_AS_IDIOM = "red_drug"
"""`红药水` is no blood, and colours the urine all the same."""
_FEW_PARTS = 6
"""In so short a message `不停` may speak of blood that is named some parts away."""
_CONFIRM = (Polarity.ASKED, Polarity.HYPOTHETICAL, Polarity.PAST, Polarity.OTHER_PERSON)
_SAID_IN_IDIOMS = ("greeting", "thanks", "well")
_SAID_BY_THE_WRITER = ("question", "greeting", "thanks", "well", "human", "language_switch", "reschedule")
"""Acts that are the writer's own though other people are named in them (`can someone call me`)."""
_WORTH_ASKING = (Intent.OTHER, Intent.QUESTION, Intent.GREETING)


_PRONOUN = re.compile(r"[她他佢]|(?<![a-z])(?:she|he|shes|hes|ta)(?![a-z])")


class Reading:
    """One message being read; used once."""

    def __init__(
        self, writing: Writing, hits: list[Hit], clauses: Clauses, rules: LevelRules, reasons: list[str]
    ) -> None:
        self._writing = writing
        self._text = writing.read
        self._rules = rules
        self._reasons = reasons
        self._clauses = clauses
        self._by_kind = _by_kind(hits)
        symptoms = without_covered(self._by_kind["symptom"])
        placed = place_blood(symptoms, self._by_kind["blood"], self._by_kind["site"], self._clauses)
        self._symptom_hits = one_reading_of_blood(placed, self._text)
        self._symptom_row = Row(self._symptom_hits)
        self._cues = Cues(
            _by_name([*self._by_kind["cue"], *self._by_kind["idiom"], *self._by_kind["person"]])
        )
        self._polarity = PolarityReader(self._text, self._clauses, self._cues, self._symptom_hits)
        self._modifiers = self._standing_modifiers()
        self._signs = {h.entry.name for h in self._by_kind["sign"] if self._sign_stands(h)}

    @cached_property
    def _measures(self) -> Measures:
        return measure(self._writing, self._number_is_doubted)

    def understand(self) -> Understanding:
        cases = self._with_fever(self._cases())
        self._describe(cases)
        self._judge(cases)
        findings = self._findings(cases)
        understood = Understanding(
            text=self._writing.typed,
            findings=findings,
            counts=self._measures.counts,
            temperatures=self._measures.temperatures,
            durations=self._measures.durations,
            times=self._measures.times,
            reporter=self._reporter(),
            level=max((case.level for case in cases), default=Level.NONE),
            ambulance_called="ambulance" in self._signs,
            advice_wanted="advice_wanted" in self._signs,
            stop_wanted=self._act("stop") is not None,
            drug_taken=self._drug_taken(),
        )
        understood = self._levelled_by_facts(understood)
        understood = self._with_intent(understood, cases)
        return self._with_flags(understood, cases)

    def standing(self) -> list[Hit]:
        """Symptom and modifier hits that are no part of longer words or an idiom; for checking a lexicon."""
        symptoms = [
            h for h in self._symptom_hits if self._polarity.read(h, h.entry.sign) is not Polarity.IDIOM
        ]
        return [*symptoms, *self._modifiers]

    # ---------------------------------------------------------------- findings

    def _cases(self) -> list[Case]:
        by_symptom: dict[str, dict[Polarity, list[Hit]]] = defaultdict(lambda: defaultdict(list))
        for hit in self._symptom_hits:
            by_symptom[hit.entry.name][self._polarity.read(hit, hit.entry.sign)].append(hit)
        cases = []
        for symptom, polarities in by_symptom.items():
            # What is present somewhere in the message is present: a denial elsewhere never lowers it.
            kept = [Polarity.PRESENT] if Polarity.PRESENT in polarities else list(polarities)
            for polarity in kept:
                hits = polarities[polarity]
                cases.append(Case(symptom, polarity, hits, {hit.entry.sign for hit in hits}))
        return without_replaced(drowsy_after_a_knock(cases, self._text), self._text)

    def _with_fever(self, cases: list[Case]) -> list[Case]:
        """A reading of 38.0 or above is a fever whatever the words say; `低烧 37.4` is none."""
        taken = [t for t in self._measures.temperatures if t.current]
        readings = [t for t in taken if t.value_c >= _FEVER_FROM]
        if not readings:
            return [c for c in cases if not (taken and c.symptom == "fever" and _is_slight(c))]
        fever = next((c for c in cases if c.symptom == "fever"), None)
        if fever is not None and fever.polarity is Polarity.PRESENT:
            return cases
        self._reasons.append(f"fever: a reading of {max(t.value_c for t in readings)} °C")
        at = self._read_position(readings[0].span.start)
        entry = Entry(kind="symptom", name="fever", place="reading")
        hit = hit_at(entry, at, max(at + 1, self._read_position(readings[0].span.end)))
        return [c for c in cases if c.symptom != "fever"] + [Case("fever", Polarity.PRESENT, [hit], {""})]

    def _read_position(self, typed: int) -> int:
        return bisect_left(self._writing.back, typed)

    def _describe(self, cases: list[Case]) -> None:
        """What stands beside each symptom: circumstances, durations, how often."""
        for case in cases:
            case.parts = self._parts_of(case)
        own_parts = {number for case in cases if case.polarity.is_reported for number in case.parts}
        for case in cases:
            parts = self._neighbourhood(case, own_parts)
            near = self._modifiers_near(parts)
            names = [m.entry.name for m in near if self._belongs(m, case, parts, cases) and self._lasts(m)]
            case.modifiers = self._without_early_relief(list(dict.fromkeys(names)))
            case.minutes = max(
                (d.minutes for d in self._measures.durations if self._near(d.span.start, parts)), default=None
            )
            if case.minutes is not None and case.minutes >= 1440:
                # "断断续续三天" lasts days: how long one bleed ran is then not said.
                shorter = [
                    d.minutes
                    for d in self._measures.durations
                    if self._near(d.span.start, parts) and d.minutes < 1440
                ]
                case.minutes = max(shorter, default=None)
            case.times = max(
                (t.times for t in self._measures.times if self._near(t.span.start, parts)), default=None
            )
            case.days = max(self._measures.day_numbers, default=None)
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
        if len(self._clauses.parts) <= _FEW_PARTS:
            return self._modifiers
        near = [m for number in sorted(parts) for m in self._modifiers_by_part.get(number, ())]
        return (
            sorted([*near, *self._said_of_all], key=lambda m: (m.start, -m.end))
            if self._said_of_all
            else near
        )

    @cached_property
    def _modifiers_by_part(self) -> dict[int, list[Hit]]:
        found: dict[int, list[Hit]] = defaultdict(list)
        for modifier in self._modifiers:
            if modifier.entry.reach != "message":
                found[self._clauses.number_at(modifier.start)].append(modifier)
        return found

    @cached_property
    def _said_of_all(self) -> list[Hit]:
        """One of each name is enough."""
        found: dict[str, Hit] = {}
        for modifier in self._modifiers:
            if modifier.entry.reach == "message":
                found.setdefault(modifier.entry.name, modifier)
        return list(found.values())

    def _without_early_relief(self, names: list[str]) -> list[str]:
        """What stopped and then did not stop has not stopped: the later words count."""
        if not {"resolved", "not_stopping"} <= set(names):
            return names
        last = {
            m.entry.name: m.start for m in self._modifiers if m.entry.name in ("resolved", "not_stopping")
        }
        return [n for n in names if n != "resolved"] if last["not_stopping"] > last["resolved"] else names

    def _lasts(self, modifier: Hit) -> bool:
        """`胳膊抬不高两年了 今天更不行`: an old weakness of which something new is told is none."""
        if modifier.entry.name != _LONGSTANDING:
            return True
        return not self._cues.within("now", modifier.end, len(self._text))

    def _parts_of(self, case: Case) -> frozenset[int]:
        heads = (self._clauses.number_at(self._polarity.head(hit)) for hit in case.hits)
        return frozenset(heads) | frozenset(self._clauses.number_at(hit.start) for hit in case.hits)

    def _neighbourhood(self, case: Case, own_parts: set[int]) -> set[int]:
        """The symptom's own parts, up to two parts after and one before that speak of no other symptom."""
        parts = set(case.parts)
        for number in list(parts):
            for following in (number + 1, number + 2):
                if following >= len(self._clauses.parts) or following in own_parts - case.parts:
                    break
                parts.add(following)
            if number - 1 >= 0 and number - 1 not in own_parts:
                parts.add(number - 1)
        return parts

    def _near(self, typed: int, parts: set[int]) -> bool:
        return self._clauses.number_at(self._read_position(typed)) in parts

    def _belongs(self, modifier: Hit, case: Case, parts: set[int], cases: list[Case]) -> bool:
        if modifier.entry.reach == "message":
            return True
        number = self._clauses.number_at(modifier.start)
        if number not in parts:
            return (
                modifier.entry.name in _POINTS_AT_BLEEDING
                and case.symptom in BLEEDING | {"bleeding"}
                and len(self._clauses.parts) <= _FEW_PARTS
                and not self._is_taken(number, cases)
            )
        if modifier.entry.name in _POINTS_AT_BLEEDING and case.symptom in BLEEDING | {"bleeding"}:
            return True
        if number not in case.parts:
            return True
        rivals = [c for c in cases if c is not case and c.polarity.is_reported and number in c.parts]
        mine = min(_distance(modifier, hit) for hit in case.hits)
        return all(mine <= min(_distance(modifier, hit) for hit in rival.hits) for rival in rivals)

    def _is_taken(self, number: int, cases: list[Case]) -> bool:
        return any(number in case.parts and case.symptom not in BLEEDING for case in cases)

    def _standing_modifiers(self) -> list[Hit]:
        hits = without_covered(self._by_kind["modifier"], same_name=False)
        told = pad_an_hour(self._text)
        if told is not None:
            hits.append(hit_at(_PAD_HOUR, *told))
        eased = [hit for hit in hits if hit.entry.name == "eased_at_rest"]
        return [
            hit
            for hit in hits
            if not (hit.entry.name in _MAY_BE_DENIED and self._polarity.stands_denied(hit))
            and (hit.entry.name == _NAMED_AS_IDIOM or not self._cues.covering("idiom", hit.start, hit.end))
            and not (hit.entry.name == "at_rest" and any(_distance(hit, one) == 0 for one in eased))
            and not (hit.entry.name in _SAID_OF_SYMPTOM and self._is_inside_symptom(hit))
        ]

    def _is_inside_symptom(self, hit: Hit) -> bool:
        """`stays down` in `nothing stays down` keeps nothing down; `尿得跟西瓜水一样`: no melon was eaten."""
        row = self._symptom_row.touching(hit.start, hit.end)
        return any(symptom.start <= hit.start and hit.end <= symptom.end for symptom in row)

    def _findings(self, cases: list[Case]) -> tuple[Finding, ...]:
        findings = []
        for case in sorted(cases, key=lambda c: c.first.start):
            if case.symptom in NOT_A_CODE and not case.polarity.is_reported:
                continue
            judgement = case.judgement
            finding = Finding(
                symptom="other" if case.symptom == "bleeding" else case.symptom,
                polarity=case.polarity,
                quote=self._writing.quote(case.first.start, case.first.end),
                span=self._writing.span(case.first.start, case.first.end),
                modifiers=tuple(case.modifiers),
                level=case.level,
                rule=judgement.rule if judgement is not None and case.polarity.is_reported else "",
            )
            findings.append(finding)
            self._reasons.append(_finding_reason(finding))
        return tuple(f for f in findings if f.symptom not in NOT_A_CODE)

    # ---------------------------------------------------------------- level and flags

    def _judge(self, cases: list[Case]) -> None:
        reported = [case for case in cases if case.polarity.is_reported]
        for case in cases:
            company = reported if case in reported else [*reported, case]
            case.judgement = self._rules.judge(self._situation(case, company))

    def _situation(self, case: Case, company: list[Case]) -> Situation:
        platelets = [c.value for c in self._measures.counts if c.analyte is Analyte.PLATELETS and c.current]
        older = [c.value for c in self._measures.counts if c.analyte is Analyte.PLATELETS]
        temperature = max((t.value_c for t in self._measures.temperatures if t.current), default=None)
        return Situation(
            symptom=case.symptom,
            signs=frozenset(case.signs),
            modifiers=frozenset(case.modifiers),
            others=frozenset(c.symptom for c in company if c is not case),
            all_signs=frozenset(sign for c in company for sign in c.signs),
            all_modifiers=frozenset(m for c in company for m in c.modifiers),
            minutes=case.minutes,
            times=case.times,
            days=case.days,
            platelets=platelets[-1] if platelets else (older[-1] if older else None),
            temperature=temperature,
            drug_taken=self._drug_taken(),
        )

    def _levelled_by_facts(self, understood: Understanding) -> Understanding:
        """Platelets, other counts, missed injections and tests, medicines. Source: data card, "Level"."""
        level = understood.level
        for stated, reason in self._facts(understood):
            self._reasons.append(f"{reason}: {stated.name}")
            level = max(level, stated)
        return replace(understood, level=level)

    def _facts(self, understood: Understanding) -> Iterable[tuple[Level, str]]:
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
        if self._act("injection_missed") is not None:
            yield Level.SAME_DAY, "a missed or double injection"
        if self._act("lab_missed") is not None:
            rearranged = self._act("rearranged") is not None
            yield (Level.ROUTINE if rearranged else Level.SAME_DAY), "a missed blood test"
        if self._act("trial_exit") is not None:
            yield Level.ROUTINE, "leaving the trial"
        if understood.drug_taken:
            yield Level.SAME_DAY, "aspirin, an NSAID or a blood thinner taken"

    def _with_intent(self, understood: Understanding, cases: list[Case]) -> Understanding:
        acts = Acts(self._acts, self._clauses)
        positions = [
            (case.first.start, case.polarity) for case in cases if case.polarity is not Polarity.IDIOM
        ]
        counted = [self._read_position(c.span.start) for c in understood.counts if c.current]
        intent, reason = intent_of(acts, understood, positions, min(counted, default=None))
        self._reasons.append(f"intent {intent.value}: {reason}")
        return replace(understood, intent=intent)

    def _with_flags(self, understood: Understanding, cases: list[Case]) -> Understanding:
        now: dict[str, RedFlag] = {}
        ask: dict[str, RedFlag] = {}
        for case in cases:
            for name in case.judgement.flags if case.judgement else ():
                shelf = now if case.polarity.is_reported else ask if case.polarity in _CONFIRM else None
                if shelf is not None:
                    quote = self._writing.quote(case.first.start, case.first.end)
                    shelf.setdefault(
                        name, flag(name, case.symptom if case.symptom not in NOT_A_CODE else "other", quote)
                    )
        told = "death" in self._signs
        death = told and self._is_hers()
        flags = () if death else _one_errand(_worst_first(now.values()))
        least = Level.EMERGENCY if death else Level.URGENT if told else Level.NONE
        return replace(
            understood,
            level=max(least, understood.level),
            red_flags=flags,
            confirm=_worst_first(f for f in ask.values() if f.rule not in now),
            death=death,
            death_doubted=told and not death,
            open_gate=not flags and not told and self._should_open_gate(understood),
            reasons=(
                *self._reasons,
                *(f"red flag {f.rule}: {f.text_id}, because of “{f.quote}”" for f in flags),
            ),
        )

    def _is_hers(self) -> bool:
        """A death of which only `she` or `he` is said may be anybody's, unless a relative says who writes."""
        if self._polarity.relative_writes:
            return True
        told = [h for h in self._by_kind["sign"] if h.entry.name == "death" and self._sign_stands(h)]
        return any(not self._has_only_a_pronoun(hit) for hit in told)

    def _has_only_a_pronoun(self, death: Hit) -> bool:
        start = self._clauses.at(death.start).start
        said = self._text[start : death.end]
        return bool(_PRONOUN.search(said)) and not self._polarity.names_patient(start, death.end)

    def _should_open_gate(self, understood: Understanding) -> bool:
        if "help" in self._signs:
            return True
        return not understood.symptoms and understood.intent in _WORTH_ASKING and "body_words" in self._signs

    # ---------------------------------------------------------------- the rest of the message

    def _drug_taken(self) -> bool:
        return "drug_taken" in self._signs

    def _sign_stands(self, hit: Hit) -> bool:
        """A sign is not taken from an idiom, a question, a denial or somebody else's story."""
        if hit.entry.name in ("help", "advice_wanted", "ambulance"):
            return True
        if hit.entry.name == "body_words":
            return not self._cues.covering("idiom", hit.start, hit.end)
        if hit.entry.name == "drug_taken" and any(
            h.entry.name == "advice_wanted" and h.start <= hit.start < h.end for h in self._by_kind["sign"]
        ):
            return False
        return self._polarity.read(hit, "") is Polarity.PRESENT

    @cached_property
    def _acts(self) -> dict[str, list[Hit]]:
        acts: dict[str, list[Hit]] = defaultdict(list)
        for hit in self._by_kind["intent"]:
            is_idiom = self._cues.covering("idiom", hit.start, hit.end)
            if is_idiom and hit.entry.name not in _SAID_IN_IDIOMS:
                continue
            if hit.entry.name not in _SAID_BY_THE_WRITER and self._is_not_mine(hit):
                continue
            if hit.entry.name == "stop" and self._is_about_blood(hit):
                continue
            if hit.entry.name == "human" and self._polarity.is_supposed(hit):
                continue  # `要是半夜发烧我给谁打电话` asks for nobody now
            acts[hit.entry.name].append(hit)
        acts["correction"] = self._cues.named("correction")
        acts["unreal"] = self._cues.named("unreal")
        acts["no_question"] = self._cues.named("no_question")
        return acts

    def _is_about_blood(self, hit: Hit) -> bool:
        """`STOP` is a wish, `won't stop` is not."""
        words = self._text[hit.start : hit.end]
        if words != "stop":
            return False
        alone = self._text.strip(" .!?~\n") in (
            "stop",
            "please stop",
            "stop please",
            "stop pls",
            "pls stop",
            "stop it",
            "stop now",
        )
        return not alone

    def _is_not_mine(self, hit: Hit) -> bool:
        return self._polarity.read(hit, "") in (Polarity.OTHER_PERSON, Polarity.HYPOTHETICAL, Polarity.IDIOM)

    def _act(self, name: str) -> Hit | None:
        hits = self._acts.get(name, [])
        if name in ("injection_missed", "lab_missed"):
            hits = [h for h in hits if not self._polarity.is_asked(h) and not self._is_in_question(h)]
        return hits[0] if hits else None

    def _is_in_question(self, hit: Hit) -> bool:
        """`so anything above 100 means no jab?`; a missed dose that is told before a question is none."""
        part = self._clauses.at(hit.start)
        return bool(re.search(r"[?]|吗|吧$", self._text[hit.end : part.end].rstrip()))

    def _number_is_doubted(self, position: int) -> bool:
        return self._polarity.number_is_doubted(position)

    def _reporter(self) -> Reporter:
        if self._cues.named("caregiver"):
            return Reporter.CAREGIVER
        if "我" in self._text or self._cues.named("self_again"):
            return Reporter.SELF
        return Reporter.UNKNOWN


def _by_kind(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    kinds: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        kinds[hit.entry.kind].append(hit)
    return kinds


def _by_name(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    names: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        names["idiom" if hit.entry.kind == "idiom" else hit.entry.name].append(hit)
    return names


def _distance(modifier: Hit, hit: Hit) -> int:
    if modifier.start < hit.end and hit.start < modifier.end:
        return 0
    return max(hit.start - modifier.end, modifier.start - hit.end, 0)


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


def _is_slight(fever: Case) -> bool:
    """Every word of it stands in words for a slight rise (`低烧`)."""
    slight = [hit for hit in fever.hits if hit.entry.sign == _LOW]
    return all(any(one.start <= hit.start and hit.end <= one.end for one in slight) for hit in fever.hits)


def _finding_reason(finding: Finding) -> str:
    beside = f", with {', '.join(finding.modifiers)}" if finding.modifiers else ""
    level = f" → {finding.level.name} by {finding.rule}" if finding.rule else ""
    return f"“{finding.quote}”: {finding.symptom} {finding.polarity.value}{beside}{level}"
