"""Sites and staff."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import ColumnElement, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.access import Posting, Site, Staff
from bot.rules.messages import RecipientKind
from bot.rules.roster import OutOfHours
from bot.rules.study import Bilingual, Language, Role, SiteCode, StaffCode
from storage.tables import IdentityRow, PostingRow, SiteRow, StaffRow


class Sites:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, site: Site) -> None:
        row = SiteRow(
            code=site.code,
            name_en=site.name.en,
            name_zh=site.name.zh,
            phone=site.phone,
            time_zone=site.time_zone,
            out_of_hours=site.out_of_hours,
        )
        self._session.add(row)
        await self._session.flush()

    async def get(self, code: SiteCode) -> Site | None:
        row = await self._session.get(SiteRow, code)
        return None if row is None else _site(row)

    async def all(self) -> tuple[Site, ...]:
        """By code; may be empty."""
        rows = await self._session.exec(select(SiteRow).order_by(col(SiteRow.code)))
        return tuple(_site(row) for row in rows)

    async def set_out_of_hours(self, code: SiteCode, promise: OutOfHours) -> None:
        row = await self._session.get_one(SiteRow, code)
        row.out_of_hours = promise
        await self._session.flush()


class StaffShelf:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, staff: Staff) -> None:
        self._session.add(StaffRow(code=staff.code, language=staff.language))
        await self._session.flush()
        for posting in staff.postings:
            self._add_posting(staff.code, posting)
        await self._session.flush()

    async def add_posting(self, code: StaffCode, posting: Posting, at: datetime) -> None:
        self._add_posting(code, posting)
        await self._session.flush()

    async def remove_posting(self, code: StaffCode, posting: Posting) -> None:
        """The audit trail keeps that it was held."""
        row = PostingRow
        of_site = col(row.site_code).is_(None) if posting.site is None else col(row.site_code) == posting.site
        found = select(row).where(col(row.staff_code) == code, col(row.role) == posting.role, of_site)
        await self._session.delete((await self._session.exec(found)).one())
        await self._session.flush()

    async def get(self, code: StaffCode) -> Staff | None:
        found = await self._staff(col(StaffRow.code) == code)
        return found[0] if found else None

    async def all(self) -> tuple[Staff, ...]:
        """By code, revoked ones included."""
        return await self._staff(true())

    async def holding(self, role: Role, site: SiteCode) -> tuple[Staff, ...]:
        """Everybody who has this role at this site and is not revoked, by code."""
        has_role = select(PostingRow.staff_code).where(col(PostingRow.role) == role)
        found = await self._staff(col(StaffRow.code).in_(has_role))
        return tuple(staff for staff in found if staff.holds(role, site))

    async def set_language(self, code: StaffCode, language: Language) -> None:
        row = await self._session.get_one(StaffRow, code)
        row.language = language
        await self._session.flush()

    async def revoke(self, code: StaffCode, at: datetime, reason: str) -> None:
        row = await self._session.get_one(StaffRow, code)
        row.revoked_at, row.revoked_because = at, reason
        await self._session.flush()

    async def set_unreachable(self, code: StaffCode, at: datetime | None) -> None:
        row = await self._session.get_one(StaffRow, code)
        row.unreachable_since = at
        await self._session.flush()

    def _add_posting(self, code: StaffCode, posting: Posting) -> None:
        self._session.add(PostingRow(staff_code=code, role=posting.role, site_code=posting.site))

    async def _staff(self, which: ColumnElement[bool]) -> tuple[Staff, ...]:
        """In three queries, however many people."""
        rows = (await self._session.exec(select(StaffRow).where(which).order_by(col(StaffRow.code)))).all()
        codes = [row.code for row in rows]
        postings = await self._postings(codes)
        linked = await self._linked(codes)
        return tuple(
            Staff(
                code=StaffCode(row.code),
                language=row.language,
                postings=tuple(postings[row.code]),
                revoked_at=row.revoked_at,
                linked=row.code in linked,
                unreachable_since=row.unreachable_since,
            )
            for row in rows
        )

    async def _postings(self, codes: list[str]) -> dict[str, list[Posting]]:
        query = select(PostingRow).where(col(PostingRow.staff_code).in_(codes)).order_by(col(PostingRow.id))
        postings: dict[str, list[Posting]] = defaultdict(list)
        for row in await self._session.exec(query):
            site = None if row.site_code is None else SiteCode(row.site_code)
            postings[row.staff_code].append(Posting(row.role, site))
        return postings

    async def _linked(self, codes: list[str]) -> frozenset[str]:
        query = select(IdentityRow.owner_code).where(
            col(IdentityRow.owner_kind) == RecipientKind.STAFF,
            col(IdentityRow.owner_code).in_(codes),
            col(IdentityRow.ended_at).is_(None),
        )
        return frozenset((await self._session.exec(query)).all())


def _site(row: SiteRow) -> Site:
    return Site(
        code=SiteCode(row.code),
        name=Bilingual(en=row.name_en, zh=row.name_zh),
        phone=row.phone,
        time_zone=row.time_zone,
        out_of_hours=row.out_of_hours or OutOfHours.COVERED,
    )
