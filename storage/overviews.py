"""What pages and exports show: questions over several shelves at once, in few queries. It writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.case import Case, CaseId
from bot.rules.participant import (
    Decision,
    Dose,
    Hold,
    LabResult,
    Participant,
    Stated,
    Therapy,
    Transfusion,
)
from bot.rules.report import Answer, Assessment, GradeDecision, Report
from bot.rules.study import Level, SiteCode, SubjectCode
from storage.cases import CaseEvent, Cases
from storage.conversations import Said, SaidText
from storage.facts import Decisions, Holds, StatedFacts, Therapies, Transfusions
from storage.mapping import to_value
from storage.reports import Grades, Reports
from storage.sealing import Seals
from storage.tables import (
    CaseEventRow,
    CaseRow,
    DoseRow,
    LabRow,
    ParticipantRow,
    ReportRow,
)

_Noun = TypeVar("_Noun")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLine:
    """One line of the list of participants. `worst_open` is None when no case is open."""

    participant: Participant
    open_cases: int
    worst_open: Level | None
    last_report_at: datetime | None
    last_result_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCaseLine:
    """An open case with the last thing that happened in it (None: only that it was opened)."""

    case: Case
    last_event_kind: str | None
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """Something that happened in a case, with the case it happened in."""

    case_id: CaseId
    event: CaseEvent


LoggedFact = (
    SaidText
    | Stated
    | Report
    | Answer
    | Assessment
    | GradeDecision
    | LabResult
    | Dose
    | Transfusion
    | Therapy
    | Decision
    | Hold
    | Case
    | LoggedEvent
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of a participant's log: when it belongs on the time axis, and the fact itself as stored.

    A sample or a dose stands at the time it was taken or given (entered, where that is unknown), all else at
    the time it happened. Voided facts and replaced answers are there too: nothing disappears.
    """

    at: datetime
    fact: LoggedFact


class Overviews:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def participants(self, sites: Sequence[SiteCode] | None) -> tuple[ParticipantLine, ...]:
        """Everybody at these sites (all for None), by subject code; in four queries, however many."""
        at_sites = _of_sites(col(ParticipantRow.site_code), sites)
        query = select(ParticipantRow).where(*at_sites).order_by(col(ParticipantRow.subject_code))
        people = [to_value(Participant, row) for row in await self._session.exec(query)]
        levels = await self._open_levels(sites)
        reported = await self._latest(col(ReportRow.subject_code), col(ReportRow.opened_at))
        sampled = await self._latest(
            col(LabRow.subject_code), col(LabRow.sampled_at), col(LabRow.voided_at).is_(None)
        )
        return tuple(
            ParticipantLine(
                participant=one,
                open_cases=sum(levels[one.subject_code].values()),
                worst_open=max(levels[one.subject_code], default=None),
                last_report_at=reported.get(one.subject_code),
                last_result_at=sampled.get(one.subject_code),
            )
            for one in people
        )

    async def open_cases(self, sites: Sequence[SiteCode] | None) -> tuple[OpenCaseLine, ...]:
        """The open cases of these sites (all for None): the highest level first, then the oldest."""
        cases = await Cases(self._session, self._seals, writing=False).open_at(sites)
        last = await self._last_events(case.id for case in cases)
        lines = [
            OpenCaseLine(
                case=case,
                last_event_kind=last[case.id].kind if case.id in last else None,
                last_event_at=last[case.id].at if case.id in last else None,
            )
            for case in cases
        ]
        return tuple(sorted(lines, key=lambda line: (-line.case.level, line.case.opened_at, line.case.id)))

    async def log(self, subject: SubjectCode) -> tuple[LogEntry, ...]:
        """All that is known of one participant along the time axis, oldest first."""
        entries = [
            *await self._said_and_stated(subject),
            *await self._reported(subject),
            *await self._measured_and_given(subject),
            *await self._decided(subject),
            *await self._in_cases(subject),
        ]
        return tuple(sorted(entries, key=lambda entry: entry.at))

    async def _said_and_stated(self, subject: SubjectCode) -> list[LogEntry]:
        said = await Said(self._session, self._seals).of(subject)
        stated = await StatedFacts(self._session).of(subject)
        return [LogEntry(at=one.at, fact=one) for one in said] + [
            LogEntry(at=one.stated_at, fact=one) for one in stated
        ]

    async def _reported(self, subject: SubjectCode) -> list[LogEntry]:
        shelf = Reports(self._session, self._seals)
        entries = []
        for report in await shelf.of(subject):
            entries.append(LogEntry(at=report.opened_at, fact=report))
            entries += [LogEntry(at=one.answered_at, fact=one) for one in await shelf.answers(report.id)]
            entries += [LogEntry(at=one.at, fact=one) for one in await shelf.assessments(report.id)]
        graded = await Grades(self._session).of(subject)
        return [*entries, *(LogEntry(at=one.decided_at, fact=one) for one in graded)]

    async def _measured_and_given(self, subject: SubjectCode) -> list[LogEntry]:
        labs = await self._all(
            LabResult, LabRow, col(LabRow.subject_code) == subject, col(LabRow.recorded_at)
        )
        doses = await self._all(Dose, DoseRow, col(DoseRow.subject_code) == subject, col(DoseRow.recorded_at))
        return [LogEntry(at=one.sampled_at or one.recorded_at, fact=one) for one in labs] + [
            LogEntry(at=one.given_at, fact=one) for one in doses
        ]

    async def _decided(self, subject: SubjectCode) -> list[LogEntry]:
        """What the site decided of her course, when it was decided; a transfusion when it was given."""
        transfusions = await Transfusions(self._session).of(subject)
        therapies = await Therapies(self._session).of(subject)
        decisions = await Decisions(self._session).of(subject)
        holds = await Holds(self._session).of(subject)
        return [
            *(LogEntry(at=one.at, fact=one) for one in transfusions),
            *(LogEntry(at=one.decided_at, fact=one) for one in therapies),
            *(LogEntry(at=one.decided_at, fact=one) for one in decisions),
            *(LogEntry(at=one.placed_at, fact=one) for one in holds),
        ]

    async def _in_cases(self, subject: SubjectCode) -> list[LogEntry]:
        shelf = Cases(self._session, self._seals, writing=False)
        entries = []
        for case in await shelf.all_of(subject):
            entries.append(LogEntry(at=case.opened_at, fact=case))
            entries += [
                LogEntry(at=event.at, fact=LoggedEvent(case_id=case.id, event=event))
                for event in await shelf.events(case.id)
            ]
        return entries

    async def _all(
        self, kind: type[_Noun], table: type[SQLModel], which: ColumnElement[bool], order: Any
    ) -> list[_Noun]:
        rows = await self._session.exec(select(table).where(which).order_by(order))
        return [to_value(kind, row) for row in rows]

    async def _open_levels(self, sites: Sequence[SiteCode] | None) -> dict[str, Counter[Level]]:
        """How many cases are open at each level, by subject."""
        query = select(CaseRow.subject_code, CaseRow.level).where(
            col(CaseRow.closed_at).is_(None), *_of_sites(col(CaseRow.site_code), sites)
        )
        levels: dict[str, Counter[Level]] = defaultdict(Counter)
        for subject, level in await self._session.exec(query):
            levels[subject][Level(level)] += 1
        return levels

    async def _latest(self, subject: Any, moment: Any, *which: ColumnElement[bool]) -> dict[str, datetime]:
        """The latest moment by subject."""
        query = select(subject, func.max(moment)).where(moment.is_not(None), *which).group_by(subject)
        return dict((await self._session.exec(query)).all())

    async def _last_events(self, case_ids: Iterable[CaseId]) -> dict[str, CaseEventRow]:
        last = (
            select(func.max(col(CaseEventRow.id)))
            .where(col(CaseEventRow.case_id).in_(tuple(case_ids)))
            .group_by(col(CaseEventRow.case_id))
        )
        rows = await self._session.exec(select(CaseEventRow).where(col(CaseEventRow.id).in_(last)))
        return {row.case_id: row for row in rows}


def _of_sites(column: Any, sites: Sequence[SiteCode] | None) -> tuple[ColumnElement[bool], ...]:
    return () if sites is None else (column.in_(sites),)
