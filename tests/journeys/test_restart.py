"""The service ends in the middle of a question and starts anew: she goes on where she was."""

from __future__ import annotations

import pytest

from bot.assembly.rehearsing import opened_rehearsal
from bot.clock import MovableClock
from bot.rehearsal.stand_in import StandIn
from bot.rules.report import BLEEDING, GATE, ReportStatus
from bot.rules.study import Language
from bot.texts import Texts
from tests.databases import SECRET
from tests.journeys.conftest import SUBJECT, opened_town

GATE_NONE = {Language.ZH: "都没有", Language.EN: "None of these"}
NO_BLEEDING = {Language.ZH: "没有", Language.EN: "No"}
FINISH = {Language.ZH: "都没有，我本人，完成", Language.EN: "None of these, it is me, finish"}


@pytest.mark.parametrize("language", list(Language))
async def test_a_restart_in_the_middle_of_a_question_loses_nothing(
    database_url: str, monday: MovableClock, language: Language
) -> None:
    texts = Texts.load()
    async with StandIn(clock=monday) as telegram:
        async with opened_town(database_url, monday, telegram) as town:
            her = town.her
            await town.joined(language)
            await town.stage.tap(her, texts.say("patient.button.unwell", language))
            await town.stage.tap(her, GATE_NONE[language])
            bleeding = town.stage.button_of(her, NO_BLEEDING[language])
        await telegram.tap(her, bleeding.message_id, NO_BLEEDING[language])
        async with opened_rehearsal(
            database_url=database_url, secret=SECRET, clock=monday, texts=texts, telegram=telegram
        ) as again:
            await again.settle()
            await again.tap(her, FINISH[language])
            async with again.service.desk.archive.read() as uow:
                (report,) = await uow.reports.of(SUBJECT)
                answers = await uow.reports.answers(report.id)
    assert report.status is ReportStatus.COMPLETE
    assert {GATE, BLEEDING} <= {answer.symptom for answer in answers}
    assert len({(answer.symptom, answer.question) for answer in answers}) == len(answers)
