"""Column types: moments that are never naive, decimals that stay exact, enums stored as words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator

_Word = TypeVar("_Word", bound=Enum)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. SQLite forgets zones, so they are taken off and put back here.

    Raises:
        ValueError: a naive moment.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DecimalText(TypeDecorator[Decimal]):
    """A decimal exactly as it was entered, trailing zeros too; compared in rules only.

    Raises:
        ValueError: not a number, or infinite.
    """

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not value.is_finite():
            raise ValueError(f"{value} is no measurement")
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Word(TypeDecorator[_Word], Generic[_Word]):
    """An enum as its word: the value of a word enum, the name of a number enum. Words never disappear."""

    impl = String(40)
    cache_ok = True

    def __init__(self, kind: type[_Word]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: _Word | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.name if issubclass(self.kind, IntEnum) else str(value.value)

    def process_result_value(self, value: Any, dialect: Dialect) -> _Word | None:
        if value is None:
            return None
        return self.kind[value] if issubclass(self.kind, IntEnum) else self.kind(value)
