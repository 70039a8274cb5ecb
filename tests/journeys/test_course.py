"""A whole course to the end of follow-up, with a late dose; holidays; a trip across a change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.actions.end_participation import EndEntry, end_participation
from bot.actions.keep_profile import ProfileEntry, keep_profile
from bot.actions.move_visit import MoveEntry, move_visit, preview_move
from bot.actions.plan_visits import course_of
from bot.rules.activities import ActivityStatus
from bot.rules.case import Case
from bot.rules.endpoints import Endpoints, endpoints
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, Level
from storage.archive import Archive
from tests.ward import CA1, CONSOLE, CRC, HER, TJ_001, Ward, local, ward_of

DONE = {Language.ZH: "打了", Language.EN: "Done"}
TOMORROW = {Language.ZH: "明天", Language.EN: "Tomorrow"}


async def read_endpoint(ward: Ward) -> Endpoints:
    async with ward.desk.archive.read() as uow:
        participant = await uow.participants.get(TJ_001)
        assert participant is not None
        found = endpoints(ward.desk.study, await course_of(uow, participant), ward.now)
    assert found is not None
    return found


async def about(ward: Ward, note: str) -> list[Case]:
    """Her open cases that the timer raised for this."""
    async with ward.desk.archive.read() as uow:
        return [
            case
            for case in await uow.cases.open_of(TJ_001)
            if any(event.note == note for event in await uow.cases.events(case.id))
        ]


@pytest.mark.parametrize("language", list(Language))
async def test_a_whole_course_with_a_late_dose(sqlite_archive: Archive, language: Language) -> None:
    ward = ward_of(sqlite_archive)
    await ward.open(language=language)
    await ward.until("2026-03-03 10:00")
    await ward.dose(1, "2026-03-03 09:30")
    # Dose 2 three days late: the rest moves along, and she hears it.
    await ward.until("2026-03-13 10:00")
    await ward.lab("55", "2026-03-10 09:00")
    await ward.dose(2, "2026-03-13 09:40", confirmed=True)
    assert await ward.at("injection-3") == "2026-03-20 09:30"
    assert await ward.at("draw-L4") == "2026-03-17 09:30"
    # The endpoint is drawn on its own day although dose 3 moved.
    await ward.until("2026-03-17 15:00")
    await ward.lab("88", "2026-03-17 09:20")
    await ward.until("2026-03-19 19:00")
    assert TOMORROW[language] in ward.phones.last(HER)
    await ward.until("2026-03-20 18:00")
    await ward.phones.tap(HER, DONE[language])
    assert (await ward.plan())["injection-3"].status is ActivityStatus.STATED
    await ward.dose(3, "2026-03-20 09:30")
    # A verified 100 ends dosing; blood goes on to the end of follow-up.
    await ward.until("2026-03-26 12:00")
    await ward.lab("100", "2026-03-26 09:00")
    assert await ward.state() is ParticipantState.RESPONDED
    assert (await ward.plan())["injection-4"].status is ActivityStatus.CANCELLED
    await ward.until("2026-04-05 10:00")
    await ward.lab("140", "2026-04-03 09:00")
    assert await ward.state() is ParticipantState.FOLLOW_UP
    assert await ward.at("draw-F3") == "2026-04-17 09:30"
    found = await read_endpoint(ward)
    assert (str(found.all_counts.count), found.all_counts.responded_at) == ("88", False)
    assert found.all_counts.responded_by is False
    await ward.until("2026-04-17 15:00")
    await ward.lab("150", "2026-04-17 09:00")
    entry = EndEntry(subject=TJ_001, ended_as=ParticipantState.COMPLETED, reason="end of follow-up")
    await end_participation(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    heard = len(ward.heard())
    await ward.until("2026-05-20 20:00")
    assert len(ward.heard()) == heard
    async with ward.desk.archive.read() as uow:
        assert (await uow.audit.verify())[1] is None


async def test_spring_festival_moves_no_target_and_is_asked_of_the_coordinator(
    sqlite_archive: Archive,
) -> None:
    """Days off from 15 to 23 February 2026; Saturday the 14th is worked."""
    ward = ward_of(sqlite_archive, now=datetime(2026, 2, 9, 2, 0, tzinfo=UTC))
    await ward.open(day1="2026-02-10 09:30")
    await ward.until("2026-02-10 10:00")
    await ward.dose(1, "2026-02-10 09:30")
    assert await ward.at("injection-2") == "2026-02-17 09:30"
    # Dose 2 counts from the 16th to the 19th, all days off: told at entry, and again while somebody is there.
    levels = {case.level for case in await about(ward, "staff.notice.no_working_day")}
    assert levels == {Level.ROUTINE}
    await ward.until("2026-02-13 08:30")
    levels = {case.level for case in await about(ward, "staff.notice.no_working_day")}
    assert levels == {Level.ROUTINE, Level.SAME_DAY}
    assert ward.phones.said(CRC).count("这个时间窗内全是休息日") == 2
    for day, asked in (("2026-02-18", True), ("2026-02-24", False)):
        entry = MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local(f"{day} 09:30"), reason="Spring Festival"
        )
        found = await preview_move(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
        assert any(ask.key == "operator.ask.day_off" for ask in found.asks) is asked
    worked = MoveEntry(
        subject=TJ_001, activity_key="draw-L1", to_at=local("2026-02-14 09:30"), reason="worked Saturday"
    )
    saturday = await preview_move(ward.desk, entry=worked, by=CA1, auth=CONSOLE)
    assert not any(ask.key == "operator.ask.day_off" for ask in saturday.asks)


async def test_a_trip_across_a_change_of_the_clock_moves_messages_and_no_visit(
    sqlite_archive: Archive,
) -> None:
    """Berlin goes to summer time on 29 March 2026; her visits stay where they are."""
    ward = ward_of(sqlite_archive, now=datetime(2026, 3, 23, 2, 0, tzinfo=UTC))
    await ward.open(day1="2026-03-24 15:30")
    await ward.until("2026-03-24 16:00")
    await ward.dose(1, "2026-03-24 15:30")
    before = await ward.at("injection-2")
    entry = ProfileEntry(subject=TJ_001, time_zone="Europe/Berlin", reason="visiting her son")
    await keep_profile(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    assert await ward.at("injection-2") == before
    heard = len(ward.heard())
    # 19:00 in Berlin on the evening before, by summer time: 01:00 of the next day in Tianjin.
    await ward.until("2026-03-31 00:59")
    assert not any("明天" in one for one in ward.heard(since=heard))
    await ward.until("2026-03-31 01:00")
    assert any("明天" in one for one in ward.heard(since=heard))
    await move_visit(
        ward.desk,
        entry=MoveEntry(
            subject=TJ_001, activity_key="injection-2", to_at=local("2026-04-01 15:30"), reason="flight"
        ),
        by=CA1,
        auth=CONSOLE,
    )
    assert await ward.at("injection-2") == "2026-04-01 15:30"
