"""`kill -9` at any moment of a scripted day: nothing is lost, nothing stands twice in the record.

At most one message per chat and kill is repeated, and it says that it is the same.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random  # noqa: TID251 - a fixed seed: the same pauses in every run
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from bot.clock import MovableClock
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.report import ReportStatus
from bot.rules.study import Language
from bot.texts import Texts
from storage.archive import Archive
from storage.keyring import Keyring
from tests.databases import SECRET
from tests.journeys.conftest import DAY1, MONDAY, SUBJECT, opened_town
from tests.journeys.dying import FileClock, Mortal, mortal

KILLS = 6
# However fast the machine: so often it must have died before the day was over.
AT_LEAST = 3
PATIENCE_S = 40.0
TEXTS = Texts.load()
SAME_AGAIN = tuple(
    TEXTS.say(key, language)
    for key in ("patient.same_message_again", "staff.same_case_again")
    for language in Language
)
SHE_WRITES = "流鼻血40分钟止不住，要晕倒"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start in milliseconds: the imports are done once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.journeys.dying"])
    return context


@dataclass
class Day:
    """A scripted day on real telephones: each step waits until it can be seen that it has happened."""

    telegram: StandIn
    her: Person
    coordinator: Person
    investigator: Person
    service: Mortal

    async def play(self) -> None:
        self.at(DAY1 - timedelta(hours=14, minutes=30))
        await self.seen(self.her, TEXTS.say("patient.button.unwell", Language.ZH), "请来研究中心")
        await self.tap(self.her, "知道了")
        await self.seen(self.her, TEXTS.say("patient.stated.got_it", Language.ZH))
        await self.telegram.type(self.her, SHE_WRITES)
        await self.seen(self.her, "请马上拨打120")
        await self.seen(self.investigator, "I take this")
        await self.tap(self.coordinator, "我来处理")
        await self.seen(self.investigator, "I take it over")
        await self.tap(self.coordinator, "已联系到患者")
        await self.seen(self.investigator, "to be closed")
        await self.tap(self.investigator, "Close…")
        await self.tap(self.investigator, TEXTS.say("staff.outcome.SENT_TO_ED", Language.EN))
        await self.seen(self.investigator, "Closed by")
        await self.telegram.everything_received(timeout_s=PATIENCE_S)

    def at(self, moment: datetime) -> None:
        self.service.at(moment)

    async def tap(self, person: Person, label: str) -> None:
        """Taps the newest button with this label, as soon as there is one."""
        await self.seen(person, label)
        for shown in reversed(self.telegram.screen(person)):
            if any(label in one for one in shown.labels()):
                await self.telegram.tap(person, shown.message_id, label)
                return

    async def seen(self, person: Person, *words: str) -> None:
        def stands_there() -> bool:
            screen = self.telegram.screen(person)
            said = [message.text + " ".join(message.labels()) for message in screen if message.from_bot]
            return all(any(word in one for one in said) for word in words)

        await self.telegram.wait_until(stands_there, timeout_s=PATIENCE_S)

    async def requests(self, more: int) -> None:
        """Waits until the service has made so many more requests."""
        enough = len(self.telegram.calls) + more
        await self.telegram.wait_until(lambda: len(self.telegram.calls) >= enough, timeout_s=PATIENCE_S)


async def opened_day(
    url: str, telegram: StandIn, processes: ForkServerContext, folder: Path, act: Callable[[Day], object]
) -> Day:
    """The people are there and she has joined; then `act` decides how the service lives."""
    clock = MovableClock(MONDAY, frozen=True)
    async with opened_town(url, clock, telegram) as town:
        await town.joined(Language.ZH)
        her, coordinator, investigator = town.her, town.coordinator, town.investigator
    file = folder / "clock.json"
    FileClock(file).set(MONDAY, timedelta())
    with mortal(processes, url, telegram.url, telegram.token, file) as service:
        day = Day(telegram, her, coordinator, investigator, service)
        outcome = act(day)
        assert asyncio.iscoroutine(outcome)
        await outcome
    return day


async def killed_at_random(day: Day) -> None:
    """The service dies again and again in the middle of the day: soon after some request of its own."""
    chance = random.Random(20260302)  # noqa: S311
    playing = asyncio.create_task(day.play())
    for _ in range(KILLS):
        day.service.start()
        await day.requests(chance.randint(1, 3))
        await asyncio.sleep(chance.uniform(0.0, 0.03))
        if playing.done():
            break
        await asyncio.to_thread(day.service.kill)
    else:
        day.service.start()
    await playing


async def record_of(url: str) -> tuple[Counter[tuple[str, str, str]], Counter[str], list[str]]:
    """What happened to her, what was put into the outbox, what she said: without identifiers and times."""
    archive = await Archive.open(url, Keyring(SECRET))
    try:
        async with archive.read() as uow:
            assert (await uow.audit.verify())[1] is None
            happened = Counter(
                (one.kind, one.actor_code, one.field or "") for one in await uow.audit.of(SUBJECT)
            )
            cases = await uow.cases.all_of(SUBJECT)
            rows = [row for case in cases for row in await uow.outbox.of_case(case.id)]
            keys = Counter(row.message.unique_key.partition(":")[0] for row in rows)
            said = [one.text for one in await uow.said.of(SUBJECT)]
            reports = await uow.reports.of(SUBJECT)
            assert await uow.inbox.parked() == ()
            assert await uow.inbox.waiting() == 0
        assert [report.status for report in reports] == [ReportStatus.OPEN]
        assert len(cases) == 1
        return happened, keys, said
    finally:
        await archive.close()


def assert_repeats_say_so(day: Day) -> None:
    """No message of the bot stands twice on a phone unless the second says that it is the same."""
    for person in (day.her, day.coordinator, day.investigator):
        texts = [one.text for one in day.telegram.screen(person) if one.from_bot and not one.edited]
        repeated = [text for text in texts if text.startswith(SAME_AGAIN)]
        assert len(repeated) <= day.service.deaths
        plain = Counter(text for text in texts if not text.startswith(SAME_AGAIN))
        assert not [text for text, times in plain.items() if times > 1]


async def test_nothing_is_lost_however_often_it_is_killed(
    database_url: str, processes: ForkServerContext, tmp_path: Path
) -> None:
    clock = MovableClock(MONDAY, frozen=True)
    async with StandIn(clock=clock) as telegram:
        day = await opened_day(database_url, telegram, processes, tmp_path, killed_at_random)
        assert_repeats_say_so(day)
        assert day.service.deaths >= AT_LEAST
    happened, keys, said = await record_of(database_url)
    assert said == [SHE_WRITES]
    assert happened["patient:activity:stated", "TJ-001", "injection-1"] == 1
    for kind in (
        "system:case:opened",
        "staff:case:acknowledged",
        "staff:case:contacted",
        "staff:case:closed",
    ):
        assert sum(times for entry, times in happened.items() if entry[0] == kind) == 1
    assert keys["advice"] == 1
