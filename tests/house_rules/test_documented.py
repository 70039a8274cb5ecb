"""What an operator can set or type stands in the operating guide; what it names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from bot.__main__ import app
from bot.settings import SECRETS, Settings

HOUSE = Path(__file__).parent.parent.parent
GUIDE = (HOUSE / "docs" / "operating.md").read_text(encoding="utf-8")


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every command as it is typed after `suifang`, with its help."""
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command.help or ""


HELP = dict(commands(typer.main.get_command(app)))


def test_every_command_stands_in_the_guide() -> None:
    missing = [one for one in sorted(HELP) if f"`suifang {one}`" not in GUIDE and f"`{one}`" not in GUIDE]
    assert missing == []


def test_the_guide_names_no_command_that_does_not_exist() -> None:
    table = GUIDE.partition("## Commands")[2].partition("## Backup")[0]
    named = {one.removeprefix("suifang ") for one in re.findall(r"`([a-z][a-z -]+)`", table)}
    assert named - {"run"} <= set(HELP)


def test_every_setting_stands_in_the_guide_and_every_secret_is_marked() -> None:
    table = GUIDE.partition("## Settings")[2].partition("## Commands")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    rows = {name: line for line in lines for name in re.findall(r"`([A-Z_]+)`", line.partition(" | ")[0])}
    assert {name.upper() for name in Settings.model_fields} == set(rows)
    marked = {name for name, line in rows.items() if f"`{name}` 🔑" in line}
    assert marked == {name.upper() for name in SECRETS}


def test_every_command_explains_itself() -> None:
    assert [words for words, told in HELP.items() if not told.strip()] == []


def test_the_readme_names_the_two_commands_and_they_exist() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert f"\n{target}:" in makefile
    assert "make test" in (HOUSE / ".ci" / "run").read_text(encoding="utf-8")


def test_no_file_names_a_package_index_or_a_place_of_one_machine() -> None:
    for lock in HOUSE.glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "://" not in text
