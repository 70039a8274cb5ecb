"""The sites, and the staff group of each: on the page and by command, for those who may."""

from __future__ import annotations

import json
import re

import pytest

from bot.actions.manage_staff import invite_staff
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


@pytest.mark.parametrize("code", ["SI1", "CE1", "IN1", "CW1", "AD1"])
async def test_nobody_else_is_offered_it_or_can_do_it(world: World, signed_in: SignIn, code: str) -> None:
    browser = await signed_in(world, code)
    seen = await browser.open("/sites")
    assert ("Tianjin" in seen) is (code in ("SI1", "CE1", "IN1"))
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
