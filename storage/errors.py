"""What can go wrong in the archive, in words the actions can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from bot.rules.errors import RecordUnavailable

# Full, busy, locked, read-only, failing disk, cannot be opened. Source: sqlite.org/rescode.html
_SQLITE_NOT_NOW = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)

# Classes 08 connection, 53 resources (disk full), 57P shutdown, 58 system; 25006 read-only (a standby),
# 40001 and 40P01 conflict and deadlock, 55P03 a lock that took too long.
# Source: PostgreSQL documentation, appendix A "Error Codes"
_POSTGRES_NOT_NOW = ("08", "53", "57P", "58", "25006", "25P03", "40001", "40P01", "55P03")


class StorageUnavailable(RecordUnavailable):
    """Cannot be written or read now: disk full, locked, read-only, connection lost. Nothing was changed."""


class StaleVersion(Exception):
    """Somebody else changed it meanwhile; read it again."""


class AlreadyHandled(Exception):
    """This update was done before."""


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns the drivers' many ways to say "not now" into one; everything else is a fault and stays itself.

    Raises:
        StorageUnavailable: the work may be tried again later.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_not_now(error):
            raise StorageUnavailable(str(error.orig)) from error
        raise
    except NoFreeConnection as error:
        raise StorageUnavailable(str(error)) from error


@contextmanager
def connection_errors() -> Iterator[None]:
    """As `storage_errors`, for the moment of connecting, where drivers also speak as the system does.

    Raises:
        StorageUnavailable: there is no database to connect to now.
    """
    try:
        with storage_errors():
            yield
    except OSError as error:
        raise StorageUnavailable(str(error)) from error


def _is_not_now(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_NOT_NOW
    return str(getattr(error.orig, "sqlstate", "")).startswith(_POSTGRES_NOT_NOW)
