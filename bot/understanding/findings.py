"""What a message is taken to mean: findings, numbers, intent, level and red flags, with the words below them.

Worked case: `鼻血止不住，没发烧` gives the finding nosebleed (PRESENT, quote `鼻血`, modifiers
`not_stopping`), the finding fever (DENIED), level EMERGENCY and the red flag RF-2 with text EM-1. The
symptom codes are those of the data card of the corpus; `red_flags.py` maps them to catalogue codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from bot.rules.study import Level, SymptomCode, TextId


class Polarity(StrEnum):
    """How the words speak of a symptom.

    PRESENT covers now and the present reporting period, and every doubt (`maybe`, `好像`). RESOLVED
    happened in this period and has stopped: still reported. The rest is not the patient's present state: it
    never raises an automatic banner, but a red flag among it is asked back (specification 6.1.4).
    """

    PRESENT = "present"
    RESOLVED = "resolved"
    DENIED = "denied"
    PAST = "past"
    ASKED = "asked"
    HYPOTHETICAL = "hypothetical"
    OTHER_PERSON = "other_person"
    IDIOM = "idiom"

    @property
    def is_reported(self) -> bool:
        """Belongs to the patient and to this reporting period."""
        return self in (Polarity.PRESENT, Polarity.RESOLVED)


class Intent(StrEnum):
    """The first act of the message; an emergency or urgent symptom always makes it SYMPTOM_REPORT."""

    SYMPTOM_REPORT = "symptom_report"
    LAB_RESULT = "lab_result"
    INJECTION_DONE = "injection_done"
    INJECTION_MISSED = "injection_missed"
    LAB_DONE = "lab_done"
    LAB_MISSED = "lab_missed"
    QUESTION = "question"
    STOP = "stop"
    LANGUAGE_SWITCH = "language_switch"
    GREETING = "greeting"
    THANKS = "thanks"
    RESCHEDULE = "reschedule"
    HUMAN = "human"
    OTHER = "other"


class Reporter(StrEnum):
    """Who writes. UNKNOWN where the words do not say."""

    SELF = "self"
    CAREGIVER = "caregiver"
    UNKNOWN = "unknown"


class Analyte(StrEnum):
    """Blood counts that are told apart, so that none is taken for platelets."""

    PLATELETS = "PLT"
    WHITE_CELLS = "WBC"
    NEUTROPHILS = "ANC"
    HAEMOGLOBIN = "HB"


class Span(NamedTuple):
    """Half-open character range of the message as typed."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One symptom as the words speak of it.

    `symptom` is a code of the data card, `quote` the words as typed, `modifiers` the names of the
    circumstances that were read beside it (`not_stopping`, `large`, `sudden`, …), oldest first in the text.
    `level` is what this finding alone calls for (NONE unless it is reported), `rule` the level rule that
    fired.
    """

    symptom: str
    polarity: Polarity
    quote: str
    span: Span
    modifiers: tuple[str, ...] = ()
    level: Level = Level.NONE
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A blood count in 10⁹/L (haemoglobin: g/L).

    `unit_doubtful`: a bare decimal below 20 may stand in 10⁴/µL or 10⁹/L; the lower reading is `value`, the
    other one `or_else`, and the patient is asked. `current` is false for an earlier value, a threshold or
    another person's result. Source: specification 6.2.
    """

    analyte: Analyte
    value: Decimal
    quote: str
    span: Span
    current: bool = True
    unit_doubtful: bool = False
    or_else: Decimal | None = None
    named: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """Degrees Celsius to one decimal. `current` is false where it is hypothetical or another person's."""

    value_c: Decimal
    quote: str
    span: Span
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """A stated duration in minutes, upper end of a range."""

    minutes: int
    quote: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A stated number of times (stools, vomits, nosebleeds), upper end of a range."""

    times: int
    quote: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlag:
    """One line of specification 2.8 that the words match.

    `text_id` is the approved safety text to send, `symptoms` the catalogue codes whose questions it opens.
    """

    rule: str
    level: Level
    text_id: TextId
    symptoms: tuple[SymptomCode, ...]
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What one message is taken to mean, judged alone.

    `red_flags`: certain enough to answer at once, worst first. `confirm`: the words name a red flag but deny
    being about now and the patient (asked, hypothetical, past, another person): ask "Is this happening to you
    now?". `open_gate`: show the red-flag gate (`在吗`, `help`, or words about the body that were not
    understood). `death`: somebody writes that the participant has died: no advice text at all;
    `death_doubted`: that somebody has died of whom only `she` or `he` is said: it is asked.
    `advice_wanted`: a question about medicines or doses that only staff may answer. `reasons`: one line
    each, in English, in the order in which they were found; for staff and the record.
    """

    text: str
    findings: tuple[Finding, ...] = ()
    counts: tuple[Count, ...] = ()
    temperatures: tuple[Temperature, ...] = ()
    durations: tuple[Lasting, ...] = ()
    times: tuple[Times, ...] = ()
    intent: Intent = Intent.OTHER
    reporter: Reporter = Reporter.UNKNOWN
    level: Level = Level.NONE
    red_flags: tuple[RedFlag, ...] = ()
    confirm: tuple[RedFlag, ...] = ()
    open_gate: bool = False
    death: bool = False
    death_doubted: bool = False
    ambulance_called: bool = False
    advice_wanted: bool = False
    stop_wanted: bool = False
    drug_taken: bool = False
    plain_only: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def symptoms(self) -> tuple[str, ...]:
        """Codes of the reported symptoms, in the order of the text, each once."""
        return tuple(dict.fromkeys(f.symptom for f in self.findings if f.polarity.is_reported))

    @property
    def platelets(self) -> Decimal | None:
        """The newest platelet result of this patient, 10⁹/L; the lower reading where the unit is doubtful."""
        mine = [c for c in self.counts if c.analyte is Analyte.PLATELETS and c.current]
        return mine[-1].value if mine else None

    @property
    def temperature_c(self) -> Decimal | None:
        """The highest reading of the present episode."""
        return max((t.value_c for t in self.temperatures if t.current), default=None)
