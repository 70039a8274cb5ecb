"""The shape of the TOML files, as pydantic models: one complaint for every wrong key, all at once.

A single setting is written `{ value = …, source = "registry", document = "F5" }`; a table has one `source`.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from bot.rules.study import (
    BaselineSource,
    ChainHours,
    DrawAnchor,
    MultiAmberMode,
    QuestionKind,
    Road,
    Role,
    Sex,
    SourceKind,
    SymptomGroup,
)

T = TypeVar("T")
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
LevelWord = Literal["NONE", "ROUTINE", "SAME_DAY", "URGENT", "EMERGENCY"]
Count = Annotated[Decimal, Field(ge=0)]
Whole = Annotated[int, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Minutes = Annotated[Whole, Field(ge=0)]


def _clock(written: object) -> object:
    """Local times are written `"HH:MM"`: no seconds, no zone."""
    if not isinstance(written, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", written):
        raise ValueError('a local time between "00:00" and "23:59"')
    return written


Clock = Annotated[time, BeforeValidator(_clock)]


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Origin(Strict):
    """Why a value is what it is; see `rules.study.Source`."""

    document: Words
    approved_by: Words | None = None
    approved_on: date | None = None
    locked: Truth = False
    safety: Truth = False

    @model_validator(mode="before")
    @classmethod
    def _approval_is_signed(cls, written: object) -> object:
        if not isinstance(written, dict) or "approved" not in (written.get("kind"), written.get("source")):
            return written
        if not written.get("approved_by") or not written.get("approved_on"):
            raise ValueError("approved_by and approved_on with an approved value")
        return written


class SourceShape(_Origin):
    """The source of a whole table."""

    kind: SourceKind


class Setting(_Origin, Generic[T]):
    """A single value with its source."""

    value: T
    source: SourceKind


class BothLanguages(Strict):
    en: Words
    zh: Words


class QuietHoursShape(Strict):
    starts: Setting[Clock]
    ends: Setting[Clock]


class WorkingHoursShape(Strict):
    opens: Setting[Clock]
    closes: Setting[Clock]
    digest_at: Setting[Clock]
    on_call_at: Setting[Clock]
    night_starts: Setting[Clock]
    night_ends: Setting[Clock]


class StudyShape(Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{2,63}$")]
    version: Words
    catalogue_version: Words
    ctcae_version: Words
    title: BothLanguages
    emergency_number: Setting[Words]
    quiet_hours: QuietHoursShape
    working_hours: WorkingHoursShape


class DosesShape(Strict):
    max_doses: Setting[Annotated[Whole, Field(ge=1, le=52)]]
    amount_ug: Setting[Annotated[Whole, Field(ge=1)]]
    interval_days: Setting[Annotated[Whole, Field(ge=1, le=84)]]
    window_early_days: Setting[Annotated[Whole, Field(ge=0, le=14)]]
    window_late_days: Setting[Annotated[Whole, Field(ge=0, le=14)]]
    min_interval_days: Setting[Annotated[Whole, Field(ge=1, le=84)]]
    last_day: Setting[Annotated[Whole, Field(ge=1)]]
    replan_after_late_days: Setting[Annotated[Whole, Field(ge=0)]]


class StopShape(Strict):
    analyte: Setting[Words]
    at_or_above: Setting[Count]
    requires_verified: Setting[Truth]
    transfusion_washout_days: Setting[Annotated[Whole, Field(ge=0, le=14)]]


class ProphylaxisShape(Strict):
    baseline_below: Setting[Count]
    # A version published before this could be chosen goes by the study baseline, as it did.
    baseline_source: Setting[BaselineSource] | None = None
    amount_ug: Setting[Annotated[Whole, Field(ge=1)]]
    lead_minutes: Setting[Minutes]
    tolerance_minutes: Setting[Minutes]
    least_interval_minutes: Setting[Minutes]
    most_interval_minutes: Setting[Minutes]
    each_cycle: Setting[Truth]
    counts_toward_max: Setting[Truth]
    skip_at_or_above: Setting[Count]
    draw_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}$")]
    draw_days_before: Setting[Annotated[Whole, Field(ge=0)]]
    draw_early_days: Setting[Annotated[Whole, Field(ge=0)]]
    draw_after_days: Setting[Annotated[Whole, Field(ge=1)]] | None = None
    draw_after_either_way_days: Setting[Annotated[Whole, Field(ge=0)]] | None = None
    follow_up_days: Setting[Annotated[Whole, Field(ge=1)]] | None = None
    arrive_minutes_before: Setting[Minutes]
    remind_staff_minutes_before: Setting[Minutes]


class EndpointShape(Strict):
    analyte: Setting[Words]
    at_or_above: Setting[Count]


class FollowUpShape(Strict):
    last_draw: Setting[Words]
    after_day: Setting[Annotated[Whole, Field(ge=1)]]


class RemindersShape(Strict):
    day_before_at: Setting[Clock]
    morning_at: Setting[Clock]
    morning_at_if_early: Setting[Clock]
    early_visit_before: Setting[Clock]
    ask_done_at: Setting[Clock]
    grace_minutes: Setting[Minutes]
    unconfirmed_at: Setting[Clock]
    window_closing_at: Setting[Clock]


class CheckInsShape(Strict):
    at: Setting[Clock]
    on_draw_days: Setting[Truth]
    hours_after_dose: Setting[tuple[Annotated[Whole, Field(ge=1)], ...]]
    daily_below: Setting[Count]
    every_two_days_below: Setting[Count]
    follow_up_every_days: Setting[Annotated[Whole, Field(ge=1)]]
    high_at_or_above: Setting[Count]
    high_every_days: Setting[Annotated[Whole, Field(ge=1)]]
    very_high_at_or_above: Setting[Count]
    very_high_days: Setting[Annotated[Whole, Field(ge=1)]]
    baseline_days_before: Setting[Annotated[Whole, Field(ge=1)]]
    phone_below: Setting[Count]
    # A version published before this stood in the file waits as long as it did.
    phone_after_hours: Setting[Annotated[Whole, Field(ge=1)]] = Setting(
        value=6, source=SourceKind.DEFAULT, document="1.8"
    )
    nudge_at: Setting[Clock]
    nudge_next_morning_at: Setting[Clock]


class DrawShape(Strict):
    code: Words
    anchor: DrawAnchor
    day: Annotated[Whole, Field(ge=1)]
    early: Annotated[Whole, Field(ge=0)]
    late: Annotated[Whole, Field(ge=0)]
    required: Truth
    before_dose: Whole | None = None
    endpoint: Truth = False


class DrawsShape(Strict):
    source: SourceShape
    calendar: tuple[DrawShape, ...]


class ScheduleShape(Strict):
    doses: DosesShape
    stop: StopShape
    prophylaxis: ProphylaxisShape | None = None
    endpoint: EndpointShape
    follow_up: FollowUpShape
    reminders: RemindersShape
    check_ins: CheckInsShape
    draws: DrawsShape


class BandShape(Strict):
    name: Words
    at_or_above: Count | None = None
    below: Count | None = None
    level: LevelWord = "NONE"
    acknowledge_minutes: Minutes | None = None
    also: tuple[Role, ...] = ()


class AnalyteShape(Strict):
    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{1,7}$")]
    name: BothLanguages
    unit: Literal["10^9/L", "g/L"]
    plausible_max: Annotated[Decimal, Field(gt=0)]
    ask_unit_below: Count | None = None
    bands: Annotated[tuple[BandShape, ...], Field(min_length=1)]


class TimingShape(Strict):
    expected_hours: Setting[Annotated[Whole, Field(ge=1)]]
    overdue_hours: Setting[Annotated[Whole, Field(ge=1)]]
    urgent_below: Setting[Count]
    before_dose_hours: Setting[Annotated[Whole, Field(ge=1)]]


class TrendsShape(Strict):
    fall_percent: Setting[Annotated[Whole, Field(ge=1, le=100)]]
    fall_within_days: Setting[Annotated[Whole, Field(ge=1)]]
    fall_only_below: Setting[Count]
    fall_level: Setting[LevelWord]
    rise_by: Setting[Count]
    rise_within_days: Setting[Annotated[Whole, Field(ge=1)]]
    rise_level: Setting[LevelWord]
    rebound_level: Setting[LevelWord]
    no_response_draw: Setting[Words]
    no_response_level: Setting[LevelWord]
    jump_times: Setting[Annotated[Whole, Field(ge=2)]]
    jump_within_hours: Setting[Annotated[Whole, Field(ge=1)]]
    not_eligible_at_or_above: Setting[Count]
    hold_at_or_above: Setting[Count] | None = None


class LabsShape(Strict):
    source: SourceShape
    lead: Words
    neutrophils: Words
    valid_days_treatment: Setting[Annotated[Whole, Field(ge=1)]]
    valid_days_follow_up: Setting[Annotated[Whole, Field(ge=1)]]
    unknown_band: Words
    context: Annotated[tuple[BandShape, ...], Field(min_length=1)]
    timing: TimingShape
    trends: TrendsShape
    analytes: Annotated[tuple[AnalyteShape, ...], Field(min_length=1)]


When = dict[str, Annotated[frozenset[str], Field(min_length=1)]]

Hours = Setting[tuple[Annotated[Whole, Field(ge=1)], ...]]


class SpecialShape(Strict):
    symptom: Words
    when: When
    cause: Literal["SPECIAL_INTEREST", "PREGNANCY"] | None = None
    hold: Literal["PREGNANCY", "SAFETY"] | None = None


class SaeShape(Strict):
    source: SourceShape
    due_hours: Setting[Annotated[Whole, Field(ge=1, le=24)]]
    remind_hours: Hours
    remind_principal_hours: Hours
    overdue_every_hours: Setting[Annotated[Whole, Field(ge=1)]]
    grade_at_least: Annotated[Whole, Field(ge=1, le=5)]
    who_at_least: Annotated[Whole, Field(ge=1, le=4)]
    level_at_least: LevelWord
    count_at_or_above: Count | None = None
    closing: dict[str, frozenset[str]] = {}
    answers: dict[str, frozenset[str]] = {}
    outcomes: frozenset[str] = frozenset()
    special: tuple[SpecialShape, ...] = ()
    result_reasons: frozenset[Literal["REBOUND"]] = frozenset()


class OptionShape(Strict):
    code: Words
    en: Words
    zh: Words
    level: LevelWord = "NONE"


class TimerShape(Strict):
    on: Words
    wait_minutes: Annotated[Whole, Field(ge=1)]
    ask: BothLanguages
    silence_minutes: Annotated[Whole, Field(ge=1)]
    becomes: str | None = None
    raises_to: LevelWord | None = None


class HeardShape(Strict):
    option: Words
    stopped: Truth
    over_minutes: Minutes | None = None
    up_to_minutes: Minutes | None = None


class QuestionShape(Strict):
    id: Words
    text: BothLanguages
    kind: QuestionKind
    ordered: Truth
    options: tuple[OptionShape, ...]
    not_sure_counts_as: str | None = None
    timers: tuple[TimerShape, ...] = ()
    only_if: When = {}
    skip_if: When = {}
    skip_at_gate: Truth = False
    heard: tuple[HeardShape, ...] = ()


class GradeRuleShape(Strict):
    when: When
    value: Annotated[Whole, Field(ge=0, le=4)]


class LevelRuleShape(Strict):
    when: When
    value: LevelWord


class TermRuleShape(Strict):
    when: When
    term: Words
    max_grade: Annotated[Whole, Field(ge=1, le=4)] | None = None
    min_grade: Annotated[Whole, Field(ge=1, le=4)] | None = None
    anc_below: Count | None = None
    temperature_above_c: Count | None = None


class AdviceRuleShape(Strict):
    when: When
    text: Words
    bands: frozenset[str] = frozenset()


class OpensShape(Strict):
    when: When
    symptoms: Annotated[tuple[str, ...], Field(min_length=1)]
    carries: tuple[str, ...] = ()


class RulesShape(Strict):
    grade: tuple[GradeRuleShape, ...] = ()
    level: tuple[LevelRuleShape, ...] = ()
    who: tuple[GradeRuleShape, ...] = ()
    terms: tuple[TermRuleShape, ...] = ()
    emergency: tuple[AdviceRuleShape, ...] = ()
    urgent: tuple[AdviceRuleShape, ...] = ()
    opens: tuple[OpensShape, ...] = ()


class BaseShape(Strict):
    grade: Annotated[Whole, Field(ge=0, le=4)]
    level: LevelWord
    who: Annotated[Whole, Field(ge=0, le=4)] | None = None


class SymptomShape(Strict):
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]+_[A-Z]+$")]
    group: SymptomGroup
    label: BothLanguages
    ask: BothLanguages
    base: BaseShape
    source: SourceShape
    notes: tuple[str, ...] = ()
    only_sex: Sex | None = None
    on_menu: Truth = True
    mucosal: Truth = False
    red_flag_capable: Truth = False
    first_aid: BothLanguages | None = None
    menu_first: Truth = False
    also_in_symptom_menu: Truth = False
    asks_words: Truth = False
    questions: Annotated[tuple[QuestionShape, ...], Field(min_length=1)]
    rules: RulesShape


class GateItemShape(Strict):
    code: Words
    label: BothLanguages
    level: LevelWord
    advice: Words
    opens: Annotated[tuple[str, ...], Field(min_length=1)]


class GateShape(Strict):
    source: SourceShape
    ask: BothLanguages
    none: BothLanguages
    items: Annotated[tuple[GateItemShape, ...], Field(min_length=1)]


class ClosingShape(Strict):
    id: Words
    statement: BothLanguages
    question: BothLanguages
    good: Words
    shown_on_good_day: Truth = True
    words_after: frozenset[str] = frozenset()
    rule: str = ""
    options: Annotated[tuple[OptionShape, ...], Field(min_length=2)]


class ClosingsShape(Strict):
    source: SourceShape
    questions: tuple[ClosingShape, ...]


class TextShape(Strict):
    id: Words
    en: Words
    zh: Words
    stranger_en: Words | None = None
    stranger_zh: Words | None = None


class TextsShape(Strict):
    """`not_on_lock_screen`: words that the first line of a safety text may not hold, in either language."""

    source: SourceShape
    not_on_lock_screen: tuple[Words, ...] = ()
    texts: tuple[TextShape, ...]


class TermShape(Strict):
    term: Words
    soc: BothLanguages
    ncit: str
    max_grade: Annotated[Whole, Field(ge=1, le=5)]


class TermsShape(Strict):
    source: SourceShape
    terms: tuple[TermShape, ...]


class ContextRuleShape(Strict):
    """Every key but `id` and the effect is a condition; see `rules.study.ContextRule`."""

    id: Words
    at_least: LevelWord = "NONE"
    raise_by: Annotated[Whole, Field(ge=0, le=4)] = 0
    symptoms: frozenset[str] = frozenset()
    group: SymptomGroup | None = None
    mucosal: Truth | None = None
    present: Truth | None = None
    bands: frozenset[str] = frozenset()
    blood_thinner: Truth = False
    low_anc: Truth = False
    liver_disease: Truth = False
    high_platelets: Truth = False
    fever: Truth = False
    worse: Truth = False
    persistent: Truth = False
    grade_at_least: Annotated[Whole, Field(ge=0, le=4)] = 0
    who_at_least: Annotated[Whole, Field(ge=0, le=4)] = 0
    base_at_least: LevelWord = "NONE"
    when: When = {}
    unless: tuple[When, ...] = ()
    waits: Truth = False


class ContextShape(Strict):
    source: SourceShape
    rows: tuple[ContextRuleShape, ...]


class TemperatureStepShape(Strict):
    option: Words
    from_c: Decimal | None = None
    above_c: Decimal | None = None


class TemperatureShape(Strict):
    source: SourceShape
    symptom: Words
    question: Words
    accepted_from_c: Decimal
    accepted_to_c: Decimal
    steps: Annotated[tuple[TemperatureStepShape, ...], Field(min_length=1)]
    site_question: Words
    armpit: Words
    not_measured: Words
    signs_question: Words
    no_sign: Words
    cold_below_c: Decimal
    cold_counts_as: Words
    cold_with_signs_counts_as: Words
    fever_from_c: Decimal


class SilenceShape(Strict):
    nudge_minutes: Setting[Annotated[Whole, Field(ge=1)]]
    nudge_minutes_urgent: Setting[Annotated[Whole, Field(ge=1)]]
    close_minutes: Setting[Annotated[Whole, Field(ge=1)]]


class WordsShape(Strict):
    join_seconds: Setting[Annotated[Whole, Field(ge=5, le=120)]]
    medicine_days: Setting[Annotated[Whole, Field(ge=1, le=60)]]


class TriageShape(Strict):
    axilla_offset_c: Setting[Annotated[Decimal, Field(ge=0, le=Decimal("0.6"))]]
    anc_low: Setting[Count]
    anc_valid_days: Setting[Annotated[Whole, Field(ge=1)]]
    worse_by_grades: Setting[Annotated[Whole, Field(ge=1, le=4)]]
    bleeding_worse_by_grades: Setting[Annotated[Whole, Field(ge=1, le=4)]]
    multi_amber: Setting[MultiAmberMode]
    high_platelet_days: Setting[Annotated[Whole, Field(ge=1)]]
    emergency_fallback: Words
    urgent_fallback: Words
    multi_amber_symptoms: frozenset[str]
    same_day_text: Words
    department_text: Words
    routine_text: Words
    previous_report_days: Setting[Annotated[Whole, Field(ge=1)]]
    persistent_hours: Setting[Annotated[Whole, Field(ge=1)]]
    new_blood_thinner_bands: Setting[frozenset[str]]
    silence: SilenceShape
    words: WordsShape
    temperature: TemperatureShape | None = None
    context: ContextShape


class StepShape(Strict):
    after: Minutes
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    road: Road = Road.TELEGRAM


class PatientStepShape(Strict):
    after: Minutes = 0
    key: Words
    options: tuple[str, ...] = ()
    next_morning_at: Clock | None = None


class ChainShape(Strict):
    level: LevelWord
    hours: ChainHours
    acknowledge_minutes: Annotated[Whole, Field(ge=1)]
    contact_minutes: Annotated[Whole, Field(ge=1)]
    repeat_minutes: Annotated[Whole, Field(ge=1)] | None = None
    repeat_each_working_morning: Truth = False
    steps: Annotated[tuple[StepShape, ...], Field(min_length=1)]
    patient: tuple[PatientStepShape, ...] = ()


class TargetLimitsShape(Strict):
    level: LevelWord
    least_minutes: Annotated[Whole, Field(ge=1)]
    most_minutes: Annotated[Whole, Field(ge=1)]


class SiteTargetShape(Strict):
    site: Words
    level: LevelWord
    acknowledge_minutes: Annotated[Whole, Field(ge=1)]


class ChainsShape(Strict):
    source: SourceShape
    chains: tuple[ChainShape, ...]
    limits: tuple[TargetLimitsShape, ...] = ()
    sites: tuple[SiteTargetShape, ...] = ()


class ConsentItemShape(Strict):
    code: Words
    required: Truth
    label: BothLanguages


class ConsentShape(Strict):
    source: SourceShape
    version: Words
    summary: BothLanguages
    full: BothLanguages
    items: Annotated[tuple[ConsentItemShape, ...], Field(min_length=1)]
