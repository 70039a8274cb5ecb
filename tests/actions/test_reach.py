"""The daily knock, on both databases: whom, when, how often."""

from __future__ import annotations

from datetime import time, timedelta

from bot.actions.knock import knock_each_day
from bot.actions.manage_staff import add_staff, revoke_staff
from bot.rules.messages import OutboxStatus
from bot.rules.study import Language, Role, SiteCode, StaffCode
from tests.household import MONDAY, OPERATOR, staffed
from tests.phones import Phones

EIGHT = time(8, 0)
# 08:00 on the Tuesday in Tianjin.
TUESDAY = MONDAY + timedelta(hours=22)


async def test_each_chat_is_knocked_at_once_a_day_and_after_an_outage_once_for_all_days(
    phones: Phones,
) -> None:
    await staffed(phones)
    role = Role.SUB_INVESTIGATOR
    for code, site in (("SI2", "TJ"), ("SI3", "WH")):
        await add_staff(
            phones.desk,
            code=StaffCode(code),
            role=role,
            site=SiteCode(site),
            language=Language.ZH,
            by=OPERATOR,
        )
    await revoke_staff(phones.desk, code=StaffCode("SI3"), reason="left", by=OPERATOR)
    assert await knock_each_day(phones.desk, at=EIGHT) == 0  # the first look waits for the hour
    phones.clock.move_to(TUESDAY - timedelta(seconds=1))
    assert await knock_each_day(phones.desk, at=EIGHT) == 0
    phones.clock.move_to(TUESDAY)
    assert await knock_each_day(phones.desk, at=EIGHT) == 2
    assert await knock_each_day(phones.desk, at=EIGHT) == 0
    phones.clock.move(timedelta(days=5))
    assert await knock_each_day(phones.desk, at=EIGHT) == 2
    assert await knock_each_day(phones.desk, at=EIGHT) == 0
    async with phones.desk.archive.read() as uow:
        lost = {one.code: one.unreachable_since for one in await uow.staff.all() if one.unreachable_since}
        waiting = await uow.outbox.count_by_status("knock:")
    assert waiting == {OutboxStatus.WAITING: 6}  # three people, two rounds
    assert lost == {"SI2": TUESDAY}  # never began the chat; said once, from the first knock on
