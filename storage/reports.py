"""Reports, their answers as given, and what they were judged to be."""

from __future__ import annotations

import json

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.report import Answer, Assessment, GradeDecision, Report
from bot.rules.study import SubjectCode
from storage.mapping import to_row, to_value, update_row
from storage.sealing import Seals
from storage.tables import AnswerRow, AssessmentRow, GradeDecisionRow, ReportRow


class Reports:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def open(self, report: Report) -> None:
        self._session.add(to_row(ReportRow, report))
        await self._session.flush()

    async def save(self, report: Report) -> None:
        update_row(await self._session.get_one(ReportRow, report.id), report)
        await self._session.flush()

    async def get(self, report_id: str) -> Report | None:
        row = await self._session.get(ReportRow, report_id)
        return None if row is None else to_value(Report, row)

    async def of(self, subject: SubjectCode) -> tuple[Report, ...]:
        """In order of time."""
        query = (
            select(ReportRow)
            .where(col(ReportRow.subject_code) == subject)
            .order_by(col(ReportRow.opened_at), col(ReportRow.id))
        )
        return tuple(to_value(Report, row) for row in await self._session.exec(query))

    async def add_answer(self, answer: Answer) -> None:
        """Keeps the answer; an earlier one to the same question is marked as replaced by it."""
        seal = await self._seals.of_report(answer.report_id)
        typed = None if answer.typed is None else seal.seal(answer.typed, f"answer:{answer.id}")
        query = select(AnswerRow).where(
            col(AnswerRow.report_id) == answer.report_id,
            col(AnswerRow.symptom) == answer.symptom,
            col(AnswerRow.question) == answer.question,
            col(AnswerRow.replaced_by).is_(None),
        )
        for earlier in await self._session.exec(query):
            earlier.replaced_by = answer.id
        codes = json.dumps(answer.codes, ensure_ascii=False)
        self._session.add(to_row(AnswerRow, answer, codes=codes, typed_sealed=typed))
        await self._session.flush()

    async def answers(self, report_id: str) -> tuple[Answer, ...]:
        """In the order given, replaced ones included; a typed text is empty once she had it erased."""
        subject = await self._seals.subject_of_report(report_id)
        query = select(AnswerRow).where(col(AnswerRow.report_id) == report_id)
        rows = (await self._session.exec(query.order_by(col(AnswerRow.number)))).all()
        return tuple([await self._opened(row, subject) for row in rows])

    async def _opened(self, row: AnswerRow, subject: str) -> Answer:
        typed = row.typed_sealed
        return to_value(
            Answer,
            row,
            codes=tuple(json.loads(row.codes)),
            typed=None if typed is None else await self._seals.text(subject, typed, f"answer:{row.id}"),
        )

    async def add_assessment(self, assessment: Assessment) -> None:
        rules = json.dumps(assessment.rules, ensure_ascii=False)
        self._session.add(to_row(AssessmentRow, assessment, rules=rules))
        await self._session.flush()

    async def assessments(self, report_id: str) -> tuple[Assessment, ...]:
        """In the order made; the last of a symptom counts."""
        query = (
            select(AssessmentRow)
            .where(col(AssessmentRow.report_id) == report_id)
            .order_by(col(AssessmentRow.id))
        )
        rows = await self._session.exec(query)
        return tuple(to_value(Assessment, row, rules=tuple(json.loads(row.rules))) for row in rows)


class Grades:
    """What investigators decided; nothing is ever changed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, decision: GradeDecision) -> None:
        self._session.add(to_row(GradeDecisionRow, decision))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[GradeDecision, ...]:
        """All of them, oldest first."""
        query = select(GradeDecisionRow).where(col(GradeDecisionRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(GradeDecisionRow.seq)))
        return tuple(to_value(GradeDecision, row) for row in rows)
