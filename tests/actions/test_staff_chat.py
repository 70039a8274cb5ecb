"""What staff do in the chat: today, a patient's card, results and doses step by step, words to a patient."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.actions.close_case import close_case
from bot.actions.manage_participants import Enrolment, add_participant
from bot.actions.manage_staff import add_staff, invite_staff
from bot.rules.access import AuthMethod
from bot.rules.case import Outcome
from bot.rules.commands import STAFF_MENU
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, SubjectCode
from bot.texts import told_on_lock_screen
from tests.actions.test_patient_chat import until
from tests.household import (
    COORDINATOR,
    FOREIGNER,
    HER,
    INVESTIGATOR,
    OPERATOR,
    SUBJECT,
    enrolled,
    joined,
    lab,
    staffed,
)
from tests.phones import Phones

PRINCIPAL, CENTRAL, MANAGER, PRIVACY, INSPECTOR, ADMINISTRATOR = 41, 42, 43, 44, 45, 46
EVERYBODY = {
    PRINCIPAL: Role.PRINCIPAL_INVESTIGATOR,
    CENTRAL: Role.CENTRAL,
    MANAGER: Role.DATA_MANAGER,
    PRIVACY: Role.PRIVACY_OFFICER,
    INSPECTOR: Role.INSPECTOR,
    ADMINISTRATOR: Role.ADMINISTRATOR,
}
FORMS = {"lab", "dose", "move", "therapy", "hold", "correct"}
CLINICAL = {"today", "cases", "patient", *FORMS, "language", "help"}
MENUS = {
    COORDINATOR: CLINICAL,
    INVESTIGATOR: CLINICAL,
    PRINCIPAL: CLINICAL,
    CENTRAL: {"today", "cases", "patient", "language", "help"},
    MANAGER: {"today", "patient", "language", "help"},
    INSPECTOR: {"today", "patient", "language", "help"},
    PRIVACY: {"language", "help"},
    ADMINISTRATOR: {"language", "help"},
}


async def at_work(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)


async def everybody(chats: Phones) -> None:
    await at_work(chats)
    for chat, role in EVERYBODY.items():
        code = StaffCode(f"X{chat}")
        site = SiteCode("TJ") if role is Role.PRINCIPAL_INVESTIGATOR else None
        await add_staff(chats.desk, code=code, role=role, site=site, language=Language.ZH, by=OPERATOR)
        invitation, _ = await invite_staff(chats.desk, code=code, by=OPERATOR)
        await chats.type(chat, f"/start {invitation.code}")


async def labs(chats: Phones) -> list[str]:
    async with chats.desk.archive.read() as uow:
        return [str(one.value) for one in await uow.labs.of(SUBJECT)]


async def doses(chats: Phones) -> list[int]:
    async with chats.desk.archive.read() as uow:
        return [one.number for one in await uow.doses.of(SUBJECT)]


class TestEveryCommandByEveryRole:
    async def test_the_menu_holds_what_the_role_may_and_the_rest_is_refused(self, chats: Phones) -> None:
        await everybody(chats)
        for chat, menu in MENUS.items():
            assert set(chats.menus[chat]) == menu, chat
            for command in STAFF_MENU:
                heard = len(chats.chats[chat])
                await chats.type(chat, f"/{command} {SUBJECT}")
                assert len(chats.chats[chat]) > heard
                refused = "没有权限" in chats.last(chat)
                assert refused is (command not in menu), (chat, command)

    async def test_a_foreign_patient_and_none_at_all_have_the_same_words(self, chats: Phones) -> None:
        await at_work(chats)
        for command in ("patient", *FORMS):
            answers = []
            for code in (SUBJECT, "TJ-999", "<b>"):
                await chats.type(FOREIGNER, f"/{command} {code}")
                answers.append(chats.last(FOREIGNER).replace(code.upper(), "·"))
            assert len(set(answers)) == 1
        for verb in (*FORMS, "words"):
            await chats.tap_token(FOREIGNER, f"n:{verb}:{SUBJECT}")
        await chats.tap_token(FOREIGNER, f"y:{SUBJECT}")
        assert str(SUBJECT) not in chats.said(FOREIGNER).replace(f"/lab {SUBJECT}", "")

    async def test_patient_and_stranger_reach_no_staff_command(self, chats: Phones) -> None:
        await at_work(chats)
        for chat in (HER, 99):
            for command in STAFF_MENU:
                await chats.type(chat, f"/{command} {SUBJECT} 12")
            await chats.tap_token(chat, f"n:lab:{SUBJECT}")
        assert await labs(chats) == ["38"]

    async def test_help_lists_what_one_may(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, "/help")
        assert "/lab" in chats.last(COORDINATOR)


class TestAResult:
    async def test_step_by_step_the_effect_is_shown_before_anything_is_stored(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, "/lab")
        await chats.tap(COORDINATOR, SUBJECT)
        await chats.tap(COORDINATOR, "血小板")
        await chats.type(COORDINATOR, "18 10^9/L")
        await chats.tap(COORDINATOR, "现在")
        assert "还没有保存" in chats.last(COORDINATOR)
        assert "急" in chats.last(COORDINATOR)
        assert await labs(chats) == ["38"]
        await chats.tap(COORDINATOR, "保存")
        assert await labs(chats) == ["38", "18"]
        assert "18" in chats.said(INVESTIGATOR)

    async def test_in_one_line_only_what_is_missing_is_asked(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} 86 10^9/L")
        await chats.type(COORDINATOR, "09:10")
        await chats.tap(COORDINATOR, "保存")
        assert "86" in await labs(chats)

    async def test_a_value_that_may_be_either_is_asked(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} 8.6")
        await chats.tap(COORDINATOR, "86")
        await chats.tap(COORDINATOR, "现在")
        assert await labs(chats) == ["38"]
        await chats.tap(COORDINATOR, "保存")
        assert "86" in await labs(chats)

    async def test_nonsense_is_asked_again_and_nothing_is_lost(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} hello")
        await chats.type(COORDINATOR, "86 10^9/L")
        await chats.type(COORDINATOR, "some day")
        assert "没看懂" in chats.last(COORDINATOR)
        await chats.type(COORDINATOR, "09:00")
        await chats.type(COORDINATOR, "well?")
        assert "还没有保存" in chats.last(COORDINATOR)
        assert "86" in chats.last(COORDINATOR)
        await chats.tap(COORDINATOR, "保存")
        assert "86" in await labs(chats)

    async def test_cancelled_or_left_it_stores_nothing_and_its_buttons_are_old(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} 86 10^9/L")
        await chats.tap(COORDINATOR, "现在")
        save = chats.button(COORDINATOR, "保存").data
        await chats.tap(COORDINATOR, "取消")
        chats.notices.clear()
        await chats.tap_token(COORDINATOR, save)
        assert chats.notices != [""]
        assert await labs(chats) == ["38"]

    async def test_what_another_person_stored_meanwhile_is_shown_before_saving(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} 86 10^9/L")
        await chats.tap(COORDINATOR, "现在")
        await lab(chats, "12", chats.clock.now() - timedelta(minutes=10))
        await chats.tap(COORDINATOR, "保存")
        if "还没有保存" in chats.last(COORDINATOR):
            assert "86" not in await labs(chats)
            await chats.tap(COORDINATOR, "保存")
        assert "86" in await labs(chats)

    async def test_another_persons_form_cannot_be_saved_by_its_token(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, f"/lab {SUBJECT} 86 10^9/L")
        await chats.tap(COORDINATOR, "现在")
        save = chats.button(COORDINATOR, "保存").data
        for chat in (FOREIGNER, INVESTIGATOR, HER):
            await chats.tap_token(chat, save)
        assert await labs(chats) == ["38"]


class TestADose:
    async def test_the_next_dose_at_its_planned_time_is_three_taps(self, chats: Phones) -> None:
        await at_work(chats)
        await until(chats, 10, days=1)
        await chats.type(COORDINATOR, f"/dose {SUBJECT}")
        await chats.tap(COORDINATOR, "第1针")
        await chats.tap(COORDINATOR, "09:30")
        assert await doses(chats) == []
        await chats.tap(COORDINATOR, "保存")
        assert await doses(chats) == [1]
        async with chats.desk.archive.read() as uow:
            (given,) = await uow.doses.of(SUBJECT)
        assert given.given_at == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)

    async def test_a_dose_that_is_there_already_is_refused_and_the_number_asked_again(
        self, chats: Phones
    ) -> None:
        await at_work(chats)
        await until(chats, 10, days=1)
        for _ in range(2):
            await chats.type(COORDINATOR, f"/dose {SUBJECT}")
            await chats.type(COORDINATOR, "1")
            await chats.type(COORDINATOR, "09:30")
            if not await doses(chats):
                await chats.tap(COORDINATOR, "保存")
        assert await doses(chats) == [1]
        assert "第几针" in chats.last(COORDINATOR)


class TestToday:
    async def test_most_urgent_first_with_what_comes_next_as_a_button(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(HER, "要带什么东西吗")
        await chats.type(HER, "流鼻血40分钟止不住，要晕倒了")
        await chats.tap(INVESTIGATOR, "我来处理")
        await chats.tap(INVESTIGATOR, "已联系到患者")
        await until(chats, 10, days=1)
        await chats.type(COORDINATOR, "/today")
        shown = chats.last(COORDINATOR)
        assert "1. TJ-001：紧急事件" in shown
        assert "该打针" in shown
        assert "1. TJ-001：打开事件" in [button.label for button in chats.chats[COORDINATOR][-1].buttons]
        await chats.tap(COORDINATOR, "1. TJ-001：打开事件")
        assert "接过来" in str(chats.chats[COORDINATOR][-1].buttons) or "SI1" in chats.last(COORDINATOR)

    async def test_the_newest_page_is_the_only_one_with_buttons(self, chats: Phones) -> None:
        await at_work(chats)
        await until(chats, 10, days=1)
        for _ in range(2):
            await chats.type(COORDINATOR, "/today")
        with_buttons = [
            screen
            for screen in chats.chats[COORDINATOR]
            if any(button.data.startswith(("n:", "y:")) for button in screen.buttons)
        ]
        assert with_buttons == [chats.chats[COORDINATOR][-1]]
        await chats.tap_token(COORDINATOR, "t:999")
        await chats.tap_token(COORDINATOR, "t:0")
        assert "TJ-001" in chats.last(COORDINATOR)

    async def test_another_sites_coordinator_sees_nothing_of_it(self, chats: Phones) -> None:
        await at_work(chats)
        await until(chats, 10, days=1)
        await chats.type(FOREIGNER, "/today")
        assert "没有待办" in chats.last(FOREIGNER)
        assert "TJ-001" not in chats.said(FOREIGNER)

    async def test_the_digest_comes_at_half_past_eight_on_working_days_once(self, chats: Phones) -> None:
        await at_work(chats)
        for chat in (COORDINATOR, INVESTIGATOR):
            chats.chats[chat].clear()
        await until(chats, 8, 29, days=1)
        assert "从最急的开始" not in str(chats.chats[COORDINATOR])
        await chats.pass_time(timedelta(minutes=1))
        assert "该打针" in chats.last(COORDINATOR)
        assert chats.chats[INVESTIGATOR] == []
        heard = len(chats.chats[COORDINATOR])
        await chats.pass_time(timedelta(minutes=5))
        assert len(chats.chats[COORDINATOR]) == heard
        await chats.tap(COORDINATOR, "从最急的开始")
        assert "1. TJ-001" in chats.last(COORDINATOR)

    async def test_no_digest_on_a_day_off_and_none_after_the_day(self, chats: Phones) -> None:
        await at_work(chats)
        chats.clock.move_to(datetime(2026, 3, 7, 2, 0, tzinfo=UTC))
        chats.chats[COORDINATOR].clear()
        await chats.settle()
        assert "08:30" not in "".join(screen.text[:20] for screen in chats.chats[COORDINATOR])


class TestThePatientsCard:
    async def test_plan_results_and_reports_on_one_card_and_the_look_is_noted(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.tap(HER, "我不舒服")
        for label in ("都没有", "没有", "都没有，我本人，完成"):
            await chats.tap(HER, label)
        await chats.type(INVESTIGATOR, f"/patient {SUBJECT.lower()}")
        card = next(s.text for s in reversed(chats.chats[INVESTIGATOR]) if "最近报告" in s.text)
        assert "38" in card
        assert "3月3日" in card
        async with chats.desk.archive.read() as uow:
            kinds = [entry.kind for entry in await uow.audit.of(SUBJECT)]
        assert "staff:participant:viewed" in kinds

    async def test_her_code_alone_shows_her_to_those_who_may_see_her(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(INVESTIGATOR, f" {SUBJECT.lower()} ")
        assert "接下来" in chats.said(INVESTIGATOR)
        for code in (SUBJECT, "TJ-999"):
            await chats.type(FOREIGNER, code)
            assert chats.last(FOREIGNER) == "您的中心没有未结束的事件。"
        await chats.tap(FOREIGNER, "今天的工作")
        assert "没有待办" in chats.last(FOREIGNER)

    async def test_without_a_code_it_says_how(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(COORDINATOR, "/patient")
        assert "/patient TJ-001" in chats.last(COORDINATOR)


class TestWordsToAPatient:
    async def test_a_question_is_answered_through_the_bot_after_it_was_shown(self, chats: Phones) -> None:
        await at_work(chats)
        await chats.type(HER, "下次要带什么东西吗")
        await until(chats, 8, 35, days=1)
        await chats.type(COORDINATOR, "/cases")
        await chats.tap(COORDINATOR, "我来处理")
        await chats.tap(COORDINATOR, "给患者写")
        await chats.type(COORDINATOR, "带研究参与卡就行。{x}")
        assert "带研究参与卡" not in chats.said(HER)
        await chats.tap(COORDINATOR, "发出")
        assert "研究团队给您的话" in chats.last(HER)
        assert "带研究参与卡就行。{x}" in chats.last(HER)
        assert "CA1" not in chats.said(HER)
        async with chats.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
            events = await uow.cases.events(case.id)
        assert [event.note for event in events if event.kind == "ANSWERED"] == ["带研究参与卡就行。{x}"]

    @pytest.mark.parametrize("language", list(Language))
    async def test_no_word_of_the_team_stands_on_a_locked_phone(
        self, chats: Phones, language: Language
    ) -> None:
        said = Phrase("patient.from_team", {"words": "血小板 platelets 38"})
        words = chats.texts.words(said, language, "Asia/Shanghai")
        assert told_on_lock_screen(words) == ()
        assert words.endswith("血小板 platelets 38")

    async def test_who_cannot_be_reached_in_the_chat_is_phoned(self, chats: Phones) -> None:
        await staffed(chats)
        await enrolled(chats)
        await chats.tap_token(COORDINATOR, f"n:words:{SUBJECT}")
        assert "打电话" in chats.last(COORDINATOR)


@pytest.mark.parametrize("language", list(Language))
async def test_a_person_of_staff_chooses_the_language(chats: Phones, language: Language) -> None:
    await at_work(chats)
    await chats.type(COORDINATOR, "/language")
    await chats.tap(COORDINATOR, "English" if language is Language.EN else "中文")
    expected = "Today at my sites" if language is Language.EN else "今天的工作"
    assert expected in chats.last(COORDINATOR)


WUHAN_SUBJECT = SubjectCode("WH-001")


async def at_two_sites(chats: Phones) -> None:
    """The coordinator of Tianjin has the role at Wuhan too, where somebody is enrolled as well."""
    await at_work(chats)
    await add_staff(
        chats.desk,
        code=StaffCode("CA1"),
        role=Role.COORDINATOR,
        site=SiteCode("WH"),
        language=Language.ZH,
        by=OPERATOR,
    )
    enrolment = Enrolment(
        subject_code=WUHAN_SUBJECT,
        site_code=SiteCode("WH"),
        language=Language.ZH,
        sex=Sex.FEMALE,
        consent_signed_on=date(2026, 3, 1),
        day1_at=datetime(2026, 3, 3, 1, 30, tzinfo=UTC),
        baseline_platelets=Decimal(38),
        baseline_sampled_at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    )
    await add_participant(chats.desk, enrolment=enrolment, by=OPERATOR)


async def test_closing_because_of_another_medicine_asks_which_and_how(chats: Phones) -> None:
    """The outcome alone closes nothing, by no door. Source: specification 3.3."""
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "请让研究医生联系我")
    await chats.tap(COORDINATOR, "我来处理")
    await chats.tap(COORDINATOR, "结束")
    await chats.tap(COORDINATOR, "已调药")
    async with chats.desk.archive.read() as uow:
        (case,) = await uow.cases.open_of(SUBJECT)
    by, auth, how = StaffCode("CA1"), AuthMethod.CONSOLE, Outcome.MEDICATION_CHANGED
    with pytest.raises(Refusal, match="medication_needed"):
        await close_case(chats.desk, case_id=case.id, by=by, outcome=how, auth=auth, note=" ")
    assert "调整了什么药" in chats.last(COORDINATOR)
    await chats.type(COORDINATOR, "止吐药换成口服")
    await chats.tap(COORDINATOR, "保存")
    async with chats.desk.archive.read() as uow:
        (closed,) = await uow.cases.all_of(SUBJECT)
        last = (await uow.cases.events(closed.id))[-1]
    assert (closed.outcome, last.kind, last.note) == (how, "CLOSED", "止吐药换成口服")


class TestTwoSites:
    """Whoever has a role at two sites always reads which one a message is about."""

    async def test_every_message_about_a_patient_names_the_site(self, chats: Phones) -> None:
        await at_two_sites(chats)
        seen = len(chats.chats[COORDINATOR])
        await chats.type(HER, "血止不住，已经半小时了")
        await chats.tap(COORDINATOR, "我来处理")
        await chats.tap(INVESTIGATOR, "我来接手")
        await chats.tap(INVESTIGATOR, "结束")
        await chats.tap(HER, "还没有")
        await chats.type(HER, "现在头也很痛")
        await chats.pass_time(timedelta(minutes=16))
        for typed in ("/patient WH-001", "/lab WH-001", "/lab TJ-001 86 10^9/L", "/hold TJ-001", "/today"):
            await chats.type(COORDINATOR, typed)
        await lab(chats, "15", chats.clock.now())
        told = [screen.text for screen in chats.chats[COORDINATOR][seen:]]
        about = [text for text in told if re.search(r"TJ-001|WH-001", text)]
        assert len(about) > 10
        unnamed = [text for text in about if not re.search(r"TJ(?!-)|天津|WH(?!-)|武汉", text)]
        assert unnamed == []
        taken = next(text for text in told if "已由SI1接手" in text or ("SI1 " in text and "接手" in text))
        assert re.search(r"TJ(?!-)|天津", taken)

    async def test_the_choice_of_a_participant_and_each_line_of_the_day_name_it(self, chats: Phones) -> None:
        await at_two_sites(chats)
        await chats.type(COORDINATOR, "/dose")
        labels = [one.label for one in chats.chats[COORDINATOR][-1].buttons]
        assert labels[:2] == ["TJ-001 · TJ", "WH-001 · WH"]
        await chats.pass_time(timedelta(days=1))
        await chats.type(COORDINATOR, "/today")
        assert re.search(r"TJ-001：[^\n]*TJ", chats.last(COORDINATOR))
        assert re.search(r"WH-001：[^\n]*WH", chats.last(COORDINATOR))

    async def test_whoever_has_one_site_reads_no_more_than_before(self, chats: Phones) -> None:
        await at_two_sites(chats)
        await chats.type(INVESTIGATOR, "/dose")
        assert next(one.label for one in chats.chats[INVESTIGATOR][-1].buttons) == "TJ-001"
        await chats.type(INVESTIGATOR, "/hold TJ-001")
        assert "【TJ" not in chats.said(INVESTIGATOR)
