"""Nobody takes it: who is rung when, to the minute, without an end; and what she is asked meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.actions.knock import knock_at_start
from bot.actions.manage_staff import add_staff, list_staff
from bot.assembly.peopling import OPERATOR, hire
from bot.rehearsal.chats import Person
from bot.rehearsal.faults import ServerError
from bot.rules.study import Language, Role, StaffCode
from bot.rules.watch import Found, Trouble
from tests.journeys.conftest import TIANJIN, Town

RED_FLAG = {
    Language.ZH: "流鼻血40分钟了止不住，要晕倒",
    Language.EN: "nosebleed 40 min wont stop, feel faint",
}


def minutes_rung(town: Town, person: Person, since: datetime) -> list[int]:
    """The minutes after `since` at which this phone got a message with the case."""
    return [
        round((shown.at - since).total_seconds() / 60)
        for shown in town.telegram.screen(person)
        if shown.from_bot and shown.at >= since and "TJ-001" in shown.text
    ]


@pytest.mark.parametrize("language", list(Language))
async def test_an_emergency_rings_up_the_chain_and_never_falls_silent(
    small_town: Town, language: Language
) -> None:
    town = small_town
    await town.joined(language)
    since = town.stage.clock.now()
    await town.stage.type(town.her, RED_FLAG[language])
    await town.stage.pass_time(timedelta(minutes=61))
    repeats = [30, 40, 50, 60]
    assert minutes_rung(town, town.coordinator, since) == [0, 5, 10, 15, 20, *repeats]
    assert minutes_rung(town, town.investigator, since) == [0, 5, 10, 15, 20, *repeats]
    assert minutes_rung(town, town.principal, since) == [10, 15, 20, *repeats]
    assert minutes_rung(town, town.central, since) == [20, *repeats]
    assert minutes_rung(town, town.foreigner, since) == []
    assert town.texts.say("patient.case.called_120", language) in town.stage.said(town.her)
    await town.stage.pass_time(timedelta(hours=2))
    assert minutes_rung(town, town.coordinator, since)[-3:] == [160, 170, 180]


async def test_taken_and_not_contacted_rings_again(small_town: Town) -> None:
    town = small_town
    await town.joined(Language.ZH)
    since = town.stage.clock.now()
    await town.stage.type(town.her, RED_FLAG[Language.ZH])
    await town.stage.pass_time(timedelta(minutes=3))
    await town.stage.tap(town.coordinator, "我来处理")
    heard = len(minutes_rung(town, town.investigator, since))
    await town.stage.pass_time(timedelta(minutes=11))
    assert len(minutes_rung(town, town.investigator, since)) == heard
    await town.stage.pass_time(timedelta(minutes=2))
    assert len(minutes_rung(town, town.investigator, since)) == heard + 1


async def test_who_cannot_be_reached_is_passed_over_within_a_minute(small_town: Town) -> None:
    town = small_town
    await town.joined(Language.ZH)
    for person in (town.coordinator, town.investigator):
        await town.telegram.block(person)
    since = town.stage.clock.now()
    await town.stage.type(town.her, RED_FLAG[Language.ZH])
    await town.stage.pass_time(timedelta(minutes=1))
    assert minutes_rung(town, town.principal, since)[0] <= 1


async def lost(town: Town) -> set[str]:
    return {one.code for one in await list_staff(town.desk) if one.unreachable_since is not None}


async def test_a_chat_that_died_unnoticed_is_found_in_the_morning_before_an_emergency(
    small_town: Town,
) -> None:
    """Her telephone was reset: no word of it reaches the bot. Nobody hears a sound by the knocking itself."""
    town = small_town
    admin = await hire(town.stage, StaffCode("AD1"), Role.ADMINISTRATOR, None, Language.ZH)
    await town.joined(Language.ZH)
    quiet = {person.id: len(town.telegram.screen(person)) for person in (town.coordinator, town.principal)}
    gone = ServerError(403, "Forbidden: user is deactivated")
    town.telegram.inject(gone, chat=town.investigator, times=None)
    await town.at(7, 59, days=1)
    assert await lost(town) == set()
    await town.at(8, 0)
    assert await lost(town) == {"SI1"}
    told = [shown.text for shown in town.telegram.screen(admin) if "SI1在 Telegram 上联系不上" in shown.text]
    assert len(told) == 1
    assert {
        person.id: len(town.telegram.screen(person)) for person in (town.coordinator, town.principal)
    } == quiet

    await town.at(8, 29, days=1)  # still lost the next morning: nobody hears it twice
    assert sum("SI1在 Telegram" in shown.text for shown in town.telegram.screen(admin)) == 1
    found = await town.stage.service.watchman().look()
    assert [one.of for one in found if one.trouble is Trouble.STAFF_UNREACHABLE] == ["SI1"]

    since = town.stage.clock.now()
    await town.stage.type(town.her, RED_FLAG[Language.ZH])
    assert minutes_rung(town, town.coordinator, since) == [0]
    sent = [one for one in town.telegram.calls if one.text("chat_id") == str(town.investigator.id)]
    assert "TJ-001" not in "".join(one.text("text") for one in sent)
    await town.stage.tap(town.coordinator, "我来处理")
    await town.stage.tap(town.coordinator, "已联系到患者")

    town.telegram.clear_faults()  # the telephone works again: the next knock finds it
    await town.at(8, 1, days=1)
    assert await lost(town) == set()
    assert Trouble.STAFF_UNREACHABLE not in {
        one.trouble for one in await town.stage.service.watchman().look()
    }


async def test_at_a_start_everybody_is_knocked_at_and_who_never_began_the_chat_counts_as_lost(
    small_town: Town,
) -> None:
    town = small_town
    await town.joined(Language.ZH)
    await add_staff(
        town.desk,
        code=StaffCode("SI2"),
        role=Role.SUB_INVESTIGATOR,
        site=TIANJIN,
        language=Language.ZH,
        by=OPERATOR,
    )
    await town.telegram.deactivate(town.coordinator)
    await knock_at_start(town.desk)
    await town.stage.settle()
    assert await lost(town) == {"CA1", "SI2"}
    since = town.stage.clock.now().strftime("%Y-%m-%dT%H:%MZ")
    found = await town.stage.service.watchman().look()
    assert Found(Trouble.STAFF_UNREACHABLE, f"CA1 since {since} (chat lost)", "CA1") in found
    assert Found(Trouble.STAFF_UNREACHABLE, f"SI2 since {since} (never began the chat)", "SI2") in found
