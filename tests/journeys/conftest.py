"""A town for the journeys: a whole Suifang over real HTTP, its clock standing still.

`town` runs on each database in turn, for the stories everything rests on; `small_town` on SQLite alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.actions.desk import Desk
from bot.assembly.peopling import enrol, hire, join, open_site
from bot.assembly.rehearsing import Rehearsal, opened_rehearsal
from bot.clock import MovableClock
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.case import Case
from bot.rules.study import Language, Role, SiteCode, StaffCode, SubjectCode
from bot.texts import Texts, told_on_lock_screen
from tests import cast
from tests.databases import SECRET

SUBJECT = SubjectCode("TJ-001")
# 10:00 in Tianjin on Monday 2 March 2026, the day before dose 1.
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY1 = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)
TIANJIN = SiteCode("TJ")
WUHAN = SiteCode("WH")


@dataclass
class Town:
    """The rehearsal and the people everybody knows; she is enrolled and has not joined."""

    stage: Rehearsal
    her: Person
    coordinator: Person
    investigator: Person
    principal: Person
    central: Person
    foreigner: Person
    stranger: Person

    @property
    def desk(self) -> Desk:
        return self.stage.service.desk

    @property
    def telegram(self) -> StandIn:
        return self.stage.telegram

    @property
    def texts(self) -> Texts:
        return self.stage.service.texts

    async def joined(self, language: Language) -> None:
        await join(self.stage, self.her, SUBJECT, language)

    async def cases(self) -> tuple[Case, ...]:
        async with self.desk.archive.read() as uow:
            return await uow.cases.all_of(SUBJECT)

    async def at(self, hour: int, minute: int = 0, *, days: int = 0) -> None:
        """Lets the time pass until this local clock time, so many days on (0: the next such time)."""
        local = self.stage.clock.now().astimezone(cast.TIANJIN_ZONE)
        moment = local.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)
        await self.stage.move_to(moment if moment >= local else moment + timedelta(days=1))


@asynccontextmanager
async def opened_town(
    database_url: str, clock: MovableClock, telegram: StandIn | None = None
) -> AsyncIterator[Town]:
    """A town on a fresh database; `telegram` outlives it where it is given."""
    async with opened_rehearsal(
        database_url=database_url, secret=SECRET, clock=clock, texts=Texts.load(), telegram=telegram
    ) as stage:
        for site in (cast.TIANJIN, cast.WUHAN):
            await open_site(stage, site)
        her = await enrol(
            stage,
            SUBJECT,
            language=Language.ZH,
            consent_signed_on=date(2026, 3, 1),
            day1_at=DAY1,
            baseline=(Decimal(38), MONDAY - timedelta(hours=1)),
        )
        town = Town(
            stage=stage,
            her=her,
            coordinator=await hire(stage, StaffCode("CA1"), Role.COORDINATOR, TIANJIN, Language.ZH),
            investigator=await hire(stage, StaffCode("SI1"), Role.SUB_INVESTIGATOR, TIANJIN, Language.EN),
            principal=await hire(stage, StaffCode("PI1"), Role.PRINCIPAL_INVESTIGATOR, TIANJIN, Language.ZH),
            central=await hire(stage, StaffCode("CE1"), Role.CENTRAL, None, Language.ZH),
            foreigner=await hire(stage, StaffCode("CW1"), Role.COORDINATOR, WUHAN, Language.ZH),
            stranger=await stage.telegram.create_user("Wang", language_code="en"),
        )
        yield town
        assert told_to_bystanders(town) == []


def told_to_bystanders(town: Town) -> list[str]:
    """What a locked phone of hers, or of a stranger, would have shown of disease, drug or result.

    Everything that was really sent is looked at: messages, edits, captions, the names of files.
    """
    staff = (town.coordinator, town.investigator, town.principal, town.central, town.foreigner)
    at_work = {str(person.id) for person in staff}
    said = [
        words
        for call in town.telegram.calls
        if call.text("chat_id") and call.text("chat_id") not in at_work
        for words in (call.text("text"), call.text("caption"), *(one.filename for one in call.files.values()))
    ]
    assert any(said)
    return [words for words in said if told_on_lock_screen(words)]


@pytest.fixture
def monday() -> MovableClock:
    return MovableClock(MONDAY, frozen=True)


@pytest.fixture
async def town(database_url: str, monday: MovableClock) -> AsyncIterator[Town]:
    async with opened_town(database_url, monday) as opened:
        yield opened


@pytest.fixture
async def small_town(sqlite_url: str, monday: MovableClock) -> AsyncIterator[Town]:
    async with opened_town(sqlite_url, monday) as opened:
        yield opened
