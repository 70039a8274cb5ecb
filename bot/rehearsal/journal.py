"""What happened: everything people did, what was recorded, and what was sent and when, line by line.

The telephones tell of each thing at once; what a message of the bot was (advice, alert, reminder) and what
the record holds is added when everything has settled. Within one such step people come first, then the
record, then what was said because of it, so that the lines read as cause and effect.

Worked case: 08:32 TJ-001 writes of a nosebleed; 08:32 a case was opened; 08:32 advice to TJ-001 (0.1 s);
08:32 alert to CA1 and SI1 (0.2 s).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.clock import Clock
from bot.rehearsal.chats import Happening, HappeningKind
from bot.rules.messages import Phrase


class Sort(StrEnum):
    """What a line is about. The first are people's doing, RECORD is the trail, the last are the bot's."""

    WROTE = "WROTE"
    EDITED = "EDITED"
    TAPPED = "TAPPED"
    BLOCKED = "BLOCKED"
    UNBLOCKED = "UNBLOCKED"
    CLOCK = "CLOCK"
    RECORD = "RECORD"
    ADVICE = "ADVICE"
    ALERT = "ALERT"
    REPLY = "REPLY"
    REMINDER = "REMINDER"
    DIGEST = "DIGEST"


BY_BOT: Final = frozenset({Sort.ADVICE, Sort.ALERT, Sort.REPLY, Sort.REMINDER, Sort.DIGEST})
_BY_PEOPLE: Final = {
    HappeningKind.SAID: Sort.WROTE,
    HappeningKind.EDITED: Sort.EDITED,
    HappeningKind.TAPPED: Sort.TAPPED,
    HappeningKind.BLOCKED: Sort.BLOCKED,
    HappeningKind.UNBLOCKED: Sort.UNBLOCKED,
}


@dataclass(slots=True)
class Line:
    """One line. `who` is a code, `delay_s` the seconds from what a person did to this answer.

    `also`: to whom else the same was said, in which words. `content`: what was sent without words.
    """

    at: datetime
    sort: Sort
    who: str = ""
    words: str = ""
    delay_s: float | None = None
    message_id: int | None = None
    said: Phrase | None = None
    level: str = ""
    subject: str = ""
    content: str = ""
    also: dict[str, str] = field(default_factory=dict)


class Journal:
    """The lines so far, oldest first; `fresh` are those whose step is not over."""

    def __init__(self, clock: Clock, code_of: Callable[[int | None], str]) -> None:
        self.lines: list[Line] = []
        self.fresh: list[Line] = []
        self._clock = clock
        self._code_of = code_of
        self._acted_at_s: float | None = None

    def hear(self, happening: Happening) -> None:
        """A listener of the stand-in."""
        who = self._code_of(happening.chat_id)
        if not who:
            return
        sort = _BY_PEOPLE.get(happening.kind)
        if sort is not None:
            self._acted_at_s = self._clock.monotonic()
            self._add(happening, who, sort)
        elif happening.kind is HappeningKind.BOT_SAID:
            self._add(happening, who, Sort.REPLY)

    def _add(self, happening: Happening, who: str, sort: Sort) -> None:
        delay_s = None
        if sort in BY_BOT and self._acted_at_s is not None:
            delay_s = self._clock.monotonic() - self._acted_at_s
        self.fresh.append(
            Line(
                happening.at,
                sort,
                who,
                happening.words,
                delay_s,
                message_id=happening.message_id,
                content=happening.content,
            )
        )

    def nobody_acted(self) -> None:
        """Time moves on: what is said now answers nobody."""
        self._acted_at_s = None

    def time_jumps(self, to: datetime) -> None:
        """Somebody moved the clock to here."""
        self.nobody_acted()
        self.lines.append(Line(to, Sort.CLOCK))

    def end_step(self, record: Sequence[Line]) -> bool:
        """Puts the lines of this step in order of cause and effect; whether there were any."""
        people = [line for line in self.fresh if line.sort not in BY_BOT]
        bot = [line for line in self.fresh if line.sort in BY_BOT]
        step = [*people, *record, *_together(bot)]
        self.lines += step
        self.fresh = []
        return bool(step)

    def begin_anew(self) -> None:
        """The curtain rises: nothing has happened yet."""
        self.lines, self.fresh, self._acted_at_s = [], [], None


def _together(lines: Sequence[Line]) -> list[Line]:
    """One line for what was told to several at once."""
    kept: list[Line] = []
    for line in lines:
        same = next(
            (one for one in kept if one.sort is line.sort is Sort.ALERT and one.subject == line.subject), None
        )
        if same is None:
            kept.append(line)
        elif line.who not in (same.who, *same.also):
            same.also[line.who] = line.words
            same.delay_s = line.delay_s if line.delay_s is not None else same.delay_s
    return kept
