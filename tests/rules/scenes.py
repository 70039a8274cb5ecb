"""The people, clocks and calendars of the time rules' tests: Tianjin, March 2026, the study as shipped."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.calendars import working_calendar
from bot.rules.activities import Course, Move, PlannedActivity
from bot.rules.calendar import WorkingCalendar
from bot.rules.case import Case, CaseId, CaseKind
from bot.rules.escalation import AskPatient, Ended, Notify, Wait, next_step, open_case
from bot.rules.participant import (
    Dose,
    DoseKind,
    LabResult,
    Participant,
    ParticipantState,
    Stated,
    StatedWhat,
)
from bot.rules.schedule import plan
from bot.rules.study import Language, Level, Role, Sex, SiteCode, StaffCode, Study, SubjectCode
from bot.study_file import load_study

ZONE = "Asia/Shanghai"
HERE = ZoneInfo(ZONE)
TJ_001 = SubjectCode("TJ-001")
CA1 = StaffCode("CA1")
SI1 = StaffCode("SI1")
TABLES = Path(__file__).parent / "tables"

# What the tables call the roles; a star marks the second road.
SHORT = {
    Role.COORDINATOR: "CRC",
    Role.SUB_INVESTIGATOR: "SUBI",
    Role.PRINCIPAL_INVESTIGATOR: "PI",
    Role.CENTRAL: "CENTRAL",
}


@cache
def study() -> Study:
    return load_study("ql-ctit-ruls-1002")


@cache
def tianjin() -> WorkingCalendar:
    return working_calendar(ZONE, study().working_hours, range(2025, 2027))


def at(words: str, zone: str = ZONE) -> datetime:
    """Such as `2026-03-10 09:30`, read by the clock of the zone."""
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone))


def shown(moment: datetime | None, zone: str = ZONE) -> str:
    """A moment as the tables write it."""
    return "" if moment is None else moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


DAY1 = at("2026-03-03 09:30")


def on_day(study_day: int, clock: str = "09:30") -> datetime:
    """A local time on a study day of somebody whose day 1 is Tuesday 3 March 2026."""
    day = DAY1.date() + timedelta(days=study_day - 1)
    return datetime.combine(day, time.fromisoformat(clock), HERE)


def day_number(activity: PlannedActivity) -> int:
    return (activity.target_at.astimezone(HERE).date() - DAY1.date()).days + 1


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table; lines that begin with # explain it."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8") as lines:
        return [
            {key.strip(): value.strip() for key, value in row.items()}
            for row in csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
        ]


def dose(number: int, given_at: datetime, *, voided_at: datetime | None = None) -> Dose:
    return Dose(
        id=f"dose-{number}",
        subject_code=TJ_001,
        kind=DoseKind.TREATMENT,
        number=number,
        given_at=given_at,
        amount_ug=200,
        recorded_by=CA1,
        recorded_at=given_at + timedelta(minutes=20),
        voided_at=voided_at,
    )


def count(value: str, sampled_at: datetime | None, *, verified: bool = True, **more: object) -> LabResult:
    result = LabResult(
        id=f"lab-{value}-{sampled_at}",
        subject_code=TJ_001,
        analyte="PLT",
        value=Decimal(value),
        as_entered=value,
        sampled_at=sampled_at,
        verified=verified,
        baseline=False,
        recorded_by=CA1,
        recorded_at=(sampled_at or DAY1) + timedelta(hours=2),
    )
    return result if not more else _with(result, **more)


def _with(result: LabResult, **more: object) -> LabResult:
    fields = {name: getattr(result, name) for name in LabResult.__slots__}
    return LabResult(**{**fields, **more})


def says(what: StatedWhat, key: str, stated_at: datetime) -> Stated:
    return Stated(
        id=f"{what}-{stated_at}", subject_code=TJ_001, activity_key=key, what=what, stated_at=stated_at
    )


def moved(key: str, to_at: datetime, decided_at: datetime = DAY1, *, overrides: bool = False) -> Move:
    return Move(activity_key=key, to_at=to_at, decided_at=decided_at, overrides_last_day=overrides)


def course(**facts: object) -> Course:
    """A course that began on Tuesday 3 March 2026 at 09:30, unless `day1_at` says otherwise."""
    known: dict[str, object] = {"day1_at": DAY1, "time_zone": ZONE, "state": ParticipantState.TREATMENT}
    return Course(**{**known, **facts})  # type: ignore[arg-type]


def activity(of: Course, key: str) -> PlannedActivity:
    return next(one for one in plan(study(), of) if one.key == key)


def participant(**facts: object) -> Participant:
    known: dict[str, object] = {
        "subject_code": TJ_001,
        "site_code": SiteCode("TJ"),
        "state": ParticipantState.TREATMENT,
        "language": Language.ZH,
        "sex": Sex.FEMALE,
        "time_zone": ZONE,
        "consent_signed_on": DAY1.date() - timedelta(days=4),
        "day1_at": DAY1,
        "study_id": "ql-ctit-ruls-1002",
        "study_version": "1",
        "enrolled_at": DAY1 - timedelta(days=4),
        "joined_at": DAY1 - timedelta(days=3),
    }
    return Participant(**{**known, **facts})  # type: ignore[arg-type]


def a_case(level: Level, opened_at: datetime, *, cannot_wait: bool = False) -> Case:
    return open_case(
        case_id=CaseId("C1"),
        participant=participant(),
        kind=CaseKind.REPORT,
        level=level,
        chain=study().chains[level],
        now=opened_at,
        calendar=tianjin(),
        cannot_wait=cannot_wait,
    )


def who(ring: Notify) -> str:
    """`CRC SUBI PI*`: who is rung, a star for the second road."""
    return " ".join(SHORT[call.role] + ("*" if call.road.value == "second" else "") for call in ring.calls)


def run(case: Case, until: datetime) -> Iterator[tuple[datetime, Notify | AskPatient]]:
    """Everything a case does from its next moment to `until`, when the timer is always on time."""
    now = case.next_step_at
    while now is not None and now <= until:
        case, said = settle(case, now)
        for step in said:
            yield now, step
        now = case.next_step_at


def settle(case: Case, now: datetime) -> tuple[Case, list[Notify | AskPatient]]:
    """The case after everything that was due at `now`, and what that was."""
    said: list[Notify | AskPatient] = []
    for _ in range(20):
        step = next_step(case, now, tianjin())
        case = step.case
        if isinstance(step, Notify | AskPatient):
            said.append(step)
        elif isinstance(step, Wait | Ended):
            return case, said
    raise AssertionError("a case never came to rest")
