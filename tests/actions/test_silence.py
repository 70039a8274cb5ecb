"""Nobody hears from her: one case until somebody spoke with her or she answers, by whichever clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.actions.log_contact import log_contact
from bot.actions.mind_silence import is_about_silence
from bot.actions.worklist import read_worklist
from bot.rules.access import AuthMethod
from bot.rules.case import Case, Outcome
from bot.rules.study import Level, StaffCode
from bot.rules.worklist import Section, WorkKind
from tests.beginnings import beginning
from tests.household import COORDINATOR, HER, INVESTIGATOR, MONDAY, SUBJECT, dose, joined, lab, staffed
from tests.phones import Phones

CA1 = StaffCode("CA1")
DAY = timedelta(days=1)


@beginning
async def silent_from_day_one(phones: Phones) -> None:
    """Dose 1 on Tuesday 3 March; she was asked before it already, and answers nothing."""
    await staffed(phones)
    await joined(phones)
    await phones.move_to(datetime(2026, 3, 3, 2, 0, tzinfo=UTC))
    await dose(phones, 1, datetime(2026, 3, 3, 1, 30, tzinfo=UTC))


@beginning
async def silent_for_days(phones: Phones) -> None:
    """By Thursday 5 March two check-ins are unanswered, and the coordinator has been told."""
    await silent_from_day_one(phones)
    await phones.move_to(MONDAY + 3 * DAY)


async def cases_of_silence(phones: Phones) -> list[Case]:
    async with phones.desk.archive.read() as uow:
        return [case for case in await uow.cases.all_of(SUBJECT) if await is_about_silence(uow, case)]


async def quiet_items(phones: Phones) -> int:
    found = await read_worklist(phones.desk, by=CA1)
    silent = [item for item in found.items if item.kind is WorkKind.SILENT]
    assert all(item.section is Section.QUIET for item in silent)
    return len(silent)


async def phoned(phones: Phones, case: Case, *, reached: bool, learnt: str = "") -> None:
    await log_contact(
        phones.desk, case_id=case.id, by=CA1, reached=reached, auth=AuthMethod.CONSOLE, learnt=learnt
    )
    await phones.settle()


async def test_jumps_over_days_in_which_the_service_was_down_add_none(chats: Phones) -> None:
    await silent_from_day_one(chats)
    await chats.move_to(datetime(2026, 3, 3, 11, 5, tzinfo=UTC))
    for days in (3, 4, 1, 7):
        await chats.pass_time(days * DAY)
    (_,) = await cases_of_silence(chats)


async def test_days_of_silence_are_one_case_and_after_a_call_only_new_silence_is_another(
    chats: Phones,
) -> None:
    await silent_from_day_one(chats)
    await chats.move_to(MONDAY + 5 * DAY)
    (first,) = await cases_of_silence(chats)
    await phoned(chats, first, reached=False, learnt="no answer")
    assert await quiet_items(chats) == 1
    await chats.move_to(chats.clock.now() + DAY)
    (still,) = await cases_of_silence(chats)
    await phoned(chats, still, reached=True, learnt="phone was broken")
    (ended,) = await cases_of_silence(chats)
    assert (ended.outcome, ended.closed_by, await quiet_items(chats)) == (Outcome.REACHED, CA1, 0)
    asked_since = len(chats.chats[HER])
    await chats.move_to(chats.clock.now() + DAY)
    assert len(await cases_of_silence(chats)) == 1
    await chats.move_to(chats.clock.now() + 4 * DAY)
    assert len(chats.chats[HER]) > asked_since
    assert [case.closed_at is None for case in await cases_of_silence(chats)] == [False, True]


async def test_her_own_answer_ends_the_case_and_every_card_says_so(chats: Phones) -> None:
    await silent_for_days(chats)
    assert any("连续两次问询没有回复" in screen.text for screen in chats.chats[COORDINATOR])
    await chats.tap(HER, "都没有")
    (case,) = await cases_of_silence(chats)
    assert case.outcome is Outcome.ANSWERED
    assert case.closed_by == StaffCode(SUBJECT)
    card = next(one for one in reversed(chats.chats[COORDINATOR]) if "连续两次问询没有回复" in one.text)
    assert "患者已自己作答" in card.text
    assert not card.buttons
    assert await quiet_items(chats) == 0


async def test_very_low_platelets_raise_the_case_there_is(chats: Phones) -> None:
    await silent_for_days(chats)
    await lab(chats, "18", chats.clock.now())
    async with chats.desk.archive.read() as uow:
        (urgent,) = [case for case in await uow.cases.open_of(SUBJECT) if case.level is Level.URGENT]
    await chats.tap_token(INVESTIGATOR, f"k:out:{urgent.id}:ADVICE_GIVEN")
    await chats.move_to(chats.clock.now() + DAY)
    (case,) = await cases_of_silence(chats)
    assert case.level is Level.SAME_DAY


async def test_in_the_chat_the_call_is_kept_at_once_and_what_was_learnt_ends_the_case(chats: Phones) -> None:
    await silent_for_days(chats)
    await chats.tap(COORDINATOR, "我来处理")
    await chats.tap(COORDINATOR, "联系不上")
    assert any("没联系上：1 次" in screen.text for screen in chats.chats[COORDINATOR])
    await chats.tap(COORDINATOR, "已联系到患者")
    (case,) = await cases_of_silence(chats)
    assert (case.contacted_by, case.closed_at) == (CA1, None)
    await chats.type(COORDINATOR, "手机坏了，没有出血")
    await chats.tap(COORDINATOR, "保存")
    (case,) = await cases_of_silence(chats)
    assert case.outcome is Outcome.REACHED
    async with chats.desk.archive.read() as uow:
        events = [(one.kind, one.actor_code, one.note) for one in await uow.cases.events(case.id)]
    assert ("CONTACT_FAILED", "CA1", "") in events
    assert events[-1] == ("CLOSED", "CA1", "手机坏了，没有出血")
