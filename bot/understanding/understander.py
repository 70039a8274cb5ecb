"""The door of this floor: `Understander.load()` once at start, then `.understand(text)` for every message.

Worked case: `没发烧 就是鼻血止不住` → finding fever DENIED, nosebleed PRESENT with `not_stopping`, level
EMERGENCY, red flag RF-2 with text EM-1, intent SYMPTOM_REPORT; each with the words it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, partial
from operator import is_
from typing import Protocol

from opencc import OpenCC

from bot.rules.study import Language, Level
from bot.understanding.clauses import Clauses
from bot.understanding.compositions import Composer, composition_mistakes, piece_name
from bot.understanding.findings import Intent, Understanding
from bot.understanding.joining import is_settled, joined
from bot.understanding.levelling import LevelRules, level_mistakes
from bot.understanding.lexicon_files import (
    Entry,
    Lexicon,
    LexiconFault,
    Together,
    read_files,
    read_lexicon,
    shape_mistakes,
)
from bot.understanding.matcher import Hit, Matcher
from bot.understanding.plain_red_flags import PlainFlags, plain_level, plain_red_flags
from bot.understanding.reading import Reading
from bot.understanding.repair import Repairer, sound_of
from bot.understanding.second_reader import WEIGHTS_FILE, SecondReader
from bot.understanding.typed_pinyin import TypedPinyin
from bot.understanding.where import located
from bot.understanding.writing import Writing, make_comparable

_MISTYPED_KINDS = ("symptom",)
_AT_ONCE = 64
"""Lexicon words checked together at start."""
_ENGLISH = re.compile(r"[a-z]+")


class ReadsWords(Protocol):
    """Reads one message, by the lexicons or by the plain list; never raises."""

    def understand(self, text: str, lang_hint: Language | None = None) -> Understanding: ...

    def plain_red_flags(self, text: str) -> PlainFlags: ...


class Understander:
    """Reads messages. Holds compiled lexicons and nothing of any message."""

    def __init__(self, lexicon: Lexicon, second: SecondReader | None = None) -> None:
        self._second = second
        self._matcher = Matcher(lexicon.entries)
        self._composer = Composer(lexicon.together)
        self._rules = LevelRules(lexicon.levels)
        self._simplify = OpenCC("t2s").convert
        self._repairer = _repairer(lexicon)
        self._typed_pinyin = _typed_pinyin(lexicon)

    @classmethod
    def load(cls, files: Mapping[str, str] | None = None, *, second_reader: bool = True) -> Understander:
        """Read and check the lexicons of the program, or others; raises LexiconFault with every mistake.

        Those of the program are read once in a process: nothing in them ever changes. Other lexicons are
        read alone, without the second reader, and so are those of the program where it is not wanted.
        """
        return _of_the_program(second_reader) if files is None else cls._checked(files)

    @classmethod
    def _checked(cls, files: Mapping[str, str], second: SecondReader | None = None) -> Understander:
        lexicon = read_lexicon(files)
        understander = cls(lexicon, second)
        mistakes = shape_mistakes(lexicon) + level_mistakes(lexicon.levels, _known(lexicon))
        mistakes += composition_mistakes(lexicon.together, lexicon.entries)
        mistakes += understander.example_mistakes(lexicon)
        if mistakes:
            raise LexiconFault(located(mistakes, files))
        return understander

    def understand(self, text: str, lang_hint: Language | None = None) -> Understanding:
        """What a message is taken to mean, judged alone. Never raises: what breaks is read by the plain list.

        `lang_hint` changes nothing today: words of both languages are read in every message.
        """
        try:
            writing, reasons = self._comparable(text)
            lists = self._reading(writing, reasons).understand()
            if self._second is None or is_settled(lists):
                return lists
            return joined(lists, self._second.read(writing.read), writing.read)
        except Exception as error:
            return self._by_plain_list(text, type(error).__name__)

    def plain_red_flags(self, text: str) -> PlainFlags:
        """The plain list only: needs no lexicon and no library."""
        return plain_red_flags(text)

    def hits(self, text: str) -> list[Hit]:
        """The lexicon words of a text, before any judgement; for checking a lexicon."""
        return self._hits_of(self._comparable(text)[0].read)[0]

    def standing_hits(self, text: str, kind: str) -> list[Hit]:
        """Symptoms and circumstances outside idioms and longer words; of other kinds, all hits."""
        writing, _ = self._comparable(text)
        if kind not in ("symptom", "modifier"):
            return self._hits_of(writing.read)[0]
        return self._reading(writing, []).standing()

    def example_mistakes(self, lexicon: Lexicon) -> list[str]:
        """Examples that do not behave, and words that can never match because no message is read so."""
        mistakes: list[str] = []
        unreadable = self._unreadable({w for e in lexicon.entries for x in e.expressions for w in x.words})
        for entry in lexicon.entries:
            for expression in entry.expressions:
                for word in unreadable.intersection(expression.words):
                    mistakes.append(f"{entry.place}: `{word}` can never match as a message is read")
            for example in entry.yes:
                if not self._says(example, entry):
                    mistakes.append(f"{entry.place}: `{example}` should match and does not")
            for example in entry.no:
                if not self._own_hits(example, partial(is_, entry)):
                    continue
                if any(hit.entry is entry for hit in self.standing_hits(example, entry.kind)):
                    mistakes.append(f"{entry.place}: `{example}` should not match and does")
        return mistakes + self._composition_mistakes(lexicon.together)

    def _composition_mistakes(self, rules: Iterable[Together]) -> list[str]:
        mistakes: list[str] = []
        for rule in rules:
            for example in rule.yes:
                if not self._are_together(example, rule):
                    mistakes.append(f"{rule.place}: `{example}` should match and does not")
            for example in rule.no:
                if not self._are_together(example, rule):
                    continue
                if any(hit.entry.place == rule.place for hit in self.standing_hits(example, rule.kind)):
                    mistakes.append(f"{rule.place}: `{example}` should not match and does")
        return mistakes

    def _says(self, example: str, entry: Entry) -> bool:
        """By words of this kind and name, else by a composition of them."""
        same = partial(_same, kind=entry.kind, name=entry.name)
        return bool(self._own_hits(example, same)) or any(same(hit.entry) for hit in self.hits(example))

    def _are_together(self, example: str, rule: Together) -> bool:
        """Whether the pieces of a composition stand so in an example."""
        pieces = frozenset(name for piece in rule.all for name in piece.split("|")).union(rule.without)
        read = self._comparable(example)[0].read
        hits = self._matcher.find(read, lambda entry: piece_name(entry) in pieces)
        return any(hit.entry.place == rule.place for hit in self._composer.compose(hits, Clauses(read)))

    def _own_hits(self, example: str, wanted: Callable[[Entry], bool]) -> list[Hit]:
        """Hits of the wanted entries alone: the patterns of all others need not be compiled at start."""
        return self._matcher.find(self._comparable(example)[0].read, wanted)

    def _reading(self, writing: Writing, reasons: list[str]) -> Reading:
        hits, clauses = self._hits_of(writing.read)
        return Reading(writing, hits, clauses, self._rules, reasons)

    def _hits_of(self, read: str) -> tuple[list[Hit], Clauses]:
        hits, clauses = self._matcher.find(read), Clauses(read)
        return [*hits, *self._composer.compose(hits, clauses)], clauses

    def _unreadable(self, words: set[str]) -> frozenset[str]:
        """Words that no message contains once it is made comparable; looked at many at a time."""
        ordered = sorted(words)
        found: set[str] = set()
        for first in range(0, len(ordered), _AT_ONCE):
            some = ordered[first : first + _AT_ONCE]
            if make_comparable("\n".join(some), self._simplify).read != "\n".join(some):
                found.update(w for w in some if make_comparable(w, self._simplify).read != w)
        return frozenset(found)

    def _comparable(self, text: str) -> tuple[Writing, list[str]]:
        writing = make_comparable(text, self._simplify)
        spelt = self._typed_pinyin.read(writing)
        if spelt is not writing:
            return spelt, [f"typed in pinyin, read as “{spelt.read}”"]
        repairs = self._repairer.repairs(writing.read)
        reasons = [f"“{writing.quote(r.start, r.end)}” read as “{r.read}”" for r in repairs]
        return self._repairer.apply(writing, repairs), reasons

    def _by_plain_list(self, text: str, fault: str) -> Understanding:
        flags = plain_red_flags(text)
        return Understanding(
            text=text,
            intent=Intent.SYMPTOM_REPORT if flags.now else Intent.OTHER,
            level=max(plain_level(flags), Level.ROUTINE),
            red_flags=() if flags.death else flags.now,
            confirm=flags.to_confirm,
            open_gate=not flags.now,
            death=flags.death,
            plain_only=True,
            reasons=(f"read by the plain red-flag list only, because reading failed ({fault})",),
        )


class ReadsWhenAsked:
    """Loads the lexicons of the program at the first message: most commands read none.

    Raises LexiconFault at that message, not before; a service checks its lexicons at start instead.
    """

    @cached_property
    def _loaded(self) -> Understander:
        return Understander.load()

    def understand(self, text: str, lang_hint: Language | None = None) -> Understanding:
        return self._loaded.understand(text, lang_hint)

    def plain_red_flags(self, text: str) -> PlainFlags:
        return plain_red_flags(text)


def _same(entry: Entry, *, kind: str, name: str) -> bool:
    return entry.kind == kind and entry.name == name


def _known(lexicon: Lexicon) -> dict[str, frozenset[str]]:
    return {
        "symptom": frozenset(entry.name for entry in lexicon.of_kind("symptom")),
        "modifier": frozenset(entry.name for entry in lexicon.of_kind("modifier"))
        | frozenset(rule.name for rule in lexicon.together if rule.kind == "modifier"),
        "sign": frozenset(entry.sign for entry in lexicon.of_kind("symptom"))
        | frozenset(rule.sign for rule in lexicon.together),
    }


def _repairer(lexicon: Lexicon) -> Repairer:
    """Mistyped Chinese symptom words and the English words of `typed_english` are repaired.

    Every English word of the lexicon counts as rightly typed.
    """
    chinese: set[str] = set()
    correct: set[str] = set()
    for entry in lexicon.entries:
        words = {word for expression in entry.expressions for word in expression.words}
        latin = {word for word in words for word in _ENGLISH.findall(word)}
        correct |= latin
        if entry.kind in _MISTYPED_KINDS:
            chinese |= words
    chinese = {word for word in chinese if len(word) >= 3} | lexicon.short_targets
    return Repairer(
        chinese, lexicon.typed_english, lexicon.not_typos, lexicon.plain_english | frozenset(correct)
    )


_SPELT_KINDS = ("symptom", "concept", "modifier", "person", "cue", "site", "intent", "sign")
"""Kinds whose words are looked for in a message typed in pinyin, the weightiest first."""


_COUNTED = ("血小板", "白细胞", "体温", "分钟", "小时", "没有")


def _typed_pinyin(lexicon: Lexicon) -> TypedPinyin:
    words = [
        word
        for kind in _SPELT_KINDS
        for entry in lexicon.of_kind(kind)
        for expression in entry.expressions
        for word in expression.words
    ]
    english = lexicon.plain_english | {
        word for entry in lexicon.entries for written in entry.en for word in _ENGLISH.findall(written)
    }
    return TypedPinyin([*_COUNTED, *words], lexicon.pinyin, english - set(lexicon.pinyin), sound_of)


@cache
def _of_the_program(second_reader: bool) -> Understander:
    second = _second_reader() if second_reader else None
    return Understander._checked(read_files(), second)


def _second_reader() -> SecondReader:
    try:
        return SecondReader.load()
    except (OSError, ValueError) as fault:
        raise LexiconFault((f"{WEIGHTS_FILE}: {fault}",)) from fault
