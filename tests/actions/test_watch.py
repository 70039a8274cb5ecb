"""The watchman on a real archive: what he finds, what he tells, what he remembers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.actions.advance_escalations import advance_escalations
from bot.actions.keep_second_road import keep_second_road
from bot.actions.keep_watch import Watchman
from bot.actions.raise_case import raise_case
from bot.actions.speak import participant_as_recipient, staff_as_recipient
from bot.actions.watch_health import health
from bot.delivery.second_road import RoadOutcome
from bot.rules.case import CaseKind
from bot.rules.messages import OutboxStatus
from bot.rules.participant import ParticipantState
from bot.rules.study import Level, StaffCode
from bot.rules.watch import Found, Trouble
from tests.household import COORDINATOR, HER, OPERATOR, SUBJECT, joined, staffed
from tests.phones import Phones


@dataclass
class Bench:
    """The operator's telephone and the watcher outside, with what they heard."""

    heard: list[str] = field(default_factory=list)
    beats: int = 0
    away: bool = False

    async def ring(self, addresses: Sequence[str], *, title: str, body: str) -> RoadOutcome:
        if self.away:
            return RoadOutcome(len(addresses), 0, "refused")
        self.heard.append(f"{title}\n{body}")
        return RoadOutcome(len(addresses), len(addresses))

    async def beat(self) -> bool:
        self.beats += 1
        return True


@dataclass
class Process:
    """What the process says of itself."""

    missed: tuple[str, ...] = ()
    troubles: dict[str, str] = field(default_factory=dict)


def watchman(phones: Phones, bench: Bench, process: Process | None = None) -> Watchman:
    said = process or Process()
    return Watchman(
        phones.desk,
        road=bench,
        addresses=("ntfy://operator",),
        heartbeat=bench,
        words=phones.texts,
        ticks_missed=lambda: said.missed,
        troubles=lambda: said.troubles,
    )


async def emergency(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)
    await phones.type(HER, "血止不住，已经半小时了")


def troubles(found: tuple[Found, ...]) -> set[Trouble]:
    return {one.trouble for one in found}


async def test_a_ringing_emergency_is_no_trouble_and_the_sign_of_life_goes_out(phones: Phones) -> None:
    await emergency(phones)
    bench = Bench()
    found = await watchman(phones, bench).look()
    assert troubles(found) <= {Trouble.NOBODY_REACHABLE}
    assert bench.beats == 1


async def test_a_case_whose_timer_is_lost_is_told_by_the_second_road_without_an_identity(
    phones: Phones,
) -> None:
    await emergency(phones)
    async with phones.desk.archive.begin() as uow:
        (case,) = await uow.cases.open_at(None)
        await uow.cases.save(replace(case, next_step_at=None))
    bench = Bench()
    assert Trouble.CASE_WITHOUT_MOMENT in troubles(await watchman(phones, bench).look())
    assert "without a next moment: 1" in bench.heard[0]
    assert "有1个未结束的事件没有下一步时间" in bench.heard[0]
    assert "血" not in bench.heard[0]
    assert bench.beats == 0


async def test_an_overdue_step_is_found_after_two_minutes(chats: Phones) -> None:
    await emergency(chats)
    chats.clock.move(timedelta(minutes=3))
    assert Trouble.STEP_OVERDUE not in troubles(await watchman(chats, Bench()).look())
    chats.clock.move(timedelta(minutes=2))
    assert Trouble.STEP_OVERDUE in troubles(await watchman(chats, Bench()).look())


async def test_an_alert_that_vanished_is_found(phones: Phones) -> None:
    await emergency(phones)
    async with phones.desk.archive.begin() as uow:
        (case,) = await uow.cases.open_at(None)
        alert = next(
            row for row in await uow.outbox.of_case(case.id) if row.message.unique_key[:6] == "alert:"
        )
        await uow.outbox.end(alert.id, OutboxStatus.CANCELLED, "by mistake")
    found = await watchman(phones, Bench()).look()
    assert Found(Trouble.SENDS_UNACCOUNTED, "1") in found


@pytest.mark.parametrize("road", ["alert:", "second:", "loop:"])
async def test_a_row_of_the_outbox_that_is_gone_is_found_by_each_road(
    chats: Phones, sqlite_url: str, road: str
) -> None:
    """The row itself is lost, as by a broken disk or a hand in the database."""
    await staffed(chats)
    await joined(chats)
    await keep_second_road(
        chats.desk, owner=staff_as_recipient(StaffCode("CA1")), addresses=["sms://1"], by=OPERATOR
    )
    await chats.type(HER, "血止不住，已经半小时了")
    await chats.pass_time(timedelta(minutes=10))
    assert Trouble.SENDS_UNACCOUNTED not in troubles(await watchman(chats, Bench()).look())
    with closing(sqlite3.connect(sqlite_url.partition(":///")[2])) as broken, broken:
        (lost,) = broken.execute(
            "SELECT id FROM outbox WHERE unique_key LIKE ? ORDER BY id LIMIT 1", (f"{road}%",)
        ).fetchone()
        broken.execute("DELETE FROM outbox WHERE id = ?", (lost,))
    bench = Bench()
    assert Found(Trouble.SENDS_UNACCOUNTED, "1") in await watchman(chats, bench).look()
    assert bench.beats == 0
    assert len(bench.heard) == 1


async def test_alerts_that_nobody_sends_are_late_after_two_minutes(chats: Phones) -> None:
    """The delivery stands still while the chain goes on."""
    await staffed(chats)
    await joined(chats)
    async with chats.desk.archive.begin() as uow:
        participant = await uow.participants.lock(SUBJECT)
        assert participant is not None
        about = "staff.story.cannot_wait"
        await raise_case(
            uow, chats.desk, participant, kind=CaseKind.REQUEST, level=Level.EMERGENCY, about=about
        )
    await advance_escalations(chats.desk)
    chats.clock.move(timedelta(minutes=3))
    await advance_escalations(chats.desk)
    bench = Bench()
    assert Trouble.OUTBOX_LATE in troubles(await watchman(chats, bench).look())
    assert bench.beats == 0


async def test_a_question_dropped_because_she_left_is_accounted_for_and_one_dropped_by_mistake_is_not(
    chats: Phones,
) -> None:
    await emergency(chats)
    chats.clock.move(timedelta(minutes=10))
    await advance_escalations(chats.desk)
    async with chats.desk.archive.begin() as uow:
        await uow.outbox.cancel_all(participant_as_recipient(SUBJECT), "by mistake", chats.desk.now())
    assert Found(Trouble.SENDS_UNACCOUNTED, "1") in await watchman(chats, Bench()).look()
    async with chats.desk.archive.begin() as uow:
        her = await uow.participants.lock(SUBJECT)
        assert her is not None
        await uow.participants.save(replace(her, state=ParticipantState.WITHDRAWN))
    assert Trouble.SENDS_UNACCOUNTED not in troubles(await watchman(chats, Bench()).look())


async def test_told_once_remembered_over_a_restart_and_told_when_over(chats: Phones) -> None:
    await staffed(chats)
    bench, process = Bench(), Process(missed=("escalations",))
    first = watchman(chats, bench, process)
    await first.look()
    await first.look()
    assert len(bench.heard) == 1
    process.missed = ()
    await watchman(chats, bench, process).look()
    assert "Over: the regular part." in bench.heard[1]


async def test_while_the_road_fails_it_is_tried_again_each_round(chats: Phones) -> None:
    bench = Bench(away=True)
    one = watchman(chats, bench, Process(missed=("reminders",)))
    await one.look()
    bench.away = False
    await one.look()
    assert len(bench.heard) == 1


async def test_without_the_archive_the_operator_is_told_all_the_same(chats: Phones, sqlite_url: str) -> None:
    bench = Bench()
    one = watchman(chats, bench)
    with closing(sqlite3.connect(sqlite_url.partition(":///")[2])) as broken:
        broken.execute("ALTER TABLE case_ RENAME TO case_gone")
    assert troubles(await one.look()) == {Trouble.DATABASE}
    assert "The database cannot be used" in bench.heard[0]


async def test_health_shows_the_last_look(chats: Phones) -> None:
    before = {one.part: one for one in await health(chats.desk)}
    assert not before["watchman"].well
    await watchman(chats, Bench()).look()
    after = {one.part: one for one in await health(chats.desk)}
    assert after["watchman"].well
    assert "1 addresses" in str(after["watchman"].said)


async def test_the_operator_hears_of_gaps_by_site_and_level_and_once_of_each_person(chats: Phones) -> None:
    """Codes only. The second round, and a restart, tell nothing anew; each return is told once."""
    await emergency(chats)
    async with chats.desk.archive.begin() as uow:
        for staff in await uow.staff.all():
            await uow.staff.set_unreachable(staff.code, chats.desk.now())
    bench = Bench()
    await watchman(chats, bench).look()
    (told,) = bench.heard
    assert "TJ EMERGENCY" in told
    assert "Alerts no longer reach: CA1 since 2026-03-02T02:00Z (chat lost); CW1" in told
    assert "TJ-001" not in told
    await watchman(chats, bench).look()
    assert bench.heard == [told]
    await chats.type(COORDINATOR, "/help")
    await watchman(chats, bench).look()
    assert "Over: staff who cannot be reached (CA1)." in bench.heard[1]
    assert "已恢复：联系不上的人员（CA1）。" in bench.heard[1]
    assert "no longer reach" not in bench.heard[1]
