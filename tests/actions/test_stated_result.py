"""A count she writes herself: low acts as true, high cancels nothing; never stored twice."""

from __future__ import annotations

import pytest

from bot.rules.participant import ParticipantState
from bot.rules.study import Level
from storage.archive import Archive
from tests.ward import CRC, HER, PI, SUBI, TJ_001, Ward, ward_of, with_dose_1


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    opened = ward_of(sqlite_archive)
    await with_dose_1(opened)
    return opened


async def stated(ward: Ward) -> list[str]:
    async with ward.desk.archive.read() as uow:
        return [str(lab.value) for lab in await uow.labs.of(TJ_001) if not lab.verified]


async def test_a_low_count_alerts_as_if_it_were_true(ward: Ward) -> None:
    await ward.until("2026-03-08 10:00")
    await ward.phones.type(HER, "今天查的血小板18")
    await ward.settle()
    assert await stated(ward) == ["18"]
    assert max(case.level for case in await ward.open_cases()) is Level.URGENT
    assert "患者自述" in ward.phones.said(CRC)


async def test_a_high_count_cancels_nothing_and_the_nurse_looks_first(ward: Ward) -> None:
    await ward.until("2026-03-09 10:00")
    await ward.phones.type(HER, "今天查的血小板130")
    await ward.settle()
    assert await ward.state() is ParticipantState.TREATMENT
    dose = (await ward.plan())["injection-2"]
    assert (dose.is_open, dose.pending) == (True, True)
    assert max(case.level for case in await ward.open_cases()) is Level.SAME_DAY
    await ward.until("2026-03-09 19:00")
    assert "护士看过结果再打针" in ward.phones.said(HER)
    await ward.lab("60", "2026-03-09 09:00")
    assert not (await ward.plan())["injection-2"].pending


async def test_the_same_number_again_is_the_same_news(ward: Ward) -> None:
    await ward.until("2026-03-08 10:00")
    for _ in range(2):
        await ward.phones.type(HER, "血小板45")
    assert await stated(ward) == ["45"]


@pytest.mark.parametrize(("typed", "copied"), [("449.9", False), ("450", True)])
async def test_from_450_on_the_principal_investigator_has_a_copy_at_once(
    ward: Ward, typed: str, *, copied: bool
) -> None:
    """Tuesday 10 March, 10:00: the coordinator and the investigator are rung; from 450 the PI as well."""
    await ward.until("2026-03-10 10:00")
    await ward.lab(typed, "2026-03-10 08:30", confirmed=True)
    told = [f"血小板 {typed}（录入" in ward.phones.said(chat) for chat in (CRC, SUBI, PI)]
    assert told == [True, True, copied]
