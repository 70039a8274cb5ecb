"""The lexicon: TOML files a bilingual nurse can edit, read and checked once at start.

An entry is a table such as

    [[symptom]]
    name = "nosebleed"
    zh = ["流鼻血", "鼻…<血>"]
    en = ["nosebleed*", "bleed*…nose"]
    yes = ["鼻子又流血了", "my nose is bleeding"]
    no = ["流鼻涕", "runny nose"]

`check` names every mistake with its place: unknown notation, words that can never match, a missing language,
a word written twice, a missing example, an example that does not behave.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from bot.rules.errors import SuifangError
from bot.understanding.expression import Expression, Group, NotationFault, compile_expression
from bot.understanding.where import located

KINDS = ("symptom", "modifier", "cue", "idiom", "person", "intent", "sign", "site", "blood", "concept")
"""The tables of the files.

A `sign` is said of the whole message (help, a death, an ambulance called); a `site` is where `blood` may come
from; a `concept` is a piece of a composition (`Together`).
"""
_OF_A_GROUP = ("words", "not_after", "not_before")
_TOGETHER_KEYS = frozenset(
    [
        "symptom",
        "modifier",
        "intent",
        "sign",
        "all",
        "without",
        "around",
        "reach",
        "apart",
        "ordered",
        "said_of",
        "yes",
        "no",
    ]
)


class LexiconFault(SuifangError):
    """The lexicon has mistakes; the bot does not start with it."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One table of a lexicon file.

    `sign` qualifies a symptom (`period`, `intent`); `only` excuses a language; `reach` of a modifier is
    `message` or `near` (the neighbouring sentence parts).
    """

    kind: str
    name: str
    place: str
    sign: str = ""
    reach: str = "near"
    expressions: tuple[Expression, ...] = ()
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    emoji: tuple[str, ...] = ()
    latin: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Pieces that make a symptom, a circumstance or an act where they stand near each other.

    `all`: every one must be there, `a|b` is either; at most `reach` sentence parts and `apart` characters
    from the others, `ordered`: in this order only. `without`: none of these in the same sentence parts, or
    `around` parts beside them. `said_of` is the reach of a circumstance (`near` or `message`). See
    `compositions.py`.
    """

    kind: str
    name: str
    place: str
    all: tuple[str, ...]
    sign: str = ""
    without: tuple[str, ...] = ()
    around: int = 0
    reach: int = 1
    apart: int = 16
    ordered: bool = False
    said_of: str = "near"
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Everything the files say. `levels` are the tables of `levels.toml` as read, see `levelling.py`."""

    entries: tuple[Entry, ...]
    together: tuple[Together, ...]
    groups: Mapping[str, Group]
    levels: tuple[dict[str, Any], ...]
    short_targets: frozenset[str]
    not_typos: frozenset[str]
    plain_english: frozenset[str]
    typed_english: frozenset[str]
    pinyin: Mapping[str, str]

    def of_kind(self, kind: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.kind == kind)


def read_files() -> dict[str, str]:
    """File name to text of the lexicon that is part of the program."""
    folder = resources.files("bot.understanding") / "lexicon"
    return {
        item.name: item.read_text(encoding="utf-8")
        for item in sorted(folder.iterdir(), key=lambda item: item.name)
        if item.name.endswith(".toml")
    }


def read_lexicon(files: Mapping[str, str]) -> Lexicon:
    """Parse and compile; raises LexiconFault with every mistake of notation or shape."""
    mistakes: list[str] = []
    tables = {}
    for name, text in files.items():
        try:
            tables[name] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise LexiconFault(tuple(mistakes))
    groups = {
        name: Group(*(_words(table, key, f"{file}: group {name}", mistakes) for key in _OF_A_GROUP))
        for file, content in tables.items()
        for name, table in content.get("group", {}).items()
    }
    entries: list[Entry] = []
    for file, content in tables.items():
        for kind in KINDS:
            for table in content.get(kind, ()):
                entries.append(_entry(kind, table, file, groups, mistakes))
    together = [
        _together(table, f"{file}: together {number}", mistakes)
        for file, content in tables.items()
        for number, table in enumerate(content.get("together", ()), start=1)
    ]
    if mistakes:
        raise LexiconFault(located(mistakes, files))
    return Lexicon(
        entries=tuple(entries),
        together=tuple(together),
        groups=groups,
        levels=tuple(table for content in tables.values() for table in content.get("level", ())),
        short_targets=frozenset(w for c in tables.values() for w in c.get("short_targets", ())),
        not_typos=frozenset(w for c in tables.values() for w in c.get("not_typos", ())),
        pinyin={sound: char for c in tables.values() for sound, char in c.get("pinyin", {}).items()},
        typed_english=frozenset(w for c in tables.values() for w in c.get("typed_english", "").split()),
        plain_english=frozenset(w for c in tables.values() for w in c.get("plain_english", "").split()),
    )


def _words(table: Mapping[str, Any], key: str, place: str, mistakes: list[str]) -> tuple[str, ...]:
    """The words of one key; none where it holds anything but a list of words."""
    found = table.get(key, [])
    if isinstance(found, list) and all(isinstance(word, str) for word in found):
        return tuple(found)
    mistakes.append(f'{place}: `{key}` must be a list of words in quotes, such as ["…", "…"]')
    return ()


def _together(table: Mapping[str, Any], place: str, mistakes: list[str]) -> Together:
    kind = next((name for name in ("symptom", "modifier", "intent") if name in table), "symptom")
    name = str(table.get(kind, ""))
    if not name:
        mistakes.append(f"{place}: neither a symptom, a modifier nor an intent")
    for key in set(table) - _TOGETHER_KEYS:
        mistakes.append(f"{place}: unknown key `{key}`")
    lists = {key: _words(table, key, place, mistakes) for key in ("all", "without", "yes", "no")}
    return Together(
        kind=kind,
        name=name,
        place=f"{place} ({name} {' + '.join(lists['all'])})",
        sign=str(table.get("sign", "")),
        around=int(table.get("around", 0)),
        reach=int(table.get("reach", 1)),
        apart=int(table.get("apart", 16)),
        ordered=bool(table.get("ordered", False)),
        said_of=str(table.get("said_of", "near")),
        **lists,
    )


def _entry(
    kind: str, table: dict[str, Any], file: str, groups: Mapping[str, Group], mistakes: list[str]
) -> Entry:
    name = str(table.get("name", ""))
    place = f"{file}: {kind} {name} {table.get('sign', '')}".rstrip()
    if not name:
        mistakes.append(f"{file}: a {kind} without a name")
    lists = {key: _words(table, key, place, mistakes) for key in ("zh", "en", "emoji", "latin", "yes", "no")}
    expressions: list[Expression] = []
    for key in ("zh", "en", "emoji", "latin"):
        for written in lists[key]:
            try:
                expressions.append(compile_expression(written, groups))
            except NotationFault as fault:
                mistakes.append(f"{place}: {fault}")
    return Entry(
        kind=kind,
        name=name,
        sign=str(table.get("sign", "")),
        reach=str(table.get("reach", "near")),
        place=place,
        expressions=tuple(expressions),
        only=str(table.get("only", "")),
        **lists,
    )


def shape_mistakes(lexicon: Lexicon) -> list[str]:
    """Missing languages and examples, and words written twice under one kind, name and sign."""
    mistakes: list[str] = []
    for entry in lexicon.entries:
        if not entry.zh and entry.only != "en":
            mistakes.append(f'{entry.place}: no Chinese words (or `only = "en"`)')
        if not entry.en and entry.only != "zh":
            mistakes.append(f'{entry.place}: no English words (or `only = "zh"`)')
        if not entry.yes:
            mistakes.append(f"{entry.place}: no example that must match (`yes`)")
        if not entry.no:
            mistakes.append(f"{entry.place}: no example that must not match (`no`)")
    written = Counter(
        (entry.kind, entry.name, entry.sign, expression.written)
        for entry in lexicon.entries
        for expression in entry.expressions
    )
    for (kind, name, sign, word), times in written.items():
        if times > 1:
            mistakes.append(f"{kind} {name} {sign}: `{word}` is written {times} times")
    return mistakes
