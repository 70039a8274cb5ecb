"""The rehearsal: a whole Suifang, its stand-in of Telegram, and a clock that people can move.

The service is the real one, over real HTTP; only Telegram and the calendar are ours. The journey tests run
on the same object with the clock standing still.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from pydantic import SecretStr

from bot.assembly.service import Service, opened_service
from bot.clock import MovableClock, SystemClock
from bot.delivery.pacing import Pacing
from bot.rehearsal.chats import Person, Shown
from bot.rehearsal.stand_in import StandIn
from bot.settings import Mode, Settings
from bot.texts import Texts

# The stand-in takes a thousand messages while Telegram takes one.
_FASTER = 1000.0

# A jump steps through every due moment; a study of months has far fewer than this.
_MOST_STEPS = 20_000


class _HurriedClock(SystemClock):
    """For the pace of sending only: a rehearsed night of alarms must not take a night."""

    def monotonic(self) -> float:
        return super().monotonic() * _FASTER


async def _hurried_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / _FASTER)


class Rehearsal:
    """The service, the telephones and the clock, moved together."""

    def __init__(self, service: Service, telegram: StandIn, clock: MovableClock) -> None:
        self.service = service
        self.telegram = telegram
        self.clock = clock

    async def settle(self) -> None:
        """Everything people sent is heard, everything due is done, everything said has arrived."""
        await self.telegram.everything_received()
        await self.service.settle()

    async def move_to(self, moment: datetime) -> None:
        """Lets the time pass until `moment`, stepping through every due moment in order."""
        await self.settle()
        for _ in range(_MOST_STEPS):
            if not await self.step(until=moment):
                break
        if moment > self.clock.now():
            self.clock.move_to(moment)
        await self.settle()

    async def step(self, *, until: datetime) -> bool:
        """Moves to the next due moment and lets it happen; False if none is due up to `until`."""
        due = await self.service.next_due()
        if due is None or due > until:
            return False
        if due > self.clock.now():
            self.clock.move_to(due)
        await self.settle()
        return True

    async def pass_time(self, by: timedelta) -> None:
        """As `move_to`, by a length of time."""
        await self.move_to(self.clock.now() + by)

    # ── people with telephones ───────────────────────────────────────────────

    async def type(self, person: Person, text: str) -> None:
        """She writes, and what follows from it has happened."""
        await self.telegram.type(person, text)
        await self.settle()

    async def tap(self, person: Person, label: str) -> str:
        """She taps the newest button with this label; gives the words shown for a moment, often none."""
        shown = self.button_of(person, label)
        tap_id = await self.telegram.tap(person, shown.message_id, label)
        await self.settle()
        return self.telegram.tap_answer(tap_id) or ""

    def button_of(self, person: Person, label: str) -> Shown:
        """The newest message that has a button with this label.

        Raises:
            LookupError: there is none; says which there are.
        """
        shown = self.telegram.screen(person)
        for message in reversed(shown):
            if any(label in one for one in message.labels()):
                return message
        seen = [message.labels() for message in shown if message.labels()]
        raise LookupError(f"no button {label!r} on the screen; there are {seen}")

    def said(self, person: Person) -> str:
        """Everything the bot said in this chat, oldest first."""
        return "\n".join(message.text for message in self.telegram.screen(person) if message.from_bot)

    def last(self, person: Person) -> str:
        """The newest message of the bot in this chat."""
        message = self.telegram.last_message(person)
        return message.text if message is not None else ""


@asynccontextmanager
async def opened_rehearsal(
    *,
    database_url: str,
    secret: str,
    clock: MovableClock,
    mode: Mode = Mode.REHEARSAL,
    texts: Texts | None = None,
    telegram: StandIn | None = None,
    console_url: str | None = None,
) -> AsyncIterator[Rehearsal]:
    """A running Suifang on a database of its own; listening by long poll, its clock moved by whoever asks.

    `telegram` is one that runs already (a restart of the service alone).
    """
    stand_in = telegram or StandIn(clock=clock)
    if telegram is None:
        await stand_in.start()
    settings = Settings(
        telegram_token=SecretStr(stand_in.token),
        telegram_api_url=stand_in.url,
        database_url=SecretStr(database_url),
        secret_key=SecretStr(secret),
        mode=mode,
        console_url=console_url,
    )
    try:
        pacing = Pacing(_HurriedClock(), sleep=_hurried_sleep)
        async with opened_service(settings, clock=clock, texts=texts, pacing=pacing) as service:
            stop = asyncio.Event()
            listening = asyncio.create_task(service.intake.run(stop))
            try:
                yield Rehearsal(service, stand_in, clock)
            finally:
                stop.set()
                await listening
    finally:
        if telegram is None:
            await stand_in.stop()
