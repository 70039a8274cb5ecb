"""The road that is not Telegram: mail, SMS gateways, WeCom, DingTalk, Feishu, ntfy, whatever Apprise speaks.

An address is one Apprise URL (`mailtos://…`, `wecombot://…`, `ntfy://…`); it holds a secret and is never
shown or logged. Apprise is heavy and blocks, so it is imported with the first ring and works beside the loop.
What was tried here: SMTP and HTTP against servers of our own. WeCom, DingTalk, Feishu and SMS gateways were
not tried against their makers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

# Longer than a slow mail server needs; an SMS gateway answers within seconds.
PATIENCE_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class RoadOutcome:
    """`taken` of `tried` addresses accepted it; `reason` says of what kind the first failure was."""

    tried: int
    taken: int
    reason: str = ""

    @property
    def arrived(self) -> bool:
        """Somebody's server has it; whether a person read it nobody can know."""
        return self.taken > 0


class SecondRoad:
    """The addresses of the operator, or of one person; each is tried, one that fails hinders no other."""

    async def ring(self, addresses: Sequence[str], *, title: str, body: str) -> RoadOutcome:
        """Sends the same words to every address side by side; never raises for what an address does."""
        results = await asyncio.gather(*(self._try(one, title, body) for one in addresses))
        failed = [reason for reason in results if reason]
        if failed:
            _log.warning("the second road failed")
        return RoadOutcome(len(results), len(results) - len(failed), failed[0] if failed else "")

    async def _try(self, address: str, title: str, body: str) -> str:
        """Empty when it was accepted, else of what kind the failure was."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.to_thread(_notify, address, title, body)
        except TimeoutError:
            return "no answer in time"
        except Exception as error:
            return type(error).__name__


def understood(address: str) -> bool:
    """Whether Apprise knows what to do with this address; nothing is sent."""
    import apprise

    return bool(apprise.Apprise().add(address))


def _notify(address: str, title: str, body: str) -> str:
    import apprise

    road = apprise.Apprise()
    if not road.add(address):
        return "address not understood"
    return "" if road.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT) else "refused"
