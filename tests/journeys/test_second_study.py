"""The invented study of the authoring guide runs from its own folder alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.actions.record_lab import LabEntry, record_lab
from bot.rules.activities import ActivityStatus, CancelReason
from bot.rules.errors import Refusal
from bot.rules.participant import ParticipantState
from bot.study_file import check, load_study
from storage.archive import Archive
from tests.ward import CA1, CONSOLE, CRC, HER, TJ_001, Ward, local, ward_of

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-study"


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    opened = ward_of(sqlite_archive, study=load_study(EXAMPLE))
    await opened.open(baseline="85")
    await opened.until("2026-03-03 09:45")
    await opened.dose(1, "2026-03-03 09:40")
    return opened


async def haemoglobin(ward: Ward, typed: str, at: str, unit: str = "g/L") -> None:
    entry = LabEntry(subject=TJ_001, typed=typed, unit=unit, sampled_at=local(at), confirmed=True)
    await record_lab(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    await ward.settle()


def test_it_has_no_fault() -> None:
    assert check(EXAMPLE) == ()


async def test_doses_come_every_three_weeks_and_stop_at_haemoglobin_120(ward: Ward) -> None:
    assert await ward.at("injection-2") == "2026-03-24 09:40"
    assert await ward.at("injection-6") == "2026-06-16 09:40"
    await ward.until("2026-03-23 18:00")
    assert "明天" in ward.phones.last(HER)
    await haemoglobin(ward, "119.9", "2026-03-23 08:00")
    assert await ward.state() is ParticipantState.TREATMENT
    await ward.until("2026-03-24 10:00")
    await ward.dose(2, "2026-03-24 09:30")
    await ward.until("2026-04-13 12:00")
    await haemoglobin(ward, "12.0", "2026-04-13 08:00", unit="g/dL")
    assert await ward.state() is ParticipantState.RESPONDED
    assert (await ward.plan())["injection-3"].cancelled_because is CancelReason.RESPONSE
    assert (await ward.plan())["draw-B3"].is_open or (await ward.plan())["draw-B3"].done_at is not None
    assert "血红蛋白" in ward.phones.said(CRC) or "120" in ward.phones.said(CRC)


async def test_its_own_symptoms_are_asked_and_its_own_advice_given(ward: Ward) -> None:
    await ward.phones.tap_token(HER, "h:unwell")
    await ward.phones.tap(HER, "胸痛，或不动也喘")
    assert "请马上拨打120" in ward.phones.said(HER)
    assert any(case.level.name == "EMERGENCY" for case in await ward.open_cases())


async def test_platelets_and_a_dose_before_therapy_are_unknown_to_it(ward: Ward) -> None:
    entry = LabEntry(subject=TJ_001, typed="60", analyte="PLT", sampled_at=local("2026-03-03 09:00"))
    with pytest.raises(Refusal, match="no_such_analyte"):
        await record_lab(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    assert ward.desk.study.prophylaxis is None


async def test_a_whole_stretch_in_the_chat_check_in_visit_dose_result_and_stop(ward: Ward) -> None:
    """From its folder alone: she answers the evening's questions, comes, and dosing ends by its own rule."""
    # Forty-eight hours after the dose, as its own file says.
    await ward.until("2026-03-05 09:45")
    for label in ("都没有", "没有", "都没有"):
        await ward.phones.tap(HER, label)
    async with ward.desk.archive.read() as uow:
        (report,) = await uow.reports.of(TJ_001)
    assert (report.status.value, report.level.name) == ("COMPLETE", "NONE")
    assert report.check_in_key is not None
    await ward.until("2026-03-24 18:00")
    await ward.phones.tap(HER, "打了")
    assert (await ward.plan())["injection-2"].status is ActivityStatus.STATED
    await ward.dose(2, "2026-03-24 09:30")
    await ward.until("2026-04-13 12:00")
    await haemoglobin(ward, "120", "2026-04-13 08:00")
    assert "下一次针先不用" in ward.phones.said(HER)
    heard = len(ward.heard())
    await ward.until("2026-04-13 19:00")
    await ward.until("2026-04-14 18:00")
    assert not any("打针" in one for one in ward.heard(HER, heard))
