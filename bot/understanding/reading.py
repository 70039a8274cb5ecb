"""Reads one comparable text: hits of the lexicon to findings with polarity, circumstances, level and flags.

The order is fixed and every step leaves its reason: which words, how they speak, what stands beside them,
which rule of `levels.toml` decided.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from bot.rules.study import Level
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
from bot.understanding.levelling import Judgement, LevelRules, Situation
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, Row, hit_at
from bot.understanding.measures import measure
from bot.understanding.pad_rate import pad_an_hour
from bot.understanding.places import place_blood
from bot.understanding.polarity import Cues, PolarityReader
from bot.understanding.red_flags import LESSER_ERRANDS, flag
from bot.understanding.writing import Writing

_FEVER_FROM = Decimal("38.0")
"""Source: data card, "Labelling conventions": a lower reading alone is no fever."""

_REPLACES: dict[str, frozenset[str]] = {
    "severe_headache_neuro": frozenset({"headache"}),
    "vomiting_blood": frozenset({"vomiting", "bleeding"}),
    "coughing_blood": frozenset({"bleeding"}),
    "allergic_reaction": frozenset(
        {"rash", "breathlessness", "limb_swelling", "injection_site_reaction", "eye_bleeding"}
    ),
    "limb_swelling": frozenset(),
    "pregnancy": frozenset(),
}
_BLEEDING = frozenset(
    [
        "nosebleed",
        "gum_bleeding",
        "haematuria",
        "blood_in_stool",
        "vomiting_blood",
        "coughing_blood",
        "vaginal_bleeding",
        "puncture_bleeding",
        "eye_bleeding",
        "bruising",
    ]
)
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
_NOT_A_CODE = frozenset({"injury", "spine"})
_FEW_PARTS = 6
"""In so short a message `不停` may speak of blood that is named some parts away."""
_CONFIRM = (Polarity.ASKED, Polarity.HYPOTHETICAL, Polarity.PAST, Polarity.OTHER_PERSON)
_SAID_IN_IDIOMS = ("greeting", "thanks", "well")
_SAID_BY_THE_WRITER = ("question", "greeting", "thanks", "well", "human", "language_switch", "reschedule")
"""Acts that are the writer's own though other people are named in them (`can someone call me`)."""
_WORTH_ASKING = (Intent.OTHER, Intent.QUESTION, Intent.GREETING)


@dataclass(slots=True)
class _Case:
    """All hits of one symptom with one way of speaking."""

    symptom: str
    polarity: Polarity
    hits: list[Hit]
    signs: set[str] = field(default_factory=set)
    modifiers: list[str] = field(default_factory=list)
    minutes: int | None = None
    times: int | None = None
    days: int | None = None
    judgement: Judgement | None = None
    parts: frozenset[int] = frozenset()

    @property
    def level(self) -> Level:
        """What it calls for; NONE unless it is reported."""
        if self.judgement is None or not self.polarity.is_reported:
            return Level.NONE
        return self.judgement.level

    @property
    def first(self) -> Hit:
        return self.hits[0]


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
        symptoms = _without_covered(self._by_kind["symptom"])
        placed = place_blood(symptoms, self._by_kind["blood"], self._by_kind["site"], self._clauses)
        self._symptom_hits = _one_reading_of_blood(placed, self._text)
        self._symptom_row = Row(self._symptom_hits)
        self._cues = Cues(
            _by_name([*self._by_kind["cue"], *self._by_kind["idiom"], *self._by_kind["person"]])
        )
        self._polarity = PolarityReader(self._text, self._clauses, self._cues, self._symptom_hits)
        self._modifiers = self._standing_modifiers()
        self._signs = {h.entry.name for h in self._by_kind["sign"] if self._sign_stands(h)}
        self._measures = measure(writing, self._number_is_doubted)

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

    def _cases(self) -> list[_Case]:
        by_symptom: dict[str, dict[Polarity, list[Hit]]] = defaultdict(lambda: defaultdict(list))
        for hit in self._symptom_hits:
            by_symptom[hit.entry.name][self._polarity.read(hit, hit.entry.sign)].append(hit)
        cases = []
        for symptom, polarities in by_symptom.items():
            # What is present somewhere in the message is present: a denial elsewhere never lowers it.
            kept = [Polarity.PRESENT] if Polarity.PRESENT in polarities else list(polarities)
            for polarity in kept:
                hits = polarities[polarity]
                cases.append(_Case(symptom, polarity, hits, {hit.entry.sign for hit in hits}))
        return _without_replaced(_drowsy_after_a_knock(cases, self._text), self._text)

    def _with_fever(self, cases: list[_Case]) -> list[_Case]:
        """A reading of 38.0 or above is a fever whatever the words say."""
        readings = [t for t in self._measures.temperatures if t.current and t.value_c >= _FEVER_FROM]
        if not readings:
            return cases
        fever = next((c for c in cases if c.symptom == "fever"), None)
        if fever is not None and fever.polarity is Polarity.PRESENT:
            return cases
        self._reasons.append(f"fever: a reading of {max(t.value_c for t in readings)} °C")
        at = self._read_position(readings[0].span.start)
        entry = Entry(kind="symptom", name="fever", place="reading")
        hit = hit_at(entry, at, max(at + 1, self._read_position(readings[0].span.end)))
        return [c for c in cases if c.symptom != "fever"] + [_Case("fever", Polarity.PRESENT, [hit], {""})]

    def _read_position(self, typed: int) -> int:
        return bisect_left(self._writing.back, typed)

    def _describe(self, cases: list[_Case]) -> None:
        """What stands beside each symptom: circumstances, durations, how often."""
        for case in cases:
            case.parts = self._parts_of(case)
        own_parts = {number for case in cases if case.polarity.is_reported for number in case.parts}
        for case in cases:
            parts = self._neighbourhood(case, own_parts)
            near = self._modifiers_near(parts)
            names = [m.entry.name for m in near if self._belongs(m, case, parts, cases)]
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

    def _parts_of(self, case: _Case) -> frozenset[int]:
        heads = (self._clauses.number_at(self._polarity.head(hit)) for hit in case.hits)
        return frozenset(heads) | frozenset(self._clauses.number_at(hit.start) for hit in case.hits)

    def _neighbourhood(self, case: _Case, own_parts: set[int]) -> set[int]:
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

    def _belongs(self, modifier: Hit, case: _Case, parts: set[int], cases: list[_Case]) -> bool:
        if modifier.entry.reach == "message":
            return True
        number = self._clauses.number_at(modifier.start)
        if number not in parts:
            return (
                modifier.entry.name in _POINTS_AT_BLEEDING
                and case.symptom in _BLEEDING | {"bleeding"}
                and len(self._clauses.parts) <= _FEW_PARTS
                and not self._is_taken(number, cases)
            )
        if modifier.entry.name in _POINTS_AT_BLEEDING and case.symptom in _BLEEDING | {"bleeding"}:
            return True
        if number not in case.parts:
            return True
        rivals = [c for c in cases if c is not case and c.polarity.is_reported and number in c.parts]
        mine = min(_distance(modifier, hit) for hit in case.hits)
        return all(mine <= min(_distance(modifier, hit) for hit in rival.hits) for rival in rivals)

    def _is_taken(self, number: int, cases: list[_Case]) -> bool:
        return any(number in case.parts and case.symptom not in _BLEEDING for case in cases)

    def _standing_modifiers(self) -> list[Hit]:
        hits = _without_covered(self._by_kind["modifier"], same_name=False)
        told = pad_an_hour(self._text)
        if told is not None:
            hits.append(hit_at(_PAD_HOUR, *told))
        return [
            hit
            for hit in hits
            if not (hit.entry.name in _MAY_BE_DENIED and self._polarity.stands_denied(hit))
            and not self._cues.covering("idiom", hit.start, hit.end)
            and not (hit.entry.name == "keeps_down" and self._is_inside_symptom(hit))
        ]

    def _is_inside_symptom(self, hit: Hit) -> bool:
        """`stays down` inside `nothing stays down` keeps nothing down."""
        row = self._symptom_row.touching(hit.start, hit.end)
        return any(symptom.start <= hit.start and hit.end <= symptom.end for symptom in row)

    def _findings(self, cases: list[_Case]) -> tuple[Finding, ...]:
        findings = []
        for case in sorted(cases, key=lambda c: c.first.start):
            if case.symptom in _NOT_A_CODE and not case.polarity.is_reported:
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
        return tuple(f for f in findings if f.symptom not in _NOT_A_CODE)

    # ---------------------------------------------------------------- level and flags

    def _judge(self, cases: list[_Case]) -> None:
        reported = [case for case in cases if case.polarity.is_reported]
        for case in cases:
            company = reported if case in reported else [*reported, case]
            case.judgement = self._rules.judge(self._situation(case, company))

    def _situation(self, case: _Case, company: list[_Case]) -> Situation:
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

    def _with_intent(self, understood: Understanding, cases: list[_Case]) -> Understanding:
        acts = Acts(self._acts, self._clauses)
        positions = [
            (case.first.start, case.polarity) for case in cases if case.polarity is not Polarity.IDIOM
        ]
        counted = [self._read_position(c.span.start) for c in understood.counts if c.current]
        intent, reason = intent_of(acts, understood, positions, min(counted, default=None))
        self._reasons.append(f"intent {intent.value}: {reason}")
        return replace(understood, intent=intent)

    def _with_flags(self, understood: Understanding, cases: list[_Case]) -> Understanding:
        now: dict[str, RedFlag] = {}
        ask: dict[str, RedFlag] = {}
        for case in cases:
            for name in case.judgement.flags if case.judgement else ():
                shelf = now if case.polarity.is_reported else ask if case.polarity in _CONFIRM else None
                if shelf is not None:
                    quote = self._writing.quote(case.first.start, case.first.end)
                    shelf.setdefault(
                        name, flag(name, case.symptom if case.symptom not in _NOT_A_CODE else "other", quote)
                    )
        death = "death" in self._signs
        flags = () if death else _one_errand(_worst_first(now.values()))
        return replace(
            understood,
            level=Level.EMERGENCY if death else understood.level,
            red_flags=flags,
            confirm=_worst_first(f for f in ask.values() if f.rule not in now),
            death=death,
            open_gate=not flags and not death and self._should_open_gate(understood),
            reasons=(
                *self._reasons,
                *(f"red flag {f.rule}: {f.text_id}, because of “{f.quote}”" for f in flags),
            ),
        )

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
    for found in names.values():
        found.sort(key=lambda hit: (hit.start, -hit.end))
    return names


def _without_covered(hits: list[Hit], same_name: bool = True) -> list[Hit]:
    """Drops a hit whose fixed words are part of a longer one: 吐 in 吐血, `stopped` in `hasn't stopped`.

    With `same_name` the same symptom inside one unbroken longer word of it goes as well: 鼻血 in 流鼻血. What
    several expressions of one entry meet at the same place is met once.
    """
    once: dict[tuple[str, str, int, int], Hit] = {}
    for hit in hits:
        key = (hit.entry.name, hit.entry.sign, hit.start, hit.end)
        if key not in once or (once[key].gaps and not hit.gaps):
            once[key] = hit
    hits = list(once.values())
    row = Row(hits)
    return [
        hit for hit in hits if not any(_replaces(o, hit, same_name) for o in row.touching(hit.start, hit.end))
    ]


def _replaces(longer: Hit, hit: Hit, same_name: bool) -> bool:
    if longer is hit or longer.start > hit.start or longer.end < hit.end:
        return False
    if longer.entry.name == hit.entry.name:
        is_longer = longer.end - longer.start > hit.end - hit.start
        return same_name and is_longer and not longer.gaps and longer.entry.sign == hit.entry.sign
    return longer.covers(hit) and not hit.covers(longer)


_KEPT_AWAKE_BY = re.compile(r"[疼痛痒咳](?:得|到)[^,. ]{0,4}$")
"""`疼得睡不着` says how bad the pain is; it is no sleep complaint of its own."""
_MOUTH_WATER = ("刷牙", "漱口", "口水", "唾沫", "牙", "spit", "brush", "rinse", "gum", "teeth")


def _one_reading_of_blood(hits: list[Hit], text: str) -> list[Hit]:
    """The same blood is read once: `刷牙吐出来的水有点粉` is no vomit, `咳嗽吐的痰有血` is coughed up."""
    kept = []
    row = Row(hits)
    for hit in hits:
        near = row.touching(hit.start, hit.end)
        rivals = [o for o in near if o is not hit and o.end == hit.end]
        mouth = any(
            o.entry.name == "gum_bleeding" and any(w in text[o.start : o.end] for w in _MOUTH_WATER)
            for o in rivals
        )
        coughed = any(o.entry.name == "coughing_blood" for o in rivals)
        if hit.entry.name == "vomiting_blood" and (mouth or coughed):
            continue
        # "bringing up blood every time I cough" is coughed up
        if (
            hit.entry.name == "vomiting_blood"
            and text.startswith(("bring", "brought"), hit.start)
            and any(o.entry.name == "coughing_blood" for o in near)
        ):
            continue
        if hit.entry.name == "vomiting" and any(
            o.entry.name == "gum_bleeding" and o.start <= hit.start and hit.end <= o.end for o in near
        ):
            continue
        if hit.entry.name == "insomnia" and _KEPT_AWAKE_BY.search(text[max(0, hit.start - 8) : hit.start]):
            continue
        if (
            hit.entry.name == "coughing_blood"
            and mouth
            and not any(w in text[hit.start : hit.end] for w in ("咳", "cough"))
        ):
            continue
        kept.append(hit)
    return kept


_WELL_AT_REST = re.compile(r"(?:着|时|的时候|就|倒|倒是|还|都)*(?:不喘|没事|不憋|还好|还行|挺好)")
"""`坐着不喘`: at rest she is well."""
_DROWSY = ("困", "睡", "sleepy", "drows")


def _drowsy_after_a_knock(cases: list[_Case], text: str) -> list[_Case]:
    """Drowsiness after a head injury is a sign of the brain, no tiredness (data card, "Symptoms")."""
    if not any(case.symptom == "head_injury" and case.polarity.is_reported for case in cases):
        return cases
    known = any(case.symptom == "severe_headache_neuro" and case.polarity.is_reported for case in cases)
    kept = []
    for case in cases:
        drowsy = case.symptom == "fatigue" and all(
            any(word in text[hit.start : hit.end] for word in _DROWSY) for hit in case.hits
        )
        if not (drowsy and case.polarity.is_reported):
            kept.append(case)
        elif not known:
            kept.append(replace(case, symptom="severe_headache_neuro", signs={"confused"}))
    return kept


def _without_replaced(cases: list[_Case], text: str) -> list[_Case]:
    """One symptom stands for another (data card, "Symptoms")."""
    present = {case.symptom for case in cases if case.polarity.is_reported}
    replaced: set[str] = set()
    for symptom in present:
        replaced |= _REPLACES.get(symptom, frozenset())
    if present & _BLEEDING:
        replaced.add("bleeding")
    if "head_injury" in present:
        replaced.add("injury")
    kept = [case for case in cases if not (case.symptom in replaced and case.polarity.is_reported)]
    kept = [case for case in kept if not _is_part_of_another(case, kept, text)]
    return [case for case in kept if not _is_beside_the_point(case, kept)]


_STOOL_WORDS = (
    "便", "屎", "拉", "屁股", "肛", "痔", "粑", "poo", "stool", "bowel", "motion", "bottom", "bum", "rect",
    "pile", "haemorr", "hemorr", "diarr", "passage", "behind", "wipe",
)  # fmt: skip
_WHERE_HEART_PAIN_GOES = ("后背", "胳膊", "肩", "臂", "下巴", "arm", "shoulder", "jaw", "back", "hand")


def _is_part_of_another(case: _Case, cases: list[_Case], text: str) -> bool:
    present = {c.symptom for c in cases if c.polarity.is_reported}
    words = " ".join(text[h.start : h.end] for h in case.hits)
    if case.symptom == "diarrhoea" and "blood_in_stool" in present:
        return not any(w in words for w in ("稀", "肚", "泻", "水", "diarr", "runs", "loose", "watery", "窜"))
    if case.symptom == "other" and case.signs <= {"cold"} and "coughing_blood" in present:
        return not any(w in words for w in ("感冒", "鼻涕", "cold", "flu", "sneez", "runny"))
    if case.symptom == "mouth_sores" and "gum_bleeding" in present:
        bleeding = [
            h for c in cases if c.symptom == "gum_bleeding" for h in c.hits if h.entry.sign == "blood_blister"
        ]
        return all(any(b.start < h.end and h.start < b.end for b in bleeding) for h in case.hits)
    if case.symptom == "joint_muscle_pain" and present & {"limb_swelling", "injection_site_reaction"}:
        limbs = (
            "腿",
            "胳膊",
            "臂",
            "脚",
            "手",
            "leg",
            "arm",
            "calf",
            "calves",
            "ankle",
            "foot",
            "feet",
            "thigh",
            "hand",
            "walk",
            "knee",
            "shin",
            "膝",
        )
        return any(w in words for w in limbs) and not any(
            w in words for w in ("骨", "浑身", "全身", "bone", "all over")
        )
    if case.symptom == "severe_headache_neuro" and case.signs == {"speech"}:
        gasping = any(c.symptom == "breathlessness" and "cannot_breathe" in c.signs for c in cases)
        return gasping or "allergic_reaction" in present
    if case.symptom == "other" and case.signs <= {"throat", "cold"} and "allergic_reaction" in present:
        return True
    if case.symptom == "bruising" and "gum_bleeding" in present:
        blisters = [
            h for c in cases if c.symptom == "gum_bleeding" for h in c.hits if h.entry.sign == "blood_blister"
        ]
        if blisters and all(any(b.start <= h.start and h.end <= b.end for b in blisters) for h in case.hits):
            return True
    if case.symptom == "bruising" and case.signs == {"red_dots"} and "injection_site_reaction" in present:
        reacting = [h for c in cases if c.symptom == "injection_site_reaction" for h in c.hits]
        return all(any(r.start < h.end and h.start < r.end for r in reacting) for h in case.hits)
    if case.symptom == "fever" and present & {"injection_site_reaction", "limb_swelling"}:
        return all("烫" in text[h.start : h.end] for h in case.hits)
    if case.symptom == "tingling" and any(
        "weak_side" in c.signs
        for c in cases
        if c.symptom == "severe_headache_neuro" and c.polarity.is_reported
    ):
        return True
    if case.symptom == "vaginal_bleeding" and case.signs == {"period"} and "pregnancy" in present:
        return not any(
            w in text for w in ("血", "见红", "bleed", "blood", "spotting")
        )  # a late period is no bleed
    if case.symptom == "blood_in_stool" and "vaginal_bleeding" in present:
        # `下面一直出血 马桶里都是红的`: the toilet shows the blood named before
        return not any(w in words for w in _STOOL_WORDS)
    if case.symptom in ("joint_muscle_pain", "tingling"):
        spreading = any("crushing" in c.signs for c in cases if c.symptom == "chest_pain")
        if spreading and (case.symptom == "tingling" or any(w in words for w in _WHERE_HEART_PAIN_GOES)):
            return True
    if case.symptom == "chills" and "severe_headache_neuro" in present:
        fits = any(
            c.signs & {"seizure", "unconscious"} for c in cases if c.symptom == "severe_headache_neuro"
        )
        return fits and all(
            "shak" in text[h.start : h.end] or "抖" in text[h.start : h.end] for h in case.hits
        )
    if case.symptom == "breathlessness" and "chest_pain" in present and "cannot_breathe" not in case.signs:
        return all(
            text[h.start : h.end] in ("胸口堵", "憋气", "憋得慌")
            and not text[max(0, h.start - 1) : h.start].endswith(("还", "又", "也", "都", "加", "且"))
            for h in case.hits
        )
    return False


def _is_beside_the_point(case: _Case, cases: list[_Case]) -> bool:
    """Sweating, pallor and feeling rough beside a coded symptom are not coded apart (data card)."""
    if case.symptom != "other" or not case.polarity.is_reported:
        return False
    others = [c for c in cases if c is not case and c.polarity.is_reported and c.symptom not in _NOT_A_CODE]
    if case.signs == {"vague"}:
        return bool(others)
    if case.signs <= {"vague", "flush_sweat"}:
        return any(
            c.symptom
            in (
                "abdominal_pain",
                "breathlessness",
                "allergic_reaction",
                "chest_pain",
                "vaginal_bleeding",
                "blood_in_stool",
                "vomiting_blood",
                "fever",
                "dizziness",
                "palpitations",
                "severe_headache_neuro",
                "nosebleed",
            )
            for c in others
        )
    return False


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


def _finding_reason(finding: Finding) -> str:
    beside = f", with {', '.join(finding.modifiers)}" if finding.modifiers else ""
    level = f" → {finding.level.name} by {finding.rule}" if finding.rule else ""
    return f"“{finding.quote}”: {finding.symptom} {finding.polarity.value}{beside}{level}"
