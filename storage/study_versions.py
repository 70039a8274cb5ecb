"""Study files as they were published, whole, and never changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.study import Approval
from storage.mapping import to_row, to_value
from storage.tables import StudyVersionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedStudy:
    """`files`: path in the folder → text; `digest` over all of them."""

    study_id: str
    version: str
    digest: str
    approved_by: str
    approved_on: date
    published_at: datetime
    files: Mapping[str, str]


class StudyVersions:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, published: PublishedStudy) -> None:
        files = json.dumps(dict(published.files), ensure_ascii=False, sort_keys=True)
        self._session.add(to_row(StudyVersionRow, published, files=files))
        await self._session.flush()

    async def names(self, study_id: str) -> tuple[str, ...]:
        """The versions that were published, oldest first."""
        query = select(StudyVersionRow.version).where(col(StudyVersionRow.study_id) == study_id)
        return tuple(await self._session.exec(query.order_by(col(StudyVersionRow.id))))

    async def of(self, study_id: str) -> tuple[PublishedStudy, ...]:
        """Every version that was published, oldest first."""
        query = select(StudyVersionRow).where(col(StudyVersionRow.study_id) == study_id)
        rows = await self._session.exec(query.order_by(col(StudyVersionRow.id)))
        return tuple(to_value(PublishedStudy, row, files=json.loads(row.files)) for row in rows)

    async def approvals(self, study_id: str) -> tuple[Approval, ...]:
        """Of every version that was published, oldest first; the files are not read."""
        row = StudyVersionRow
        told = (col(row.version), col(row.approved_by), col(row.approved_on), col(row.published_at))
        query = select(*told).where(col(row.study_id) == study_id)
        found = await self._session.exec(query.order_by(col(row.id)))
        return tuple(
            Approval(version=version, approved_by=by, approved_on=on, published_at=at)
            for version, by, on, at in found
        )
