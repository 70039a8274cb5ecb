"""Nights, sites that are not there out of hours, and whether somebody can be reached at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.acknowledge_case import acknowledge_case
from bot.actions.check_coverage import DAYS_AHEAD, Gap, uncovered
from bot.actions.desk import Desk
from bot.actions.keep_roster import add_duty
from bot.actions.manage_sites import set_out_of_hours
from bot.actions.manage_staff import add_staff, invite_staff, revoke_staff
from bot.assembly.going_live import WENT_LIVE, NotReady, refuse_unless_ready
from bot.rules.access import AuthMethod
from bot.rules.case import Case
from bot.rules.errors import Refusal
from bot.rules.roster import DutyKind, OutOfHours
from bot.rules.study import ChainStep, Language, Level, Role, SiteCode, SourceKind, StaffCode
from bot.rules.watch import Trouble
from bot.settings import Mode, Settings
from tests.actions.test_one_matter_one_case import NOSE, closed, reported
from tests.actions.test_watch import Bench, watchman
from tests.household import COORDINATOR, HER, INVESTIGATOR, MONDAY, OPERATOR, SUBJECT, joined, lab, staffed
from tests.phones import Phones

TJ, CA1, SI1 = SiteCode("TJ"), StaffCode("CA1"), StaffCode("SI1")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# 23:00 on the Monday in Tianjin.
LATE = MONDAY + 13 * HOUR
# 03:00 on 6 April 2026 in Tianjin, a public holiday.
QINGMING_NIGHT = datetime(2026, 4, 5, 19, 0, tzinfo=UTC)
WISH = "请让研究医生联系我"


async def at_night(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)
    phones.clock.move_to(LATE)
    await phones.settle()


async def the_case(phones: Phones) -> Case:
    async with phones.desk.archive.read() as uow:
        return (await uow.cases.all_of(SUBJECT))[-1]


async def says_at_the_end(phones: Phones, *, contact: str, medicine: str = "") -> None:
    """A report without a symptom, its closing questions one by one."""
    await phones.tap(HER, "我不舒服")
    for label in ("都没有", "没有", "有，或我是家人", "没有", "没有"):
        await phones.tap(HER, label)
    await phones.tap(HER, "有" if medicine else "没有")
    if medicine:
        await phones.type(HER, medicine)
    await phones.tap(HER, contact)
    await phones.tap(HER, "我本人")


class TestAtNight:
    async def test_what_can_wait_is_held_until_seven(self, phones: Phones) -> None:
        await at_night(phones)
        await phones.type(HER, WISH)
        assert "能等到早上吗" in phones.said(HER)
        assert "TJ-001" not in phones.said(COORDINATOR)
        await phones.tap(HER, "能等到早上")
        assert "早上会通知研究团队" in phones.last(HER)
        await phones.pass_time(8 * HOUR - timedelta(minutes=1))
        assert "◆ 今日" not in phones.said(COORDINATOR)
        await phones.pass_time(timedelta(minutes=1))
        assert "◆ 今日 · TJ-001" in phones.said(COORDINATOR)

    async def test_what_cannot_wait_becomes_urgent_at_once(self, phones: Phones) -> None:
        await at_night(phones)
        await phones.type(HER, WISH)
        await phones.tap(HER, "不能等")
        assert "请现在就打研究中心电话" in phones.said(HER)
        assert "▲ 急 · TJ-001" in phones.said(INVESTIGATOR)
        assert "不能等" in phones.said(COORDINATOR)

    async def test_with_very_low_platelets_nothing_is_held(self, chats: Phones) -> None:
        await staffed(chats)
        await joined(chats)
        await lab(chats, "15", MONDAY)
        chats.clock.move_to(LATE)
        await chats.type(HER, WISH)
        assert (await the_case(chats)).rung_from == LATE
        assert "能等到早上吗" not in chats.said(HER)

    @pytest.mark.parametrize("by_day", ["untaken", "milder", "closed"])
    async def test_with_very_low_platelets_no_case_of_the_day_is_put_off_until_the_morning(
        self, chats: Phones, by_day: str
    ) -> None:
        """Told again at night: worse than by day, the same and still untaken, or closed in the evening."""
        await staffed(chats)
        await joined(chats)
        await lab(chats, "15", MONDAY)
        first = await reported(chats, Level.ROUTINE if by_day == "milder" else Level.SAME_DAY, NOSE)
        if by_day == "closed":
            await closed(chats, first)
        chats.clock.move_to(LATE)
        again = await reported(chats, Level.SAME_DAY, NOSE)
        assert again.id == first.id
        assert again.rung_from == LATE

    @pytest.mark.parametrize("by_day", ["milder", "closed"])
    async def test_whoever_tells_it_again_at_night_is_asked_whether_it_can_wait(
        self, chats: Phones, by_day: str
    ) -> None:
        await staffed(chats)
        await joined(chats)
        first = await reported(chats, Level.ROUTINE if by_day == "milder" else Level.SAME_DAY, NOSE)
        if by_day == "closed":
            await closed(chats, first)
        chats.clock.move_to(LATE)
        await reported(chats, Level.SAME_DAY, NOSE)
        assert "能等到早上吗" in chats.last(HER)

    async def test_a_case_that_nobody_may_put_off_rings_on_when_its_owner_leaves_at_night(
        self, chats: Phones
    ) -> None:
        await staffed(chats)
        await joined(chats)
        await lab(chats, "15", MONDAY)
        await reported(chats, Level.SAME_DAY, NOSE)
        await chats.tap(COORDINATOR, "我来处理")
        chats.clock.move_to(LATE)
        await revoke_staff(chats.desk, code=CA1, reason="phone stolen", by=OPERATOR, lost=True)
        async with chats.desk.archive.read() as uow:
            passed_on = [one for one in await uow.cases.open_of(SUBJECT) if one.level is Level.SAME_DAY]
        assert [one.rung_from for one in passed_on] == [LATE]

    @pytest.mark.parametrize("moment", [LATE, QINGMING_NIGHT], ids=["a night", "a holiday night"])
    async def test_whoever_wants_to_be_called_now_rings_at_once_and_is_called_within_an_hour(
        self, chats: Phones, moment: datetime
    ) -> None:
        """`U_CONTACT = NOW` is URGENT whatever the hour. Source: specification 2.3, 3.1, 3.4."""
        await staffed(chats)
        await joined(chats)
        chats.clock.move_to(moment)
        await chats.settle()
        await says_at_the_end(chats, contact="需要，越快越好")
        async with chats.desk.archive.read() as uow:
            (case,) = [one for one in await uow.cases.open_at(None) if one.level is Level.URGENT]
        assert case.rung_from == moment
        for phone in (COORDINATOR, INVESTIGATOR):
            card = next(one.text for one in chats.chats[phone] if "▲ 急 · TJ-001" in one.text)
            assert "需要研究团队联系您吗？ 需要，越快越好" in card
            assert "规则：CX-16 → ▲ 急" in card
            assert "还没回答" not in card
        assert "能等到早上吗" not in chats.said(HER)
        await chats.pass_time(10 * MINUTE)
        await acknowledge_case(chats.desk, case_id=case.id, by=CA1, auth=AuthMethod.TELEGRAM)
        heard = self.cards(chats)
        await chats.pass_time(49 * MINUTE)
        assert self.cards(chats) == heard
        await chats.pass_time(MINUTE)  # taken, and nobody has called her within the hour
        assert self.cards(chats) == heard + 1

    def cards(self, chats: Phones) -> int:
        """How many messages about her urgent case the investigator has."""
        return sum("▲ 急 · TJ-001" in one.text for one in chats.chats[INVESTIGATOR])

    async def test_some_time_today_waits_for_the_morning_and_her_words_name_nobody(
        self, chats: Phones
    ) -> None:
        await at_night(chats)
        await says_at_the_end(chats, contact="需要，今天之内就行", medicine="我是李小红，吃了阿司匹林")
        assert "能等到早上吗" in chats.said(HER)
        assert "TJ-001" not in chats.said(COORDINATOR)
        await chats.pass_time(8 * HOUR)
        card = chats.last(COORDINATOR)
        assert "◆ 今日 · TJ-001" in card
        assert "需要研究团队联系您吗？ 需要，今天之内就行" in card
        assert "吃了阿司匹林" in card
        assert "李小红" not in card

    async def test_by_day_nobody_is_asked(self, chats: Phones) -> None:
        await staffed(chats)
        await joined(chats)
        await chats.type(HER, WISH)
        assert "能等到早上吗" not in chats.said(HER)


class TestAdviceOnly:
    async def test_out_of_hours_she_is_sent_to_a_department_and_told_so(self, phones: Phones) -> None:
        await at_night(phones)
        await set_out_of_hours(phones.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)
        await phones.type(HER, WISH)
        await phones.tap(HER, "不能等")
        assert "请在1小时内到医院急诊" in phones.said(HER)
        assert "请现在就打研究中心电话" not in phones.said(HER)
        assert "研究团队现在不在班，3月3日（周二）08:00上班" in phones.last(HER)
        assert "▲ 急 · TJ-001" in phones.said(INVESTIGATOR)

    async def test_in_working_hours_nothing_changes(self, chats: Phones) -> None:
        await staffed(chats)
        await joined(chats)
        await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)
        await chats.type(HER, WISH)
        assert "不在班" not in chats.said(HER)

    async def test_an_unknown_site_promises_nothing(self, chats: Phones) -> None:
        with pytest.raises(Refusal, match="no_such_site"):
            await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)


async def on_duty(phones: Phones, staff: StaffCode, since: datetime, hours: int) -> None:
    await add_duty(
        phones.desk,
        site=TJ,
        staff=staff,
        kind=DutyKind.DUTY,
        starts_at=since,
        ends_at=since + hours * HOUR,
        by=OPERATOR,
    )


def of_tianjin(gaps: tuple[Gap, ...]) -> set[Level]:
    return {gap.level for gap in gaps if gap.site == TJ}


class TestTargetsOfASite:
    """A site may set itself another target within the limits of the study. Source: specification 3.1."""

    @pytest.mark.parametrize(("minutes", "contact"), [(8, 15), (15, 20), (None, 15)])
    async def test_the_case_carries_the_target_of_its_site_and_rings_as_everywhere(
        self, chats: Phones, minutes: int | None, contact: int
    ) -> None:
        target = {} if minutes is None else {(TJ, Level.EMERGENCY): minutes * MINUTE}
        elsewhere = {(SiteCode("WH"), Level.EMERGENCY): 5 * MINUTE}
        study = replace(chats.desk.study, site_targets={**target, **elsewhere})
        chats.desk = replace(chats.desk, study=study)
        await staffed(chats)
        await joined(chats)
        await chats.type(HER, "吐血了，一大口")
        chain = (await the_case(chats)).chain
        assert chain.acknowledge_within == (minutes or 10) * MINUTE
        assert chain.contact_within == contact * MINUTE
        assert chain.steps == study.chains[Level.EMERGENCY].steps

    async def test_an_open_case_rings_by_the_chain_it_was_opened_with(self, chats: Phones) -> None:
        """A later version that rings once and only the coordinator changes nothing of what rings already."""
        await staffed(chats)
        await joined(chats)
        await chats.type(HER, "吐血了，一大口")
        case, heard = await the_case(chats), len(chats.chats[INVESTIGATOR])
        chain = chats.desk.study.chains[Level.EMERGENCY]
        quiet = replace(chain, steps=(ChainStep(after=timedelta(), roles=(Role.COORDINATOR,)),))
        study = replace(chats.desk.study, chains={**chats.desk.study.chains, Level.EMERGENCY: quiet})
        chats.desk = replace(chats.desk, study=study)
        await chats.pass_time(6 * MINUTE)
        assert (await the_case(chats)).chain == case.chain
        assert len(chats.chats[INVESTIGATOR]) > heard


class TestCoverage:
    async def test_a_staffed_site_has_no_gap_and_a_gap_names_who_stands_in(self, phones: Phones) -> None:
        await staffed(phones)
        assert of_tianjin(await uncovered(phones.desk, ahead=DAYS_AHEAD)) == set()
        async with phones.desk.archive.begin() as uow:
            await uow.staff.set_unreachable(CA1, MONDAY)
        gaps = {gap.level: gap for gap in await uncovered(phones.desk) if gap.site == TJ}
        assert set(gaps) == {Level.ROUTINE, Level.SAME_DAY}
        assert gaps[Level.SAME_DAY].fallback == SI1

    async def test_a_roster_that_runs_out_within_the_week_is_a_gap_ahead(self, phones: Phones) -> None:
        await staffed(phones)
        for code in (CA1, SI1):
            await add_duty(
                phones.desk,
                site=TJ,
                staff=code,
                kind=DutyKind.DUTY,
                starts_at=MONDAY - HOUR,
                ends_at=MONDAY + 48 * HOUR,
                by=OPERATOR,
            )
        assert of_tianjin(await uncovered(phones.desk)) == set()
        ahead = [gap for gap in await uncovered(phones.desk, ahead=DAYS_AHEAD) if gap.site == TJ]
        assert {gap.at for gap in ahead} == {MONDAY + 48 * HOUR}
        assert Level.EMERGENCY in of_tianjin(tuple(ahead))

    async def test_a_site_of_advice_only_needs_nobody_at_night(self, chats: Phones) -> None:
        await staffed(chats)
        chats.clock.move_to(LATE)
        async with chats.desk.archive.begin() as uow:
            for code in (CA1, SI1):
                await uow.staff.set_unreachable(code, LATE)
        assert Level.EMERGENCY in of_tianjin(await uncovered(chats.desk))
        await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)
        assert of_tianjin(await uncovered(chats.desk)) == set()


class TestRevoking:
    async def test_the_last_contact_of_a_site_with_patients_stays_until_another_exists(
        self, phones: Phones
    ) -> None:
        await staffed(phones)
        await joined(phones)
        await revoke_staff(phones.desk, code=CA1, reason="left", by=OPERATOR)
        with pytest.raises(Refusal, match="last_contact"):
            await revoke_staff(phones.desk, code=SI1, reason="left", by=OPERATOR)

    async def test_a_stolen_account_loses_access_at_once_whoever_is_left(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await revoke_staff(phones.desk, code=CA1, reason="left", by=OPERATOR)
        await revoke_staff(phones.desk, code=SI1, reason="stolen", by=OPERATOR, lost=True)
        async with phones.desk.archive.read() as uow:
            assert [one.revoked_at for one in await uow.staff.all() if one.code == SI1] == [MONDAY]

    async def test_a_site_without_patients_lets_everybody_go(self, chats: Phones) -> None:
        await staffed(chats)
        for code in (CA1, SI1):
            await revoke_staff(chats.desk, code=code, reason="closed", by=OPERATOR)

    async def test_open_cases_of_a_revoked_person_ring_for_the_others(self, phones: Phones) -> None:
        await staffed(phones)
        await joined(phones)
        await phones.type(HER, "血止不住，已经半小时了")
        case = await the_case(phones)
        await acknowledge_case(phones.desk, case_id=case.id, by=CA1, auth=AuthMethod.CONSOLE)
        await phones.settle()
        rung = phones.said(INVESTIGATOR).count("🔴 紧急 · TJ-001")
        await revoke_staff(phones.desk, code=CA1, reason="left", by=OPERATOR)
        await phones.settle()
        assert (await the_case(phones)).acknowledged_by is None
        assert phones.said(INVESTIGATOR).count("🔴 紧急 · TJ-001") > rung

    async def test_a_case_reached_but_not_closed_rings_once_and_is_somebody_elses(
        self, chats: Phones
    ) -> None:
        """She was reached and stays so: she is told nothing again, and the night is not rung through."""
        await staffed(chats)
        await joined(chats)
        await chats.type(HER, "血止不住，已经半小时了")
        await chats.tap(COORDINATOR, "我来处理")
        await chats.tap(COORDINATOR, "已联系到患者")
        await chats.pass_time(MINUTE)
        heard, told = len(chats.chats[INVESTIGATOR]), len(chats.chats[HER])
        await revoke_staff(chats.desk, code=CA1, reason="stolen", by=OPERATOR, lost=True)
        await chats.pass_time(MINUTE)
        left = await the_case(chats)
        assert (left.acknowledged_by, left.contacted_by) == (None, CA1)
        assert "原接手人已不再负责" in chats.last(INVESTIGATOR)
        await chats.pass_time(HOUR)
        assert len(chats.chats[INVESTIGATOR]) == heard + 1

        await chats.tap(INVESTIGATOR, "我来处理")
        assert (await the_case(chats)).acknowledged_by == SI1
        assert len(chats.chats[HER]) == told


class TestGoingLive:
    async def test_the_first_time_is_refused_and_a_service_that_was_live_starts(self, phones: Phones) -> None:
        live = Settings.model_construct(mode=Mode.LIVE)
        with pytest.raises(NotReady) as refused:
            await refuse_unless_ready(phones.desk, live)
        assert any("no site" in reason for reason in refused.value.reasons)
        async with phones.desk.archive.begin() as uow:
            await uow.marks.set(WENT_LIVE, {"at": MONDAY.isoformat()})
        with pytest.raises(NotReady) as again:
            await refuse_unless_ready(phones.desk, live)
        assert not any("no site" in reason for reason in again.value.reasons)

    async def test_a_site_must_be_covered_for_a_week_before_the_first_time(self, chats: Phones) -> None:
        """A gap in one night: it does not, and the reason names the hour. Covered: it goes live."""
        approved = with_every_key_approved(chats.desk)
        await staffed(chats)
        await add_staff(
            chats.desk,
            code=StaffCode("CE1"),
            role=Role.CENTRAL,
            site=None,
            language=Language.ZH,
            by=OPERATOR,
        )
        await staffed_in_wuhan(chats)
        night = MONDAY + 2 * 24 * HOUR + 12 * HOUR  # Wednesday 22:00
        for code in (CA1, SI1):
            await on_duty(chats, code, MONDAY - HOUR, 2 * 24 + 13)
            await on_duty(chats, code, night + 8 * HOUR, 6 * 24)
        with pytest.raises(NotReady) as refused:
            await refuse_unless_ready(approved, LIVE)
        assert {reason.partition(": ")[0] for reason in refused.value.reasons} == {"site TJ"}
        assert all("from 2026-03-04T14:00+00:00" in reason for reason in refused.value.reasons)
        assert {"EMERGENCY", "URGENT"} <= set(" ".join(refused.value.reasons).split())

        await on_duty(chats, SI1, night, 8)
        await refuse_unless_ready(approved, LIVE)  # the night is covered: live

        await add_duty(
            chats.desk,
            site=TJ,
            staff=SI1,
            kind=DutyKind.LEAVE,
            starts_at=night,
            ends_at=night + HOUR,
            by=OPERATOR,
        )
        await refuse_unless_ready(approved, LIVE)  # live before: it starts with the gap
        ahead = [gap for gap in await uncovered(approved, ahead=DAYS_AHEAD) if gap.site == TJ]
        assert {gap.at for gap in ahead} == {night}

    async def test_a_live_service_whose_last_contact_is_lost_starts_and_rings_the_operator(
        self, chats: Phones
    ) -> None:
        approved = with_every_key_approved(chats.desk)
        await staffed(chats)
        await staffed_in_wuhan(chats)
        await joined(chats)
        await refuse_unless_ready(approved, LIVE)
        for code in (CA1, SI1):
            await revoke_staff(chats.desk, code=code, reason="stolen", by=OPERATOR, lost=True)
        await refuse_unless_ready(approved, LIVE)
        bench = Bench()
        found = await watchman(chats, bench).look()
        assert Trouble.NOBODY_REACHABLE in {one.trouble for one in found}
        assert "TJ EMERGENCY (nobody instead)" in bench.heard[0]
        assert bench.beats == 1  # the machine itself goes on


LIVE = Settings.model_construct(mode=Mode.LIVE)


def with_every_key_approved(desk: Desk) -> Desk:
    """The study as it will be once every safety key has been approved."""
    approved = {
        key: replace(source, kind=SourceKind.APPROVED) for key, source in desk.study.provenance.items()
    }
    return replace(desk, study=replace(desk.study, provenance=approved))


async def staffed_in_wuhan(phones: Phones) -> None:
    """The other site has an investigator too, so that it is covered whatever happens here."""
    await add_staff(
        phones.desk,
        code=StaffCode("SW1"),
        role=Role.SUB_INVESTIGATOR,
        site=SiteCode("WH"),
        language=Language.ZH,
        by=OPERATOR,
    )
    chat, _ = await invite_staff(phones.desk, code=StaffCode("SW1"), by=OPERATOR)
    await phones.type(24, f"/start {chat.code}")


class TestAdviceOnlyOverAWeekend:
    """A site without night cover: every message out of hours says so, and who answers a ring may still come.

    Source: specification 3.1, 7.2 Q10.
    """

    async def test_she_is_told_the_truth_from_friday_evening_to_monday_morning(self, chats: Phones) -> None:
        await staffed(chats)
        await joined(chats)
        await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)
        chats.clock.move_to(FRIDAY_EVENING)
        for words, advised in (
            ("大便发黑两次", "请在1小时内到医院急诊"),
            ("流鼻血40分钟了止不住，要晕倒", "请马上拨打120"),
        ):
            seen = len(chats.chats[HER])
            await chats.type(HER, words)
            said = "\n".join(screen.text for screen in chats.chats[HER][seen:])
            assert advised in said
            assert "研究团队现在不在班，3月9日（周一）08:00上班" in said
            assert "请现在就打研究中心电话" not in said
        assert "▲ 急 · TJ-001" in chats.said(INVESTIGATOR)
        assert "🔴 紧急 · TJ-001" in chats.said(INVESTIGATOR)
        chats.clock.move_to(MONDAY + 7 * 24 * HOUR)
        await chats.settle()
        seen = len(chats.chats[HER])
        await chats.type(HER, "尿里有血")
        said = "\n".join(screen.text for screen in chats.chats[HER][seen:])
        assert "不在班" not in said


# 20:00 on Friday 6 March 2026 in Tianjin.
FRIDAY_EVENING = MONDAY + 4 * 24 * HOUR + 10 * HOUR


class TestWhatSheIsPromised:
    """SD-1 says by when she is contacted; on days off it depends on who is on call. Decisions "Triage"."""

    @pytest.mark.parametrize(
        ("on_call_from", "promised"),
        [
            (None, "3月7日"),  # no roster: everybody who holds the role is rung, on Saturday too
            (12, "3月7日"),  # on call from Saturday 08:00
            (36, "3月8日"),  # on call on Sunday only
            (84, "3月9日（周一）10:00前"),  # on call from Tuesday: on Monday others are there
        ],
    )
    async def test_follows_the_roster(self, chats: Phones, on_call_from: int | None, promised: str) -> None:
        await staffed(chats)
        await joined(chats)
        chats.clock.move_to(FRIDAY_EVENING)
        if on_call_from is not None:
            await on_duty(chats, SI1, FRIDAY_EVENING + on_call_from * HOUR, 12)
        await chats.type(HER, WISH)
        assert f"研究团队会在{promised}" in chats.said(HER), chats.said(HER)

    async def test_is_kept_by_the_person_on_call_who_is_told_at_ten(self, chats: Phones) -> None:
        await staffed(chats)
        await joined(chats)
        chats.clock.move_to(FRIDAY_EVENING)
        await on_duty(chats, SI1, FRIDAY_EVENING + 12 * HOUR, 12)
        await chats.type(HER, WISH)
        await chats.move_to(FRIDAY_EVENING + 14 * HOUR - timedelta(minutes=1))
        assert "TJ-001" not in chats.said(INVESTIGATOR)
        await chats.move_to(FRIDAY_EVENING + 14 * HOUR)
        assert "◆ 今日 · TJ-001" in chats.said(INVESTIGATOR)

    async def test_advice_only_promises_no_day_off_and_who_cannot_be_reached_counts_for_nobody(
        self, chats: Phones
    ) -> None:
        await staffed(chats)
        await joined(chats)
        chats.clock.move_to(FRIDAY_EVENING)
        await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.ADVICE_ONLY, by=OPERATOR)
        await chats.type(HER, WISH)
        assert "研究团队会在3月9日（周一）10:00前" in chats.said(HER)
        await set_out_of_hours(chats.desk, site=TJ, promise=OutOfHours.COVERED, by=OPERATOR)
        async with chats.desk.archive.begin() as uow:
            await uow.staff.set_unreachable(SI1, FRIDAY_EVENING)
        seen = len(chats.chats[HER])
        await chats.type(HER, WISH)
        said = "\n".join(screen.text for screen in chats.chats[HER][seen:])
        assert "研究团队会在3月9日（周一）10:00前" in said
