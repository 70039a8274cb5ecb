import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.delivery.aiohttp_request import (
    AiohttpRequest,
    AnswerLost,
    AnswerOverdue,
    NeverSent,
    NeverSentInTime,
    NotTheBotApi,
    ServerTrouble,
    TelegramConnection,
    Timeouts,
    may_have_arrived,
    telegram_connection,
)
from bot.rehearsal import faults
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn


async def failure(asking: Awaitable[object]) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await asking
    return caught.value


async def test_the_bot_speaks_and_is_heard(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    message = await connection.bot.send_message(li.id, "您好 😟")
    assert message.message_id == 2
    shown = telegram.last_message(li)
    assert shown is not None
    assert shown.text == "您好 😟"


async def test_one_connection_serves_many_requests(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    connected = count_connections(telegram)
    for number in range(5):
        await connection.bot.send_message(li.id, str(number))
    assert connected() == 1


def count_connections(telegram: StandIn) -> Callable[[], int]:
    runner = telegram._runner
    assert runner is not None
    assert runner.server is not None
    return lambda: len(runner.server.connections) if runner.server else 0


async def test_files_leave_as_multipart_with_their_names(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    await connection.bot.send_document(li.id, b"a;b\n1;2", filename="血小板 TJ-001.csv", caption="?")
    shown = telegram.last_message(li)
    assert shown is not None
    assert shown.content == "document"
    assert telegram.file(shown, li) == b"a;b\n1;2"
    assert telegram.calls[-1].files["document"].filename == "血小板 TJ-001.csv"


async def test_a_file_of_a_person_can_be_fetched(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    await telegram.send_photo(li, content=b"\xff\xd8slip")
    file_id = "file-000001"
    file = await connection.bot.get_file(file_id)
    assert bytes(await file.download_as_bytearray()) == b"\xff\xd8slip"


async def test_telegrams_own_errors_keep_their_kind(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    bot = connection.bot
    assert isinstance(await failure(bot.send_message(1, "?")), BadRequest)
    await telegram.block(li)
    assert isinstance(await failure(bot.send_message(li.id, "?")), Forbidden)
    telegram.inject(faults.TooManyRequests(7))
    too_many = await failure(bot.send_message(li.id, "?"))
    assert isinstance(too_many, RetryAfter)
    assert too_many.retry_after == timedelta(seconds=7)
    async with telegram_connection("8:other", api_url=telegram.url) as other:
        assert isinstance(await failure(other.bot.get_me()), InvalidToken)


@pytest.mark.parametrize(
    ("fault", "kind", "uncertain"),
    [
        (faults.ConnectionReset(), AnswerLost, True),
        (faults.AnswerLost(), AnswerLost, True),
        (faults.NeverAnswered(), AnswerOverdue, True),
        (faults.ServerError(500), ServerTrouble, False),
        (faults.ServerError(502), ServerTrouble, False),
        (faults.ServerError(504), ServerTrouble, True),
        (faults.ForeignPage(403), NotTheBotApi, False),
        (faults.ForeignPage(200), NotTheBotApi, False),
    ],
)
async def test_a_failure_tells_whether_it_may_have_arrived(
    telegram: StandIn,
    impatient: TelegramConnection,
    li: Person,
    fault: faults.Fault,
    kind: type[TelegramError],
    uncertain: bool,
) -> None:
    telegram.inject(fault, method="sendMessage")
    error = await failure(impatient.bot.send_message(li.id, "?"))
    assert type(error) is kind
    assert may_have_arrived(error) is uncertain


async def test_where_nobody_listens_nothing_was_sent(
    telegram: StandIn, connection: TelegramConnection, li: Person
) -> None:
    await telegram.stop()
    error = await failure(connection.bot.send_message(li.id, "?"))
    assert type(error) is NeverSent
    assert not may_have_arrived(error)


async def test_a_closed_request_sends_nothing_and_may_be_opened_again(telegram: StandIn) -> None:
    request = AiohttpRequest()
    address = f"{telegram.url}/bot{telegram.token}/getMe"
    assert type(await failure(request.post(address))) is NeverSent
    await request.initialize()
    await request.initialize()
    assert (await request.do_request(address, "POST"))[0] == 200
    await request.shutdown()
    await request.shutdown()
    async with request:
        assert (await request.do_request(address, "POST"))[0] == 200


async def test_a_proxy_that_takes_no_connection_means_nothing_was_sent(
    telegram: StandIn, unused_port: int
) -> None:
    for scheme in ("http", "socks5", "socks5h"):
        proxy = f"{scheme}://user:word@127.0.0.1:{unused_port}"
        async with telegram_connection(telegram.token, api_url=telegram.url, proxy_url=proxy) as connected:
            error = await failure(connected.bot.get_me())
        assert type(error) is NeverSent
        assert "word" not in str(error)


async def test_a_socks_proxy_that_says_nothing_runs_out_of_time(telegram: StandIn) -> None:
    async with relay(silent=True) as (port, _):
        proxy = f"socks5://127.0.0.1:{port}"
        quick = Timeouts(connect=0.3, read=1.0)
        async with telegram_connection(
            telegram.token, api_url=telegram.url, proxy_url=proxy, timeouts=quick
        ) as connected:
            error = await failure(connected.bot.get_me())
    assert type(error) is NeverSentInTime


async def test_a_socks_proxy_carries_the_request_and_resolves_the_name(telegram: StandIn) -> None:
    async with relay() as (port, asked):
        root = telegram.url.replace("127.0.0.1", "bot-api.invalid")
        proxy = f"socks5://127.0.0.1:{port}"
        async with telegram_connection(telegram.token, api_url=root, proxy_url=proxy) as connected:
            assert (await connected.bot.get_me()).is_bot
    assert asked == ["bot-api.invalid"]


async def test_an_http_proxy_carries_the_request(telegram: StandIn) -> None:
    """For a plain http address the proxy is asked with the whole address."""
    proxy = telegram.url
    async with telegram_connection(
        telegram.token, api_url="http://bot-api.invalid", proxy_url=proxy
    ) as connected:
        assert (await connected.bot.get_me()).is_bot


async def test_no_failure_shows_the_token(
    telegram: StandIn, impatient: TelegramConnection, li: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for fault in (faults.ConnectionReset(), faults.NeverAnswered(), faults.ForeignPage()):
        telegram.inject(fault)
        error = await failure(impatient.bot.send_message(li.id, "?"))
        assert telegram.token not in f"{error!r} {error.__cause__!r}"
    assert telegram.token not in caplog.text


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@asynccontextmanager
async def relay(*, silent: bool = False) -> AsyncIterator[tuple[int, list[str]]]:
    """A SOCKS5 proxy on this machine that leads every name here; gives its port and the names asked for."""
    asked: list[str] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve_socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent:
            await reader.read()
            writer.close()
            return
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        length = (await reader.readexactly(1))[0] if kind == 3 else 4
        asked.append((await reader.readexactly(length)).decode(errors="replace"))
        port = int.from_bytes(await reader.readexactly(2), "big")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(pump(source, sink))
            tasks.add(task)

    server = await asyncio.start_server(serve_socks, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await asyncio.gather(*tasks)


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)
    sink.close()
