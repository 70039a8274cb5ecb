"""Who is rung by which road: the second road, duty, leave; on both databases where something is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.actions.keep_roster import add_duty, end_duty, roster_of
from bot.actions.keep_second_road import addresses_to_try, keep_second_road
from bot.actions.manage_staff import revoke_staff
from bot.actions.ring_second_road import site_as_recipient
from bot.actions.speak import staff_as_recipient
from bot.rules.case import Case
from bot.rules.errors import Refusal
from bot.rules.roster import Duty, DutyKind
from bot.rules.study import SiteCode, StaffCode
from tests.household import COORDINATOR, HER, INVESTIGATOR, MONDAY, OPERATOR, SUBJECT, joined, staffed
from tests.phones import Phones

TJ, CA1, SI1 = SiteCode("TJ"), StaffCode("CA1"), StaffCode("SI1")
OF_CA1, OF_TJ = staff_as_recipient(CA1), site_as_recipient(TJ)
MINUTE = timedelta(minutes=1)


async def emergency(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)


async def the_case(phones: Phones) -> Case:
    async with phones.desk.archive.read() as uow:
        return (await uow.cases.all_of(SUBJECT))[-1]


async def events(phones: Phones, kind: str) -> list[tuple[str, str]]:
    case = await the_case(phones)
    async with phones.desk.archive.read() as uow:
        return [(one.actor_code, one.note) for one in await uow.cases.events(case.id) if one.kind == kind]


async def duty(
    phones: Phones, staff: StaffCode, since: datetime, hours: int, kind: DutyKind = DutyKind.DUTY
) -> Duty:
    return await add_duty(
        phones.desk,
        site=TJ,
        staff=staff,
        kind=kind,
        starts_at=since,
        ends_at=since + timedelta(hours=hours),
        by=OPERATOR,
    )


async def test_the_second_road_rings_after_two_minutes_with_level_and_code_only(phones: Phones) -> None:
    await emergency(phones)
    await keep_second_road(phones.desk, owner=OF_CA1, addresses=["mailto://one"], by=OPERATOR)
    await keep_second_road(phones.desk, owner=OF_TJ, addresses=["sms://ward"], by=OPERATOR)
    await phones.type(HER, "血止不住，已经半小时了")
    assert phones.beside == []
    await phones.pass_time(2 * MINUTE)
    (to_her, said), (to_ward, both) = phones.beside
    assert (to_her, to_ward) == (("mailto://one",), ("sms://ward",))
    assert said.startswith("紧急：TJ-001，中心TJ") or "TJ-001" in said.splitlines()[0]
    assert "血" not in said
    assert "Nobody has taken" in both
    assert "还没有人接手" in both


async def test_a_clock_that_is_set_back_does_not_hold_the_second_road(chats: Phones) -> None:
    """Rung beside at 10:02, then it is 09:35 again; whoever has the case loses the phone."""
    await emergency(chats)
    await keep_second_road(chats.desk, owner=staff_as_recipient(SI1), addresses=["sms://si1"], by=OPERATOR)
    await chats.type(HER, "血止不住，已经半小时了")
    await chats.pass_time(2 * MINUTE)
    await chats.tap(COORDINATOR, "我来处理")
    assert len(chats.beside) == 1
    chats.clock.move(-27 * MINUTE)
    chats.blocked.add(INVESTIGATOR)
    await revoke_staff(chats.desk, code=CA1, reason="lost", by=OPERATOR, lost=True)
    await chats.settle()
    assert [addresses for addresses, _ in chats.beside] == [("sms://si1",)] * 2


async def test_who_takes_the_case_at_once_is_not_rung_beside(chats: Phones) -> None:
    await emergency(chats)
    await keep_second_road(chats.desk, owner=OF_CA1, addresses=["mailto://one"], by=OPERATOR)
    await chats.type(HER, "血止不住，已经半小时了")
    await chats.tap(COORDINATOR, "我来处理")
    await chats.pass_time(5 * MINUTE)
    assert chats.beside == []


async def test_without_an_address_it_is_written_down_and_hurries_nothing(chats: Phones) -> None:
    await emergency(chats)
    await chats.type(HER, "血止不住，已经半小时了")
    await chats.pass_time(2 * MINUTE)
    assert ("CA1", "no second road") in await events(chats, "NOT_REACHABLE")
    assert (await the_case(chats)).steps_hastened == 0


async def test_who_has_no_chat_is_rung_beside_at_once(chats: Phones) -> None:
    await emergency(chats)
    await keep_second_road(chats.desk, owner=OF_CA1, addresses=["mailto://one"], by=OPERATOR)
    async with chats.desk.archive.begin() as uow:
        await uow.staff.set_unreachable(CA1, chats.desk.now())
    await chats.type(HER, "血止不住，已经半小时了")
    assert [addresses for addresses, _ in chats.beside] == [("mailto://one",)]


async def test_addresses_are_replaced_taken_away_and_tried_with_a_trace(phones: Phones) -> None:
    await staffed(phones)
    await keep_second_road(phones.desk, owner=OF_CA1, addresses=["a://1", "b://2"], by=OPERATOR)
    await keep_second_road(phones.desk, owner=OF_CA1, addresses=["c://3"], by=OPERATOR)
    assert await addresses_to_try(phones.desk, owner=OF_CA1, by=OPERATOR) == ("c://3",)
    await keep_second_road(phones.desk, owner=OF_CA1, addresses=[], by=OPERATOR)
    with pytest.raises(Refusal, match="no_second_road"):
        await addresses_to_try(phones.desk, owner=OF_CA1, by=OPERATOR)
    async with phones.desk.archive.read() as uow:
        trail = [one for one in await uow.audit.of(None) if "second_road" in one.kind]
    assert [one.new for one in trail] == ["2", "1", None, "0"]
    assert "://" not in str(trail)


async def test_nobody_has_a_second_road_who_does_not_exist(chats: Phones) -> None:
    for owner in (staff_as_recipient(StaffCode("XX9")), site_as_recipient(SiteCode("XX"))):
        with pytest.raises(Refusal):
            await keep_second_road(chats.desk, owner=owner, addresses=["a://1"], by=OPERATOR)


async def test_somebody_off_duty_is_skipped_without_waiting(phones: Phones) -> None:
    await emergency(phones)
    await duty(phones, SI1, MONDAY - timedelta(days=1), 12)
    await phones.type(HER, "血止不住，已经半小时了")
    assert "TJ-001" in phones.said(COORDINATOR)
    assert "TJ-001" not in phones.said(INVESTIGATOR)
    assert set(await events(phones, "OFF_DUTY")) == {("SI1", "")}
    assert (await the_case(phones)).steps_hastened > 0
    assert phones.said(COORDINATOR).count("TJ-001") == 1
    rings = [note for _, note in await events(phones, "RUNG")]
    assert rings == ["CA1", "", ""]  # then a principal investigator and a central contact, who are not there
    await phones.pass_time(5 * MINUTE)
    assert phones.said(COORDINATOR).count("TJ-001") > 1


async def test_where_nobody_is_on_duty_everybody_is_rung_in_the_end(chats: Phones) -> None:
    await emergency(chats)
    for code in (CA1, SI1):
        await duty(chats, code, MONDAY - timedelta(days=1), 12)
    await chats.type(HER, "血止不住，已经半小时了")
    await chats.settle()
    assert "TJ-001" in chats.said(COORDINATOR)
    assert "TJ-001" in chats.said(INVESTIGATOR)


async def test_duty_that_has_ended_by_hand_no_longer_counts(phones: Phones) -> None:
    await staffed(phones)
    entry = await duty(phones, SI1, MONDAY, 12)
    assert await roster_of(phones.desk, site=TJ) == (entry,)
    await end_duty(phones.desk, duty_id=entry.id, by=OPERATOR)
    assert await roster_of(phones.desk, site=TJ) == ()
    with pytest.raises(Refusal, match="no_such_duty"):
        await end_duty(phones.desk, duty_id=entry.id, by=OPERATOR)


@pytest.mark.parametrize(
    ("staff", "hours", "kind", "deputy", "refusal"),
    [
        ("SI1", 0, DutyKind.DUTY, None, "roster_times"),
        ("SI1", 8, DutyKind.DUTY, "CA1", "roster_deputy"),
        ("SI1", 8, DutyKind.LEAVE, "SI1", "roster_deputy"),
        ("CW1", 8, DutyKind.DUTY, None, "roster_not_clinical"),
        ("XX9", 8, DutyKind.DUTY, None, "no_such_staff"),
        ("SI1", 8, DutyKind.LEAVE, "CW1", "roster_not_clinical"),
    ],
)
async def test_a_roster_that_cannot_be_is_refused(
    chats: Phones, staff: str, hours: int, kind: DutyKind, deputy: str | None, refusal: str
) -> None:
    await staffed(chats)
    with pytest.raises(Refusal, match=refusal):
        await add_duty(
            chats.desk,
            site=TJ,
            staff=StaffCode(staff),
            kind=kind,
            starts_at=MONDAY,
            ends_at=MONDAY + timedelta(hours=hours),
            deputy=None if deputy is None else StaffCode(deputy),
            by=OPERATOR,
        )
