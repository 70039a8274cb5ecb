"""Listens to Telegram by long poll: keep the updates, then ask for the next, which confirms these.

python-telegram-bot's `Updater` confirms what it only holds in memory, ends for good at one failed `put`,
one 401 or one unparsable update, and fails the start when Telegram is away; so this loop is our own. The
offset is never stored: after a restart Telegram sends what was not confirmed, and the inbox drops what it
has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import structlog
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.actions.keep_updates import Arrived, unnumbered
from bot.actions.waiting import Patience, rest, unless_stopped
from handlers.telegram.translate import chat_id_of

_log = structlog.get_logger(__name__)

# What this bot acts on. Edits and "she blocked the bot" must be asked for by name.
ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")

LONG_POLL_S: Final = 50
_LIMIT: Final = 100

# Keeping takes milliseconds. After this the archive is in trouble, whatever it may say later.
SLOW_S: Final = 1.0


class Keeper(Protocol):
    """Where updates are kept; returns how many were new."""

    async def keep(self, arrived: Sequence[Arrived]) -> int: ...


StorageTrouble = Callable[[Sequence[Arrived]], Awaitable[None]]
Report = Callable[[str | None], None]


async def nobody_to_tell(arrived: Sequence[Arrived]) -> None:
    """What happens with updates that cannot be kept where no emergency road is set."""


class Intake:
    """The long poll of one bot.

    `keeper` keeps; `wake` is called when there is something new to work off; `storage_trouble` gets the
    updates that could not be kept, again with every try; `report` gets a short reason when listening
    fails, and None when it works again.
    """

    def __init__(
        self,
        *,
        bot: Bot,
        polling: BaseRequest,
        keeper: Keeper,
        wake: Callable[[], None],
        storage_trouble: StorageTrouble = nobody_to_tell,
        report: Report = lambda reason: None,
        patience: Patience | None = None,
        long_poll_s: int = LONG_POLL_S,
    ) -> None:
        self._bot = bot
        self._polling = polling
        self._keeper = keeper
        self._wake = wake
        self._storage_trouble = storage_trouble
        self._report = report
        self._patience = patience or Patience()
        self._long_poll_s = long_poll_s
        self._offset: int | None = None
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Listens until `stop`; an open poll is broken off, what it would have brought comes again."""
        while not stop.is_set():
            pause_s = await self._listen_once(stop)
            if pause_s:
                await rest(stop, pause_s)

    async def _listen_once(self, stop: asyncio.Event) -> float:
        """One poll and the keeping of what it brought; gives the seconds to pause."""
        try:
            updates = await unless_stopped(stop, self._ask())
        except Exception as error:  # the loop never dies
            return await self._after_failed_poll(error)
        if not updates:
            self._works()
            # All before the offset is confirmed now. After a quiet week Telegram may number anew, from
            # anywhere.
            self._offset = None
            return 0.0
        arrived = [arrived_from(update) for update in updates]
        try:
            new = await kept_or_advised(self._keeper, arrived, self._storage_trouble)
        except Exception as error:  # nothing is confirmed: the same come again
            return await self._after_failed_keeping(arrived, error)
        self._works()
        if new:
            self._wake()
        numbers = [one.update_id for one in arrived if one.update_id >= 0]
        if not numbers:  # such a thing can be kept but not confirmed: it comes again, without haste
            return self._patience.first_s
        self._offset = max(numbers) + 1
        return 0.0

    async def _ask(self) -> list[object]:
        """The long poll itself, as raw JSON values: nothing is parsed before it is kept."""
        parameters = {
            "timeout": self._long_poll_s,
            "limit": _LIMIT,
            "allowed_updates": json.dumps(ALLOWED_UPDATES),
            **({} if self._offset is None else {"offset": self._offset}),
        }
        updates: object = await self._polling.post(
            f"{self._bot.base_url}/getUpdates?{urlencode(parameters)}",
            read_timeout=self._long_poll_s + (self._polling.read_timeout or 10.0),
        )
        return updates if isinstance(updates, list) else []

    async def _after_failed_poll(self, error: Exception) -> float:
        self._failures += 1
        self._report(_reason(error))
        match error:
            case RetryAfter():
                return _seconds(error.retry_after)
            case InvalidToken():
                return self._patience.longest_s
            case Conflict() if "webhook" in error.message:
                await self._take_webhook_away()
        return self._patience.after(self._failures)

    async def _after_failed_keeping(self, arrived: Sequence[Arrived], error: Exception) -> float:
        self._failures += 1
        _log.error("updates could not be kept", count=len(arrived), error=type(error).__name__)
        self._report("storage cannot be written")
        await advised(arrived, self._storage_trouble)
        return self._patience.after(self._failures)

    async def _take_webhook_away(self) -> None:
        """An earlier run used a webhook; while one is set Telegram refuses polls. Drops nothing waiting."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            _log.warning("the webhook could not be taken away", error=type(error).__name__)

    def _works(self) -> None:
        if self._failures:
            self._report(None)
        self._failures = 0


async def kept_or_advised(keeper: Keeper, arrived: Sequence[Arrived], storage_trouble: StorageTrouble) -> int:
    """Keeps them; where that is slow the emergency road is taken meanwhile, and the keeping goes on.

    Emergency advice is due within two seconds (product, promise 3), a locked file may take longer to say so.
    """
    keeping = asyncio.create_task(keeper.keep(arrived))
    try:
        await asyncio.wait({keeping}, timeout=SLOW_S)
        if not keeping.done():
            await advised(arrived, storage_trouble)
        return await keeping
    finally:
        keeping.cancel()


async def advised(arrived: Sequence[Arrived], storage_trouble: StorageTrouble) -> None:
    """The emergency road; whatever goes wrong on it must not end the ordinary one."""
    try:
        await storage_trouble(arrived)
    except Exception as error:
        _log.error("the emergency road failed", error=type(error).__name__)


def arrived_from(update: object) -> Arrived:
    """Any JSON value can be kept, also one that no version of the Bot API describes."""
    raw = json.dumps(update).encode()
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update, dict) or not isinstance(number, int) or number < 0:
        return unnumbered(raw)
    return Arrived(number, _chat_id(update), raw)


def _chat_id(update: dict[str, Any]) -> int | None:
    try:
        return chat_id_of(update)
    except (AttributeError, KeyError, TypeError):
        return None


def _reason(error: Exception) -> str:
    """For `health`; python-telegram-bot's words for our own errors hold no address."""
    match error:
        case InvalidToken():
            return "Telegram does not know the token"
        case Conflict():
            return "another program listens with the same token"
        case _:
            return f"Telegram cannot be reached ({type(error).__name__})"


def _seconds(retry_after: int | timedelta) -> float:
    return retry_after.total_seconds() if isinstance(retry_after, timedelta) else float(retry_after)
