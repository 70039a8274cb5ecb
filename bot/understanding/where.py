"""Where in the lexicon files a mistake stands, so that whoever edits them finds it.

Worked case: ``bleeding.toml: symptom nosebleed: `(`: a bracket stays open`` becomes ``bleeding.toml, line 12:
symptom nosebleed: `(`: a bracket stays open``. A mistake that belongs to no table (an unreadable file, a
missing rule) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

_HEADER = re.compile(r"\[\[(\w+)\]\]\s*")
_NAMED = re.compile(r'(name|sign) = "([^"]*)"')
_NUMBERED = re.compile(r"(?:rule|together) (\d+)\b")
_TOLD = re.compile(r"`([^`]+)`")


def located(mistakes: Iterable[str], files: Mapping[str, str]) -> tuple[str, ...]:
    """The mistakes in their order, each with its line where one can be found."""
    return tuple(_located(mistake, files) for mistake in mistakes)


def _located(mistake: str, files: Mapping[str, str]) -> str:
    file, _, said = mistake.partition(": ")
    line = _line_of(said, files[file].split("\n")) if file in files else None
    return f"{file}, line {line}: {said}" if line is not None else mistake


def _line_of(said: str, lines: list[str]) -> int | None:
    """The line of the table, or of the word in it that the mistake names; counted from one."""
    numbered = _NUMBERED.match(said)
    if numbered is not None:
        kind = "level" if said.startswith("rule") else "together"
        heads = [at for at, line in enumerate(lines) if line.strip() == f"[[{kind}]]"]
        number = int(numbered[1])
        return heads[number - 1] + 1 if number <= len(heads) else None
    table, _, _ = said.partition(": ")
    words = [f'"{word}"' for word in _TOLD.findall(said)]
    tables = [(start, end) for start, end in _tables(lines) if _title(lines[start:end]) == table]
    for start, end in tables:
        for at in range(start, end):
            if any(word in lines[at] for word in words):
                return at + 1
    return tables[0][0] + 1 if tables else None


def _tables(lines: list[str]) -> Iterable[tuple[int, int]]:
    heads = [at for at, line in enumerate(lines) if _HEADER.fullmatch(line)]
    return pairwise([*heads, len(lines)])


def _title(lines: list[str]) -> str:
    """`symptom nosebleed`, with its sign where it has one: how mistakes name a table."""
    head = _HEADER.fullmatch(lines[0])
    named = {found[1]: found[2] for line in lines if (found := _NAMED.match(line))}
    kind = head[1] if head is not None else ""
    return f"{kind} {named.get('name', '')} {named.get('sign', '')}".rstrip()
