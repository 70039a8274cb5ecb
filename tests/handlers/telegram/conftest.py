from collections.abc import AsyncIterator

import pytest

from bot.actions.keep_updates import KeepUpdates
from bot.clock import MovableClock
from bot.delivery.aiohttp_request import TelegramConnection, Timeouts, telegram_connection
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from storage.archive import Archive


@pytest.fixture
async def telegram(clock: MovableClock) -> AsyncIterator[StandIn]:
    async with StandIn(clock=clock) as stand_in:
        yield stand_in


@pytest.fixture
async def li(telegram: StandIn) -> Person:
    person = await telegram.create_user("Li")
    await telegram.type(person, "/start")
    return person


@pytest.fixture
async def connection(telegram: StandIn) -> AsyncIterator[TelegramConnection]:
    timeouts = Timeouts(connect=1.0, read=1.0)
    async with telegram_connection(telegram.token, api_url=telegram.url, timeouts=timeouts) as connected:
        yield connected


@pytest.fixture
def keeper(archive: Archive, clock: MovableClock, telegram: StandIn) -> KeepUpdates:
    return KeepUpdates(archive=archive, clock=clock, bot_id=telegram.bot_id)
