"""The sites, and the staff group of each: on the page and by command, for those who may."""

from __future__ import annotations

import json
import re

import pytest

from bot.actions.manage_staff import invite_staff
from bot.actions.note_reach import note_staff_lost
from bot.actions.watch_health import health
from bot.rules.study import StaffCode
from tests.handlers.console.conftest import OPERATOR, CommandLine, SignIn, World

GROUP, CA1_CHAT = -501, 71
CODE = re.compile(r"/register ([0-9A-Z]{4}-[0-9A-Z]{4})")


async def test_the_coordinator_has_a_group_registered_and_removed(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    browser = await signed_in(world, "CA1")
    assert "No staff group is registered." in await browser.open("/sites")
    old = CODE.search(await browser.send("/sites/TJ/group/code"))
    new = CODE.search(await command_line("site", "group", "TJ", "--invite"))
    assert old is not None
    assert new is not None
    chat, _ = await invite_staff(world.desk, code=StaffCode("CA1"), by=OPERATOR)
    await world.phones.type(CA1_CHAT, chat.code)
    await world.phones.type_in(GROUP, CA1_CHAT, f"/register {old[1]}")  # the newer code took its place
    assert "No staff group" in await browser.open("/sites")
    await world.phones.type_in(GROUP, CA1_CHAT, f"/register {new[1]}")
    assert "Staff group registered by CA1" in await browser.open("/sites")
    shown = json.loads(await command_line("site", "group", "TJ", "--json"))
    assert (shown["site"], shown["registered_by"], shown["unreachable_since"]) == ("TJ", "CA1", None)
    await world.phones.bot_put_out(GROUP)
    assert "cannot be reached since" in await browser.open("/sites")
    assert "unreachable since" in await command_line("site", "group", "TJ")

    assert "Please give a reason." in await browser.send("/sites/TJ/group/remove", reason=" ")
    assert browser.status == 409
    assert "No staff group" in await browser.send("/sites/TJ/group/remove", reason="the ward has moved")
    assert await command_line("site", "group", "TJ") == "TJ has no staff group.\n"


async def test_who_cannot_be_reached_and_what_is_not_covered_stands_there_before_an_emergency(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    for code in ("CA1", "SI1"):
        await world.staff(code)
    chat, _ = await invite_staff(world.desk, code=StaffCode("CA1"), by=OPERATOR)
    await world.phones.type(CA1_CHAT, chat.code)
    browser = await signed_in(world, "AD1")
    seen = await browser.open("/sites")
    assert "has never begun the chat" in row_of(seen, "SI1")
    assert "can be reached" in row_of(seen, "CA1")
    assert "on duty" in row_of(seen, "CA1")
    await note_lost(world, "CA1")
    seen = await browser.open("/sites")
    assert "cannot be reached since" in row_of(seen, "CA1")
    assert "EMERGENCY nobody now" in seen
    assert "nobody is rung instead" in seen
    listed = await command_line("staff", "list")
    assert "CA1  coordinator@TJ  linked, UNREACHABLE since 2026-03-02T02:00Z" in listed
    assert "SI1  sub_investigator@TJ  not linked: cannot be reached" in listed
    (of_staff,) = (one for one in await health(world.desk) if one.part == "staff")
    assert not of_staff.well
    assert "CA1 since 2026-03-02T02:00Z (chat lost); SI1 (never began" in str(of_staff.said)


async def test_every_change_of_staff_or_roster_says_what_it_leaves_uncovered(
    world: World, command_line: CommandLine
) -> None:
    """Each level of that site, now and a week ahead; nothing of others, nothing where all is well."""
    role = ("--site", "TJ", "--language", "en", "--role")
    assert "Nobody yet. Next: suifang staff add" in await command_line("staff", "list")
    added = await command_line("staff", "add", "CA1", *role, "coordinator", warned=True)
    assert "Warning: nobody can be reached for TJ EMERGENCY (nobody instead)." in added
    assert "WH" not in added
    await command_line("staff", "add", "SI1", *role, "sub-investigator")
    assert "Valid until 2026-03-05 10:00 Asia/Shanghai" in await command_line("staff", "link", "SI1")
    for code, chat_id in (("CA1", CA1_CHAT), ("SI1", 72)):
        chat, _ = await invite_staff(world.desk, code=StaffCode(code), by=OPERATOR)
        await world.phones.type(chat_id, chat.code)
    assert await command_line("staff", "add", "PI1", *role, "principal_investigator", warned=True) == ""

    days = ("--from", "2026-03-05 08:00", "--to", "2026-03-06 08:00")
    leave = ("roster", "set", "TJ", "--staff", "CA1", *days, "--leave")
    gap = "nobody can be reached for TJ SAME_DAY from 2026-03-05T00:00+00:00 (SI1 instead)"
    assert gap in await command_line(*leave, warned=True)
    with_deputy = await command_line(*leave, "--deputy", "SI1", warned=True)
    assert gap in with_deputy  # the leave without one still holds
    first, second = (await command_line("roster", "show", "TJ")).splitlines()
    await command_line("roster", "set", "TJ", "--end", first.split()[-1])
    assert await command_line("roster", "set", "TJ", "--end", second.split()[-1], warned=True) == ""
    await note_lost(world, "CA1")
    revoked = await command_line("staff", "revoke", "SI1", "--reason", "left", warned=True)
    assert "TJ EMERGENCY (nobody instead)" in revoked


async def note_lost(world: World, code: str) -> None:
    async with world.desk.archive.begin() as uow:
        await note_staff_lost(uow, world.desk, code=StaffCode(code), reason="blocked")


def row_of(seen: str, code: str) -> str:
    """The line of a person in the table of a site."""
    lines = re.split(r"(?=\b[A-Z]{2}1 (?:[Cc]oord|[Ss]ub|[Pp]rinc))", seen)
    return next(line for line in lines if line.startswith(code))


@pytest.mark.parametrize("code", ["SI1", "CE1", "IN1", "CW1", "AD1"])
async def test_nobody_else_is_offered_it_or_can_do_it(world: World, signed_in: SignIn, code: str) -> None:
    browser = await signed_in(world, code)
    seen = await browser.open("/sites")
    assert ("Tianjin" in seen) is (code in ("SI1", "CE1", "IN1", "AD1"))
    assert 'action="/sites/TJ' not in browser.html
    await browser.open("/figures")
    for what in ("code", "remove"):
        response = await browser.client.post(
            f"/sites/TJ/group/{what}", data={"token": browser.token, "reason": "x"}
        )
        assert response.status_code == 404
        unknown = await browser.client.post(
            f"/sites/XX/group/{what}", data={"token": browser.token, "reason": "x"}
        )
        assert unknown.text == response.text.replace("/TJ/", "/XX/")
