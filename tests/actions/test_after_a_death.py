"""A death that was reported or recorded: what the family's phone hears, and who alone can take it back."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.close_case import close_case
from bot.actions.end_participation import EndEntry, end_participation
from bot.actions.manage_participants import invite_participant
from bot.rules.access import AuthMethod
from bot.rules.case import Case, Outcome
from bot.rules.participant import ParticipantState
from bot.rules.study import Level, StaffCode
from tests.household import (
    HER,
    INVESTIGATOR,
    MONDAY,
    OPERATOR,
    SUBJECT,
    consents,
    enrolled,
    joined,
    staffed,
)
from tests.phones import Phones

DEATH = "我妈妈昨天走了"
CA1, SI1 = StaffCode("CA1"), StaffCode("SI1")


async def at_home(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)


async def open_case(phones: Phones, level: Level) -> Case:
    async with phones.desk.archive.read() as uow:
        return next(one for one in await uow.cases.open_of(SUBJECT) if one.level is level)


async def closed(phones: Phones, case: Case, outcome: Outcome, by: StaffCode = SI1) -> None:
    await close_case(phones.desk, case_id=case.id, by=by, outcome=outcome, auth=AuthMethod.CONSOLE)
    await phones.settle()


class TestAReportedDeath:
    async def test_closing_another_matter_says_nothing_about_it(self, chats: Phones) -> None:
        """The coordinator tidies up an older question: the family hears nothing, messages stay stopped."""
        await at_home(chats)
        await chats.type(HER, "请让研究医生联系我")
        await chats.type(HER, DEATH)
        heard = len(chats.chats[HER])
        await closed(chats, await open_case(chats, Level.SAME_DAY), Outcome.ADVICE_GIVEN, by=CA1)
        assert [one.text for one in chats.chats[HER][heard:]] == []
        async with chats.desk.archive.read() as uow:
            her = await uow.participants.get(SUBJECT)
        assert her is not None
        assert her.messages_stopped_at is not None

    async def test_told_twice_it_is_taken_back_only_with_the_last_case(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, DEATH)
        first = await open_case(chats, Level.EMERGENCY)
        await chats.type(HER, "我妈妈去世了")
        heard = len(chats.chats[HER])
        await closed(chats, first, Outcome.DUPLICATE)
        assert len(chats.chats[HER]) == heard

    async def test_misread_words_do_not_begin_messages_that_she_had_stopped_herself(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, "别再发了")
        await chats.tap(HER, "不要再发消息")
        async with chats.desk.archive.read() as uow:
            before = await uow.participants.get(SUBJECT)
        assert before is not None
        assert before.messages_stopped_at is not None
        await chats.type(HER, DEATH)
        await closed(chats, await open_case(chats, Level.EMERGENCY), Outcome.FALSE_ALARM)
        async with chats.desk.archive.read() as uow:
            after = await uow.participants.get(SUBJECT)
        assert after is not None
        assert after.messages_stopped_at == before.messages_stopped_at

    async def test_told_while_she_was_joining_it_stands_until_a_person_has_settled_it(
        self, chats: Phones
    ) -> None:
        """Whoever holds the phone writes on and even ticks the consent: no reminder begins by that."""
        await staffed(chats)
        await enrolled(chats)
        invitation = await invite_participant(chats.desk, subject=SUBJECT, by=OPERATOR)
        await chats.type(HER, invitation.code)
        await chats.type(HER, DEATH)
        chats.clock.move(timedelta(minutes=10))
        heard = len(chats.chats[HER])
        await chats.type(HER, "你们怎么不回话")
        assert not any("请选择语言" in one.text for one in chats.chats[HER][heard:])
        await consents(chats)
        heard = len(chats.chats[HER])
        chats.clock.move_to(MONDAY + timedelta(hours=9, minutes=5))
        await chats.settle()
        assert [one.text for one in chats.chats[HER][heard:]] == []
        await closed(chats, await open_case(chats, Level.EMERGENCY), Outcome.FALSE_ALARM)
        assert "研究团队让我继续给您发消息" in chats.said(HER)
        async with chats.desk.archive.read() as uow:
            her = await uow.participants.get(SUBJECT)
        assert her is not None
        assert her.messages_stopped_at is None


class TestARecordedDeath:
    async def test_taking_a_case_that_was_open_says_nothing_to_the_family(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "流鼻血止不住，要晕倒了")
        case = await open_case(chats, Level.EMERGENCY)
        entry = EndEntry(subject=SUBJECT, ended_as=ParticipantState.DIED, reason="told by the ward")
        await end_participation(chats.desk, entry=entry, by=CA1, auth=AuthMethod.CONSOLE)
        await chats.settle()
        heard = len(chats.chats[HER])
        await chats.tap_token(INVESTIGATOR, f"k:take:{case.id}")
        assert [one.text for one in chats.chats[HER][heard:]] == []
