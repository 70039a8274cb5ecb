import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.actions.keep_updates import Arrived, KeepUpdates
from bot.actions.waiting import Patience
from bot.delivery.aiohttp_request import TelegramConnection, telegram_connection
from bot.rehearsal import faults
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from handlers.telegram.intake import Intake, Keeper, kept_or_advised
from storage.archive import Archive
from storage.errors import StorageUnavailable
from tests.bell import Bell
from tests.cast import MORNING

QUICK = Patience(first_s=0.01, longest_s=0.02)


class Reports(list[str | None]):
    """What an intake reports; rings at each."""

    def __init__(self, bell: Bell) -> None:
        super().__init__()
        self.bell = bell

    def hear(self, reason: str | None) -> None:
        self.append(reason)
        self.bell.ring()


@asynccontextmanager
async def listening(connection: TelegramConnection, keeper: Keeper, **more: Any) -> AsyncIterator[Reports]:
    """An intake at work; gives what it reports."""
    reports = Reports(more.pop("bell", None) or Bell())
    stop = asyncio.Event()
    intake = Intake(
        bot=connection.bot,
        polling=connection.polling,
        keeper=keeper,
        wake=more.pop("wake", lambda: None),
        report=reports.hear,
        patience=QUICK,
        **more,
    )
    task = asyncio.create_task(intake.run(stop))
    try:
        yield reports
    finally:
        stop.set()
        await task


async def kept(archive: Archive) -> list[Any]:
    """What is in the inbox, as Telegram sent it, in the order of each lane."""
    found: list[Any] = []
    async with archive.begin() as uow:
        while rows := await uow.inbox.claim(100, MORNING, MORNING):
            for row in rows:
                found.append(json.loads(row.raw))
                await uow.inbox.done(row.key, MORNING)
    return found


async def test_what_she_typed_is_kept_before_telegram_is_told(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    await telegram.type(li, "鼻子出血了 😟")
    async with listening(connection, keeper):
        await telegram.everything_received()
    assert [update["message"]["text"] for update in await kept(archive)] == ["/start", "鼻子出血了 😟"]


async def test_a_repeat_is_kept_once(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    """Killed after keeping and before confirming: Telegram sends it again, the key drops it."""
    updates: Any = await connection.polling.post(f"{connection.bot.base_url}/getUpdates")
    raw = json.dumps(updates[0]).encode()
    assert await keeper.keep([Arrived(updates[0]["update_id"], li.id, raw)]) == 1
    woken: list[bool] = []
    async with listening(connection, keeper, wake=lambda: woken.append(True)):
        await telegram.everything_received()
    assert woken == []
    assert len(await kept(archive)) == 1


class ArchiveThatIsFull:
    """Keeps nothing until there is room: the disk's part, not ours."""

    def __init__(self, inner: Keeper) -> None:
        self._inner = inner
        self.full = True

    async def keep(self, arrived: Sequence[Arrived]) -> int:
        if self.full:
            raise StorageUnavailable("disk is full")
        return await self._inner.keep(arrived)


async def test_nothing_is_confirmed_while_it_cannot_be_kept_and_the_emergency_road_hears_it(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    full = ArchiveThatIsFull(keeper)
    heard: list[bytes] = []
    heard_twice = asyncio.Event()

    async def emergency(arrived: Sequence[Arrived]) -> None:
        heard.extend(one.raw for one in arrived)
        if len(heard) >= 2:
            heard_twice.set()

    async with listening(connection, full, storage_trouble=emergency) as reports:
        await heard_twice.wait()
        assert telegram.pending_updates == 1
        full.full = False
        await telegram.everything_received()
    assert json.loads(heard[0])["message"]["text"] == "/start"
    assert (reports[0], reports[-1]) == ("storage cannot be written", None)
    assert len(await kept(archive)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.ConnectionReset(),
        faults.ServerError(500),
        faults.ServerError(401, "Unauthorized"),
        faults.ServerError(404, "Not Found"),
        faults.TooManyRequests(1),
        faults.ForeignPage(200),
        faults.NeverAnswered(),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_the_loop_outlives_every_failure_and_says_so(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, li: Person, fault: faults.Fault
) -> None:
    telegram.inject(fault, method="getUpdates")
    async with listening(connection, keeper, long_poll_s=0) as reports:
        await telegram.everything_received()
    assert isinstance(reports[0], str)
    assert reports[-1] is None
    assert telegram.token not in str(reports)


async def test_telegram_may_be_away_at_the_start_and_come_later(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, li: Person
) -> None:
    await telegram.stop()
    async with listening(connection, keeper) as reports:
        await reports.bell.until(lambda: reports)
        await telegram.start()
        await telegram.everything_received()
    assert reports[0] == "Telegram cannot be reached (NeverSent)"


async def test_a_second_program_with_the_same_token_is_named(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates
) -> None:
    bell = Bell()
    async with (
        telegram_connection(telegram.token, api_url=telegram.url) as other,
        listening(connection, keeper, bell=bell) as mine,
        listening(other, keeper, bell=bell) as theirs,
    ):
        await bell.until(lambda: mine or theirs)
    assert "another program listens with the same token" in [*mine, *theirs]


async def test_a_webhook_of_an_earlier_run_is_taken_away(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, li: Person
) -> None:
    await connection.bot.set_webhook("http://127.0.0.1:9/nobody")
    async with listening(connection, keeper):
        await telegram.everything_received()


async def test_what_no_version_of_the_bot_api_describes_is_kept_all_the_same(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    strange: list[dict[str, Any]] = [
        {"message": "not an object"},
        {"callback_query": {"id": 7, "from": None}},
        {"hologram": {"chat": {"id": "x"}}},
        {"message": {"chat": {"id": li.id}, "text": "\ud83d lone half of a smile"}},
    ]
    for content in strange:
        await telegram.send_raw_update(content)
    async with listening(connection, keeper):
        await telegram.everything_received()
    contents = [{k: v for k, v in update.items() if k != "update_id"} for update in await kept(archive)]
    assert all(content in contents for content in strange)


async def test_a_stop_breaks_the_long_poll_off_and_loses_nothing(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    async with listening(connection, keeper):
        await telegram.everything_received()
    await telegram.type(li, "after the stop")
    async with listening(connection, keeper):
        await telegram.everything_received()
    assert [update["message"]["text"] for update in await kept(archive)] == ["/start", "after the stop"]


async def test_she_is_in_the_same_lane_whatever_she_does(
    telegram: StandIn, connection: TelegramConnection, keeper: KeepUpdates, archive: Archive, li: Person
) -> None:
    said = await telegram.type(li, "one")
    await telegram.edit(li, said, "two")
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    await connection.bot.send_message(li.id, "?", api_kwargs={"reply_markup": markup})
    await telegram.tap(li, 3, "x")
    await telegram.block(li)
    async with listening(connection, keeper):
        await telegram.everything_received()
    lanes = {row.lane for row in await keeper.claim(100)}
    assert lanes == {archive.keyring.lane(li.id)}
    assert str(li.id) not in str(lanes)


async def test_a_fault_on_the_emergency_road_does_not_end_the_keeping() -> None:
    """Keeping is slow, the road past the archive fails: what was being kept is kept all the same."""
    begun, tried = asyncio.Event(), asyncio.Event()

    class SlowKeeper:
        async def keep(self, arrived: Sequence[Arrived]) -> int:
            begun.set()
            await tried.wait()
            return len(arrived)

    async def faulty(arrived: Sequence[Arrived]) -> None:
        assert begun.is_set()
        tried.set()
        raise RuntimeError("the road is broken")

    assert await kept_or_advised(SlowKeeper(), [Arrived(1, 2, b"{}")], faulty) == 1
