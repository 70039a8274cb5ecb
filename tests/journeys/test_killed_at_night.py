"""`kill -9` in the night, before an alert is sent and between two rings: the chain goes on to the minute.

02:10 on a Saturday, an EMERGENCY, nobody takes it. Real HTTP, a process of its own, the operator's web hook.
Source: specification 3.3; issue of the escalation, Proof ("service down in the middle").
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

from bot.clock import MovableClock
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.study import Language
from storage.archive import Archive
from storage.keyring import Keyring
from tests.databases import SECRET
from tests.journeys.conftest import MONDAY, SUBJECT, opened_town
from tests.journeys.dying import FileClock, Mortal, is_claimed, mortal
from tests.journeys.test_at_night import MINUTE, SATURDAY, sink, told_of
from tests.journeys.test_killed import PATIENCE_S, SAME_AGAIN, SHE_WRITES, processes

__all__ = ["processes", "sink"]


class InTheNight:
    """Who is rung at which minute, on real telephones."""

    def __init__(self, telegram: StandIn, clock: MovableClock, service: Mortal) -> None:
        self.telegram, self.clock, self.service = telegram, clock, service

    def at(self, minute: int) -> None:
        """The study's time stands still between these."""
        self.clock.move_to(SATURDAY + minute * MINUTE)
        self.service.at(self.clock.now())

    def rung(self, person: Person) -> list[int]:
        """The minutes at which this phone got the alert of the case."""
        return [
            int((shown.at - SATURDAY) / MINUTE)
            for shown in self.telegram.screen(person)
            if shown.from_bot and shown.at >= SATURDAY and "RF-1" in shown.text
        ]

    async def hears(self, minutes: Sequence[int], *people: Person) -> None:
        """Each of them was rung at these minutes and at no other."""
        await self.telegram.wait_until(
            lambda: all(len(self.rung(one)) >= len(minutes) for one in people), timeout_s=PATIENCE_S
        )
        assert [self.rung(one) for one in people] == [list(minutes)] * len(people)


async def test_nothing_is_lost_or_doubled_and_the_operator_hears_of_the_gap(
    sqlite_url: str,
    processes: ForkServerContext,
    tmp_path: Path,
    sink: tuple[list[dict[str, str]], str],
) -> None:
    clock, (told, operator) = MovableClock(MONDAY, frozen=True), sink
    async with StandIn(clock=clock) as telegram:
        async with opened_town(sqlite_url, clock, telegram) as town:
            await town.joined(Language.ZH)
            await town.stage.move_to(SATURDAY)
        file = tmp_path / "clock.json"
        FileClock(file).set(SATURDAY, timedelta())
        with mortal(processes, sqlite_url, telegram.url, telegram.token, file) as service:
            service.operator = operator
            night = InTheNight(telegram, clock, service)
            site = (town.coordinator, town.investigator)

            service.start("claimed alert:")
            await telegram.type(town.her, SHE_WRITES)
            await asyncio.to_thread(service.died)
            await night.hears([], *site, town.principal)

            night.at(3)
            service.start()
            await night.hears([3], *site)
            night.at(5)
            await night.hears([3, 5], *site)
            await night.hears([], town.principal, town.central)
            assert "down" not in str(told)

            await asyncio.to_thread(wait_until_noted, sqlite_url)
            await asyncio.to_thread(service.kill, timedelta(minutes=27))
            night.at(32)
            service.start()
            await night.hears([3, 5, 32], *site)
            await night.hears([32], town.principal, town.central)
            night.at(40)
            await night.hears([3, 5, 32, 40], *site)
            await night.hears([32, 40], town.principal, town.central)
            await told_of(told, "was down")

        said = [one.text for one in telegram.screen(town.her) if one.from_bot and one.at >= SATURDAY]
        assert sum("请马上拨打120" in text and not text.startswith(SAME_AGAIN) for text in said) == 2
        again = [one.text for one in telegram.screen(town.coordinator) if one.text.startswith(SAME_AGAIN)]
        assert len(again) == 1
    await the_record_is_whole(sqlite_url)


def wait_until_noted(url: str) -> None:
    """Every alert that was sent is noted too: this time it dies between two rings."""
    patient_until = time.monotonic() + PATIENCE_S
    while is_claimed(url, "alert:"):
        assert time.monotonic() < patient_until
        time.sleep(0.01)


async def the_record_is_whole(url: str) -> None:
    """Every ring of the one case once, and nothing open but the case itself."""
    archive = await Archive.open(url, Keyring(SECRET))
    try:
        async with archive.read() as uow:
            assert (await uow.audit.verify())[1] is None
            case = max(await uow.cases.all_of(SUBJECT), key=lambda one: one.level)
            assert case.next_step_at is not None
            trail = await uow.audit.of(SUBJECT)
            rung = [one for one in trail if one.kind == "system:case:rung" and one.entity_id == case.id]
            assert [one.field for one in rung] == [f"ring {number + 1}" for number in range(case.rings)]
            assert [one.text for one in await uow.said.of(SUBJECT)][-1:] == [SHE_WRITES]
            assert await uow.inbox.waiting() == 0
    finally:
        await archive.close()
