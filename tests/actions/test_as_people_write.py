"""Sentences in pieces, forwarded messages, questions for the team, a count without its unit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules.case import Case
from bot.rules.report import ReportStatus
from bot.rules.study import Language, Level
from tests.household import COORDINATOR, HER, INVESTIGATOR, SUBJECT, joined, staffed
from tests.phones import Phones

PIECES = {
    Language.ZH: ("鼻子", "流血了", "止不住", "半小时了"),
    Language.EN: ("my nose", "is bleeding", "it wont stop", "half an hour now"),
}
SECONDS = timedelta(seconds=8)
A_WHILE = timedelta(minutes=2)


async def at_home(chats: Phones, language: Language = Language.ZH) -> None:
    await staffed(chats)
    await joined(chats, language)
    for chat in (HER, COORDINATOR, INVESTIGATOR):
        chats.chats[chat].clear()


async def cases(chats: Phones) -> list[Case]:
    async with chats.desk.archive.read() as uow:
        return list(await uow.cases.open_of(SUBJECT))


def advised(chats: Phones) -> int:
    return sum("Call 120 now" in screen.text for screen in chats.chats[HER])


def asking(chats: Phones) -> list[str]:
    """Messages that bear a question of ours."""
    signs = ("q:", "w:", "c:", "l:", "s:", "o:", "u:")
    return [
        screen.text
        for screen in chats.chats[HER]
        if any(button.data.startswith(signs) for button in screen.buttons)
    ]


class TestPieces:
    @pytest.mark.parametrize("language", list(Language))
    async def test_pieces_of_one_sentence_are_one_report_one_case_and_one_alarm(
        self, chats: Phones, language: Language
    ) -> None:
        await at_home(chats, language)
        *harmless, alarming, more = PIECES[language]
        for words in harmless:
            await chats.type(HER, words)
            await chats.pass_time(SECONDS)
        assert advised(chats) == 0
        await chats.type(HER, alarming)
        assert advised(chats) == 1
        heard = len(chats.chats[COORDINATOR])
        await chats.pass_time(SECONDS)
        await chats.type(HER, more)
        (case,) = await cases(chats)
        assert case.level is Level.EMERGENCY
        assert advised(chats) == 1
        assert len(chats.chats[COORDINATOR]) == heard
        assert " / ".join(PIECES[language]) in chats.last(COORDINATOR)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
        assert (report.id, report.status) == (case.report_id, ReportStatus.OPEN)
        assert len(asking(chats)) == 1

    async def test_a_red_flag_in_the_first_piece_waits_for_no_other(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "流鼻血止不住")
        assert advised(chats) == 1

    async def test_a_worse_piece_is_advised_at_once_and_is_one_line_to_those_who_were_rung(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.type(HER, "流鼻血止不住")
        await chats.pass_time(SECONDS)
        await chats.type(HER, "胸口压着疼 喘不上气")
        assert "停止一切活动" in chats.said(HER)
        (case,) = await cases(chats)
        assert case.rings == 1
        assert "又写道：胸口压着疼" in chats.said(COORDINATOR)

    async def test_an_answer_typed_between_the_pieces_is_an_answer(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "鼻子一直流血")
        await chats.pass_time(SECONDS)
        await chats.type(HER, "一滴一滴往下滴")
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            assert [one.codes for one in await uow.reports.answers(report.id)] == [("DRIP",)]

    async def test_stop_words_right_after_an_alarm_still_stop(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "流鼻血止不住")
        await chats.pass_time(SECONDS)
        await chats.type(HER, "停止，别发了")
        assert "您想停什么" in chats.last(HER)

    async def test_far_apart_they_are_read_alone(self, chats: Phones) -> None:
        await at_home(chats)
        for words in ("鼻子", "止不住"):
            await chats.type(HER, words)
            await chats.pass_time(A_WHILE)
        assert advised(chats) == 0


class TestForwarded:
    @pytest.mark.parametrize("language", list(Language))
    async def test_advice_comes_first_then_whose_it_is_and_me_goes_on_with_the_questions(
        self, chats: Phones, language: Language
    ) -> None:
        await at_home(chats, language)
        await chats.forward(HER, "流鼻血40分钟止不住，要晕倒了")
        advice, question = chats.chats[HER]
        assert "Call 120 now" in advice.text
        assert [button.data.split(":")[1] for button in question.buttons] == ["me", "other", "asking"]
        mine = question.buttons[0]
        await chats.tap_token(HER, mine.data)
        assert len(asking(chats)) == 1
        (case,) = await cases(chats)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
        assert case.report_id == report.id
        assert "患者说：是本人" in chats.said(COORDINATOR)
        await chats.tap_token(HER, mine.data)
        assert chats.notices[-1]
        assert len(await cases(chats)) == 1

    @pytest.mark.parametrize("answer", ["是别人", "只是想问问"])
    async def test_another_answer_lowers_nothing(self, chats: Phones, answer: str) -> None:
        await at_home(chats)
        await chats.type(HER, "/unwell")
        question = chats.last(HER)
        await chats.forward(HER, "流鼻血40分钟止不住，要晕倒了")
        await chats.tap(HER, answer)
        (case,) = await cases(chats)
        assert (case.level, case.acknowledged_at) == (Level.EMERGENCY, None)
        assert asking(chats) == [question]

    async def test_unanswered_it_is_before_a_person_and_a_count_in_it_is_nobodys_yet(
        self, chats: Phones
    ) -> None:
        await at_home(chats)
        await chats.forward(HER, "血小板45")
        async with chats.desk.archive.read() as uow:
            assert all(lab.verified for lab in await uow.labs.of(SUBJECT))
        (case,) = await cases(chats)
        assert case.level is Level.SAME_DAY
        assert "正在问患者说的是谁" in chats.said(COORDINATOR)
        await chats.tap(HER, "是我自己")
        async with chats.desk.archive.read() as uow:
            assert [str(lab.value) for lab in await uow.labs.of(SUBJECT) if not lab.verified] == ["45"]


class TestQuestions:
    @pytest.mark.parametrize(
        ("language", "asked", "waiting", "answered"),
        [
            (Language.ZH, "能吃阿司匹林吗", "等研究团队回答", "研究团队已回答"),
            (Language.EN, "shall I skip tomorrow?", "Waiting for your study team", "answered your question"),
        ],
    )
    async def test_no_advice_a_state_she_can_see_and_the_answer_through_the_bot(
        self, chats: Phones, language: Language, asked: str, waiting: str, answered: str
    ) -> None:
        await at_home(chats, language)
        await chats.type(HER, asked)
        assert waiting in chats.last(HER)
        (case,) = await cases(chats)
        assert case.level is Level.SAME_DAY
        assert asked in chats.said(COORDINATOR)
        await chats.type(HER, "/home")
        assert "⏳" in chats.last(HER)
        await chats.tap(COORDINATOR, "我来处理")
        await chats.tap(COORDINATOR, "给患者写")
        await chats.type(COORDINATOR, "我下午给您打电话")
        await chats.tap(COORDINATOR, "发")
        assert "我下午给您打电话" in chats.last(HER)
        assert "CA1" not in chats.said(HER)
        assert answered in chats.said(HER)
        assert f"⏳ {waiting}" not in chats.said(HER)
        await chats.type(HER, "/home")
        assert "⏳" not in chats.last(HER)

    async def test_closed_without_an_answer_she_is_told_so(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "要不要停药")
        await chats.tap(COORDINATOR, "我来处理")
        await chats.tap(COORDINATOR, "结束")
        await chats.tap(COORDINATOR, "已给建议")
        assert "没有在这里回答" in chats.said(HER)
        assert "等研究团队回答" not in chats.said(HER)


class TestABareCount:
    @pytest.mark.parametrize(
        ("language", "label"), [(Language.ZH, "8.6万，就是86"), (Language.EN, "8.6 ×10⁴/µL, which is 86")]
    )
    async def test_the_lower_one_acts_at_once_it_is_asked_and_the_answer_lowers_nothing(
        self, chats: Phones, language: Language, label: str
    ) -> None:
        await at_home(chats, language)
        await chats.type(HER, "血小板8.6" if language is Language.ZH else "platelets 8.6")
        assert "Phone the site now" in chats.said(HER)
        (case,) = await cases(chats)
        assert case.level is Level.URGENT
        assert "单位未确认" in chats.said(COORDINATOR)
        button = chats.button(HER, label)
        await chats.tap_token(HER, button.data)
        (after,) = await cases(chats)
        assert (after.level, after.rings) == (Level.URGENT, 1)
        assert "患者说是8.6万" in chats.said(INVESTIGATOR)
        assert asking(chats) == []
        async with chats.desk.archive.read() as uow:
            (stated,) = [lab for lab in await uow.labs.of(SUBJECT) if not lab.verified]
            trail = [one for one in await uow.audit.of(SUBJECT) if one.kind == "patient:lab:unit_told"]
        assert (str(stated.value), stated.unit_unconfirmed) == ("8.6", True)
        assert [one.new for one in trail] == ["high"]
        await chats.tap_token(HER, button.data)
        assert len(chats.chats[INVESTIGATOR]) == 2

    async def test_forged_or_old_buttons_change_nothing(self, chats: Phones) -> None:
        await at_home(chats)
        for token in ("u:high:nothing", "u:nonsense:x", "o:me:nothing", "o:me:"):
            await chats.tap_token(HER, token)
        assert await cases(chats) == []
        assert len(chats.notices) >= 4


class TestShownBack:
    @pytest.mark.parametrize(
        ("language", "typed", "shown", "right", "duration"),
        [
            (Language.ZH, "流鼻血 5分钟就停了", "流鼻血：10分钟以内就止住了", "对", "一共流了多久"),
            (
                Language.EN,
                "nose bled 5 min, stopped now",
                "Nosebleed: Stopped within 10 minutes",
                "Right",
                "How long in the last",
            ),
        ],
    )
    async def test_what_was_told_is_shown_and_after_right_only_the_rest_is_asked(
        self, chats: Phones, language: Language, typed: str, shown: str, right: str, duration: str
    ) -> None:
        await at_home(chats, language)
        await chats.type(HER, typed)
        assert shown in chats.last(HER)
        await chats.tap(HER, right)
        for _ in range(3):
            assert duration not in chats.last(HER)
            await chats.tap(HER, chats.chats[HER][-1].buttons[0].label)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            told = {one.question: one.codes for one in await uow.reports.answers(report.id)}
        assert told["DUR"] == ("LT10",)
        assert "LAST" not in told

    @pytest.mark.parametrize(
        ("language", "typed", "shown", "right", "told"),
        [
            (Language.ZH, ["鼻血流了40分钟 还止不住"], "按了20分钟以上，还在流", "对", "ONGOING20"),
            (Language.EN, ["nosebleed, 50 minutes, it has stopped now"], "Over 30 minutes", "Right", "GT30"),
            (
                Language.ZH,
                ["鼻子", "流血了", "止不住", "半小时了"],
                "按了20分钟以上，还在流",
                "对",
                "ONGOING20",
            ),
        ],
    )
    async def test_after_an_alarm_only_what_she_has_not_told_is_asked(
        self, chats: Phones, language: Language, typed: list[str], shown: str, right: str, told: str
    ) -> None:
        await at_home(chats, language)
        for words in typed:
            await chats.type(HER, words)
            await chats.pass_time(SECONDS)
        assert "120" in chats.chats[HER][0].text
        assert shown in chats.last(HER)
        assert len(asking(chats)) == 1
        await chats.tap(HER, right)
        for _ in range(4):
            assert "一共流了多久" not in chats.last(HER)
            assert "How long in the last" not in chats.last(HER)
            if not chats.chats[HER][-1].buttons:
                break
            await chats.tap(HER, chats.chats[HER][-1].buttons[0].label)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            answers = {one.question: one.codes for one in await uow.reports.answers(report.id)}
        assert answers["DUR"] == (told,)
        (case,) = await cases(chats)
        assert (case.level >= Level.URGENT, case.report_id) == (True, report.id)

    async def test_what_an_alarm_misread_is_asked(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "鼻血流了40分钟 还止不住")
        await chats.tap(HER, "不对")
        assert "流了多少" in chats.last(HER)
        assert len(asking(chats)) == 1

    async def test_a_temperature_in_an_alarm_is_shown_back_and_not_asked_again(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "发烧38.5")
        assert "体温 38.5 度，对吗" in chats.last(HER)
        await chats.tap(HER, "对")
        assert "在哪儿量的" in chats.last(HER)

    @pytest.mark.parametrize("typed", ["纸上有点血", "第一个", "选1", "Streaks", "option 1"])
    async def test_a_clear_answer_typed_to_a_button_question_counts(self, chats: Phones, typed: str) -> None:
        await at_home(chats)
        await chats.type(HER, "流了点鼻血")
        await chats.tap(HER, "对")
        await chats.pass_time(A_WHILE)
        await chats.type(HER, typed if typed != "Streaks" else "streaks or spots on the tissue")
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            assert [one.codes for one in await uow.reports.answers(report.id)] == [("SPOT",)]

    @pytest.mark.parametrize("typed", ["1", "第九个", "头晕", "有点"])
    async def test_what_is_not_clear_is_no_answer(self, chats: Phones, typed: str) -> None:
        await at_home(chats)
        await chats.type(HER, "流了点鼻血")
        await chats.tap(HER, "对")
        await chats.pass_time(A_WHILE)
        await chats.type(HER, typed)
        async with chats.desk.archive.read() as uow:
            (report,) = await uow.reports.of(SUBJECT)
            assert await uow.reports.answers(report.id) == ()

    async def test_a_new_symptom_between_is_taken_up_and_the_question_comes_back(self, chats: Phones) -> None:
        await at_home(chats)
        await chats.type(HER, "/unwell")
        gate = chats.last(HER)
        await chats.pass_time(A_WHILE)
        await chats.type(HER, "我有点拉肚子")
        await chats.tap(HER, "对")
        assert "拉肚子" in chats.last(HER)
        for label in ("多1到3次", "没有", "没有"):
            await chats.tap(HER, label)
        assert chats.last(HER) == gate


class TestWordsOfNoList:
    @pytest.mark.parametrize(
        ("language", "said"),
        [
            (Language.ZH, "今天人像散了架 走到厕所门口就软下去了 一摸裤子黏糊糊的湿到脚脖子 全是红的"),
            (
                Language.EN,
                "all day the sink keeps turning red, my legs have gone to jelly, the towel is heavy with it",
            ),
        ],
    )
    async def test_she_is_advised_at_once_and_staff_read_which_words_weighed(
        self, chats: Phones, language: Language, said: str
    ) -> None:
        await at_home(chats, language)
        await chats.type(HER, said)
        assert advised(chats) == 1
        (case,) = await cases(chats)
        assert case.level is Level.EMERGENCY
        assert "SR-EMERGENCY" in chats.last(COORDINATOR)
        assert asking(chats), "which of the red flags it is, is asked next"
