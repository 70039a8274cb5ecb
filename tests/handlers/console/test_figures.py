"""The figures of a spring that is counted by hand: command, table and page say the same numbers.

TJ-001 joins on Monday 2 March 2026 at 10:00; it is counted on 6 April at 10:00: 29.6 days of March (4.23
weeks), 5.4 days of April (0.77 weeks). Her matters of EMERGENCY and URGENT, all by day:

    9 March   EMERGENCY  nosebleed     taken +4, contacted +9, closed as a false alarm
    17 March  EMERGENCY  vomits blood  taken +20 (late: 10 are allowed), contacted +30, sent to the department
    24 March  URGENT     black stool   taken +10, closed with advice given, no contact noted
    3 April   URGENT     black stool   taken +5; at +31 she says that it is worse: EMERGENCY; taken anew 12
                                       minutes after that (late); still open
"""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

from bot.actions.acknowledge_case import acknowledge_case
from bot.actions.close_case import close_case
from bot.actions.log_contact import log_contact
from bot.actions.transfer_participant import TransferEntry, transfer_participant
from bot.rules.access import AuthMethod
from bot.rules.case import CaseId, Outcome
from bot.rules.study import SiteCode, StaffCode
from tests.handlers.console.conftest import HER, MONDAY, SUBJECT, CommandLine, SignIn, World

CA1, PI1, CONSOLE = StaffCode("CA1"), StaffCode("PI1"), AuthMethod.CONSOLE
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
COUNTED = """\
TJ,2026-03,EMERGENCY,2,4.23,0.473,2,1,0.5,12.0,19.5,2,1,0.5,1
TJ,2026-03,URGENT,1,4.23,0.237,1,1,1.0,10.0,,1,1,1.0,0
TJ,2026-04,EMERGENCY,1,0.77,1.292,1,0,0.0,12.0,,0,0,,0
""".splitlines()


async def a_spring(world: World) -> None:
    """What stands above, as people did it."""
    await world.staff("CA1")
    await world.staff("PI1")
    await world.enrol()
    nosebleed = await at_day(world, 7, "鼻血止不住，已经40分钟")
    await people(world, nosebleed, taken=4, contacted=9, outcome=Outcome.FALSE_ALARM)
    vomiting = await at_day(world, 15, "吐血了，一大口")
    await people(world, vomiting, taken=20, contacted=30, outcome=Outcome.SENT_TO_ED)
    await people(world, await at_day(world, 22, "大便发黑两次"), taken=10, outcome=Outcome.ADVICE_GIVEN)
    await people(world, await at_day(world, 32, "大便发黑两次"), taken=5)
    await world.phones.pass_time(26 * MINUTE)
    await world.phones.tap(HER, "worse")
    await people(world, await worst(world), taken=12)
    world.clock.move_to(MONDAY + 35 * DAY)


async def at_day(world: World, day: int, words: str) -> CaseId:
    """She writes this so many days after she joined; the case of it."""
    world.clock.move_to(MONDAY + day * DAY)
    await world.phones.type(HER, words)
    return await worst(world)


async def worst(world: World) -> CaseId:
    async with world.desk.archive.read() as uow:
        return max(await uow.cases.open_of(SUBJECT), key=lambda one: (one.level, one.opened_at)).id


async def people(
    world: World, case: CaseId, *, taken: int, contacted: int | None = None, outcome: Outcome | None = None
) -> None:
    """Who did what, in minutes from now."""
    since = world.clock.now()
    await world.phones.move_to(since + taken * MINUTE)
    await acknowledge_case(world.desk, case_id=case, by=CA1, auth=CONSOLE)
    if contacted is not None:
        await world.phones.move_to(since + contacted * MINUTE)
        await log_contact(world.desk, case_id=case, by=CA1, reached=True, auth=CONSOLE)
    if outcome is not None:
        await close_case(world.desk, case_id=case, by=PI1, outcome=outcome, auth=CONSOLE)


async def test_command_table_and_page_agree_with_what_was_counted_by_hand(
    world: World, signed_in: SignIn, command_line: CommandLine, tmp_path: Path
) -> None:
    await a_spring(world)
    browser = await signed_in(world, "SI1")
    await browser.open("/figures/levels.csv")
    by_level = browser.html
    assert [line for line in by_level.splitlines() if "EMERGENCY" in line or "URGENT" in line] == COUNTED
    await browser.open("/figures/rules.csv")
    by_rule = browser.html
    assert "TJ,2026-03,RF-2,1,1" in by_rule.splitlines()
    # The command writes the same tables, byte for byte, and the same document.
    document = json.loads(await command_line("figures", "--out", str(tmp_path), "--json"))
    assert (tmp_path / "alerts_by_level.csv").read_text(encoding="utf-8") == by_level
    assert (tmp_path / "alerts_by_rule.csv").read_text(encoding="utf-8") == by_rule
    told = [
        {name: str("" if value is None else value) for name, value in one.items()}
        for one in document["by_level"]
    ]
    assert told == list(csv.DictReader(io.StringIO(by_level)))
    # The page shows each of its lines.
    shown = await browser.open("/figures")
    for one in document["by_level"]:
        minutes = one["median_minutes_to_acknowledge"]
        assert f"{one['in_time']} / {one['alerts']} {'–' if minutes is None else minutes}" in shown, one
    assert "1.292" in shown
    assert "TJ-001" not in shown + by_level + by_rule
    await nobody_else_sees_a_number(world, signed_in, command_line)
    await what_a_site_did_stays_its_own_when_she_goes_on_elsewhere(world, command_line)


async def nobody_else_sees_a_number(world: World, signed_in: SignIn, command_line: CommandLine) -> None:
    foreigner = await signed_in(world, "CW1")
    assert "2026-03" not in await foreigner.open("/figures")
    assert await foreigner.open("/figures/levels.csv") == ""
    for code in ("PO1", "AD1"):
        stranger = await signed_in(world, code)
        for address in ("/figures", "/figures/levels.csv", "/figures/rules.csv"):
            assert "2026-03" not in await stranger.open(address)
            assert stranger.status == 404, (code, address)
    assert await command_line("figures", "--site", "WH") == "No case has been opened yet.\n"
    assert json.loads(await command_line("figures", "--site", "WH", "--json")) == {
        "by_level": [],
        "by_rule": [],
    }


async def what_a_site_did_stays_its_own_when_she_goes_on_elsewhere(
    world: World, command_line: CommandLine
) -> None:
    entry = TransferEntry(subject=SUBJECT, to_site=SiteCode("WH"), reason="moved house")
    await transfer_participant(world.desk, entry=entry, by=PI1, auth=CONSOLE)
    world.clock.move_to(MONDAY + 42 * DAY)
    found = json.loads(await command_line("figures", "--json"))["by_level"]
    kept = [one for one in found if one["site"] == "TJ" and one["month"] == "2026-03"]
    assert [(one["level"], one["alerts"]) for one in kept if one["level"] != "ROUTINE"][:2] == [
        ("EMERGENCY", 2),
        ("URGENT", 1),
    ]
    assert {one["patient_weeks"] for one in kept} == {4.23}
    moved = next(one for one in found if one["site"] == "WH" and one["level"] == "EMERGENCY")
    assert (moved["alerts"], moved["patient_weeks"]) == (1, 1.0)
