"""A coordinator's telephone is stolen in the evening: what ends at once, by every door, and what goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.keep_group import Keeper, invite_group
from bot.actions.keep_second_road import keep_second_road
from bot.actions.manage_staff import invite_staff
from bot.actions.send_digests import send_digests
from bot.actions.speak import phrase, staff_as_recipient, to_staff
from bot.rules.study import SiteCode, StaffCode
from tests.handlers.console.conftest import OPERATOR, SUBJECT, CommandLine, SignIn, World
from tests.phones import Phones

GROUP, CA1, SI1, PI1 = -501, 71, 72, 73
TIANJIN = SiteCode("TJ")


async def at_work(world: World, *, known: str = "CA1") -> None:
    """Everybody has a chat, the ward its group, and CA1 has taken an alarm; `known` was added before."""
    for code, chat_id in (("CA1", CA1), ("SI1", SI1), ("PI1", PI1)):
        if code != known:
            await world.staff(code)
        chat, _ = await invite_staff(world.desk, code=StaffCode(code), by=OPERATOR)
        await world.phones.type(chat_id, chat.code)
    code = (await invite_group(world.desk, site=TIANJIN, by=Keeper(operator=OPERATOR))).code
    await world.phones.type_in(GROUP, CA1, f"/register {code}")
    owner = staff_as_recipient(StaffCode("CA1"))
    await keep_second_road(world.desk, owner=owner, addresses=["sms://ca1"], by=OPERATOR)
    await world.enrol()
    await world.red_flag()
    await world.phones.tap(CA1, "I take this")


def alarms(phones: Phones) -> int:
    """How many messages of an emergency SI1 has had."""
    return sum("EMERGENCY · TJ-001" in screen.text for screen in phones.chats[SI1])


async def test_a_stolen_account_loses_everything_at_once_and_her_case_moves_on(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    phones = world.phones
    browser = await signed_in(world, "CA1")
    await at_work(world)
    _, unused = await invite_staff(world.desk, code=StaffCode("CA1"), by=OPERATOR)
    await send_digests(world.desk)
    digest_due = world.clock.now() + timedelta(hours=22, minutes=30)  # 08:30 the next morning
    world.clock.move_to(digest_due)
    await send_digests(world.desk)  # hers waits in the outbox already

    await command_line("staff", "revoke", "CA1", "--reason", "stolen", "--lost")
    heard, rung = len(phones.chats[CA1]), alarms(phones)
    beside = len(phones.beside)
    await phones.pass_time(timedelta(minutes=1))

    # The case is nobody's, and rings for the others; she hears neither that nor the digest, by no road.
    async with world.desk.archive.read() as uow:
        (case,) = await uow.cases.all_of(SUBJECT)
    assert case.acknowledged_by is None
    assert alarms(phones) == rung + 1
    await phones.pass_time(timedelta(days=2))
    assert len(phones.chats[CA1]) == heard
    assert all("sms://ca1" not in addresses for addresses, _ in phones.beside[beside:])

    # Her browser stands before the sign-in, her unused code opens nothing.
    await browser.open("/cases")
    assert browser.at == "/sign-in"
    await browser.open(f"/sign-in?code={unused.code}")
    await browser.send(
        "/sign-in/first", code=unused.code, password="a short sentence", again="a short sentence"
    )
    await browser.open("/cases")
    assert browser.at == "/sign-in"

    # What she taps in the group counts for nothing, and leaves a trace; in private she is a stranger.
    await phones.tap_in(GROUP, CA1, "I take this")
    assert phones.notices[-1] == "This button is for the site's staff."
    async with world.desk.archive.read() as uow:
        assert (await uow.cases.all_of(SUBJECT))[0].acknowledged_by is None
    assert "visitor:group:refused" in {kind for kind, _, _ in await world.audit()}
    await phones.type(CA1, "/patient TJ-001")
    assert "TJ-001" not in phones.last(CA1)

    # The ward is asked to take her out of the group; nobody but its administrators can.
    assert "take them out" in phones.said(PI1)
    assert "take them out" not in phones.said(SI1)


async def test_one_of_two_roles_is_taken_away_and_the_other_goes_on(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    """SI1 works at Tianjin and Wuhan, and leaves Tianjin with a case in hand."""
    phones, browser = world.phones, await signed_in(world, "SI1")
    await at_work(world, known="SI1")
    await command_line("staff", "add", "SI1", "--role", "sub_investigator", "--site", "WH")
    await phones.tap(SI1, "I take it over")
    await browser.open("/participants/TJ-001")
    assert browser.status == 200

    leaves = ("staff", "remove-role", "SI1", "--role", "sub-investigator", "--site")
    with pytest.raises(AssertionError, match="role_not_held"):
        await command_line("staff", "remove-role", "SI1", "--role", "central", "--reason", "left Tianjin")
    async with world.desk.archive.begin() as uow:  # a line on its way to her chat
        staff, site = await uow.staff.get(StaffCode("SI1")), await uow.sites.get(TIANJIN)
        assert staff is not None
        said = phrase("staff.alert.taken", subject=SUBJECT, staff="CA1", at=world.clock.now())
        await uow.outbox.put(to_staff(staff, site, "on-its-way", [said], about=SUBJECT), world.clock.now())
    heard = len(phones.chats[SI1])
    await command_line(*leaves, "TJ", "--reason", "left Tianjin")
    await phones.pass_time(timedelta(minutes=1))
    async with world.desk.archive.read() as uow:
        (case,) = await uow.cases.all_of(SUBJECT)
    assert case.acknowledged_by is None
    assert "whoever had" not in phones.last(CA1)
    assert "EMERGENCY · TJ-001" in phones.last(CA1)
    await browser.open("/participants/TJ-001")
    assert browser.status == 404
    await phones.type(SI1, "/patient TJ-001")
    assert "TJ-001" not in "".join(screen.text for screen in phones.chats[SI1][heard:])
    assert "operator:staff:role_removed" in {kind for kind, _, _ in await world.audit()}
    assert "sub_investigator@WH" in await command_line("staff", "list")

    with pytest.raises(AssertionError, match="only_role"):
        await command_line(*leaves, "WH", "--reason", "left Wuhan")


async def test_the_last_person_who_can_be_reached_stays_unless_the_account_is_lost(
    world: World, command_line: CommandLine
) -> None:
    await world.staff("CA1")
    await at_work(world)
    for code in ("PI1", "SI1"):
        await command_line("staff", "revoke", code, "--reason", "left")
    await world.phones.tap(CA1, "Could not reach")
    with pytest.raises(AssertionError, match="last"):
        await command_line("staff", "revoke", "CA1", "--reason", "left")
    role = ("--role", "coordinator", "--site")
    await command_line("staff", "add", "CA1", *role, "WH")
    with pytest.raises(AssertionError, match="last_contact"):
        await command_line("staff", "remove-role", "CA1", *role, "TJ", "--reason", "left")
    await command_line("staff", "revoke", "CA1", "--reason", "stolen", "--lost")
    before = len(world.phones.chats[CA1])
    await world.phones.type(CA1, "/cases")
    assert "TJ-001" not in "".join(screen.text for screen in world.phones.chats[CA1][before:])
