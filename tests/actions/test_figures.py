"""The figures from a real record: one emergency, taken, contacted and closed as a false alarm."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from bot.actions.acknowledge_case import acknowledge_case
from bot.actions.close_case import close_case
from bot.actions.log_contact import log_contact
from bot.actions.review_figures import as_csv, as_documents, figures_for, figures_for_operator
from bot.rules.access import AuthMethod
from bot.rules.case import Outcome
from bot.rules.errors import NotEntitled
from bot.rules.study import SiteCode, StaffCode
from tests.household import HER, SUBJECT, joined, staffed
from tests.phones import Phones

CA1, SI1 = StaffCode("CA1"), StaffCode("SI1")


async def test_an_emergency_is_counted_with_its_minutes_and_its_red_flag(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)
    phones.clock.move(timedelta(days=7))
    await phones.type(HER, "鼻血止不住，已经40分钟")
    async with phones.desk.archive.read() as uow:
        case = max(await uow.cases.open_of(SUBJECT), key=lambda one: one.level)
    phones.clock.move(timedelta(minutes=4))
    await acknowledge_case(phones.desk, case_id=case.id, by=CA1, auth=AuthMethod.CONSOLE)
    phones.clock.move(timedelta(minutes=5))
    await log_contact(phones.desk, case_id=case.id, by=CA1, reached=True, auth=AuthMethod.CONSOLE)
    await close_case(
        phones.desk, case_id=case.id, by=SI1, outcome=Outcome.FALSE_ALARM, auth=AuthMethod.CONSOLE
    )
    found = await figures_for(phones.desk, by=SI1)
    (line,) = [one for one in found.levels if one.level is case.level]
    assert (line.site, line.month, line.alerts, line.in_time) == ("TJ", "2026-03", 1, 1)
    assert (line.median_minutes_to_acknowledge, line.median_minutes_to_contact) == (4.0, 9.0)
    assert (line.patient_weeks, line.led_to_action, line.false_alarms) == (1.0, 0, 1)
    assert ("RF-2", 1) in [(one.rule, one.false_alarms) for one in found.rules]
    table = list(csv.DictReader(io.StringIO(as_csv(found.levels))))
    assert table[0]["level"] == "EMERGENCY"
    assert as_documents(found.levels)[0]["level"] == "EMERGENCY"
    assert "TJ-001" not in as_csv(found.levels) + as_csv(found.rules)


async def test_each_sees_the_own_sites_only(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "鼻血止不住，已经40分钟")
    assert (await figures_for(chats.desk, by=StaffCode("CW1"))).levels == ()
    assert (await figures_for_operator(chats.desk, site=SiteCode("WH"))).levels == ()
    assert len((await figures_for_operator(chats.desk)).levels) >= 1
    with pytest.raises(NotEntitled):
        await figures_for(chats.desk, by=StaffCode("XX9"))
