"""Rows ↔ frozen values, by the names of their fields, so that a shelf says only what is special."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from sqlmodel import SQLModel

_Row = TypeVar("_Row", bound=SQLModel)
_Value = TypeVar("_Value")


def to_row(table: type[_Row], value: Any, **special: Any) -> _Row:
    """A row with the value's fields; `special` ones as given."""
    return table(**(_fields_of(value) | special))


def to_value(kind: type[_Value], row: SQLModel, **special: Any) -> _Value:
    """The value of a row; `special` fields as given."""
    names = (field.name for field in dataclasses.fields(kind) if field.name not in special)  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names}, **special)


def update_row(row: SQLModel, value: Any, **special: Any) -> None:
    """Writes the fields that differ."""
    for name, new in (_fields_of(value) | special).items():
        if getattr(row, name) != new:
            setattr(row, name, new)


def _fields_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
