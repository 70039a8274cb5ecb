from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.clock import MovableClock
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn


@pytest.fixture
async def telegram(clock: MovableClock) -> AsyncIterator[StandIn]:
    async with StandIn(clock=clock) as stand_in:
        yield stand_in


@pytest.fixture
async def li(telegram: StandIn) -> Person:
    """A person who has started the bot."""
    person = await telegram.create_user("Li")
    await telegram.type(person, "/start")
    return person


class RawBot:
    """Speaks with the stand-in in bare HTTP, as any library would."""

    def __init__(self, session: aiohttp.ClientSession, telegram: StandIn) -> None:
        self._session = session
        self._root = f"{telegram.url}/bot{telegram.token}"

    async def ask(self, method: str, **parameters: object) -> tuple[int, dict[str, object]]:
        """Status and body of a call with a JSON body."""
        async with self._session.post(f"{self._root}/{method}", json=parameters) as response:
            return response.status, await response.json()

    async def do(self, method: str, **parameters: object) -> object:
        """The result of a call that must succeed."""
        status, body = await self.ask(method, **parameters)
        assert status == 200, body
        return body["result"]

    async def refused(self, method: str, **parameters: object) -> str:
        """The description of a call that must fail."""
        status, body = await self.ask(method, **parameters)
        assert status == body["error_code"], body
        return str(body["description"])


@pytest.fixture
async def bot(telegram: StandIn) -> AsyncIterator[RawBot]:
    async with aiohttp.ClientSession() as session:
        yield RawBot(session, telegram)
