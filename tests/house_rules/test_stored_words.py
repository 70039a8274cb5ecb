"""A word that was ever stored can always be read: no member of a stored enum disappears or is renamed.

`stored_words.json` grows with every new member and never shrinks. To add to it run
`python -m tests.house_rules.test_stored_words > tests/house_rules/stored_words.json` and read the
difference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import Enum, IntEnum
from pathlib import Path

from sqlmodel import SQLModel

import storage.tables
from storage import codec
from storage.columns import Word

SNAPSHOT = Path(__file__).parent / "stored_words.json"


def stored_kinds() -> Iterator[type[Enum]]:
    """Every enum that stands in a column or inside a kept value."""
    assert storage.tables.ParticipantRow.__tablename__ in SQLModel.metadata.tables
    for table in SQLModel.metadata.tables.values():
        yield from (column.type.kind for column in table.columns if isinstance(column.type, Word))
    yield from (kind for kind in codec._BY_NAME.values() if issubclass(kind, Enum))


def words_now() -> dict[str, list[str]]:
    """By enum; where a word enum stores its value, name and value."""
    return {
        kind.__name__: sorted(
            one.name if isinstance(one, IntEnum) else f"{one.name}={one.value}" for one in kind
        )
        for kind in stored_kinds()
    }


def words_known() -> dict[str, list[str]]:
    known: dict[str, list[str]] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return known


def only_in(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, list[str]]:
    differences = {kind: sorted(set(words) - set(second.get(kind, ()))) for kind, words in first.items()}
    return {kind: words for kind, words in differences.items() if words}


def test_no_stored_word_has_disappeared() -> None:
    assert only_in(words_known(), words_now()) == {}


def test_every_new_word_is_written_down() -> None:
    assert only_in(words_now(), words_known()) == {}, "add them to stored_words.json"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(words_now(), indent=1, sort_keys=True) + "\n")
