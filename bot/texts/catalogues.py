"""Reads the catalogues of both languages and says everything that is wrong with them at once."""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import PoFileError, read_po

from bot.rules.study import Language

LOCALES = Path(__file__).parent.parent.parent / "locales"
PARTS = ("patient", "staff", "console", "operator", "rehearsal")
FOLDERS: Mapping[Language, str] = {Language.ZH: "zh_Hans_CN", Language.EN: "en"}
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::(day|time|list|short))?\}")
_KEY = re.compile(r"[a-z]+(\.[A-Za-z0-9_]+)+")
_MSGID = re.compile(r'^msgid "(.+)"$', re.MULTILINE)
# Refusals are told to everybody; they stand with the words of the command line.
_STANDS_IN = {"refusal": "operator"}


class CataloguesFaulty(Exception):
    """The catalogues disagree or lack words; every fault is listed."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def _only_form(_count: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The words of one language: for each key one template, or one for each plural form.

    `form_of` says which form a count takes: 0 for 1, 1 for 5 in English; always 0 in Chinese.
    """

    words: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int] = _only_form

    def template(self, key: str, count: object = None) -> str:
        """The template of a key; where it has plural forms the one for `count`.

        Raises:
            KeyError: no such key, or a plural without a count.
        """
        forms = self.words[key]
        if len(forms) == 1:
            return forms[0]
        if not isinstance(count, int):
            raise KeyError(f"{key} has plural forms and needs the value count")
        return forms[self.form_of(count)]


def read_catalogues(folder: Path = LOCALES) -> dict[Language, Catalogue]:
    """Both languages.

    Raises:
        CataloguesFaulty: a file that cannot be read, a key in the wrong file, twice, or marked fuzzy. What is
            wrong between the languages `faults_in` says.
    """
    faults: list[str] = []
    catalogues = {language: _read(folder / name, faults) for language, name in FOLDERS.items()}
    if faults:
        raise CataloguesFaulty(faults)
    return catalogues


def faults_in(catalogues: Mapping[Language, Catalogue]) -> list[str]:
    """What keeps catalogues from being used, sorted by key; empty if they say the same in both languages."""
    keys = sorted({key for catalogue in catalogues.values() for key in catalogue.words})
    return [fault for key in keys for fault in _faults_of(key, catalogues)]


def placeholders(template: str) -> frozenset[str]:
    """The names a template needs."""
    return frozenset(name for name, _ in PLACEHOLDER.findall(template))


def _faults_of(key: str, catalogues: Mapping[Language, Catalogue]) -> Iterable[str]:
    """Of one key. A form such as `:time` may differ between the languages, a name may not."""
    said = {language: catalogue.words.get(key, ()) for language, catalogue in catalogues.items()}
    for language, forms in said.items():
        if not forms or not all(form.strip() for form in forms):
            yield f"{key}: no words in {language.value}"
        if any(re.search(r"[{}]", PLACEHOLDER.sub("", form)) for form in forms):
            yield f"{key}: a brace that is no placeholder in {language.value}"
    names = {placeholders("".join(forms)) for forms in said.values() if forms}
    if len(names) > 1:
        yield f"{key}: other placeholders in one language"


def _read(folder: Path, faults: list[str]) -> Catalogue:
    words: dict[str, tuple[str, ...]] = {}
    form_of: Callable[[int], int] = _only_form
    for part in PARTS:
        path = folder / "LC_MESSAGES" / f"{part}.po"
        place = f"{folder.name}/{path.name}"
        try:
            catalog = _parsed(path)
        except (OSError, ValueError, PoFileError) as error:
            faults.append(f"{place}: cannot be read ({error})")
            continue
        faults += [f"{place}: {fault}" for fault in _faults_of_file(path, catalog)]
        words |= {_key(entry): _forms(entry) for entry in catalog if entry.id}
        form_of = gettext.c2py(catalog.plural_expr)
    return Catalogue(words, form_of)


def _parsed(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _faults_of_file(path: Path, catalog: Catalog) -> Iterable[str]:
    for entry in catalog:
        if not entry.id:
            continue
        key = _key(entry)
        home = key.partition(".")[0]
        if not _KEY.fullmatch(key) or _STANDS_IN.get(home, home) != path.stem:
            yield f"{key} does not belong here; the first word of a key names its file"
        if entry.fuzzy:
            yield f"{key} is marked fuzzy"
        if len(_forms(entry)) not in (1, catalog.num_plurals):
            yield f"{key} needs {catalog.num_plurals} plural form(s)"
    twice = Counter(_MSGID.findall(path.read_text(encoding="utf-8")))
    yield from (f"{key} stands here {times} times" for key, times in twice.items() if times > 1)


def _key(entry: Entry) -> str:
    return str(entry.id[0] if isinstance(entry.id, list | tuple) else entry.id)


def _forms(entry: Entry) -> tuple[str, ...]:
    forms = entry.string if isinstance(entry.string, list | tuple) else (entry.string,)
    return tuple(str(form or "") for form in forms)
