"""One story through the actions, on both databases and in both languages.

Join, reminded, red flag, closed.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.manage_participants import invite_participant
from bot.actions.manage_staff import revoke_staff
from bot.actions.record_dose import DoseEntry, record_dose
from bot.rules.access import AuthMethod
from bot.rules.case import Outcome
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, Level, StaffCode, SubjectCode
from storage.errors import AlreadyHandled
from tests import cast
from tests.household import (
    COORDINATOR,
    FOREIGNER,
    GOOD_DAY,
    HER,
    INVESTIGATOR,
    MONDAY,
    OPERATOR,
    STRANGER,
    SUBJECT,
    WORDS,
    dose,
    enrolled,
    joined,
    lab,
    staffed,
)
from tests.phones import Phones


class TestJoining:
    async def test_every_wrong_code_has_the_same_answer_and_five_are_followed_by_silence(
        self, phones: Phones
    ) -> None:
        for _ in range(5):
            await phones.type(STRANGER, "AAAA-BBBB")
        answers = {screen.text for screen in phones.chats[STRANGER]}
        assert len(answers) == 1
        assert "120" in answers.pop()
        await phones.type(STRANGER, "CCCC-DDDD")
        assert len(phones.chats[STRANGER]) == 5

    async def test_a_strangers_red_flag_is_answered_without_phone_or_promise(self, phones: Phones) -> None:
        for _ in range(6):
            await phones.type(STRANGER, "AAAA-BBBB")
        await phones.type(STRANGER, "流鼻血止不住，要晕倒了")
        assert "请马上拨打120" in phones.last(STRANGER)
        assert "Call 120 now" in phones.last(STRANGER)
        assert "{site_phone}" not in phones.last(STRANGER)
        assert "通知" not in phones.last(STRANGER)

    async def test_nothing_is_sent_before_both_consents_are_given(self, phones: Phones) -> None:
        await staffed(phones)
        await enrolled(phones)
        invitation = await invite_participant(phones.desk, subject=SUBJECT, by=OPERATOR)
        await phones.type(HER, f"/start {invitation.code}")
        await phones.tap(HER, "中文")
        await phones.tap(HER, "往下")
        await phones.tap(HER, "好了")
        assert any("前两项" in notice for notice in phones.notices)
        before = len(phones.chats[HER])
        await phones.pass_time(timedelta(days=2))
        assert len(phones.chats[HER]) == before

    async def test_a_red_flag_before_consent_has_the_advice_and_the_site_hears(self, phones: Phones) -> None:
        await staffed(phones)
        await enrolled(phones)
        invitation = await invite_participant(phones.desk, subject=SUBJECT, by=OPERATOR)
        await phones.type(HER, invitation.code)
        await phones.type(HER, "nosebleed 40 min wont stop feel faint")
        assert "Call 120 now" in phones.said(HER)
        assert "TJ-001" in phones.last(COORDINATOR)

    async def test_a_code_is_good_for_one_person_once(self, phones: Phones) -> None:
        await staffed(phones)
        await enrolled(phones)
        invitation = await invite_participant(phones.desk, subject=SUBJECT, by=OPERATOR)
        await phones.type(HER, invitation.code)
        await phones.type(STRANGER, invitation.code)
        assert "一次性代码" in phones.last(STRANGER)

    async def test_she_may_decline_and_hears_nothing_more(self, phones: Phones) -> None:
        await staffed(phones)
        await enrolled(phones)
        invitation = await invite_participant(phones.desk, subject=SUBJECT, by=OPERATOR)
        await phones.type(HER, invitation.code)
        await phones.tap(HER, "中文")
        await phones.tap(HER, "我不同意")
        before = len(phones.chats[HER])
        await phones.pass_time(timedelta(days=9))
        assert len(phones.chats[HER]) == before


@pytest.mark.parametrize("language", list(Language))
class TestTheStory:
    async def test_she_joins_and_knows_her_next_visit(self, phones: Phones, language: Language) -> None:
        await staffed(phones)
        await joined(phones, language)
        expected = "3月3日（周二）09:30" if language is Language.ZH else "Tue 3 March, 09:30"
        assert expected in phones.last(HER)
        async with phones.desk.archive.read() as uow:
            consents = await uow.consents.of(SUBJECT)
        assert [one.agreed for one in consents] == [True, True, False]

    async def test_she_is_reminded_the_evening_before_and_in_the_morning_once(
        self, phones: Phones, language: Language
    ) -> None:
        await staffed(phones)
        await joined(phones, language)
        before = len(phones.chats[HER])
        await phones.pass_time(timedelta(hours=9))
        # The reminder, and the one report before the first dose.
        assert len(phones.chats[HER]) == before + 2
        await phones.pass_time(timedelta(minutes=5))
        assert len(phones.chats[HER]) == before + 2
        await phones.tap(HER, WORDS[language]["got it"])
        await phones.pass_time(timedelta(hours=12, minutes=30))
        assert "09:30" in phones.last(HER)

    async def test_a_good_day_is_three_taps(self, phones: Phones, language: Language) -> None:
        await staffed(phones)
        await joined(phones, language)
        await phones.tap(HER, WORDS[language]["unwell"])
        for label in GOOD_DAY[language]:
            await phones.tap(HER, label)
        async with phones.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            assert (report.status.value, report.level) == ("COMPLETE", Level.NONE)
            assert await uow.cases.open_of(SUBJECT) == ()

    async def test_a_red_flag_is_advised_alerted_taken_and_closed(
        self, phones: Phones, language: Language
    ) -> None:
        words = WORDS[language]
        await staffed(phones)
        await joined(phones, language)
        await phones.tap(HER, words["unwell"])
        await phones.tap(HER, words["bleeding"])
        assert words["advice"] in phones.said(HER)
        assert cast.TIANJIN.phone in phones.said(HER)
        for chat in (COORDINATOR, INVESTIGATOR):
            assert "TJ-001" in phones.last(chat)
            assert "紧急" in phones.last(chat)
        assert FOREIGNER not in phones.chats or "TJ-001" not in phones.said(FOREIGNER)
        await phones.tap(COORDINATOR, "我来处理")
        assert any("CA1 已接手" in screen.text for screen in phones.chats[INVESTIGATOR])
        await phones.tap(COORDINATOR, "已联系到患者")
        async with phones.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        await phones.tap_token(COORDINATOR, f"k:out:{case.id}:SENT_TO_ED")
        async with phones.desk.archive.read() as uow:
            assert await uow.cases.open_of(SUBJECT) != ()
        await phones.tap_token(INVESTIGATOR, f"k:out:{case.id}:SENT_TO_ED")
        async with phones.desk.archive.read() as uow:
            (closed,) = await uow.cases.all_of(SUBJECT)
            assert (closed.closed_by, closed.outcome) == ("SI1", Outcome.SENT_TO_ED)
            assert (await uow.audit.verify())[1] is None

    async def test_last_weeks_red_flag_button_still_counts(self, phones: Phones, language: Language) -> None:
        words = WORDS[language]
        await staffed(phones)
        await joined(phones, language)
        await phones.tap(HER, words["unwell"])
        old = phones.button(HER, words["bleeding"]).data
        for label in GOOD_DAY[language]:
            await phones.tap(HER, label)
        await phones.pass_time(timedelta(days=7))
        await phones.tap_token(HER, old)
        assert words["advice"] in phones.said(HER)
        assert "TJ-001" in phones.last(COORDINATOR)
        async with phones.desk.archive.read() as uow:
            (case,) = [case for case in await uow.cases.open_of(SUBJECT) if case.level is Level.EMERGENCY]
        assert case.report_id is not None

    async def test_words_that_alarmed_keep_their_level_and_are_advised_once(
        self, phones: Phones, language: Language
    ) -> None:
        await staffed(phones)
        await joined(phones, language)
        await phones.type(HER, "流鼻血40分钟止不住，要晕倒了")
        advised = [screen for screen in phones.chats[HER] if "请马上拨打120" in screen.text]
        assert len(advised) == 1
        async with phones.desk.archive.read() as uow:
            cases = await uow.cases.open_of(SUBJECT)
        assert [case.level for case in cases] == [Level.EMERGENCY]


class TestWhoMayWhat:
    async def test_neither_patient_nor_stranger_nor_another_site_can_touch_a_case(
        self, phones: Phones
    ) -> None:
        await staffed(phones)
        await joined(phones)
        await phones.type(HER, "流鼻血止不住，要晕倒了")
        async with phones.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        for chat in (HER, STRANGER, FOREIGNER):
            for verb in ("take", "met", "end"):
                await phones.tap_token(chat, f"k:{verb}:{case.id}")
            await phones.tap_token(chat, f"k:out:{case.id}:FALSE_ALARM")
        async with phones.desk.archive.read() as uow:
            untouched = await uow.cases.get(case.id)
        assert untouched is not None
        assert (untouched.acknowledged_by, untouched.closed_at) == (None, None)

    async def test_a_foreign_coordinator_hears_of_a_subject_as_of_one_that_does_not_exist(
        self, phones: Phones
    ) -> None:
        await staffed(phones)
        await joined(phones)
        refusals = []
        for subject in (SUBJECT, SubjectCode("TJ-999")):
            entry = DoseEntry(subject=subject, number=1, given_at=MONDAY)
            with pytest.raises(NotEntitled) as refused:
                await record_dose(phones.desk, entry=entry, by=StaffCode("CW1"), auth=AuthMethod.COMMAND_LINE)
            refusals.append(refused.value.key)
        assert len(set(refusals)) == 1

    async def test_a_revoked_person_is_out_at_once(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await revoke_staff(phones.desk, code=StaffCode("CA1"), reason="left the site", by=OPERATOR)
        before = len(phones.chats[COORDINATOR])
        await phones.type(HER, "流鼻血止不住，要晕倒了")
        assert len(phones.chats[COORDINATOR]) == before
        assert "TJ-001" in phones.last(INVESTIGATOR)


class TestDosesAndPlatelets:
    @pytest.mark.parametrize(
        ("value", "state"), [("99.9", ParticipantState.TREATMENT), ("100.0", ParticipantState.RESPONDED)]
    )
    async def test_one_hundred_stops_and_a_tenth_less_does_not(
        self, phones: Phones, value: str, state: ParticipantState
    ) -> None:
        await staffed(phones)
        await joined(phones)
        await phones.pass_time(timedelta(days=1))
        await dose(phones, 1, phones.clock.now())
        await phones.pass_time(timedelta(days=4))
        await lab(phones, value, phones.clock.now())
        async with phones.desk.archive.read() as uow:
            participant = await uow.participants.get(SUBJECT)
        assert participant is not None
        assert participant.state is state

    async def test_a_second_record_of_one_dose_is_refused(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await dose(phones, 1, MONDAY)
        with pytest.raises(Refusal, match="dose_exists"):
            await dose(phones, 1, MONDAY)

    async def test_platelets_under_twenty_are_urgent(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await lab(phones, "18", MONDAY)
        async with phones.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        assert case.level is Level.URGENT
        assert "18" in phones.last(COORDINATOR)


class TestOnce:
    async def test_the_same_update_twice_changes_nothing(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        number = await phones.type(HER, "流鼻血止不住，要晕倒了")
        before = len(phones.chats[HER])
        phones.next_update = number
        with pytest.raises(AlreadyHandled):
            await phones.type(HER, "流鼻血止不住，要晕倒了")
        await phones.settle()
        assert len(phones.chats[HER]) == before

    async def test_nobody_acknowledges_and_it_never_falls_silent(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await phones.type(HER, "流鼻血止不住，要晕倒了")
        heard = len(phones.chats[COORDINATOR])
        for _ in range(12):
            await phones.pass_time(timedelta(minutes=10))
            assert len(phones.chats[COORDINATOR]) > heard
            heard = len(phones.chats[COORDINATOR])
