"""Reported again, worse, something else, after closing: what the phones of the staff hear."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.close_case import close_case
from bot.actions.raise_case import raise_case
from bot.rules.access import AuthMethod
from bot.rules.case import Case, CaseKind, Outcome
from bot.rules.report import OpenedBy, Report, ReportId, ReportStatus
from bot.rules.study import Level, StaffCode
from tests.household import COORDINATOR, HER, INVESTIGATOR, SUBJECT, joined, staffed
from tests.phones import Phones

HOUR = timedelta(hours=1)
NOSE, RASH = ("BLD_NOSE",), ("AE_RASH",)


async def at_home(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)


async def reported(
    phones: Phones, level: Level, symptoms: tuple[str, ...], report_id: str | None = None
) -> Case:
    async with phones.desk.archive.begin() as uow:
        her = await uow.participants.lock(SUBJECT)
        assert her is not None
        if report_id is not None and await uow.reports.get(report_id) is None:
            await uow.reports.open(
                Report(
                    id=ReportId(report_id),
                    subject_code=SUBJECT,
                    opened_at=phones.desk.now(),
                    status=ReportStatus.OPEN,
                    opened_by=OpenedBy.TAP,
                    reporter=None,
                    language=her.language,
                    catalogue_version="1",
                    level=level,
                )
            )
        case = await raise_case(
            uow,
            phones.desk,
            her,
            kind=CaseKind.REPORT,
            level=level,
            about="",
            report_id=report_id,
            symptoms=symptoms,
        )
    await phones.settle()
    return case


async def closed(phones: Phones, case: Case) -> None:
    await close_case(
        phones.desk,
        case_id=case.id,
        by=StaffCode("SI1"),
        outcome=Outcome.ADVICE_GIVEN,
        auth=AuthMethod.CONSOLE,
    )
    await phones.settle()


def alerts(phones: Phones, chat: int, level: str) -> int:
    return sum(f"{level} · TJ-001" in screen.text for screen in phones.chats[chat])


async def test_the_same_again_joins_the_open_case_and_says_so_without_a_new_page(phones: Phones) -> None:
    await at_home(phones)
    first = await reported(phones, Level.URGENT, NOSE)
    await phones.tap(COORDINATOR, "我来处理")
    again = await reported(phones, Level.SAME_DAY, NOSE)
    assert again.id == first.id
    assert alerts(phones, COORDINATOR, "▲ 急") == 1
    assert "再次报告同样的情况，已并入未结束的事件" in phones.last(COORDINATOR)
    async with phones.desk.archive.read() as uow:
        (case,) = await uow.cases.all_of(SUBJECT)
    assert (case.level, case.acknowledged_by) == (Level.URGENT, "CA1")


async def test_worse_rings_again_in_spite_of_an_acknowledgement_and_shows_before_and_after(
    phones: Phones,
) -> None:
    await at_home(phones)
    await reported(phones, Level.URGENT, NOSE)
    await phones.tap(COORDINATOR, "我来处理")
    worse = await reported(phones, Level.EMERGENCY, NOSE)
    assert worse.acknowledged_by is None
    card = phones.last(INVESTIGATOR)
    assert "紧急 · TJ-001" in card
    assert "CA1接手后加重" in card
    assert "▲ 急 → 🔴 紧急" in card


async def test_a_different_symptom_rings_on_its_own(chats: Phones) -> None:
    await at_home(chats)
    nose = await reported(chats, Level.URGENT, NOSE)
    rash = await reported(chats, Level.URGENT, RASH)
    assert rash.id != nose.id
    assert alerts(chats, COORDINATOR, "▲ 急") == 2


async def test_the_same_untaken_for_four_hours_rings_from_the_start(chats: Phones) -> None:
    await at_home(chats)
    first = await reported(chats, Level.SAME_DAY, NOSE)
    await chats.pass_time(4 * HOUR)
    rung = alerts(chats, COORDINATOR, "◆ 今日")
    again = await reported(chats, Level.SAME_DAY, NOSE)
    assert again.id == first.id
    assert alerts(chats, COORDINATOR, "◆ 今日") == rung + 1
    assert "几小时无人接手后再次报告" in chats.last(COORDINATOR)


async def test_within_a_day_of_closing_it_opens_again_at_the_higher_level(phones: Phones) -> None:
    await at_home(phones)
    first = await reported(phones, Level.URGENT, NOSE)
    await closed(phones, first)
    phones.clock.move(23 * HOUR)
    again = await reported(phones, Level.SAME_DAY, NOSE)
    assert (again.id, again.level, again.closed_at) == (first.id, Level.URGENT, None)
    assert "24小时内再次报告" in phones.said(COORDINATOR)
    async with phones.desk.archive.read() as uow:
        kinds = [one.kind for one in await uow.cases.events(first.id)]
    assert kinds.index("CLOSED") < kinds.index("REOPENED")


async def test_a_day_after_closing_it_is_a_case_of_its_own(chats: Phones) -> None:
    await at_home(chats)
    first = await reported(chats, Level.URGENT, NOSE)
    await closed(chats, first)
    chats.clock.move(24 * HOUR)
    assert (await reported(chats, Level.URGENT, NOSE)).id != first.id


async def test_a_report_that_joined_and_then_names_more_gets_its_own_case(chats: Phones) -> None:
    await at_home(chats)
    first = await reported(chats, Level.URGENT, NOSE, "report-1")
    assert (await reported(chats, Level.URGENT, NOSE, "report-2")).id == first.id
    more = await reported(chats, Level.URGENT, (*NOSE, *RASH), "report-2")
    assert more.id != first.id
    assert (await reported(chats, Level.URGENT, (*NOSE, *RASH), "report-2")).id == more.id


async def test_a_card_that_cannot_be_made_keeps_back_no_ring(chats: Phones) -> None:
    await at_home(chats)
    async with chats.desk.archive.begin() as uow:
        her = await uow.participants.lock(SUBJECT)
        assert her is not None
        await raise_case(
            uow, chats.desk, her, kind=CaseKind.REPORT, level=Level.URGENT, about="", report_id="unknown"
        )
    await chats.settle()
    assert alerts(chats, COORDINATOR, "▲ 急") == 1


async def test_an_alert_by_words_explains_its_level_and_names_nobody(chats: Phones) -> None:
    await at_home(chats)
    await chats.type(HER, "我叫王芳，电话13812345678，鼻血止不住，已经40分钟")
    card = chats.last(COORDINATOR)
    assert "红旗RF-2（出血止不住）" in card
    assert "还没回答" in card
    assert "base" not in card
    assert "王芳" not in card
    assert "138" not in card
