"""One list of what there is to do: console, chat and command line name the same things in the same order."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from bot.actions.acknowledge_case import acknowledge_case
from bot.actions.close_case import close_case
from bot.actions.manage_staff import invite_staff
from bot.rules.access import AuthMethod
from bot.rules.case import Outcome
from bot.rules.study import Language, StaffCode, SubjectCode
from bot.rules.worklist import WorkKind
from bot.texts import enum_key
from tests.handlers.console.conftest import (
    HER,
    OPERATOR,
    SUBJECT,
    Browser,
    CommandLine,
    SignIn,
    World,
)

CA1, SI1, CONSOLE = StaffCode("CA1"), StaffCode("SI1"), AuthMethod.CONSOLE
CHAT = 21
Lines = list[tuple[str, str]]


async def in_console(browser: Browser) -> list[str]:
    await browser.open("/")
    return re.findall(r'class="subject" href="/participants/([^"]+)"', browser.html)


async def in_chat(world: World) -> Lines:
    """Subject and kind, page after page."""
    before = len(world.phones.chats[CHAT])
    await world.phones.type(CHAT, "/today")
    while any("More" in button.label for button in world.phones.chats[CHAT][-1].buttons):
        await world.phones.tap(CHAT, "More →")
    said = "\n".join(screen.text for screen in world.phones.chats[CHAT][before:])
    return re.findall(r"\d+\. ([A-Z]+-\d+): (.*?)(?:;|$)", said, flags=re.M)


async def on_command_line(world: World, command_line: CommandLine) -> Lines:
    found = json.loads(await command_line("worklist", "--by", "CA1", "--json"))
    texts = world.phones.texts
    return [(one["subject"], texts.say(enum_key(WorkKind(one["kind"])), Language.EN)) for one in found]


async def agree(world: World, browser: Browser, command_line: CommandLine) -> Lines:
    """The list, which is the same by all three doors."""
    told, typed = await in_chat(world), await on_command_line(world, command_line)
    assert told == typed
    assert [subject for subject, _ in told] == await in_console(browser)
    return told


async def test_the_three_doors_agree_and_what_is_done_is_gone_from_each(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    browser = await signed_in(world, "CA1")
    await world.staff("SI1")
    chat, _ = await invite_staff(world.desk, code=CA1, by=OPERATOR)
    await world.phones.type(CHAT, f"/start {chat.code}")
    await world.enrol()
    for number in range(2, 9):
        await world.enrol(SubjectCode(f"TJ-{number:03}"), joins=False)
    await world.phones.pass_time(timedelta(days=1))
    await world.phones.type(HER, "can I bring my daughter next time?")
    await world.red_flag()
    first = await agree(world, browser, command_line)
    assert len(first) > 9
    assert first[0][0] == SUBJECT
    doses = [
        subject
        for subject, kind in first
        if kind == world.phones.texts.say(enum_key(WorkKind.INJECTION), Language.EN)
    ]
    assert SUBJECT in doses

    await world.dose()
    assert len(await agree(world, browser, command_line)) < len(first)
    async with world.desk.archive.read() as uow:
        cases = await uow.cases.open_of(SUBJECT)
    for case in cases:
        await acknowledge_case(world.desk, case_id=case.id, by=CA1, auth=CONSOLE)
        taken = await agree(world, browser, command_line)
        assert SUBJECT in {subject for subject, _ in taken}
        await close_case(world.desk, case_id=case.id, by=SI1, outcome=Outcome.ADVICE_GIVEN, auth=CONSOLE)
    last = await agree(world, browser, command_line)
    wishes = {world.phones.texts.say(enum_key(kind), Language.EN) for kind in (WorkKind.ALARM, WorkKind.WISH)}
    assert not [kind for subject, kind in last if subject == SUBJECT and kind in wishes]
