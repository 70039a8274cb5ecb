"""SQLite connections that go to their thread and back once a statement.

aiosqlite works in a thread of its own, and SQLAlchemy sends it there four times for one statement: for a
cursor, to execute, to fetch, to close. Each way wakes two threads, and on a busy machine that is most of what
a statement costs. Here all four are one, as long as the result is not a long one.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import aiosqlite

# More rows than any page shows; what is longer (the audit trail) is fetched as it is read.
_AT_ONCE: Final = 500

_Got = TypeVar("_Got")


class OneTripCursor(aiosqlite.Cursor):
    """Has the rows of its statement as soon as it was executed."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._trips = connection
        self._rows: deque[Any] = deque()
        self._open = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> OneTripCursor:
        return await self._done(sqlite3.Cursor.execute, sql, () if parameters is None else parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> OneTripCursor:
        return await self._done(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchone(self) -> Any:
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self._cursor.arraysize if size is None else size
        if self._open and len(self._rows) < wanted:
            self._rows.extend(await self._trips.do(lambda: self._cursor.fetchmany(max(wanted, _AT_ONCE))))
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchall(self) -> list[Any]:
        if self._open:
            self._rows.extend(await self._trips.do(self._cursor.fetchall))
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def close(self) -> None:
        self._rows.clear()
        if self._open:
            self._open = False
            await self._trips.do(self._cursor.close)

    async def _done(self, how: Callable[..., object], sql: str, parameters: Any) -> OneTripCursor:
        def all_of_it() -> tuple[sqlite3.Cursor, list[Any], bool]:
            """A closed cursor still tells its columns, its count and its last row."""
            cursor = self._trips.new_cursor()
            try:
                how(cursor, sql, parameters)
                rows = cursor.fetchmany(_AT_ONCE) if cursor.description else []
            except BaseException:
                cursor.close()
                raise
            if len(rows) < _AT_ONCE:
                cursor.close()
                return cursor, rows, False
            return cursor, rows, True

        self._cursor, rows, self._open = await self._trips.do(all_of_it)
        self._rows = deque(rows)
        return self


class OneTripConnection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors are `OneTripCursor`s."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        return OneTripCursor(self)

    def new_cursor(self) -> sqlite3.Cursor:
        """In the thread of the connection only."""
        return self._conn.cursor()

    async def do(self, work: Callable[[], _Got]) -> _Got:
        """There and back."""
        got: _Got = await self._execute(work)  # type: ignore[no-untyped-call]
        return got


async def connect(database: str, **options: Any) -> OneTripConnection:
    """Opens the file; its thread never keeps the process from ending."""

    def connector() -> sqlite3.Connection:
        opened: sqlite3.Connection = sqlite3.connect(database, **options)
        return opened

    connection = OneTripConnection(connector, iter_chunk_size=_AT_ONCE)
    connection._thread.daemon = True
    await connection
    return connection
