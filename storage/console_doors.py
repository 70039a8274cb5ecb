"""Console accounts and sessions, and small facts of the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.study import Language, StaffCode
from storage.tables import AccountRow, MarkRow, SessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSession:
    """`idle_at`: unless it is used before, it ends then."""

    staff_code: StaffCode
    csrf: str
    idle_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`language` is None until the person chose one for the console."""

    password_hash: str
    language: Language | None


class Accounts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def set_password_hash(self, staff: StaffCode, password_hash: str) -> None:
        row = await self._session.get(AccountRow, staff)
        if row is None:
            self._session.add(AccountRow(staff_code=staff, password_hash=password_hash))
        else:
            row.password_hash = password_hash
        await self._session.flush()

    async def set_language(self, staff: StaffCode, language: Language) -> None:
        row = await self._session.get_one(AccountRow, staff)
        row.language = language
        await self._session.flush()

    async def get(self, staff: StaffCode) -> Account | None:
        row = await self._session.get(AccountRow, staff)
        return None if row is None else Account(password_hash=row.password_hash, language=row.language)

    async def open_session(self, token_hash: str, session: ConsoleSession, expires_at: datetime) -> None:
        self._session.add(
            SessionRow(
                token_hash=token_hash,
                staff_code=session.staff_code,
                expires_at=expires_at,
                idle_at=session.idle_at,
                csrf=session.csrf,
            )
        )
        await self._session.flush()

    async def session(self, token_hash: str, real_now: datetime) -> ConsoleSession | None:
        """The session of this token, unless it has ended."""
        row = await self._session.get(SessionRow, token_hash)
        if row is None or row.expires_at <= real_now or row.idle_at <= real_now:
            return None
        return ConsoleSession(staff_code=StaffCode(row.staff_code), csrf=row.csrf, idle_at=row.idle_at)

    async def keep_session(self, token_hash: str, idle_at: datetime) -> None:
        """It was used: it stays open until `idle_at`, if it is still there."""
        row = await self._session.get(SessionRow, token_hash)
        if row is not None:
            row.idle_at = idle_at
            await self._session.flush()

    async def end_session(self, token_hash: str) -> None:
        await self._session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))

    async def end_sessions_of(self, staff: StaffCode) -> None:
        await self._session.exec(delete(SessionRow).where(col(SessionRow.staff_code) == staff))

    async def sweep(self, real_now: datetime) -> None:
        """Removes the sessions that have ended."""
        over = (col(SessionRow.expires_at) <= real_now) | (col(SessionRow.idle_at) <= real_now)
        await self._session.exec(delete(SessionRow).where(over))


class Marks:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, key: str) -> dict[str, Any] | None:
        row = await self._session.get(MarkRow, key)
        if row is None:
            return None
        value: dict[str, Any] = json.loads(row.value)
        return value

    async def set(self, key: str, value: dict[str, Any]) -> None:
        row = await self._session.get(MarkRow, key)
        if row is None:
            self._session.add(MarkRow(key=key, value=json.dumps(value)))
        else:
            row.value = json.dumps(value)
        await self._session.flush()
