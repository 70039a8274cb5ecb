"""The small notation in which lexicon words are written, and what it compiles to.

| written | means |
| --- | --- |
| `鼻…血` | at most eight characters between (Chinese), 28 in English, within one sentence part |
| `… ?…` | the same across a space between Chinese characters, which else ends a sentence part |
| `流(了|着)?鼻血` | one of, or nothing; `)*`: up to five times |
| `hay ?fever` | with or without the space |
| `<blood>` | any word of the group `blood` in `groups.toml` |
| `bleed*` | the word with any ending |
| `#` | a number in digits or Chinese numerals |
| `？` | a question mark |
| `^what` | only where a sentence part begins (after `and`, `hello`, …) |
| `行不$` | only where a sentence part ends |

English words match as whole words, a space stands for any spaces. Apostrophes are never written (`cant`),
since they are dropped from the message as well. Besides the regular expression each notation yields the
literal pieces it cannot match without, so that a message is first looked through once for all together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

GAP_ZH = r"((?:[^,.!?;\n ]|(?<=[a-z0-9]) | (?=[a-z0-9])){0,8}?)"
GAP_EN = r"([^,.!?;\n]{0,28}?)"
NUMERAL = r"[0-9零一二三四五六七八九十百两俩仨几半]"
_PART_START = (
    r"(?<![^,.!?;\n])\s*(?:(?:so|and|but|also|hi|hello|hey|ok|okay|please|pls|plz|sorry|"
    r"quick question|question|btw|doctor|nurse|dr|morning|then|or|just) )*"
)
_PART_END = r"(?=\s*(?:[,.!?;\n]|$)|\s+[\u3400-\u9fff])"
_MAYBE_SPACE = "\x00"
_REPEATED = "{0,5}"
_CJK = re.compile(r"[\u3400-\u9fff]")
_PLAIN = re.compile(r"[\u3400-\u9fff]+|[a-z]+\*?")

Pieces = frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Words that may stand for each other; `not_after`/`not_before` name what must not touch them."""

    words: tuple[str, ...]
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """`needs`: sets of pieces, of each at least one must be in the text. Gaps are its only groups."""

    written: str
    regex: str
    needs: tuple[Pieces, ...]
    words: tuple[str, ...]

    @property
    def plain_word(self) -> str:
        """The one word this is, if it is no more: where its letters stand it is met, no pattern is needed."""
        return self.written.removesuffix("*") if _PLAIN.fullmatch(self.written) else ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when first needed: compiling all at start would take seconds."""
        return _compiled(self.regex)


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


class NotationFault(ValueError):
    """A lexicon word is written in a way the notation does not know."""


@dataclass(slots=True)
class _Part:
    regex: str
    needs: list[Pieces]
    words: list[str]


def compile_expression(written: str, groups: Mapping[str, Group]) -> Expression:
    """Raises NotationFault for an unknown group, an open bracket or a notation without any fixed word."""
    part, rest = _sequence(written, 0, groups)
    if rest != len(written):
        raise NotationFault(f"`{written}`: a bracket closes that was never opened")
    if not part.needs:
        raise NotationFault(f"`{written}`: no fixed word in it")
    return Expression(written, part.regex, tuple(part.needs), tuple(part.words))


def _sequence(text: str, at: int, groups: Mapping[str, Group]) -> tuple[_Part, int]:
    """Reads until `|`, `)` or the end."""
    regex: list[str] = []
    needs: list[Pieces] = []
    words: list[str] = []
    literal = ""

    def close_literal() -> None:
        nonlocal literal
        if literal:
            regex.append(_literal_regex(literal))
            needs.extend(frozenset({piece}) for piece in _pieces(literal))
            words.extend(_pieces(literal))
            literal = ""

    while at < len(text) and text[at] not in "|)":
        char = text[at]
        if char == "(":
            if literal[-1:].isascii() and literal[-1:].isalpha():
                raise NotationFault(f"`{text}`: an English letter touches a bracket, words are matched whole")
            close_literal()
            part, at = _alternatives(text, at + 1, groups)
            if text[at : at + 1] in ("?", "*"):
                regex.append(f"(?:{part.regex})" + ("?" if text[at] == "?" else _REPEATED))
                words.extend(part.words)
                at += 1
            else:
                regex.append(f"(?:{part.regex})")
                needs.extend(part.needs)
                words.extend(part.words)
        elif char == "<":
            close_literal()
            end = text.find(">", at)
            name = text[at + 1 : end]
            if end < 0 or name not in groups:
                raise NotationFault(f"`{text}`: no group `{name}`")
            regex.append(_group_regex(groups[name]))
            needs.append(_group_needs(groups[name]))
            words.extend(_group_pieces(groups[name]))
            at = end + 1
        elif char == "…":
            close_literal()
            regex.append(GAP_ZH if _CJK.search(text) else GAP_EN)
            at += 1
        elif char == "^" and at == 0:
            regex.append(_PART_START)
            at += 1
        elif char == "$" and at == len(text) - 1:
            close_literal()
            regex.append(_PART_END)
            at += 1
        elif char == "#":
            close_literal()
            regex.append(NUMERAL + "+")
            at += 1
        elif char == "?" and literal.endswith(" "):
            literal = literal[:-1] + _MAYBE_SPACE
            at += 1
        elif char == "？":
            literal += "?"
            at += 1
        elif char == "?" and literal:
            if literal[-1].isascii():
                raise NotationFault(f"`{text}`: `?` follows an English letter, write `*` or brackets")
            last, literal = literal[-1], literal[:-1]
            close_literal()
            regex.append(f"(?:{_literal_regex(last)})?")
            at += 1
        else:
            literal += char
            at += 1
    close_literal()
    return _Part("".join(regex), needs, words), at


def _alternatives(text: str, at: int, groups: Mapping[str, Group]) -> tuple[_Part, int]:
    branches: list[_Part] = []
    while True:
        part, at = _sequence(text, at, groups)
        branches.append(part)
        if at >= len(text):
            raise NotationFault(f"`{text}`: a bracket stays open")
        if text[at] == ")":
            at += 1
            break
        at += 1
    regex = "|".join(branch.regex for branch in branches)
    words = [word for branch in branches for word in branch.words]
    if any(not branch.needs for branch in branches):
        return _Part(regex, [], words), at
    union: frozenset[str] = frozenset().union(*(_rarest(branch.needs) for branch in branches))
    return _Part(regex, [union], words), at


def _rarest(needs: list[Pieces]) -> Pieces:
    """The set whose shortest piece is longest: the one met least often."""
    return max(needs, key=lambda pieces: min(len(piece) for piece in pieces))


@cache
def _literal_regex(literal: str) -> str:
    out: list[str] = []
    index = 0
    while index < len(literal):
        char = literal[index]
        if char == " ":
            out.append(r"\s+")
        elif char == _MAYBE_SPACE:
            out.append(r"\s*")
        elif char == "*":
            out.append("[a-z]*")
        elif char.isascii() and char.isalpha():
            start = index
            while index + 1 < len(literal) and literal[index + 1].isascii() and literal[index + 1].isalpha():
                index += 1
            word = literal[start : index + 1]
            starred = literal[index + 1 : index + 2] == "*"
            opened = "" if literal[start - 1 : start] == _MAYBE_SPACE else "(?<![a-z])"
            open_end = starred or literal[index + 1 : index + 2] == _MAYBE_SPACE
            out.append(opened + re.escape(word) + ("" if open_end else "(?![a-z])"))
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out)


@cache
def _pieces(literal: str) -> tuple[str, ...]:
    """Only the words are needed: spaces may be doubled in the message."""
    return tuple(literal.replace("*", " ").replace(_MAYBE_SPACE, " ").split())


@cache
def _group_needs(group: Group) -> Pieces:
    return frozenset(_pieces(word)[-1] for word in group.words)


@cache
def _group_pieces(group: Group) -> tuple[str, ...]:
    return tuple(piece for word in group.words for piece in _pieces(word))


@cache
def _group_regex(group: Group) -> str:
    before = "".join(f"(?<!{re.escape(word)})" for word in group.not_after)
    after = f"(?!{'|'.join(re.escape(word) for word in group.not_before)})" if group.not_before else ""
    words = "|".join(_literal_regex(word) for word in sorted(group.words, key=len, reverse=True))
    return f"{before}(?:{words}){after}"
