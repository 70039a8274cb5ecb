import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette

from bot.actions.keep_updates import Arrived, KeepUpdates
from bot.actions.waiting import Patience
from bot.delivery.aiohttp_request import TelegramConnection
from bot.rehearsal import faults
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from handlers.telegram.intake import Keeper
from handlers.telegram.webhook import LARGEST_UPDATE, SECRET_HEADER, announce_webhook, webhook_route
from storage.archive import Archive
from storage.errors import StorageUnavailable
from tests.cast import MORNING

PATH = "/telegram/hidden"
SECRET = "the-second-secret"


@dataclass
class Door:
    """The web application with the route, on a port of its own."""

    url: str
    woken: int = 0
    troubles: list[bytes] = field(default_factory=list)

    def wake(self) -> None:
        self.woken += 1

    async def trouble(self, arrived: Sequence[Arrived]) -> None:
        self.troubles += [one.raw for one in arrived]

    async def post(self, body: bytes, *, secret: str = SECRET) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=io.BytesIO(body), headers={SECRET_HEADER: secret}) as response,
        ):
            return response.status


@asynccontextmanager
async def open_door(keeper: Keeper) -> AsyncIterator[Door]:
    door = Door("")
    route = webhook_route(
        path=PATH, secret=SECRET, keeper=keeper, wake=door.wake, storage_trouble=door.trouble
    )
    config = uvicorn.Config(Starlette(routes=[route]), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))  # whoever comes before it serves waits in the queue
    serving = asyncio.create_task(server.serve([listener]))
    port = listener.getsockname()[1]
    door.url = f"http://127.0.0.1:{port}{PATH}"
    try:
        yield door
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def door(keeper: KeepUpdates) -> AsyncIterator[Door]:
    async with open_door(keeper) as opened:
        yield opened


async def waiting_in(archive: Archive) -> list[bytes]:
    async with archive.begin() as uow:
        return [row.raw for row in await uow.inbox.claim(100, MORNING, MORNING)]


async def test_telegram_sends_and_the_inbox_has_it(
    telegram: StandIn, connection: TelegramConnection, door: Door, archive: Archive, li: Person
) -> None:
    stop = asyncio.Event()
    await announce_webhook(connection.bot, url=door.url, secret=SECRET, stop=stop)
    await telegram.everything_received()
    assert [json.loads(raw)["message"]["text"] for raw in await waiting_in(archive)] == ["/start"]
    assert door.woken == 1


async def test_a_repeat_is_taken_and_wakes_nobody(door: Door) -> None:
    update = json.dumps({"update_id": 7, "message": {"chat": {"id": 5}, "text": "x"}}).encode()
    assert await door.post(update) == 200
    assert await door.post(update) == 200
    assert door.woken == 1


async def test_without_the_secret_there_is_nothing_here(door: Door, archive: Archive) -> None:
    update = b'{"update_id": 7}'
    assert await door.post(update, secret="guessed") == 404
    assert await door.post(update, secret="") == 404
    assert await waiting_in(archive) == []


async def test_what_is_too_large_is_refused_before_it_is_read_whole(door: Door) -> None:
    assert await door.post(b"x" * (LARGEST_UPDATE + 1)) == 413


async def test_what_is_no_update_is_kept_all_the_same_and_once(door: Door, archive: Archive) -> None:
    assert await door.post(b"no json") == 200
    assert await door.post(b"no json") == 200
    assert await door.post(b'["a list"]') == 200
    assert await waiting_in(archive) == [b"no json"]
    assert door.woken == 2


class FullArchive:
    """The disk's part: no room."""

    async def keep(self, arrived: Sequence[Arrived]) -> int:
        raise StorageUnavailable("disk is full")


async def test_what_cannot_be_kept_is_not_confirmed_and_the_emergency_road_hears_it() -> None:
    async with open_door(FullArchive()) as door:
        assert await door.post(b'{"update_id": 7}') == 503
    assert door.troubles == [b'{"update_id": 7}']


async def test_telegram_may_be_away_when_the_webhook_is_announced(
    telegram: StandIn, connection: TelegramConnection, door: Door, li: Person
) -> None:
    telegram.inject(faults.ServerError(500), times=3)
    reports: list[str | None] = []
    await announce_webhook(
        connection.bot,
        url=door.url,
        secret=SECRET,
        stop=asyncio.Event(),
        report=reports.append,
        patience=Patience(first_s=0.0, longest_s=0.0),
    )
    assert reports[-1] is None
    assert len(reports) == 4
    assert (await connection.bot.get_webhook_info()).url == door.url
