"""An event that may be serious: raised by the facts, on everybody's list, answered by an investigator."""

from __future__ import annotations

from datetime import date

import pytest

from bot.actions.answer_sae import EventAnswer, answer_sae
from bot.actions.close_case import close_case
from bot.actions.export_dataset import cut_for_operator
from bot.actions.worklist import read_worklist
from bot.rules.case import Outcome
from bot.rules.dataset import Cell
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.sae import Causality, SaeAnswer, SaeCriterion, SaeTask
from bot.rules.worklist import Section, WorkKind
from storage.archive import Archive
from tests.beginnings import beginning
from tests.ward import CA1, CENTRAL, CONSOLE, CRC, HER, OPERATOR, PI, SI1, SUBI, TJ_001, Ward, local, ward_of


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    """Bleeding that would not stop, on Friday 6 March at 20:00; she was admitted."""
    opened = ward_of(sqlite_archive)
    await admitted(opened)
    return opened


@beginning
async def admitted(ward: Ward) -> None:
    await ward.open()
    await ward.until("2026-03-06 20:00")
    await ward.phones.type(11, "流鼻血止不住，要晕倒了")
    case = max(await ward.open_cases(), key=lambda one: one.level)
    await ward.phones.tap(SUBI, "我来处理")
    await close_case(ward.desk, case_id=case.id, by=SI1, outcome=Outcome.ADMITTED, auth=CONSOLE)


async def the_task(ward: Ward) -> SaeTask:
    async with ward.desk.archive.read() as uow:
        (task,) = await uow.sae_tasks.of(TJ_001)
    return task


async def exported(ward: Ward) -> dict[str, Cell]:
    made = await cut_for_operator(ward.desk, by=OPERATOR, site=None)
    table = next(one for one in made.tables if one.name == "serious_events")
    (row,) = table.rows
    return dict(zip([one.name for one in table.columns], row, strict=True))


async def test_it_is_asked_until_answered_in_chat_console_and_export(ward: Ward) -> None:
    task = await the_task(ward)
    assert list(task.causes) == ["LEVEL", "ADMITTED", "OUTCOME"] or list(task.causes) == ["LEVEL", "OUTCOME"]
    (item,) = [one for one in (await read_worklist(ward.desk, by=CA1)).items if one.kind is WorkKind.SERIOUS]
    assert (item.section, item.at) == (Section.TODAY, task.due_at)
    await ward.phones.type(CRC, "/today")
    assert "可能的严重不良事件" in ward.phones.last(CRC)
    assert "请在 3月7日" in ward.phones.last(CRC)
    # The weekend stops nothing: each reminder, then overdue to principal investigator and central.
    heard = len(ward.heard(SUBI))
    for words in ("2026-03-06 22:01", "2026-03-07 04:01", "2026-03-07 12:01", "2026-03-07 16:01"):
        await ward.until(words)
    assert sum("可能的严重不良事件" in one for one in ward.heard(SUBI, heard)) == 4
    assert sum("可能的严重不良事件" in one for one in ward.heard(PI)) == 1
    assert not any("已超时" in one for one in ward.heard(CENTRAL))
    await ward.until("2026-03-07 20:01")
    await ward.until("2026-03-07 22:01")
    assert sum("已超时" in one for one in ward.heard(CENTRAL)) == 2
    assert (await read_worklist(ward.desk, by=CA1)).items[0].section is Section.NOW
    await ward.phones.type(CRC, "/today")
    assert "已超时，应于 3月7日" in ward.phones.last(CRC)
    assert (await exported(ward))["answered_at"] is None
    # Only an investigator decides, once, and the bot never does.
    answer = SaeAnswer(
        serious=True,
        narrative="admitted for one night",
        criteria=(SaeCriterion.AESHOSP,),
        started_on=date(2026, 3, 6),
        to_study_drug=Causality.NOT_RELATED,
        grade=3,
    )
    with pytest.raises(NotEntitled):
        await answer_sae(ward.desk, entry=EventAnswer(task_id=task.id, answer=answer), by=CA1, auth=CONSOLE)
    await answer_sae(ward.desk, entry=EventAnswer(task_id=task.id, answer=answer), by=SI1, auth=CONSOLE)
    with pytest.raises(Refusal, match="sae_answered"):
        await answer_sae(ward.desk, entry=EventAnswer(task_id=task.id, answer=answer), by=SI1, auth=CONSOLE)
    assert not [one for one in (await read_worklist(ward.desk, by=CA1)).items if one.kind is WorkKind.SERIOUS]
    heard = len(ward.heard(CENTRAL))
    await ward.until("2026-03-08 09:00")
    assert not any("严重不良事件" in one for one in ward.heard(CENTRAL, heard))
    row = await exported(ward)
    assert (row["answered_by"], row["in_time"], row["serious"]) == ("SI1", False, True)
    assert (row["criteria"], row["grade"], row["to_study_drug"]) == ("AESHOSP", 3, "NOT_RELATED")
    assert (row["aware_at"], row["due_at"]) == (task.aware_at, task.due_at)


async def test_what_comes_after_the_answer_is_asked_anew_with_a_clock_of_its_own(
    sqlite_archive: Archive,
) -> None:
    """Not serious at 20:00 by what was known then; admitted at 22:00: somebody must answer that too."""
    ward = ward_of(sqlite_archive)
    await ward.open()
    await ward.until("2026-03-06 20:00")
    await ward.phones.type(11, "流鼻血止不住，要晕倒了")
    await ward.phones.tap(SUBI, "我来处理")
    case = max(await ward.open_cases(), key=lambda one: one.level)
    first = await the_task(ward)
    answer = SaeAnswer(serious=False, narrative="stopped by itself")
    await answer_sae(ward.desk, entry=EventAnswer(task_id=first.id, answer=answer), by=SI1, auth=CONSOLE)
    await ward.until("2026-03-06 22:00")
    await close_case(ward.desk, case_id=case.id, by=SI1, outcome=Outcome.ADMITTED, auth=CONSOLE)
    async with ward.desk.archive.read() as uow:
        before, after = await uow.sae_tasks.of(TJ_001)
    assert (before.id, before.serious) == (first.id, False)
    assert (list(after.causes), after.answered_at) == (["OUTCOME"], None)
    assert after.due_at == local("2026-03-07 22:00")


@pytest.mark.parametrize(
    ("status", "causes", "held"),
    [("验孕是阳性", ["PREGNANCY"], True), ("我的伴侣怀孕了", ["PREGNANCY"], False), ("月经推迟", [], True)],
)
async def test_a_pregnancy_has_the_clock_of_a_serious_event_and_holds_the_doses(
    sqlite_archive: Archive, status: str, causes: list[str], *, held: bool
) -> None:
    """Certain, hers or her partner's: the question with its clock; hers, certain or possible: no dose."""
    ward = ward_of(sqlite_archive)
    await ward.open()
    await ward.until("2026-03-03 09:45")
    await ward.dose(1, "2026-03-03 09:40")
    await ward.until("2026-03-05 10:00")
    await ward.phones.type(HER, "/unwell")
    for label in ("都没有", "没有", "怀孕相关", "选好了", status, "没有", "都没有，我本人，完成"):
        await ward.phones.tap(HER, label)
    await ward.until("2026-03-05 10:16")
    async with ward.desk.archive.read() as uow:
        tasks = await uow.sae_tasks.of(TJ_001)
        holds = [one.reason.value for one in await uow.holds.of(TJ_001)]
    assert [list(task.causes) for task in tasks] == ([causes] if causes else [])
    assert all(task.due_at == local("2026-03-06 10:00") for task in tasks)
    assert holds == (["PREGNANCY"] if held else [])
    assert ("请先等研究团队通知" in ward.phones.said(HER)) is held


async def test_platelets_below_the_baseline_after_dosing_are_of_special_interest(
    sqlite_archive: Archive,
) -> None:
    ward = ward_of(sqlite_archive)
    await ward.open(baseline="60")
    await ward.until("2026-03-03 09:45")
    await ward.dose(1, "2026-03-03 09:40")
    await ward.until("2026-03-10 10:00")
    await ward.lab("120", "2026-03-10 08:30")
    await ward.until("2026-03-17 10:00")
    await ward.lab("58", "2026-03-17 08:30", confirmed=True)
    assert list((await the_task(ward)).causes) == ["REBOUND"]
