"""The registered staff group of each site; the chat itself is kept among the identities."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.staff_group import StaffGroup
from bot.rules.study import SiteCode, StaffCode
from storage.tables import StaffGroupRow


class Groups:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, site: SiteCode) -> StaffGroup | None:
        row = await self._row(site)
        return None if row is None else _group(row)

    async def all(self) -> tuple[StaffGroup, ...]:
        """Those registered now, by site; may be empty."""
        rows = await self._session.exec(_registered().order_by(col(StaffGroupRow.site_code)))
        return tuple(_group(row) for row in rows)

    async def set(self, group: StaffGroup) -> None:
        """This group from now on; an earlier one of the site has ended."""
        await self.end(group.site, group.registered_at)
        self._session.add(
            StaffGroupRow(
                site_code=group.site,
                language=group.language,
                registered_by=group.registered_by,
                registered_at=group.registered_at,
            )
        )
        await self._session.flush()

    async def set_unreachable(self, site: SiteCode, at: datetime | None) -> None:
        row = await self._row(site)
        if row is not None:
            row.unreachable_since = at
            await self._session.flush()

    async def end(self, site: SiteCode, at: datetime) -> None:
        row = await self._row(site)
        if row is not None:
            row.ended_at = at
            await self._session.flush()

    async def _row(self, site: SiteCode) -> StaffGroupRow | None:
        query = _registered().where(col(StaffGroupRow.site_code) == site)
        return (await self._session.exec(query)).first()


def _registered() -> SelectOfScalar[StaffGroupRow]:
    return select(StaffGroupRow).where(col(StaffGroupRow.ended_at).is_(None))


def _group(row: StaffGroupRow) -> StaffGroup:
    return StaffGroup(
        site=SiteCode(row.site_code),
        language=row.language,
        registered_by=StaffCode(row.registered_by),
        registered_at=row.registered_at,
        unreachable_since=row.unreachable_since,
    )
