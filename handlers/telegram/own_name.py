"""Asks Telegram who this bot is; a start does not wait for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import Bot

from bot.actions.waiting import Patience, rest

_log = structlog.get_logger(__name__)


async def learn_own_name(bot: Bot, keep: Callable[[str], Awaitable[None]], stop: asyncio.Event) -> None:
    """Tries until the user name is known and kept, or `stop`."""
    patience, failures = Patience(), 0
    while not stop.is_set():
        try:
            await keep((await bot.get_me()).username or "")
        except Exception as error:  # Telegram or the archive is away; links wait, nothing else does
            failures += 1
            if failures == 1:
                _log.warning("the bot's name is not known yet", error=type(error).__name__)
            await rest(stop, patience.after(failures))
        else:
            return
