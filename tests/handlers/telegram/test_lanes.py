import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from bot.actions.keep_updates import LEASE, Arrived, KeepUpdates
from bot.actions.waiting import Patience
from bot.clock import MovableClock
from bot.rules.inbound import InboxRow, UpdateKey
from handlers.telegram.lanes import Handle, Lanes
from storage.archive import Archive
from storage.errors import StorageUnavailable
from tests.bell import Bell
from tests.cast import MORNING

BOT = 7
QUICK = Patience(first_s=0.0, longest_s=0.0)


@pytest.fixture
def keeper(archive: Archive, clock: MovableClock) -> KeepUpdates:
    return KeepUpdates(archive=archive, clock=clock, bot_id=BOT)


class Actions:
    """Stands where the lead's actions stand: does one update in one commit with "done"."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.done: list[int] = []
        self.side_by_side = 0
        self.most_side_by_side = 0
        self.fail_with: dict[int, list[Exception]] = {}
        self.hold: dict[int, asyncio.Event] = {}
        self.bell = Bell()

    async def handle(self, row: InboxRow) -> None:
        self.side_by_side += 1
        self.most_side_by_side = max(self.most_side_by_side, self.side_by_side)
        self.bell.ring()
        try:
            if row.update_id in self.hold:
                await self.hold[row.update_id].wait()
            if self.fail_with.get(row.update_id):
                raise self.fail_with[row.update_id].pop(0)
            async with self._archive.begin() as uow:
                await uow.inbox.begin(row.key)
                await uow.inbox.done(row.key, MORNING)
            self.done.append(row.update_id)
            self.bell.ring()
        finally:
            self.side_by_side -= 1


@pytest.fixture
def actions(archive: Archive) -> Actions:
    return Actions(archive)


async def arrive(keeper: KeepUpdates, *updates: tuple[int, int | None]) -> None:
    """Updates as (number, chat)."""
    await keeper.keep([Arrived(number, chat, b"{}") for number, chat in updates])


def lanes(keeper: KeepUpdates, handle: Handle, **more: object) -> Lanes:
    return Lanes(inbox=keeper, handle=handle, patience=QUICK, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def at_work(working: Lanes) -> AsyncIterator[Lanes]:
    stop = asyncio.Event()
    task = asyncio.create_task(working.run(stop))
    try:
        yield working
    finally:
        stop.set()
        await task


async def test_a_lane_keeps_its_order(keeper: KeepUpdates, actions: Actions) -> None:
    await arrive(keeper, *[(number, 5) for number in range(1, 21)])
    await lanes(keeper, actions.handle).work_off()
    assert actions.done == list(range(1, 21))
    assert actions.most_side_by_side == 1


async def test_a_flooding_chat_delays_nobody_else(keeper: KeepUpdates, actions: Actions) -> None:
    """Two hundred messages of one chat, the first of them stuck; the others pass."""
    await arrive(keeper, *[(number, 5) for number in range(1, 201)])
    await arrive(keeper, *[(number, number) for number in range(301, 321)])
    actions.hold[1] = asyncio.Event()
    async with at_work(lanes(keeper, actions.handle, side_by_side=4)):
        await actions.bell.until(lambda: len(actions.done) == 20)
        passed = sorted(actions.done)
        actions.hold[1].set()
    assert passed == list(range(301, 321))
    assert actions.most_side_by_side <= 4


async def test_lanes_go_side_by_side(keeper: KeepUpdates, actions: Actions) -> None:
    await arrive(keeper, *[(number, number) for number in range(1, 9)])
    for number in range(1, 9):
        actions.hold[number] = asyncio.Event()
    async with at_work(lanes(keeper, actions.handle)):
        await actions.bell.until(lambda: actions.side_by_side == 8)
        for event in actions.hold.values():
            event.set()


async def test_a_failure_is_tried_again_and_the_lane_waits_for_it(
    keeper: KeepUpdates, actions: Actions
) -> None:
    await arrive(keeper, (1, 5), (2, 5))
    actions.fail_with[1] = [RuntimeError("once"), RuntimeError("twice")]
    await lanes(keeper, actions.handle).work_off()
    assert actions.done == [1, 2]


async def test_after_three_failures_it_is_set_aside_somebody_is_told_and_the_lane_goes_on(
    keeper: KeepUpdates, actions: Actions, archive: Archive
) -> None:
    await arrive(keeper, (1, 5), (2, 5))
    actions.fail_with[1] = [ValueError("never")] * 9
    told: list[int] = []

    async def tell(row: InboxRow) -> None:
        told.append(row.update_id)
        raise RuntimeError("telling fails too")

    await lanes(keeper, actions.handle, on_parked=tell).work_off()
    assert actions.done == [2]
    assert told == [1]
    async with archive.read() as uow:
        assert await uow.inbox.parked() == (UpdateKey(BOT, 1),)


async def test_an_archive_that_is_away_is_not_the_updates_fault(
    keeper: KeepUpdates, actions: Actions, archive: Archive, clock: MovableClock
) -> None:
    await arrive(keeper, (1, 5))
    actions.fail_with[1] = [StorageUnavailable("disk is full")] * 5
    await lanes(keeper, actions.handle).work_off()
    async with archive.read() as uow:
        assert await uow.inbox.parked() == ()
        assert await uow.inbox.waiting() == 1


class LaterMachine(MovableClock):
    """The same study time, on a machine whose own clock has gone on."""

    def real_now(self) -> datetime:
        return super().real_now() + LEASE


async def test_what_was_in_hand_at_a_crash_is_done_once_when_its_lease_is_over(
    keeper: KeepUpdates, actions: Actions, archive: Archive
) -> None:
    await arrive(keeper, (1, 5))
    assert len(await keeper.claim(10)) == 1
    await lanes(keeper, actions.handle).work_off()
    assert actions.done == []
    later = KeepUpdates(archive=archive, clock=LaterMachine(MORNING, frozen=True), bot_id=BOT)
    await lanes(later, actions.handle).work_off()
    await lanes(later, actions.handle).work_off()
    assert actions.done == [1]


async def test_what_was_done_before_is_simply_past(
    keeper: KeepUpdates, actions: Actions, archive: Archive
) -> None:
    await arrive(keeper, (1, 5))

    async def done_twice(row: InboxRow) -> None:
        await actions.handle(row)
        await actions.handle(row)

    await lanes(keeper, done_twice).work_off()
    assert actions.done == [1]
    async with archive.read() as uow:
        assert await uow.inbox.parked() == ()


async def test_a_stop_finishes_what_is_in_hand(keeper: KeepUpdates, actions: Actions) -> None:
    await arrive(keeper, (1, 5), (2, 6))
    actions.hold[1] = asyncio.Event()
    working = lanes(keeper, actions.handle)
    stop = asyncio.Event()
    task = asyncio.create_task(working.run(stop))
    await actions.bell.until(lambda: actions.done == [2])
    stop.set()
    actions.hold[1].set()
    await task
    assert actions.done == [2, 1]


async def test_an_update_without_a_chat_has_a_lane_too(keeper: KeepUpdates, actions: Actions) -> None:
    await arrive(keeper, (1, None), (2, None), (3, 5))
    await lanes(keeper, actions.handle).work_off()
    assert sorted(actions.done) == [1, 2, 3]
    assert actions.done.index(1) < actions.done.index(2)


async def test_a_wake_up_begins_at_once(keeper: KeepUpdates, actions: Actions) -> None:
    async with at_work(lanes(keeper, actions.handle)) as working:
        await asyncio.sleep(0)
        await arrive(keeper, (1, 5))
        working.wake()
        await actions.bell.until(lambda: actions.done == [1])
