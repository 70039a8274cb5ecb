"""Consents, the state of each conversation, and every word a participant wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.inbound import UpdateKey
from bot.rules.messages import Recipient
from bot.rules.participant import Consent
from bot.rules.study import SubjectCode
from storage.mapping import to_row, to_value
from storage.sealing import Seals, subject_of
from storage.tables import ConsentRow, ConversationRow, SaidRow


class Consents:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, consent: Consent) -> None:
        self._session.add(to_row(ConsentRow, consent))
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[Consent, ...]:
        """In the order given."""
        query = select(ConsentRow).where(col(ConsentRow.subject_code) == subject).order_by(col(ConsentRow.id))
        return tuple(to_value(Consent, row) for row in await self._session.exec(query))


class Conversations:
    """Where each conversation stands, as JSON, sealed under her key."""

    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def get(self, owner: Recipient) -> dict[str, Any] | None:
        row = await self._session.get(ConversationRow, (owner.kind, owner.code))
        if row is None:
            return None
        told = await self._seals.text(subject_of(owner), row.state_sealed, f"conversation:{owner.code}")
        state: dict[str, Any] | None = json.loads(told) if told else None
        return state

    async def put(self, owner: Recipient, state: dict[str, Any]) -> None:
        seal = await self._seals.of_owner(owner)
        sealed = seal.seal(json.dumps(state, ensure_ascii=False), f"conversation:{owner.code}")
        row = await self._session.get(ConversationRow, (owner.kind, owner.code))
        if row is None:
            self._session.add(
                ConversationRow(owner_kind=owner.kind, owner_code=owner.code, state_sealed=sealed)
            )
        else:
            row.state_sealed = sealed
        await self._session.flush()

    async def clear(self, owner: Recipient) -> None:
        row = await self._session.get(ConversationRow, (owner.kind, owner.code))
        if row is not None:
            await self._session.delete(row)
            await self._session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidText:
    """`kind` is text, edit, forward, or the kind of content that carried no words.

    `text` is empty where there were no words, and where she had them erased.
    """

    id: str
    text: str
    at: datetime
    kind: str


class Said:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def add(
        self, said_id: str, subject: SubjectCode, text: str, at: datetime, key: UpdateKey, kind: str
    ) -> None:
        seal = await self._seals.of(subject)
        self._session.add(
            SaidRow(
                id=said_id,
                subject_code=subject,
                text_sealed=seal.seal(text, f"said:{said_id}"),
                at=at,
                bot_id=key.bot_id,
                update_id=key.update_id,
                kind=kind,
            )
        )
        await self._session.flush()

    async def of(self, subject: SubjectCode) -> tuple[SaidText, ...]:
        """In the order received."""
        query = select(SaidRow).where(col(SaidRow.subject_code) == subject)
        rows = (await self._session.exec(query.order_by(col(SaidRow.at), col(SaidRow.number)))).all()
        return tuple([await self._opened(row) for row in rows])

    async def these(self, ids: Sequence[str]) -> tuple[SaidText, ...]:
        """Those of these ids that are there, in the order received."""
        query = select(SaidRow).where(col(SaidRow.id).in_(ids)).order_by(col(SaidRow.at), col(SaidRow.number))
        rows = (await self._session.exec(query)).all()
        return tuple([await self._opened(row) for row in rows])

    async def _opened(self, row: SaidRow) -> SaidText:
        words = await self._seals.text(row.subject_code, row.text_sealed, f"said:{row.id}")
        return SaidText(id=row.id, text=words, at=row.at, kind=row.kind)
