"""Heard, perhaps not yet acted on: every update is here before Telegram is told that it arrived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import CTE, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.inbound import InboxRow, UpdateKey
from bot.rules.messages import RecipientKind
from storage.errors import AlreadyHandled
from storage.sealing import Erased, Seals
from storage.tables import IdentityRow, InboxUpdateRow
from storage.writing import insert_if_new

_NO_LANE = "-"


class Inbox:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def store(self, rows: Sequence[InboxRow]) -> int:
        """Keeps raw updates; repeats are dropped by their key. Returns how many were new.

        What comes from a participant's chat is sealed under her own key, all else under the machine's.
        """
        subjects = await self._subjects_behind({row.lane for row in rows})
        new = 0
        for row in rows:
            subject = subjects.get(row.lane)
            seal = await self._seals.of(subject)
            values = {
                "bot_id": row.bot_id,
                "update_id": row.update_id,
                "lane": row.lane,
                "received_at": row.received_at,
                "sealed_for": subject,
                "raw_sealed": seal.seal(row.raw, _context(row.key)),
                "attempts": 0,
            }
            new += await insert_if_new(self._session, InboxUpdateRow, values, "bot_id", "update_id")
        return new

    async def claim(self, limit: int, now: datetime, lease_until: datetime) -> tuple[InboxRow, ...]:
        """The oldest unfinished row of each lane that nobody holds, oldest first; times are the machine's.

        Reads one row of the index per lane with work, however long the lanes are: a flood delays nobody else.
        """
        fronts = _fronts_of_lanes()
        query = (
            select(InboxUpdateRow)
            .where(
                col(InboxUpdateRow.id).in_(select(fronts.c.id)),
                col(InboxUpdateRow.done_at).is_(None),
                or_(col(InboxUpdateRow.lease_until).is_(None), col(InboxUpdateRow.lease_until) <= now),
            )
            .order_by(col(InboxUpdateRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        rows = (await self._session.exec(query)).all()
        for row in rows:
            row.lease_until = lease_until
        await self._session.flush()
        return tuple([await self._opened(row) for row in rows])

    async def begin(self, key: UpdateKey) -> None:
        """The first thing an action does with an update.

        Raises:
            AlreadyHandled: it was done before.
        """
        row = await self._row(key)
        if row.done_at is not None:
            raise AlreadyHandled(f"{key.bot_id}:{key.update_id}")

    async def done(self, key: UpdateKey, at: datetime) -> None:
        row = await self._row(key)
        row.done_at, row.lease_until = at, None
        await self._session.flush()

    async def failed(self, key: UpdateKey) -> int:
        """Counts a failed attempt and frees the row; returns the count."""
        row = await self._row(key)
        row.attempts += 1
        row.lease_until = None
        await self._session.flush()
        return row.attempts

    async def park(self, key: UpdateKey, at: datetime, reason: str) -> None:
        """Sets a row aside for a person, so that its lane goes on."""
        row = await self._row(key)
        row.done_at, row.lease_until, row.parked_because = at, None, reason
        await self._session.flush()

    async def parked(self) -> tuple[UpdateKey, ...]:
        query = select(InboxUpdateRow).where(col(InboxUpdateRow.parked_because).is_not(None))
        return tuple(UpdateKey(row.bot_id, row.update_id) for row in await self._session.exec(query))

    async def waiting(self) -> int:
        """How many updates are not done."""
        query = select(func.count()).where(col(InboxUpdateRow.done_at).is_(None))
        return (await self._session.exec(query)).one()

    async def tombstone(self, key: UpdateKey) -> None:
        """Forgets what an update said and from which chat; that it came stays."""
        row = await self._row(key)
        row.raw_sealed, row.lane, row.sealed_for = b"", _NO_LANE, None
        await self._session.flush()

    async def _row(self, key: UpdateKey) -> InboxUpdateRow:
        query = (
            select(InboxUpdateRow)
            .where(col(InboxUpdateRow.bot_id) == key.bot_id, col(InboxUpdateRow.update_id) == key.update_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(query)).one()

    async def _subjects_behind(self, lanes: Iterable[str]) -> dict[str, str]:
        query = select(IdentityRow.lane, IdentityRow.owner_code).where(
            col(IdentityRow.lane).in_(lanes),
            col(IdentityRow.owner_kind) == RecipientKind.PARTICIPANT,
            col(IdentityRow.ended_at).is_(None),
        )
        return dict((await self._session.exec(query)).all())

    async def _opened(self, row: InboxUpdateRow) -> InboxRow:
        key = UpdateKey(row.bot_id, row.update_id)
        return InboxRow(
            bot_id=row.bot_id,
            update_id=row.update_id,
            lane=row.lane,
            received_at=row.received_at,
            raw=await self._raw(row, key),
            attempts=row.attempts,
        )

    async def _raw(self, row: InboxUpdateRow, key: UpdateKey) -> bytes:
        if not row.raw_sealed:
            return b""
        try:
            return (await self._seals.of(row.sealed_for)).open(row.raw_sealed, _context(key))
        except Erased:
            return b""


@cache
def _fronts_of_lanes() -> CTE:
    """The oldest unfinished row of each lane, found by leaping from lane to lane in the index."""
    first, following, oldest = (aliased(InboxUpdateRow) for _ in range(3))
    lanes = (select(func.min(col(first.lane)).label("lane")).where(col(first.done_at).is_(None))).cte(
        "lanes", recursive=True
    )
    next_lane = (
        select(func.min(col(following.lane)))
        .where(col(following.done_at).is_(None), col(following.lane) > lanes.c.lane)
        .scalar_subquery()
    )
    lanes = lanes.union_all(select(next_lane.label("lane")).where(lanes.c.lane.is_not(None)))
    front = (
        select(func.min(col(oldest.id)))
        .where(col(oldest.done_at).is_(None), col(oldest.lane) == lanes.c.lane)
        .scalar_subquery()
    )
    return select(front.label("id")).where(lanes.c.lane.is_not(None)).cte("fronts")


def _context(key: UpdateKey) -> str:
    return f"update:{key.bot_id}:{key.update_id}"
