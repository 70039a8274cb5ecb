"""The plan changed in the chat as a coordinator does it on her telephone: move, therapy, hold, correction."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.manage_staff import revoke_staff
from bot.actions.move_visit import MoveEntry, move_visit
from bot.rules.activities import ActivityStatus, CancelReason
from bot.rules.participant import HoldReason
from bot.rules.study import SubjectCode
from storage.archive import Archive
from tests.beginnings import beginning
from tests.ward import (
    CONSOLE,
    CRC,
    CRC_WUHAN,
    HER,
    OPERATOR,
    PI,
    SI1,
    SUBI,
    TJ_001,
    Ward,
    local,
    ward_of,
    with_dose_1,
)

FORMS = ("lab", "dose", "move", "therapy", "hold", "correct")


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    """She joined on Monday 2 March and had dose 1 on Tuesday at 09:40; it is Thursday 5 March, 10:00."""
    opened = ward_of(sqlite_archive)
    await on_thursday(opened)
    return opened


@beginning
async def on_thursday(ward: Ward) -> None:
    await with_dose_1(ward)
    await ward.until("2026-03-05 10:00")


def labels(ward: Ward, chat: int) -> list[str]:
    return [one.label for one in ward.phones.chats[chat][-1].buttons]


async def taps(ward: Ward, chat: int, *those: str) -> None:
    for label in those:
        await ward.phones.tap(chat, label)


async def target(ward: Ward, key: str) -> str:
    return f"{(await ward.plan())[key].target_at.astimezone(local('2026-03-05 10:00').tzinfo):%m-%d %H:%M}"


class TestMovingAVisit:
    async def test_step_by_step_with_the_effect_on_the_rest_and_one_message_to_her(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, "/move")
        await taps(ward, CRC, TJ_001, "D8")
        assert "3月9日（周一）到3月12日（周四）" in chats.last(CRC)
        assert "3月14日（周六） 休；⚠窗口外" in labels(ward, CRC)
        assert "3月10日（周二）" not in labels(ward, CRC)
        await taps(ward, CRC, "3月12日", "09:40", "患者要求")
        assert "第2针：3月10日（周二）09:40 → 3月12日（周四）09:40" in chats.last(CRC)
        assert "会告诉患者" in chats.last(CRC)
        assert await target(ward, "injection-2") == "03-10 09:40"
        heard = len(ward.heard())
        save = chats.button(CRC, "保存").data
        await chats.tap(CRC, "保存")
        await chats.tap_token(CRC, save)  # a second tap of the same thumb
        assert await target(ward, "injection-2") == "03-12 09:40"
        assert len(ward.heard(since=heard)) == 1
        assert "您3月10日（周二）09:40的安排改到3月12日（周四）09:40" in ward.heard(since=heard)[0]
        assert "原定3月13日（周五）09:40的安排也在3月12日（周四）09:40那一次办" in ward.heard(since=heard)[0]
        assert "过期" in chats.notices[-1] or chats.notices[-1] != ""
        async with ward.desk.archive.read() as uow:
            (decision,) = await uow.decisions.of(TJ_001)
        assert decision.reason == "患者要求"

    async def test_in_one_line_what_is_missing_is_asked(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8 2026-03-11 10:30 the ward is full")
        assert "3月11日（周三）10:30" in chats.last(CRC)
        assert "the ward is full" in chats.last(CRC)
        await chats.type(CRC, f"/move {TJ_001} D8 3-11 the ward is full")
        assert "几点" in chats.last(CRC)
        await chats.type(CRC, "10点30分")
        await chats.tap(CRC, "保存")
        assert await target(ward, "injection-2") == "03-11 10:30"

    async def test_a_day_off_outside_the_window_is_looked_at_twice(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8 3-14 09:40 she travels")
        assert "请再核对一遍" in chats.last(CRC)
        assert labels(ward, CRC)[0] == "已核对，保存"
        await chats.tap(CRC, "已核对，保存")
        assert await target(ward, "injection-2") == "03-14 09:40"

    async def test_a_day_that_is_none_is_asked_again(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8")
        for day in (
            "3-4",
            "2026-03-04",
            "31-31",
            "next week",
            "D1",
            "'; drop",
            "３月４日",
            "2027-03-12",
            "🙂",
        ):
            await chats.type(CRC, day)
            assert "改到哪天" in chats.last(CRC), day
        assert await target(ward, "injection-2") == "03-10 09:40"

    async def test_too_close_to_the_dose_before_is_refused_and_the_day_asked_again(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8 2026-03-06 09:40 holiday")
        assert "改到哪天" in chats.last(CRC)
        await chats.type(CRC, "3-11 09:40")
        await chats.tap(CRC, "保存")
        assert await target(ward, "injection-2") == "03-11 09:40"

    async def test_after_the_last_day_only_a_principal_investigator_may(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D22 2026-04-02 09:40 illness")
        assert "改到哪天" in chats.last(CRC)
        await chats.type(PI, f"/move {TJ_001} D22 2026-04-02 09:40 illness")
        await taps(ward, PI, "我批准", "已核对，保存")
        assert await target(ward, "injection-4") == "04-02 09:40"

    async def test_left_out_for_good(self, ward: Ward) -> None:
        await ward.phones.type(CRC, f"/move {TJ_001} D8")
        await taps(ward, CRC, "这次不做了", "患者身体原因", "保存")
        planned = (await ward.plan())["injection-2"]
        assert planned.status is ActivityStatus.CANCELLED
        assert planned.cancelled_because is CancelReason.SKIPPED

    async def test_somebody_moved_it_meanwhile_she_sees_who_and_starts_from_there(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8 3-12 09:40 she asked")
        entry = MoveEntry(
            subject=TJ_001,
            activity_key="injection-2",
            to_at=local("2026-03-11 09:40"),
            reason="doctor is away",
        )
        await move_visit(ward.desk, entry=entry, by=SI1, auth=CONSOLE)
        await chats.tap(CRC, "保存")
        assert "SI1 刚才已改到 3月11日（周三）09:40（doctor is away）" in chats.last(CRC)
        assert await target(ward, "injection-2") == "03-11 09:40"
        await taps(ward, CRC, "3月12日", "09:40")
        assert "3月11日（周三）09:40 → 3月12日（周四）09:40" in chats.last(CRC)
        await chats.tap(CRC, "保存")
        assert await target(ward, "injection-2") == "03-12 09:40"
        assert "3月12日" in ward.heard()[-1]

    async def test_the_dose_was_given_meanwhile(self, ward: Ward) -> None:
        await ward.until("2026-03-10 09:50")
        await ward.phones.type(CRC, f"/move {TJ_001} D8 3-12 09:40 she asked")
        await ward.dose(2, "2026-03-10 09:45")
        await ward.phones.tap(CRC, "保存")
        assert "哪次访视" in ward.phones.last(CRC)


class TestHerWishForAnotherDay:
    async def test_the_alert_leads_into_the_form_and_stands_until_it_is_answered(self, ward: Ward) -> None:
        chats = ward.phones
        await ward.until("2026-03-09 19:00")
        await chats.tap(HER, "来不了")
        assert "改访视日期…" in labels(ward, CRC)
        await chats.type(HER, "/visits")
        assert "您想改期" in chats.last(HER)
        await chats.type(CRC, "/today")
        assert any("改日期" in label for label in labels(ward, CRC))
        await taps(ward, CRC, "改日期", "🙋", "3月12日", "09:40", "患者要求")
        heard = len(ward.heard())
        await chats.tap(CRC, "保存")
        assert len(ward.heard(since=heard)) == 1
        await chats.type(HER, "/visits")
        assert "您想改期" not in chats.last(HER)
        assert "3月12日" in chats.last(HER)
        (wish,) = [case for case in await ward.open_cases() if case.acknowledged_by == "CA1"]
        await taps(ward, CRC, "结束这个请求", "已给建议")
        assert wish.id not in {case.id for case in await ward.open_cases()}


class TestTherapy:
    async def test_entered_moved_cancelled_with_both_counts_and_the_dose_before_it(self, ward: Ward) -> None:
        chats = ward.phones
        await ward.until("2026-04-15 09:00")
        await chats.type(CRC, f"/therapy {TJ_001}")
        await taps(ward, CRC, "新的一次治疗")
        await chats.type(CRC, "4-20 10:00")
        await taps(ward, CRC, "化疗", "38 ·")
        assert "研究基线 38，本周期前 38" in chats.last(CRC)
        assert "抽血 P1落在中心不上班的日子：4月19日（周日）" in chats.last(CRC)
        assert "会告诉患者" in chats.last(CRC)
        heard = len(ward.heard())
        await chats.tap(CRC, "保存")
        assert await target(ward, "prophylaxis-1") == "04-20 08:00"
        assert len(ward.heard(since=heard)) == 1
        await chats.type(CRC, f"/therapy {TJ_001}")
        await taps(ward, CRC, "第1次治疗", "改时间")
        await chats.type(CRC, "4-20")
        await chats.type(CRC, "14:00")
        await taps(ward, CRC, "科室调整", "保存")
        assert await target(ward, "prophylaxis-1") == "04-20 12:00"
        await ward.until("2026-04-20 12:05")
        await chats.type(CRC, f"/dose {TJ_001}")
        await taps(ward, CRC, "预防针", "12:00", "保存")
        async with ward.desk.archive.read() as uow:
            assert [one.therapy for one in await uow.doses.of(TJ_001)] == [None, 1]
        await ward.until("2026-04-20 14:20")
        await chats.type(CRC, f"/therapy {TJ_001}")
        await taps(ward, CRC, "第1次治疗", "已开始输注", "14:00")
        assert "120" in chats.last(CRC)
        await chats.tap(CRC, "保存")
        await chats.type(CRC, f"/therapy {TJ_001} 4-27 10:00")
        await taps(ward, CRC, "化疗", "还不知道", "保存")
        await chats.type(CRC, f"/therapy {TJ_001}")
        await taps(ward, CRC, "第2次治疗", "取消这次治疗", "患者身体原因", "保存")
        assert (await ward.plan())["prophylaxis-2"].cancelled_because is CancelReason.THERAPY_CANCELLED

    async def test_too_near_to_a_weekly_dose_is_looked_at_twice(self, ward: Ward) -> None:
        await ward.phones.type(CRC, f"/therapy {TJ_001} 3-6 10:00")
        await taps(ward, CRC, "化疗", "还不知道")
        assert "请再核对一遍" in ward.phones.last(CRC)


class TestHolding:
    async def test_placed_by_a_coordinator_released_by_an_investigator(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/hold {TJ_001}")
        await chats.tap(CRC, "暂停打针")
        fever = next(label for label in labels(ward, CRC) if "发热" in label or "发烧" in label)
        await taps(ward, CRC, fever, "没有补充")
        async with ward.desk.archive.read() as uow:
            assert not await uow.holds.of(TJ_001)
        await chats.tap(CRC, "保存")
        async with ward.desk.archive.read() as uow:
            (hold,) = await uow.holds.of(TJ_001)
        assert hold.reason is HoldReason.FEVER
        await chats.type(CRC, f"/hold {TJ_001}")
        assert not any(label.startswith("恢复") for label in labels(ward, CRC))
        await chats.type(SUBI, f"/hold {TJ_001}")
        await chats.tap(SUBI, "恢复")
        await chats.type(SUBI, "烧退三天")
        await chats.tap(SUBI, "保存")
        async with ward.desk.archive.read() as uow:
            (hold,) = await uow.holds.of(TJ_001)
        assert hold.release_note == "烧退三天"

    async def test_of_whoever_has_no_dose_to_come_staff_are_told_so_and_she_hears_nothing(
        self, ward: Ward
    ) -> None:
        chats = ward.phones
        await ward.lab("102", "2026-03-05 09:00")
        heard = len(ward.heard())
        await chats.type(CRC, f"/hold {TJ_001}")
        await taps(ward, CRC, "暂停打针", "住院", "没有补充")
        assert "会告诉患者" not in chats.last(CRC)
        await chats.tap(CRC, "保存")
        assert ward.heard(since=heard) == []
        await chats.type(CRC, f"/dose {TJ_001}")
        assert "按计划现在没有要打的针" in chats.last(CRC)
        await chats.type(CRC, "2")
        await chats.type(CRC, "09:50")
        assert "请再核对一遍" in chats.last(CRC)


class TestResults:
    async def test_every_way_to_write_a_count(self, ward: Ward) -> None:
        chats = ward.phones
        await ward.lab("42", "2026-03-04 09:00")
        ways = (
            ("86 10^9/L", "86"),
            ("８６ K/µL", "86"),
            ("8.6万", "86"),
            ("86000/µL", "86"),
            ("0.086×10¹²/L", "86"),
            ("95,0 10^9/L", "95"),
            ("<10", "9.9"),
            ("640 10^9/L", "640"),
        )
        for minute, (typed, kept) in enumerate(ways, 10):
            await chats.type(CRC, f"/lab {TJ_001}")
            await chats.tap(CRC, "血小板")
            await chats.type(CRC, typed)
            await chats.type(CRC, f"08:{minute}")
            await chats.tap(CRC, "保存")
            async with ward.desk.archive.read() as uow:
                last = (await uow.labs.of(TJ_001))[-1]
            assert (str(last.value), last.as_entered) == (kept, typed)

    async def test_what_is_no_count_is_asked_again(self, ward: Ward) -> None:
        chats = ward.phones
        for typed in ("-5", "0", ">=100", "clumped", "hello", "99999999"):
            await chats.type(CRC, f"/lab {TJ_001} {typed}")
            assert "血小板多少" in chats.last(CRC), typed
        async with ward.desk.archive.read() as uow:
            assert len(await uow.labs.of(TJ_001)) == 1

    async def test_either_of_two_is_asked_and_a_time_that_cannot_be_is_refused(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/lab {TJ_001} 1,020")
        assert "可能是下面任何一个" in chats.last(CRC)
        await chats.type(CRC, f"/lab {TJ_001} 86 10^9/L")
        for moment in ("23:00", "2025-11-01 08:00"):
            await chats.type(CRC, moment)
            assert "什么时间" in chats.last(CRC)

    async def test_other_counts_of_the_study(self, ward: Ward) -> None:
        chats = ward.phones
        for line, analyte in (("WBC 3.2 10^9/L", "WBC"), ("anc 0.4 10^9/L", "ANC"), ("Hb 98 g/L", "Hb")):
            await chats.type(CRC, f"/lab {TJ_001} {line}")
            await taps(ward, CRC, "现在", "保存")
            async with ward.desk.archive.read() as uow:
                assert (await uow.labs.of(TJ_001))[-1].analyte == analyte


class TestCorrecting:
    async def test_the_wrong_102_that_was_12(self, ward: Ward) -> None:
        chats = ward.phones
        await ward.until("2026-03-09 12:00")
        await ward.lab("102", "2026-03-09 09:00")
        heard = len(ward.heard())
        await chats.type(CRC, f"/correct {TJ_001}")
        await taps(ward, CRC, "102", "数值不对")
        await chats.type(CRC, "12 10^9/L")
        await chats.tap(CRC, "看错行")
        assert chats.last(CRC).count("重新") >= 3
        await chats.tap(CRC, "保存")
        assert (await ward.plan())["injection-2"].is_open
        assert len([one for one in ward.heard(since=heard) if "更正" in one]) == 1

    async def test_a_dose_that_was_not_given_and_a_second_person_who_comes_late(self, ward: Ward) -> None:
        chats = ward.phones
        for chat in (CRC, SUBI):
            await chats.type(chat, f"/correct {TJ_001}")
            await taps(ward, chat, "第1针", "没有这回事", "录入笔误")
        await chats.tap(CRC, "保存")
        async with ward.desk.archive.read() as uow:
            assert [one.voided_at is None for one in await uow.doses.of(TJ_001)] in ([], [False])
        await chats.tap(SUBI, "保存")
        assert "刚才已有人更正" in chats.last(SUBI)

    async def test_a_result_of_another_patient(self, ward: Ward) -> None:
        chats = ward.phones
        await ward.enrol(SubjectCode("TJ-002"))
        await ward.lab("102", "2026-03-05 09:00")
        await chats.type(CRC, f"/correct {TJ_001}")
        await taps(ward, CRC, "102", "另一位患者")
        await chats.type(CRC, "wh-001")  # a slip, or another site's
        await chats.tap(CRC, "录入笔误")
        assert "WH-001：找不到" in chats.last(CRC)
        await chats.type(CRC, "tj-002")
        assert chats.last(CRC).index("—— TJ-002 ——") < chats.last(CRC).index("—— TJ-001 ——")
        await chats.tap(CRC, "保存")
        async with ward.desk.archive.read() as uow:
            traces = [one for one in await uow.audit.of(None) if one.kind == "staff:access:refused"]
        assert [(one.actor_code, one.entity_id) for one in traces] == [("CA1", "WH-001")]
        async with ward.desk.archive.read() as uow:
            assert "102" in [str(one.value) for one in await uow.labs.of(SubjectCode("TJ-002"))]
        assert (await ward.plan())["injection-2"].is_open


class TestWhoeverTaps:
    async def test_old_buttons_and_those_of_others_change_nothing(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001}")
        visit = chats.button(CRC, "D8").data
        await chats.tap(CRC, "D8")
        await chats.tap_token(CRC, visit)  # the question before
        assert chats.notices[-1] != ""
        assert "改到哪天" in chats.last(CRC)
        await taps(ward, CRC, "3月12日", "09:40", "患者要求")
        save = chats.button(CRC, "保存").data
        for chat in (SUBI, CRC_WUHAN, HER):
            await chats.tap_token(chat, save)
        assert await target(ward, "injection-2") == "03-10 09:40"
        await chats.tap(CRC, "取消")
        await chats.tap_token(CRC, save)
        assert await target(ward, "injection-2") == "03-10 09:40"

    async def test_cancelled_at_the_first_question(self, ward: Ward) -> None:
        chats = ward.phones
        for kind in FORMS:
            await chats.type(CRC, f"/{kind} {TJ_001}")
            await chats.tap(CRC, "取消")
            assert "什么也没有保存" in chats.last(CRC)
            assert labels(ward, CRC) == []

    async def test_a_role_lost_in_the_middle(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(SUBI, f"/move {TJ_001} D8 3-12 09:40 she asked")
        await revoke_staff(ward.desk, code=SI1, reason="left", by=OPERATOR)
        await chats.tap(SUBI, "保存")
        assert await target(ward, "injection-2") == "03-10 09:40"

    async def test_a_form_left_standing_takes_no_words_an_hour_later(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, f"/move {TJ_001} D8 3-12 09:40")
        await chats.type(HER, "流鼻血40分钟止不住，要晕倒了")
        assert "急" in chats.last(CRC)
        await chats.tap(CRC, "我来处理")
        assert (await ward.open_cases())[0].acknowledged_by == "CA1"
        await chats.pass_time(timedelta(minutes=61))
        await chats.type(CRC, "她怎么样了")
        assert "已关闭" in chats.said(CRC)
        assert await target(ward, "injection-2") == "03-10 09:40"

    async def test_she_reads_and_is_read_in_the_other_language_too(self, ward: Ward) -> None:
        chats = ward.phones
        await chats.type(CRC, "/language")
        await chats.tap(CRC, "English")
        await chats.type(CRC, f"/move {TJ_001}")
        await taps(ward, CRC, "D8", "Thu 12 March", "09:40", "The patient asked for it")
        assert "dose 2: Tue 10 March, 09:40 → Thu 12 March, 09:40" in chats.last(CRC)
        await chats.tap(CRC, "Save")
        assert await target(ward, "injection-2") == "03-12 09:40"
