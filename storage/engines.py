"""How the two databases are spoken to: drivers, settings, and the lock of the one serving process."""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}

# How long a writer waits for another process's transaction; ours take milliseconds.
_BUSY_MS = 5_000

# A transaction that hangs would hold the locks of a subject: PostgreSQL ends it.
_POSTGRES_SETTINGS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}

# All queries of one reading see the same moment (an export is a consistent cut).
SNAPSHOT: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

# Any number, the same for every process of Suifang: the registry number of the first study.
_SERVICE_LOCK = 7_162_519


def with_our_driver(url: str) -> URL:
    """The address with the asynchronous driver that is installed."""
    address = make_url(url)
    return address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))


def is_sqlite(url: URL) -> bool:
    """Whether the archive is a file."""
    return url.get_backend_name() == "sqlite"


def for_writing(url: URL) -> AsyncEngine:
    """On SQLite one connection, whose transactions hold the file's only pen from their beginning."""
    if not is_sqlite(url):
        return create_async_engine(
            url, pool_pre_ping=True, connect_args={"server_settings": dict(_POSTGRES_SETTINGS)}
        )
    engine = create_async_engine(url, pool_size=1, max_overflow=0)
    _prepare_sqlite(engine.sync_engine, begin="BEGIN IMMEDIATE", only_read=False)
    return engine


def for_reading(url: URL) -> AsyncEngine:
    """Connections to a SQLite file that cannot change it; each transaction sees one moment."""
    engine = create_async_engine(url)
    _prepare_sqlite(engine.sync_engine, begin="BEGIN", only_read=True)
    return engine


def _prepare_sqlite(engine: Engine, *, begin: str, only_read: bool) -> None:
    pragmas = [
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # or INSERT OR REPLACE would delete past the append-only triggers
        f"busy_timeout={_BUSY_MS}",
        f"query_only={int(only_read)}",
    ]

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)


class Held(Protocol):
    """The lock of the serving process, held."""

    async def is_still_held(self) -> bool: ...

    async def release(self) -> None: ...


async def try_to_hold(url: URL) -> Held | None:
    """The lock of the one process that serves this database, or None while another holds it."""
    if is_sqlite(url):
        return _HeldFile.try_to_hold(Path(f"{url.database}.lock"))
    return await _HeldConnection.try_to_hold(url)


class _HeldFile:
    """A lock on a file beside the database; the system ends it with the process."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def try_to_hold(cls, path: Path) -> _HeldFile | None:
        file = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(file)

    async def is_still_held(self) -> bool:
        return True

    async def release(self) -> None:
        self._file.close()


class _HeldConnection:
    """An advisory lock of a connection of its own; PostgreSQL ends it with the connection."""

    def __init__(self, engine: AsyncEngine, connection: AsyncConnection) -> None:
        self._engine = engine
        self._connection = connection

    @classmethod
    async def try_to_hold(cls, url: URL) -> _HeldConnection | None:
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        connection = await engine.connect()
        got = await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _SERVICE_LOCK})
        held = cls(engine, connection)
        if got.scalar_one():
            return held
        await held.release()
        return None

    async def is_still_held(self) -> bool:
        try:
            await self._connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError):
            await self._engine.dispose()
            return False
        return True

    async def release(self) -> None:
        await self._connection.close()
        await self._engine.dispose()
