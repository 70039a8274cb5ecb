"""What her words were taken to mean: derived, sealed like the words, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.study import SubjectCode
from storage.sealing import Seals
from storage.tables import UnderstoodRow


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodWords:
    """`read_with`: the message among the pieces it was read with, in order; `meant` is empty once erased."""

    subject_code: SubjectCode
    at: datetime
    said_id: str
    read_with: tuple[str, ...]
    rules_version: str
    lexicon_version: str
    meant: Mapping[str, Any]


class Understood:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def add(self, words: UnderstoodWords) -> None:
        seal = await self._seals.of(words.subject_code)
        told = json.dumps(dict(words.meant), ensure_ascii=False)
        self._session.add(
            UnderstoodRow(
                said_id=words.said_id,
                read_with=",".join(words.read_with),
                subject_code=words.subject_code,
                at=words.at,
                rules_version=words.rules_version,
                lexicon_version=words.lexicon_version,
                meant_sealed=seal.seal(told, f"understood:{words.said_id}"),
            )
        )
        await self._session.flush()

    async def of(
        self, subject: SubjectCode | None, *, since: datetime | None = None
    ) -> tuple[UnderstoodWords, ...]:
        """In the order read; of everybody for None."""
        query = select(UnderstoodRow)
        if subject is not None:
            query = query.where(col(UnderstoodRow.subject_code) == subject)
        if since is not None:
            query = query.where(col(UnderstoodRow.at) >= since)
        rows = (await self._session.exec(query.order_by(col(UnderstoodRow.number)))).all()
        return tuple([await self._opened(row) for row in rows])

    async def _opened(self, row: UnderstoodRow) -> UnderstoodWords:
        told = await self._seals.text(row.subject_code, row.meant_sealed, f"understood:{row.said_id}")
        return UnderstoodWords(
            subject_code=SubjectCode(row.subject_code),
            at=row.at,
            said_id=row.said_id,
            read_with=tuple(row.read_with.split(",")),
            rules_version=row.rules_version,
            lexicon_version=row.lexicon_version,
            meant=json.loads(told) if told else {},
        )
