"""What is known of one participant, as frozen values: no name, no phone, no Telegram id.

Identifiers live in one encrypted table of the archive; everything here is known by the subject code only.
Source: specification 1.3 (anchors and states), decisions "Facts".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bot.rules.study import Language, Sex, SiteCode, StaffCode, SubjectCode


class ParticipantState(StrEnum):
    """Source: specification 1.3; how one follows from the facts is said in `bot/rules/states.py`."""

    INVITED = "INVITED"
    CONSENTED = "CONSENTED"
    BASELINE_DONE = "BASELINE_DONE"
    DECLINED = "DECLINED"
    TREATMENT = "TREATMENT"
    RESPONDED = "RESPONDED"
    TREATMENT_DONE = "TREATMENT_DONE"
    FOLLOW_UP = "FOLLOW_UP"
    COMPLETED = "COMPLETED"
    ON_HOLD = "ON_HOLD"
    SCREEN_FAILED = "SCREEN_FAILED"
    WITHDRAWN = "WITHDRAWN"
    LOST_TO_FOLLOW_UP = "LOST_TO_FOLLOW_UP"
    DIED = "DIED"


TERMINAL_STATES = frozenset(
    {
        ParticipantState.COMPLETED,
        ParticipantState.SCREEN_FAILED,
        ParticipantState.WITHDRAWN,
        ParticipantState.LOST_TO_FOLLOW_UP,
        ParticipantState.DIED,
    }
)


class TreatmentStop(StrEnum):
    """Why the site ended the doses early. Source: specification 1.3, 1.4 SCH-4."""

    RESPONSE_CONFIRMED = "RESPONSE_CONFIRMED"
    ADVERSE_EVENT = "ADVERSE_EVENT"
    INVESTIGATOR = "INVESTIGATOR"
    PATIENT_CHOICE = "PATIENT_CHOICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """`day1_at` is planned until dose 1 is recorded. `language` is None until she has chosen one.

    `joined_at`: the two required consents were given in the chat. `messages_stopped_at`: she said stop,
    or withdrew or died. `treatment_stopped_at`: the site ended the doses before their number was reached;
    that is not withdrawal. `usual_stools` a day; `emergency_contact`: the site has one. `version` counts
    every change (optimistic locking).
    """

    subject_code: SubjectCode
    site_code: SiteCode
    state: ParticipantState
    language: Language
    sex: Sex
    time_zone: str
    consent_signed_on: date
    day1_at: datetime
    study_id: str
    study_version: str
    enrolled_at: datetime
    joined_at: datetime | None = None
    caregiver_may_write: bool = False
    messages_stopped_at: datetime | None = None
    unreachable_since: datetime | None = None
    next_look_at: datetime | None = None
    blood_thinner: bool | None = None
    liver_disease: bool | None = None
    last_chemotherapy_on: date | None = None
    usual_stools: int | None = None
    usual_headaches: bool | None = None
    lymphoedema: bool | None = None
    emergency_contact: bool | None = None
    treatment_stopped_at: datetime | None = None
    treatment_stopped_because: TreatmentStop | None = None
    version: int = 1


class DoseKind(StrEnum):
    TREATMENT = "TREATMENT"
    PROPHYLAXIS = "PROPHYLAXIS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A dose recorded by staff: only this anchors, counts and closes (decisions, "Facts").

    `whole`: all of it went in. `therapy`: the number of the therapy a prophylactic dose was given before.
    `corrects`: the id of the record that this one replaces, which is voided and stays.
    """

    id: str
    subject_code: SubjectCode
    kind: DoseKind
    number: int
    given_at: datetime
    amount_ug: int
    recorded_by: StaffCode
    recorded_at: datetime
    voided_at: datetime | None = None
    whole: bool = True
    therapy: int | None = None
    corrects: str | None = None


class StatedWhat(StrEnum):
    """What a patient said about a planned activity."""

    DONE = "DONE"
    NOT_YET = "NOT_YET"
    ANOTHER_DAY = "ANOTHER_DAY"
    GOT_IT = "GOT_IT"
    CANNOT_COME = "CANNOT_COME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """`activity_key` such as `injection-2`; *done* silences reminders and shows as stated."""

    id: str
    subject_code: SubjectCode
    activity_key: str
    what: StatedWhat
    stated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LabResult:
    """`value` in the unit of its analyte; `as_entered` keeps value and unit as typed.

    What was typed as under a limit (`<10`) acts as the next lower value. `clumped`: the laboratory doubts it.
    `corrects`: the id of the record that this one replaces, which is voided and stays.
    """

    id: str
    subject_code: SubjectCode
    analyte: str
    value: Decimal
    as_entered: str
    sampled_at: datetime | None
    verified: bool
    baseline: bool
    recorded_by: str
    recorded_at: datetime
    by_command_line: bool = False
    unit_unconfirmed: bool = False
    voided_at: datetime | None = None
    clumped: bool = False
    laboratory: str | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One tick of the consent, agreed or not; the newest of an item counts."""

    subject_code: SubjectCode
    version: str
    language: Language
    item: str
    agreed: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfusion:
    """Blood given; platelets confound a high count. Source: specification 1.4 SCH-4."""

    id: str
    subject_code: SubjectCode
    at: datetime
    platelets: bool
    recorded_by: str
    recorded_at: datetime
    voided_at: datetime | None = None


class DecisionKind(StrEnum):
    """What the site decided on one activity: another time, or never."""

    MOVE = "MOVE"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The newest decision on an activity counts. `overrides_last_day`: see `activities.Move`."""

    id: str
    subject_code: SubjectCode
    activity_key: str
    kind: DecisionKind
    to_at: datetime | None
    reason: str
    decided_by: StaffCode
    decided_at: datetime
    overrides_last_day: bool = False


class HoldReason(StrEnum):
    """Why doses wait. Source: specification 1.4 SCH-5."""

    INVESTIGATOR = "INVESTIGATOR"
    HOSPITAL = "HOSPITAL"
    SAFETY = "SAFETY"
    PREGNANCY = "PREGNANCY"
    FEVER = "FEVER"
    HIGH_COUNT = "HIGH_COUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Doses wait until a person releases them. Several may stand; each is released by itself."""

    id: str
    subject_code: SubjectCode
    reason: HoldReason
    note: str
    placed_by: str
    placed_at: datetime
    released_by: StaffCode | None = None
    released_at: datetime | None = None
    release_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Therapy:
    """One planned therapy as decided last; a change is a new value of the same `number`, nothing is lost.

    `ordered`: an investigator wants the prophylactic dose although the last count is high. `count_before`:
    the count before this cycle (10⁹/L), the other candidate for the baseline. `infusion_started_at`: when it
    began in truth.
    """

    id: str
    subject_code: SubjectCode
    number: int
    starts_at: datetime
    what: str
    cytotoxic: bool
    decided_by: StaffCode
    decided_at: datetime
    reason: str = ""
    cancelled: bool = False
    ordered: bool = False
    count_before: Decimal | None = None
    infusion_started_at: datetime | None = None
