"""The data set as one Excel workbook: a sheet a table, the dictionary, and what the export is of.

Text is written as text, so Excel runs nothing of it and nothing needs an apostrophe. Moments are UTC.
"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from bot.rules import dataset
from bot.rules.dataset import Cell, Dataset, Table

# Excel cuts a column to this anyway; longer text is read in the cell.
_WIDEST, _NARROWEST = 48, 9
_LOOKED_AT = 200


def as_workbook(made: Dataset) -> bytes:
    """The workbook. Takes a while for a large study: call it beside the event loop."""
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": made.about["study"], "created": _naive(made.cut_at)})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    _write_about(book, made, formats)
    for table in (dataset.dictionary(made), *made.tables):
        _write_table(book, table, formats)
    book.close()
    return written.getvalue()


def _write_about(book: Any, made: Dataset, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet("about")
    told = {
        **made.about,
        "created_utc": dataset.as_moment(made.cut_at),
        "record_count": str(made.record_count),
    }
    for row, (name, value) in enumerate(told.items()):
        sheet.write_string(row, 0, name, formats["head"])
        sheet.write_string(row, 1, value)
    sheet.set_column(0, 1, 24)


def _write_table(book: Any, table: Table, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(table.name)
    for number, column in enumerate(table.columns):
        sheet.write_string(0, number, column.name, formats["head"])
        shown = [column.name, *(dataset.as_text(row[number]) for row in table.rows[:_LOOKED_AT])]
        width = min(max(_NARROWEST, max(map(len, shown)) + 2), _WIDEST)
        sheet.set_column(number, number, width)
    for row_number, row in enumerate(table.rows, start=1):
        for number, cell in enumerate(row):
            _write_cell(sheet, row_number, number, cell, formats)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    match cell:
        case None:
            return
        case bool() | Enum() | str():
            text = cell if isinstance(cell, str) and not isinstance(cell, Enum) else dataset.as_text(cell)
            sheet.write_string(row, column, text)
        case datetime():
            sheet.write_datetime(row, column, _naive(cell), formats["moment"])
        case date():
            sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), formats["day"])  # noqa: DTZ001
        case Decimal() | int():
            sheet.write_number(row, column, float(cell) if isinstance(cell, Decimal) else cell)


def _naive(moment: datetime) -> datetime:
    """Excel knows no zones: UTC without saying so, as the dictionary says."""
    return moment.astimezone(UTC).replace(tzinfo=None)
