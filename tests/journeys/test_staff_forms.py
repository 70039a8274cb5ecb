"""Staff change the plan on a telephone over real HTTP: shown first, saved once, one date for the patient."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.move_visit import MoveEntry, move_visit
from bot.actions.record_dose import DoseEntry, record_dose
from bot.rehearsal.chats import Person
from bot.rules.access import AuthMethod
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, StaffCode
from tests.journeys.conftest import DAY1, SUBJECT, Town

MOVED, SAVE = "3月12日（周四）09:40", "保存"


async def facts(town: Town) -> list[object]:
    """All that is stored of her and could be changed by a form."""
    async with town.desk.archive.read() as uow:
        return [
            await uow.labs.of(SUBJECT),
            await uow.doses.of(SUBJECT),
            await uow.decisions.of(SUBJECT),
            await uow.therapies.of(SUBJECT),
            await uow.holds.of(SUBJECT),
        ]


async def state(town: Town) -> ParticipantState:
    async with town.desk.archive.read() as uow:
        her = await uow.participants.get(SUBJECT)
    assert her is not None
    return her.state


async def weighed(town: Town, who: Person, line: str, *answers: str) -> str:
    """A form filled in by buttons, or words (with a blank before); gives what it shows, nothing stored."""
    before = await facts(town)
    await town.stage.type(who, line)
    for answer in answers:
        await (town.stage.type if answer.startswith(" ") else town.stage.tap)(who, answer)
    assert any(SAVE in label or "Save" in label for label in town.telegram.screen(who)[-1].labels())
    assert await facts(town) == before
    return town.stage.last(who)


async def saved(town: Town, who: Person, label: str = SAVE) -> None:
    """Saved by two taps of one thumb: the second changes nothing."""
    before = await facts(town)
    shown = town.stage.button_of(who, label)
    tap_id = await town.telegram.tap(who, shown.message_id, label)
    await town.telegram.tap_again(tap_id)
    await town.stage.settle()
    after = await facts(town)
    changed = [one for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == 1


async def test_every_form_shows_its_effect_first_and_she_is_left_with_one_date(small_town: Town) -> None:
    town, her, nurse = small_town, small_town.her, small_town.coordinator
    await town.joined(Language.ZH)
    await town.stage.move_to(DAY1 + timedelta(minutes=20))
    await record_dose(
        town.desk,
        entry=DoseEntry(subject=SUBJECT, number=1, given_at=DAY1),
        by=StaffCode("CA1"),
        auth=AuthMethod.CONSOLE,
    )
    town.stage.clock.move_to(DAY1 + timedelta(days=6))
    await town.stage.settle()

    # Somebody moves the same visit while the form stands open: shown anew, from where it is by now.
    await weighed(town, nurse, "/move TJ-001 D8 3-12 09:40 患者要求")
    meanwhile = MoveEntry(
        subject=SUBJECT,
        activity_key="injection-2",
        to_at=DAY1 + timedelta(days=8),
        reason="医生不在",
    )
    await move_visit(town.desk, entry=meanwhile, by=StaffCode("SI1"), auth=AuthMethod.CONSOLE)
    before = await facts(town)
    await town.stage.tap(nurse, SAVE)
    assert await facts(town) == before
    assert "SI1 刚才已改到 3月11日（周三）09:30（医生不在）" in town.stage.last(nurse)
    heard = len(town.telegram.screen(her))
    shown = await weighed(town, nurse, "/move TJ-001 D8 3-12 09:40 患者要求")
    assert f"第2针：3月11日（周三）09:30 → {MOVED}" in shown
    await saved(town, nurse)
    assert [one.text.count(MOVED) > 0 for one in town.telegram.screen(her)[heard:]] == [True]

    shown = await weighed(town, nurse, "/therapy TJ-001 4-20 10:00", "化疗", "38 ·")
    assert "4月20日（周一）08:00" in shown, "the dose two hours before"
    await saved(town, nurse)

    shown = await weighed(town, nurse, "/hold TJ-001", "暂停打针", "医生决定", "没有补充")
    await saved(town, nurse)
    english = town.investigator
    await weighed(town, english, "/hold TJ-001", "Release", " seen today")
    await saved(town, english, "Save")

    # The wrong 102 that was 62: dosing ends, and goes on.
    shown = await weighed(town, nurse, "/lab TJ-001 102 10^9/L", "现在")
    assert "不再安排" in shown
    await saved(town, nurse)
    assert await state(town) is ParticipantState.RESPONDED
    shown = await weighed(town, nurse, "/correct TJ-001", "102", "数值不对", " 62 10^9/L", "看错行")
    assert shown.count("重新安排") >= 3
    await saved(town, nurse)
    assert await state(town) is ParticipantState.TREATMENT

    heard = len(town.telegram.screen(her))
    await town.stage.type(her, "/visits")
    assert MOVED in town.stage.last(her)
    await town.stage.move_to(DAY1 + timedelta(days=9, hours=1))
    told = "\n".join(one.text for one in town.telegram.screen(her)[heard:])
    assert "3月12日" in told
    assert "3月10日" not in told
    assert "3月11日" not in told
