"""The stand-in of Telegram in a process of its own, with a crowd whose messages wait for the bot.

Every bot under measure meets the same: `messages` texts from `chats` people, all there before it starts. The
clock runs from the bot's first request to the moment every message has been answered.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bot.clock import SystemClock
from bot.rehearsal.chats import Happening, HappeningKind
from bot.rehearsal.stand_in import StandIn


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many people, who wrote so many messages in all."""

    chats: int
    messages: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the stand-in saw: answers, and seconds from the first request to the last answer."""

    answers: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


async def _play(pipe: Connection, crowd: Crowd) -> None:
    clock = SystemClock()
    answered = asyncio.Semaphore(0)

    def hear(happening: Happening) -> None:
        if happening.kind is HappeningKind.BOT_SAID:
            answered.release()

    async with StandIn(clock=clock) as telegram:
        people = [await telegram.create_user(f"P{number}") for number in range(crowd.chats)]
        for number in range(crowd.messages):
            await telegram.type(people[number % crowd.chats], "good morning")
        telegram.listen(hear)
        pipe.send((telegram.url, telegram.token))
        await telegram.wait_until(lambda: bool(telegram.calls), timeout_s=60.0)
        began = clock.monotonic()
        for _ in range(crowd.messages):
            await answered.acquire()
        pipe.send(Measured(crowd.messages, clock.monotonic() - began))
        await asyncio.to_thread(pipe.recv)


def _process(pipe: Connection, crowd: Crowd) -> None:
    asyncio.run(_play(pipe, crowd))


@dataclass
class Stage:
    """`url` and `token` of the Bot API; `measured()` waits for the last answer."""

    url: str
    token: str
    _pipe: Connection

    async def measured(self) -> Measured:
        result: Any = await asyncio.to_thread(self._pipe.recv)
        assert isinstance(result, Measured)
        return result


@contextmanager
def staged(crowd: Crowd) -> Iterator[Stage]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_process, args=(theirs, crowd), daemon=True)
    process.start()
    url, token = ours.recv()
    try:
        yield Stage(url, token, ours)
    finally:
        ours.send(None)
        process.join(10)
        process.kill()
