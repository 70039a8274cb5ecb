"""A ward's group over real HTTP: registered, rung, tapped, moved in the middle of a case, lost, found."""

from __future__ import annotations

from datetime import date, timedelta

from bot.actions.keep_group import Keeper, invite_group, remove_group
from bot.actions.manage_participants import Enrolment, add_participant
from bot.actions.raise_case import raise_case
from bot.assembly.peopling import OPERATOR
from bot.rehearsal.chats import Group, Person, Shown
from bot.rules.case import CaseKind
from bot.rules.study import Language, Level, Sex, SubjectCode
from tests.journeys.conftest import DAY1, TIANJIN, Town

KEEPER = Keeper(operator=OPERATOR)
FIVE = timedelta(minutes=5)


async def ward(town: Town) -> Group:
    """Four people and the bot; the coordinator has registered it."""
    members = (town.coordinator, town.investigator, town.foreigner, town.stranger)
    group = await town.telegram.create_group("Ward 5", *members)
    code = (await invite_group(town.desk, site=TIANJIN, by=KEEPER)).code
    await town.telegram.type(town.coordinator, f"/register@{town.telegram.bot_username} {code}", group=group)
    await town.stage.settle()
    return group


def cards(town: Town, group: Group) -> list[Shown]:
    return [shown for shown in town.telegram.screen(group) if shown.from_bot]


async def tap(town: Town, who: Person, group: Group, label: str) -> str:
    """Taps the newest message with this button; gives the words of the popup."""
    message = next(one for one in reversed(cards(town, group)) if any(label in word for word in one.labels()))
    tap_id = await town.telegram.tap(who, message.message_id, label, group=group)
    await town.stage.settle()
    return town.telegram.tap_answer(tap_id) or ""


async def test_a_case_is_taken_in_a_group_that_moves_in_the_middle(small_town: Town) -> None:
    town = small_town
    group = await ward(town)
    assert [card.protected for card in cards(town, group)] == [True]
    await town.joined(Language.ZH)
    await town.stage.type(town.her, "吐血了，一大口")
    first = cards(town, group)[-1]
    assert "TJ-001" in first.text
    assert first.protected
    assert "TJ-001" in town.stage.said(town.coordinator)
    for other in (town.stranger, town.foreigner):
        popup = await tap(town, other, group, "我来处理")
        assert popup in ("This button is for the site's staff.", "这个按钮只供本中心工作人员使用。")
    await town.telegram.type_as_group(group, "/cases")
    await town.telegram.type(town.stranger, "/today", group=group)
    await town.stage.settle()
    assert cards(town, group)[-1] == first
    assert (await town.cases())[0].acknowledged_by is None

    # It becomes a supergroup, and nobody has told the bot when it rings again after five minutes.
    moved = await town.telegram.migrate(group, told=False)
    await town.stage.pass_time(FIVE)
    assert ["TJ-001" in card.text for card in cards(town, moved)] == [True]
    await town.telegram.tell_of_move(group, new_first=True)
    await town.telegram.tell_of_move(group)
    await town.stage.settle()
    assert len(cards(town, moved)) == 1

    tap_id = await town.telegram.tap(town.coordinator, first.message_id, "我来处理", group=group)
    await town.telegram.tap_again(tap_id)  # the old message still shows; the tap comes twice
    await town.stage.settle()
    (case,) = await town.cases()
    assert case.acknowledged_by == "CA1"
    assert "CA1 已接手" in cards(town, moved)[-1].text
    assert len(cards(town, moved)) == 1
    assert "CA1 已接手" not in cards(town, group)[-1].text
    await tap(town, town.investigator, moved, "我来接手")
    assert "SI1 已接手" in cards(town, moved)[-1].text
    town.stage.button_of(town.investigator, "Reached the patient")


async def test_put_out_of_the_group_the_ring_goes_on_in_private(small_town: Town) -> None:
    town = small_town
    group = await ward(town)
    await town.joined(Language.ZH)
    await town.telegram.silence_bot(group)
    await town.stage.type(town.her, "吐血了，一大口")
    assert "TJ-001" not in " ".join(card.text for card in cards(town, group))
    assert "TJ-001" in town.stage.said(town.coordinator)
    assert town.stage.said(town.coordinator).count("发不了消息到 TJ 中心的工作群") == 1
    await town.telegram.add_bot(group)
    await town.stage.settle()
    assert "TJ-001" in cards(town, group)[-1].text

    # Put out while no word of it comes: the next ring finds out, and the private chats are rung all the same.
    chat = town.telegram.screen(group)
    await town.telegram.remove_bot(group, told=False)
    await town.stage.pass_time(FIVE)
    assert len(town.telegram.screen(group)) == len(chat)
    assert town.stage.said(town.coordinator).count("发不了消息到 TJ 中心的工作群") == 2
    rung = town.stage.said(town.investigator).count("TJ-001")
    await town.stage.pass_time(FIVE)
    assert town.stage.said(town.investigator).count("TJ-001") > rung

    await town.telegram.add_bot(group)
    await town.stage.settle()
    await remove_group(town.desk, site=TIANJIN, reason="another ward", by=KEEPER)
    await town.stage.settle()
    assert "不再接收" in cards(town, group)[-1].text
    await town.stage.pass_time(FIVE)
    assert "不再接收" in cards(town, group)[-1].text


async def test_forty_alerts_at_once_are_two_messages_with_forty_buttons(small_town: Town) -> None:
    """The private chats get each by itself; the group no more than its pace, EMERGENCY first."""
    town = small_town
    group = await ward(town)
    subjects = [SubjectCode(f"TJ-{number:03}") for number in range(101, 141)]
    for subject in subjects:
        enrolment = Enrolment(
            subject_code=subject,
            site_code=TIANJIN,
            language=Language.ZH,
            sex=Sex.FEMALE,
            consent_signed_on=date(2026, 3, 1),
            day1_at=DAY1,
        )
        await add_participant(town.desk, enrolment=enrolment, by=OPERATOR)
    async with town.desk.archive.begin() as uow:
        for number, subject in enumerate(subjects):
            her = await uow.participants.lock(subject)
            assert her is not None
            level = Level.EMERGENCY if number % 8 == 7 else Level.URGENT
            await raise_case(uow, town.desk, her, kind=CaseKind.WORDS, level=level, about="")
    await town.stage.settle()

    told = cards(town, group)[1:]
    assert len(told) == 2
    lines = [line for card in told for line in card.text.splitlines() if "TJ-1" in line]
    assert len(lines) == 40
    assert ["紧急" in line for line in lines] == sorted(("紧急" in line for line in lines), reverse=True)
    assert sum(len(card.labels()) for card in told) == 40
    assert all(card.protected for card in told)
    said = town.stage.said(town.coordinator)
    assert all(said.count(subject) for subject in subjects)

    await tap(town, town.coordinator, group, "TJ-139")
    async with town.desk.archive.read() as uow:
        taken = [case for case in await uow.cases.open_at(None) if case.acknowledged_by]
    assert [case.subject_code for case in taken] == ["TJ-139"]
    told = cards(town, group)[1:]
    assert len(told) == 2
    assert sum(len(card.labels()) for card in told) == 39
    assert "CA1 已接手" in told[1].text
