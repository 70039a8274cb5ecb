"""Inserting a row unless its key is there: one statement, no race, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def insert_if_new(
    session: AsyncSession, table: type[SQLModel], values: Mapping[str, Any], *key: str
) -> bool:
    """True if the row is new; False if one with this key stood there already."""
    await session.flush()
    connection = await session.connection()
    done = await connection.execute(_statement(connection.dialect.name, table, key), dict(values))
    return bool(done.rowcount)


@cache
def _statement(dialect: str, table: type[SQLModel], key: tuple[str, ...]) -> Insert:
    """Made once for each table: the values are parameters, so the statement need not be built again."""
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    return insert.on_conflict_do_nothing(index_elements=list(key))
