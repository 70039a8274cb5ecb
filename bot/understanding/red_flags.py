"""The one table of red flags: which line of specification 2.8, which safety text, which catalogue codes.

The data-card symptom codes (what free text is read into) and the catalogue codes (what is asked and graded)
meet here and nowhere else. `lexicon/levels.toml` names the flag of a rule; its level and its text stand
here. Source: specification 2.7 (index), 2.8, 2.9; decisions, "Triage".
"""

from __future__ import annotations

from typing import NamedTuple

from bot.rules.study import Level, SymptomCode, TextId
from bot.understanding.findings import RedFlag

CATALOGUE_CODES: dict[str, tuple[SymptomCode, ...]] = {
    symptom: tuple(SymptomCode(code) for code in codes.split())
    for symptom, codes in {
        "bruising": "BLD_SKIN",
        "nosebleed": "BLD_NOSE",
        "gum_bleeding": "BLD_ORAL",
        "haematuria": "BLD_URINE",
        "blood_in_stool": "BLD_STOOL",
        "vomiting_blood": "BLD_VOMIT",
        "coughing_blood": "BLD_COUGH",
        "vaginal_bleeding": "BLD_VAG",
        "puncture_bleeding": "BLD_SITE",
        "eye_bleeding": "BLD_EYE",
        "head_injury": "BLD_TRAUMA",
        "severe_headache_neuro": "BLD_CNS",
        "fever": "AE_FEVER",
        "chills": "AE_FEVER",
        "headache": "AE_HEAD",
        "dizziness": "AE_DIZZY",
        "joint_muscle_pain": "AE_MSK",
        "insomnia": "AE_INSOM",
        "fatigue": "AE_FATIG",
        "nausea": "AE_NAUS",
        "vomiting": "AE_VOMIT",
        "diarrhoea": "AE_DIARR",
        "mouth_sores": "AE_MUCOS",
        "rash": "AE_RASH",
        "allergic_reaction": "AE_ANAPH",
        "injection_site_reaction": "AE_INJ",
        "limb_swelling": "AE_LIMB",
        "chest_pain": "AE_CHEST",
        "breathlessness": "AE_DYSP",
        "abdominal_pain": "AE_ABDO",
        "pregnancy": "AE_PREG",
        "palpitations": "AE_DIZZY",
        "constipation": "AE_OTHER",
        "appetite_loss": "AE_NAUS",
        "tingling": "AE_NEURO",
        "self_harm": "AE_MOOD",
        "other": "AE_OTHER",
        "bleeding": "AE_OTHER",  # blood without a place: the gate asks where
        "death": "AE_OTHER",
    }.items()
}


class FlagRow(NamedTuple):
    """Level and safety text of one line of specification 2.8."""

    level: Level
    text_id: TextId


def _emergency(text_id: str) -> FlagRow:
    return FlagRow(Level.EMERGENCY, TextId(text_id))


def _urgent(text_id: str) -> FlagRow:
    return FlagRow(Level.URGENT, TextId(text_id))


FLAGS: dict[str, FlagRow] = {
    "RF-0": _emergency("EM-0"),  # an emergency no other line names
    "RF-1": _emergency("EM-1"),
    "RF-2": _emergency("EM-1"),
    "RF-3": _emergency("EM-1"),
    "RF-4": _emergency("EM-1"),
    "RF-5": _emergency("EM-2"),
    "RF-6": _emergency("EM-2"),
    "RF-7": _emergency("EM-2"),
    "RF-8": _emergency("EM-3"),
    "RF-9": _emergency("EM-4"),
    "RF-10": _emergency("EM-5"),
    "RF-11": _emergency("EM-4"),
    "RF-12": _emergency("EM-1"),
    "RF-13": _emergency("EM-4"),
    "RF-14": _emergency("EM-6"),
    "RF-15": _emergency("EM-2"),
    # URGENT, not 120 by default (the list at the end of specification 2.8).
    "U-FEVER": _urgent("EM-5b"),
    "U-DEPARTMENT": _urgent("UR-2"),
    "U-HEAD": _urgent("UR-2"),  # a knock on the head: the context rule CX-7 decides on EMERGENCY
    "U-MOOD": _urgent("EM-6"),  # a passive wish to be dead gets the help line too
    "U-SITE": _urgent("UR-1"),  # every other URGENT
    # Heard by the second reader alone (specification 6.1.2): no single word of the lists decided.
    "SR-EMERGENCY": _emergency("EM-0"),
    "SR-URGENT": _urgent("UR-1"),
}


LESSER_ERRANDS = frozenset(TextId(text_id) for text_id in ("EM-5b", "UR-1", "UR-2"))
"""Texts that name a slower way than calling 120; the help line of EM-6 is not one of them."""


def flag(rule: str, symptom: str, quote: str) -> RedFlag:
    """The red flag of a rule name, opening the catalogue questions of a data-card symptom."""
    row = FLAGS[rule]
    return RedFlag(
        rule=rule, level=row.level, text_id=row.text_id, symptoms=CATALOGUE_CODES[symptom], quote=quote
    )
