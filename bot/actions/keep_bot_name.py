"""The bot's user name, as Telegram gives it: kept, so that every process can make links that open the bot."""

from __future__ import annotations

from bot.actions.desk import Desk


async def keep_bot_name(desk: Desk, username: str) -> None:
    """Keeps it; the same name again changes nothing."""
    async with desk.archive.begin() as uow:
        if (await uow.marks.get("bot") or {}).get("username") != username:
            await uow.marks.set("bot", {"username": username})
