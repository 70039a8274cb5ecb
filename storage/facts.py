"""Doses, laboratory results, and what patients stated: facts that are voided, never deleted."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.participant import Dose, LabResult, Stated
from bot.rules.study import SubjectCode
from storage.mapping import to_row, to_value
from storage.tables import DoseRow, LabRow, StatedRow

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Doses:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, dose: Dose) -> None:
        self._session.add(to_row(DoseRow, dose))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Dose, ...]:
        """Those that stand, by number."""
        query = select(DoseRow).where(col(DoseRow.subject_code) == subject, col(DoseRow.voided_at).is_(None))
        return tuple(
            to_value(Dose, row) for row in await self._session.exec(query.order_by(col(DoseRow.number)))
        )


class Labs:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, result: LabResult) -> None:
        self._session.add(to_row(LabRow, result))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[LabResult, ...]:
        """Those that stand, by sample time; one without a time comes first."""
        query = select(LabRow).where(col(LabRow.subject_code) == subject, col(LabRow.voided_at).is_(None))
        results = [to_value(LabResult, row) for row in await self._session.exec(query)]
        return tuple(sorted(results, key=lambda one: (one.sampled_at or _LONG_AGO, one.recorded_at)))


class StatedFacts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, stated: Stated) -> None:
        self._session.add(to_row(StatedRow, stated))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Stated, ...]:
        """In order of time."""
        query = (
            select(StatedRow)
            .where(col(StatedRow.subject_code) == subject)
            .order_by(col(StatedRow.stated_at), col(StatedRow.number))
        )
        return tuple(to_value(Stated, row) for row in await self._session.exec(query))
