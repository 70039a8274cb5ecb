"""Who may do what: a table written by hand is the judge of the code, cell by cell.

`tables/rights.csv` says it for an active person at their own site. At another site, and after revoking, every
cell is *no*. `docs/rights.md` is this table for people: `python -m tests.rules.test_rights > docs/rights.md`.
"""

from __future__ import annotations

import csv
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.rules import escalation
from bot.rules.access import RIGHTS, Act, Posting, Staff, acting_role, may
from bot.rules.study import Language, Level, Role, SiteCode, StaffCode

TABLE = Path(__file__).parent / "tables" / "rights.csv"
PAPER = Path(__file__).parent.parent.parent / "docs" / "rights.md"
OWN, OTHER = SiteCode("TJ"), SiteCode("WH")
REVOKED = datetime(2026, 3, 2, tzinfo=UTC)


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_hand() -> dict[str, dict[Role, bool]]:
    """Act → role → whether an active person of that role may do it at their own site."""
    answer = {"yes": True, "no": False}
    return {row["act"]: {role: answer[row[role.value]] for role in Role} for row in rows()}


def somebody(role: Role, site: SiteCode | None, *, revoked: bool = False) -> Staff:
    return Staff(
        code=StaffCode("XX1"),
        language=Language.ZH,
        postings=(Posting(role, site),),
        revoked_at=REVOKED if revoked else None,
    )


def test_every_action_that_needs_a_right_stands_in_the_table_and_in_the_code() -> None:
    assert {act.value for act in Act} == set(by_hand())
    assert set(Act) == set(RIGHTS)


def test_every_right_is_asked_for_by_an_action() -> None:
    """A right that nothing asks for is printed for people and protects nothing."""
    floor = Path(__file__).parent.parent.parent / "bot" / "actions"
    code = "".join(path.read_text(encoding="utf-8") for path in floor.rglob("*.py"))
    asked = set(re.findall(r"\bAct\.([A-Z_]+)", code))
    elsewhere = {escalation.act_to_close(level).value for level in Level}
    assert {act.value for act in Act} - asked - elsewhere == set()


def test_every_line_says_where_it_comes_from() -> None:
    assert [row["act"] for row in rows() if not row["source"].strip()] == []


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("role", list(Role))
def test_each_cell_is_as_written(act: Act, role: Role) -> None:
    allowed = by_hand()[act.value][role]
    assert may(somebody(role, OWN), act, OWN) is allowed
    assert may(somebody(role, None), act, OWN) is allowed
    assert not may(somebody(role, OWN), act, OTHER)
    assert not may(somebody(role, OWN, revoked=True), act, OWN)
    assert not may(somebody(role, None, revoked=True), act, OWN)


@pytest.mark.parametrize("act", list(Act))
def test_the_trail_names_a_role_that_has_the_right(act: Act) -> None:
    everything = Staff(
        code=StaffCode("XX1"), language=Language.ZH, postings=tuple(Posting(role, OWN) for role in Role)
    )
    named = acting_role(everything, act, OWN)
    assert named is not None
    assert by_hand()[act.value][named]


def paper() -> str:
    """The table as people read it."""
    roles = [role.value for role in Role]
    head = [
        "# Rights",
        "",
        "What each role may do at its own site; central, data manager, privacy officer, inspector and",
        "administrator have all sites unless they are limited to some. At another site nobody may do",
        "anything, and a revoked person may do nothing anywhere; the answer is the same as for a subject",
        "that does not exist, and leaves a trace. The table is written by hand",
        "(`tests/rules/tables/rights.csv`), tested cell by cell, and printed from there. Numbers are",
        "sections of the clinical specification.",
        "",
        f"| Action | {' | '.join(role.replace('_', ' ') for role in roles)} | From |",
        f"| --- |{' --- |' * (len(roles) + 1)}",
    ]
    lines = [
        f"| `{row['act']}` | "
        + " | ".join("yes" if row[role] == "yes" else "·" for role in roles)
        + f" | {row['source']} |"
        for row in rows()
    ]
    return "\n".join([*head, *lines, ""])


def test_the_paper_shows_the_table() -> None:
    assert PAPER.read_text(encoding="utf-8") == paper()


if __name__ == "__main__":
    sys.stdout.write(paper())
