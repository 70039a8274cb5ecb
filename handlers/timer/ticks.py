"""Rings the actions that time makes happen. APScheduler is the alarm clock, the archive is the diary.

What is due stands in indexed columns; a ring that comes late finds the same rows and loses nothing. So a
few interval jobs are enough, and none is kept anywhere. Source: stack, "Durable scheduling".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock, SystemClock

_log = structlog.get_logger(__name__)

_A_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """`ring` is called every `every_s` seconds of the machine's time, never twice at once."""

    name: str
    every_s: float
    ring: Callable[[], Awaitable[object]]


class Timer:
    """Rings its ticks until stopped; a tick that fails is rung again at its next time."""

    def __init__(self, ticks: Sequence[Tick], clock: Clock | None = None) -> None:
        self._ticks = tuple(ticks)
        self._clock = clock or SystemClock()
        self._rang_at: dict[str, float] = {}
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def missed(self) -> tuple[str, ...]:
        """The ticks not done for three of their times and at least a minute: failing, or still in hand."""
        now = self._clock.monotonic()
        return tuple(
            tick.name
            for tick in self._ticks
            if now - self._rang_at.get(tick.name, now) > max(_A_MINUTE, 3 * tick.every_s)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Rings each tick at once and then at its times; finishes the one in hand after `stop`."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        at_once = SystemClock().real_now()  # APScheduler looks at the machine's own clock
        for tick in self._ticks:
            self._rang_at[tick.name] = self._clock.monotonic()
            scheduler.add_job(
                self._ring,
                "interval",
                args=(tick,),
                id=tick.name,
                seconds=tick.every_s,
                next_run_time=at_once,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        scheduler.start()
        try:
            await stop.wait()
        finally:
            scheduler.remove_all_jobs()
            await self._idle.wait()
            scheduler.shutdown(wait=False)

    async def _ring(self, tick: Tick) -> None:
        self._in_hand += 1
        self._idle.clear()
        try:
            await tick.ring()
            self._rang_at[tick.name] = self._clock.monotonic()
        except Exception as error:  # the next ring tries again
            _log.error("a tick failed", action=tick.name, error=type(error).__name__)
        finally:
            self._in_hand -= 1
            if self._in_hand == 0:
                self._idle.set()
