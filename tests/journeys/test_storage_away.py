"""The disk is full, or another program holds the file, while she bleeds: advice at once, the rest later."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from bot.clock import MovableClock
from bot.rules.study import Language, Level
from tests.journeys.conftest import opened_town


@contextmanager
def held_by_another_program(url: str) -> Iterator[None]:
    """The write lock of the file is held: every `BEGIN IMMEDIATE` of ours fails after its patience."""
    path = Path(url.partition(":///")[2])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def full_disk(url: str) -> Iterator[None]:
    """No file of this process may grow beyond what the archive has now: the next page does not fit."""
    path = Path(url.partition(":///")[2])
    largest = max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("trouble", [held_by_another_program, full_disk])
async def test_a_red_flag_is_answered_while_nothing_can_be_written_and_all_follows_later(
    sqlite_url: str, monday: MovableClock, trouble: Callable[[str], AbstractContextManager[None]]
) -> None:
    async with opened_town(sqlite_url, monday) as town:
        await town.joined(Language.ZH)
        with trouble(sqlite_url):
            await town.telegram.type(town.her, "流鼻血40分钟止不住，要晕倒")
            advice = await town.telegram.wait_for_message(town.her, containing="请马上拨打120", timeout_s=30)
            assert "Call 120 now" in advice.text
            assert town.telegram.pending_updates == 1
        await town.stage.settle()
        (case,) = await town.cases()
        assert case.level is Level.EMERGENCY
        assert "TJ-001" in town.stage.last(town.coordinator)
        direct = [one for one in town.telegram.screen(town.her) if one.text == advice.text]
        assert len(direct) == 1
        async with town.desk.archive.read() as uow:
            said = await uow.said.of(case.subject_code)
        assert "流鼻血40分钟止不住，要晕倒" in [one.text for one in said]
