"""What is said to people: both languages, the same placeholders, labels that fit, a safe first line."""

from __future__ import annotations

import string
from collections.abc import Iterator

from pydantic import BaseModel

from bot.study_file import shape
from bot.study_file.problems import Problem
from bot.study_file.reading import Read, place_of

# A longer label no longer fits a button on a narrow phone; in UTF-16 units, as Telegram counts.
LONGEST_LABEL = 60
# What the program can fill into a safety text (`rules.study.SafetyText`).
_FILLED_IN = frozenset({"site_phone", "by_when"})
# Texts that a patient acts on: each names the emergency number and the site's phone (2.9).
_ACTED_ON = ("EM", "UR", "SD")
_Words = tuple[str, str]


def word_problems(found: Read) -> Iterator[Problem]:
    """Every fault of wording in the files that could be read."""
    for name in ("study", "gate", "closing", "consent"):
        part = getattr(found, name)
        if part is not None:
            yield from _plain_words(f"{name}.toml: ", part)
    for place, symptom in found.symptoms.items():
        yield from _plain_words(f"{place}: ", symptom)
    if found.texts is not None and found.study is not None:
        yield from _safety_texts(found.texts, found.study.emergency_number.value)


def label_problems(place: str, *labels: str) -> Iterator[Problem]:
    """A label that is too long for a button, in any language."""
    for label in labels:
        length = len(label.encode("utf-16-le")) // 2
        if length > LONGEST_LABEL:
            yield Problem(
                place,
                f"{length} characters",
                f"at most {LONGEST_LABEL}, to fit a button",
                "Shorten the label.",
            )


def _plain_words(file: str, part: BaseModel) -> Iterator[Problem]:
    """Words outside the safety texts are shown as they are: they hold no placeholder."""
    for loc, words in _pairs(part, ()):
        for said in words:
            names = _placeholders(said)
            if names is None or names:
                yield Problem(
                    f"{file}{place_of(loc)}",
                    "braces",
                    "words that are shown as they are",
                    "Remove the braces: only safety texts have placeholders.",
                )


def _pairs(part: object, loc: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], _Words]]:
    """Every text in both languages, with its place."""
    if isinstance(part, (shape.BothLanguages, shape.OptionShape)):
        yield loc, (part.en, part.zh)
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _pairs(getattr(part, name), (*loc, name))
    elif isinstance(part, tuple):
        for number, one in enumerate(part):
            yield from _pairs(one, (*loc, number))


def _placeholders(said: str) -> frozenset[str] | None:
    """The names in braces, or None where the braces do not match."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(said) if name is not None)
    except ValueError:
        return None


def _safety_texts(texts: shape.TextsShape, number: str) -> Iterator[Problem]:
    for at, text in enumerate(texts.texts):
        place = f"texts.toml: texts[{at}]"
        yield from _same_placeholders(place, text.id, text.en, text.zh)
        for language, said in (("en", text.en), ("zh", text.zh)):
            if text.id.startswith(_ACTED_ON):
                yield from _acted_on(f"{place}.{language}", text.id, said, number)
                yield from _lock_screen(f"{place}.{language}", said, texts.not_on_lock_screen)
        yield from _stranger(place, text, number, texts.not_on_lock_screen)


def _same_placeholders(place: str, text_id: str, *languages: str) -> Iterator[Problem]:
    named = [_placeholders(said) for said in languages]
    known = [names for names in named if names is not None]
    if len(known) < len(named):
        yield Problem(place, f"{text_id} with a brace alone", "braces in pairs", "Close or remove the brace.")
        return
    if len(set(known)) > 1:
        yield Problem(
            place,
            f"{text_id} with {' and with '.join(_listed(names) for names in known)}",
            "the same placeholders in both languages",
            "Add the missing placeholder to the other language.",
        )
    for name in sorted(frozenset[str]().union(*known) - _FILLED_IN):
        yield Problem(
            place,
            f"{text_id} with {{{name}}}",
            f"only {_listed(_FILLED_IN)}",
            "Correct the name of the placeholder, or remove it.",
        )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"


def _acted_on(place: str, text_id: str, said: str, number: str) -> Iterator[Problem]:
    for needed, what in ((number, "the emergency number"), ("{site_phone}", "the phone of the site")):
        if needed not in said:
            yield Problem(place, f"{text_id} without {needed}", what, f"Say {needed} in the text.")


def _lock_screen(place: str, said: str, forbidden: tuple[str, ...]) -> Iterator[Problem]:
    """The first line shows on a lock screen: it names no symptom, disease, drug or result (2.9)."""
    first_line = said.strip().split("\n", 1)[0].lower()
    for word in forbidden:
        if word.lower() in first_line:
            yield Problem(
                place,
                f"“{word}” in the first line",
                "an action that names no symptom, disease, drug or result",
                "Move the word to a later line: the first one shows on a lock screen.",
            )


def _stranger(
    place: str, text: shape.TextShape, number: str, forbidden: tuple[str, ...]
) -> Iterator[Problem]:
    said = {"stranger_en": text.stranger_en, "stranger_zh": text.stranger_zh}
    written = {key: words for key, words in said.items() if words is not None}
    if len(written) == 1:
        yield Problem(
            place, f"only {next(iter(written))}", "both languages or neither", "Add the other language."
        )
    for key, words in written.items():
        if number not in words:
            yield Problem(
                f"{place}.{key}", f"no {number}", "the emergency number", f"Say {number} in the text."
            )
        if _placeholders(words) != frozenset():
            yield Problem(
                f"{place}.{key}",
                "a placeholder",
                "words without: nothing is known of a stranger, no site phone is given",
                "Remove the placeholder.",
            )
        yield from _lock_screen(f"{place}.{key}", words, forbidden)
