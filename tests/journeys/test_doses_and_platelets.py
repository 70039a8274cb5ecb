"""Four doses and not a fifth; the evening on which the result reaches 100."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.rules.access import AuthMethod
from bot.rules.errors import Refusal
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, StaffCode
from tests.journeys.conftest import DAY1, SUBJECT, Town

COORDINATOR = StaffCode("CA1")
# Said of a visit with an injection, and never of a draw alone.
INJECTION_ASKED = {Language.ZH: "针打了吗", Language.EN: "injection given"}


async def dose(town: Town, number: int, at: datetime) -> None:
    entry = DoseEntry(subject=SUBJECT, number=number, given_at=at)
    await record_dose(town.desk, entry=entry, by=COORDINATOR, auth=AuthMethod.TELEGRAM)
    await town.stage.settle()


async def platelets(town: Town, value: str, at: datetime) -> None:
    entry = LabEntry(subject=SUBJECT, typed=value, unit="10^9/L", sampled_at=at, confirmed=True)
    await record_lab(town.desk, entry=entry, by=COORDINATOR, auth=AuthMethod.TELEGRAM)
    await town.stage.settle()


def asked_of_injections(town: Town, language: Language) -> int:
    return town.stage.said(town.her).count(INJECTION_ASKED[language])


async def test_four_doses_are_reminded_and_never_a_fifth(small_town: Town) -> None:
    town, language = small_town, Language.EN
    await town.joined(language)
    for number in range(1, 5):
        given_at = DAY1 + timedelta(days=7 * (number - 1))
        await town.stage.move_to(given_at - timedelta(hours=1))
        await platelets(town, str(60 + number), town.stage.clock.now())
        await town.stage.move_to(given_at + timedelta(minutes=30))
        await dose(town, number, given_at)
    before = asked_of_injections(town, language)
    await town.stage.pass_time(timedelta(days=8))
    assert asked_of_injections(town, language) == before
    with pytest.raises(Refusal):
        await dose(town, 5, DAY1 + timedelta(days=28))
    async with town.desk.archive.read() as uow:
        participant = await uow.participants.get(SUBJECT)
        assert len(await uow.doses.of(SUBJECT)) == 4
    assert participant is not None
    assert participant.state is ParticipantState.TREATMENT_DONE


@pytest.mark.parametrize(("value", "stops"), [("99.9", False), ("100.0", True)])
async def test_the_evening_the_result_reaches_one_hundred(town: Town, value: str, stops: bool) -> None:
    """Day 7, 18:59: the result is saved a minute before the reminder of dose 2 would go."""
    await town.joined(Language.ZH)
    await town.stage.move_to(DAY1 + timedelta(minutes=20))
    await dose(town, 1, DAY1)
    await town.stage.move_to(DAY1 + timedelta(days=6, hours=9, minutes=29))
    await platelets(town, value, town.stage.clock.now() - timedelta(hours=2))
    await town.stage.pass_time(timedelta(hours=2))
    told = town.texts.say("patient.responded", Language.ZH)
    if not stops:
        assert told not in town.stage.said(town.her)
        assert town.texts.say(
            "patient.reminder.injection_tomorrow", Language.ZH, at=DAY1 + timedelta(days=7)
        ) in (town.stage.said(town.her))
        return
    after = town.stage.said(town.her).partition(told)[2]
    await town.stage.pass_time(timedelta(days=9))
    after = town.stage.said(town.her).partition(told)[2]
    assert "打针" not in after
    assert "针打了吗" not in after
    assert "抽血" in after
    assert town.texts.say("patient.reminder.draw_done", Language.ZH) in after
    async with town.desk.archive.read() as uow:
        participant = await uow.participants.get(SUBJECT)
    assert participant is not None
    assert participant.state is ParticipantState.RESPONDED
