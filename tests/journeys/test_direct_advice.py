"""The archive cannot be written while a red flag arrives, and is well again later."""

from __future__ import annotations

import json

from bot.actions.keep_updates import Arrived
from bot.rules.study import Language, Level
from tests import cast
from tests.journeys.conftest import Town


async def test_advice_given_past_the_outbox_is_not_said_over_again_but_that_the_team_is_alerted(
    small_town: Town,
) -> None:
    town, service = small_town, small_town.stage.service
    await town.joined(Language.ZH)
    update = {
        "update_id": 900_000,
        "message": {
            "message_id": 900,
            "date": int(town.stage.clock.now().timestamp()),
            "chat": {"id": town.her.id, "type": "private"},
            "from": town.her.as_json(),
            "text": "流鼻血40分钟止不住，要晕倒",
        },
    }
    arrived = Arrived(900_000, town.her.id, json.dumps(update).encode())
    await service._advice([arrived])
    assert town.stage.said(town.her).count("请马上拨打120") == 1

    await service._keeper.keep([arrived])
    await town.stage.settle()
    said = town.stage.said(town.her)
    assert said.count("请马上拨打120") == 1
    assert "我们现在正在通知研究团队" in said
    assert cast.TIANJIN.phone in said
    (case,) = await town.cases()
    assert case.level is Level.EMERGENCY
    assert "TJ-001" in town.stage.last(town.coordinator)
