"""Waiting in tests without sleeping: whoever changes something rings, whoever waits looks again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def until(self, condition: Callable[[], object], *, timeout_s: float = 10.0) -> None:
        """Returns as soon as the condition is true at a ring."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._rung.clear()
                await self._rung.wait()
