"""Everything a patient does on an ordinary day: home, check-in, words, language, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.desk import Desk
from bot.actions.manage_participants import invite_participant
from bot.rules.case import Outcome
from bot.rules.participant import ParticipantState
from bot.rules.report import OpenedBy, Report, ReportStatus
from bot.rules.study import Language, Level
from tests import cast
from tests.household import (
    COORDINATOR,
    GOOD_DAY,
    HER,
    INVESTIGATOR,
    OPERATOR,
    SUBJECT,
    WORDS,
    dose,
    enrolled,
    joined,
    staffed,
)
from tests.phones import Phones

EMERGENCY_WORDS = "流鼻血40分钟止不住，要晕倒了"
CONTENTS = ("voice", "photo", "sticker", "document", "location", "contact", "poll", "video", "dice")


async def at_home(chats: Phones, language: Language = Language.ZH) -> None:
    await staffed(chats)
    await joined(chats, language)


async def reports(chats: Phones) -> tuple[Report, ...]:
    async with chats.desk.archive.read() as uow:
        return await uow.reports.of(SUBJECT)


async def levels_of_cases(chats: Phones) -> list[Level]:
    async with chats.desk.archive.read() as uow:
        return [case.level for case in await uow.cases.open_of(SUBJECT)]


def questions(chats: Phones) -> list[str]:
    """The texts of the messages that bear an answer to a question of ours."""
    asking = ("q:", "w:", "c:", "l:", "s:")
    return [
        screen.text
        for screen in chats.chats[HER]
        if any(button.data.startswith(asking) for button in screen.buttons)
    ]


def in_tianjin(chats: Phones) -> datetime:
    return chats.clock.now().astimezone(cast.TIANJIN_ZONE)


async def until(chats: Phones, hour: int, minute: int = 0, *, days: int = 0) -> None:
    """Steps through the hours to this local time, so many days on."""
    moment = in_tianjin(chats).replace(hour=hour, minute=minute) + timedelta(days=days)
    assert moment > in_tianjin(chats)
    await chats.move_to(moment)


async def test_her_answer_to_emergency_advice_counts_before_she_has_joined(chats: Phones) -> None:
    await staffed(chats)
    await enrolled(chats)
    invitation = await invite_participant(chats.desk, subject=SUBJECT, by=OPERATOR)
    await chats.type(HER, invitation.code)
    await chats.type(HER, "流鼻血40分钟了止不住，要晕倒")
    await chats.tap(HER, "打了120")
    assert not any("已经不算了" in one for one in chats.notices)
    assert "120" in chats.last(COORDINATOR)
    assert "请选择语言" not in chats.last(HER)


class TestHome:
    @pytest.mark.parametrize("language", list(Language))
    async def test_home_offers_everything_and_each_command_does_what_its_button_does(
        self, chats: Phones, language: Language
    ) -> None:
        await at_home(chats, language)
        await chats.type(HER, "/home")
        buttons = [button.data for button in chats.chats[HER][-1].buttons]
        assert buttons == ["h:unwell", "h:report", "h:visits", "h:phone", "h:language", "h:stop"]
        for command, data in (("visits", "h:visits"), ("phone", "h:phone"), ("language", "h:language")):
            await chats.type(HER, f"/{command}")
            typed = chats.last(HER)
            await chats.tap_token(HER, data)
            assert chats.last(HER) == typed
        await chats.type(HER, "/help")
        assert cast.TIANJIN.phone in chats.last(HER)

    async def test_her_menu_is_set_in_her_language_and_changes_with_it(self, chats: Phones) -> None:
        await at_home(chats)
        assert chats.menus[HER] == ["unwell", "report", "visits", "phone", "language", "stop", "help"]
        chats.menus.clear()
        await chats.type(HER, "/language")
        await chats.tap(HER, "English")
        assert chats.menus[HER][0] == "unwell"

    async def test_a_command_with_words_behind_it_is_read_as_words(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, f"/report {EMERGENCY_WORDS}")
        assert "请马上拨打120" in chats.said(HER)

    async def test_stop_asks_once_and_neither_goes_on_with_the_open_question(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        open_question = chats.last(HER)
        await chats.type(HER, "/stop")
        assert len(questions(chats)) == 1
        await chats.tap(HER, "都不是")
        assert questions(chats) == [open_question]


class TestCheckIn:
    @pytest.mark.parametrize("language", list(Language))
    async def test_a_good_evening_is_three_taps_from_the_check_in_itself(
        self, chats: Phones, language: Language
    ) -> None:
        await at_home(chats, language)
        await until(chats, 19, 5, days=1)
        for label in GOOD_DAY[language]:
            await chats.tap(HER, label)
        (report,) = await reports(chats)
        assert (report.status, report.level) == (ReportStatus.COMPLETE, Level.NONE)
        assert (report.opened_by, report.check_in_key) == (
            OpenedBy.CHECK_IN,
            f"check-in:{SUBJECT}:2026-03-03",
        )
        assert await levels_of_cases(chats) == []

    async def test_a_check_in_that_is_not_touched_is_nudged_once_and_leaves_no_report(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await until(chats, 19, 5, days=1)
        heard = len(chats.chats[HER])
        await until(chats, 21, 5)
        assert len(chats.chats[HER]) == heard + 1
        assert len(questions(chats)) == 1
        await until(chats, 23, 30)
        assert len(chats.chats[HER]) == heard + 1
        assert await reports(chats) == ()

    async def test_the_nudge_can_be_answered_like_the_check_in(self, chats: Phones) -> None:
        await at_home(chats)
        await until(chats, 21, 5, days=1)
        for label in GOOD_DAY[Language.ZH]:
            await chats.tap(HER, label)
        (report,) = await reports(chats)
        assert report.check_in_key == f"check-in:{SUBJECT}:2026-03-03"

    async def test_a_reminder_neither_ends_nor_answers_it(self, chats: Phones) -> None:
        await at_home(chats)
        await until(chats, 19, 5, days=1)
        await chats.tap(HER, "都没有")
        question = questions(chats)
        await dose(chats, 1, datetime(2026, 3, 3, 1, 30, tzinfo=UTC))
        await chats.tap(HER, "没有")
        assert questions(chats) != question
        await chats.tap(HER, "都没有，我本人，完成")
        (report,) = await reports(chats)
        assert report.status is ReportStatus.COMPLETE

    async def test_left_half_way_it_is_nudged_after_ten_minutes_and_ends_as_incomplete(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "都没有")
        await chats.pass_time(timedelta(minutes=10))
        assert "还没答完" in chats.last(HER)
        await chats.pass_time(timedelta(minutes=5))
        (report,) = await reports(chats)
        assert (report.status, report.level) == (ReportStatus.INCOMPLETE, Level.ROUTINE)
        assert questions(chats) == [chats.last(HER)]
        assert "没有出血" not in chats.last(HER)

    async def test_last_weeks_button_gets_a_notice_and_its_red_flag_counts_all_the_same(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        old = {button.label: button.data for button in chats.chats[HER][-1].buttons}
        for label in GOOD_DAY[Language.ZH]:
            await chats.tap(HER, label)
        await chats.pass_time(timedelta(days=7))
        chats.notices.clear()
        await chats.tap_token(HER, old["都没有"])
        assert any("不算了" in notice or "已经结束" in notice for notice in chats.notices)
        await chats.tap_token(HER, old["血止不住"])
        assert "请马上拨打120" in chats.said(HER)
        assert max(await levels_of_cases(chats)) is Level.EMERGENCY

    async def test_two_telephones_tapping_the_same_screen_make_one_answer(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        nothing = chats.button(HER, "都没有").data
        await chats.tap_token(HER, nothing)
        question = questions(chats)
        await chats.tap_token(HER, nothing)
        assert questions(chats) == question
        (report,) = await reports(chats)
        async with chats.desk.archive.read() as uow:
            assert len(await uow.reports.answers(report.id)) == 1

    async def test_several_ticks_are_shown_on_one_message(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "都没有")
        await chats.tap(HER, "有")
        heard = len(chats.chats[HER])
        await chats.tap(HER, "流鼻血")
        await chats.tap(HER, "牙龈或嘴里出血")
        assert len(chats.chats[HER]) == heard
        labels = [button.label for button in chats.chats[HER][-1].buttons]
        assert "☑ 流鼻血" in labels
        assert "☑ 牙龈或嘴里出血" in labels

    async def test_a_replaced_questionnaire_ends_the_old_report_as_incomplete_and_asks_anew(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "都没有")
        await chats.tap(HER, "有")
        old = chats.button(HER, "流鼻血").data
        chats.desk = renewed(chats.desk)
        await chats.tap_token(HER, old)
        assert "问题更新了" in chats.said(HER)
        first, second = sorted(await reports(chats), key=lambda report: report.status is ReportStatus.OPEN)
        assert (first.status, first.level) == (ReportStatus.INCOMPLETE, Level.SAME_DAY)
        assert (second.status, second.catalogue_version) == (ReportStatus.OPEN, "new")
        assert len(questions(chats)) == 1


def renewed(desk: Desk) -> Desk:
    """The same house after a new version of the questions was published."""
    return replace(desk, study=replace(desk.study, catalogue_version="new"))


class TestChangingAnAnswer:
    async def test_a_milder_answer_after_the_alarm_recalls_nothing_and_staff_get_a_linked_update(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "晕倒过")
        assert await levels_of_cases(chats) == [Level.EMERGENCY]
        await chats.tap(HER, last_answer(chats))
        await chats.tap(HER, "上一步")
        await chats.tap(HER, "有点晕，走路有点飘")
        assert await levels_of_cases(chats) == [Level.EMERGENCY]
        assert "在警报之后改了回答" in chats.said(COORDINATOR)
        assert "在警报之后改了回答" in chats.said(INVESTIGATOR)

    async def test_a_correction_at_the_summary_is_linked_to_the_case_of_the_report_it_corrects(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "都没有")
        await chats.tap(HER, "没有")
        await chats.tap(HER, "有，或我是家人")
        for label in ("住过院，或还在住院", "没有", "没有", "不用，下次来医院再说", "我本人"):
            await chats.tap(HER, label)
        (level,) = await levels_of_cases(chats)
        assert level is Level.SAME_DAY
        await chats.tap(HER, "改一下")
        for label in GOOD_DAY[Language.ZH]:
            await chats.tap(HER, label)
        assert await levels_of_cases(chats) == [Level.SAME_DAY]
        assert "更正了报告" in chats.said(COORDINATOR)
        assert len(await reports(chats)) == 2

    async def test_the_ten_minutes_go_on_when_she_reports_again_meanwhile(self, chats: Phones) -> None:
        await at_home(chats)
        await bleeding_nose(chats)
        await chats.type(HER, "/report")
        await chats.pass_time(timedelta(minutes=10))
        assert "止住了" in [button.label for button in chats.chats[HER][-1].buttons]


def first_answer(chats: Phones) -> str:
    return chats.chats[HER][-1].buttons[0].label


def last_answer(chats: Phones) -> str:
    """The last option above *back* and *skip*."""
    options = [button for button in chats.chats[HER][-1].buttons if ":*" not in button.data]
    return options[-1].label


async def bleeding_nose(chats: Phones) -> None:
    """A nosebleed that has not stopped: she is to press for ten minutes."""
    for label in ("我不舒服", "都没有", "有", "流鼻血", "选好了", "都没有，我本人，完成"):
        await chats.tap(HER, label)
    assert "流鼻血" in chats.last(HER)
    for label in ("一滴一滴往下滴", "现在、24小时内，或说不准", "现在还在流，还没按够10分钟"):
        await chats.tap(HER, label)


class TestWords:
    async def test_a_sentence_is_shown_back_and_opens_a_report_that_is_one_case(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "早上刷牙出了点血几分钟就停了 腿上多了几个小红点")
        assert "牙龈或嘴里出血" in chats.last(HER)
        assert "皮肤青紫、小红点" in chats.last(HER)
        await chats.tap(HER, "对")
        assert await levels_of_cases(chats) == [Level.SAME_DAY]
        (report,) = await reports(chats)
        assert report.opened_by is OpenedBy.WORDS
        assert len(questions(chats)) == 1

    async def test_what_was_misunderstood_stays_before_a_person(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "有点头痛")
        await chats.tap(HER, "不对")
        assert await levels_of_cases(chats) == [Level.ROUTINE]
        assert await reports(chats) == ()
        assert questions(chats) == []

    @pytest.mark.parametrize("pause", [timedelta(seconds=5), timedelta(minutes=20)])
    async def test_what_was_understood_is_answered_by_typing_too(
        self, chats: Phones, pause: timedelta
    ) -> None:
        await at_home(chats)
        await chats.type(HER, "腿上起红点子了")
        await chats.pass_time(pause)
        await chats.type(HER, "对。")
        (report,) = await reports(chats)
        assert report.opened_by is OpenedBy.WORDS
        assert len(questions(chats)) == 1
        assert await levels_of_cases(chats) == [Level.SAME_DAY]

    async def test_a_typed_no_to_what_was_understood_leaves_it_to_a_person(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "有点头痛")
        await chats.type(HER, "你好像理解错了")
        assert await reports(chats) == ()
        assert questions(chats) == []
        assert "研究团队" in chats.last(HER)

    async def test_a_question_right_behind_a_symptom_is_answered(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "腿上起红点子了")
        await chats.type(HER, "能吃阿司匹林吗")
        assert "不能回答用药和治疗的问题" in chats.last(HER)
        await chats.type(HER, "明天去不了")
        assert "另约日子" in chats.last(HER)
        await chats.tap(HER, "对")
        assert len(await reports(chats)) == 1

    async def test_a_locked_phone_of_staff_shows_how_urgent_it_is_and_that_it_became_worse(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, "腿上起红点子了")
        await chats.type(HER, EMERGENCY_WORDS)
        assert chats.last(COORDINATOR).startswith("⏰ 🔴 紧急 · TJ-001：加重了")
        await chats.pass_time(timedelta(minutes=10))
        assert chats.last(COORDINATOR).startswith("⏰ 🔴 紧急 · TJ-001：仍未处理完")

    async def test_what_an_alarm_was_understood_as_is_asked_once_however_she_writes_on(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        asked = chats.last(HER)
        assert "流鼻血" in asked
        for words in ("已经到医院了，血止住了", "大夫说没事"):
            await chats.type(HER, words)
            assert words in chats.said(COORDINATOR)
        assert chats.said(HER).count(asked) == 1
        assert questions(chats) == [asked]

    async def test_a_reminder_is_answered_by_typing_too(self, chats: Phones) -> None:
        await at_home(chats)
        await until(chats, 7, 35, days=1)
        await chats.type(HER, "知道了")
        assert "好的，记下了" in chats.last(HER)
        await until(chats, 18, 5)
        await chats.type(HER, "打了")
        assert "先按您说的记下" in chats.last(HER)
        assert await levels_of_cases(chats) == []

    async def test_which_stop_is_meant_may_be_typed(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "停止")
        await chats.type(HER, "不要再发消息")
        assert "不再给您发提醒" in chats.last(HER)

    async def test_words_to_an_open_question_that_answer_nothing_are_kept_and_it_stands_again(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        question = chats.last(HER)
        await chats.type(HER, "下次要带什么东西吗")
        assert question in chats.last(HER)
        assert await levels_of_cases(chats) == [Level.ROUTINE]
        await until(chats, 8, 35, days=1)
        assert "下次要带什么东西吗" in chats.said(COORDINATOR)

    @pytest.mark.parametrize(("words", "answer"), [("谢谢", "不客气"), ("你好", "您好")])
    async def test_plain_courtesy_is_answered_and_bothers_nobody(
        self, chats: Phones, words: str, answer: str
    ) -> None:
        await at_home(chats)
        await chats.type(HER, words)
        assert answer in chats.last(HER)
        assert await levels_of_cases(chats) == []

    async def test_further_words_go_into_the_case_that_waits_to_be_read(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "要带什么东西吗")
        await chats.type(HER, "停车方便吗")
        assert await levels_of_cases(chats) == [Level.ROUTINE]
        await until(chats, 8, 35, days=1)
        (alert,) = [screen.text for screen in chats.chats[COORDINATOR] if "要带什么东西吗" in screen.text]
        assert "停车方便吗" in alert

    @pytest.mark.parametrize("content", CONTENTS)
    async def test_what_has_no_words_has_one_honest_answer_and_the_red_flags_under_it(
        self, chats: Phones, content: str
    ) -> None:
        await at_home(chats)
        heard = len(chats.chats[HER])
        await chats.send(HER, content)
        assert len(chats.chats[HER]) == heard + 1
        assert "看不了" in chats.last(HER)
        assert "血止不住" in [button.label for button in chats.chats[HER][-1].buttons]
        spoken = content in ("voice", "video")
        assert await levels_of_cases(chats) == [Level.SAME_DAY if spoken else Level.ROUTINE]
        await chats.pass_time(timedelta(minutes=20))
        assert await reports(chats) == ()

    @pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\u2060", "\u3000"])
    async def test_a_blank_message_is_answered_and_the_open_question_stays(
        self, chats: Phones, blank: str
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        question = chats.last(HER)
        await chats.type(HER, blank)
        assert question in chats.last(HER)
        assert await levels_of_cases(chats) == []

    async def test_four_thousand_characters_of_markup_are_kept_and_told_in_short(self, chats: Phones) -> None:
        await at_home(chats)
        markup = ("<b>{x}</b> *_[a](http://b)_* " * 200)[:4000]
        await chats.type(HER, markup)
        async with chats.desk.archive.read() as uow:
            assert (await uow.said.of(SUBJECT))[-1].text == markup
        assert chats.last(HER)

    async def test_an_edit_is_heard_and_answers_no_question(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "要带什么东西吗")
        heard = len(chats.chats[HER])
        await chats.edit(HER, "要带什么东西吗")
        assert len(chats.chats[HER]) == heard
        await chats.tap(HER, "我不舒服")
        await chats.edit(HER, "没有")
        assert "改了之前的一条消息" in chats.said(HER)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            assert await uow.reports.answers(report.id) == ()
        await chats.edit(HER, EMERGENCY_WORDS)
        assert "请马上拨打120" in chats.said(HER)

    async def test_a_forwarded_red_flag_is_answered_like_her_own(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.forward(HER, EMERGENCY_WORDS)
        assert "请马上拨打120" in chats.said(HER)


class TestLanguage:
    async def test_changed_in_mid_conversation_the_question_comes_again_and_the_codes_are_the_same(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.tap(HER, "都没有")
        await chats.type(HER, "English please")
        await chats.tap(HER, "English")
        assert "Any bleeding since your last report" in chats.last(HER)
        assert len(questions(chats)) == 1
        await chats.tap(HER, "No")
        await chats.tap(HER, "None of these, it is me, finish")
        (report,) = await reports(chats)
        async with chats.desk.archive.read() as uow:
            answers = await uow.reports.answers(report.id)
        assert [answer.language for answer in answers][:2] == [Language.ZH, Language.EN]
        assert [answer.codes for answer in answers][:2] == [("NONE",), ("NO",)]


class TestAnAlarm:
    async def test_the_advice_carries_her_answers_and_on_my_way_ends_the_questions(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        advice = next(screen for screen in chats.chats[HER] if "请马上拨打120" in screen.text)
        assert [button.label for button in advice.buttons] == ["打了120", "在路上了", "还没有", "已经止住了"]
        await chats.tap(HER, "在路上了")
        assert "在路上" in chats.said(COORDINATOR)
        await chats.pass_time(timedelta(minutes=15))
        assert "您打120了吗" not in chats.said(HER)

    async def test_not_yet_repeats_the_advice_and_staff_hear_it(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        before = chats.said(HER).count("请马上拨打120")
        await chats.tap_token(HER, next(b.data for b in chats.chats[HER][-2].buttons if "notyet" in b.data))
        assert chats.said(HER).count("请马上拨打120") > before
        assert "还没打120" in chats.said(COORDINATOR) or "还没有打120" in chats.said(COORDINATOR)

    async def test_words_and_the_report_they_open_are_one_alarm(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        for _ in range(3):
            await chats.tap(HER, first_answer(chats))
        assert await levels_of_cases(chats) == [Level.EMERGENCY]

    async def test_more_words_are_one_line_to_who_was_rung_and_no_second_case(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        await chats.pass_time(timedelta(minutes=1))
        await chats.type(HER, "流鼻血还是止不住，头晕得站不起来")
        assert await levels_of_cases(chats) == [Level.EMERGENCY]
        assert "又写道" in chats.said(COORDINATOR)

    async def test_a_case_that_a_person_closed_is_not_rung_again_by_her_silence(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, EMERGENCY_WORDS)
        await chats.tap(INVESTIGATOR, "我来处理")
        async with chats.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        await chats.tap_token(INVESTIGATOR, f"k:out:{case.id}:{Outcome.SENT_TO_ED}")
        await chats.pass_time(timedelta(minutes=10))
        await chats.pass_time(timedelta(minutes=10))
        assert await levels_of_cases(chats) == []


class TestAReportedDeath:
    async def test_no_advice_a_word_of_sympathy_and_silence_until_a_person_confirms(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.tap(HER, "我不舒服")
        await chats.type(HER, "我妈妈昨天走了")
        assert "请您节哀" in chats.last(HER)
        assert "120" not in chats.last(HER)
        assert questions(chats) == []
        assert await levels_of_cases(chats) == [Level.EMERGENCY]
        assert "去世" in chats.last(COORDINATOR)
        heard = len(chats.chats[HER])
        await chats.tap(INVESTIGATOR, "我来处理")
        await chats.tap(INVESTIGATOR, "已联系到患者")
        await chats.pass_time(timedelta(minutes=20))
        await until(chats, 20, days=1)
        assert len(chats.chats[HER]) == heard
        async with chats.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        await chats.tap_token(INVESTIGATOR, f"k:out:{case.id}:{Outcome.DIED}")
        await until(chats, 20, days=3)
        assert len(chats.chats[HER]) == heard
        async with chats.desk.archive.read() as uow:
            participant = await uow.participants.get(SUBJECT)
        assert participant is not None
        assert participant.state is ParticipantState.DIED

    @pytest.mark.parametrize("answer", ["是，患者本人", "不是"])
    async def test_where_the_words_do_not_say_who_it_is_asked_and_nothing_is_stopped_before(
        self, chats: Phones, answer: str
    ) -> None:
        await at_home(chats)
        if answer == "不是":
            await chats.forward(HER, "他昨天走了")
        else:
            await chats.type(HER, "她昨天走了")
        assert "患者本人去世了吗" in chats.last(HER)
        assert "节哀" not in chats.said(HER)
        assert "120" not in chats.last(HER)
        assert await levels_of_cases(chats) == [Level.URGENT]
        assert "正在问是不是患者本人" in chats.said(COORDINATOR)
        question = chats.button(HER, answer)
        await chats.tap_token(HER, question.data)
        async with chats.desk.archive.read() as uow:
            participant = await uow.participants.get(SUBJECT)
        assert participant is not None
        stopped = participant.messages_stopped_at is not None
        assert stopped is (answer != "不是")
        assert await levels_of_cases(chats) == [Level.EMERGENCY if stopped else Level.URGENT]
        assert ("请您节哀" in chats.said(HER)) is stopped
        await chats.tap_token(HER, question.data)
        assert chats.notices[-1]

    async def test_words_that_were_misread_are_taken_back_by_a_person_and_messages_go_on(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, "我妈妈昨天走了")
        async with chats.desk.archive.read() as uow:
            (case,) = await uow.cases.open_of(SUBJECT)
        await chats.tap_token(INVESTIGATOR, f"k:take:{case.id}")
        await chats.tap_token(INVESTIGATOR, f"k:out:{case.id}:{Outcome.FALSE_ALARM}")
        heard = len(chats.chats[HER])
        await until(chats, 19, 5)
        assert len(chats.chats[HER]) > heard


@pytest.mark.parametrize("language", list(Language))
async def test_the_buttons_of_a_reminder_go_once_they_no_longer_count(
    chats: Phones, language: Language
) -> None:
    await at_home(chats, language)
    await until(chats, 19, 5)
    evening = next(
        screen
        for screen in reversed(chats.chats[HER])
        if any(button.data.startswith("v:") for button in screen.buttons)
    )
    await until(chats, 8, days=1)
    assert evening.buttons == []
    await until(chats, 18, 5)
    asked = next(
        screen
        for screen in reversed(chats.chats[HER])
        if any(b.data.startswith("v:done") for b in screen.buttons)
    )
    await chats.tap(HER, WORDS[language]["dose done"])
    assert asked.buttons == []
