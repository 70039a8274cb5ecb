"""Console accounts and sessions, and small facts of the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.study import StaffCode
from storage.tables import AccountRow, MarkRow, SessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSession:
    staff_code: StaffCode
    csrf: str


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

    async def get(self, staff: StaffCode) -> str | None:
        row = await self._session.get(AccountRow, staff)
        return None if row is None else row.password_hash

    async def open_session(self, token_hash: str, staff: StaffCode, expires_at: datetime, csrf: str) -> None:
        self._session.add(
            SessionRow(token_hash=token_hash, staff_code=staff, expires_at=expires_at, csrf=csrf)
        )
        await self._session.flush()

    async def session(self, token_hash: str, now: datetime) -> ConsoleSession | None:
        row = await self._session.get(SessionRow, token_hash)
        if row is None or row.expires_at <= now:
            return None
        return ConsoleSession(staff_code=StaffCode(row.staff_code), csrf=row.csrf)

    async def end_session(self, token_hash: str) -> None:
        await self._session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))

    async def end_sessions_of(self, staff: StaffCode) -> None:
        await self._session.exec(delete(SessionRow).where(col(SessionRow.staff_code) == staff))


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
