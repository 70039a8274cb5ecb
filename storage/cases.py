"""Cases and what happened in each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.case import Case, CaseId
from bot.rules.study import SiteCode, SubjectCode
from storage.codec import decode, encode
from storage.errors import StaleVersion
from storage.mapping import to_row, to_value, update_row
from storage.sealing import Seals
from storage.tables import CaseEventRow, CaseRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    kind: str
    at: datetime
    actor_code: str
    note: str


class Cases:
    """`writing`: the unit of work may change something, so a case that is read is held until it ends."""

    def __init__(self, session: AsyncSession, seals: Seals, *, writing: bool) -> None:
        self._session = session
        self._seals = seals
        self._writing = writing

    async def add(self, case: Case) -> None:
        self._session.add(to_row(CaseRow, case, chain=encode(case.chain)))
        await self._session.flush()

    async def get(self, case_id: CaseId) -> Case | None:
        """The case as it stands; nobody else changes it until a writing transaction ends."""
        row = await self._session.get(
            CaseRow, case_id, with_for_update=self._writing or None, populate_existing=True
        )
        return None if row is None else _case(row)

    async def save(self, case: Case) -> Case:
        """Stores a changed case; gives it with the next version.

        Raises:
            StaleVersion: somebody changed it meanwhile.
        """
        row = await self._session.get_one(CaseRow, case.id, with_for_update=True, populate_existing=True)
        if row.version != case.version:
            raise StaleVersion(case.id)
        saved = replace(case, version=case.version + 1)
        update_row(row, saved, chain=encode(saved.chain))
        await self._session.flush()
        return saved

    async def open_of(self, subject: SubjectCode) -> tuple[Case, ...]:
        """Not closed, oldest first."""
        return tuple(case for case in await self.all_of(subject) if case.closed_at is None)

    async def all_of(self, subject: SubjectCode) -> tuple[Case, ...]:
        """Oldest first."""
        query = select(CaseRow).where(col(CaseRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(CaseRow.opened_at), col(CaseRow.id)))
        return tuple(_case(row) for row in rows)

    async def open_at(self, sites: Sequence[SiteCode] | None) -> tuple[Case, ...]:
        """Not closed, of these sites (all for None), oldest first."""
        query = select(CaseRow).where(col(CaseRow.closed_at).is_(None))
        if sites is not None:
            query = query.where(col(CaseRow.site_code).in_(sites))
        rows = await self._session.exec(query.order_by(col(CaseRow.opened_at), col(CaseRow.id)))
        return tuple(_case(row) for row in rows)

    async def due(self, now: datetime, limit: int, *, but: Collection[CaseId] = ()) -> tuple[CaseId, ...]:
        """Cases whose next moment has come, the longest waiting first; without those of `but`."""
        query = (
            select(CaseRow.id)
            .where(col(CaseRow.next_step_at) <= now, col(CaseRow.id).not_in(but))
            .order_by(col(CaseRow.next_step_at))
            .limit(limit)
        )
        return tuple(CaseId(case_id) for case_id in await self._session.exec(query))

    async def next_step(self) -> datetime | None:
        """The next moment at which any case must be looked at."""
        query = select(CaseRow.next_step_at).where(col(CaseRow.next_step_at).is_not(None))
        return (await self._session.exec(query.order_by(col(CaseRow.next_step_at)).limit(1))).first()

    async def add_event(self, case_id: CaseId, kind: str, at: datetime, actor_code: str, note: str) -> None:
        seal = await self._seals.of_case(case_id)
        sealed = seal.seal(note, f"case:{case_id}")
        self._session.add(
            CaseEventRow(case_id=case_id, kind=kind, at=at, actor_code=actor_code, note_sealed=sealed)
        )
        await self._session.flush()

    async def events(self, case_id: CaseId) -> tuple[CaseEvent, ...]:
        """In the order they happened; a note is empty once its subject had it erased."""
        subject = await self._seals.subject_of_case(case_id)
        query = (
            select(CaseEventRow).where(col(CaseEventRow.case_id) == case_id).order_by(col(CaseEventRow.id))
        )
        rows = (await self._session.exec(query)).all()
        return tuple([await self._event(row, subject) for row in rows])

    async def _event(self, row: CaseEventRow, subject: str) -> CaseEvent:
        note = await self._seals.text(subject, row.note_sealed, f"case:{row.case_id}")
        return to_value(CaseEvent, row, note=note)


def _case(row: CaseRow) -> Case:
    return to_value(Case, row, chain=decode(row.chain))
