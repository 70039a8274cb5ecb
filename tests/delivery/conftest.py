from collections.abc import AsyncIterator

import pytest

from bot.clock import MovableClock
from bot.delivery.aiohttp_request import TelegramConnection, Timeouts, telegram_connection
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn

IMPATIENT = Timeouts(connect=2.0, read=0.8, write=0.8, upload=0.8, pool=0.8)


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
    async with telegram_connection(telegram.token, api_url=telegram.url) as connected:
        yield connected


@pytest.fixture
async def impatient(telegram: StandIn) -> AsyncIterator[TelegramConnection]:
    """A connection that waits a moment only for its answers."""
    async with telegram_connection(telegram.token, api_url=telegram.url, timeouts=IMPATIENT) as connected:
        yield connected
