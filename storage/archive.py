"""The archive: one database, opened once, and the units of work on it.

SQLite in WAL with `synchronous=FULL` by default; PostgreSQL by URL. A write begins with `BEGIN IMMEDIATE` on
SQLite (a deferred transaction loses updates or fails at once); pages only read.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.clock import Clock, SystemClock
from storage import engines, migrating
from storage.engines import Held
from storage.errors import StorageUnavailable, connection_errors, storage_errors
from storage.keyring import Keyring
from storage.unit_of_work import Surroundings, UnitOfWork


class Archive:
    """Opens units of work. Safe for many at once; writers of one process take turns on SQLite."""

    def __init__(self, url: URL, around: Surroundings) -> None:
        self.keyring = around.keyring
        self.is_sqlite = engines.is_sqlite(url)
        self._url = url
        self._around = around
        self._writing = engines.for_writing(url)
        self._reading = engines.for_reading(url) if self.is_sqlite else self._writing
        self._turn = asyncio.Lock()
        self._whose_turn: asyncio.Task[object] | None = None
        self._after_commit: list[Callable[[], None]] = []
        self._service_lock: Held | None = None

    @classmethod
    async def open(
        cls, url: str, keyring: Keyring, *, clock: Clock | None = None, study_version: str = ""
    ) -> Archive:
        """Sets the engines up; does not migrate.

        `url` is `sqlite:///data/suifang.db` or `postgresql://…` (a driver may be named). `study_version`
        stands in every entry of the audit trail written through this archive.
        """
        address = engines.with_our_driver(url)
        if engines.is_sqlite(address) and address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        around = Surroundings(keyring=keyring, clock=clock or SystemClock(), study_version=study_version)
        return cls(address, around)

    async def upgrade(self) -> None:
        """Brings the tables to this version of the program; of two processes, the second finds it done."""
        with connection_errors():
            async with self._writing.begin() as connection:
                await connection.run_sync(migrating.upgrade)

    async def close(self) -> None:
        if self._service_lock is not None:
            await self._service_lock.release()
        await self._writing.dispose()
        if self._reading is not self._writing:
            await self._reading.dispose()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Calls back after each commit that put rows into the outbox, to nudge the delivery."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """One write transaction: commits at a normal end, changes nothing otherwise.

        Raises:
            StorageUnavailable: the database cannot be written now.
            RuntimeError: within another one of the same task, which would wait for itself for ever.
        """
        with storage_errors():
            async with self._turn_to_write(), AsyncSession(self._writing, expire_on_commit=False) as session:
                with connection_errors():
                    await session.connection()
                uow = UnitOfWork(session, self._around, writing=True)
                yield uow
                await uow.finish()
                await session.commit()
        if uow.spoke:
            for callback in self._after_commit:
                callback()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A consistent view of one moment; nothing can be changed in it.

        Raises:
            StorageUnavailable: the database cannot be read now.
        """
        with storage_errors():
            async with AsyncSession(self._reading, expire_on_commit=False) as session:
                with connection_errors():
                    await session.connection(execution_options={} if self.is_sqlite else engines.SNAPSHOT)
                yield UnitOfWork(session, self._around, writing=False)

    async def check(self) -> tuple[str, ...]:
        """What is wrong with the database, in words; empty when nothing is.

        Raises:
            StorageUnavailable: it cannot be read at all.
        """
        with connection_errors():
            async with self._reading.connect() as connection:
                problems = list(await connection.run_sync(migrating.problems))
                if self.is_sqlite:
                    problems += await connection.run_sync(_damage)
        return tuple(problems)

    async def backup(self, path: Path) -> None:
        """A complete copy of a SQLite archive as it is now, in one file, while it is in use.

        Raises:
            NotImplementedError: on PostgreSQL, whose own `pg_dump` does this.
            FileExistsError: there is a file of that name.
            StorageUnavailable: the disk is full, or the place cannot be written.
        """
        if not self.is_sqlite:
            raise NotImplementedError("PostgreSQL is copied with pg_dump")
        await asyncio.to_thread(_copy, str(self._url.database), str(path))

    async def hold_service_lock(self) -> bool:
        """True if this process is the one that serves this database; a second one stands by and asks again.

        May be asked as often as one likes. The lock ends with the process, also when it is killed; on
        PostgreSQL also when its connection is lost, which asking again finds out.
        """
        with connection_errors():
            if self._service_lock is not None and await self._service_lock.is_still_held():
                return True
            self._service_lock = await engines.try_to_hold(self._url)
            return self._service_lock is not None

    async def anchor(self, path: Path) -> str:
        """Appends the heads of all chains of the audit trail, signed, to a file outside the database."""
        async with self.read() as uow:
            earlier = await asyncio.to_thread(_last_line, path)
            line = await uow.audit.anchor_line(earlier)
        await asyncio.to_thread(_append, path, line)
        return line

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncIterator[None]:
        """On SQLite, one writer of this process after the other: they would only wait for the file's lock."""
        if not self.is_sqlite:
            yield
            return
        me = asyncio.current_task()
        if self._whose_turn is me:
            raise RuntimeError("a unit of work is open already in this task")
        async with self._turn:
            self._whose_turn = me
            try:
                yield
            finally:
                self._whose_turn = None


def _damage(connection: Connection) -> list[str]:
    """What SQLite finds wrong in its own file."""
    found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check(20)"))]
    dangling = connection.execute(text("PRAGMA foreign_key_check"))
    broken = [f"{row[0]}: a row points to nothing in {row[2]}" for row in dangling]
    return [problem for problem in found if problem != "ok"] + broken


def _copy(database: str, path: str) -> None:
    """One reading transaction, so the copy is of one moment."""
    if Path(path).exists():
        raise FileExistsError(path)
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (path,))
    except sqlite3.OperationalError as error:
        raise StorageUnavailable(str(error)) from error


def _last_line(path: Path) -> str:
    if not path.exists():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[-1] if lines else ""


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
