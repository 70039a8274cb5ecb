"""Nobody takes it: who is rung when, to the minute, without an end; and what she is asked meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.rehearsal.chats import Person
from bot.rules.study import Language
from tests.journeys.conftest import Town

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
