"""A sign of life for a watcher outside (Healthchecks or the like): when it stays away, that watcher rings.

Source: lessons 3 ("external dead-man ping").
"""

from __future__ import annotations

from typing import Final

import aiohttp
import structlog

_log = structlog.get_logger(__name__)
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


class Heartbeat:
    """Asks for one address; without an address it does nothing."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    async def beat(self) -> bool:
        """Whether the watcher has heard it; a failure is logged and is no trouble of ours."""
        if self._url is None:
            return True
        try:
            async with aiohttp.ClientSession(timeout=_PATIENCE) as session, session.get(self._url) as answer:
                heard = answer.status < 400
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("the heartbeat did not go out", error=type(error).__name__)
            return False
        if not heard:
            _log.warning("the heartbeat was refused")
        return heard
