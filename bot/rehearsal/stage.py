"""What the page needs of a running rehearsal; `bot/assembly` builds it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.rehearsal.cast import Cast
from bot.rehearsal.journal import Journal
from bot.rehearsal.stand_in import StandIn
from bot.rules.study import Language, StaffCode
from bot.texts import Texts


class Jump(StrEnum):
    """How far the clock is moved at once."""

    HOUR = "hour"
    EVENT = "event"
    MORNING = "morning"


class Due(StrEnum):
    """What the next due moment belongs to."""

    PLAN = "plan"
    CASE = "case"
    MESSAGE = "message"


class Scene(StrEnum):
    """A moment to step into. START is the morning on which the curtain rises."""

    START = "start"
    FIRST_DAY = "first_day"
    GOOD_EVENING = "good_evening"
    NIGHT_ALARM = "night_alarm"
    PLATELETS_100 = "platelets_100"
    CHEMOTHERAPY = "chemotherapy"


@dataclass(frozen=True, slots=True)
class NextEvent:
    at: datetime
    due: Due


@dataclass(frozen=True, slots=True)
class ConsolePass:
    """The cookie of a session of the console."""

    cookie: str
    token: str


class Changes:
    """Counts what changes on the stage; whoever shows it waits for the next change."""

    def __init__(self) -> None:
        self.number = 0
        self.of_chat: dict[int, int] = {}
        self._changed = asyncio.Event()

    def note(self, chat_id: int | None = None) -> None:
        """Something changed, in this chat or anywhere."""
        self.number += 1
        if chat_id is not None:
            self.of_chat[chat_id] = self.of_chat.get(chat_id, 0) + 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, longest_s: float) -> None:
        """Until the next change, and no longer than this."""
        try:
            await asyncio.wait_for(self._changed.wait(), longest_s)
        except TimeoutError:
            return


class Stage(Protocol):
    """The running rehearsal. Texts and telephones are the real ones; `busy` while the clock is moved.

    `raised` counts how often the curtain rose: a page of an earlier time must be drawn anew.
    """

    telegram: StandIn
    texts: Texts
    cast: Cast
    journal: Journal
    changes: Changes
    raised: int
    scene: Scene
    busy: bool
    next_event: NextEvent | None

    def now(self) -> datetime: ...

    async def heard(self) -> None:
        """What people just did has been answered."""

    async def jump(self, jump: Jump) -> None:
        """Moves the clock through every due moment in order."""

    def stop_here(self) -> None:
        """A jump that is under way ends at the moment it has reached."""

    async def play(self, scene: Scene, language: Language) -> None:
        """Undoes everything and plays up to where this scene begins, with people of this language."""

    def focus(self, language: Language) -> tuple[str, str]:
        """The codes of the patient and the colleague this scene is about."""

    async def open_card(self, code: str) -> None:
        """She scans the card her nurse printed."""

    async def console_pass(self, code: StaffCode) -> ConsolePass:
        """What signs a visitor in to the console as this person."""
