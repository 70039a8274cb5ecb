"""Another day, by a tap or in her words: one request, for one visit, until a person has answered that one."""

from __future__ import annotations

import pytest

from bot.actions.move_visit import MoveEntry, move_visit
from bot.actions.worklist import read_worklist
from bot.rules.case import Case
from bot.rules.study import Level
from bot.rules.worklist import WorkKind
from storage.archive import Archive
from tests.beginnings import beginning
from tests.ward import CA1, CONSOLE, CRC, HER, TJ_001, Ward, local, ward_of


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    opened = ward_of(sqlite_archive)
    await before_dose_2(opened)
    return opened


@beginning
async def before_dose_2(opened: Ward) -> None:
    """Dose 1 is given; dose 2 is planned for Tuesday 10 March 09:30, dose 3 for the 17th."""
    await opened.open()
    await opened.until("2026-03-03 09:45")
    await opened.dose(1, "2026-03-03 09:40")
    await opened.until("2026-03-09 19:00")


async def wishes(ward: Ward) -> list[Case]:
    found = await read_worklist(ward.desk, by=CA1)
    return [case for item in found.items if item.kind is WorkKind.WISH for case in item.cases]


async def move(ward: Ward, key: str, to: str) -> None:
    entry = MoveEntry(subject=TJ_001, activity_key=key, to_at=local(to), reason="she asked", confirmed=True)
    await move_visit(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    await ward.settle()


async def waits(ward: Ward) -> bool:
    """She sees that her request waits."""
    await ward.phones.type(HER, "/visits")
    return "您想改期" in ward.phones.last(HER)


async def test_moving_another_visit_does_not_answer_her(ward: Ward) -> None:
    await ward.phones.tap(HER, "来不了")
    (wish,) = await wishes(ward)
    await move(ward, "injection-3", "2026-03-18 09:30")
    assert await waits(ward)
    async with ward.desk.archive.read() as uow:
        still = await uow.cases.get(wish.id)
    assert still is not None
    assert still.acknowledged_by is None
    await ward.phones.type(CRC, f"/patient {TJ_001}")
    assert "还没有答复" in ward.phones.said(CRC)
    await move(ward, "injection-2", "2026-03-12 09:30")
    assert not await waits(ward)
    async with ward.desk.archive.read() as uow:
        answered = await uow.cases.get(wish.id)
    assert answered is not None
    assert answered.acknowledged_by == CA1


@pytest.mark.parametrize("words", ["我周四来行吗", "can I come Thursday?"])
async def test_words_are_a_request_with_a_state_and_the_button_adds_none(ward: Ward, words: str) -> None:
    await ward.phones.type(HER, words)
    assert "等研究团队回答" in ward.phones.last(HER)
    (wish,) = await wishes(ward)
    assert wish.level is Level.SAME_DAY
    assert words in ward.phones.said(CRC)
    assert await waits(ward)
    await ward.phones.tap(HER, "来不了")
    assert [one.id for one in await wishes(ward)] == [wish.id]
    assert "再次报告" in ward.phones.last(CRC)
    await ward.phones.type(HER, "/home")
    assert "您想改期" in ward.phones.last(HER)
    await move(ward, "injection-2", "2026-03-12 09:30")
    assert not await waits(ward)


async def test_the_button_first_and_then_words_are_one_request(ward: Ward) -> None:
    await ward.phones.tap(HER, "来不了")
    (wish,) = await wishes(ward)
    await ward.phones.type(HER, "能不能换一天打针")
    await ward.phones.type(HER, "周五可以吗，改到周五")
    assert [one.id for one in await wishes(ward)] == [wish.id]


async def test_asked_again_after_it_was_answered_it_rings_again(ward: Ward) -> None:
    await ward.phones.tap(HER, "来不了")
    await move(ward, "injection-2", "2026-03-12 09:30")
    (wish,) = await wishes(ward)
    heard = len(ward.phones.chats[CRC])
    await ward.phones.type(HER, "周四也不行，能不能改到周五")
    assert [one.id for one in await wishes(ward)] == [wish.id]
    assert await waits(ward)
    assert any("已有人处理过" in screen.text for screen in ward.phones.chats[CRC][heard:])


async def test_an_answer_in_words_answers_the_request(ward: Ward) -> None:
    await ward.phones.type(HER, "我周四来行吗")
    await ward.phones.tap(CRC, "我来处理")
    await ward.phones.tap(CRC, "给患者写")
    await ward.phones.type(CRC, "周四可以，九点半来。")
    await ward.phones.tap(CRC, "发出")
    assert not await waits(ward)
