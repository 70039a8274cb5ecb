"""Doses, results, decisions, therapies, and what patients stated: facts are voided, never deleted."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.participant import Decision, Dose, Hold, LabResult, Stated, Therapy, Transfusion
from bot.rules.study import SubjectCode
from storage.mapping import to_row, to_value, update_row
from storage.tables import DecisionRow, DoseRow, HoldRow, LabRow, StatedRow, TherapyRow, TransfusionRow

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

    async def get(self, dose_id: str) -> Dose | None:
        """Voided ones too."""
        row = await self._session.get(DoseRow, dose_id)
        return None if row is None else to_value(Dose, row)

    async def void(self, dose_id: str, at: datetime) -> None:
        """It counts for nothing from now on, and stays readable."""
        row = await self._session.get_one(DoseRow, dose_id, with_for_update=True)
        row.voided_at = at
        await self._session.flush()


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

    async def get(self, lab_id: str) -> LabResult | None:
        """Voided ones too."""
        row = await self._session.get(LabRow, lab_id)
        return None if row is None else to_value(LabResult, row)

    async def void(self, lab_id: str, at: datetime) -> None:
        """It counts for nothing from now on, and stays readable."""
        row = await self._session.get_one(LabRow, lab_id, with_for_update=True)
        row.voided_at = at
        await self._session.flush()

    async def twins(self, result: LabResult) -> tuple[SubjectCode, ...]:
        """Other subjects with the same value of the same analyte at the same sample time."""
        query = select(LabRow.subject_code).where(
            col(LabRow.sampled_at) == result.sampled_at,
            col(LabRow.analyte) == result.analyte,
            col(LabRow.value) == result.value,
            col(LabRow.subject_code) != result.subject_code,
            col(LabRow.id) != (result.corrects or ""),
            col(LabRow.voided_at).is_(None),
        )
        return tuple(SubjectCode(code) for code in await self._session.exec(query.distinct()))


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


class Transfusions:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, transfusion: Transfusion) -> None:
        self._session.add(to_row(TransfusionRow, transfusion))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Transfusion, ...]:
        """Those that stand, by time."""
        query = select(TransfusionRow).where(
            col(TransfusionRow.subject_code) == subject, col(TransfusionRow.voided_at).is_(None)
        )
        rows = await self._session.exec(query.order_by(col(TransfusionRow.at)))
        return tuple(to_value(Transfusion, row) for row in rows)


class Decisions:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, decision: Decision) -> None:
        self._session.add(to_row(DecisionRow, decision))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Decision, ...]:
        """All of them, oldest first."""
        query = select(DecisionRow).where(col(DecisionRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(DecisionRow.decided_at), col(DecisionRow.seq)))
        return tuple(to_value(Decision, row) for row in rows)


class Holds:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, hold: Hold) -> None:
        self._session.add(to_row(HoldRow, hold))
        await self._session.flush()

    async def release(self, hold: Hold) -> None:
        """Stores who released it, when and why; nothing else of it may change."""
        row = await self._session.get_one(HoldRow, hold.id, with_for_update=True)
        update_row(row, hold)
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Hold, ...]:
        """All of them, oldest first."""
        query = select(HoldRow).where(col(HoldRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(HoldRow.placed_at), col(HoldRow.id)))
        return tuple(to_value(Hold, row) for row in rows)


class Therapies:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, therapy: Therapy) -> None:
        self._session.add(to_row(TherapyRow, therapy))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Therapy, ...]:
        """Every value of every therapy, oldest decision first."""
        query = select(TherapyRow).where(col(TherapyRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(TherapyRow.decided_at), col(TherapyRow.seq)))
        return tuple(to_value(Therapy, row) for row in rows)
