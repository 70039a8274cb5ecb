"""Phones on a real archive; the clock stands still on a Monday."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache

import pytest

from bot.actions.desk import Desk
from bot.calendars import SiteCalendars
from bot.clock import MovableClock
from bot.rules.study import Study
from bot.study_file import load_study
from bot.texts import Texts
from bot.understanding.understander import Understander
from storage.archive import Archive
from storage.keyring import Keyring
from tests.databases import SECRET, cheap, watched_from_empty
from tests.household import MONDAY
from tests.phones import Phones


@pytest.fixture
def monday() -> MovableClock:
    return MovableClock(MONDAY, frozen=True)


@cache
def _house() -> tuple[Study, Understander, Texts]:
    """What is the same for every test and never changes."""
    return load_study("ql-ctit-ruls-1002"), Understander.load(), Texts.load()


def phones_of(archive: Archive, clock: MovableClock) -> Phones:
    """All phones, on this archive."""
    study, understander, texts = _house()
    desk = Desk(
        archive=cheap(archive),
        study=study,
        clock=clock,
        calendars=SiteCalendars(study.working_hours),
        understander=understander,
    )
    return Phones(desk=desk, clock=clock, texts=texts)


@pytest.fixture
def phones(archive: Archive, monday: MovableClock) -> Phones:
    """On each database in turn, for what the databases may do differently."""
    return phones_of(archive, monday)


@pytest.fixture
async def chats(sqlite_url: str, monday: MovableClock) -> AsyncIterator[Phones]:
    """On SQLite alone, for what is said and asked."""
    archive = watched_from_empty(await Archive.open(sqlite_url, Keyring(SECRET), clock=monday))
    try:
        yield phones_of(archive, monday)
    finally:
        await archive.close()
