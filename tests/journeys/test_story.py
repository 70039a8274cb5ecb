"""The story the whole house is built for, over real HTTP, in both languages and on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules.case import Outcome
from bot.rules.study import Language
from tests import cast
from tests.journeys.conftest import SUBJECT, Town


@pytest.mark.parametrize("language", list(Language))
async def test_join_be_reminded_raise_a_red_flag_and_have_it_closed(town: Town, language: Language) -> None:
    stage, texts = town.stage, town.texts
    zh = language is Language.ZH
    await town.joined(language)
    assert ("3月3日（周二）09:30" if zh else "Tue 3 March, 09:30") in stage.last(town.her)

    before = len(stage.said(town.her))
    await town.at(19)
    assert "09:30" in stage.said(town.her)[before:]
    assert await stage.tap(town.her, texts.say("patient.stated.button.got_it", language)) == ""
    await town.at(18)
    await stage.tap(town.her, texts.say("patient.stated.button.done_injection", language))
    assert texts.say("patient.stated.done", language, site_phone=cast.TIANJIN.phone) in stage.last(town.her)

    await stage.type(
        town.her, "流鼻血40分钟止不住，要晕倒" if zh else "nosebleed 40 min wont stop feel faint"
    )
    said = stage.said(town.her)
    assert "请马上拨打120" in said
    assert "Call 120 now" in said
    assert cast.TIANJIN.phone in said
    for person in (town.coordinator, town.investigator):
        assert "TJ-001" in stage.last(person)
    assert "TJ-001" not in stage.said(town.foreigner)
    assert "TJ-001" not in stage.said(town.principal)

    await stage.tap(town.coordinator, "我来处理")
    assert "CA1" in stage.last(town.investigator)
    (case,) = await town.cases()
    assert case.acknowledged_by == "CA1"
    await stage.tap(town.coordinator, "已联系到患者")
    with pytest.raises(LookupError):  # an emergency is not closed by a coordinator: no such button is shown
        stage.button_of(town.coordinator, "结束")
    await stage.tap(town.investigator, "Close")
    await stage.tap(town.investigator, "Sent to emergency")
    (case,) = await town.cases()
    assert (case.closed_by, case.outcome) == ("SI1", Outcome.SENT_TO_ED)
    async with town.desk.archive.read() as uow:
        rows, broken = await uow.audit.verify()
        log = await uow.overviews.log(SUBJECT)
    assert broken is None
    assert rows > 10
    assert len(log) > 8
    heard = len(stage.telegram.screen(town.coordinator))
    await stage.pass_time(timedelta(hours=2))
    assert len(stage.telegram.screen(town.coordinator)) == heard
