"""Who is on duty or away, by site. Nothing is deleted: a row that no longer holds has ended."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.roster import Duty
from bot.rules.study import SiteCode
from storage.mapping import to_value
from storage.tables import DutyRow


class Rosters:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, duty: Duty) -> None:
        self._session.add(
            DutyRow(
                id=duty.id,
                site_code=duty.site,
                staff_code=duty.staff,
                kind=duty.kind,
                starts_at=duty.starts_at,
                ends_at=duty.ends_at,
                deputy=duty.deputy,
            )
        )
        await self._session.flush()

    async def of(self, site: SiteCode) -> tuple[Duty, ...]:
        """Everything entered that still holds, by its start; times long past as well."""
        query = select(DutyRow).where(col(DutyRow.site_code) == site, col(DutyRow.ended_at).is_(None))
        rows = await self._session.exec(query.order_by(col(DutyRow.starts_at), col(DutyRow.number)))
        return tuple(to_value(Duty, row, site=row.site_code, staff=row.staff_code) for row in rows)

    async def end(self, duty_id: str, at: datetime) -> Duty | None:
        """It no longer holds; None where there is none of that id that still does."""
        query = select(DutyRow).where(col(DutyRow.id) == duty_id, col(DutyRow.ended_at).is_(None))
        row = (await self._session.exec(query)).first()
        if row is None:
            return None
        row.ended_at = at
        await self._session.flush()
        return to_value(Duty, row, site=row.site_code, staff=row.staff_code)
