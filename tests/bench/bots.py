"""The bots under measure. Each answers every text with one text; only ours has stored both by then."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiogram import Bot as AiogramBot
from aiogram import Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message as AiogramMessage
from pydantic import SecretStr
from telegram import Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)

from bot.assembly.service import opened_service
from bot.clock import SystemClock
from bot.delivery.pacing import Pacing
from bot.settings import Mode, Settings
from tests.bench.stage import Crowd, Measured, Stage, staged

Run = Callable[[Stage, asyncio.Event], Awaitable[None]]
_ASKED = 0


class Unpaced(SystemClock):
    """Pacing of sends is left out: the others have none, and the stand-in sets no limit."""

    def monotonic(self) -> float:
        return super().monotonic() * 1e6


async def measure(run: Run, crowd: Crowd) -> Measured:
    """One bot on a stage of its own."""
    with staged(crowd) as stage:
        stop = asyncio.Event()
        running = asyncio.create_task(_until(run, stage, stop))
        waiting = asyncio.create_task(stage.measured())
        done, _ = await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running in done:
            running.result()
        result = await waiting
        stop.set()
        await running
    return result


async def _until(run: Run, stage: Stage, stop: asyncio.Event) -> None:
    await run(stage, stop)


async def suifang(stage: Stage, stop: asyncio.Event) -> None:
    """The whole service on SQLite with `synchronous=FULL`: strangers write, each is answered."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            telegram_token=SecretStr(stage.token),
            telegram_api_url=stage.url,
            database_url=SecretStr(f"sqlite:///{Path(folder) / 'bench.db'}"),
            secret_key=SecretStr("a key for measuring only, long enough to be one"),
            mode=Mode.REHEARSAL,
        )
        async with opened_service(settings, pacing=Pacing(Unpaced())) as service:
            await service.run_chat(stop)


async def bare_echo(stage: Stage, stop: asyncio.Event) -> None:
    """python-telegram-bot as its first example shows it: nothing is kept."""

    async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await update.message.reply_text("hello")

    application = _builder(stage).build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    await _poll(application, stop)


async def conversation_with_pickle(stage: Stage, stop: asyncio.Event) -> None:
    """`ConversationHandler` with `PicklePersistence`, as its examples show it: kept once a minute."""

    async def ask(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> int:
        if update.message is not None:
            await update.message.reply_text("hello")
        return _ASKED

    with tempfile.TemporaryDirectory() as folder:
        persistence: PicklePersistence[Any, Any, Any] = PicklePersistence(Path(folder) / "bench.pickle")
        application = _builder(stage).persistence(persistence).build()
        handler: ConversationHandler[ContextTypes.DEFAULT_TYPE] = ConversationHandler(
            entry_points=[MessageHandler(filters.TEXT, ask)],
            states={_ASKED: [MessageHandler(filters.TEXT, ask)]},
            fallbacks=[],
            persistent=True,
            name="bench",
        )
        application.add_handler(handler)
        await _poll(application, stop)


async def aiogram_echo(stage: Stage, stop: asyncio.Event) -> None:
    """aiogram as its first example shows it: nothing is kept."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(stage.url))
    bot, dispatcher = AiogramBot(stage.token, session=session), Dispatcher()

    @dispatcher.message()
    async def echo(message: AiogramMessage) -> None:
        await message.answer("hello")

    polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    await stop.wait()
    await dispatcher.stop_polling()
    await polling
    await session.close()


def _builder(stage: Stage) -> ApplicationBuilder:  # type: ignore[type-arg]
    builder = ApplicationBuilder().token(stage.token)
    return builder.base_url(f"{stage.url}/bot").base_file_url(f"{stage.url}/file/bot")


async def _poll(application: Application, stop: asyncio.Event) -> None:  # type: ignore[type-arg]
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling()
        await stop.wait()
        await application.updater.stop()
        await application.stop()
