"""How the loops wait: broken off by a stop, cut short by a wake-up, on the machine's time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between two tries: the first, doubled up to the longest.

    >>> [Patience().after(failures) for failures in (1, 2, 3, 9)]
    [1.0, 2.0, 4.0, 30.0]
    """

    first_s: float = 1.0
    longest_s: float = 30.0

    def after(self, failures: int) -> float:
        """The pause after so many failures in a row (1 and more)."""
        return min(self.first_s * 2.0 ** min(failures - 1, 20), self.longest_s)


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None when `stop` came first; the work is then broken off."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def rest(stop: asyncio.Event, seconds: float, *, woken: asyncio.Event | None = None) -> None:
    """Until `seconds` have passed, `woken` is set, or `stop` is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if woken is None:
                await stop.wait()
            else:
                await unless_stopped(stop, woken.wait())
