"""Participants, known by the subject code only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.participant import Participant
from bot.rules.study import SiteCode, SubjectCode
from storage.errors import StaleVersion
from storage.mapping import to_row, to_value, update_row
from storage.sealing import Seals
from storage.tables import ParticipantRow


class Participants:
    def __init__(self, session: AsyncSession, seals: Seals, *, writing: bool) -> None:
        self._session = session
        self._seals = seals
        self._writing = writing

    async def add(self, participant: Participant) -> None:
        """Adds her, with a fresh key for all she will write."""
        self._session.add(to_row(ParticipantRow, participant))
        await self._seals.make(participant.subject_code)
        await self._session.flush()

    async def get(self, code: SubjectCode) -> Participant | None:
        row = await self._session.get(ParticipantRow, code)
        return None if row is None else to_value(Participant, row)

    async def lock(self, code: SubjectCode) -> Participant | None:
        """As `get`, and nobody else changes her until this transaction ends."""
        row = await self._session.get(
            ParticipantRow, code, with_for_update=self._writing or None, populate_existing=True
        )
        return None if row is None else to_value(Participant, row)

    async def save(self, participant: Participant) -> Participant:
        """Stores a changed participant; gives her with the next version.

        Raises:
            StaleVersion: somebody changed her meanwhile.
        """
        row = await self._session.get_one(
            ParticipantRow, participant.subject_code, with_for_update=True, populate_existing=True
        )
        if row.version != participant.version:
            raise StaleVersion(participant.subject_code)
        saved = replace(participant, version=participant.version + 1)
        update_row(row, saved)
        await self._session.flush()
        return saved

    async def of_sites(self, sites: Sequence[SiteCode] | None) -> tuple[Participant, ...]:
        """By code; all sites for None."""
        query = select(ParticipantRow).order_by(col(ParticipantRow.subject_code))
        if sites is not None:
            query = query.where(col(ParticipantRow.site_code).in_(sites))
        return tuple(to_value(Participant, row) for row in await self._session.exec(query))

    async def due_for_look(self, now: datetime, limit: int) -> tuple[SubjectCode, ...]:
        """Whose time to be looked at has come, the longest waiting first."""
        query = (
            select(ParticipantRow.subject_code)
            .where(col(ParticipantRow.next_look_at) <= now)
            .order_by(col(ParticipantRow.next_look_at))
            .limit(limit)
        )
        return tuple(SubjectCode(code) for code in await self._session.exec(query))

    async def next_look(self) -> datetime | None:
        """The next moment at which anybody must be looked at."""
        query = select(ParticipantRow.next_look_at).where(col(ParticipantRow.next_look_at).is_not(None))
        return (await self._session.exec(query.order_by(col(ParticipantRow.next_look_at)).limit(1))).first()
