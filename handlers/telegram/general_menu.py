"""Tells Telegram the commands of a chat nobody has linked; a start does not wait for it.

Whoever has joined gets a menu of their own, in the language they chose (`bot/actions/show_menu.py`).
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from telegram import Bot, BotCommand

from bot.actions.waiting import Patience, rest
from bot.rules.commands import STRANGER_MENU
from bot.rules.study import Language
from bot.texts import Texts

_log = structlog.get_logger(__name__)

# What Telegram calls our languages; English stands for every other.
_CODES: Final = {Language.ZH: "zh", Language.EN: None}


async def announce_general_menu(bot: Bot, texts: Texts, stop: asyncio.Event) -> None:
    """Tries until both languages are told, or `stop`."""
    patience, failures = Patience(), 0
    while not stop.is_set():
        try:
            for language, code in _CODES.items():
                await bot.set_my_commands(_menu(texts, language), language_code=code)
        except Exception as error:  # Telegram is away; nothing waits for this
            failures += 1
            if failures == 1:
                _log.warning("the menu of the bot is not told yet", error=type(error).__name__)
            await rest(stop, patience.after(failures))
        else:
            return


def _menu(texts: Texts, language: Language) -> list[BotCommand]:
    return [BotCommand(name, texts.say(f"patient.command.{name}", language)) for name in STRANGER_MENU]
