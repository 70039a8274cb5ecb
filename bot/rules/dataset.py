"""A data set as tables with a dictionary, before it is any file: what the columns mean, and safe cells.

Cells of free text that a spreadsheet would run as a formula (they begin with = + - @, a tab or a carriage
return) get an apostrophe in front, in files for spreadsheets only; the record itself is never touched.

Source: specification 5.7 (every export carries study, versions, time, count and checksum); product, promise
8.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum

from bot.rules.study import Bilingual

Cell = str | int | bool | Decimal | datetime | date | None

_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ColumnKind(Enum):
    """What stands in a column: `CODE` a stored word, `TEXT` free text, moments in UTC (ISO 8601)."""

    CODE = "code"
    TEXT = "text"
    WHOLE = "whole number"
    DECIMAL = "decimal number"
    MOMENT = "moment, UTC, ISO 8601"
    DAY = "date, ISO 8601"
    YES_NO = "yes or no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`unit` is empty where the value has none; `codes` says what each stored word means."""

    name: str
    kind: ColumnKind
    label: Bilingual
    unit: str = ""
    codes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`rows` hold one cell for each column, in the order of the columns."""

    name: str
    label: Bilingual
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A consistent cut at one moment. `about` holds study, versions and sites, for the manifest."""

    cut_at: datetime
    about: dict[str, str] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()

    @property
    def record_count(self) -> int:
        return sum(len(table.rows) for table in self.tables)


def dictionary(dataset: Dataset) -> Table:
    """One row for each column of each table."""
    columns = (
        _plain("table", "file", "文件"),
        _plain("column", "column", "列名"),
        _plain("label_en", "meaning (English)", "含义（英文）"),
        _plain("label_zh", "meaning (Chinese)", "含义（中文）"),
        _plain("type", "kind of value", "数据类型"),
        _plain("unit", "unit", "单位"),
        _plain("codes", "what the codes are", "代码"),
    )
    rows = tuple(
        (table.name, one.name, one.label.en, one.label.zh, one.kind.value, one.unit, one.codes)
        for table in dataset.tables
        for one in table.columns
    )
    label = Bilingual(en="what every column means", zh="数据字典")
    return Table(name="dictionary", label=label, columns=columns, rows=rows)


def as_csv(table: Table) -> bytes:
    """The table as UTF-8 with a byte order mark (Excel then reads Chinese), lines ending in CR LF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([as_text(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def as_text(cell: Cell) -> str:
    """A cell as it stands in a file of text; an unknown value is empty, never 0 and never "no".

    >>> as_text("=1+1"), as_text(Decimal("99.90")), as_text(None), as_text(False)
    ("'=1+1", '99.90', '', 'no')
    """
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case IntEnum():
            return cell.name
        case str():
            return safe(cell)
        case datetime():
            return as_moment(cell)
        case date():
            return cell.isoformat()
        case Decimal():
            return f"{cell:f}"
        case int():
            return str(cell)


def as_moment(moment: datetime) -> str:
    """`2026-03-10T01:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def safe(text: str) -> str:
    """The text, kept from being run by a spreadsheet."""
    return f"'{text}" if text.startswith(_RUNS_AS_FORMULA) else text


def column(name: str, kind: ColumnKind, en: str, zh: str, *, unit: str = "", codes: str = "") -> Column:
    """A column with its meaning in both languages."""
    return Column(name=name, kind=kind, label=Bilingual(en=en, zh=zh), unit=unit, codes=codes)


def words_of(kind: type[Enum]) -> str:
    """The stored words of an enum, for the dictionary."""
    names = [one.name if isinstance(one, IntEnum) else str(one.value) for one in kind]
    return " | ".join(names)


def _plain(name: str, en: str, zh: str) -> Column:
    return column(name, ColumnKind.TEXT, en, zh)
