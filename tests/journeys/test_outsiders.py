"""A stranger, a patient with staff buttons, another site's staff: they learn nothing and change nothing."""

from __future__ import annotations

from bot.rehearsal.wire import Call
from bot.rules.study import Language
from tests.journeys.conftest import Town, told_to_bystanders


async def test_a_stranger_learns_only_how_to_get_help(town: Town) -> None:
    await town.stage.type(town.stranger, "/start")
    first = town.stage.last(town.stranger)
    for words in ("hello", "TJ-001", "/today", "/start AAAA-BBBB", "AAAA-BBBB"):
        await town.stage.type(town.stranger, words)
        assert town.stage.last(town.stranger) == first
    assert "120" in first
    assert "TJ" not in first
    await town.stage.type(town.stranger, "nosebleed wont stop for an hour")
    advice = town.stage.last(town.stranger)
    assert advice.startswith("Call 120 now")
    assert "请马上拨打120" in advice
    assert "5550" not in advice
    told = Call("editmessagetext", {"chat_id": str(town.stranger.id), "text": "PLT 38"})
    town.telegram.calls.append(told)  # the check that every journey ends with sees an edit too
    assert told_to_bystanders(town) == ["PLT 38"]
    town.telegram.calls.pop()
    async with town.desk.archive.read() as uow:
        assert await uow.cases.open_at(None) == ()


async def test_neither_patient_nor_other_site_can_use_a_staff_button(town: Town) -> None:
    await town.joined(Language.ZH)
    await town.stage.type(town.her, "吐血了，一大口")
    (case,) = await town.cases()
    message = town.stage.button_of(town.coordinator, "我来处理")
    token = message.buttons[0][0].data
    for person in (town.her, town.foreigner, town.stranger):
        await town.stage.type(person, "hi")
        own = town.telegram.last_message(person)
        assert own is not None
        await town.telegram.tap(person, own.message_id, token, even_if_gone=True)
        await town.stage.settle()
    (untouched,) = [one for one in await town.cases() if one.id == case.id]
    assert untouched.acknowledged_by is None
    assert untouched.closed_at is None
