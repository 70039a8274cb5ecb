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
    """Source: specification 1.3. The last four are terminal: all routine messages stop at once."""

    INVITED = "INVITED"
    CONSENTED = "CONSENTED"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """`day1_at` is planned until dose 1 is recorded. `language` is None until she has chosen one.

    `joined_at`: the two required consents were given in the chat. `messages_stopped_at`: she said stop,
    or withdrew or died. `version` counts every change (optimistic locking).
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
    version: int = 1


class DoseKind(StrEnum):
    TREATMENT = "TREATMENT"
    PROPHYLAXIS = "PROPHYLAXIS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A dose recorded by staff: only this anchors, counts and closes (decisions, "Facts")."""

    id: str
    subject_code: SubjectCode
    kind: DoseKind
    number: int
    given_at: datetime
    amount_ug: int
    recorded_by: StaffCode
    recorded_at: datetime
    voided_at: datetime | None = None


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
    """`value` in 10⁹/L for PLT, WBC, ANC and in g/L for Hb; `as_entered` keeps value and unit as typed."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One tick of the consent, agreed or not; the newest of an item counts."""

    subject_code: SubjectCode
    version: str
    language: Language
    item: str
    agreed: bool
    at: datetime
