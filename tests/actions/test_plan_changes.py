"""What a coordinator changes and what everybody reads of it, through the actions, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.actions.correct_fact import (
    DoseCorrection,
    LabCorrection,
    correct_dose,
    correct_lab,
    preview_dose_correction,
    preview_lab_correction,
)
from bot.actions.end_participation import (
    EndEntry,
    ReinstateEntry,
    StopTreatmentEntry,
    end_participation,
    preview_end,
    preview_reinstate,
    reinstate,
    stop_treatment,
)
from bot.actions.keep_profile import ProfileEntry, TransfusionEntry, keep_profile, record_transfusion
from bot.actions.move_visit import MoveEntry, SkipEntry, move_visit, preview_move, skip_activity
from bot.actions.place_hold import HoldEntry, ReleaseEntry, place_hold, release_hold
from bot.actions.plan_therapy import TherapyEnd, TherapyEntry, cancel_therapy, plan_therapy, preview_therapy
from bot.actions.record_dose import ProphylaxisEntry, record_prophylaxis
from bot.actions.record_lab import LabEntry, preview_lab
from bot.actions.send_due_reminders import send_due_reminders
from bot.actions.speak import participant_as_recipient
from bot.actions.transfer_participant import TransferEntry, preview_transfer, transfer_participant
from bot.rules.activities import ActivityStatus, CancelReason
from bot.rules.changes import ChangeKind, Effects
from bot.rules.errors import Held, NotEntitled, Refusal
from bot.rules.messages import OutboxStatus, Phrase
from bot.rules.participant import HoldReason, ParticipantState, TreatmentStop
from bot.rules.study import Language, Level, SiteCode, SubjectCode
from storage.archive import Archive
from tests.ward import (
    CA1,
    CONSOLE,
    CRC,
    CRC_WUHAN,
    CW1,
    HER,
    PI1,
    SI1,
    TJ_001,
    Ward,
    local,
    ward_of,
    with_dose_1,
)

SITE = "022-5550-0101"


@pytest.fixture
async def ward(archive: Archive) -> Ward:
    """She joined on Monday 2 March and had dose 1 on Tuesday at 09:40, recorded at once."""
    opened = ward_of(archive)
    await with_dose_1(opened)
    return opened


@pytest.fixture
async def quick(sqlite_archive: Archive) -> Ward:
    """The same on SQLite alone, for what does not depend on the database."""
    opened = ward_of(sqlite_archive)
    await with_dose_1(opened)
    return opened


def said(ward: Ward, found: Effects) -> str:
    return "\n".join(ward.phones.texts.words(line, Language.EN, "Asia/Shanghai") for line in found.lines())


class TestTheEveningRaceAtOneHundred:
    async def test_the_last_thing_she_reads_is_the_change(self, ward: Ward) -> None:
        await ward.until("2026-03-09 19:00")
        assert "明天" in ward.phones.last(HER)
        await ward.lab("100.0", "2026-03-09 15:00")
        assert "下一次针先不用" in ward.phones.last(HER)
        assert await ward.state() is ParticipantState.RESPONDED
        heard = len(ward.heard())
        await ward.until("2026-03-10 07:30")
        assert "打针" not in "\n".join(ward.heard(since=heard))
        assert (await ward.plan())["draw-L4"].is_open

    async def test_saved_seconds_before_the_reminder_there_is_none_of_the_dose(self, ward: Ward) -> None:
        await ward.until("2026-03-09 18:59")
        heard = len(ward.heard())
        await ward.lab("100.0", "2026-03-09 15:00")
        await ward.until("2026-03-09 19:30")
        told = ward.heard(since=heard)
        assert "下一次针先不用" in told[0]
        assert all("先抽血" not in one for one in told[1:])

    async def test_a_reminder_that_waits_to_be_sent_is_overtaken_by_the_change(self, quick: Ward) -> None:
        """Written at 19:00 and not yet on its way when the result is saved."""
        quick.phones.clock.move_to(local("2026-03-09 19:00"))
        await send_due_reminders(quick.desk)
        whom, tag = participant_as_recipient(TJ_001), "reminder:TJ-001:injection-2"
        async with quick.desk.archive.read() as uow:
            rows = await uow.outbox.to(whom, 50)
        (waiting,) = [one for one in rows if one.message.cancel_tag == tag]
        assert waiting.status is OutboxStatus.WAITING
        heard = len(quick.heard())
        await quick.lab("100.0", "2026-03-09 15:00")
        async with quick.desk.archive.read() as uow:
            after = {row.id: row.status for row in await uow.outbox.to(whom, 50)}
        assert after[waiting.id] is OutboxStatus.CANCELLED
        assert "下一次针先不用" in quick.heard(since=heard)[0]
        assert "打针" not in "\n".join(quick.heard(since=heard)[1:])

    async def test_the_coordinator_sees_it_before_she_saves(self, ward: Ward) -> None:
        await ward.until("2026-03-09 15:30")
        entry = LabEntry(subject=TJ_001, typed="100.0", unit="10^9/L", sampled_at=local("2026-03-09 15:00"))
        found = await preview_lab(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        words = said(ward, found)
        assert "in treatment → responded" in words
        assert words.count("no longer asked for, response") == 3
        assert await ward.state() is ParticipantState.TREATMENT
        assert (await ward.plan())["injection-2"].is_open

    async def test_a_tap_on_given_after_the_stop_asks_and_alerts(self, ward: Ward) -> None:
        await ward.until("2026-03-10 18:00")
        await ward.lab("120", "2026-03-10 09:00")
        await ward.phones.tap_token(HER, "v:done:injection-2")
        assert "已停" in ward.phones.said(CRC) or "停药" in ward.phones.said(CRC)
        assert any(case.level is Level.SAME_DAY for case in await ward.open_cases())


class TestTheWrong102ThatWas12:
    async def test_doses_come_back_and_everybody_hears_once(self, ward: Ward) -> None:
        await ward.until("2026-03-09 12:00")
        wrong = await ward.lab("102", "2026-03-09 09:00")
        assert await ward.state() is ParticipantState.RESPONDED
        await ward.until("2026-03-09 14:00")
        heard = len(ward.heard())
        entry = LabCorrection(lab_id=wrong.id, reason="read from the wrong line", typed="12", unit="10^9/L")
        preview = await preview_lab_correction(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert "asked for again" in said(ward, preview)
        comma = LabCorrection(lab_id=wrong.id, reason="typing", typed="12,0", unit="10^9/L")
        with pytest.raises(Held):
            await correct_lab(ward.desk, entry=comma, by=CA1, auth=CONSOLE)
        right = await correct_lab(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.settle()
        assert right is not None
        assert right.corrects == wrong.id
        assert await ward.state() is ParticipantState.TREATMENT
        assert (await ward.plan())["injection-2"].is_open
        told = ward.heard(since=heard)
        assert len([one for one in told if "更正" in one]) == 1
        assert any(case.level is Level.URGENT for case in await ward.open_cases())

    async def test_both_histories_stay_and_the_second_person_sees_the_first(self, ward: Ward) -> None:
        await ward.until("2026-03-09 12:00")
        wrong = await ward.lab("102", "2026-03-09 09:00")
        entry = LabCorrection(lab_id=wrong.id, reason="wrong line", typed="12", unit="10^9/L")
        await correct_lab(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        second = LabCorrection(lab_id=wrong.id, reason="wrong line", typed="21", unit="10^9/L")
        with pytest.raises(Refusal, match="corrected_before") as refused:
            await correct_lab(ward.desk, entry=second, by=SI1, auth=CONSOLE)
        assert refused.value.values["staff"] == "CA1"
        assert refused.value.values["new"] == "12 10^9/L"
        async with ward.desk.archive.read() as uow:
            kept = await uow.labs.get(wrong.id)
            trail = [one for one in await uow.audit.of(TJ_001) if one.entity_id == wrong.id]
            assert (await uow.audit.verify())[1] is None
        assert kept is not None
        assert (kept.as_entered, kept.voided_at is not None) == ("102 10^9/L", True)
        assert [(one.old, one.new, one.reason) for one in trail if one.kind.endswith("corrected")] == [
            ("102 10^9/L", "12 10^9/L", "wrong line")
        ]

    async def test_a_result_of_another_subject_goes_there_and_both_are_looked_at(self, quick: Ward) -> None:
        await quick.enrol(SubjectCode("TJ-002"), day1="2026-03-03 09:30")
        await quick.until("2026-03-09 12:00")
        wrong = await quick.lab("102", "2026-03-09 09:00")
        entry = LabCorrection(lab_id=wrong.id, reason="slip of TJ-002", subject=SubjectCode("TJ-002"))
        await correct_lab(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert await quick.state() is ParticipantState.TREATMENT
        async with quick.desk.archive.read() as uow:
            (moved,) = [one for one in await uow.labs.of(SubjectCode("TJ-002")) if not one.baseline]
            assert all(one.id != wrong.id for one in await uow.labs.of(TJ_001))
        assert (moved.value, moved.corrects) == (wrong.value, wrong.id)

    async def test_a_dose_given_while_the_wrong_result_stood_is_flagged_and_stays(self, quick: Ward) -> None:
        await quick.until("2026-03-09 12:00")
        wrong = await quick.lab("60", "2026-03-09 09:00")
        await quick.until("2026-03-10 10:00")
        await quick.dose(2, "2026-03-10 09:30")
        entry = LabCorrection(lab_id=wrong.id, reason="was 160", typed="160", unit="10^9/L")
        await correct_lab(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert (await quick.plan())["injection-2"].status is ActivityStatus.DONE
        assert (await quick.plan())["injection-3"].cancelled_because is CancelReason.RESPONSE
        assert any(case.level is Level.SAME_DAY for case in await quick.open_cases())


class TestDoses:
    async def test_never_a_fifth(self, quick: Ward) -> None:
        for number, day in ((2, "10"), (3, "17"), (4, "24")):
            await quick.until(f"2026-03-{day} 10:00")
            await quick.dose(number, f"2026-03-{day} 09:30")
        assert await quick.state() is ParticipantState.TREATMENT_DONE
        await quick.until("2026-03-30 10:00")
        with pytest.raises(Refusal, match="dose_number"):
            await quick.dose(5, "2026-03-30 09:30")

    async def test_late_and_early_are_confirmed_first_and_opened_as_a_matter(self, ward: Ward) -> None:
        await ward.until("2026-03-13 10:00")
        with pytest.raises(Held) as held:
            await ward.dose(2, "2026-03-13 09:30")
        assert held.value.asks
        heard = len(ward.heard())
        await ward.dose(2, "2026-03-13 09:30", confirmed=True)
        assert await ward.at("injection-3") == "2026-03-20 09:40"
        assert "3月17日" in "\n".join(ward.heard(since=heard))
        assert "3月20日" in ward.phones.last(HER)
        assert any("方案偏离" in one for one in ward.heard(CRC))

    async def test_given_early_she_need_not_come_on_the_day_planned_and_hears_of_no_date_gone_by(
        self, quick: Ward
    ) -> None:
        await quick.until("2026-03-09 09:35")
        heard = len(quick.heard())
        await quick.dose(2, "2026-03-09 09:30")
        assert len(quick.heard(since=heard)) == 1
        told = quick.heard(since=heard)[0]
        assert "3月10日（周二）09:40不用来了" in told
        assert "3月9日" not in told

    async def test_the_same_dose_twice_is_refused_and_asked(self, quick: Ward) -> None:
        with pytest.raises(Refusal, match="dose_exists"):
            await quick.dose(1, "2026-03-03 09:41")

    async def test_a_part_of_a_dose_is_a_medication_error_with_its_clock(self, quick: Ward) -> None:
        await quick.until("2026-03-10 10:00")
        with pytest.raises(Held):
            await quick.dose(2, "2026-03-10 09:30", whole=False)
        await quick.dose(2, "2026-03-10 09:30", whole=False, confirmed=True)
        async with quick.desk.archive.read() as uow:
            (task,) = await uow.sae_tasks.of(TJ_001)
        assert task.due_at == quick.now + timedelta(hours=24)

    async def test_at_the_end_of_the_window_the_site_skips_and_the_next_keeps_its_date(
        self, quick: Ward
    ) -> None:
        await quick.until("2026-03-13 08:30")
        assert any("时间窗" in one or "窗口" in one for one in quick.heard(CRC))
        entry = SkipEntry(subject=TJ_001, activity_key="injection-2", reason="fever on the day")
        await skip_activity(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        plan = await quick.plan()
        assert plan["injection-2"].cancelled_because is CancelReason.SKIPPED
        assert await quick.at("injection-3") == "2026-03-17 09:40"

    async def test_given_late_is_a_move_and_none_after_the_last_day_without_the_principal(
        self, quick: Ward
    ) -> None:
        await quick.until("2026-03-25 10:00")
        entry = MoveEntry(
            subject=TJ_001,
            activity_key="injection-4",
            to_at=local("2026-03-31 09:30"),
            reason="in hospital",
            confirmed=True,
        )
        with pytest.raises(Refusal, match="after_last_day"):
            await move_visit(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        allowed = MoveEntry(
            subject=TJ_001,
            activity_key="injection-4",
            to_at=local("2026-03-31 09:30"),
            reason="in hospital",
            override=True,
            confirmed=True,
        )
        for person in (CA1, SI1):
            with pytest.raises(NotEntitled):
                await move_visit(quick.desk, entry=allowed, by=person, auth=CONSOLE)
        await move_visit(quick.desk, entry=allowed, by=PI1, auth=CONSOLE)
        assert await quick.at("injection-4") == "2026-03-31 09:30"

    async def test_a_corrected_anchor_moves_everything_after_it(self, quick: Ward) -> None:
        async with quick.desk.archive.read() as uow:
            (first,) = await uow.doses.of(TJ_001)
        await quick.until("2026-03-05 10:00")
        entry = DoseCorrection(
            dose_id=first.id, reason="given a day later", given_at=local("2026-03-04 09:40")
        )
        await correct_dose(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert await quick.at("injection-2") == "2026-03-11 09:40"
        assert (await quick.her()).day1_at == local("2026-03-04 09:40")

    async def test_the_hour_of_a_dose_corrected_within_its_window_alarms_nobody(self, quick: Ward) -> None:
        await quick.until("2026-03-10 10:00")
        second = await quick.dose(2, "2026-03-10 09:30")
        before = await quick.open_cases()
        entry = DoseCorrection(
            dose_id=second.id, reason="read off the card", given_at=local("2026-03-10 08:30")
        )
        shown = await preview_dose_correction(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert shown.asks == ()
        await correct_dose(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert await quick.open_cases() == before

    async def test_a_baseline_of_somebody_else_does_not_become_hers_beside_her_own(self, quick: Ward) -> None:
        """TJ-002 has 60 before day 1; 38 of TJ-001, moved to her, must not make her one who gets a dose."""
        other = SubjectCode("TJ-002")
        await quick.enrol(other, day1="2026-03-05 09:00", baseline="60")
        async with quick.desk.archive.read() as uow:
            (hers,) = [one for one in await uow.labs.of(TJ_001) if one.baseline]
        entry = LabCorrection(
            lab_id=hers.id, reason="entered in the wrong row", subject=other, confirmed=True
        )
        await correct_lab(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        async with quick.desk.archive.read() as uow:
            assert [one.value for one in await uow.labs.of(other) if one.baseline] == [Decimal(60)]

    async def test_a_first_dose_of_somebody_else_goes_there_and_hers_is_due_as_it_was_planned(
        self, quick: Ward
    ) -> None:
        other = SubjectCode("TJ-002")
        await quick.enrol(other, day1="2026-03-05 09:00")
        async with quick.desk.archive.read() as uow:
            (first,) = await uow.doses.of(TJ_001)
        entry = DoseCorrection(dose_id=first.id, reason="entered in the wrong row", subject=other)
        shown = await preview_dose_correction(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        lines = said(quick, shown)
        there, _, here = lines.partition("— TJ-001 —")
        assert there.startswith("— TJ-002 —")
        assert "dose 1: done" in there
        assert "dose 1: no longer done (Tue 3 March, 09:30)" in here
        both = replace(entry, void=True)
        with pytest.raises(Refusal, match="void_and_moved"):
            await correct_dose(quick.desk, entry=both, by=CA1, auth=CONSOLE)
        await correct_dose(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert (await quick.plan())["injection-1"].is_open
        assert await quick.at("injection-1") == "2026-03-03 09:30"
        assert (await quick.her()).day1_at == local("2026-03-03 09:30")
        assert (await quick.her(other)).day1_at == local("2026-03-03 09:40")
        assert await quick.state() is ParticipantState.BASELINE_DONE


class TestMoving:
    async def test_she_is_left_with_exactly_one_date(self, ward: Ward) -> None:
        await ward.until("2026-03-08 10:00")
        heard = len(ward.heard())
        for day in ("11", "12"):
            entry = MoveEntry(
                subject=TJ_001,
                activity_key="injection-2",
                to_at=local(f"2026-03-{day} 14:00"),
                reason="she is travelling",
            )
            await move_visit(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.settle()
        told = ward.heard(since=heard)
        assert len(told) == 1
        assert "3月12日（周四）14:00" in told[0]
        assert "3月11日" not in told[0]
        await ward.until("2026-03-10 20:00")
        assert not any("明天" in one for one in ward.heard(since=heard))
        await ward.until("2026-03-11 19:30")
        assert "明天（3月12日 周四）14:00" in ward.phones.last(HER) or "3月12日" in ward.phones.last(HER)

    async def test_the_effects_on_the_rest_are_shown_first(self, quick: Ward) -> None:
        await quick.until("2026-03-08 10:00")
        entry = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-03-14 09:30"), reason="travel"
        )
        found = await preview_move(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        words = said(quick, found)
        assert "outside its window" in words
        assert "is a day off" in words
        assert "dose 3: Tue 17 March, 09:40 → Sat 21 March, 09:40" in words
        assert {one.kind for one in found.changes} <= {ChangeKind.MOVED, ChangeKind.ADDED}

    async def test_who_looked_at_an_old_screen_is_told_so(self, ward: Ward) -> None:
        await ward.until("2026-03-08 10:00")
        seen_at = (await ward.plan())["injection-2"].target_at
        first = MoveEntry(
            subject=TJ_001,
            activity_key="injection-2",
            to_at=local("2026-03-11 09:30"),
            reason="holiday",
            seen_at=seen_at,
        )
        await move_visit(ward.desk, entry=first, by=CA1, auth=CONSOLE)
        second = MoveEntry(
            subject=TJ_001,
            activity_key="injection-2",
            to_at=local("2026-03-12 09:30"),
            reason="holiday",
            seen_at=seen_at,
        )
        with pytest.raises(Refusal, match="moved_meanwhile"):
            await move_visit(ward.desk, entry=second, by=SI1, auth=CONSOLE)

    async def test_a_change_in_the_evening_waits_for_the_morning(self, quick: Ward) -> None:
        await quick.until("2026-03-07 22:30")
        heard = len(quick.heard())
        entry = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-03-11 09:30"), reason="holiday"
        )
        await move_visit(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        await quick.settle()
        assert quick.heard(since=heard) == []
        await quick.until("2026-03-08 07:30")
        assert "3月11日" in quick.phones.last(HER)

    @pytest.mark.parametrize("reason", ["", "  "])
    async def test_no_change_without_a_reason(self, quick: Ward, reason: str) -> None:
        entry = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-03-11 09:30"), reason=reason
        )
        with pytest.raises(Refusal, match="reason_needed"):
            await move_visit(quick.desk, entry=entry, by=CA1, auth=CONSOLE)


class TestHolding:
    async def test_no_dose_is_reminded_while_one_stands_and_draws_go_on(self, ward: Ward) -> None:
        await ward.until("2026-03-08 10:00")
        await place_hold(
            ward.desk, entry=HoldEntry(subject=TJ_001, reason=HoldReason.HOSPITAL), by=CA1, auth=CONSOLE
        )
        assert await ward.state() is ParticipantState.ON_HOLD
        await ward.settle()
        assert "等研究团队" in ward.phones.last(HER)
        heard = len(ward.heard())
        await ward.until("2026-03-09 19:30")
        told = "\n".join(ward.heard(since=heard))
        assert "抽血" in told
        assert "打针" not in told
        entry = ReleaseEntry(subject=TJ_001, note="home again")
        await release_hold(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert await ward.state() is ParticipantState.TREATMENT
        await ward.until("2026-03-10 07:30")
        assert "打针" in ward.phones.last(HER)

    async def test_a_very_high_count_holds_by_itself_and_an_investigator_releases(self, ward: Ward) -> None:
        await ward.until("2026-03-09 12:00")
        await ward.lab("450", "2026-03-09 09:00", confirmed=True)
        async with ward.desk.archive.read() as uow:
            (hold,) = await uow.holds.of(TJ_001)
            (task,) = await uow.sae_tasks.of(TJ_001)
        assert hold.reason is HoldReason.HIGH_COUNT
        assert task.aware_at == ward.now
        entry = ReleaseEntry(subject=TJ_001, note="below 200")
        with pytest.raises(NotEntitled):
            await release_hold(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await release_hold(ward.desk, entry=entry, by=SI1, auth=CONSOLE)
        with pytest.raises(Refusal, match="nothing_held"):
            await release_hold(ward.desk, entry=entry, by=SI1, auth=CONSOLE)


class TestTheInfusionThatMovedTwice:
    async def test_the_dose_goes_along_and_she_hears_of_each_once(self, ward: Ward) -> None:
        await ward.until("2026-04-13 10:00")
        entry = TherapyEntry(subject=TJ_001, starts_at=local("2026-04-20 10:00"))
        words = said(ward, await preview_therapy(ward.desk, entry=entry, by=CA1, auth=CONSOLE))
        assert "Study baseline 38, before this cycle ?" in words
        heard = len(ward.heard())
        await plan_therapy(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.settle()
        assert "4月20日（周一）08:00" in "\n".join(ward.heard(since=heard))
        for day, clock in (("21", "14:00"), ("22", "08:30")):
            heard = len(ward.heard())
            moved = TherapyEntry(
                subject=TJ_001, number=1, starts_at=local(f"2026-04-{day} {clock}"), reason="bed"
            )
            await plan_therapy(ward.desk, entry=moved, by=CA1, auth=CONSOLE)
            await ward.settle()
            assert len(ward.heard(since=heard)) == 1
        assert await ward.at("prophylaxis-1") == "2026-04-22 06:30"
        heard = len(ward.heard())
        await ward.until("2026-04-21 20:00")
        assert "明天请在4月22日（周三）06:00前到研究中心" in "\n".join(ward.heard(since=heard))
        await ward.until("2026-04-22 07:00")
        given = ProphylaxisEntry(subject=TJ_001, therapy=1, given_at=local("2026-04-22 06:35"))
        await record_prophylaxis(ward.desk, entry=given, by=CA1, auth=CONSOLE)
        later = TherapyEntry(subject=TJ_001, number=1, starts_at=local("2026-04-23 10:00"), reason="late")
        await plan_therapy(ward.desk, entry=later, by=CA1, auth=CONSOLE)
        assert (await ward.plan())["prophylaxis-1"].status is ActivityStatus.DONE
        with pytest.raises(Refusal, match="prophylaxis_exists"):
            await record_prophylaxis(ward.desk, entry=given, by=CA1, auth=CONSOLE)

    async def test_who_gives_it_is_reminded_where_it_moved_to_and_not_after_the_record(
        self, quick: Ward
    ) -> None:
        await quick.until("2026-04-13 10:00")
        first = TherapyEntry(subject=TJ_001, starts_at=local("2026-04-20 10:00"))
        await plan_therapy(quick.desk, entry=first, by=CA1, auth=CONSOLE)
        await quick.until("2026-04-20 07:00")
        assert "第1次治疗前的针应在 4月20日（周一）08:00" in quick.phones.said(CRC)
        # The infusion moves after the first word: nothing is said at the old hour.
        moved = TherapyEntry(subject=TJ_001, number=1, starts_at=local("2026-04-20 15:00"), reason="bed")
        await plan_therapy(quick.desk, entry=moved, by=CA1, auth=CONSOLE)
        heard = len(quick.heard(CRC))
        await quick.until("2026-04-20 08:00")
        assert not any("现在该打" in one for one in quick.heard(CRC, heard))
        await quick.until("2026-04-20 12:30")
        assert any("治疗前的针应在 4月20日（周一）13:00" in one for one in quick.heard(CRC, heard))
        given = ProphylaxisEntry(subject=TJ_001, therapy=1, given_at=local("2026-04-20 12:30"))
        await record_prophylaxis(quick.desk, entry=given, by=CA1, auth=CONSOLE)
        await quick.until("2026-04-20 13:00")
        assert not any("现在该打" in one for one in quick.heard(CRC, heard))

    async def test_a_wrong_record_of_it_is_corrected_by_the_rules_of_a_right_one(self, quick: Ward) -> None:
        """Its hour, its amount and whose it was: as strict as the first entry, and it keeps its number."""
        other = SubjectCode("TJ-002")
        await quick.enrol(other, day1="2026-03-05 09:00", baseline="38")
        await quick.until("2026-04-13 10:00")
        for subject in (TJ_001, other):
            planned = TherapyEntry(subject=subject, starts_at=local("2026-04-20 10:00"))
            await plan_therapy(quick.desk, entry=planned, by=CA1, auth=CONSOLE)
        await quick.until("2026-04-20 08:30")
        given = ProphylaxisEntry(subject=TJ_001, therapy=1, given_at=local("2026-04-20 08:00"))
        wrong = await record_prophylaxis(quick.desk, entry=given, by=CA1, auth=CONSOLE)
        entry = DoseCorrection(dose_id=wrong.id, reason="the card", given_at=local("2026-04-20 12:00"))
        with pytest.raises(Refusal, match="in_future"):
            await correct_dose(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        early = replace(entry, given_at=local("2026-04-20 06:00"))
        with pytest.raises(Held) as held:
            await correct_dose(quick.desk, entry=early, by=CA1, auth=CONSOLE)
        assert [one.key for one in held.value.asks if isinstance(one, Phrase)] == ["operator.ask.interval"]
        half = replace(entry, given_at=None, amount_ug=100)
        with pytest.raises(Held, match="held"):
            await correct_dose(quick.desk, entry=half, by=CA1, auth=CONSOLE)
        right = await correct_dose(quick.desk, entry=replace(half, confirmed=True), by=CA1, auth=CONSOLE)
        assert right is not None
        assert (right.amount_ug, right.number, right.corrects) == (100, wrong.number, wrong.id)
        theirs = DoseCorrection(dose_id=right.id, reason="wrong row", subject=other, confirmed=True)
        await correct_dose(quick.desk, entry=theirs, by=CA1, auth=CONSOLE)
        assert (await quick.plan(other))["prophylaxis-1"].status is ActivityStatus.DONE
        assert (await quick.plan())["prophylaxis-1"].is_open
        hers = await record_prophylaxis(quick.desk, entry=given, by=CA1, auth=CONSOLE)
        again = DoseCorrection(dose_id=hers.id, reason="wrong row", subject=other, confirmed=True)
        with pytest.raises(Refusal, match="prophylaxis_exists"):
            await correct_dose(quick.desk, entry=again, by=CA1, auth=CONSOLE)

    async def test_cancelled_it_is_no_longer_asked_for(self, quick: Ward) -> None:
        await quick.until("2026-04-13 10:00")
        entry = TherapyEntry(subject=TJ_001, starts_at=local("2026-04-20 10:00"))
        await plan_therapy(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        await quick.settle()
        end = TherapyEnd(subject=TJ_001, number=1, reason="progression")
        await cancel_therapy(quick.desk, entry=end, by=CA1, auth=CONSOLE)
        await quick.settle()
        assert "不用来了" in quick.phones.last(HER)
        assert (await quick.plan())["prophylaxis-1"].status is ActivityStatus.CANCELLED


class TestTransfusion:
    async def test_a_high_count_soon_after_one_stops_nothing_until_a_person_confirms(
        self, ward: Ward
    ) -> None:
        await ward.until("2026-03-09 12:00")
        given = TransfusionEntry(subject=TJ_001, at=local("2026-03-06 12:00"))
        await record_transfusion(ward.desk, entry=given, by=CA1, auth=CONSOLE)
        await ward.lab("120", "2026-03-09 09:00")
        assert await ward.state() is ParticipantState.TREATMENT
        entry = StopTreatmentEntry(
            subject=TJ_001, because=TreatmentStop.RESPONSE_CONFIRMED, reason="true response"
        )
        with pytest.raises(NotEntitled):
            await stop_treatment(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await stop_treatment(ward.desk, entry=entry, by=SI1, auth=CONSOLE)
        assert await ward.state() is ParticipantState.TREATMENT_DONE
        assert (await ward.plan())["draw-L4"].is_open

    async def test_the_coordinator_is_told_the_count_that_ended_dosing(self, quick: Ward) -> None:
        """120 three days after platelets were given ended nothing; 105 eleven days after them did."""
        await quick.until("2026-03-09 12:00")
        given = TransfusionEntry(subject=TJ_001, at=local("2026-03-06 12:00"))
        await record_transfusion(quick.desk, entry=given, by=CA1, auth=CONSOLE)
        await quick.lab("120", "2026-03-09 09:00")
        await quick.until("2026-03-17 12:00")
        heard = len(quick.heard(CRC))
        await quick.lab("105", "2026-03-17 09:00")
        told = "\n".join(quick.heard(CRC, since=heard))
        assert "105" in told
        assert "120" not in told


class TestLeaving:
    @pytest.mark.parametrize("how", [ParticipantState.WITHDRAWN, ParticipantState.DIED])
    async def test_nothing_is_said_any_more_not_even_what_was_queued(
        self, ward: Ward, how: ParticipantState
    ) -> None:
        await ward.until("2026-03-09 19:00")
        heard = len(ward.heard())
        move = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-03-11 09:30"), reason="holiday"
        )
        await move_visit(ward.desk, entry=move, by=CA1, auth=CONSOLE)
        entry = EndEntry(subject=TJ_001, ended_as=how, reason="told by her family")
        await end_participation(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.until("2026-04-20 20:00")
        assert ward.heard(since=heard) == []
        plan = await ward.plan()
        assert all(not one.is_open for one in plan.values())

    @pytest.mark.parametrize("how", [ParticipantState.WITHDRAWN, ParticipantState.DIED])
    async def test_what_waits_is_cancelled_in_the_very_commit(
        self, quick: Ward, how: ParticipantState
    ) -> None:
        """Nothing is delivered between: the rows are looked at before anything else happens."""
        await quick.until("2026-03-08 22:00")
        move = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-03-11 09:30"), reason="holiday"
        )
        await move_visit(quick.desk, entry=move, by=CA1, auth=CONSOLE)
        whom = participant_as_recipient(TJ_001)
        async with quick.desk.archive.read() as uow:
            waiting = [row for row in await uow.outbox.to(whom, 50) if row.status is OutboxStatus.WAITING]
        assert waiting
        entry = EndEntry(subject=TJ_001, ended_as=how, reason="told by her family")
        await end_participation(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        async with quick.desk.archive.read() as uow:
            after = {row.id: row.status for row in await uow.outbox.to(whom, 50)}
            assert (await uow.participants.get(TJ_001)).state is how  # type: ignore[union-attr]
        assert {after[row.id] for row in waiting} == {OutboxStatus.CANCELLED}
        assert OutboxStatus.WAITING not in after.values()

    async def test_a_death_recorded_by_mistake_is_taken_back(self, quick: Ward) -> None:
        entry = EndEntry(subject=TJ_001, ended_as=ParticipantState.DIED, reason="told by phone")
        await end_participation(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        with pytest.raises(Refusal, match="participant_ended"):
            await quick.lab("50", "2026-03-03 09:00")
        back = ReinstateEntry(subject=TJ_001, reason="it was another patient")
        await reinstate(quick.desk, entry=back, by=SI1, auth=CONSOLE)
        assert await quick.state() is ParticipantState.TREATMENT
        assert (await quick.plan())["injection-2"].is_open

    async def test_coming_back_does_not_undo_her_own_stop(self, quick: Ward) -> None:
        """She had said stop before; then a death is recorded by mistake, twice, and taken back."""
        await quick.phones.type(HER, "别再发了")
        await quick.phones.tap(HER, "不要再发消息")
        stopped_at, heard = quick.now, len(quick.heard())
        end = EndEntry(subject=TJ_001, ended_as=ParticipantState.DIED, reason="told by phone")
        back = ReinstateEntry(subject=TJ_001, reason="it was another patient")
        for _ in range(2):
            quick.phones.clock.move(timedelta(minutes=10))
            await end_participation(quick.desk, entry=end, by=CA1, auth=CONSOLE)
            shown = await preview_reinstate(quick.desk, entry=back, by=SI1, auth=CONSOLE)
            assert "operator.effect.messages_stay_stopped" in [note.key for note in shown.notes]
            her = await reinstate(quick.desk, entry=back, by=SI1, auth=CONSOLE)
            assert her.messages_stopped_at == stopped_at
        await quick.until("2026-03-11 20:00")
        assert quick.heard(since=heard) == []

    async def test_what_she_told_last_is_followed_until_it_is_over_or_stable(self, quick: Ward) -> None:
        chats = quick.phones
        await chats.type(HER, "/unwell")
        for label in ("都没有", "没有", "恶心、想吐", "选好了"):
            await chats.tap(HER, label)
        while not any("我本人" in one.label for one in chats.chats[HER][-1].buttons):
            await chats.tap(HER, chats.chats[HER][-1].buttons[0].label)
        await chats.tap(HER, "都没有，我本人，完成")
        entry = EndEntry(subject=TJ_001, ended_as=ParticipantState.LOST_TO_FOLLOW_UP, reason="moved away")
        shown = await preview_end(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert "operator.effect.open_events" in [note.key for note in shown.notes]
        before = {case.id for case in await quick.open_cases()}
        await end_participation(quick.desk, entry=entry, by=CA1, auth=CONSOLE)
        (followed,) = [case for case in await quick.open_cases() if case.id not in before]
        assert (followed.level, followed.report_id is not None) == (Level.ROUTINE, True)

    async def test_nobody_is_completed_in_treatment(self, quick: Ward) -> None:
        entry = EndEntry(subject=TJ_001, ended_as=ParticipantState.COMPLETED, reason="done")
        with pytest.raises(Refusal, match="state_step"):
            await end_participation(quick.desk, entry=entry, by=CA1, auth=CONSOLE)


class TestTransfer:
    async def test_an_open_case_goes_along_and_the_old_site_sees_no_more(self, ward: Ward) -> None:
        await ward.until("2026-03-04 10:00")
        await ward.phones.type(HER, "流鼻血止不住，要晕倒了")
        (case,) = await ward.open_cases()
        await ward.phones.tap(CRC, "我来处理")
        entry = TransferEntry(subject=TJ_001, to_site=SiteCode("WH"), reason="moved to Wuhan")
        await transfer_participant(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.settle()
        moved = next(one for one in await ward.open_cases() if one.id == case.id)
        assert (moved.site_code, moved.acknowledged_by) == ("WH", None)
        assert "TJ-001" in ward.phones.said(CRC_WUHAN)
        assert "已转到其他中心" in ward.phones.said(CRC)
        await ward.phones.tap_token(CRC_WUHAN, f"k:take:{case.id}")
        taken = next(one for one in await ward.open_cases() if one.id == case.id)
        assert taken.acknowledged_by == CW1
        with pytest.raises(NotEntitled):
            await ward.lab("50", "2026-03-04 09:00")
        assert "武汉" in ward.phones.said(HER)
        assert SITE not in ward.phones.last(HER)

    async def test_a_person_there_is_named_she_hears_one_message_and_the_past_keeps_its_authors(
        self, quick: Ward
    ) -> None:
        ward = quick
        await ward.until("2026-03-04 10:00")
        await ward.phones.type(HER, "流鼻血止不住，要晕倒了")
        (case,) = [one for one in await ward.open_cases() if one.level is Level.EMERGENCY]
        heard, old_site = len(ward.heard()), len(ward.heard(CRC))
        entry = TransferEntry(subject=TJ_001, to_site=SiteCode("WH"), reason="moved to Wuhan")
        shown = await preview_transfer(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert ("operator.effect.handed_to", "CW1") in [
            (note.key, note.values.get("staff")) for note in shown.notes
        ]
        await transfer_participant(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        await ward.settle()
        assert "从TJ中心转来，交给CW1" in ward.phones.said(CRC_WUHAN)
        assert sum("武汉" in one for one in ward.heard(since=heard)) == 1
        # What she tells from now on rings at the new site only.
        await ward.phones.type(HER, "吐血了，一大口")
        await ward.phones.pass_time(timedelta(minutes=21))
        assert [one for one in ward.heard(CRC, old_site) if "紧急" in one] == []
        assert ward.phones.said(CRC_WUHAN).count("紧急 · TJ-001 · WH") >= 2
        async with ward.desk.archive.read() as uow:
            entries = [(one.kind, one.actor_code) for one in await uow.audit.of(TJ_001)]
            events = [(one.kind, one.actor_code) for one in await uow.cases.events(case.id)]
        assert ("staff:dose:recorded", "CA1") in entries
        assert ("TRANSFERRED", "CA1") in events


class TestProfile:
    async def test_where_she_is_decides_quiet_time_and_visits_never_move(self, ward: Ward) -> None:
        before = await ward.plan()
        entry = ProfileEntry(subject=TJ_001, time_zone="Europe/Berlin", blood_thinner=True)
        await keep_profile(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        after = await ward.plan()
        assert {key: one.target_at for key, one in before.items() if one.number} == {
            key: one.target_at for key, one in after.items() if one.number
        }
        async with ward.desk.archive.read() as uow:
            fields = {one.field for one in await uow.audit.of(TJ_001) if one.kind == "staff:profile:changed"}
        assert fields == {"time_zone", "blood_thinner"}
