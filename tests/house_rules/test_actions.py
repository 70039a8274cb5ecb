"""Every action can be reached by somebody: from a door, a command or the service, over the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parent.parent.parent
ACTIONS = "bot.actions."
DOORS = ("handlers", "bot/commands", "bot/assembly", "bot/rehearsal", "bot/delivery")


def imported_actions(path: Path) -> Iterator[str]:
    """The modules of `bot.actions` that this file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(ACTIONS):
            yield node.module.removeprefix(ACTIONS)


def actions() -> dict[str, Path]:
    floor = HOUSE / "bot" / "actions"
    return {
        ".".join(path.relative_to(floor).with_suffix("").parts): path
        for path in floor.rglob("*.py")
        if path.stem != "__init__"
    }


def reached() -> set[str]:
    known = actions()
    waiting = [
        name for door in DOORS for path in (HOUSE / door).rglob("*.py") for name in imported_actions(path)
    ]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen:
            seen.add(name)
            waiting += imported_actions(known[name])
    return seen


def test_no_action_is_without_a_door() -> None:
    assert sorted(set(actions()) - reached()) == []


def test_an_action_that_nobody_imports_would_be_found() -> None:
    assert "receive_message" in reached()
    assert "no_such_action" not in reached()
