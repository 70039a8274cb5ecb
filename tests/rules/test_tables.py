"""The tables that clinicians read: each has rows, a test reads it, and no rule of the protocol lacks one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rules.scenes import TABLES, study, table

TESTS = Path(__file__).parents[1]
NAMES = sorted(path.stem for path in TABLES.glob("*.csv"))
# What issue "The protocol to the letter" wants as tables; the bands of a result stand in `lab_results`.
WANTED = {
    "windows",
    "replanning",
    "stop_rule",
    "prophylaxis",
    "prophylaxis_staff",
    "lab_values",
    "lab_results",
    "check_ins",
    "reminders",
    "states",
    "endpoints",
    "serious_event",
}


def test_no_rule_of_the_protocol_lacks_its_table() -> None:
    assert set(NAMES) >= WANTED


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_rows_and_is_read_by_a_test(name: str) -> None:
    told = (TABLES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    rows = [line for line in told if line.strip() and not line.startswith("#")]
    assert len(rows) >= 2, f"{name} has no row"
    texts = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    assert any(f'"{name}"' in text or f"{name}.csv" in text for text in texts), f"no test reads {name}"


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_table_of_the_protocol_names_its_source(name: str) -> None:
    told = (TABLES / f"{name}.csv").read_text(encoding="utf-8")
    comments = " ".join(line for line in told.splitlines() if line.startswith("#"))
    assert re.search(r"[Ss]ource|decisions|specification", comments), f"{name} names no source"


def test_every_band_of_the_platelets_has_a_row() -> None:
    """Both edges of each limit of the study file stand in the table of results."""
    values = {row["value"] for row in table("lab_results") if row["analyte"] == study().labs.lead}
    for band in study().labs.result_bands:
        if band.at_or_above is not None:
            assert f"{band.at_or_above.normalize():f}" in values, band.name
