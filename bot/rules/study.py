"""The nouns of a study: everything a study file says, as frozen values.

A `Study` is what `bot/study_file` makes of the TOML files of a study. Nothing here knows *this*
study: no day number, threshold, analyte or drug name stands in `bot/rules`. "Protocol" is Python's
word for something else, so the clinical protocol is a `Study` in code.

Worked case: `study.symptom("BLD_NOSE").question("DUR").option("ONGOING").label.said_in(Language.ZH)`
gives `用力按了10分钟，还在流`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import NewType

StudyId = NewType("StudyId", str)
SiteCode = NewType("SiteCode", str)
SubjectCode = NewType("SubjectCode", str)
StaffCode = NewType("StaffCode", str)
SymptomCode = NewType("SymptomCode", str)
TextId = NewType("TextId", str)


class Language(StrEnum):
    """Languages of the record (BCP 47)."""

    ZH = "zh-Hans"
    EN = "en"


class Level(IntEnum):
    """How soon a human must look. Source: specification 2.2 and 3.1. Stored by name."""

    NONE = 0
    ROUTINE = 1
    SAME_DAY = 2
    URGENT = 3
    EMERGENCY = 4


class Role(StrEnum):
    """What a member of staff may do. Source: specification 3.2, decisions "Roles and rights"."""

    COORDINATOR = "coordinator"
    SUB_INVESTIGATOR = "sub_investigator"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    CENTRAL = "central"
    DATA_MANAGER = "data_manager"
    PRIVACY_OFFICER = "privacy_officer"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"


class Sex(StrEnum):
    FEMALE = "F"
    MALE = "M"


class SourceKind(StrEnum):
    """Where a value of the study file comes from."""

    REGISTRY = "registry"
    APPROVED = "approved"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Why a value is what it is. `live` refuses a safety-relevant key that is still `DEFAULT`."""

    kind: SourceKind
    document: str
    approved_by: str | None = None
    approved_on: date | None = None
    locked: bool = False
    safety: bool = False


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words in both languages; neither may be empty."""

    en: str
    zh: str

    def said_in(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en


# ---------------------------------------------------------------- schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRules:
    """Treatment doses. Days are study days (day 1 = date of dose 1). Source: specification 1.4."""

    max_doses: int
    amount_ug: int
    interval_days: int
    window_early_days: int
    window_late_days: int
    min_interval_days: int
    last_day: int
    replan_after_late_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When dosing stops: a verified count at or above, from a sample after dose 1. Source: registry F5.

    `analyte` is the code of what is counted. A count within `transfusion_washout_days` after a transfusion
    stops nothing by itself.
    """

    analyte: str
    at_or_above: Decimal
    requires_verified: bool
    transfusion_washout_days: int


class BaselineSource(StrEnum):
    """Which count "baseline" means for a dose before other therapy. Source: specification 1.1 O5, 1.11."""

    STUDY_BASELINE = "STUDY_BASELINE"
    PRE_ANTITUMOUR = "PRE_ANTITUMOUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProphylaxisRules:
    """A dose before other therapy, for those whose baseline was low. Source: registry F6; specification 1.7.

    Due `lead` before the therapy starts, give or take `tolerance`; eligible where the count of
    `baseline_source` is below `baseline_below`. Not asked for with a last verified count at or above
    `skip_at_or_above` unless ordered. An interval to the infusion under `least_interval` or over
    `most_interval` is flagged. `draw_code` names the draw before the therapy (a number follows),
    `draw_days_before` its day, `draw_early_days` how much earlier it counts. After a dose given there is one
    more draw, `draw_after_days` later, so many days early or late, and she is followed up for
    `follow_up_days`; None: neither. Source: 1.7 (6), 1.9.
    """

    baseline_below: Decimal
    baseline_source: BaselineSource
    amount_ug: int
    lead: timedelta
    tolerance: timedelta
    least_interval: timedelta
    most_interval: timedelta
    each_cycle: bool
    counts_toward_max: bool
    skip_at_or_above: Decimal
    draw_code: str
    draw_days_before: int
    draw_early_days: int
    arrive_before: timedelta
    remind_staff_before: timedelta
    draw_after_days: int | None = None
    draw_after_either_way_days: int = 0
    follow_up_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRules:
    """Response: a verified count of `analyte` at or above, on the day of the endpoint draw or by then.

    The draw marked `endpoint` gives day and window. Source: specification 1.12, O1.
    """

    analyte: str
    at_or_above: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRules:
    """`last_draw` ends the follow-up; `after_day` is the last study day before it. Source: 1.9."""

    last_draw: str
    after_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTiming:
    """How long after a draw its result is expected, and asked of staff; how old one may be before a dose.

    Below `urgent_below` (last count) a result that is later than `overdue` is asked for the same day.
    Source: specification 1.5.
    """

    expected: timedelta
    overdue: timedelta
    urgent_below: Decimal
    before_dose: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialRule:
    """Answers to a symptom that are of special interest. Source: specification 3.6 (AESI), 1.4 SCH-5.

    `cause`: why it is asked whether the event was serious, a word of `sae.SaeCause`; None: it is not asked.
    `hold`: why the doses wait for a person, a word of `participant.HoldReason`; None: they do not.
    """

    symptom: str
    when: Mapping[str, frozenset[str]]
    cause: str | None = None
    hold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaeRules:
    """The clock of a potential serious adverse event. Source: specification 3.6.

    Due `due_within` after a person of the site knew. `remind_after` and `remind_principal_after` count from
    then too; overdue it is told to principal investigator and central every `overdue_every`. `special`: what
    she answers that is of special interest. `result_reasons`: what of a verified result is.
    """

    due_within: timedelta
    remind_after: tuple[timedelta, ...]
    remind_principal_after: tuple[timedelta, ...]
    overdue_every: timedelta
    grade_at_least: int
    who_at_least: int
    level_at_least: Level
    closing: Mapping[str, frozenset[str]]
    answers: Mapping[str, frozenset[str]]
    outcomes: frozenset[str]
    count_at_or_above: Decimal | None
    special: tuple[SpecialRule, ...] = ()
    result_reasons: frozenset[str] = frozenset()


class DrawAnchor(StrEnum):
    FIRST_DOSE = "first_dose"
    LAST_DOSE = "last_dose"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRule:
    """One planned lab draw. `day` is a study day for FIRST_DOSE, days after the dose for LAST_DOSE.

    `before_dose` n: drawn on the day of dose n, before it. `endpoint`: needed for the primary endpoint,
    so it stays when dosing stops. Source: specification 1.5.
    """

    code: str
    anchor: DrawAnchor
    day: int
    window_early_days: int
    window_late_days: int
    required: bool
    before_dose: int | None = None
    endpoint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Local times between which no routine message is sent; runs over midnight."""

    starts: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderRules:
    """Local times of the three reminders of a visit day, and of what staff are told of an unconfirmed one.

    `unconfirmed_at` counts on the day after the target, `window_closing_at` on the last day of the window
    (on the target day itself for an endpoint draw). Source: specification 1.4, 1.5, 1.10.
    """

    day_before_at: time
    morning_at: time
    morning_at_if_early: time
    early_visit_before: time
    ask_done_at: time
    grace: timedelta
    unconfirmed_at: time
    window_closing_at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInRules:
    """When the bot asks how she is. Source: specification 1.8.

    With a last count below `phone_below` a check-in unanswered for `phone_after_hours` calls for a phone.
    From `very_high_at_or_above` she is asked daily for `very_high_days`, then every `high_every_days` as from
    `high_at_or_above`. `baseline_days_before`: one report before the first dose, so many days before it.
    """

    at: time
    on_draw_days: bool
    hours_after_dose: tuple[int, ...]
    daily_below: Decimal
    every_two_days_below: Decimal
    follow_up_every_days: int
    nudge_at: time
    nudge_next_morning_at: time
    high_at_or_above: Decimal | None
    high_every_days: int
    very_high_at_or_above: Decimal | None
    very_high_days: int
    baseline_days_before: int
    phone_below: Decimal
    phone_after_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When staff of a site are at work; which days are holidays comes from the calendar.

    `digest_at`: the morning list of a working day. `on_call_at`: when the person on call is told on a day
    off. Between `night_starts` and `night_ends` nothing that can wait is pushed to staff. Source:
    specification 3.3, 3.4.
    """

    opens: time
    closes: time
    digest_at: time = time(8, 30)
    on_call_at: time = time(10, 0)
    night_starts: time = time(22, 0)
    night_ends: time = time(7, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Values in the unit of the analyte, half-open: at_or_above <= value < below. Source: 1.6, decisions.

    `also`: who has a copy of the first alert beside those whom the chain of the level calls then.
    """

    name: str
    at_or_above: Decimal | None
    below: Decimal | None
    level: Level
    acknowledge_within: timedelta | None = None
    also: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyte:
    """What a laboratory counts. `unit` is the one kept, such as `10^9/L`; `bands`: what a result calls for.

    A bare number with a decimal point under `ask_unit_below` may be in another usual unit and is asked for.
    """

    code: str
    name: Bilingual
    unit: str
    plausible_max: Decimal
    bands: tuple[Band, ...]
    ask_unit_below: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRules:
    """What the course of the leading count calls for beside its band. Source: specification 1.6.

    Two results contradict one another when one is more than `jump_times` the other within `jump_within`.
    `not_eligible_at_or_above`: a baseline as high as this is a question of eligibility.
    `hold_at_or_above`: every dose waits for a person.
    """

    fall_percent: int
    fall_within: timedelta
    fall_only_below: Decimal
    fall_level: Level
    rise_by: Decimal
    rise_within: timedelta
    rise_level: Level
    rebound_level: Level
    no_response_draw: str
    no_response_level: Level
    jump_times: int
    jump_within: timedelta
    not_eligible_at_or_above: Decimal
    hold_at_or_above: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRules:
    """`lead` is the count that bands, check-ins and draws are about; `neutrophils` the one fever asks for.

    `context_bands`: P0 … P5 of specification 2.5, lowest first.
    """

    lead: str
    neutrophils: str
    analytes: tuple[Analyte, ...]
    context_bands: tuple[Band, ...]
    unknown_band: str
    valid_days_treatment: int
    valid_days_follow_up: int
    timing: ResultTiming
    trends: TrendRules

    def analyte(self, code: str) -> Analyte:
        """The analyte of this code.

        Raises:
            KeyError: the study does not use it.
        """
        for one in self.analytes:
            if one.code == code:
                return one
        raise KeyError(code)

    @property
    def result_bands(self) -> tuple[Band, ...]:
        """What a result of the leading count calls for."""
        return self.analyte(self.lead).bands

    @property
    def plausible_max(self) -> Decimal:
        """The highest leading count that is possible."""
        return self.analyte(self.lead).plausible_max


# ---------------------------------------------------------------- symptoms


class QuestionKind(StrEnum):
    SINGLE = "single"
    MULTI = "multi"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    code: str
    label: Bilingual


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A wait that belongs to an answer: after `wait` ask `ask`; *no* and silence both act.

    `silence_after` is how long an answer may take. `on_no` is the option that then counts, never a milder
    one; `raises_to` is the level the report then reaches, whatever the answers say. Source: specification
    2.7, BLD_NOSE notes; decisions, "Triage".
    """

    on_option: str
    wait: timedelta
    ask: Bilingual
    silence_after: timedelta
    on_no: str | None
    raises_to: Level | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRule:
    """Words that say how long it went on, and whether it is over, give this option; see `hearing`.

    `stopped`: said to be over; false: said to go on. `over_minutes` is not reached by the answer,
    `up_to_minutes` is; None sets no limit.
    """

    option: str
    stopped: bool
    over_minutes: int | None = None
    up_to_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`options` in the order shown; if `ordered`, each is worse than the one before.

    `unsure_counts_as` is the option that NOT_SURE stands for (the next worse answer; decisions, "Triage").
    Left out, which is no skip, unless the answers so far hold for `only_if`; while they hold for `skip_if`;
    and, with `skip_at_gate`, when a yes at the gate opened the symptom (the gate asks about now and the last
    24 hours). An empty mapping asks nothing; both name other questions of the same symptom.
    """

    id: str
    text: Bilingual
    kind: QuestionKind
    ordered: bool
    options: tuple[Option, ...]
    timers: tuple[Timer, ...] = ()
    unsure_counts_as: str | None = None
    only_if: Mapping[str, frozenset[str]] = field(default_factory=dict)
    skip_if: Mapping[str, frozenset[str]] = field(default_factory=dict)
    skip_at_gate: bool = False
    heard: tuple[HeardRule, ...] = ()

    def option(self, code: str) -> Option:
        for option in self.options:
            if option.code == code:
                return option
        raise KeyError(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRule:
    """Holds when every question named has at least one of its listed answers (AND between, OR inside)."""

    when: Mapping[str, frozenset[str]]
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule:
    """As `GradeRule`, for the level."""

    when: Mapping[str, frozenset[str]]
    value: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRule:
    """First match wins; an empty `when` matches always. `max_grade` caps the proposed grade of that term.

    `anc_below` (10⁹/L) and `temperature_above_c` (as typed) are asked of what is known beside the answers;
    unknown does not match. `min_grade` is proposed at least, for a term that has no lower grade (febrile
    neutropenia: 3).
    """

    when: Mapping[str, frozenset[str]]
    term: str
    max_grade: int | None
    min_grade: int | None = None
    anc_below: Decimal | None = None
    temperature_above_c: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A CTCAE term: its system organ class, NCI Thesaurus code and the highest grade that exists."""

    term: str
    soc: Bilingual
    ncit: str
    max_grade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceRule:
    """Which safety text an EMERGENCY (or URGENT) of this symptom shows; first match wins.

    `bands`: only while the platelets are in one of these context bands (empty: whatever they are).
    """

    when: Mapping[str, frozenset[str]]
    text: TextId
    bands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensRule:
    """An answer that opens another symptom, such as blood in vomit opening BLD_VOMIT.

    `carries`: questions of both symptoms whose answer is taken over and not asked again, as far as the opened
    symptom has the same option codes (a red flag of AE_HEAD is a red flag of BLD_CNS).
    """

    when: Mapping[str, frozenset[str]]
    symptoms: tuple[SymptomCode, ...]
    carries: tuple[str, ...] = ()


class SymptomGroup(StrEnum):
    BLEEDING = "BLEEDING"
    ADVERSE_EVENT = "ADVERSE_EVENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """`menu_first`: offered at the head of its menu (fever, head and nerves; specification 2.3.3).

    `also_in_symptom_menu`: a symptom of the bleeding group that "no bleeding" does not deny, such as a
    fall, and that is therefore offered again in the symptom menu. `asks_words`: begins with her own words.
    """

    code: SymptomCode
    group: SymptomGroup
    label: Bilingual
    ask: Bilingual
    questions: tuple[Question, ...]
    base_grade: int
    base_level: Level
    base_who: int | None
    grade_rules: tuple[GradeRule, ...]
    level_rules: tuple[LevelRule, ...]
    who_rules: tuple[GradeRule, ...]
    term_rules: tuple[TermRule, ...]
    emergency_texts: tuple[AdviceRule, ...]
    urgent_texts: tuple[AdviceRule, ...]
    opens: tuple[OpensRule, ...]
    only_sex: Sex | None = None
    on_menu: bool = True
    mucosal: bool = False
    red_flag_capable: bool = False
    first_aid: Bilingual | None = None
    menu_first: bool = False
    also_in_symptom_menu: bool = False
    asks_words: bool = False

    def question(self, question_id: str) -> Question:
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateItem:
    """One red flag of the first screen: a yes is itself an answer (decisions, "Triage")."""

    code: str
    label: Bilingual
    level: Level
    advice: TextId
    opens: tuple[SymptomCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingQuestion:
    """One of the four statements that end every report; `levels` gives what an answer calls for.

    `words_after`: options after which she is asked for it in her own words (the name of a medicine).
    `rule`: the id under which its levels are explained to staff, such as CX-16.
    """

    id: str
    statement: Bilingual
    question: Bilingual
    options: tuple[Option, ...]
    good_answer: str
    levels: Mapping[str, Level]
    shown_on_good_day: bool = True
    words_after: frozenset[str] = frozenset()
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyText:
    """A patient safety message; `{site_phone}` and `{by_when}` are filled in. Source: specification 2.9."""

    id: TextId
    text: Bilingual
    to_stranger: Bilingual | None = None


class MultiAmberMode(StrEnum):
    RESTRICTED = "RESTRICTED"
    UKONS = "UKONS"
    OFF = "OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRule:
    """One row of the context table: what is known beyond the answers may raise a level, never lower it.

    Every condition named must hold; a condition left at its default asks nothing. The effect is the larger of
    `at_least` and the level of the answers raised by `raise_by`; it is always counted from the level of the
    answers, so rows never stack. Several rows may carry one `id` (the "or" inside a rule).

    `symptoms`, `group`, `mucosal`: which symptoms. `present`: the symptom is there (level of the answers
    ROUTINE or more, or WHO 1 or more), or is not. `bands`: platelets in one of these. `high_platelets`: in
    the highest band now or within `TriageRules.high_platelet_days`. `low_anc`: below `TriageRules.anc_low`.
    `fever`: the equivalent temperature is a fever. `worse`: the grade rose since the last report.
    `persistent`: reported as present a day or more ago and nobody spoke to her since. `when`: the answers.
    `unless`: answers that exempt; each mapping holds when all its questions are answered within it.
    `waits`: while the exemption is still open, nothing is raised yet. Source: specification 2.5.
    """

    id: str
    at_least: Level = Level.NONE
    raise_by: int = 0
    symptoms: frozenset[SymptomCode] = frozenset()
    group: SymptomGroup | None = None
    mucosal: bool | None = None
    present: bool | None = None
    bands: frozenset[str] = frozenset()
    blood_thinner: bool = False
    low_anc: bool = False
    liver_disease: bool = False
    high_platelets: bool = False
    fever: bool = False
    worse: bool = False
    persistent: bool = False
    grade_at_least: int = 0
    who_at_least: int = 0
    base_at_least: Level = Level.NONE
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: tuple[Mapping[str, frozenset[str]], ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureStep:
    """A bucket of typed temperatures, up to the next one: `from_c` includes its bound, `above_c` does not."""

    option: str
    from_c: Decimal | None = None
    above_c: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureRules:
    """Which question is a typed temperature and what the number means. Source: specification 2.4.

    `accepted_from_c` to `accepted_to_c`, both included, are possible readings. `steps` are the option codes
    the level and grade rules speak of, coldest first. Under `cold_below_c` the level counts
    `cold_counts_as`, and `cold_with_signs_counts_as` when a sign other than `no_sign` was chosen. `armpit`
    and `not_measured` are options of `site_question`. `fever_from_c` is what the context rules call fever.
    """

    symptom: SymptomCode
    question: str
    accepted_from_c: Decimal
    accepted_to_c: Decimal
    steps: tuple[TemperatureStep, ...]
    site_question: str
    armpit: str
    not_measured: str
    signs_question: str
    no_sign: str
    cold_below_c: Decimal
    cold_counts_as: str
    cold_with_signs_counts_as: str
    fever_from_c: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRules:
    """What happens when she stops half way: one nudge, then the report is closed as it stands.

    `nudge_after_urgent` counts where the level is URGENT or more already. Source: specification 2.2.
    """

    nudge_after: timedelta
    nudge_after_urgent: timedelta
    close_after_nudge: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsRules:
    """How what she writes is heard.

    `joins_within`: messages no further apart are read together as well. `medicine_counts_for`: so long a
    blood thinner or painkiller she told of counts. Source: specification 6.5 (13), 2.5 (inputs, `ac`).
    """

    joins_within: timedelta
    medicine_counts_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRules:
    """Settings of the context rules. Source: specification 2.4 to 2.6.

    `previous_report_days`: how far back "since the last report" looks. `persistent_after`: two reports of one
    bleeding this far apart are a persistent bleeding. `new_blood_thinner_bands`: platelets at which a blood
    thinner named in the closing questions is looked at the same day.
    """

    axilla_offset_c: Decimal
    anc_low: Decimal
    anc_valid_days: int
    worse_by_grades: int
    bleeding_worse_by_grades: int
    multi_amber: MultiAmberMode
    multi_amber_symptoms: frozenset[SymptomCode]
    high_platelet_days: int
    emergency_fallback: TextId
    urgent_fallback: TextId
    same_day_text: TextId = TextId("SD-1")
    department_text: TextId
    routine_text: TextId = TextId("RT-1")
    context_rules: tuple[ContextRule, ...] = ()
    temperature: TemperatureRules | None = None
    silence: SilenceRules
    words: WordsRules
    previous_report_days: int
    persistent_after: timedelta
    new_blood_thinner_bands: frozenset[str] = frozenset()


# ---------------------------------------------------------------- people


class Road(StrEnum):
    TELEGRAM = "telegram"
    SECOND = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """Who is told, how long after the case opened."""

    after: timedelta
    roles: tuple[Role, ...]
    road: Road = Road.TELEGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStep:
    """A question to the patient while a case is open, such as "have you called 120?".

    `after` counts from the start of the chain, day and night; `next_morning_at` instead names a local time,
    the first one at least an hour later ("How is it now?" at 08:30 next morning). Source: specification
    3.3.
    """

    after: timedelta
    key: str
    options: tuple[str, ...] = ()
    next_morning_at: time | None = None


class ChainHours(StrEnum):
    ALWAYS = "always"
    WORKING = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Source: specification 3.3. `repeat_every` begins after the last step and never ends by itself."""

    level: Level
    steps: tuple[ChainStep, ...]
    repeat_every: timedelta | None
    repeat_each_working_morning: bool
    acknowledge_within: timedelta
    contact_within: timedelta
    hours: ChainHours
    patient_steps: tuple[PatientStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentItem:
    """One tick, stored on its own; `required` ones are needed to join."""

    code: str
    label: Bilingual
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    version: str
    summary: Bilingual
    full: Bilingual
    items: tuple[ConsentItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    id: StudyId
    version: str
    catalogue_version: str
    ctcae_version: str
    title: Bilingual
    emergency_number: str
    doses: DoseRules
    stop: StopRule
    endpoint: EndpointRules
    follow_up: FollowUpRules
    draws: tuple[DrawRule, ...]
    reminders: ReminderRules
    check_ins: CheckInRules
    quiet_hours: QuietHours
    working_hours: WorkingHours
    labs: LabRules
    gate_ask: Bilingual
    gate_none: Bilingual
    gate: tuple[GateItem, ...]
    symptoms: tuple[Symptom, ...]
    closing: tuple[ClosingQuestion, ...]
    texts: Mapping[TextId, SafetyText]
    triage: TriageRules
    chains: Mapping[Level, Chain]
    consent: ConsentText
    terms: Mapping[str, Term]
    sae: SaeRules
    prophylaxis: ProphylaxisRules | None = None
    site_targets: Mapping[tuple[SiteCode, Level], timedelta] = field(default_factory=dict)
    provenance: Mapping[str, Source] = field(default_factory=dict)

    def chain_at(self, site: SiteCode, level: Level) -> Chain:
        """The chain of this level with the target that the site has set itself for taking a case.

        Who is rung when is the same everywhere. The time from taking to contact stays as long as it is, so a
        later target moves the contact target along; an earlier one leaves it. Source: specification 3.1.
        """
        chain = self.chains[level]
        target = self.site_targets.get((site, level))
        if target is None:
            return chain
        later = max(target - chain.acknowledge_within, timedelta())
        return replace(chain, acknowledge_within=target, contact_within=chain.contact_within + later)

    def symptom(self, code: str) -> Symptom:
        for symptom in self.symptoms:
            if symptom.code == code:
                return symptom
        raise KeyError(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Of a published version: who approved it and when, and since when it is there."""

    version: str
    approved_by: str
    approved_on: date
    published_at: datetime
