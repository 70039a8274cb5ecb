"""02:10 on a Saturday: who is rung when, to the minute, by which road; over real HTTP, the sink included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.actions.keep_roster import add_duty
from bot.actions.keep_second_road import keep_second_road
from bot.actions.speak import staff_as_recipient
from bot.assembly.peopling import OPERATOR
from bot.rules.roster import DutyKind
from bot.rules.study import Language, StaffCode
from tests.journeys.conftest import TIANJIN, Town
from tests.journeys.test_nobody_comes import RED_FLAG, minutes_rung

# 02:10 in Tianjin on Saturday 7 March 2026.
SATURDAY = datetime(2026, 3, 6, 18, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def sink() -> AsyncIterator[tuple[list[dict[str, str]], str]]:
    """An address beside Telegram, and what was said there."""
    heard: list[dict[str, str]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield heard, f"json://{host}:{port}/"
    await runner.cleanup()


async def told_of(told: list[dict[str, str]], words: str) -> None:
    """Waits until the operator has been told; the watchman's first look comes with the start."""
    for _ in range(600):
        if words in str(told):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(told)


async def in_the_night(town: Town) -> datetime:
    await town.joined(Language.ZH)
    await town.stage.move_to(SATURDAY)
    return town.stage.clock.now()


async def test_nobody_reacts(small_town: Town, sink: tuple[list[dict[str, str]], str]) -> None:
    town, (heard, address) = small_town, sink
    coordinator = staff_as_recipient(StaffCode("CA1"))
    await keep_second_road(town.desk, owner=coordinator, addresses=[address], by=OPERATOR)
    since = await in_the_night(town)
    await town.stage.type(town.her, RED_FLAG[Language.ZH])
    await town.stage.pass_time(MINUTE)
    assert heard == []
    await town.stage.pass_time(60 * MINUTE)
    assert minutes_rung(town, town.coordinator, since) == [0, 5, 10, 15, 20, 30, 40, 50, 60]
    assert minutes_rung(town, town.principal, since) == [10, 15, 20, 30, 40, 50, 60]
    assert minutes_rung(town, town.central, since) == [20, 30, 40, 50, 60]
    assert "TJ-001" in heard[0]["title"]
    assert "血" not in str(heard)


async def test_only_who_is_on_duty_is_rung_and_taking_it_ends_it_for_the_road(
    small_town: Town, sink: tuple[list[dict[str, str]], str]
) -> None:
    town, (heard, address) = small_town, sink
    coordinator = staff_as_recipient(StaffCode("CA1"))
    await keep_second_road(town.desk, owner=coordinator, addresses=[address], by=OPERATOR)
    await add_duty(
        town.desk,
        site=TIANJIN,
        staff=StaffCode("SI1"),
        kind=DutyKind.DUTY,
        starts_at=SATURDAY + timedelta(hours=6),
        ends_at=SATURDAY + timedelta(hours=18),
        by=OPERATOR,
    )
    since = await in_the_night(town)
    await town.stage.type(town.her, RED_FLAG[Language.ZH])
    assert minutes_rung(town, town.investigator, since) == []
    assert minutes_rung(town, town.principal, since) == [0]
    await town.stage.pass_time(2 * MINUTE)
    assert len(heard) == 1  # she is reached in the chat, so her own second road waits its two minutes
    await town.stage.tap(town.coordinator, "我来处理")
    await town.stage.pass_time(10 * MINUTE)
    assert len(heard) == 1
    assert len(minutes_rung(town, town.central, since)) <= 1
