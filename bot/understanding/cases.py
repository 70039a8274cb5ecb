"""One symptom of a message with all its words, and what is coded only once (data card, "Symptoms").

Worked case: `小红点` at the injection site is that reaction, no bruising beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.rules.study import Level
from bot.understanding.findings import Polarity
from bot.understanding.levelling import Judgement
from bot.understanding.matcher import Hit

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
BLEEDING = frozenset(
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
NOT_A_CODE = frozenset({"injury", "spine"})


@dataclass(slots=True)
class Case:
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


_DROWSY = ("困", "睡", "sleepy", "drows")


def drowsy_after_a_knock(cases: list[Case], text: str) -> list[Case]:
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


def without_replaced(cases: list[Case], text: str) -> list[Case]:
    """One symptom stands for another (data card, "Symptoms")."""
    present = {case.symptom for case in cases if case.polarity.is_reported}
    replaced: set[str] = set()
    for symptom in present:
        replaced |= _REPLACES.get(symptom, frozenset())
    if present & BLEEDING:
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


def _is_part_of_another(case: Case, cases: list[Case], text: str) -> bool:
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
    if case.symptom == "blood_in_stool" and present & {"vaginal_bleeding", "haematuria"}:
        # `下面一直出血 马桶里都是红的`, `小便完 马桶里粉红的`: the toilet shows the blood named before
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


def _is_beside_the_point(case: Case, cases: list[Case]) -> bool:
    """Sweating, pallor and feeling rough beside a coded symptom are not coded apart (data card)."""
    if case.symptom != "other" or not case.polarity.is_reported:
        return False
    others = [c for c in cases if c is not case and c.polarity.is_reported and c.symptom not in NOT_A_CODE]
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
