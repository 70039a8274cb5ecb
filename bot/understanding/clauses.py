"""Where one sentence part ends and the next begins.

Chinese chat writes a space where a comma belongs, and voice typing writes nothing at all: then only the
joining words part (`但是`, `然后`, `but`, `and then`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HARD = r"[.!?;\n…]+(?!\d)"
_SOFT = r"[,](?!\d{3}(?!\d))|、"
_SPACE = (
    r"(?<=[\u3400-\u9fff了]) +(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff]) +(?=[a-z0-9])|"
    r"(?<=[a-z0-9]) +(?=[\u3400-\u9fff])|[\U0001F300-\U0001FAFF]+| - | \.\. "
)
_ZH_WORDS = (
    "但是|不过|可是|然后|而且|只是|就是(?!不|没|止)|另外|还有|倒是|反而|结果|所以|后来|接着|"
    "(?<!不)但(?!愿)|可(?=[头鼻胸肚发咳牙])"
)
_EN_WORDS = (
    r"(?<![a-z])(?:but|however|though|although|and then|then|except|apart from|otherwise|so|"
    r"because|while|whereas|yet|just)(?![a-z])"
)
_BOUNDARY = re.compile(
    f"(?P<hard>{_HARD})|(?P<list>、)|(?P<soft>{_SOFT}|{_SPACE})|(?P<word>{_ZH_WORDS}|{_EN_WORDS})"
)

_HALF_DAY = re.compile(r"(?<![a-z])([ap])\.m\.")
"""`a.m.` ends no sentence; replaced by as many characters."""


@dataclass(frozen=True, slots=True)
class Clause:
    """`opened_by` is `hard`, `soft`, `list` or `word`; a joining word belongs to the part it opens."""

    start: int
    end: int
    opened_by: str


class Clauses:
    """The parts of one text, in order; every position belongs to exactly one."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts: list[Clause] = []
        start, opened_by = 0, "hard"
        for match in _BOUNDARY.finditer(_HALF_DAY.sub(r"\1m  ", text)):
            kind = match.lastgroup or "soft"
            cut = match.start() if kind == "word" else match.end()
            if cut > start:
                parts.append(Clause(start, cut, opened_by))
                start, opened_by = cut, kind
            elif kind == "hard":
                opened_by = kind
        parts.append(Clause(start, len(text), opened_by))
        self.parts = tuple(part for part in parts if part.end > part.start) or (Clause(0, len(text), "hard"),)
        self._numbers: list[int] = []
        for number, part in enumerate(self.parts):
            self._numbers.extend([number] * (part.end - len(self._numbers)))
        self._firsts, self._lasts = _sentences(self.parts)

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """The character range from one part to another, both inclusive and cut to the text."""
        start = self.parts[first].start if first > 0 else self.parts[0].start
        return start, self.parts[last].end if last < len(self.parts) else self.parts[-1].end

    def number_at(self, position: int) -> int:
        """Which part a position belongs to."""
        return self._numbers[position] if position < len(self._numbers) else len(self.parts) - 1

    def at(self, position: int) -> Clause:
        return self.parts[self.number_at(position)]

    def sentence(self, number: int) -> tuple[int, int]:
        """First and last part (inclusive) of the sentence that holds a part."""
        return self._firsts[number], self._lasts[number]


def _sentences(parts: Sequence[Clause]) -> tuple[list[int], list[int]]:
    """For each part the first and the last part of its sentence."""
    firsts: list[int] = []
    for number, part in enumerate(parts):
        firsts.append(number if number == 0 or part.opened_by == "hard" else firsts[-1])
    lasts = list(range(len(parts)))
    for number in range(len(parts) - 2, -1, -1):
        if parts[number + 1].opened_by != "hard":
            lasts[number] = lasts[number + 1]
    return firsts, lasts
