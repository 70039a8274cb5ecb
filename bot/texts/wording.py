"""Makes words of phrases and messages, in the language of the row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Final

import structlog

from bot.rules.messages import Button, Message, Phrase, RecipientKind, SendKind
from bot.rules.study import Bilingual, Language
from bot.texts.catalogues import LOCALES, PLACEHOLDER, Catalogue, CataloguesFaulty, faults_in, read_catalogues
from bot.texts.moments import day_in_words, moment_in_words

_log = structlog.get_logger(__name__)

# Telegram's limits in UTF-16 units (stack.md, "Telegram itself").
LONGEST: Final[Mapping[SendKind, int]] = {
    SendKind.SEND: 4096,
    SendKind.EDIT: 4096,
    SendKind.ANSWER_TAP: 200,
    SendKind.REMOVE_BUTTONS: 4096,
    SendKind.PICTURE: 1024,
    SendKind.DOCUMENT: 1024,
    SendKind.MENU: 4096,
    SendKind.SECOND_ROAD: 4096,
    SendKind.KNOCK: 4096,
}
LONGEST_TOKEN = 64
# Of what a person typed (`{words:short}`): enough to judge by, and an alert stays one message.
SHORT = 300
_BETWEEN_LANGUAGES = "\n\n— — —\n\n"
_LISTED: Final = {Language.ZH: "；", Language.EN: "; "}
_UNSAID = "?"


class Unsayable(ValueError):
    """A phrase has no words: an unknown key, a missing value, or a kind of value that is never shown."""


class TooLong(ValueError):
    """Telegram would refuse this message for its length."""


@dataclass(frozen=True, slots=True)
class RenderedButton:
    label: str
    data: str
    url: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The exact words of a message; `buttons` in rows."""

    text: str
    buttons: tuple[tuple[RenderedButton, ...], ...]


class Texts:
    """All words, in both languages. `Texts.load()` reads the catalogues and refuses incomplete ones.

    `forgiving` is for the running bot: a line or value that cannot be worded is logged and left out, so that
    it never keeps back an alert. Tests are not forgiving.
    """

    def __init__(self, catalogues: Mapping[Language, Catalogue], *, forgiving: bool = False) -> None:
        faults = faults_in(catalogues)
        if faults:
            raise CataloguesFaulty(faults)
        self._catalogues = catalogues
        self._forgiving = forgiving

    @classmethod
    def load(cls, folder: Path = LOCALES, *, forgiving: bool = False) -> Texts:
        """Reads both catalogues.

        Raises:
            CataloguesFaulty: a key missing in one language or empty, other placeholders, an unreadable file;
                every fault at once.
        """
        return cls(read_catalogues(folder), forgiving=forgiving)

    def keys(self) -> frozenset[str]:
        """Every key there is, the same in both languages."""
        return frozenset(self._catalogues[Language.EN].words)

    def say(self, key: str, language: Language, /, *, zone: str = "Asia/Shanghai", **values: object) -> str:
        """The words of one key; see `words`."""
        return self.words(Phrase(key=key, values=values), language, zone)

    def words(self, phrase: Phrase, language: Language, zone: str) -> str:
        """The words of a phrase; moments as a clock in `zone` shows them.

        Approved words of the study keep a placeholder they are given no value for: a safety text is never
        held back. No language ever stands in for the other.

        Raises:
            Unsayable: no such key, a value missing, or a value that cannot be shown.
        """
        if phrase.words is not None:
            return self._filled(phrase.words.said_in(language), phrase, language, zone, lenient=True)
        try:
            template = self._catalogues[language].template(phrase.key, phrase.values.get("count"))
        except KeyError as error:
            raise Unsayable(f"no words: {error.args[0]}") from error
        return self._filled(template, phrase, language, zone, lenient=False)

    def render(self, message: Message) -> Rendered:
        """The whole message; where it speaks both languages, the one of the row first.

        Raises:
            Unsayable: see `words`; not a word is left to say; the token of a button is too long.
            TooLong: more than Telegram takes. What goes to staff is cut instead: an alert must arrive.
        """
        texts = [self._paragraphs(message, language) for language in _languages(message)]
        text = _fitting(_BETWEEN_LANGUAGES.join(texts), message)
        if not text and message.kind in (SendKind.SEND, SendKind.EDIT, SendKind.SECOND_ROAD):
            raise Unsayable(f"{message.unique_key} says nothing")
        return Rendered(
            text=text,
            buttons=tuple(tuple(self._button(button, message) for button in row) for row in message.buttons),
        )

    def _paragraphs(self, message: Message, language: Language) -> str:
        lines: list[str] = []
        for phrase in message.phrases:
            try:
                lines.append(self.words(phrase, language, message.time_zone))
            except Unsayable:
                if not self._forgiving:
                    raise
                _log.error("a line was left out", key=phrase.key)
        return "\n\n".join(line for line in lines if line)

    def _button(self, button: Button, message: Message) -> RenderedButton:
        if len(button.data.encode()) > LONGEST_TOKEN:
            raise Unsayable(f"the token of a button of {message.unique_key} is too long")
        label = self.words(button.label, message.language, message.time_zone)
        return RenderedButton(label=label, data=button.data, url=button.url)

    def _filled(self, template: str, phrase: Phrase, language: Language, zone: str, *, lenient: bool) -> str:
        """The template with each placeholder shown once; what a value holds is never looked at again."""

        def shown(match: re.Match[str]) -> str:
            name, form = match.groups()
            if lenient and name not in phrase.values:
                return match.group(0)
            try:
                return self._shown(phrase.values.get(name), form, language, zone)
            except Unsayable as error:
                if not self._forgiving:
                    raise Unsayable(f"{phrase.key} {{{name}}}: {error}") from error
                _log.error("a value could not be said", key=phrase.key, name=name)
                return _UNSAID

        return PLACEHOLDER.sub(shown, template)

    def _shown(self, value: object, form: str | None, language: Language, zone: str) -> str:
        match value:
            case Phrase():
                return self.words(value, language, zone)
            case Bilingual():
                return value.said_in(language)
            case Enum():  # before text and numbers, because many enums are these too
                return self.words(Phrase(key=enum_key(value)), language, zone)
            case datetime():
                return moment_in_words(value, language, zone, form)
            case date():
                return day_in_words(value, language)
            case str():
                return _cut(value, SHORT, "…") if form == "short" else value
            case tuple() | list():
                between = _LISTED[language] if form == "list" else "\n"
                return between.join(self._shown(one, None, language, zone) for one in value)
            case Decimal() if value.is_finite():
                return f"{value.normalize():f}"
            case int() if not isinstance(value, bool):
                return str(value)
            case _:
                raise Unsayable(f"{type(value).__name__} is never shown")


def enum_key(member: Enum) -> str:
    """The key of an enum's word: `staff.level.URGENT`, `staff.participant_state.ON_HOLD`."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(member).__name__).lower()
    return ".".join(("staff", name, member.name))


def _languages(message: Message) -> tuple[Language, ...]:
    others = tuple(language for language in Language if language is not message.language)
    return (message.language, *others) if message.both_languages else (message.language,)


def _fitting(text: str, message: Message) -> str:
    longest = LONGEST[message.kind]
    if _units(text) <= longest:
        return text
    to_staff = message.to.kind in (RecipientKind.STAFF, RecipientKind.GROUP)
    if to_staff or message.kind is SendKind.ANSWER_TAP:
        return _cut(text, longest, "…")
    raise TooLong(f"{message.unique_key}: {_units(text)} characters, Telegram takes {longest}")


def _cut(text: str, longest: int, mark: str) -> str:
    """At most `longest` UTF-16 units, the mark among them; never half a character."""
    if _units(text) <= longest:
        return text
    kept = text.encode("utf-16-le")[: 2 * (longest - _units(mark))].decode("utf-16-le", errors="ignore")
    return kept + mark


def _units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2
