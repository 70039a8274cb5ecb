from __future__ import annotations

import asyncio

from bot.delivery.aiohttp_request import TelegramConnection
from bot.rehearsal.stand_in import StandIn
from bot.texts import Texts
from handlers.telegram.general_menu import announce_general_menu


async def test_a_chat_nobody_has_linked_is_offered_only_to_begin_and_help_in_both_languages(
    telegram: StandIn, connection: TelegramConnection
) -> None:
    await announce_general_menu(connection.bot, Texts.load(), asyncio.Event())
    for code, begin in (("zh", "开始"), (None, "Begin")):
        commands = await connection.bot.get_my_commands(language_code=code)
        assert [one.command for one in commands] == ["start", "help"]
        assert commands[0].description == begin
