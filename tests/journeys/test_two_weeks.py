"""Two weeks of one patient over real HTTP, in both languages: ordinary days, gaps, and a bad night.

The coordinator works from the chat alone; the clock steps through every due moment.
"""

from __future__ import annotations

from datetime import time

import pytest

from bot.actions.mind_silence import is_about_silence
from bot.rehearsal.chats import Shown
from bot.rules.case import Case, Outcome
from bot.rules.participant import ParticipantState
from bot.rules.report import Report, ReportStatus
from bot.rules.study import Language, Level
from tests import cast
from tests.journeys.conftest import SUBJECT, Town

GATE_NONE = {Language.ZH: "都没有", Language.EN: "None of these"}
BAD_NIGHT = {
    Language.ZH: "流鼻血40分钟止不住，要晕倒",
    Language.EN: "nosebleed 40 min wont stop feel faint",
}
QUESTIONS = ("q:", "w:", "c:", "l:", "s:")


class Weeks:
    """The patient and her coordinator, in one language."""

    def __init__(self, town: Town, language: Language) -> None:
        self.town = town
        self.language = language

    def word(self, key: str) -> str:
        return self.town.texts.say(key, self.language)

    async def good_evening(self) -> None:
        """Three taps from the check-in itself."""
        stage, her = self.town.stage, self.town.her
        for label in (
            GATE_NONE[self.language],
            self.word("patient.button.no"),
            self.word("patient.button.finish"),
        ):
            await stage.tap(her, label)

    async def dose(self, number: int) -> None:
        """The coordinator enters the injection at its planned time."""
        stage, coordinator = self.town.stage, self.town.coordinator
        await stage.type(coordinator, f"/dose {SUBJECT}")
        await stage.tap(coordinator, f"第{number}针")
        await stage.tap(coordinator, "09:30")
        await stage.tap(coordinator, "保存")

    async def result(self, typed: str) -> None:
        """The coordinator enters a count that was drawn this morning."""
        stage, coordinator = self.town.stage, self.town.coordinator
        await stage.type(coordinator, f"/lab {SUBJECT} {typed} 10^9/L")
        await stage.type(coordinator, "08:40")
        await stage.tap(coordinator, "保存")

    async def phone_her(self) -> None:
        """The coordinator opens the one quiet item, phones twice and writes down what she learnt."""
        stage, coordinator = self.town.stage, self.town.coordinator
        (case,) = [one for one in await self.town.cases() if await _is_about_silence(self.town, one)]
        await stage.type(coordinator, "/today")
        assert "问询未回复" in stage.last(coordinator)
        await stage.tap(coordinator, "我来处理")
        await stage.tap(coordinator, "联系不上")
        assert "没联系上：1 次" in stage.said(coordinator)
        await stage.tap(coordinator, "已联系到患者")
        await stage.type(coordinator, "手机坏了，没有不舒服")
        await stage.tap(coordinator, "保存")
        (case,) = [one for one in await self.town.cases() if one.id == case.id]
        assert (case.contacted_by, case.outcome) == ("CA1", Outcome.REACHED)
        await stage.type(coordinator, "/today")
        assert "问询未回复" not in stage.last(coordinator)

    def questions(self) -> list[Shown]:
        return [
            shown
            for shown in self.town.telegram.screen(self.town.her)
            if any(button.data.startswith(QUESTIONS) for row in shown.buttons for button in row)
        ]


@pytest.mark.parametrize("language", list(Language))
async def test_two_weeks_with_ordinary_days_gaps_and_a_bad_night(
    small_town: Town, language: Language
) -> None:
    town, stage = small_town, small_town.stage
    weeks = Weeks(town, language)
    await town.joined(language)

    # Day 1: reminded, injected, asked in the evening.
    await town.at(7, 45, days=1)
    assert "09:30" in stage.last(town.her)
    await town.at(10)
    await weeks.dose(1)
    await town.at(19, 5)
    await weeks.good_evening()
    # Day 2: she is in the middle of the evening's check-in when a question of her own comes to her mind.
    await town.at(19, 5, days=1)
    await stage.tap(town.her, GATE_NONE[language])
    await stage.type(town.her, "下次要带什么东西吗" if language is Language.ZH else "what should I bring")
    assert len(weeks.questions()) == 1
    await stage.tap(town.her, weeks.word("patient.button.no"))
    await stage.tap(town.her, weeks.word("patient.button.finish"))
    # The next working morning the digest and her question are before the coordinator, who answers.
    await town.at(8, 45, days=1)
    await stage.tap(town.coordinator, "我来处理")
    await stage.tap(town.coordinator, "给患者写")
    await stage.type(town.coordinator, "Study card.")
    await stage.tap(town.coordinator, "发出")
    assert "Study card." in stage.last(town.her)
    # Days 3 to 7: a gap. She is asked and nudged, never at night, and silence is no report.
    before = len(await _reports(town))
    await town.at(10, days=4)
    assert len(await _reports(town)) == before
    # Day 8: nobody heard from her, one case. The coordinator phones, first in vain; then dose 2.
    await town.at(10, days=1)
    await weeks.phone_her()
    await weeks.result("46")
    await weeks.dose(2)
    # The night after: a red flag in words; nobody answers at first.
    await town.at(2, days=1)
    await stage.type(town.her, BAD_NIGHT[language])
    assert "120" in stage.said(town.her)
    await town.at(2, 12)
    await stage.tap(town.her, weeks.word("patient.answer.onway"))
    assert "TJ-001" in stage.last(town.principal)
    await stage.tap(town.coordinator, "我来处理")
    await stage.tap(town.coordinator, "已联系到患者")
    await stage.tap(town.investigator, "Close")
    await stage.tap(town.investigator, "Sent to emergency")
    (emergency,) = [case for case in await town.cases() if case.level is Level.EMERGENCY]
    assert emergency.outcome is Outcome.SENT_TO_ED
    # Day 15: the count ends dosing; no further injection is asked for.
    await town.at(11, days=6)
    await weeks.result("102")
    async with town.desk.archive.read() as uow:
        participant = await uow.participants.get(SUBJECT)
        rows, broken = await uow.audit.verify()
    assert participant is not None
    assert participant.state is ParticipantState.RESPONDED
    assert broken is None
    assert rows > 30

    assert len(weeks.questions()) <= 1
    reports = await _reports(town)
    assert [report.status for report in reports].count(ReportStatus.COMPLETE) == 2
    assert all(report.level >= Level.NONE for report in reports)
    assert _routine_at_night(town) == []
    assert "TJ-001" not in stage.said(town.foreigner)


async def _is_about_silence(town: Town, case: Case) -> bool:
    async with town.desk.archive.read() as uow:
        return await is_about_silence(uow, case)


async def _reports(town: Town) -> tuple[Report, ...]:
    async with town.desk.archive.read() as uow:
        return await uow.reports.of(SUBJECT)


def _routine_at_night(town: Town) -> list[str]:
    """What the bot said to her between 21:30 and 07:30 other than on the night she called."""
    said = []
    for shown in town.telegram.screen(town.her):
        local = shown.at.astimezone(cast.TIANJIN_ZONE)
        night = local.time() >= time(21, 30) or local.time() < time(7, 30)
        if shown.from_bot and night and not (local.month == 3 and local.day == 11):
            said.append(shown.text)
    return said


async def test_a_card_comes_with_the_picture_of_the_course_behind_it(small_town: Town) -> None:
    town, stage = small_town, small_town.stage
    await town.joined(Language.ZH)
    await stage.type(town.investigator, f"/patient {SUBJECT}")
    card, picture = town.telegram.screen(town.investigator)[-2:]
    assert "38" in card.text
    assert picture.content == "photo"
    assert picture.protected
    assert town.telegram.file(picture, town.investigator).startswith(b"\x89PNG")
