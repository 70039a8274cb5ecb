"""Tables before they are files: what a cell says, and what a spreadsheet may not run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.dataset import Cell, ColumnKind, Dataset, Table, as_csv, as_text, column, dictionary
from bot.rules.study import Bilingual, Level, Role


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (0, "0"),
        (False, "no"),
        (True, "yes"),
        (Decimal("99.90"), "99.90"),
        (Decimal("1E+2"), "100"),
        (-3, "-3"),
        (Level.SAME_DAY, "SAME_DAY"),
        (Role.CENTRAL, "central"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 10, 1, 30, tzinfo=UTC), "2026-03-10T01:30:00Z"),
        ("头晕", "头晕"),
    ],
)
def test_a_cell_says_exactly_what_is_stored(cell: Cell, text: str) -> None:
    assert as_text(cell) == text


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_kept_from_it(begins: str) -> None:
    assert as_text(f"{begins}1") == f"'{begins}1"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1))
def test_whatever_she_typed_comes_back_from_the_file(texts: list[str]) -> None:
    words = (column("text", ColumnKind.TEXT, "text", "文字"),)
    table = Table(
        name="words", label=Bilingual(en="w", zh="w"), columns=words, rows=tuple((text,) for text in texts)
    )
    read = list(csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline="")))
    assert [row[0] if row else "" for row in read[1:]] == [as_text(text) for text in texts]


def test_the_dictionary_has_a_row_for_every_column_in_both_languages() -> None:
    table = Table(
        name="labs",
        label=Bilingual(en="results", zh="化验"),
        columns=(column("value", ColumnKind.DECIMAL, "value", "数值", unit="10^9/L"),),
        rows=(),
    )
    described = dictionary(Dataset(cut_at=datetime(2026, 3, 10, tzinfo=UTC), tables=(table,)))
    assert described.rows == (("labs", "value", "value", "数值", "decimal number", "10^9/L", ""),)
