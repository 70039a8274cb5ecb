"""The alarm clock: a tick that fails or hangs is known to be missed."""

from __future__ import annotations

import asyncio

from bot.clock import SystemClock
from handlers.timer.ticks import Tick, Timer


class _HandSet(SystemClock):
    """The machine's running time, set by hand."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


async def test_a_tick_that_fails_is_missed_after_a_minute_and_one_that_is_done_is_not() -> None:
    clock, rung, stop = _HandSet(), asyncio.Event(), asyncio.Event()

    async def done() -> None:
        clock.at = 61.0

    async def fails() -> None:
        rung.set()
        raise RuntimeError

    timer = Timer(
        [Tick(name="done", every_s=900, ring=done), Tick(name="fails", every_s=900, ring=fails)], clock
    )
    running = asyncio.create_task(timer.run(stop))
    await asyncio.wait_for(rung.wait(), 10)
    stop.set()
    await running
    assert timer.missed() == ()
    clock.at = 61.0 + 2700.0
    assert timer.missed() == ("fails",)
